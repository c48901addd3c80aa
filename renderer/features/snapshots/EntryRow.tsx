/** A line of the entry grid: the heading of a stage, or an entry with its controls. */
// biome-ignore-all lint/a11y/useSemanticElements: table elements cannot be virtualised with positioned rows
// biome-ignore-all lint/a11y/useFocusableInteractive: rows take the focus in this grid, cells do not
import { useSortable } from '@dnd-kit/sortable';
import {
  ArrowDown,
  ArrowUp,
  Check,
  CircleX,
  Ellipsis,
  GripVertical,
  Pin,
  PinOff,
  ShieldAlert,
  StickyNote,
  Trash2,
  TriangleAlert,
  Wrench,
  X,
} from 'lucide-react';
import type { KeyboardEvent, MouseEvent } from 'react';
import type { EntryVerdict } from '../../../shared/contract/snapshots.ts';
import { judgementText } from '../../../shared/grounds.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { saidOf } from '../../ui/columns.tsx';
import { Checkbox } from '../../ui/Field.tsx';
import { formatBytes, plural } from '../../ui/format.ts';
import { GroundsCell } from '../../ui/Grounds.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { SeverityCell } from '../../ui/Severity.tsx';
import type { EntryKey } from './entries.ts';
import type { EntryActions } from './entryActions.ts';
import type { Finding } from './findings.ts';
import type { EntryRow, StageRow } from './rows.ts';
import type { Judged } from './verdicts.ts';

type Common = {
  index: number;
  /** Pixels from the top. Set as `top`: rows placed by a transform would all be at the top for the drag and drop library. */
  start: number;
  measure: (element: Element | null) => void;
  /** Where a dragged entry would go. */
  drop: 'before' | 'after' | undefined;
};

export const StageLine = ({ row, index, start, measure, drop }: Common & { row: StageRow }) => {
  const { setNodeRef } = useSortable({ id: row.id, disabled: { draggable: true } });
  return (
    <div
      ref={(element) => {
        setNodeRef(element);
        measure(element);
      }}
      data-index={index}
      data-drop={drop}
      className="snap-row snap-stage"
      role="row"
      aria-rowindex={index + 2}
      style={{ top: `${start}px` }}
    >
      <div role="gridcell" aria-colspan={10}>
        <strong>Stage {row.stage}</strong>{' '}
        <span className="muted small">
          {plural(row.count, 'entry', 'entries')}
          {row.rejected > 0 && `, ${row.rejected} rejected`} · one transaction on each host
        </span>
      </div>
    </div>
  );
};

export const EntryLine = ({
  row,
  index,
  start,
  measure,
  drop,
  stages,
  findings,
  judged,
  revision,
  selected,
  tabIndex,
  sortable,
  actions,
  onToggle,
  onKeyDown,
  onClick,
  onActive,
}: Common & {
  row: EntryRow;
  stages: readonly number[];
  findings: readonly Finding[] | undefined;
  judged: Judged | undefined;
  revision: number;
  selected: boolean;
  tabIndex: 0 | -1;
  sortable: boolean;
  actions: EntryActions;
  onToggle: (id: EntryKey, range: boolean) => void;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  onClick: (event: MouseEvent<HTMLElement>, id: EntryKey) => void;
  onActive: (id: EntryKey) => void;
}) => {
  const { entry, id } = row;
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, isDragging } = useSortable({
    id,
    disabled: !sortable,
  });
  const one = new Set([id]);
  const rejected = entry.decision === 'reject';
  const facts = [
    entry.source === 'scan' ? '' : entry.source,
    entry.sizeBytes === undefined ? '' : formatBytes(entry.sizeBytes),
    (entry.advisories ?? []).slice(0, 3).join(' '),
  ].filter((part) => part !== '');

  return (
    <div
      ref={(element) => {
        setNodeRef(element);
        measure(element);
      }}
      data-index={index}
      data-key={id}
      data-drop={drop}
      data-dragging={isDragging ? '' : undefined}
      data-rejected={rejected ? '' : undefined}
      data-tone={toneOf(findings)}
      className="snap-row table-row snap-entry"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      tabIndex={tabIndex}
      style={{ top: `${start}px` }}
      onKeyDown={onKeyDown}
      onClick={(event) => onClick(event, id)}
      onFocus={(event) => {
        if (event.target === event.currentTarget) onActive(id);
      }}
    >
      <div className="table-cell snap-handle-cell" role="gridcell">
        <button
          type="button"
          ref={setActivatorNodeRef}
          className="snap-handle"
          {...attributes}
          {...listeners}
          tabIndex={tabIndex}
          aria-disabled={!sortable || undefined}
          aria-label={`Move ${entry.name}, position ${row.position} of ${row.of} in stage ${entry.stage}`}
        >
          <GripVertical size={15} aria-hidden />
          <span className="num small" aria-hidden>
            {row.position}
          </span>
        </button>
      </div>
      <div className="table-cell" role="gridcell">
        <Checkbox
          label={`Select ${entry.name}`}
          hideLabel
          tabIndex={tabIndex}
          checked={selected}
          onChange={() => undefined}
          onClick={(event) => onToggle(id, event.shiftKey)}
        />
      </div>
      <div className="table-cell mono" role="gridcell" title={entry.name}>
        <span className="snap-package">{entry.name}</span>
        <span className="muted">{entry.arch === undefined ? '' : `:${entry.arch}`}</span>
      </div>
      <div className="table-cell mono" role="gridcell" title={entry.version}>
        {entry.pinned === true && (
          <>
            <Pin size={12} aria-hidden className="snap-note-icon" />
            <span className="visually-hidden">pinned</span>{' '}
          </>
        )}
        {entry.version}
      </div>
      <div className="table-cell" role="gridcell">
        <button
          type="button"
          className="snap-decision"
          data-tone={rejected ? 'bad' : 'good'}
          tabIndex={tabIndex}
          aria-label={`${entry.name} is ${rejected ? 'rejected: approve it' : 'approved: reject it'}`}
          onClick={() => actions.decide(one, rejected ? 'approve' : 'reject')}
        >
          {rejected ? <X size={14} aria-hidden /> : <Check size={14} aria-hidden />}
          {rejected ? 'rejected' : 'approved'}
        </button>
      </div>
      <div className="table-cell" role="gridcell">
        <select
          className="input snap-stage-select"
          tabIndex={tabIndex}
          aria-label={`Stage of ${entry.name}`}
          value={entry.stage}
          onChange={(event) => actions.stage(one, Number(event.target.value))}
        >
          {stages.map((stage) => (
            <option key={stage} value={stage}>
              {stage}
            </option>
          ))}
        </select>
      </div>
      <div className="table-cell" role="gridcell">
        <SeverityCell severity={judged?.severity} classification={judged?.classification} />
      </div>
      <div className="table-cell" role="gridcell">
        <GroundsCell grounds={judged?.grounds ?? []} />
      </div>
      <div className="table-cell" role="gridcell">
        {entry.note === undefined ? (
          <span className="muted small" title={facts.join(' · ')}>
            {facts.join(' · ')}
          </span>
        ) : (
          <span title={entry.note}>
            <StickyNote size={13} aria-hidden className="snap-note-icon" /> {entry.note}
          </span>
        )}
      </div>
      <div className="table-cell snap-more" role="gridcell">
        <Menu
          label={`More for ${entry.name}`}
          trigger={
            <IconButton
              size="sm"
              label={`More for ${entry.name}`}
              tabIndex={tabIndex}
              icon={<Ellipsis size={15} aria-hidden />}
            />
          }
          items={[
            {
              id: 'note',
              label: entry.note === undefined ? 'Add a note…' : 'Change the note…',
              icon: <StickyNote size={14} aria-hidden />,
              onSelect: () => actions.note(entry),
            },
            {
              id: 'pin',
              label: entry.pinned === true ? 'Unpin the version' : 'Pin the version',
              note: 'P',
              icon: entry.pinned === true ? <PinOff size={14} aria-hidden /> : <Pin size={14} aria-hidden />,
              onSelect: () => actions.pin(one, entry.pinned !== true),
            },
            {
              id: 'up',
              label: 'Move up',
              note: 'Alt+↑',
              icon: <ArrowUp size={14} aria-hidden />,
              disabled: !sortable,
              onSelect: () => actions.move(one, -1),
            },
            {
              id: 'down',
              label: 'Move down',
              note: 'Alt+↓',
              icon: <ArrowDown size={14} aria-hidden />,
              disabled: !sortable,
              onSelect: () => actions.move(one, 1),
            },
            { kind: 'separator', id: 'line' },
            {
              id: 'remove',
              label: 'Remove',
              note: 'Delete',
              icon: <Trash2 size={14} aria-hidden />,
              danger: true,
              onSelect: () => actions.remove(one),
            },
          ]}
        />
      </div>
      {(findings !== undefined || judged?.today !== undefined) && (
        <div className="snap-findings" role="gridcell">
          {judged?.today !== undefined && (
            <OtherwiseLine held={judged} today={judged.today} revision={revision} />
          )}
          {findings?.map((finding) => (
            <FindingLine
              key={`${finding.code} ${finding.message}`}
              finding={finding}
              tabIndex={tabIndex}
              onFix={actions.fix}
            />
          ))}
        </div>
      )}
    </div>
  );
};

/** `As of revision 4: moderate. Today: critical, 3 d ago, Debian tracker`. */
const OtherwiseLine = ({
  held,
  today,
  revision,
}: {
  held: Judged;
  today: EntryVerdict;
  revision: number;
}) => (
  <div className="snap-finding" data-tone="warn">
    <ShieldAlert size={13} aria-hidden />
    <span className="wrap-any">
      As of revision {revision}: {judgementText(held)}. Today:{' '}
      <strong title={saidOf(today)}>{judgementText(today)}</strong>, <GroundsCell grounds={today.grounds} />
    </span>
  </div>
);

const toneOf = (findings: readonly Finding[] | undefined): 'bad' | 'warn' | undefined =>
  findings === undefined ? undefined : findings.some((finding) => finding.level === 'error') ? 'bad' : 'warn';

const FindingLine = ({
  finding,
  tabIndex,
  onFix,
}: {
  finding: Finding;
  tabIndex: 0 | -1;
  onFix: (finding: Finding) => void;
}) => (
  <div className="snap-finding" data-tone={finding.level === 'error' ? 'bad' : 'warn'}>
    {finding.level === 'error' ? <CircleX size={13} aria-hidden /> : <TriangleAlert size={13} aria-hidden />}
    <span className="wrap-any">
      <span className="visually-hidden">{finding.level === 'error' ? 'Error: ' : 'Warning: '}</span>
      {finding.message}
    </span>
    {finding.fix !== undefined && (
      <Button
        size="sm"
        tabIndex={tabIndex}
        icon={<Wrench size={13} aria-hidden />}
        onClick={() => onFix(finding)}
      >
        {finding.fixLabel}
      </Button>
    )}
  </div>
);

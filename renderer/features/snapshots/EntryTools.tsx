/** Above the list: search and filter, undo, adding; what can be done with the selected entries; and what a check found. */
import {
  Check,
  CircleCheck,
  CircleX,
  PackagePlus,
  Pin,
  PinOff,
  Redo2,
  Search,
  ShieldAlert,
  Trash2,
  TriangleAlert,
  Undo2,
  Wrench,
  X,
} from 'lucide-react';
import type { FrostError } from '../../../shared/errors.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { Input } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { Kbd } from '../../ui/Kbd.tsx';
import { severityLook } from '../../ui/states.ts';
import type { EntryKey } from './entries.ts';
import type { EntryActions } from './entryActions.ts';
import type { Tally } from './findings.ts';
import type { Show } from './rows.ts';
import type { Check as Checking } from './useFindings.ts';

export const FindBox = ({
  entries,
  query,
  onQuery,
  show,
  onShow,
}: {
  entries: readonly Entry[];
  query: string;
  onQuery: (query: string) => void;
  show: Show;
  onShow: (show: Show) => void;
}) => {
  const sources = [...new Set(entries.map((entry) => entry.source))].sort();
  return (
    <>
      <div className="snap-search">
        <Search size={14} aria-hidden />
        <Input
          type="search"
          aria-label="Find an entry"
          placeholder="Find an entry"
          value={query}
          onChange={(event) => onQuery(event.target.value)}
        />
      </div>
      <select
        className="input snap-show"
        aria-label="Show"
        value={show}
        onChange={(event) => onShow(choices(sources).find((each) => each === event.target.value) ?? 'all')}
      >
        <option value="all">All entries</option>
        <option value="finding">With findings</option>
        <option value="error">With errors</option>
        <option value="otherwise">Judged otherwise today</option>
        <option value="decision:approve">Approved</option>
        <option value="decision:reject">Rejected</option>
        <option value="pinned">Pinned</option>
        <optgroup label="Severity">
          {SEVERITIES.map((each) => (
            <option key={each} value={`severity:${each}`}>
              {severityLook[each].label}
            </option>
          ))}
        </optgroup>
        <optgroup label="Where they come from">
          {sources.map((each) => (
            <option key={each} value={`source:${each}`}>
              {each}
            </option>
          ))}
        </optgroup>
      </select>
    </>
  );
};

const SEVERITIES = ['critical', 'important', 'moderate', 'low', 'unknown'] as const;

const choices = (sources: readonly Entry['source'][]): Show[] => [
  'all',
  'finding',
  'error',
  'otherwise',
  'decision:approve',
  'decision:reject',
  'pinned',
  ...SEVERITIES.map((each) => `severity:${each}` as const),
  ...sources.map((each) => `source:${each}` as const),
];

export const HistoryButtons = ({
  done,
  undone,
  onUndo,
  onRedo,
}: {
  /** What undo takes back, and redo makes again. */
  done: string | undefined;
  undone: string | undefined;
  onUndo: () => void;
  onRedo: () => void;
}) => (
  <>
    <IconButton
      label={done === undefined ? 'Undo' : `Undo: ${done} (Ctrl+Z)`}
      icon={<Undo2 size={16} aria-hidden />}
      disabled={done === undefined}
      reason="nothing to undo"
      onClick={onUndo}
    />
    <IconButton
      label={undone === undefined ? 'Redo' : `Redo: ${undone} (Ctrl+Shift+Z)`}
      icon={<Redo2 size={16} aria-hidden />}
      disabled={undone === undefined}
      reason="nothing to redo"
      onClick={onRedo}
    />
  </>
);

export const AddButton = ({ primary = false, onAdd }: { primary?: boolean; onAdd: () => void }) => (
  <Button
    variant={primary ? 'primary' : 'secondary'}
    icon={<PackagePlus size={15} aria-hidden />}
    onClick={onAdd}
  >
    Add a package…
  </Button>
);

export const BulkTools = ({
  selected,
  stages,
  actions,
  onClear,
}: {
  selected: ReadonlySet<EntryKey>;
  stages: readonly number[];
  actions: EntryActions;
  onClear: () => void;
}) => (
  <fieldset className="snap-bulk">
    <legend className="visually-hidden">{plural(selected.size, 'selected entry', 'selected entries')}</legend>
    <span className="num">{selected.size} selected</span>
    <Button
      size="sm"
      icon={<Check size={14} aria-hidden />}
      onClick={() => actions.decide(selected, 'approve')}
    >
      Approve
    </Button>
    <Button size="sm" icon={<X size={14} aria-hidden />} onClick={() => actions.decide(selected, 'reject')}>
      Reject
    </Button>
    <select
      className="input snap-bulk-stage"
      aria-label="Stage of the selected entries"
      value=""
      onChange={(event) => actions.stage(selected, Number(event.target.value))}
    >
      <option value="" disabled>
        Stage…
      </option>
      {stages.map((stage) => (
        <option key={stage} value={stage}>
          Stage {stage}
        </option>
      ))}
    </select>
    <Button size="sm" icon={<Pin size={14} aria-hidden />} onClick={() => actions.pin(selected, true)}>
      Pin
    </Button>
    <Button size="sm" icon={<PinOff size={14} aria-hidden />} onClick={() => actions.pin(selected, false)}>
      Unpin
    </Button>
    <Button size="sm" icon={<Trash2 size={14} aria-hidden />} onClick={() => actions.remove(selected)}>
      Remove
    </Button>
    <Button size="sm" variant="ghost" onClick={onClear}>
      Clear
    </Button>
  </fieldset>
);

/** What the check found in all, said to screen readers when it changes, and the way to each of them. */
export const FindingSummary = ({
  check,
  count,
  otherwise,
  unknown,
  fixing,
  onNext,
  onFixAll,
}: {
  check: Checking;
  count: Tally;
  /** Entries that are judged otherwise today than in the revision. */
  otherwise: number;
  /** Why it is not known how they are judged today. */
  unknown: FrostError | undefined;
  fixing: boolean;
  onNext: () => void;
  onFixAll: () => void;
}) => {
  const { errors, warnings } = count;
  const mendable = check.findings.some((finding) => finding.level === 'error' && finding.fix !== undefined);
  const none = errors + warnings === 0;
  return (
    <section className="row snap-found" aria-label="Findings">
      <span role="status" className="small" data-tone={errors > 0 ? 'bad' : none ? 'good' : 'warn'}>
        {errors > 0 ? (
          <CircleX size={14} aria-hidden />
        ) : none ? (
          <CircleCheck size={14} aria-hidden />
        ) : (
          <TriangleAlert size={14} aria-hidden />
        )}{' '}
        {check.error !== undefined
          ? `Not checked: ${check.error.message}`
          : none
            ? 'Nothing found against it'
            : [
                ...(errors > 0 ? [plural(errors, 'error')] : []),
                ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
              ].join(', ')}
      </span>
      {check.stale && (
        <span className="small muted" aria-hidden>
          checking…
        </span>
      )}
      {!none && (
        <Button size="sm" variant="ghost" onClick={onNext}>
          Next finding <Kbd>E</Kbd>
        </Button>
      )}
      {mendable && (
        <Button size="sm" busy={fixing} icon={<Wrench size={13} aria-hidden />} onClick={onFixAll}>
          Fix all errors
        </Button>
      )}
      {(otherwise > 0 || unknown !== undefined) && (
        <span aria-live="polite" className="small snap-otherwise" data-tone="warn">
          <ShieldAlert size={14} aria-hidden />{' '}
          {unknown !== undefined
            ? `What is known today was not read: ${unknown.message}`
            : `${plural(otherwise, 'entry', 'entries')} judged otherwise today than in the revision`}
        </span>
      )}
    </section>
  );
};

/**
 * The ordered entries of a snapshot, grouped by stage: an ARIA grid of which only the visible rows exist. Rows take the focus
 * one at a time; Alt and the arrows move entries, and so does dragging a row's handle, by mouse or by keyboard.
 */
// biome-ignore-all lint/a11y/useSemanticElements: table elements cannot be virtualised with positioned rows
// biome-ignore-all lint/a11y/useFocusableInteractive: rows take the focus in this grid, cells and headings do not
import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  DragOverlay,
  type DragStartEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import { SortableContext, sortableKeyboardCoordinates } from '@dnd-kit/sortable';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import { plural } from '../../ui/format.ts';
import { useRowFocus } from '../../ui/rowFocus.ts';
import { EntryLine, StageLine } from './EntryRow.tsx';
import type { EntryKey } from './entries.ts';
import type { EntryActions } from './entryActions.ts';
import type { Findings } from './findings.ts';
import { placeFor, type Row } from './rows.ts';
import type { Judgements } from './verdicts.ts';

const nothing = () => null;

export const EntryGrid = ({
  rows,
  stages,
  findings,
  judgements,
  revision,
  focus,
  selected,
  onSelect,
  sortable,
  actions,
}: {
  rows: readonly Row[];
  /** Stages an entry may be put into. */
  stages: readonly number[];
  findings: Findings;
  judgements: Judgements;
  /** Number of the one that is edited. */
  revision: number;
  /** Goes to this entry, each time it is a new object. */
  focus: { key: EntryKey } | undefined;
  selected: ReadonlySet<EntryKey>;
  onSelect: (keys: ReadonlySet<EntryKey>) => void;
  /** Not while only a part of the list is shown. */
  sortable: boolean;
  actions: EntryActions;
}) => {
  const scroll = useRef<HTMLDivElement>(null);
  const moveFocus = useRowFocus(scroll);
  const anchor = useRef<EntryKey>(undefined);
  const [active, setActive] = useState<EntryKey>();
  const [drag, setDrag] = useState<{ id: EntryKey; over: string | undefined }>();
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );

  const ids = useMemo(() => rows.map((row) => row.id), [rows]);
  const entryIds = useMemo(() => rows.flatMap((row) => (row.kind === 'entry' ? [row.id] : [])), [rows]);
  const current = active !== undefined && entryIds.includes(active) ? active : entryIds[0];
  const dragged = drag === undefined ? -1 : ids.indexOf(drag.id);
  const focused = current === undefined ? -1 : ids.indexOf(current);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 36,
    overscan: 12,
    getItemKey: (index) => ids[index] ?? index,
    // The row that has the focus or is being dragged must not vanish under the hand.
    rangeExtractor: (range) =>
      [...new Set([...defaultRangeExtractor(range), dragged, focused])]
        .filter((index) => index >= 0 && index < rows.length)
        .sort((a, b) => a - b),
  });

  const focusRow = (id: EntryKey | undefined) => {
    if (id === undefined) return;
    setActive(id);
    virtual.scrollToIndex(ids.indexOf(id), { align: 'auto' });
    moveFocus(id);
  };

  const goTo = useRef(focusRow);
  goTo.current = focusRow;
  useEffect(() => {
    if (focus !== undefined) goTo.current(focus.key);
  }, [focus]);

  const movingWith = (id: EntryKey): ReadonlySet<EntryKey> => (selected.has(id) ? selected : new Set([id]));

  const rangeOf = (one: EntryKey, other: EntryKey): ReadonlySet<EntryKey> => {
    const [from = 0, to = 0] = [entryIds.indexOf(one), entryIds.indexOf(other)].sort((a, b) => a - b);
    return new Set(entryIds.slice(Math.max(0, from), to + 1));
  };

  const toggle = (id: EntryKey, range: boolean) => {
    const next = new Set(selected);
    const from = range && anchor.current !== undefined ? entryIds.indexOf(anchor.current) : -1;
    const to = entryIds.indexOf(id);
    if (from >= 0)
      for (const each of entryIds.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(each);
    else if (next.has(id)) next.delete(id);
    else next.add(id);
    anchor.current = id;
    onSelect(next);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget) return;
    // Not the row that heard it: the focus follows an arrow frames later, and keys are faster.
    const row = rows[focused];
    if (row?.kind !== 'entry') return;
    const { id, entry } = row;
    const keys = movingWith(id);
    if (event.altKey) {
      if ((event.key === 'ArrowUp' || event.key === 'ArrowDown') && sortable) {
        event.preventDefault();
        actions.move(keys, event.key === 'ArrowUp' ? -1 : 1);
        focusRow(id);
      }
      return;
    }
    const at = entryIds.indexOf(id);
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / 36) - 2);
    const goals: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: entryIds.length - 1,
    };
    const goal = goals[event.key];
    const mod = event.ctrlKey || event.metaKey;
    if (goal !== undefined) {
      const to = entryIds[Math.min(entryIds.length - 1, Math.max(0, goal))];
      if (event.shiftKey && to !== undefined) {
        // From where the first Shift was pressed: back again makes it smaller.
        if (anchor.current === undefined || !selected.has(anchor.current)) anchor.current = id;
        onSelect(rangeOf(anchor.current, to));
      }
      focusRow(to);
    } else if (event.key === ' ') toggle(id, event.shiftKey);
    else if (event.key === 'a' && mod) onSelect(new Set(entryIds));
    else if (event.key === 'Escape' && selected.size > 0) onSelect(new Set());
    else if (event.key === 'Delete') {
      const rest = entryIds.filter((each) => !keys.has(each));
      focusRow(rest.find((each) => entryIds.indexOf(each) > at) ?? rest.at(-1));
      actions.remove(keys);
    } else if (mod) return;
    else if (event.key === 'a') actions.decide(keys, 'approve');
    else if (event.key === 'r') actions.decide(keys, 'reject');
    else if (event.key === 'p') actions.pin(keys, entry.pinned !== true);
    else if (event.key === 'f') {
      const finding = findings.get(id)?.find((each) => each.fix !== undefined);
      if (finding === undefined) return;
      actions.fix(finding);
      focusRow(id);
    } else if (event.key === 'Enter' || event.key === 'n') actions.note(entry);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const onClick = (event: MouseEvent<HTMLElement>, id: EntryKey) => {
    setActive(id);
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('button, input, label, select, [role="menuitem"]') !== null) return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) toggle(id, event.shiftKey);
    else anchor.current = id;
  };

  const onDragStart = (event: DragStartEvent) => setDrag({ id: String(event.active.id), over: undefined });
  const onDragEnd = (event: DragEndEvent) => {
    setDrag(undefined);
    const id = String(event.active.id);
    const keys = movingWith(id);
    const place = event.over === null ? undefined : placeFor(rows, id, String(event.over.id), keys);
    if (place !== undefined) actions.place(keys, place);
    focusRow(id);
  };
  const said = (id: string | number | undefined): string => {
    const row = rows.find((each) => each.id === id);
    if (row === undefined) return 'nothing';
    return row.kind === 'stage'
      ? `the beginning of stage ${row.stage}`
      : `${row.entry.name}, position ${row.position} of ${row.of} in stage ${row.entry.stage}`;
  };
  const dragging = drag === undefined ? 0 : movingWith(drag.id).size;
  const draggedRow = rows[dragged];
  const overIndex = drag?.over === undefined ? -1 : ids.indexOf(drag.over);

  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragStart={onDragStart}
      onDragOver={({ active: item, over }) =>
        setDrag({ id: String(item.id), over: over === null ? undefined : String(over.id) })
      }
      onDragEnd={onDragEnd}
      onDragCancel={() => setDrag(undefined)}
      accessibility={{
        announcements: {
          onDragStart: ({ active: item }) => `Picked up ${said(item.id)}.`,
          onDragOver: ({ over }) => `Over ${said(over?.id)}.`,
          onDragEnd: ({ over }) => `Dropped at ${said(over?.id)}.`,
          onDragCancel: () => 'Moving was cancelled.',
        },
        screenReaderInstructions: {
          draggable:
            'Press Space to pick the entry up, the arrow keys to move it, Space to drop it, Escape to cancel. On the row itself, Alt and the arrow keys move it by one.',
        },
      }}
    >
      <div className="table snap-table">
        <div className="table-scroll" ref={scroll}>
          <div
            className="table-grid"
            role="grid"
            aria-label="Entries"
            aria-rowcount={rows.length + 1}
            aria-multiselectable
          >
            <div className="table-head" role="rowgroup">
              <div className="snap-line snap-head" role="row" aria-rowindex={1}>
                <HeadCell>Order</HeadCell>
                <HeadCell>Select</HeadCell>
                <HeadCell>Package</HeadCell>
                <HeadCell>Version</HeadCell>
                <HeadCell>Decision</HeadCell>
                <HeadCell>Stage</HeadCell>
                <HeadCell>Severity</HeadCell>
                <HeadCell>According to</HeadCell>
                <HeadCell>Note</HeadCell>
                <HeadCell>More</HeadCell>
              </div>
            </div>
            <SortableContext items={ids} strategy={nothing}>
              <div className="table-body" role="rowgroup" style={{ height: `${virtual.getTotalSize()}px` }}>
                {virtual.getVirtualItems().map((item) => {
                  const row = rows[item.index];
                  if (row === undefined) return null;
                  const drop =
                    item.index !== overIndex || dragged === overIndex
                      ? undefined
                      : row.kind === 'stage' || dragged < overIndex
                        ? 'after'
                        : 'before';
                  const common = {
                    index: item.index,
                    start: item.start,
                    measure: virtual.measureElement,
                    drop,
                  } as const;
                  return row.kind === 'stage' ? (
                    <StageLine key={row.id} row={row} {...common} />
                  ) : (
                    <EntryLine
                      key={row.id}
                      row={row}
                      {...common}
                      stages={stages}
                      findings={findings.get(row.id)}
                      judged={judgements.get(row.id)}
                      revision={revision}
                      selected={selected.has(row.id)}
                      tabIndex={row.id === current ? 0 : -1}
                      sortable={sortable}
                      actions={actions}
                      onToggle={toggle}
                      onKeyDown={onKeyDown}
                      onClick={onClick}
                      onActive={setActive}
                    />
                  );
                })}
              </div>
            </SortableContext>
          </div>
        </div>
      </div>
      <DragOverlay dropAnimation={null}>
        {draggedRow?.kind === 'entry' ? (
          <div className="snap-drag">
            {dragging > 1 ? plural(dragging, 'entry', 'entries') : draggedRow.entry.name}
          </div>
        ) : null}
      </DragOverlay>
    </DndContext>
  );
};

const HeadCell = ({ children }: { children: string }) => (
  <div className="table-headcell truncate" role="columnheader">
    {children}
  </div>
);

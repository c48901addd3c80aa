/**
 * The one table: sortable, virtualised, an ARIA grid. Rows take focus one at a time (arrows, Page Up/Down, Home/End), Enter opens,
 * Space selects, Shift+Space or Shift+click a range, Ctrl+A all. Controls in a row are tab stops only while their row is the active one:
 * give them the `tabIndex` that `cell` receives.
 */
// biome-ignore-all lint/a11y/useSemanticElements: table elements cannot be virtualised with positioned rows
// biome-ignore-all lint/a11y/useFocusableInteractive: rows take the focus in this grid, cells do not
import {
  createSortedRowModel,
  type Row,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import type { Tone } from './Badge.tsx';
import { Checkbox } from './Field.tsx';
import { formatCount, plural } from './format.ts';
import { useRowFocus } from './rowFocus.ts';

export type CellContext = { tabIndex: 0 | -1 };

export type Column<T> = {
  id: string;
  header: string;
  /** Least width in rem. */
  min: number;
  /** Share of the width left over; 0: stays at `min`. */
  grow?: number;
  align?: 'start' | 'end';
  /** With it the column can be sorted. `undefined` values come last in either direction. */
  sort?: (row: T) => string | number | undefined;
  /** The first click sorts downwards: for counts. */
  descFirst?: boolean;
  cell: (row: T, context: CellContext) => ReactNode;
};

export type Selection = { selected: ReadonlySet<string>; onChange: (selected: ReadonlySet<string>) => void };

export type DataTableProps<T> = {
  /** The grid's name. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Names a row where its selection box is read out. */
  rowLabel?: (row: T) => string;
  onOpen?: (row: T) => void;
  selection?: Selection;
  initialSort?: { id: string; desc?: boolean };
  /** A coloured edge. */
  rowTone?: (row: T) => Tone | undefined;
  /** Stands in for the rows when there are none. */
  empty?: ReactNode;
  /** Right side of the foot; the left tells the counts. */
  foot?: ReactNode;
  /** A sentence below the cells of a row, whole whatever the window's width: for what a narrow column would cut off. */
  detail?: (row: T) => ReactNode;
  /** What a row is, for the foot: `host`. */
  noun?: string;
};

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
type Features = typeof features;

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const compare = (a: unknown, b: unknown): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));

export const DataTable = <T,>(props: DataTableProps<T>) => {
  const { columns, rows, rowKey, onOpen, selection, label, noun = 'row' } = props;
  const [sorting, setSorting] = useState<SortingState>(
    props.initialSort === undefined
      ? []
      : [{ id: props.initialSort.id, desc: props.initialSort.desc ?? false }],
  );
  const [active, setActive] = useState<string>();
  const anchor = useRef<string>(undefined);
  const scroll = useRef<HTMLDivElement>(null);
  const moveFocus = useRowFocus(scroll);

  const defs = useMemo(
    () =>
      columns.map((column) => ({
        id: column.id,
        accessorFn: (row: T) => column.sort?.(row),
        enableSorting: column.sort !== undefined,
        sortDescFirst: column.descFirst ?? false,
        sortUndefined: 'last' as const,
        sortFn: (a: Row<Features, { row: T }>, b: Row<Features, { row: T }>, id: string) =>
          compare(a.getValue(id), b.getValue(id)),
      })),
    [columns],
  );
  const data = useMemo(() => rows.map((row) => ({ row })), [rows]);
  const table = useTable({
    features,
    data,
    columns: useMemo(
      () => defs.map((def) => ({ ...def, accessorFn: (wrapped: { row: T }) => def.accessorFn(wrapped.row) })),
      [defs],
    ),
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: (wrapped) => rowKey(wrapped.row),
  });
  const sorted = table.getRowModel().rows;

  const rowPx = useRowHeight();
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowPx,
    // Rows are measured only where their height depends on what is in them.
    ...(props.detail === undefined
      ? {}
      : { measureElement: (element: Element) => element.getBoundingClientRect().height }),
    overscan: 10,
    getItemKey: (index) => sorted[index]?.id ?? index,
  });

  const template = [
    ...(selection === undefined ? [] : ['2.25rem']),
    ...columns.map((c) => ((c.grow ?? 0) === 0 ? `${c.min}rem` : `minmax(${c.min}rem, ${c.grow}fr)`)),
  ].join(' ');
  const minWidth = `${columns.reduce((sum, c) => sum + c.min, selection === undefined ? 0 : 2.25)}rem`;

  const activeIndex = Math.max(
    0,
    sorted.findIndex((row) => row.id === active),
  );
  const focusRow = (index: number) => {
    const row = sorted[Math.min(sorted.length - 1, Math.max(0, index))];
    if (row === undefined) return;
    setActive(row.id);
    virtual.scrollToIndex(row.index === -1 ? 0 : sorted.indexOf(row), { align: 'auto' });
    moveFocus(row.id);
  };

  const toggle = (key: string, range: boolean) => {
    if (selection === undefined) return;
    const next = new Set(selection.selected);
    const from = range ? sorted.findIndex((row) => row.id === anchor.current) : -1;
    const to = sorted.findIndex((row) => row.id === key);
    if (from >= 0) {
      for (const row of sorted.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(row.id);
    } else if (next.has(key)) next.delete(key);
    else next.add(key);
    anchor.current = key;
    selection.onChange(next);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.target !== event.currentTarget) return;
    // Not the row that heard it: the focus follows an arrow frames later, and keys are faster.
    const meant = sorted[activeIndex];
    if (meant === undefined) return;
    const height = virtual.getTotalSize() / Math.max(1, sorted.length);
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / height) - 2);
    const moves: Record<string, number> = {
      ArrowDown: activeIndex + 1,
      ArrowUp: activeIndex - 1,
      PageDown: activeIndex + page,
      PageUp: activeIndex - page,
      Home: 0,
      End: sorted.length - 1,
    };
    const move = moves[event.key];
    if (move !== undefined) focusRow(move);
    else if (event.key === 'Enter' && onOpen !== undefined) onOpen(meant.original.row);
    else if (event.key === ' ' && selection !== undefined) toggle(meant.id, event.shiftKey);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && selection !== undefined)
      selection.onChange(new Set(sorted.map((each) => each.id)));
    else return;
    event.preventDefault();
  };

  const onRowClick = (event: MouseEvent<HTMLElement>, key: string, row: T) => {
    setActive(key);
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('a, button, input, label, select, [role="menuitem"]') !== null) return;
    if (selection !== undefined && (event.shiftKey || event.ctrlKey || event.metaKey))
      toggle(key, event.shiftKey);
    else if (window.getSelection()?.isCollapsed !== false) onOpen?.(row);
  };

  const chosen = selection === undefined ? 0 : sorted.filter((row) => selection.selected.has(row.id)).length;

  return (
    <div className="table">
      <div className="table-scroll" ref={scroll}>
        <div
          className="table-grid"
          role="grid"
          aria-label={label}
          aria-rowcount={sorted.length + 1}
          aria-multiselectable={selection === undefined ? undefined : true}
          style={{ minWidth }}
        >
          <div className="table-head" role="rowgroup">
            <div
              className="table-line"
              role="row"
              aria-rowindex={1}
              style={{ gridTemplateColumns: template }}
            >
              {selection !== undefined && (
                <div className="table-headcell" role="columnheader">
                  <Checkbox
                    label={`Select all, ${chosen} of ${sorted.length} selected`}
                    hideLabel
                    checked={chosen > 0 && chosen === sorted.length}
                    indeterminate={chosen > 0 && chosen < sorted.length}
                    onChange={() =>
                      selection.onChange(
                        chosen === sorted.length ? new Set() : new Set(sorted.map((row) => row.id)),
                      )
                    }
                  />
                </div>
              )}
              {columns.map((column) => (
                <HeadCell
                  key={column.id}
                  column={column}
                  sorted={sorting[0]?.id === column.id ? (sorting[0].desc ? 'desc' : 'asc') : undefined}
                  onSort={() => table.getColumn(column.id)?.toggleSorting()}
                />
              ))}
            </div>
          </div>
          <div className="table-body" role="rowgroup" style={{ height: `${virtual.getTotalSize()}px` }}>
            {virtual.getVirtualItems().map((item) => {
              const entry = sorted[item.index];
              if (entry === undefined) return null;
              const row = entry.original.row;
              const isActive = item.index === activeIndex;
              const tabIndex = isActive ? 0 : -1;
              const detail = props.detail?.(row) ?? null;
              return (
                <div
                  key={entry.id}
                  data-key={entry.id}
                  data-index={item.index}
                  {...(props.detail === undefined ? {} : { ref: virtual.measureElement })}
                  data-open={onOpen === undefined ? undefined : ''}
                  data-tone={props.rowTone?.(row)}
                  className="table-row table-line"
                  role="row"
                  aria-rowindex={item.index + 2}
                  aria-selected={selection === undefined ? undefined : selection.selected.has(entry.id)}
                  tabIndex={tabIndex}
                  style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)` }}
                  onKeyDown={onKeyDown}
                  onClick={(event) => onRowClick(event, entry.id, row)}
                  onFocus={(event) => {
                    if (event.target === event.currentTarget) setActive(entry.id);
                  }}
                >
                  {selection !== undefined && (
                    <div className="table-cell" role="gridcell">
                      <Checkbox
                        label={`Select ${props.rowLabel?.(row) ?? entry.id}`}
                        hideLabel
                        tabIndex={tabIndex}
                        checked={selection.selected.has(entry.id)}
                        onChange={() => undefined}
                        onClick={(event) => toggle(entry.id, event.shiftKey)}
                      />
                    </div>
                  )}
                  {columns.map((column) => (
                    <div key={column.id} className="table-cell" role="gridcell" data-align={column.align}>
                      {column.cell(row, { tabIndex })}
                    </div>
                  ))}
                  {detail !== null && (
                    <div className="table-detail" role="gridcell" aria-colspan={columns.length}>
                      {detail}
                    </div>
                  )}
                </div>
              );
            })}
          </div>
        </div>
        {sorted.length === 0 && props.empty}
      </div>
      <div className="table-foot">
        <span>
          {plural(sorted.length, noun)}
          {chosen > 0 && `, ${formatCount(chosen)} selected`}
        </span>
        {props.foot}
      </div>
    </div>
  );
};

const HeadCell = <T,>({
  column,
  sorted,
  onSort,
}: {
  column: Column<T>;
  sorted: 'asc' | 'desc' | undefined;
  onSort: () => void;
}) => {
  const Icon = sorted === undefined ? ChevronsUpDown : sorted === 'asc' ? ArrowUp : ArrowDown;
  return (
    <div
      className="table-headcell"
      role="columnheader"
      data-align={column.align}
      aria-sort={sorted === undefined ? undefined : sorted === 'asc' ? 'ascending' : 'descending'}
    >
      {column.sort === undefined ? (
        column.header
      ) : (
        <button type="button" className="table-sort" onClick={onSort}>
          <span className="truncate">{column.header}</span>
          <Icon size={12} aria-hidden />
        </button>
      )}
    </div>
  );
};

/** `--row` (2.125rem) in pixels at the present text size: the cells of a row are one line, so none has to be measured. */
const useRowHeight = (): number =>
  useMemo(() => {
    const root =
      typeof document === 'undefined'
        ? 16
        : Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    return (Number.isFinite(root) ? root : 16) * 2.125;
  }, []);

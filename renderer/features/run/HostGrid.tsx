/** Every host of the run as a cell. One tab stop; arrow keys go through the cells as they stand on the page. */
import { ServerOff } from 'lucide-react';
import { type KeyboardEvent, memo, useRef, useState } from 'react';
import type { Task } from '../../../shared/model/run.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { taskLook } from '../../ui/states.ts';
import { isFinal, progressOf } from './model.ts';

/** From here on cells show less, so that a few hundred are seen at once. */
const DENSE_FROM = 80;

export const HostGrid = ({
  tasks,
  total,
  selected,
  onOpen,
}: {
  tasks: readonly Task[];
  total: number;
  selected: string | undefined;
  onOpen: (host: string) => void;
}) => {
  const list = useRef<HTMLUListElement>(null);
  const [active, setActive] = useState<string>();
  const current = tasks.some((task) => task.host === active) ? active : tasks[0]?.host;

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const cells = [...(list.current?.querySelectorAll<HTMLElement>('.run-cell') ?? [])];
    const focused = document.activeElement;
    const from = focused instanceof HTMLElement ? cells.indexOf(focused) : -1;
    const to = from < 0 ? undefined : destination(cells, from, event.key);
    const cell = to === undefined ? undefined : cells[to];
    if (cell === undefined) return;
    event.preventDefault();
    cell.focus();
  };

  if (tasks.length === 0)
    return (
      <div className="panel grow">
        <EmptyState
          icon={ServerOff}
          title={total === 0 ? 'This run has no hosts' : 'No host matches the filter'}
        >
          {total > 0 && <p>Choose “all” or another state above, or search for another name.</p>}
        </EmptyState>
      </div>
    );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a section would be one landmark more on a page that has enough
    <div className="run-hosts" role="group" aria-label={`Hosts, ${tasks.length} shown`} onKeyDown={onKeyDown}>
      <ul className="run-grid" ref={list} data-dense={total > DENSE_FROM ? '' : undefined}>
        {tasks.map((task) => (
          <Cell
            key={task.host}
            task={task}
            selected={task.host === selected}
            tabIndex={task.host === current ? 0 : -1}
            onOpen={onOpen}
            onActive={setActive}
          />
        ))}
      </ul>
    </div>
  );
};

/** Index a key leads to, by what stands where; undefined: the key means nothing here. */
const destination = (cells: readonly HTMLElement[], from: number, key: string): number | undefined => {
  const here = cells[from];
  if (here === undefined) return undefined;
  const inRow = (top: number) =>
    cells.flatMap((cell, index) => (cell.offsetTop === top ? [{ cell, index }] : []));
  const nearest = (top: number | undefined) =>
    top === undefined
      ? undefined
      : inRow(top).reduce<{ cell: HTMLElement; index: number } | undefined>(
          (best, each) =>
            best === undefined ||
            Math.abs(each.cell.offsetLeft - here.offsetLeft) <
              Math.abs(best.cell.offsetLeft - here.offsetLeft)
              ? each
              : best,
          undefined,
        )?.index;
  switch (key) {
    case 'ArrowRight':
      return Math.min(cells.length - 1, from + 1);
    case 'ArrowLeft':
      return Math.max(0, from - 1);
    case 'Home':
      return 0;
    case 'End':
      return cells.length - 1;
    case 'ArrowDown':
      return nearest(cells.find((cell) => cell.offsetTop > here.offsetTop)?.offsetTop);
    case 'ArrowUp':
      return nearest(cells.findLast((cell) => cell.offsetTop < here.offsetTop)?.offsetTop);
    default:
      return undefined;
  }
};

const Cell = memo(
  ({
    task,
    selected,
    tabIndex,
    onOpen,
    onActive,
  }: {
    task: Task;
    selected: boolean;
    tabIndex: 0 | -1;
    onOpen: (host: string) => void;
    onActive: (host: string) => void;
  }) => {
    const { icon: Icon, label, tone } = taskLook[task.state];
    const percent = Math.round(progressOf(task));
    const doing = task.waitingFor ?? task.package ?? task.phase ?? task.error?.message ?? '';
    return (
      <li>
        <button
          type="button"
          className="run-cell"
          data-tone={tone}
          data-host={task.host}
          data-state={task.state}
          aria-current={selected || undefined}
          tabIndex={tabIndex}
          onClick={() => onOpen(task.host)}
          onFocus={() => onActive(task.host)}
        >
          <span className="run-cell-head">
            {Icon !== undefined && <Icon size={14} aria-hidden />}
            <span className="truncate run-cell-name">{task.host}</span>
          </span>
          <span className="run-cell-state small truncate">
            {label}
            {!isFinal(task) && task.state !== 'queued' && (
              <span className="visually-hidden"> {percent} %</span>
            )}
            {doing !== '' && <span className="muted"> · {doing}</span>}
          </span>
          <span className="run-cell-bar">
            <span style={{ width: `${percent}%` }} />
          </span>
        </button>
      </li>
    );
  },
  (before, after) =>
    before.task === after.task &&
    before.selected === after.selected &&
    before.tabIndex === after.tabIndex &&
    before.onActive === after.onActive,
);
Cell.displayName = 'Cell';

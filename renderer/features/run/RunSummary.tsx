/** How far the run is: one bar over all hosts, the counts (which filter the hosts below), and what it waits for. */
import { Search } from 'lucide-react';
import type { Run, TaskState } from '../../../shared/model/run.ts';
import { Input } from '../../ui/Field.tsx';
import { formatDateTime, formatDuration } from '../../ui/format.ts';
import { taskLook } from '../../ui/states.ts';
import { useNow } from '../../ui/Time.tsx';
import {
  elapsedMs,
  hostCount,
  hostsPerMinute,
  type RunFilter,
  type StateGroup,
  statesPresent,
  thresholdOf,
  totalsOf,
  waitsFor,
} from './model.ts';
import { slowStartNow } from './waves.ts';

const GROUPS: readonly { id: StateGroup; tone: string; label: string }[] = [
  { id: 'good', tone: 'good', label: 'done' },
  { id: 'undone', tone: 'warn', label: 'rolled back' },
  { id: 'bad', tone: 'bad', label: 'failed' },
  { id: 'stopped', tone: 'neutral', label: 'stopped' },
  { id: 'active', tone: 'busy', label: 'at work' },
];

export const RunSummary = ({
  run,
  filter,
  onFilter,
}: {
  run: Run;
  filter: RunFilter;
  onFilter: (filter: RunFilter) => void;
}) => {
  const finished = run.state === 'finished';
  const { until } = run.parameters;
  const now = useNow({ fast: !finished });
  const totals = totalsOf(run.tasks);
  const waits = waitsFor(run);
  const rate = hostsPerMinute(run, now);
  const elapsed = elapsedMs(run.startedAt, run.finishedAt ?? now) / 1000;
  const threshold = thresholdOf(run);
  const slow = slowStartNow(run);
  const share = (count: number) => `${totals.targets === 0 ? 0 : (100 * count) / totals.targets}%`;

  return (
    <section className="panel run-summary" aria-label="Progress of the run">
      <div className="run-figures">
        <Figure label="Hosts done" value={`${totals.done} of ${totals.targets}`} />
        {!finished && (
          <Figure
            label="At work"
            value={
              slow === undefined
                ? `${totals.active} of at most ${run.parameters.concurrency}`
                : `${totals.active} of ${slow.limit} now, at most ${run.parameters.concurrency}`
            }
            title={
              slow === undefined
                ? undefined
                : `Slow start: ${hostCount(slow.needs)} more must end well before ${Math.min(2 * slow.limit, run.parameters.concurrency)} may be at work`
            }
          />
        )}
        <Figure label={finished ? 'Took' : 'Elapsed'} value={formatDuration(elapsed)} />
        {!finished && until !== undefined && (
          <Figure
            label="Window ends in"
            value={Date.parse(until) > now ? formatDuration((Date.parse(until) - now) / 1000) : 'over'}
            title={formatDateTime(until)}
          />
        )}
        <Figure label="Rate" value={rate === undefined ? '–' : `${rate.toFixed(1)} hosts/min`} />
        <Figure
          label="Failures"
          value={
            run.parameters.abortsAtFailure !== null
              ? `${threshold.failures}, aborts at ${run.parameters.abortsAtFailure}`
              : run.parameters.abortsAtShare === null
                ? `${threshold.failures}`
                : `${threshold.failures}, aborts above ${run.parameters.abortsAtShare.percent} %`
          }
          title={threshold.sentence}
        />
      </div>
      <div
        className="run-bar"
        role="progressbar"
        aria-label="All hosts"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(totals.percent)}
        aria-valuetext={`${totals.done} of ${totals.targets} hosts done, ${totals.groups.bad} failed, ${totals.active} at work`}
      >
        {GROUPS.map(({ id, tone }) => (
          <span key={id} data-tone={tone} data-group={id} style={{ width: share(totals.groups[id]) }} />
        ))}
      </div>
      {waits.length > 0 && (
        <p className="run-waits">
          <span className="muted">Waiting for</span> {waits.slice(0, 4).join(' · ')}
          {waits.length > 4 && ` · and ${waits.length - 4} more`}
        </p>
      )}
      <div className="row run-filter">
        <fieldset className="run-chips">
          <legend className="visually-hidden">Show hosts by state</legend>
          <Chip
            on={filter.state === 'all'}
            label="all"
            count={totals.targets}
            onClick={() => onFilter({ ...filter, state: 'all' })}
          />
          {statesPresent(run.tasks).map(({ state, count }) => (
            <StateChip
              key={state}
              state={state}
              count={count}
              on={filter.state === state}
              onClick={() => onFilter({ ...filter, state: filter.state === state ? 'all' : state })}
            />
          ))}
        </fieldset>
        <div className="run-search">
          <Search size={14} aria-hidden />
          <Input
            type="search"
            aria-label="Find a host by name"
            placeholder="Find a host"
            value={filter.text}
            onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          />
        </div>
      </div>
    </section>
  );
};

const Figure = ({ label, value, title }: { label: string; value: string; title?: string | undefined }) => (
  <div className="run-figure" title={title}>
    <span className="small muted">{label}</span>
    <span className="num">{value}</span>
  </div>
);

const Chip = (props: { on: boolean; label: string; count: number; onClick: () => void }) => (
  <button type="button" className="run-chip" aria-pressed={props.on} onClick={props.onClick}>
    {props.label} <span className="num">{props.count}</span>
  </button>
);

const StateChip = ({
  state,
  count,
  on,
  onClick,
}: {
  state: TaskState;
  count: number;
  on: boolean;
  onClick: () => void;
}) => {
  const { icon: Icon, label, tone } = taskLook[state];
  return (
    <button type="button" className="run-chip" data-tone={tone} aria-pressed={on} onClick={onClick}>
      {Icon !== undefined && <Icon size={13} aria-hidden />}
      {label} <span className="num">{count}</span>
    </button>
  );
};

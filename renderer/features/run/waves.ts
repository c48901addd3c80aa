/** Where a run in waves stands, wave by wave. Pure. */

import { slowStartLimit } from '../../../shared/model/parameters.ts';
import type { Run, Task } from '../../../shared/model/run.ts';
import { formatDuration, plural } from '../../ui/format.ts';
import { groupOf, isFinal, names } from './model.ts';

/** `waiting`: at its gate. `skipped`: the run ended before its turn. */
export type WaveStanding = 'done' | 'running' | 'waiting' | 'to-come' | 'skipped';

export type WaveView = {
  number: number;
  standing: WaveStanding;
  tasks: readonly Task[];
  /** Hosts at rest, and of those: ended well, and badly. */
  done: number;
  good: number;
  bad: number;
};

/** The wave of a task; one with nothing to do comes with the last. */
const waveOf = (task: Task, of: number): number => Math.min(task.wave ?? of, of);

/** Empty where the run has one wave only. */
export const wavesOf = (run: Run): WaveView[] => {
  const of = run.parameters.waveSizes.length;
  if (of < 2) return [];
  const current = run.wave?.number ?? 1;
  return Array.from({ length: of }, (_, index): WaveView => {
    const number = index + 1;
    const tasks = run.tasks.filter((task) => waveOf(task, of) === number);
    const count = (group: 'good' | 'bad' | 'undone') =>
      tasks.filter((task) => groupOf(task.state) === group).length;
    return {
      number,
      tasks,
      standing: standingOf(run, { number, current, tasks }),
      done: tasks.filter(isFinal).length,
      good: count('good'),
      bad: count('bad') + count('undone'),
    };
  });
};

const standingOf = (
  run: Run,
  { number, current, tasks }: { number: number; current: number; tasks: readonly Task[] },
): WaveStanding => {
  const atRest = tasks.every(isFinal);
  const begun = tasks.some((task) => task.startedAt !== undefined);
  if (number < current) return atRest ? 'done' : 'running';
  if (number === current && run.state === 'running')
    return atRest || run.wave?.waiting !== undefined ? 'done' : 'running';
  if (run.state === 'running') {
    if (atRest) return 'done';
    return number === current + 1 && run.wave?.waiting !== undefined ? 'waiting' : 'to-come';
  }
  if (!begun) return 'skipped';
  return atRest ? 'done' : 'running';
};

export const STANDING: Record<WaveStanding, string> = {
  done: 'done',
  running: 'running',
  waiting: 'waiting for its gate',
  'to-come': 'to come',
  skipped: 'not begun',
};

/** The gate the run stands at: which wave, what came of the one before, and who starts when it opens. */
export type Gate = {
  wave: number;
  of: number;
  kind: 'manual' | 'soak';
  /** End of a soak. */
  until: string | undefined;
  /** Those that start when the gate opens; the rest of the wave is at rest already. */
  starts: string[];
  /** How the hosts of the waves so far ended. */
  before: string;
};

export const gateOf = (run: Run): Gate | undefined => {
  const { wave } = run;
  if (run.state !== 'running' || wave?.waiting === undefined) return undefined;
  const number = wave.number + 1;
  const waves = wavesOf(run);
  const past = waves.filter((each) => each.number < number).flatMap((each) => each.tasks);
  const good = past.filter((task) => groupOf(task.state) === 'good').length;
  const rest = past.filter((task) => groupOf(task.state) !== 'good');
  return {
    wave: number,
    of: wave.of,
    kind: wave.waiting.gate,
    until: wave.waiting.until,
    starts: (waves[number - 1]?.tasks ?? [])
      .filter((task) => task.state === 'queued')
      .map((task) => task.host),
    before: endedText(
      good,
      rest.map((task) => task.host),
    ),
  };
};

const endedText = (good: number, others: readonly string[]): string => {
  if (others.length === 0)
    return `${good === 1 ? 'the host' : `all ${plural(good, 'host')}`} before it ended well`;
  const not = `${names(others, 6)} did not`;
  return good === 0
    ? `${names(others, 6)} before it did not end well`
    : `${good} of ${plural(good + others.length, 'host')} before it ended well, ${not}`;
};

/** `12 min 4 s`, or undefined when the soak is over and the engine is about to open the gate. */
export const soakLeft = (until: string, now: number): string | undefined => {
  const seconds = Math.ceil((Date.parse(until) - now) / 1000);
  return seconds <= 0 ? undefined : formatDuration(seconds);
};

/** How many hosts may be at work just now, and why not more; undefined: no slow start, or it has reached the cap. */
export const slowStartNow = (run: Run): { limit: number; needs: number } | undefined => {
  const { slowStart, concurrency } = run.parameters;
  if (!slowStart || run.state !== 'running') return undefined;
  const well = run.tasks.filter((task) => groupOf(task.state) === 'good').length;
  const limit = slowStartLimit(well, concurrency);
  return limit >= concurrency ? undefined : { limit, needs: 2 * limit - 1 - well };
};

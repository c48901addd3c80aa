/**
 * Reads a run's event log from its first event and says what it amounts to, knowing nothing of the reducer. `runs check`
 * holds that against the stored run: what is shown and what is on record must be the same story.
 */
import type { Run, RunEvent, RunState, TaskState, Verdict } from '../../../shared/model/run.ts';
import { isActive, mayFollow } from './transitions.ts';
import { countsOf } from './verdict.ts';

export type Replay = {
  tasks: Map<string, TaskState>;
  state: RunState;
  verdict: Verdict | undefined;
  abortReason: string | undefined;
  accepted: boolean;
  seq: number;
  /** The wave that was opened last; null: the run has one only. `open`: hosts of all that were. */
  wave: number | null;
  open: Set<string>;
  /** What is wrong with the log itself: a gap, a step that is not allowed, the cap exceeded. */
  problems: string[];
};

export const emptyReplay = (): Replay => ({
  tasks: new Map(),
  state: 'running',
  verdict: undefined,
  abortReason: undefined,
  accepted: false,
  seq: 0,
  wave: null,
  open: new Set(),
  problems: [],
});

const replayTask = (replay: Replay, event: Extract<RunEvent, { type: 'task.state' }>, cap: number): void => {
  const known = replay.tasks.get(event.host);
  const complain = (what: string) => replay.problems.push(`event ${event.seq}: ${event.host} ${what}`);
  if (known !== event.from) complain(`leaves ${event.from}, but was ${known ?? 'not in the run'}`);
  if (!mayFollow(event.from, event.to)) complain(`may not go from ${event.from} to ${event.to}`);
  if (event.from === 'queued' && event.to === 'connecting' && replay.state !== 'running')
    complain(`starts while the run is ${replay.state}`);
  if (
    event.from === 'queued' &&
    event.to === 'connecting' &&
    replay.wave !== null &&
    !replay.open.has(event.host)
  )
    complain(`starts in wave ${replay.wave}, which is not its own`);
  replay.tasks.set(event.host, event.to);
  const active = [...replay.tasks.values()].filter(isActive).length;
  if (isActive(event.to) && active > cap) complain(`is the ${active}th at once, ${cap} are allowed`);
};

/** Takes the replay one event further. `cap`: the run's concurrency. */
export const replayEvent = (replay: Replay, event: RunEvent, cap: number): void => {
  if (event.seq !== replay.seq + 1) replay.problems.push(`event ${event.seq} follows ${replay.seq}`);
  replay.seq = event.seq;
  switch (event.type) {
    case 'run.started':
      for (const host of event.hosts) replay.tasks.set(host, 'queued');
      if (event.parameters.waveSizes.length > 1) replay.wave = 0;
      break;
    case 'task.state':
      replayTask(replay, event, cap);
      break;
    case 'run.aborting':
      replay.state = 'aborting';
      replay.abortReason = event.reason;
      break;
    case 'wave.started':
      replay.wave = event.wave;
      for (const host of event.hosts) replay.open.add(host);
      break;
    case 'wave.waiting':
    case 'run.rollback-stopped':
      break;
    case 'run.rolling-back':
      if (replay.state === 'finished') replay.state = 'rolling-back';
      replay.verdict = undefined;
      break;
    case 'run.retrying':
      replay.state = 'running';
      replay.verdict = undefined;
      replay.abortReason = undefined;
      break;
    case 'run.finished':
      replay.state = 'finished';
      replay.verdict = event.verdict;
      for (const [host, state] of Object.entries(event.hosts))
        if (replay.tasks.get(host) !== state)
          replay.problems.push(
            `event ${event.seq}: ${host} ends ${state}, but was ${replay.tasks.get(host)}`,
          );
      break;
    case 'run.accepted':
      replay.accepted = true;
      break;
    case 'task.progress':
    case 'task.output':
      if (!replay.tasks.has(event.host))
        replay.problems.push(`event ${event.seq}: ${event.host} is not in the run`);
      break;
  }
};

/** What the log says otherwise than the stored run; empty: they agree. */
export const differences = (replay: Replay, run: Run): string[] => {
  const found = [...replay.problems];
  const compare = (what: string, log: unknown, stored: unknown) => {
    if (log !== stored) found.push(`${what}: ${String(log)} by the events, ${String(stored)} as stored`);
  };
  compare('last event', replay.seq, run.seq);
  compare('state', replay.state, run.state);
  compare('verdict', replay.verdict, run.verdict);
  compare('abort reason', replay.abortReason, run.abortReason);
  compare('accepted', replay.accepted, run.acceptedAt !== undefined);
  compare('wave', replay.wave ?? undefined, run.wave?.number);
  compare('hosts', replay.tasks.size, run.tasks.length);
  for (const task of run.tasks) compare(`state of ${task.host}`, replay.tasks.get(task.host), task.state);
  const counts = countsOf([...replay.tasks.values()].map((state) => ({ state })));
  for (const state of new Set([...Object.keys(counts), ...Object.keys(run.counts)]))
    compare(`hosts ${state}`, counts[state], run.counts[state]);
  return found;
};

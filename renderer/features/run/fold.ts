/**
 * The run as the page knows it: a picture of the state (`runs.show`) and the events after it, folded in the order of their
 * `seq`. Events that come twice are dropped, events that come too early wait, so the picture never depends on how the
 * events were delivered: after a reload, a reconnect or a restart of the host process nothing is lost or doubled.
 */
import type { Run, RunEvent, Task, TaskState } from '../../../shared/model/run.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';

export type RunView = {
  run: Run;
  /** Every event up to here is in `run`. */
  seq: number;
  /** Events that came before one they follow. */
  early: ReadonlyMap<number, RunEvent>;
  /** A rollback that failed and stopped the others, until somebody decides. */
  stopped: RollbackStopped | undefined;
  /** Hosts that are asked once more after the end of their job was not known: they are taken up where they were. */
  takenUp: ReadonlySet<string>;
};

export type RollbackStopped = { host: string; left: readonly string[] };

export const openRun = (run: Run): RunView => ({
  run,
  seq: run.seq,
  early: new Map(),
  stopped: undefined,
  takenUp: new Set(),
});

/** What the events so far say of rollbacks that were stopped: a picture of the state does not tell. */
export const stoppedBy = (
  before: RollbackStopped | undefined,
  events: Iterable<RunEvent>,
): RollbackStopped | undefined => {
  let stopped = before;
  for (const event of events) {
    if (event.type === 'run.rollback-stopped') stopped = { host: event.host, left: event.left };
    else if (event.type === 'run.rolling-back' || event.type === 'run.retrying') stopped = undefined;
  }
  return stopped;
};

/**
 * Takes a newer picture of the same run in. An older one (the answer to a question asked before the latest events came) is
 * ignored. Events that wait are kept and folded as far as they now can be.
 */
export const adopt = (view: RunView, run: Run): RunView => {
  if (run.id !== view.run.id || run.seq < view.seq) return view;
  const early = new Map([...view.early].filter(([seq]) => seq > run.seq));
  return drain({ ...view, run, seq: run.seq, early });
};

/** Folds any number of events, in any order, with one copy of the task list. */
export const foldAll = (view: RunView, events: readonly RunEvent[]): RunView => {
  const early = new Map(view.early);
  for (const event of events)
    if (event.run === view.run.id && event.seq > view.seq) early.set(event.seq, event);
  return drain({ ...view, early });
};

/** Number of events that wait for one before them. */
export const missing = (view: RunView): number => view.early.size;

const drain = (view: RunView): RunView => {
  if (!view.early.has(view.seq + 1)) return view;
  const early = new Map(view.early);
  const draft = draftOf(view);
  let { seq, stopped } = view;
  for (let event = early.get(seq + 1); event !== undefined; event = early.get(seq + 1)) {
    apply(draft, event);
    stopped = stoppedBy(stopped, [event]);
    early.delete(event.seq);
    seq = event.seq;
  }
  return { run: finish(draft, seq), seq, early, stopped, takenUp: draft.takenUp };
};

type Draft = { run: Run; tasks: Task[]; at: Map<string, number>; takenUp: Set<string> };

const draftOf = ({ run, takenUp }: RunView): Draft => ({
  run: { ...run },
  takenUp: new Set(takenUp),
  tasks: [...run.tasks],
  at: new Map(run.tasks.map((task, index) => [task.host, index])),
});

const finish = (draft: Draft, seq: number): Run => ({
  ...draft.run,
  seq,
  tasks: draft.tasks,
  counts: countStates(draft.tasks),
});

export const countStates = (tasks: readonly Task[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const task of tasks) counts[task.state] = (counts[task.state] ?? 0) + 1;
  return counts;
};

const apply = (draft: Draft, event: RunEvent): void => {
  switch (event.type) {
    case 'run.started':
      draft.run.state = 'running';
      return;
    case 'task.state':
      noteTakenUp(draft, event);
      change(draft, event.host, (task) => moved(task, event, draft.takenUp.has(event.host)));
      return;
    case 'task.progress':
      change(draft, event.host, (task) => ({
        ...without(task, ['package', 'waitingFor']),
        phase: event.phase,
        percent: event.percent,
        ...(event.package === undefined ? {} : { package: event.package }),
        ...(event.waitingFor === undefined ? {} : { waitingFor: event.waitingFor }),
      }));
      return;
    case 'task.output':
      return;
    case 'wave.started':
      draft.run.wave = { number: event.wave, of: event.of };
      return;
    case 'wave.waiting':
      draft.run.wave = {
        number: event.wave - 1,
        of: event.of,
        waiting: { gate: event.gate, ...(event.until === undefined ? {} : { until: event.until }) },
      };
      return;
    case 'run.aborting':
      draft.run.state = 'aborting';
      draft.run.abortReason = event.reason;
      if (event.cause === undefined) delete draft.run.abortCause;
      else draft.run.abortCause = event.cause;
      closeGate(draft);
      return;
    case 'run.rollback-stopped':
      return;
    case 'run.rolling-back':
      // Asked for while the run goes on, it changes nothing about the run itself.
      if (draft.run.state === 'finished') reopen(draft, 'rolling-back');
      return;
    case 'run.retrying':
      reopen(draft, 'running');
      delete draft.run.abortReason;
      delete draft.run.abortCause;
      return;
    case 'run.finished':
      draft.run.state = 'finished';
      draft.run.verdict = event.verdict;
      draft.run.finishedAt = event.at;
      for (const [host, state] of Object.entries(event.hosts))
        change(draft, host, (task) => (task.state === state ? task : { ...task, state }));
      return;
    case 'run.accepted':
      draft.run.acceptedAt = event.at;
      return;
  }
};

/** Nothing new starts any more, so no gate waits. */
const closeGate = (draft: Draft): void => {
  if (draft.run.wave === undefined) return;
  const { number, of } = draft.run.wave;
  draft.run.wave = { number, of };
};

const reopen = (draft: Draft, state: 'running' | 'rolling-back'): void => {
  draft.run.state = state;
  delete draft.run.verdict;
  delete draft.run.finishedAt;
};

const change = (draft: Draft, host: string, how: (task: Task) => Task): void => {
  const index = draft.at.get(host);
  const task = index === undefined ? undefined : draft.tasks[index];
  if (index !== undefined && task !== undefined) draft.tasks[index] = how(task);
};

/** States that say the earlier failure no longer counts. A rollback keeps the error that led to it. */
const FORGETS_ERROR: ReadonlySet<TaskState> = new Set<TaskState>([
  'queued',
  'connecting',
  'checking',
  'simulating',
  'capturing',
  'staging',
  'applying',
  'rebooting',
  'verifying',
  'succeeded',
  'compliant',
]);

type Moved = Extract<RunEvent, { type: 'task.state' }>;

const UNKNOWN_END: ReadonlySet<TaskState> = new Set<TaskState>(['interrupted', 'needs-attention']);

const noteTakenUp = ({ takenUp }: Draft, event: Moved): void => {
  if (event.to === 'queued' && UNKNOWN_END.has(event.from)) takenUp.add(event.host);
  else if (event.to !== 'connecting') takenUp.delete(event.host);
};

const moved = (task: Task, event: Moved, takenUp: boolean): Task => {
  const forget = FORGETS_ERROR.has(event.to);
  const error = event.error ?? (forget ? undefined : task.error);
  const difference = event.difference ?? (forget ? undefined : task.difference);
  const begins = event.from === 'queued' && event.to === 'connecting';
  const anew = begins && !takenUp;
  const startedAt = begins ? event.at : task.startedAt;
  return {
    ...without(task, [
      'error',
      'difference',
      'startedAt',
      'finishedAt',
      'phase',
      'package',
      'percent',
      'waitingFor',
      ...(anew ? (['rebooted'] as const) : []),
    ]),
    state: event.to,
    // A restart that came back is looked at; what comes after has its own word.
    ...(event.from === 'rebooting' && event.to === 'verifying' ? { rebooted: true } : {}),
    attempt: anew ? task.attempt + 1 : task.attempt,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(FINAL_STATES.has(event.to) ? { finishedAt: event.at } : {}),
    ...(error === undefined ? {} : { error }),
    ...(difference === undefined ? {} : { difference }),
  };
};

const without = <T extends object, K extends keyof T>(value: T, keys: readonly K[]): Omit<T, K> => {
  const copy = { ...value };
  for (const key of keys) delete copy[key];
  return copy;
};

/** What the run page shows, worked out from the folded run. Pure. */
import type { Run, Task, TaskState } from '../../../shared/model/run.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';
import { ordinal } from '../plan/words.ts';

export type StateGroup = 'waiting' | 'active' | 'good' | 'bad' | 'undone' | 'stopped';

const GROUP: Record<TaskState, StateGroup> = {
  queued: 'waiting',
  connecting: 'active',
  checking: 'active',
  simulating: 'active',
  capturing: 'active',
  staging: 'active',
  applying: 'active',
  rebooting: 'active',
  verifying: 'active',
  succeeded: 'good',
  compliant: 'good',
  failed: 'bad',
  'rolling-back': 'active',
  'rolled-back': 'undone',
  'rollback-failed': 'bad',
  unreachable: 'bad',
  refused: 'bad',
  terminated: 'stopped',
  cancelled: 'stopped',
  interrupted: 'bad',
  'needs-attention': 'bad',
};
export const groupOf = (state: TaskState): StateGroup => GROUP[state];

/** What a state means, for people who see it for the first time. */
export const MEANING: Partial<Record<TaskState, string>> = {
  terminated:
    'never started: the run ended before its turn, or its window would have ended before the host was done',
  cancelled: 'stopped by the operator before it changed anything',
  interrupted: 'stopped between stages; what was applied so far is applied',
  compliant: 'nothing to do',
  'needs-attention': 'cannot be repaired from here: a person has to look at the host',
};

/** A step's name in the output, with the commands of the admin that run in it. */
export const stepText = (
  state: TaskState,
  { before, after, probe }: Pick<Run['parameters'], 'before' | 'after' | 'probe'>,
): string => {
  const commands =
    state === 'staging' && before !== undefined
      ? ['the hook before']
      : state === 'verifying'
        ? [
            ...(after === undefined ? [] : ['the hook after']),
            ...(probe === undefined ? [] : ['the health probe']),
          ]
        : [];
  return [state.replace('-', ' '), ...commands].join(', then ');
};

export const isFinal = (task: Task): boolean => FINAL_STATES.has(task.state);

/** Where each state stands on the way of a task, in percent; `staging`, `applying` and `rolling-back` fill their part with their own percent. */
const WAY: Partial<Record<TaskState, readonly [from: number, to: number]>> = {
  connecting: [2, 2],
  checking: [5, 5],
  simulating: [8, 8],
  capturing: [12, 12],
  staging: [15, 35],
  applying: [35, 90],
  'rolling-back': [5, 98],
  rebooting: [92, 92],
  verifying: [96, 96],
};

/** 0 to 100 for the bar of a host. */
export const progressOf = (task: Task): number => {
  if (isFinal(task)) return 100;
  const way = WAY[task.state];
  return way === undefined ? 0 : way[0] + ((way[1] - way[0]) * (task.percent ?? 0)) / 100;
};

export type Totals = {
  targets: number;
  /** Tasks at rest. */
  done: number;
  active: number;
  queued: number;
  /** 0 to 100 over all hosts. */
  percent: number;
  /** Per group, for the overall bar and the filter. */
  groups: Record<StateGroup, number>;
};

export const totalsOf = (tasks: readonly Task[]): Totals => {
  const groups: Record<StateGroup, number> = {
    waiting: 0,
    active: 0,
    good: 0,
    bad: 0,
    undone: 0,
    stopped: 0,
  };
  let sum = 0;
  let done = 0;
  for (const task of tasks) {
    groups[groupOf(task.state)] += 1;
    sum += progressOf(task);
    if (isFinal(task)) done += 1;
  }
  return {
    targets: tasks.length,
    done,
    active: groups.active,
    queued: groups.waiting,
    percent: tasks.length === 0 ? 0 : sum / tasks.length,
    groups,
  };
};

/** States present, with how many hosts are in each, most pressing first. */
const PRESSING: readonly TaskState[] = [
  'needs-attention',
  'rollback-failed',
  'interrupted',
  'failed',
  'unreachable',
  'refused',
  'rolling-back',
  'rolled-back',
  'connecting',
  'checking',
  'simulating',
  'capturing',
  'staging',
  'applying',
  'rebooting',
  'verifying',
  'queued',
  'terminated',
  'cancelled',
  'compliant',
  'succeeded',
];
export const statesPresent = (tasks: readonly Task[]): { state: TaskState; count: number }[] => {
  const counts = new Map<TaskState, number>();
  for (const task of tasks) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
  return PRESSING.flatMap((state) => {
    const count = counts.get(state);
    return count === undefined ? [] : [{ state, count }];
  });
};

/** Milliseconds between two instants, never negative (the window's clock may be behind the console's). */
export const elapsedMs = (from: string, to: string | number): number =>
  Math.max(0, (typeof to === 'number' ? to : Date.parse(to)) - Date.parse(from));

const RATE_WINDOW_MS = 5 * 60_000;

/**
 * Hosts that came to rest per minute: over the last five minutes while it runs, over the whole run when it is finished.
 * Undefined until two hosts are done. Tasks that never started do not count.
 */
export const hostsPerMinute = (run: Run, now: number): number | undefined => {
  const ended = run.tasks.flatMap((task) =>
    task.startedAt !== undefined && task.finishedAt !== undefined ? [Date.parse(task.finishedAt)] : [],
  );
  const until = run.finishedAt === undefined ? now : Date.parse(run.finishedAt);
  const since =
    run.finishedAt === undefined
      ? Math.max(Date.parse(run.startedAt), until - RATE_WINDOW_MS)
      : Date.parse(run.startedAt);
  const count = ended.filter((at) => at >= since && at <= until).length;
  const minutes = (until - since) / 60_000;
  return count < 2 || minutes <= 0 ? undefined : count / minutes;
};

/** Sentences for what the run waits for right now; empty when it is finished. */
export const waitsFor = (run: Run): string[] => {
  if (run.state === 'finished') return [];
  const active = run.tasks.filter((task) => groupOf(task.state) === 'active');
  const queued = run.tasks.filter((task) => task.state === 'queued').length;
  const said: string[] = [];
  const { waiting } = run.wave ?? {};
  if (waiting !== undefined)
    said.push(waiting.gate === 'manual' ? 'your approval of the next wave' : 'the soak time to end');
  const held = new Map<string, string[]>();
  for (const task of active)
    if (task.waitingFor !== undefined)
      held.set(task.waitingFor, [...(held.get(task.waitingFor) ?? []), task.host]);
  for (const [what, hosts] of held) said.push(`${names(hosts)}: ${what}`);
  const rebooting = active
    .filter((task) => task.state === 'rebooting' && task.waitingFor === undefined)
    .map((task) => task.host);
  if (rebooting.length > 0) said.push(`${names(rebooting)} to come back from the reboot`);
  if (run.state === 'aborting')
    said.push(
      active.length === 0
        ? 'the end of the abort'
        : `${hostCount(active.length)} still at work to come to rest`,
    );
  else if (queued > 0 && active.length >= run.parameters.concurrency)
    said.push(`${hostCount(queued)} queued until one of the ${run.parameters.concurrency} places is free`);
  else if (said.length === 0 && active.length > 0) said.push(names(active.map((task) => task.host)));
  return said;
};

export const hostCount = (count: number): string => `${count} ${count === 1 ? 'host' : 'hosts'}`;

/** `web-1, web-2 and 4 more` */
export const names = (hosts: readonly string[], most = 3): string => {
  if (hosts.length <= most) {
    const last = hosts.at(-1) ?? '';
    return hosts.length < 2 ? last : `${hosts.slice(0, -1).join(', ')} and ${last}`;
  }
  return `${hosts.slice(0, most - 1).join(', ')} and ${hosts.length - most + 1} more`;
};

/** What counted against the threshold: the arithmetic behind an abort, or how far off it is. */
export const thresholdOf = (run: Run): { failures: number; sentence: string } => {
  const { ignoreUnreachable, maxFailures, abortsAtFailure, abortsAtShare } = run.parameters;
  const failed = run.tasks.filter((task) => countsAsFailure(task)).length;
  const unreachable = run.tasks.filter((task) => task.state === 'unreachable').length;
  const failures = failed + (ignoreUnreachable ? 0 : unreachable);
  const parts =
    unreachable === 0
      ? `${failed} failed`
      : ignoreUnreachable
        ? `${failed} failed, ${unreachable} unreachable not counted`
        : `${failed} failed + ${unreachable} unreachable = ${failures}`;
  const targets = hostCount(run.parameters.targets);
  const limit =
    abortsAtFailure === null
      ? abortsAtShare !== null
        ? `the run aborts when more than ${abortsAtShare.percent} % of the completed hosts have failed, once ${abortsAtShare.minCompleted} have completed`
        : 'the run never aborts by itself'
      : `max failures ${maxFailures} of ${targets} allows ${abortsAtFailure - 1}: the run aborts at the ${ordinal(abortsAtFailure)}`;
  return { failures, sentence: `${parts}; ${limit}.` };
};

/** A host that failed and was rolled back still failed; one rolled back on request did not. */
const countsAsFailure = (task: Task): boolean =>
  task.state === 'failed' ||
  task.state === 'rollback-failed' ||
  task.state === 'needs-attention' ||
  task.state === 'interrupted' ||
  ((task.state === 'rolled-back' || task.state === 'rolling-back') && task.error !== undefined);

export type RunFilter = { state: TaskState | StateGroup | 'all'; text: string };

export const matching = (tasks: readonly Task[], filter: RunFilter): Task[] => {
  const text = filter.text.trim().toLowerCase();
  return tasks.filter(
    (task) =>
      (filter.state === 'all' || task.state === filter.state || groupOf(task.state) === filter.state) &&
      (text === '' || task.host.toLowerCase().includes(text)),
  );
};

const RETRYABLE: ReadonlySet<TaskState> = new Set<TaskState>([
  'failed',
  'unreachable',
  'refused',
  'terminated',
  'cancelled',
  'rolled-back',
  'interrupted',
  'needs-attention',
]);
/** Hosts worth trying again: not those that were rolled back on request. */
export const retryable = (run: Run): Task[] =>
  run.state === 'finished' && run.acceptedAt === undefined
    ? run.tasks.filter((task) => RETRYABLE.has(task.state) && (task.state !== 'rolled-back' || task.error))
    : [];

const CHANGED: ReadonlySet<TaskState> = new Set<TaskState>([
  'succeeded',
  'failed',
  'interrupted',
  'cancelled',
  'rollback-failed',
  'needs-attention',
]);
/** Hosts a rollback may have something to do on; the host process has the last word (`runs.rollbackPreview`). */
export const undoable = (run: Run): Task[] =>
  run.acceptedAt === undefined
    ? run.tasks.filter((task) => CHANGED.has(task.state) && task.actions.length > 0)
    : [];

/** Hosts a person may want to see: trouble first, then what waits for something, then what wants a reboot. */
export const worthALook = (tasks: readonly Task[]): Task[] => {
  const rank = (task: Task): number => {
    if (groupOf(task.state) === 'bad' && task.state !== 'refused') return PRESSING.indexOf(task.state);
    if (task.difference?.equal === false) return 30;
    if (task.waitingFor !== undefined) return 40;
    if (task.error !== undefined) return 50;
    return task.rebootRequired === true && isFinal(task) ? 60 : 100;
  };
  return tasks
    .map((task) => ({ task, rank: rank(task) }))
    .filter((each) => each.rank < 100)
    .sort((a, b) => a.rank - b.rank)
    .map((each) => each.task);
};

/** The reducer's scratch pad for one input: a copy of the state that collects what happened and what is to be done. */
import type { FrostError } from '../../../shared/errors.ts';
import { FINAL_STATES, type RunEvent, type TaskState } from '../../../shared/model/run.ts';
import type { EffectKind, Happening, Reduction, RunModel, TaskModel } from './model.ts';
import { mayFollow } from './transitions.ts';

/**
 * Final states that count as a failure of the run. `unreachable` only where the parameters do not ignore it. `refused` is not
 * among them: a freeze or policy that does its work is no sign that the patches are bad.
 */
const FAILURES: ReadonlySet<TaskState> = new Set<TaskState>([
  'failed',
  'unreachable',
  'rollback-failed',
  'interrupted',
  'needs-attention',
]);

export type Draft = Reduction & {
  readonly at: string;
  /** A task was added to the run's failures by this input; `hard`: by more than not being reached. */
  failed: { host: string; hard: boolean } | null;
  /** A task came to rest by this input. */
  completed: boolean;
};

export const openDraft = (state: RunModel, at: string): Draft => ({
  state: { ...state, tasks: [...state.tasks] },
  events: [],
  effects: [],
  done: [],
  at,
  failed: null,
  completed: false,
});

export const emit = (draft: Draft, happening: Happening): void => {
  draft.state.seq += 1;
  // A union's members do not survive a spread for the compiler; the schema is the type's source.
  const event = { ...happening, seq: draft.state.seq, at: draft.at, run: draft.state.runId };
  draft.events.push(event as RunEvent);
};

export const taskAt = (draft: Draft, index: number): TaskModel => {
  const task = draft.state.tasks[index];
  if (task === undefined) throw new Error(`no task at ${index}`);
  return task;
};

export const update = (draft: Draft, index: number, patch: Partial<TaskModel>): void => {
  draft.state.tasks[index] = { ...taskAt(draft, index), ...patch };
};

/** Asks for an effect whose result the task then waits for. */
export const demand = (draft: Draft, index: number, kind: EffectKind): Draft => {
  update(draft, index, { effect: aside(draft, index, kind), doing: kind });
  return draft;
};

/** Asks for an effect the task does not wait for. */
export const aside = (draft: Draft, index: number, kind: EffectKind): string => {
  draft.state.effects += 1;
  const id = `${draft.state.runId}/${draft.state.effects}`;
  draft.effects.push({ id, kind, hostId: taskAt(draft, index).hostId });
  return id;
};

const countFailure = (draft: Draft, index: number, unreachable: boolean): void => {
  const task = taskAt(draft, index);
  if (task.counted || (unreachable && draft.state.parameters.ignoreUnreachable)) return;
  update(draft, index, { counted: true });
  draft.failed = { host: task.host, hard: !unreachable || draft.failed?.hard === true };
};

/**
 * Takes a task to another state and says so. A step that the table does not have is a defect of the reducer, and stops it
 * before anything is committed.
 */
export const move = (
  draft: Draft,
  index: number,
  to: TaskState,
  patch: Partial<TaskModel> & { error?: FrostError | null } = {},
): Draft => {
  const task = taskAt(draft, index);
  if (!mayFollow(task.state, to)) throw new Error(`illegal transition ${task.state} → ${to}`);
  const final = FINAL_STATES.has(to);
  update(draft, index, {
    progress: null,
    ...(final && { finishedAt: draft.at, cancelling: false, effect: null, doing: null }),
    ...patch,
    state: to,
  });
  if (final && to !== 'terminated') {
    draft.state.completions += 1;
    draft.completed = true;
    update(draft, index, { completed: draft.state.completions });
  }
  emit(draft, {
    type: 'task.state',
    host: task.host,
    from: task.state,
    to,
    ...(patch.error && { error: patch.error }),
    ...(patch.difference && { difference: patch.difference }),
  });
  if (FAILURES.has(to)) countFailure(draft, index, to === 'unreachable');
  else if (to === 'rolling-back' && patch.error) countFailure(draft, index, false);
  return draft;
};

export const failuresOf = (run: RunModel): number => run.tasks.filter((task) => task.counted).length;

/** What may be asked of a run from outside, or by its own failure policy: abort, roll back, retry. Pure, used by the reducer. */
import { type AbortCause, FINAL_STATES, type TaskState } from '../../../shared/model/run.ts';
import { aside, type Draft, demand, emit, move, taskAt, update } from './draft.ts';
import type { RunModel, TaskModel } from './model.ts';
import { BEFORE_MUTATION } from './transitions.ts';

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

/** At rest, and its host is not as it was before: there is something to undo and a capture to go back to. */
export const canRollBack = (run: RunModel, task: TaskModel): boolean =>
  run.acceptedAt === null && FINAL_STATES.has(task.state) && task.changed && task.captured;

/** The run's window is over: trying again would only end it again. `at`: now, ISO. */
export const isWindowOver = (run: RunModel, at: string): boolean =>
  run.parameters.until !== undefined && Date.parse(at) >= Date.parse(run.parameters.until);

export const canRetry = (run: RunModel, task: TaskModel): boolean =>
  run.state === 'finished' && run.acceptedAt === null && RETRYABLE.has(task.state);

/**
 * Nothing new starts from here on: what is queued is `terminated` at once. With `stopRunning`, tasks that have changed
 * nothing yet end, and jobs are asked to end before their next stage. May be asked again to add `stopRunning`.
 */
export const abort = (
  draft: Draft,
  o: { reason: string; cause: AbortCause; stopRunning: boolean; dropRollbacks: boolean },
): void => {
  const run = draft.state;
  if (run.state === 'finished') return;
  if (run.state !== 'aborting') {
    run.state = 'aborting';
    run.abortReason = o.reason;
    run.abortCause = o.cause;
    run.waiting = null;
    emit(draft, { type: 'run.aborting', reason: o.reason, cause: o.cause });
  }
  run.tasks.forEach((task, index) => {
    // A host whose last job's end is unknown was not just "never started": it stays what it was.
    if (task.state === 'queued') move(draft, index, task.reattach === null ? 'terminated' : 'interrupted');
    else if (task.rollbackWanted && o.dropRollbacks) update(draft, index, { rollbackWanted: false });
    else if (o.stopRunning && !task.cancelling) stopTask(draft, index);
  });
  if (o.dropRollbacks) run.rollbackRun = false;
};

const stopTask = (draft: Draft, index: number): void => {
  const { state, doing } = taskAt(draft, index);
  if (state !== 'applying' && !BEFORE_MUTATION.has(state)) return;
  update(draft, index, { cancelling: true });
  // A hook is the admin's own program at work: it is let finish, and the task ends after it.
  if (doing === 'before') return;
  aside(draft, index, state === 'applying' ? 'stop-job' : 'interrupt');
};

/** Ends the run early and undoes every host it has changed; those still at work follow when they are done. */
export const rollBackRun = (draft: Draft, reason: string, cause: AbortCause): void => {
  const run = draft.state;
  abort(draft, { reason, cause, stopRunning: true, dropRollbacks: false });
  run.rollbackRun = true;
  run.rollbackAsked = true;
  run.tasks.forEach((_, index) => {
    joinRunRollback(draft, index);
  });
  emit(draft, {
    type: 'run.rolling-back',
    hosts: run.tasks.filter((task) => task.rollbackWanted).map((task) => task.host),
  });
};

/** Undoing by itself is for hosts whose state is known; a failed rollback or an unknown end asks for a person. */
export const joinRunRollback = (draft: Draft, index: number): void => {
  const task = taskAt(draft, index);
  const known = task.state === 'succeeded' || task.state === 'cancelled' || task.state === 'failed';
  if (draft.state.rollbackRun && known && canRollBack(draft.state, task))
    update(draft, index, { rollbackWanted: true });
};

/** A rollback that failed stops the others which wait for theirs: what broke this one may break them, and a person decides. */
export const stopRollbacks = (draft: Draft, index: number): void => {
  const run = draft.state;
  const { state, host } = taskAt(draft, index);
  if (state !== 'rollback-failed') return;
  const left = run.tasks.flatMap((task, at) => (task.rollbackWanted ? [at] : []));
  run.rollbackRun = false;
  if (left.length === 0) return;
  for (const at of left) update(draft, at, { rollbackWanted: false });
  emit(draft, { type: 'run.rollback-stopped', host, left: left.map((at) => taskAt(draft, at).host) });
};

/** Starts a task's rollback; it takes (or, after a failure, keeps) one of the run's slots. `error`: why, where it failed. */
export const askRollback = (draft: Draft, index: number, error?: TaskModel['error']): Draft => {
  const task = taskAt(draft, index);
  const again = task.reattach === 'rollback';
  move(draft, index, 'rolling-back', {
    rollbackWanted: false,
    rollbacks: again ? task.rollbacks : task.rollbacks + 1,
    jobSince: draft.at,
    finishedAt: null,
    difference: null,
    complaint: null,
    ...(!again && { follow: { log: 0, progress: 0 } }),
    ...(error && { error }),
  });
  return demand(draft, index, 'rollback');
};

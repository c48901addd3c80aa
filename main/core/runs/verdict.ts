/** A run's verdict, honest: one host that was not brought to the snapshot is not "success". */
import type { TaskState, Verdict } from '../../../shared/model/run.ts';
import type { RunModel, TaskModel } from './model.ts';

const good = (task: TaskModel): boolean => task.state === 'succeeded' || task.state === 'compliant';

/** Ended by the abort, not by itself. */
const cutShort = (task: TaskModel): boolean =>
  task.state === 'terminated' || task.state === 'cancelled' || task.state === 'interrupted';

/**
 * In this order: everything that was changed was undone on request → `rolled-back`; all refused; none reached; some cut
 * short by an abort → `aborted`; all good → `success`; some good → `partial`; all changes undone by the failure policy → `rolled-back`; `failed`.
 */
export const verdictOf = (run: RunModel): Verdict => {
  const { tasks } = run;
  const all = (state: TaskState): boolean => tasks.every((task) => task.state === state);
  const undone = tasks.some((task) => task.state === 'rolled-back') && tasks.every((task) => !task.changed);
  if (undone && run.rollbackAsked) return 'rolled-back';
  if (all('refused')) return 'refused';
  if (all('unreachable')) return 'unreachable';
  const ended = run.abortReason !== null && tasks.some(cutShort);
  // A host that would not have been done by the end of the window was left out without an abort.
  if (ended || tasks.some((task) => task.state === 'terminated')) return 'aborted';
  if (tasks.every(good)) return 'success';
  if (tasks.some(good)) return 'partial';
  return undone ? 'rolled-back' : 'failed';
};

/** How many tasks are in each state; states nobody is in are left out. */
export const countsOf = (tasks: readonly { state: TaskState }[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { state } of tasks) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
};

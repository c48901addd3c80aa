/** What follows from a step's result: the task's way from state to state. Pure, used by the reducer. */
import { type FrostError, isRefusal, isUnreachable } from '../../../shared/errors.ts';
import type { TaskState } from '../../../shared/model/run.ts';
import { type Draft, demand, move, taskAt, update } from './draft.ts';
import type { EffectKind, StepResult, TaskModel } from './model.ts';
import { askRollback, joinRunRollback } from './requests.ts';

type Of<K extends StepResult['kind']> = Extract<StepResult, { kind: K }>;

const NEXT: Partial<Record<TaskState, { to: TaskState; effect: EffectKind }>> = {
  connecting: { to: 'checking', effect: 'check' },
  checking: { to: 'simulating', effect: 'simulate' },
  simulating: { to: 'capturing', effect: 'capture' },
  capturing: { to: 'staging', effect: 'stage' },
  staging: { to: 'applying', effect: 'apply' },
};

const finalStateOf = (task: TaskModel, error: FrostError): TaskState => {
  if (task.cancelling && error.code === 'cancelled') return 'cancelled';
  if (task.state === 'connecting' && task.reattach !== null) return 'interrupted';
  if (isUnreachable(error)) return 'unreachable';
  return isRefusal(error) ? 'refused' : 'failed';
};

const CANCELLED: FrostError = {
  code: 'cancelled',
  message: 'Stopped by the operator before anything was changed.',
  retryable: true,
};

const onPassed = (draft: Draft, index: number, result: Of<'passed'>): Draft => {
  const task = taskAt(draft, index);
  if (task.state === 'connecting' && task.reattach !== null) {
    if (task.reattach === 'rollback') return askRollback(draft, index);
    move(draft, index, 'applying', { jobSince: draft.at });
    return demand(draft, index, 'apply');
  }
  if (task.cancelling) return move(draft, index, 'cancelled', { error: CANCELLED });
  const next = NEXT[task.state];
  if (next === undefined) throw new Error(`nothing follows a passed step in ${task.state}`);
  move(draft, index, next.to, {
    ...(task.state === 'capturing' && { captured: true, proof: result.proof ?? task.proof }),
    ...(next.to === 'applying' && { jobSince: draft.at }),
  });
  return demand(draft, index, next.effect);
};

/** Nothing was started: where the task ends depends on why. A rollback that could not be started is a failed rollback. */
const onFailed = (draft: Draft, index: number, { error }: Of<'failed'>): Draft => {
  const task = taskAt(draft, index);
  if (task.state !== 'rolling-back') return move(draft, index, finalStateOf(task, error), { error });
  // The job of the last attempt is still at work on the host.
  if (error.code === 'host.busy') return move(draft, index, 'needs-attention', { error, reattach: 'apply' });
  return move(draft, index, 'rollback-failed', { error });
};

/** The end of a mutation is not known: only looking again, or a person, can tell. */
const onUnknown = (draft: Draft, index: number, error: FrostError, contact: boolean): Draft =>
  move(draft, index, contact ? 'needs-attention' : 'interrupted', {
    error,
    changed: true,
    reattach: taskAt(draft, index).state === 'rolling-back' ? 'rollback' : 'apply',
  });

const onJobEnded = (draft: Draft, index: number, { complaint }: Of<'job-ended'>): Draft => {
  const task = taskAt(draft, index);
  update(draft, index, { complaint, reattach: null });
  if (task.state === 'rolling-back') return demand(draft, index, 'compare');
  move(draft, index, 'verifying', { changed: true });
  return demand(draft, index, 'verify');
};

const onJobAbsent = (draft: Draft, index: number): Draft => {
  const task = taskAt(draft, index);
  update(draft, index, { reattach: null });
  if (task.state === 'rolling-back') return demand(draft, index, 'rollback');
  if (task.cancelling) return move(draft, index, 'cancelled', { error: CANCELLED });
  move(draft, index, 'checking');
  return demand(draft, index, 'check');
};

const onVerified = (draft: Draft, index: number, result: Of<'verified'>): Draft => {
  const task = taskAt(draft, index);
  const { outcome, rebootRequired, error } = result;
  const known = { outcome, rebootRequired, changed: result.touched, complaint: null };
  if (result.complete) return move(draft, index, 'succeeded', { ...known, error: null });
  if (task.cancelling && error?.code === 'cancelled')
    return move(draft, index, 'cancelled', { ...known, error });
  if (!result.touched || draft.state.parameters.onFailure === 'keep')
    return move(draft, index, 'failed', { ...known, error });
  update(draft, index, known);
  return askRollback(draft, index, error);
};

const onCompared = (draft: Draft, index: number, result: Of<'compared'>): Draft => {
  const { outcome, rebootRequired, difference, error } = result;
  const known = { outcome, rebootRequired, difference, complaint: null };
  return result.restored
    ? move(draft, index, 'rolled-back', { ...known, changed: false })
    : move(draft, index, 'rollback-failed', { ...known, error });
};

/** Takes a task on by the result of the effect it waited for. */
export const onStep = (draft: Draft, index: number, result: StepResult): void => {
  update(draft, index, { effect: null });
  switch (result.kind) {
    case 'passed':
      onPassed(draft, index, result);
      break;
    case 'compliant':
      move(draft, index, 'compliant', { outcome: { kind: 'planned' } });
      break;
    case 'failed':
      onFailed(draft, index, result);
      break;
    case 'job-ended':
      onJobEnded(draft, index, result);
      break;
    case 'job-absent':
      onJobAbsent(draft, index);
      break;
    case 'job-lost':
    case 'unknown':
      onUnknown(draft, index, result.error, result.contact);
      break;
    case 'verified':
      onVerified(draft, index, result);
      break;
    case 'compared':
      onCompared(draft, index, result);
      break;
  }
  joinRunRollback(draft, index);
};

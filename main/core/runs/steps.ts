/** What follows from a step's result: the task's way from state to state. Pure, used by the reducer. */
import { type FrostError, isRefusal, isUnreachable } from '../../../shared/errors.ts';
import type { TaskState } from '../../../shared/model/run.ts';
import { type Draft, demand, move, taskAt, update } from './draft.ts';
import { EffectKind, type StepResult, type TaskModel } from './model.ts';
import { askRollback, joinRunRollback, stopRollbacks } from './requests.ts';

type Of<K extends StepResult['kind']> = Extract<StepResult, { kind: K }>;

/** What comes after a step that passed, by what it did. The way from `verify` on depends on the parameters. */
const NEXT: Partial<Record<EffectKind, { to: TaskState; effect: EffectKind }>> = {
  connect: { to: 'checking', effect: 'check' },
  check: { to: 'simulating', effect: 'simulate' },
  simulate: { to: 'capturing', effect: 'capture' },
  capture: { to: 'staging', effect: 'stage' },
  stage: { to: 'applying', effect: 'apply' },
  before: { to: 'applying', effect: 'apply' },
};

/** Results are told apart by what was asked for; a run of an earlier version did not record it. */
const doingOf = (task: TaskModel): EffectKind | undefined => {
  const known = EffectKind.safeParse(task.doing);
  if (known.success) return known.data;
  const byState: Partial<Record<TaskState, EffectKind>> = {
    connecting: 'connect',
    checking: 'check',
    simulating: 'simulate',
    capturing: 'capture',
    staging: 'stage',
  };
  return byState[task.state];
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

/** The files of the next job are read from their beginning. */
const FROM_THE_START = { follow: { log: 0, progress: 0 } } satisfies Partial<TaskModel>;

/** A hook, like a mutation, is a job of its own on the host, followed from its first byte. */
const demandJob = (draft: Draft, index: number, kind: EffectKind): Draft => {
  update(draft, index, { ...FROM_THE_START, jobSince: draft.at });
  return demand(draft, index, kind);
};

const wantsReboot = (draft: Draft, task: TaskModel): boolean => {
  const { reboot } = draft.state.parameters;
  if (task.rebooted) return false;
  return reboot === 'always' || (reboot === 'if-required' && task.rebootRequired === true);
};

type Finish = 'reboot' | 'after' | 'probe';
const FINISH: readonly Finish[] = ['reboot', 'after', 'probe'];

/** Once the packages are seen to be in place: restart, hook, health; what was not asked for is passed over. */
const finishAfter = (draft: Draft, index: number, done: Finish | 'verify'): Draft => {
  const task = taskAt(draft, index);
  const { after, probe } = draft.state.parameters;
  const wanted: Record<Finish, boolean> = {
    reboot: wantsReboot(draft, task),
    after: after !== undefined,
    probe: probe !== undefined,
  };
  const from = done === 'verify' ? 0 : FINISH.indexOf(done) + 1;
  const next = FINISH.slice(from).find((step) => wanted[step]);
  if (next === undefined) return move(draft, index, 'succeeded', { error: null });
  if (next === 'reboot') {
    move(draft, index, 'rebooting', { jobSince: draft.at });
    return demand(draft, index, 'reboot');
  }
  return next === 'after' ? demandJob(draft, index, 'after') : demand(draft, index, 'probe');
};

/** A restarted host is looked at again: what it runs now is what counts. */
const onRebooted = (draft: Draft, index: number, rebooted: boolean): Draft => {
  move(draft, index, 'verifying', { rebooted });
  return demand(draft, index, 'verify');
};

const onPassed = (draft: Draft, index: number, result: Of<'passed'>): Draft => {
  const task = taskAt(draft, index);
  const doing = doingOf(task);
  if (doing === 'after' || doing === 'probe') return finishAfter(draft, index, doing);
  if (doing === 'reboot') return onRebooted(draft, index, result.rebooted === true);
  if (task.state === 'connecting' && task.reattach !== null) {
    if (task.reattach === 'rollback') return askRollback(draft, index);
    move(draft, index, 'applying', { jobSince: draft.at });
    return demand(draft, index, 'apply');
  }
  if (task.cancelling) return move(draft, index, 'cancelled', { error: CANCELLED });
  if (doing === 'stage' && draft.state.parameters.before !== undefined)
    return demandJob(draft, index, 'before');
  const next = doing === undefined ? undefined : NEXT[doing];
  if (next === undefined) throw new Error(`nothing follows a passed ${doing ?? 'step'} in ${task.state}`);
  move(draft, index, next.to, {
    ...(doing === 'capture' && { captured: true, proof: result.proof ?? task.proof }),
    ...(next.to === 'applying' && { ...FROM_THE_START, jobSince: draft.at }),
  });
  return demand(draft, index, next.effect);
};

/** The packages are in place, and yet the task has failed: what the policy says of a failed host is done. */
const onUnhealthy = (draft: Draft, index: number, error: FrostError): Draft => {
  const { onFailure } = draft.state.parameters;
  if (onFailure === 'keep') return move(draft, index, 'failed', { error });
  return askRollback(draft, index, error);
};

/** Nothing was started: where the task ends depends on why. A rollback that could not be started is a failed rollback. */
const onFailed = (draft: Draft, index: number, { error }: Of<'failed'>): Draft => {
  const task = taskAt(draft, index);
  if (task.state === 'verifying' || task.state === 'rebooting') return onUnhealthy(draft, index, error);
  if (task.state !== 'rolling-back') return move(draft, index, finalStateOf(task, error), { error });
  // The job of the last attempt is still at work on the host.
  if (error.code === 'host.busy') return move(draft, index, 'needs-attention', { error, reattach: 'apply' });
  return move(draft, index, 'rollback-failed', { error });
};

/** The end of a mutation is not known: only looking again, or a person, can tell. */
const onUnknown = (draft: Draft, index: number, error: FrostError, contact: boolean): Draft => {
  const { state, changed } = taskAt(draft, index);
  // A host that does not come back from a restart needs a person, reachable or not.
  return move(draft, index, contact || state === 'rebooting' ? 'needs-attention' : 'interrupted', {
    error,
    // While staging, only a hook was at work.
    changed: state === 'staging' ? changed : true,
    reattach: state === 'rolling-back' ? 'rollback' : 'apply',
    ...(state !== 'applying' && state !== 'rolling-back' && FROM_THE_START),
  });
};

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
  if (result.complete) {
    update(draft, index, known);
    return finishAfter(draft, index, 'verify');
  }
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
  stopRollbacks(draft, index);
};

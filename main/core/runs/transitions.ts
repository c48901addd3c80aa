/** Every step a task may take, and no other. Pure data: the reducer refuses, and the replay of an event log checks, against it. */
import { FINAL_STATES, type TaskState } from '../../../shared/model/run.ts';

export const TRANSITIONS: Record<TaskState, readonly TaskState[]> = {
  // To interrupted when an abort comes before a retry could look for the job of the last attempt.
  queued: ['connecting', 'terminated', 'refused', 'failed', 'interrupted'],
  // To applying and rolling-back only when a retry looks for the job of the last attempt.
  connecting: [
    'checking',
    'applying',
    'rolling-back',
    'unreachable',
    'refused',
    'failed',
    'cancelled',
    'interrupted',
  ],
  checking: ['simulating', 'unreachable', 'refused', 'failed', 'cancelled'],
  simulating: ['capturing', 'compliant', 'unreachable', 'refused', 'failed', 'cancelled'],
  capturing: ['staging', 'unreachable', 'refused', 'failed', 'cancelled'],
  // To interrupted and needs-attention when the end of the hook before the change is not known.
  staging: ['applying', 'unreachable', 'refused', 'failed', 'cancelled', 'interrupted', 'needs-attention'],
  // Back to checking: a resumed console found that the job was never started; hours may have gone by, so all is judged anew.
  applying: [
    'verifying',
    'checking',
    'unreachable',
    'refused',
    'failed',
    'cancelled',
    'interrupted',
    'needs-attention',
  ],
  rebooting: ['verifying', 'failed', 'rolling-back', 'interrupted', 'needs-attention'],
  // To rebooting once the packages are seen to be in place, and from there back: they are looked at again.
  verifying: [
    'rebooting',
    'succeeded',
    'failed',
    'rolling-back',
    'cancelled',
    'interrupted',
    'needs-attention',
  ],
  'rolling-back': ['rolled-back', 'rollback-failed', 'interrupted', 'needs-attention'],
  // At rest. What changed its host can be rolled back from wherever a retry has left it.
  succeeded: ['rolling-back'],
  compliant: ['rolling-back'],
  failed: ['rolling-back', 'queued'],
  'rolled-back': ['queued'],
  'rollback-failed': ['rolling-back'],
  unreachable: ['rolling-back', 'queued'],
  refused: ['rolling-back', 'queued'],
  terminated: ['rolling-back', 'queued'],
  cancelled: ['rolling-back', 'queued'],
  interrupted: ['rolling-back', 'queued'],
  'needs-attention': ['rolling-back', 'queued'],
};

export const mayFollow = (from: TaskState, to: TaskState): boolean => TRANSITIONS[from].includes(to);

/** Holds one of the run's slots: something is going on on the host, or may be. */
export const isActive = (state: TaskState): boolean => state !== 'queued' && !FINAL_STATES.has(state);

/** States in which nothing was changed yet, so that a task may simply be stopped. */
export const BEFORE_MUTATION: ReadonlySet<TaskState> = new Set<TaskState>([
  'connecting',
  'checking',
  'simulating',
  'capturing',
  'staging',
]);

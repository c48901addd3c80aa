/** When a run ends early: too many failures, the end of its window, the word of its probe. Pure, used by the reducer. */
import { frostError } from '../../../shared/errors.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';
import { type Draft, failuresOf, move, taskAt } from './draft.ts';
import type { Input, RunModel, TaskModel } from './model.ts';
import { abort, isWindowOver, rollBackRun } from './requests.ts';

/** At rest by having been worked on. What was refused in the plan, or never started, tells nothing of the patches. */
const isCompleted = (task: TaskModel): boolean =>
  FINAL_STATES.has(task.state) && task.state !== 'terminated' && task.state !== 'refused';

const percent = (part: number, of: number): string => `${Math.floor((part * 1000) / of) / 10} %`;

type Exceeded = { of: number; limit: number; share: boolean; reason: string };

const exceededLimit = (run: RunModel, failures: number): Exceeded | null => {
  const { abortsAtFailure, abortsAtShare } = run.parameters;
  const of = run.tasks.length;
  if (abortsAtFailure !== null && failures >= abortsAtFailure)
    return {
      of,
      limit: abortsAtFailure,
      share: false,
      reason: `${failures} of ${of} hosts failed; the run aborts at ${abortsAtFailure}`,
    };
  if (abortsAtShare === null) return null;
  const completed = run.tasks.filter(isCompleted).length;
  // A failed host that is being rolled back counts already, though it is not at rest yet.
  const judged = Math.max(completed, failures);
  if (judged < abortsAtShare.minCompleted || failures * 100 <= abortsAtShare.percent * judged) return null;
  return {
    of: judged,
    limit: abortsAtShare.percent,
    share: true,
    reason: `${failures} of ${judged} completed hosts failed (${percent(failures, judged)}); the run aborts above ${abortsAtShare.percent} %`,
  };
};

/** Aborts when the failures exceed what is allowed; under `rollback-run` the first real failure is enough. */
export const judgeFailures = (draft: Draft): void => {
  const run = draft.state;
  if (run.state !== 'running' || (draft.failed === null && !draft.completed)) return;
  const failures = failuresOf(run);
  const exceeded = failures > 0 ? exceededLimit(run, failures) : null;
  const failed = run.tasks.filter((task) => task.counted).map((task) => task.host);
  if (run.parameters.onFailure === 'rollback-run' && draft.failed !== null && (exceeded || draft.failed.hard))
    rollBackRun(draft, `${draft.failed.host} failed: the whole run is rolled back`, {
      kind: 'rollback-run',
      failed,
    });
  else if (exceeded !== null)
    abort(draft, {
      reason: exceeded.reason,
      cause: {
        kind: 'threshold',
        failed,
        of: exceeded.of,
        limit: exceeded.limit,
        share: exceeded.share,
      },
      stopRunning: false,
      dropRollbacks: false,
    });
};

/** The window's end ends the run: what is at work is finished. */
export const judgeWindow = (draft: Draft): void => {
  const { state, parameters } = draft.state;
  if (state !== 'running' || parameters.until === undefined) return;
  if (!isWindowOver(draft.state, draft.at)) return;
  abort(draft, {
    reason: `the window ended at ${parameters.until}`,
    cause: { kind: 'window', until: parameters.until },
    stopRunning: false,
    dropRollbacks: false,
  });
};

/** True: the task would not be done by the end of the window; it is left out, and says so. */
export const leftOutByWindow = (draft: Draft, index: number): boolean => {
  const { until } = draft.state.parameters;
  const { predictedSeconds, host, reattach } = taskAt(draft, index);
  if (until === undefined || predictedSeconds === null || reattach !== null) return false;
  const left = (Date.parse(until) - Date.parse(draft.at)) / 1000;
  if (predictedSeconds <= left) return false;
  move(draft, index, 'terminated', {
    error: frostError(
      'window.closed',
      `Its task took ${Math.ceil(predictedSeconds)} s in past runs, and the window ends in ${Math.max(0, Math.floor(left))} s.`,
      { host, hint: 'Plan it again for the next window.' },
    ),
  });
  return true;
};

export const onProbe = (draft: Draft, { result, detail }: Extract<Input, { kind: 'probe' }>): void => {
  const run = draft.state;
  if (run.state !== 'running') return;
  const unreadable = result === 'unreadable';
  if (result === 'clear' || (unreadable && run.parameters.abortIfUnreadable === 'continue')) {
    run.cleared = true;
    return;
  }
  const said = detail === '' ? '' : `: ${detail}`;
  abort(draft, {
    reason: (unreadable ? `the abort probe cannot be read${said}` : `the abort probe says so${said}`).slice(
      0,
      1000,
    ),
    cause: { kind: 'probe', unreadable, detail: detail.slice(0, 1000) },
    stopRunning: false,
    dropRollbacks: false,
  });
};

/** From the words an admin writes (`25%`, `2h`) to the numbers a run obeys, so that both can be shown side by side. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import {
  durationSeconds,
  gateOf,
  hostsAtOnce,
  thresholdOf,
  waveSizes,
  wavesGrow,
} from '../../../shared/model/parameters.ts';
import type { ResolvedParameters, RunParameters } from '../../../shared/model/plan.ts';
import { fieldWords } from '../inputWords.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Seconds of each duration; errors: `input.invalid`, naming the one beyond its bound. */
const seconds = (parameters: RunParameters) => {
  const limits = [
    ['timeout', 'timeoutSeconds', 7 * DAY],
    ['lockTimeout', 'lockTimeoutSeconds', DAY],
    ['prepareTimeout', 'prepareTimeoutSeconds', DAY],
    ['rebootTimeout', 'rebootTimeoutSeconds', DAY],
    ['hookTimeout', 'hookTimeoutSeconds', DAY],
    ['probeTimeout', 'probeTimeoutSeconds', HOUR],
    ['probeInterval', 'probeIntervalSeconds', HOUR],
    ['abortIfInterval', 'abortIfSeconds', DAY],
  ] as const;
  const long = limits.find(([name, , most]) => !(durationSeconds(parameters[name]) <= most));
  if (long !== undefined)
    return fail('input.invalid', `${parameters[long[0]]} is too long for ${fieldWords([long[0]])}.`, {
      hint: `At most ${long[2] / HOUR}h.`,
    });
  const [timeout, lock, prepare, reboot, hook, probe, interval, abort] = limits.map(([name]) =>
    durationSeconds(parameters[name]),
  );
  return ok({
    timeoutSeconds: timeout ?? 0,
    lockTimeoutSeconds: lock ?? 0,
    prepareTimeoutSeconds: prepare ?? 0,
    rebootTimeoutSeconds: reboot ?? 0,
    hookTimeoutSeconds: hook ?? 0,
    probeTimeoutSeconds: probe ?? 0,
    probeIntervalSeconds: interval ?? 0,
    abortIfSeconds: abort ?? 0,
  });
};

/**
 * `concurrency`: rounds down, at least 1, at most the targets. `abortsAtFailure`: the run aborts when failures *exceed* the
 * limit, so it is the limit + 1; null where the limit can never be exceeded. `changing`: how many of the targets have
 * something to do, which is what waves are made of; `now` (ms): the window must not be over.
 * Errors: `input.invalid` (a concurrency of nothing, waves that do not grow, a duration beyond its bound, a window that is over).
 */
export const resolveParameters = (
  parameters: RunParameters,
  targets: number,
  changing: number,
  now: number,
): Result<ResolvedParameters> => {
  if (parameters.concurrency === '0' || parameters.concurrency === '0%')
    return fail('input.invalid', 'A concurrency of 0 would never start anything.', {
      hint: 'Use at least 1.',
    });
  if (parameters.until !== undefined && Date.parse(parameters.until) <= now)
    return fail('input.invalid', 'The window is over: its end lies in the past.');
  if (!wavesGrow(parameters.waves))
    return fail('input.invalid', `Waves ${parameters.waves.join(', ')} do not grow.`, {
      hint: 'Each number is how many hosts have started by then, e.g. 1, 10%, 50%, 100%.',
    });
  const limits = seconds(parameters);
  if (!limits.ok) return limits;

  return ok({
    ...parameters,
    ...limits.value,
    targets,
    ...thresholdOf(parameters.maxFailures, parameters.minCompleted, targets),
    concurrency: hostsAtOnce(parameters.concurrency, targets),
    waveSizes: waveSizes(parameters.waves, changing),
    resolvedGate: gateOf(parameters.gate),
  });
};

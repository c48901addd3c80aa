/** From the words an admin writes (`25%`, `2h`) to the numbers a run obeys, so that both can be shown side by side. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { ResolvedParameters, RunParameters } from '../../../shared/model/plan.ts';

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
/** Longer than any mutation, and far below what a timer can hold. */
const LONGEST_TIMEOUT = 7 * UNIT_SECONDS.d;
const LONGEST_LOCK_TIMEOUT = UNIT_SECONDS.d;

/** Seconds of a `Duration` such as `90s`, `5m`, `2h`, `1d`. The text has passed its schema. */
export const durationSeconds = (text: string): number => {
  const unit = text.at(-1);
  const factor =
    unit === 's' || unit === 'm' || unit === 'h' || unit === 'd' ? UNIT_SECONDS[unit] : Number.NaN;
  return Number(text.slice(0, -1)) * factor;
};

/** `count` of `5` or of `25%` of the targets, rounded down. Whole numbers only, so that 30% of 10 is 3 and not 2.999…. */
const amountOf = (text: string, targets: number): number =>
  text.endsWith('%') ? Math.floor((Number(text.slice(0, -1)) * targets) / 100) : Number(text);

/**
 * `concurrency`: rounds down, at least 1, at most the targets. `abortsAtFailure`: the run aborts when failures *exceed* the
 * limit, so it is the limit + 1; null where the limit can never be exceeded.
 * Errors: `input.invalid` (a concurrency of nothing, a duration beyond its bound), `not-available` (options of a later version).
 */
export const resolveParameters = (parameters: RunParameters, targets: number): Result<ResolvedParameters> => {
  if (parameters.concurrency === '0' || parameters.concurrency === '0%')
    return fail('input.invalid', 'A concurrency of 0 would never start anything.', {
      hint: 'Use at least 1.',
    });
  if (parameters.maxFailures.endsWith('-of-completed'))
    return fail('not-available', 'A failure limit as a percentage of completed hosts is not there yet.', {
      hint: 'Use a number of hosts, or a percentage of targets such as 10%.',
    });
  if (parameters.reboot !== 'never')
    return fail('not-available', 'Rebooting hosts as part of a run is not there yet.', {
      hint: 'Use --reboot never; the run says which hosts want a reboot.',
    });
  const timeoutSeconds = durationSeconds(parameters.timeout);
  const lockTimeoutSeconds = durationSeconds(parameters.lockTimeout);
  if (!(timeoutSeconds <= LONGEST_TIMEOUT)) return fail('input.invalid', 'A timeout is at most 7d.');
  if (!(lockTimeoutSeconds <= LONGEST_LOCK_TIMEOUT))
    return fail('input.invalid', 'A lock timeout is at most 1d.');

  const limit = amountOf(parameters.maxFailures, targets);
  return ok({
    ...parameters,
    targets,
    concurrency: Math.max(1, Math.min(amountOf(parameters.concurrency, targets), targets)),
    abortsAtFailure: limit >= targets ? null : limit + 1,
    timeoutSeconds,
    lockTimeoutSeconds,
  });
};

/** From the words an admin writes (`25%`, `2h`) to the numbers a run obeys, so that both can be shown side by side. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { ResolvedParameters, RunParameters } from '../../../shared/model/plan.ts';

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
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

/** `P%-of-completed` as a number; undefined: it is a limit of another kind. */
const shareOf = (text: string): number | undefined => {
  const percent = /^(\d+)%-of-completed$/.exec(text)?.[1];
  return percent === undefined ? undefined : Number(percent);
};

const gateOf = (gate: RunParameters['gate']): ResolvedParameters['resolvedGate'] =>
  gate === 'auto' || gate === 'manual' ? { kind: gate } : { kind: 'soak', seconds: durationSeconds(gate) };

/**
 * How many of `hosts` are in each wave. Amounts are cumulative and round up; one that reaches no further than the one before
 * it falls away, and what the last leaves over is a wave of its own. Errors: `input.invalid`, where amounts go backwards.
 */
export const waveSizes = (waves: readonly string[], hosts: number): Result<number[]> => {
  const backwards = waves.findIndex((text, index) => {
    const before = waves[index - 1];
    if (before === undefined || before.endsWith('%') !== text.endsWith('%')) return false;
    return Number.parseInt(text, 10) <= Number.parseInt(before, 10);
  });
  if (backwards > 0 || waves.some((text) => Number.parseInt(text, 10) === 0))
    return fail('input.invalid', `Waves ${waves.join(', ')} do not grow.`, {
      hint: 'Each number is how many hosts have started by then, e.g. 1, 10%, 50%, 100%.',
    });
  const sizes: number[] = [];
  let reached = 0;
  for (const text of [...waves, '100%']) {
    const amount = text.endsWith('%') ? Math.ceil((Number(text.slice(0, -1)) * hosts) / 100) : Number(text);
    const until = Math.min(hosts, amount);
    if (until <= reached) continue;
    sizes.push(until - reached);
    reached = until;
  }
  return ok(sizes);
};

/** Seconds of each duration; errors: `input.invalid`, naming the one beyond its bound. */
const seconds = (parameters: RunParameters) => {
  const limits = [
    ['timeout', 'timeoutSeconds', 7 * UNIT_SECONDS.d],
    ['lockTimeout', 'lockTimeoutSeconds', UNIT_SECONDS.d],
    ['prepareTimeout', 'prepareTimeoutSeconds', UNIT_SECONDS.d],
    ['rebootTimeout', 'rebootTimeoutSeconds', UNIT_SECONDS.d],
    ['hookTimeout', 'hookTimeoutSeconds', UNIT_SECONDS.d],
    ['probeTimeout', 'probeTimeoutSeconds', UNIT_SECONDS.h],
    ['probeInterval', 'probeIntervalSeconds', UNIT_SECONDS.h],
    ['abortIfInterval', 'abortIfSeconds', UNIT_SECONDS.d],
  ] as const;
  const long = limits.find(([name, , most]) => !(durationSeconds(parameters[name]) <= most));
  if (long !== undefined)
    return fail('input.invalid', `${parameters[long[0]]} is too long for ${long[0]}.`, {
      hint: `At most ${long[2] / UNIT_SECONDS.h}h.`,
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
  const waves = waveSizes(parameters.waves, changing);
  if (!waves.ok) return waves;
  const limits = seconds(parameters);
  if (!limits.ok) return limits;

  const percent = shareOf(parameters.maxFailures);
  const limit = percent === undefined ? amountOf(parameters.maxFailures, targets) : targets;
  return ok({
    ...parameters,
    ...limits.value,
    targets,
    concurrency: Math.max(1, Math.min(amountOf(parameters.concurrency, targets), targets)),
    waveSizes: waves.value,
    resolvedGate: gateOf(parameters.gate),
    abortsAtFailure: limit >= targets ? null : limit + 1,
    abortsAtShare:
      percent === undefined
        ? null
        : { percent, minCompleted: Math.max(1, Math.min(parameters.minCompleted, targets)) },
  });
};

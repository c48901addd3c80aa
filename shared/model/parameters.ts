/** What the words an admin writes (`25%`, `2h`) come to in numbers: for the host process, and for a dialog while they are typed. Pure. */
import type { ResolvedParameters, RunParameters } from './plan.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a `Duration` such as `90s`, `5m`, `2h`, `1d`. The text has passed its schema. */
export const durationSeconds = (duration: string): number =>
  Number(duration.slice(0, -1)) * (UNIT_SECONDS[duration.at(-1) ?? ''] ?? Number.NaN);

/** Hosts at once, of `Amount`; at least 1, at most the targets. */
export const hostsAtOnce = (concurrency: string, targets: number): number =>
  Math.max(1, Math.min(amountOf(concurrency, targets), targets));

/** Rounded down; whole numbers only, so that 30% of 10 is 3. */
const amountOf = (amount: string, targets: number): number =>
  amount.endsWith('%') ? Math.floor((Number(amount.slice(0, -1)) * targets) / 100) : Number(amount);

export type Threshold = Pick<ResolvedParameters, 'abortsAtFailure' | 'abortsAtShare'>;

/** When the failures end the run: at a count, above a share of the completed, or never (both null). */
export const thresholdOf = (maxFailures: string, minCompleted: number, targets: number): Threshold => {
  const share = /^(\d+)%-of-completed$/.exec(maxFailures)?.[1];
  if (share !== undefined)
    return {
      abortsAtFailure: null,
      abortsAtShare: {
        percent: Number(share),
        minCompleted: Math.max(1, Math.min(minCompleted, targets)),
      },
    };
  const allowed = amountOf(maxFailures, targets);
  return { abortsAtFailure: allowed >= targets ? null : allowed + 1, abortsAtShare: null };
};

/** Whether cumulative amounts grow: a later one of the same kind is larger, none is nothing. */
export const wavesGrow = (waves: readonly string[]): boolean =>
  waves.every((amount, index) => {
    const before = waves[index - 1];
    const value = Number.parseInt(amount, 10);
    if (value === 0) return false;
    if (before === undefined || before.endsWith('%') !== amount.endsWith('%')) return true;
    return value > Number.parseInt(before, 10);
  });

/**
 * How many of `hosts` are in each wave. Amounts are cumulative and round up; one that reaches no further than the one before
 * it falls away, and what the last leaves over is a wave of its own.
 */
export const waveSizes = (waves: readonly string[], hosts: number): number[] => {
  const sizes: number[] = [];
  let reached = 0;
  for (const amount of [...waves, '100%']) {
    const upTo = Math.min(
      hosts,
      amount.endsWith('%') ? Math.ceil((Number(amount.slice(0, -1)) * hosts) / 100) : Number(amount),
    );
    if (upTo <= reached) continue;
    sizes.push(upTo - reached);
    reached = upTo;
  }
  return sizes;
};

export const gateOf = (gate: RunParameters['gate']): ResolvedParameters['resolvedGate'] =>
  gate === 'auto' || gate === 'manual' ? { kind: gate } : { kind: 'soak', seconds: durationSeconds(gate) };

/** What a slow start allows when `well` hosts have ended well: 1, 2, 4 … up to the cap. */
export const slowStartLimit = (well: number, cap: number): number =>
  Math.min(cap, 2 ** Math.floor(Math.log2(well + 1)));

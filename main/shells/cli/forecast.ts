/** What a plan's numbers lead to, as far as past runs tell: the steps of a slow start, and who will not be done in the window. */
import type { Plan } from '../../../shared/model/plan.ts';

/** `5` → 1, 2, 4, 5. */
export const slowStartSteps = (concurrency: number): number[] => {
  const steps: number[] = [];
  for (let step = 1; step < concurrency; step *= 2) steps.push(step);
  return [...steps, concurrency];
};

/**
 * Names of the hosts that would not be done by the end of the window. At best: every host takes what past runs took, gates of
 * a person open at once, a slow start is not slow. A host of unknown duration takes up no time.
 */
export const leftOutByWindow = (plan: Plan): string[] => {
  const { until, concurrency, resolvedGate, waveSizes } = plan.parameters;
  if (until === undefined) return [];
  const window = (Date.parse(until) - Date.parse(plan.createdAt)) / 1000;
  const soak = resolvedGate.kind === 'soak' ? resolvedGate.seconds : 0;
  const left: string[] = [];
  let begins = 0;
  for (let wave = 1; wave <= Math.max(1, waveSizes.length); wave += 1) {
    const free = Array.from({ length: concurrency }, () => begins);
    for (const host of plan.hosts) {
      if (host.state !== 'ready' || (host.wave ?? 1) !== wave) continue;
      const at = Math.min(...free);
      const ends = at + (host.predictedSeconds ?? 0);
      if (at >= window || (host.predictedSeconds !== undefined && ends > window)) left.push(host.host);
      else free[free.indexOf(at)] = ends;
    }
    begins = Math.max(...free) + soak;
  }
  return left;
};

/** When a host's turn comes, and how long it will take. Pure. */
import type { HostPlan } from '../../../shared/model/plan.ts';

/** Runs whose durations say how long the next will take. */
export const PAST_RUNS = 20;
const USUAL = 5;

const median = (numbers: readonly number[]): number | undefined => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

/** What the host's own last tasks took at most, else what is usual in this fleet. */
const predicted = (host: HostPlan, past: ReadonlyMap<string, number[]>): number | undefined => {
  const own = past.get(host.hostId)?.slice(0, USUAL) ?? [];
  return own.length > 0 ? Math.max(...own) : median([...past.values()].flat());
};

/** Hosts that will be changed, in their order, into waves; a canary that has nothing to do would prove nothing. */
export const inWaves = (
  hosts: readonly HostPlan[],
  sizes: readonly number[],
  past: ReadonlyMap<string, number[]>,
): HostPlan[] => {
  const ends = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0));
  let place = 0;
  return hosts.map((host) => {
    if (host.state !== 'ready') return host;
    place += 1;
    const wave = ends.findIndex((end) => place <= end) + 1;
    const seconds = predicted(host, past);
    return { ...host, wave, ...(seconds !== undefined && { predictedSeconds: Math.round(seconds) }) };
  });
};

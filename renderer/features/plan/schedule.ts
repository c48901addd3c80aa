/** How long a plan will take and who would not be done by the end of its window, from what past runs took. Pure. */

import { slowStartLimit } from '../../../shared/model/parameters.ts';
import type { HostPlan, Plan } from '../../../shared/model/plan.ts';

export type Schedule = {
  /** From the start to the last host's end, gates that want an approval not counted. */
  seconds: number;
  /** Hosts that would not be started, because they would not be done by the window's end. */
  late: HostPlan[];
  /** Gates that wait for a person. */
  approvals: number;
};

/**
 * Plays the run as the engine would, every host taking what it took before. Undefined where nothing is known of some host.
 * `now`: ms since epoch, when the run would begin.
 */
export const scheduleOf = (plan: Plan, now: number): Schedule | undefined => {
  const { concurrency, slowStart, until, resolvedGate } = plan.parameters;
  const hosts = plan.hosts.filter((host) => host.state === 'ready');
  if (hosts.length === 0 || hosts.some((host) => host.predictedSeconds === undefined)) return undefined;
  const left = until === undefined ? Number.POSITIVE_INFINITY : (Date.parse(until) - now) / 1000;
  const late: HostPlan[] = [];
  const numbers = [...new Set(hosts.map((host) => host.wave ?? 1))].sort((a, b) => a - b);
  let clock = 0;
  let well = 0;
  let gates = 0;
  for (const [index, number] of numbers.entries()) {
    if (index > 0) {
      gates += 1;
      if (resolvedGate.kind === 'soak') clock += resolvedGate.seconds;
    }
    const ends: number[] = [];
    const endOne = () => {
      clock = Math.max(clock, ends.shift() ?? clock);
      well += 1;
    };
    for (const host of hosts.filter((each) => (each.wave ?? 1) === number)) {
      while (ends.length >= (slowStart ? slowStartLimit(well, concurrency) : concurrency)) endOne();
      const end = clock + (host.predictedSeconds ?? 0);
      if (end > left) {
        late.push(host);
        continue;
      }
      ends.push(end);
      ends.sort((a, b) => a - b);
    }
    while (ends.length > 0) endOne();
  }
  return { seconds: clock, late, approvals: resolvedGate.kind === 'manual' ? gates : 0 };
};

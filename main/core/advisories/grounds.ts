/** Several verdicts on the same thing: what the worst of them, which counts, rests on. Pure. */
import type { Ground, GroundSource } from '../../../shared/model/grounds.ts';
import type { Severity } from '../../../shared/model/primitives.ts';
import { SEVERITIES } from './verdict.ts';

export type Grounded = { severity: Severity; grounds: Ground[] };

/** Of hosts' lists the older, of imported data the newer; what tells an age outweighs what tells none. */
const telling = (a: Ground, b: Ground): Ground => {
  if (a.asOf === null || b.asOf === null) return a.asOf === null ? b : a;
  const [older, newer] = a.asOf <= b.asOf ? [a, b] : [b, a];
  return a.source === 'hosts' ? older : newer;
};

/** Each source once, those of the worst verdict first and with the age they have there. */
export const mergedGrounds = (verdicts: Grounded[]): Ground[] => {
  const found = new Map<GroundSource, { ground: Ground; severity: Severity }>();
  const sorted = verdicts.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  for (const { severity, grounds } of sorted)
    for (const ground of grounds) {
      const before = found.get(ground.source);
      if (before === undefined) found.set(ground.source, { ground, severity });
      else if (before.severity === severity) before.ground = telling(before.ground, ground);
    }
  return [...found.values()].map(({ ground }) => ground);
};

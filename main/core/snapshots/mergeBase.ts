/**
 * The base of a merge: the nearest common ancestor; where histories cross and there are several, their own merge, made the same way
 * on the ancestors these have in common. What is in conflict there has no value in the base (`contested`): only what both sides
 * agree on is then clean. Pure, and the same whichever side is named first.
 */
import type { Revision } from '../../../shared/model/snapshot.ts';
import { type LookUp, nearestCommon } from './ancestry.ts';
import { asBase, EMPTY_BASE, type MergeBase, mergeContents } from './merge.ts';

/** Histories that cross more often than this were not made by people; the nearest ancestor alone is the base then. */
const MAX_BASES = 16;
const MAX_MERGES = 32;

/** `budget`: merges of bases that may still be made. It is spent in the same order whichever side is named first. */
const baseOf = (ours: string[], theirs: string[], lookUp: LookUp, budget: { merges: number }): MergeBase => {
  const bases = nearestCommon(ours, theirs, lookUp);
  const [first, ...others] = bases;
  if (first === undefined) return EMPTY_BASE;
  if (bases.length > MAX_BASES) return asBase(first.content);
  let joined = [first.id];
  let base = asBase(first.content);
  for (const next of others) {
    if (budget.merges === 0) break;
    budget.merges -= 1;
    const below = baseOf(joined, [next.id], lookUp, budget);
    const { content, contested } = mergeContents({ base: below, ours: base, theirs: next.content });
    base = { ...content, contested: new Set([...base.contested, ...contested]) };
    joined = [...joined, next.id];
  }
  return base;
};

export type FoundBase = { base: MergeBase; revisions: Revision[] };

/** `revisions`: the nearest common ancestors; none where the two have nothing in common, and everything counts as added. */
export const mergeBaseOf = (ours: Revision, theirs: Revision, lookUp: LookUp): FoundBase => ({
  base: baseOf([ours.id], [theirs.id], lookUp, { merges: MAX_MERGES }),
  revisions: nearestCommon([ours.id], [theirs.id], lookUp),
});

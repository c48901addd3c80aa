/** What was made from what: ancestors of revisions, and the nearest ones two have in common. Pure. */
import type { Revision } from '../../../shared/model/snapshot.ts';
import { atOnce, type Steps } from '../turns.ts';

export type LookUp = (id: string) => Revision | undefined;

/** What looking at one revision costs, in characters of its text, about. */
const costOf = ({ content }: Revision): number => 500 + content.entries.length * 100;

/** The revisions and all they were made from, by id. Missing ones are left out. In steps of characters. */
export function* ancestrySteps(ids: Iterable<string>, lookUp: LookUp): Steps<Map<string, Revision>> {
  const found = new Map<string, Revision>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    const revision = lookUp(id);
    if (revision === undefined) continue;
    found.set(id, revision);
    open.push(...revision.content.parents);
    yield costOf(revision);
  }
  return found;
}

export const ancestry = (...given: Parameters<typeof ancestrySteps>): Map<string, Revision> =>
  atOnce(ancestrySteps(...given));

/**
 * The revision and all it was made from, oldest first, each after its parents. Missing ones are left out. In steps of
 * characters.
 */
export function* chainSteps(head: Revision, lookUp: LookUp): Steps<Revision[]> {
  const all = yield* ancestrySteps([head.id], (id) => (id === head.id ? head : lookUp(id)));
  // A parent's number is always the smaller one.
  return [...all.values()].sort((a, b) => a.content.number - b.content.number || (a.id < b.id ? -1 : 1));
}

export const chainOf = (...given: Parameters<typeof chainSteps>): Revision[] => atOnce(chainSteps(...given));

const later = (a: Revision, b: Revision): number =>
  b.content.number - a.content.number || (a.id < b.id ? -1 : 1);

/**
 * The nearest common ancestors of two sides, each side one revision or the merge of several: those of which no other common ancestor
 * was made. More than one where histories cross. The highest numbers first, then by id: the same whichever side is named first.
 */
export const nearestCommon = (ours: string[], theirs: string[], lookUp: LookUp): Revision[] => {
  const mine = ancestry(ours, lookUp);
  const common = [...ancestry(theirs, lookUp).values()].filter(({ id }) => mine.has(id)).sort(later);
  const passed = new Set<string>();
  const nearest: Revision[] = [];
  // A parent's number is always the smaller one, so whatever a revision was made from comes after it here.
  for (const revision of common) {
    if (!passed.has(revision.id)) nearest.push(revision);
    for (const parent of revision.content.parents) passed.add(parent);
  }
  return nearest;
};

/** A list of entries brought up to what scans offer now. Pure. */
import type { Entry } from '../../../shared/model/snapshot.ts';
import { byStage, entryKey } from './edit.ts';
import type { Compare } from './world.ts';

/** What is known of a version, and so goes with it; what an admin decided of the entry stays. */
const renewed = (old: Entry, offer: Entry): Entry => {
  const { severity: _s, classification: _c, advisories: _a, sizeBytes: _b, sha256: _h, ...kept } = old;
  const { severity, classification, advisories, sizeBytes, sha256 } = offer;
  return {
    ...kept,
    version: offer.version,
    ...(severity === undefined ? {} : { severity }),
    ...(classification === undefined ? {} : { classification }),
    ...(advisories === undefined ? {} : { advisories }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
};

/**
 * Takes newer versions for entries that are approved and not pinned, where they stand, and adds what is not listed yet, last in
 * its stage. Never an older version; never anything about a rejected or pinned entry.
 */
export const refreshEntries = (
  entries: Entry[],
  offered: Entry[],
  compareOf: (ecosystem: Entry['ecosystem']) => Compare,
): Entry[] => {
  const offers = new Map(offered.map((offer) => [entryKey(offer), offer]));
  const byName = Map.groupBy(offered, (offer) => `${offer.ecosystem}/${offer.name}`);
  const covered = new Set<Entry>();
  const kept = entries.map((entry) => {
    // An entry for every architecture takes the highest any of them is offered, and leaves none to be added beside it.
    const matching =
      entry.arch === undefined
        ? (byName.get(`${entry.ecosystem}/${entry.name}`) ?? [])
        : [offers.get(entryKey(entry))].filter((offer) => offer !== undefined);
    for (const offer of matching) covered.add(offer);
    if (entry.decision === 'reject' || entry.pinned === true) return entry;
    const compare = compareOf(entry.ecosystem);
    let best: Entry | undefined;
    for (const offer of matching)
      if (best === undefined || compare(offer.version, best.version) > 0) best = offer;
    return best === undefined || compare(best.version, entry.version) <= 0 ? entry : renewed(entry, best);
  });
  return byStage([...kept, ...offered.filter((offer) => !covered.has(offer))]);
};

/** How entries are judged: by the revision they stand in, and today. A revision keeps its word; what is known today stands beside it. Pure. */
import type { EntryVerdict } from '../../../shared/contract/snapshots.ts';
import { isJudgedOtherwise } from '../../../shared/grounds.ts';
import type { Ground } from '../../../shared/model/grounds.ts';
import type { Entry, SnapshotView } from '../../../shared/model/snapshot.ts';
import { type EntryKey, keyOf } from './entries.ts';

export type Judged = Pick<Entry, 'severity' | 'classification'> & {
  /** What that rests on. Empty: nobody said anything. */
  grounds: readonly Ground[];
  /** What is known today, where the revision says something else. */
  today?: EntryVerdict;
};
export type Judgements = ReadonlyMap<EntryKey, Judged>;

const versionKey = (one: Pick<Entry, 'ecosystem' | 'name' | 'arch' | 'version'>): string =>
  `${keyOf(one)} ${one.version}`;

/** The versions in a list, whatever is done with them: what is known today hangs on nothing else. */
export const versionsOf = (entries: readonly Entry[]): string => entries.map(versionKey).sort().join('\n');

const judge = (
  entry: Entry,
  today: EntryVerdict | undefined,
  base: SnapshotView,
  held: ReadonlySet<string>,
): Judged => {
  const { severity, classification } = entry;
  // No revision has it yet: saving describes it by what is known then.
  if (!held.has(versionKey(entry)))
    return today === undefined
      ? { severity, classification, grounds: [] }
      : { severity: today.severity, classification: today.classification, grounds: today.grounds };
  if (today !== undefined && !isJudgedOtherwise(entry, today))
    return { severity, classification, grounds: today.grounds };
  const said = severity !== undefined || classification !== undefined;
  return {
    severity,
    classification,
    grounds: said ? [{ source: 'snapshot', asOf: base.createdAt }] : [],
    ...(today === undefined ? {} : { today }),
  };
};

/** `base`: the revision that the edits which led to `entries` were made on. */
export const judgementsOf = (
  entries: readonly Entry[],
  verdicts: readonly EntryVerdict[],
  base: SnapshotView,
): Judgements => {
  const known = new Map(verdicts.map((verdict) => [versionKey(verdict), verdict]));
  const held = new Set(base.entries.map(versionKey));
  return new Map(
    entries.map((entry) => [keyOf(entry), judge(entry, known.get(versionKey(entry)), base, held)]),
  );
};

/** How many entries are judged otherwise today than in the revision. */
export const otherwiseCount = (judgements: Judgements): number =>
  [...judgements.values()].filter((one) => one.today !== undefined).length;

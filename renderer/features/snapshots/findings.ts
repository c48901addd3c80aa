/** Findings on the list as it is being edited: where they stand, and the edits they offer on a list in the window. Pure. */
import type { Edit, EntryWarning } from '../../../shared/contract/snapshots.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { addEntry, decide, type EntryKey, keyOf, removeEntries, setPinned, setStage } from './entries.ts';

export type Finding = EntryWarning;
export type Findings = ReadonlyMap<EntryKey, readonly Finding[]>;

export const byEntry = (findings: readonly Finding[]): Findings => Map.groupBy(findings, keyOf);

export type Tally = { errors: number; warnings: number };
export const tally = (findings: readonly Finding[]): Tally => {
  const errors = findings.filter((finding) => finding.level === 'error').length;
  return { errors, warnings: findings.length - errors };
};

/** The entry that has the next finding after `from`, round the end of the list; undefined: there is none. */
export const nextWith = (
  entries: readonly Entry[],
  findings: Findings,
  from: EntryKey | undefined,
): EntryKey | undefined => {
  const keys = entries.map(keyOf);
  const start = from === undefined ? -1 : keys.indexOf(from);
  const found = (key: EntryKey) => findings.has(key);
  return keys.slice(start + 1).find(found) ?? keys.slice(0, start + 1).find(found);
};

/** The entry an edit means: as `snapshots.edit` finds it, by what the edit names. */
const meant = (entries: readonly Entry[], edit: Edit): Entry | undefined =>
  entries.find(
    (entry) =>
      entry.name === edit.name &&
      (edit.ecosystem === undefined || entry.ecosystem === edit.ecosystem) &&
      (edit.arch === undefined || entry.arch === edit.arch),
  );

const applyOne = (entries: readonly Entry[], edit: Edit): readonly Entry[] => {
  const old = meant(entries, edit);
  if (edit.kind === 'add') {
    const ecosystem = edit.ecosystem ?? old?.ecosystem ?? entries[0]?.ecosystem ?? 'apt';
    const arch = edit.arch ?? old?.arch;
    // What is known of the old version says nothing about this one; saving describes it anew.
    return addEntry(entries, {
      ecosystem,
      name: edit.name,
      ...(arch === undefined ? {} : { arch }),
      version: edit.version,
      decision: 'approve',
      stage: edit.stage ?? old?.stage ?? 1,
      source: 'manual',
      ...(old?.note === undefined ? {} : { note: old.note }),
      ...(old?.pinned === undefined ? {} : { pinned: old.pinned }),
    });
  }
  if (old === undefined) return entries;
  const keys = new Set([keyOf(old)]);
  switch (edit.kind) {
    case 'remove':
      return removeEntries(entries, keys);
    case 'decide':
      return decide(entries, keys, edit.decision);
    case 'stage':
      return setStage(entries, keys, edit.stage);
    case 'pin':
      return setPinned(entries, keys, edit.pinned);
    case 'move':
    case 'note':
      return entries;
  }
};

/** The list with the edits of a fix made. Fixes neither move entries within their stage nor write notes. */
export const applyFix = (entries: readonly Entry[], fix: readonly Edit[]): readonly Entry[] =>
  fix.reduce(applyOne, entries);

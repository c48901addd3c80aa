/** Applies the fixes that findings offer until there are none left that can be. Pure. */
import type { Edit, EntryWarning } from '../../../shared/contract/snapshots.ts';
import type { Result } from '../../../shared/errors.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';

const MAX_ROUNDS = 100;

/**
 * Only errors are mended: a warning may be just what was meant. What a fix brings is checked in turn. In one round each
 * package is touched once, and no edit is made twice: it ends, whatever the fixes want of each other.
 */
export const fixAll = async (
  entries: Entry[],
  o: {
    check(entries: Entry[]): EntryWarning[] | Promise<EntryWarning[]>;
    apply(entries: Entry[], edits: Edit[]): Result<Entry[]>;
  },
): Promise<{ entries: Entry[]; edits: Edit[]; findings: EntryWarning[] }> => {
  const edits: Edit[] = [];
  const made = new Set<string>();
  let list = entries;
  let findings = await o.check(list);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const touched = new Set<string>();
    for (const { level, fix } of findings) {
      if (level !== 'error' || fix === undefined) continue;
      const said = JSON.stringify(fix);
      const names = fix.map((edit) => `${edit.ecosystem ?? ''}/${edit.name}`);
      if (made.has(said) || names.some((name) => touched.has(name))) continue;
      made.add(said);
      const next = o.apply(list, fix);
      if (!next.ok) continue;
      list = next.value;
      edits.push(...fix);
      for (const name of names) touched.add(name);
    }
    if (touched.size === 0) break;
    findings = await o.check(list);
  }
  return { entries: list, edits, findings };
};

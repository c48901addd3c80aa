/** The entry list as rows: a heading for each stage and its entries. Pure. */
import type { Entry } from '../../../shared/model/snapshot.ts';
import { type EntryKey, keyOf } from './entries.ts';

export type StageRow = { kind: 'stage'; id: string; stage: number; count: number; rejected: number };
export type EntryRow = { kind: 'entry'; id: EntryKey; entry: Entry; position: number; of: number };
export type Row = StageRow | EntryRow;

/** `query` finds in names, versions, notes and advisories; headings of stages without a hit are left out. */
export const rowsOf = (entries: readonly Entry[], query: string): Row[] => {
  const text = query.trim().toLowerCase();
  const rows: Row[] = [];
  const stages = Map.groupBy(entries, (entry) => entry.stage);
  for (const [stage, all] of stages) {
    const found = all.flatMap((entry, index): EntryRow[] =>
      text === '' || haystack(entry).includes(text)
        ? [{ kind: 'entry', id: keyOf(entry), entry, position: index + 1, of: all.length }]
        : [],
    );
    if (found.length === 0) continue;
    const rejected = all.filter((entry) => entry.decision === 'reject').length;
    rows.push({ kind: 'stage', id: `stage:${stage}`, stage, count: all.length, rejected }, ...found);
  }
  return rows;
};

const haystack = (entry: Entry): string =>
  [entry.name, entry.version, entry.note ?? '', ...(entry.advisories ?? [])].join(' ').toLowerCase();

export type Place = { before: EntryKey | null; stage: number };

/**
 * Where entries go that are dropped on a row: above it when they come from below, below it when they come from above; on a
 * heading: first in that stage. Undefined: they stay.
 */
export const placeFor = (
  rows: readonly Row[],
  activeId: string,
  overId: string,
  moving: ReadonlySet<EntryKey>,
): Place | undefined => {
  const from = rows.findIndex((row) => row.id === activeId);
  const to = rows.findIndex((row) => row.id === overId);
  const over = rows[to];
  if (from < 0 || over === undefined || activeId === overId) return undefined;
  const stage = over.kind === 'stage' ? over.stage : over.entry.stage;
  const start = over.kind === 'stage' || from < to ? to + 1 : to;
  for (const row of rows.slice(start)) {
    if (row.kind === 'stage') break;
    if (!moving.has(row.id)) return { before: row.id, stage };
  }
  return { before: null, stage };
};

/** The entry list as rows: a heading for each stage and its entries. Pure. */
import type { Severity } from '../../../shared/model/primitives.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { type EntryKey, keyOf } from './entries.ts';
import type { Findings } from './findings.ts';
import type { Judgements } from './verdicts.ts';

export type StageRow = { kind: 'stage'; id: string; stage: number; count: number; rejected: number };
export type EntryRow = { kind: 'entry'; id: EntryKey; entry: Entry; position: number; of: number };
export type Row = StageRow | EntryRow;

/** What the list is cut down to, as the choice of a menu: `decision:reject`, `severity:critical` (by the revision or today), `source:rule:web`… */
export type Show =
  | 'all'
  | 'pinned'
  | 'finding'
  | 'error'
  | 'otherwise'
  | `decision:${Entry['decision']}`
  | `severity:${Severity}`
  | `source:${string}`;

const isShown = (entry: Entry, show: Show, findings: Findings, judgements: Judgements): boolean => {
  switch (show) {
    case 'all':
      return true;
    case 'pinned':
      return entry.pinned === true;
    case 'finding':
      return findings.has(keyOf(entry));
    case 'error':
      return findings.get(keyOf(entry))?.some((finding) => finding.level === 'error') === true;
    case 'otherwise':
      return judgements.get(keyOf(entry))?.today !== undefined;
    default: {
      const [what = '', ...rest] = show.split(':');
      const value = rest.join(':');
      if (what === 'decision') return entry.decision === value;
      if (what === 'severity') {
        const judged = judgements.get(keyOf(entry));
        return (
          (judged?.severity ?? entry.severity ?? 'unknown') === value || judged?.today?.severity === value
        );
      }
      return entry.source === value;
    }
  }
};

const NO_FINDINGS: Findings = new Map();
const NO_JUDGEMENTS: Judgements = new Map();

/** `query` finds in names, versions, notes, advisories and rules; headings of stages without a hit are left out. */
export const rowsOf = (
  entries: readonly Entry[],
  query: string,
  show: Show = 'all',
  findings: Findings = NO_FINDINGS,
  judgements: Judgements = NO_JUDGEMENTS,
): Row[] => {
  const text = query.trim().toLowerCase();
  const rows: Row[] = [];
  const stages = Map.groupBy(entries, (entry) => entry.stage);
  for (const [stage, all] of stages) {
    const found = all.flatMap((entry, index): EntryRow[] =>
      isShown(entry, show, findings, judgements) && (text === '' || haystack(entry).includes(text))
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
  [entry.name, entry.version, entry.source, entry.note ?? '', ...(entry.advisories ?? [])]
    .join(' ')
    .toLowerCase();

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

/**
 * Scans: summaries for ever, lists of packages and updates for the latest of each host. A list is stored under the hash of
 * its text, so that a scan that found nothing new, or ten equal hosts, cost one list.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { Scan, ScanSummary, type Update } from '../../../shared/model/scan.ts';
import type { ScanStore, ScanSummaries } from '../../core/ports.ts';
import { catalogScan } from './catalog.ts';
import { Bytes, type Db, fromJson, fromPacked, PackedRow, pack, type Reader } from './db.ts';
import { excerptsOf } from './excerpts.ts';
import { damaged } from './faults.ts';

/** Scans of a host that keep their lists; its last good one keeps them however old it is. */
export const LISTED_SCANS = 20;

const Packages = Scan.shape.packages;
const Relations = Scan.shape.relations.unwrap();
const Changes = z.object({ updates: Scan.shape.updates, removals: Scan.shape.removals });
const Key = z.object({ key: z.int() });
const SummaryRow = z.object({ summary: z.string() });

const summaryOf = ({ packages, updates, removals: _, relations: __, ...rest }: Scan): ScanSummary => ({
  ...rest,
  packageCount: packages.length,
  updateCount: updates.length,
  securityCount: updates.filter((update) => update.classification === 'security').length,
  blockedCount: updates.filter((update) => update.blocked !== undefined).length,
});

const putList = (db: Db, kind: 'packages' | 'updates' | 'relations', value: unknown): number => {
  const text = JSON.stringify(value);
  const hash = createHash('sha256').update(`${kind}\n${text}`).digest('hex');
  const known = db.get(Key, 'SELECT key FROM lists WHERE hash = ?', hash);
  if (known !== undefined) return known.key;
  db.run('INSERT INTO lists (hash, body) VALUES (?, ?)', hash, pack(text));
  const made = db.get(Key, 'SELECT key FROM lists WHERE hash = ?', hash);
  if (made === undefined) throw damaged(db.file, 'a list is not there right after it was stored');
  return made.key;
};

const LISTED = `SELECT seq, packages, updates, relations FROM scans WHERE host = ? AND packages IS NOT NULL ORDER BY seq DESC`;
const LAST_GOOD = 'SELECT max(seq) AS seq FROM scans WHERE host = ? AND good = 1';

/**
 * Lets the lists of a host's old scans go, and removes those that no scan uses any more. `keep`: how many of the latest keep
 * theirs, besides the last good one; null: none does, the host is gone.
 */
export const releaseListsOf = (db: Db, host: string, keep: number | null): void => {
  const Row = z.object({
    seq: z.int(),
    packages: z.int(),
    updates: z.int().nullable(),
    relations: z.int().nullable(),
  });
  const good =
    keep === null ? undefined : db.get(z.object({ seq: z.int().nullable() }), LAST_GOOD, host)?.seq;
  const old = db
    .all(Row, LISTED, host)
    .slice(keep ?? 0)
    .filter((row) => row.seq !== good);
  for (const row of old)
    db.run('UPDATE scans SET packages = NULL, updates = NULL, relations = NULL WHERE seq = ?', row.seq);
  for (const key of new Set(old.flatMap((row) => [row.packages, row.updates, row.relations])))
    db.run(
      `DELETE FROM lists WHERE key = ?
        AND NOT EXISTS (SELECT 1 FROM scans WHERE packages = lists.key)
        AND NOT EXISTS (SELECT 1 FROM scans WHERE updates = lists.key)
        AND NOT EXISTS (SELECT 1 FROM scans WHERE relations = lists.key)`,
      key,
    );
};

const putScan = (db: Db, scan: Scan): void =>
  db.transaction(() => {
    if (db.get(z.object({ id: z.string() }), 'SELECT id FROM scans WHERE id = ?', scan.id) !== undefined)
      throw new FrostFault(frostError('already-exists', 'This scan is stored already.'));
    const lists = {
      packages: putList(db, 'packages', scan.packages),
      updates: putList(db, 'updates', { updates: scan.updates, removals: scan.removals }),
    };
    db.run(
      'INSERT INTO scans (id, host, good, summary, packages, updates, relations) VALUES (?, ?, ?, ?, ?, ?, ?)',
      scan.id,
      scan.hostId,
      scan.state === 'failed' ? 0 : 1,
      JSON.stringify(summaryOf(scan)),
      lists.packages,
      lists.updates,
      scan.relations === undefined ? null : putList(db, 'relations', scan.relations),
    );
    catalogScan(db, scan, lists);
    releaseListsOf(db, scan.hostId, LISTED_SCANS);
  });

const SCAN = `SELECT s.summary, p.body AS packages, u.body AS updates, r.body AS relations
  FROM scans s JOIN lists p ON p.key = s.packages JOIN lists u ON u.key = s.updates
  LEFT JOIN lists r ON r.key = s.relations WHERE s.seq = `;

/** The scan whose seq the query finds, where it has its lists. */
const readScan = (db: Reader, seqQuery: string, host: string): Scan | undefined => {
  const Row = z.object({ summary: z.string(), packages: Bytes, updates: Bytes, relations: Bytes.nullable() });
  const row = db.get(Row, `${SCAN} (${seqQuery})`, host);
  if (row === undefined) return undefined;
  const { packageCount, updateCount, securityCount, blockedCount, ...rest } = fromJson(
    db,
    ScanSummary,
    row.summary,
    'a scan',
  );
  const scan: Scan = {
    ...rest,
    packages: fromPacked(db, Packages, row.packages, 'a scan’s packages'),
    ...fromPacked(db, Changes, row.updates, 'a scan’s updates'),
    ...(row.relations === null
      ? {}
      : { relations: fromPacked(db, Relations, row.relations, 'a scan’s relations') }),
  };
  if (scan.packages.length !== packageCount || scan.updates.length !== updateCount)
    throw damaged(db.file, 'a scan’s lists are not those it counted');
  return scan;
};

const lastGoodUpdates = (db: Reader, host: string): Update[] | undefined => {
  const row = db.get(
    PackedRow,
    `SELECT u.body FROM scans s JOIN lists u ON u.key = s.updates WHERE s.seq = (${LAST_GOOD})`,
    host,
  );
  return row === undefined ? undefined : fromPacked(db, Changes, row.body, 'a scan’s updates').updates;
};

const SUMMARIES = `SELECT h.id AS host, l.summary AS latest, g.summary AS good
  FROM hosts h
  JOIN scans l ON l.seq = (SELECT max(seq) FROM scans WHERE host = h.id)
  LEFT JOIN scans g ON g.seq = (SELECT max(seq) FROM scans WHERE host = h.id AND good = 1)`;

const GOOD_IDS = `SELECT h.id AS host, s.id AS id FROM hosts h
  JOIN scans s ON s.seq = (SELECT max(seq) FROM scans WHERE host = h.id AND good = 1)`;

const SummariesRow = z.object({ host: z.string(), latest: z.string(), good: z.string().nullable() });

const summariesFrom = (db: Reader, { latest, good }: z.output<typeof SummariesRow>): ScanSummaries => {
  const read = (text: string): ScanSummary => fromJson(db, ScanSummary, text, 'a scan');
  const newest = read(latest);
  if (good === null) return { latest: newest };
  return { latest: newest, lastGood: good === latest ? newest : read(good) };
};

const scanSummaries = (db: Reader): ReturnType<ScanStore['scanSummaries']> =>
  new Map(db.all(SummariesRow, SUMMARIES).map((row) => [row.host, summariesFrom(db, row)]));

export const scanStore = (db: Db): ScanStore => ({
  putScan: (scan) => putScan(db, scan),
  latestScan: (host) => readScan(db, 'SELECT max(seq) FROM scans WHERE host = ?', host),
  lastGoodScan: (host) => readScan(db, LAST_GOOD, host),
  lastGoodUpdates: (host) => lastGoodUpdates(db, host),
  lastGoodSummary: (host) => {
    const row = db.get(SummaryRow, `SELECT summary FROM scans WHERE seq = (${LAST_GOOD})`, host);
    return row === undefined ? undefined : fromJson(db, ScanSummary, row.summary, 'a scan');
  },
  lastGoodScanIds: () =>
    new Map(
      db
        .all(z.object({ host: z.string(), id: z.string() }), GOOD_IDS)
        .map(({ host, id }) => [host, id] as const),
    ),
  scanHistory: (host, limit) =>
    db
      .all(SummaryRow, 'SELECT summary FROM scans WHERE host = ? ORDER BY seq DESC LIMIT ?', host, limit)
      .map((row) => fromJson(db, ScanSummary, row.summary, 'a scan')),
  scanSummaries: () => scanSummaries(db),
  summariesOf: (host) => {
    const row = db.get(SummariesRow, `${SUMMARIES} WHERE h.id = ?`, host);
    return row === undefined ? undefined : summariesFrom(db, row);
  },
  excerpts: (names) => excerptsOf(db, LAST_GOOD, names),
});

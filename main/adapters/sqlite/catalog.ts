/**
 * Every package version the scans ever saw. Filled by `putScan` in its transaction: a host whose list is the one it had costs
 * two look-ups, any other list one pass over it and one row per change.
 */
import { z } from 'zod';
import {
  CatalogHost,
  CatalogOffer,
  CatalogPackage,
  type CatalogVersion,
  VersionKey,
} from '../../../shared/model/catalog.ts';
import { Instant, PackageName, PackageVersion } from '../../../shared/model/primitives.ts';
import type { Facts, Scan } from '../../../shared/model/scan.ts';
import { isInstalled } from '../../core/catalog/installed.ts';
import type { CatalogStore, SeenOffer } from '../../core/catalog/ports.ts';
import { type Db, fromJson, type Reader } from './db.ts';
import { damaged, validated } from './faults.ts';

const Key = z.object({ key: z.int() });

/** Version keys of the rows `[name, arch, version, …]` in the bound JSON; the list decides the order of the loops. */
const KEYED = `FROM json_each(?) AS j
  CROSS JOIN catalog_packages AS p ON p.name = j.value ->> 0 AND p.ecosystem = ? AND p.arch = j.value ->> 1
  CROSS JOIN catalog_versions AS v ON v.package = p.key AND v.version = j.value ->> 2`;

type Seen = { scan: Scan; facts: Facts };

/** Rows: `[name, arch, version, source, sourceVersion]`; the last two may be null. */
const putVersions = (db: Db, rows: string, { scan, facts }: Seen): void => {
  db.run(
    `INSERT INTO catalog_packages (ecosystem, name, arch)
      SELECT ?, value ->> 0, value ->> 1 FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
    facts.manager,
    rows,
  );
  db.run(
    `INSERT INTO catalog_versions (package, version, source, source_version, seen_at, host, host_name, distro, release)
      SELECT p.key, j.value ->> 2, j.value ->> 3, j.value ->> 4, ?, ?, ?, ?, ? FROM json_each(?) AS j
        CROSS JOIN catalog_packages AS p ON p.name = j.value ->> 0 AND p.ecosystem = ? AND p.arch = j.value ->> 1
      WHERE true
      ON CONFLICT (package, version) DO UPDATE SET source = excluded.source, source_version = excluded.source_version
        WHERE source IS NULL AND excluded.source IS NOT NULL`,
    scan.finishedAt,
    scan.hostId,
    scan.host,
    facts.os,
    facts.release,
    rows,
    facts.manager,
  );
};

type InstalledRow = [name: string, arch: string, version: string, source: string, sourceVersion: string];

/** Keys of the versions, by their places in `rows`; `bare`: the source package of one is not known yet. */
const keysOf = (
  db: Reader,
  rows: InstalledRow[],
  manager: string,
): Map<number, { key: number; bare: boolean }> =>
  new Map(
    db
      .all(
        z.object({ at: z.int(), key: z.int(), bare: z.int() }),
        `SELECT j.key AS at, v.key, v.source IS NULL AS bare ${KEYED}`,
        JSON.stringify(rows),
        manager,
      )
      .map(({ at, key, bare }) => [at, { key, bare: bare === 1 }]),
  );

/** Of a host that is not the first of its kind, nearly all versions are known: only the others are written. */
const putInstalled = (db: Db, host: number, seen: Seen): void => {
  const { manager } = seen.facts;
  const rows = seen.scan.packages
    .filter(isInstalled)
    .map((one): InstalledRow => [one.name, one.arch, one.version, one.source, one.sourceVersion]);
  const known = keysOf(db, rows, manager);
  const news = rows.filter((_, at) => known.get(at)?.bare !== false);
  if (news.length > 0) putVersions(db, JSON.stringify(news), seen);
  const added = keysOf(db, news, manager);
  const now = new Set([...known.values(), ...added.values()].map(({ key }) => key));
  const before = new Set(
    db.all(Key, 'SELECT version AS key FROM catalog_installed WHERE host = ?', host).map((row) => row.key),
  );
  const gone = [...before].filter((key) => !now.has(key));
  const come = [...now].filter((key) => !before.has(key));
  if (gone.length > 0)
    db.run(
      'DELETE FROM catalog_installed WHERE host = ? AND version IN (SELECT value FROM json_each(?))',
      host,
      JSON.stringify(gone),
    );
  if (come.length > 0)
    db.run(
      'INSERT INTO catalog_installed (version, host) SELECT value, ? FROM json_each(?)',
      host,
      JSON.stringify(come),
    );
};

const Seq = z.object({ seq: z.int().nullable() });

/**
 * What this host told until now and tells no more is as old as its scan before this one. Everything it tells is its word from now
 * on: its lists say how old that is, for as long as its updates stay the same.
 */
const tell = (db: Db, { scan }: Seen): number | null => {
  const seq = db.get(Seq, 'SELECT seq FROM scans WHERE id = ?', scan.id)?.seq ?? null;
  const before = db.get(
    Seq,
    'SELECT max(seq) AS seq FROM scans WHERE host = ? AND good = 1 AND seq < ?',
    scan.hostId,
    seq,
  )?.seq;
  db.run(
    'UPDATE catalog_offers SET told = ? WHERE told = (SELECT told FROM catalog_hosts WHERE host = ?)',
    before ?? null,
    scan.hostId,
  );
  db.run('UPDATE catalog_hosts SET told = ? WHERE host = ?', seq, scan.hostId);
  return seq;
};

const putOffers = (db: Db, { scan, facts }: Seen): void => {
  const told = tell(db, { scan, facts });
  const rows = JSON.stringify(
    scan.updates.map((one) => [
      one.name,
      one.arch,
      one.to,
      null,
      null,
      one.origin,
      one.severity,
      one.classification,
      one.advisories,
      one.sizeBytes ?? null,
      one.sha256 ?? null,
    ]),
  );
  putVersions(db, rows, { scan, facts });
  db.run(
    `INSERT INTO catalog_offers (version, distro, release, origin, seen_at, host_name,
        severity, classification, advisories, size, sha256, told)
      SELECT v.key, ?, ?, j.value ->> 5, ?, ?, j.value ->> 6, j.value ->> 7, j.value -> 8, j.value ->> 9, j.value ->> 10, ?
      ${KEYED} WHERE true
      ON CONFLICT DO UPDATE SET severity = excluded.severity, classification = excluded.classification,
        advisories = excluded.advisories, size = coalesce(excluded.size, size),
        sha256 = coalesce(excluded.sha256, sha256), told = excluded.told`,
    facts.os,
    facts.release,
    scan.finishedAt,
    scan.host,
    told,
    rows,
    facts.manager,
  );
};

/** `lists`: keys of the scan's stored lists, which tell whether anything changed. Inside the scan's transaction. */
export const catalogScan = (db: Db, scan: Scan, lists: { packages: number; updates: number }): void => {
  const { facts } = scan;
  if (scan.state === 'failed' || facts === undefined) return;
  const platform = `${facts.manager}\n${facts.os}\n${facts.release}`;
  const Known = z.object({ key: z.int(), packages: z.int(), updates: z.int(), platform: z.string() });
  const known = db.get(Known, 'SELECT * FROM catalog_hosts WHERE host = ?', scan.hostId);
  const here = known?.platform === platform ? known : undefined;
  if (here?.packages === lists.packages && here.updates === lists.updates) return;
  db.run(
    `INSERT INTO catalog_hosts (host, packages, updates, platform) VALUES (?, ?, ?, ?)
      ON CONFLICT (host) DO UPDATE SET packages = excluded.packages, updates = excluded.updates, platform = excluded.platform`,
    scan.hostId,
    lists.packages,
    lists.updates,
    platform,
  );
  const host = db.get(Key, 'SELECT key FROM catalog_hosts WHERE host = ?', scan.hostId)?.key;
  if (host === undefined) throw damaged(db.file, 'a host is not in the catalogue right after it was put');
  const seen = { scan, facts };
  if (here?.packages !== lists.packages) putInstalled(db, host, seen);
  if (here?.updates !== lists.updates) putOffers(db, seen);
};

/** A removed host has nothing installed any more; what it was the first to show stays. */
export const forgetInstalled = (db: Db, host: string): void => {
  db.run('DELETE FROM catalog_installed WHERE host IN (SELECT key FROM catalog_hosts WHERE host = ?)', host);
  db.run('DELETE FROM catalog_hosts WHERE host = ?', host);
};

const OfferRow = z.object({
  distro: z.string(),
  release: z.string(),
  origin: z.string(),
  seenAt: z.string(),
  host: z.string(),
  severity: z.string(),
  classification: z.string(),
  advisories: z.string(),
  size: z.number().nullable(),
  sha256: z.string().nullable(),
  listsAt: z.string().nullable(),
});
/** A host that still tells an offer has read its lists anew with every scan since; else they are as old as they were when it did. */
const OFFER = `o.distro, o.release, o.origin, o.seen_at AS seenAt, o.host_name AS host, o.severity,
  o.classification, o.advisories, o.size, o.sha256,
  (SELECT s.summary ->> '$.facts.listsUpdatedAt' FROM scans AS s WHERE s.seq = coalesce(
    (SELECT max(g.seq) FROM catalog_hosts AS c JOIN scans AS g ON g.host = c.host AND g.good = 1 WHERE c.told = o.told),
    o.told)) AS listsAt`;

const offerOf = (db: Reader, row: z.output<typeof OfferRow>): CatalogOffer => {
  const { seenAt, host, advisories, size, sha256, listsAt, ...rest } = row;
  const offer = {
    ...rest,
    firstSeen: { at: seenAt, host },
    advisories: fromJson(db, CatalogOffer.shape.advisories, advisories, 'an offer’s advisories'),
    grounds: [{ source: 'hosts', asOf: listsAt }],
    ...(size === null ? {} : { sizeBytes: size }),
    ...(sha256 === null ? {} : { sha256 }),
  };
  return validated(CatalogOffer, offer, db.file, 'an offer');
};

const catalogVersions = (db: Reader, name: string): CatalogVersion[] => {
  const Version = z.object({
    ...VersionKey.shape,
    key: z.int(),
    source: PackageName.nullable(),
    sourceVersion: PackageVersion.nullable(),
    at: Instant,
    host: z.string(),
    distro: z.string(),
    release: z.string(),
    installedOn: z.int(),
  });
  const versions = db.all(
    Version,
    `SELECT v.key, p.ecosystem, p.name, p.arch, v.version, v.source, v.source_version AS sourceVersion,
        v.seen_at AS at, v.host_name AS host, v.distro, v.release,
        (SELECT count(*) FROM catalog_installed WHERE version = v.key) AS installedOn
      FROM catalog_packages AS p JOIN catalog_versions AS v ON v.package = p.key
      WHERE p.name = ? ORDER BY p.ecosystem, p.arch, v.key`,
    name,
  );
  const offers = Map.groupBy(
    db.all(
      OfferRow.extend({ version: z.int() }),
      `SELECT o.version, ${OFFER} FROM catalog_packages AS p JOIN catalog_versions AS v ON v.package = p.key
        JOIN catalog_offers AS o ON o.version = v.key
        WHERE p.name = ? ORDER BY o.seen_at, o.distro, o.release, o.origin`,
      name,
    ),
    (row) => row.version,
  );
  return versions.map(({ key, source, sourceVersion, at, host, distro, release, ...rest }) => ({
    ...rest,
    ...(source === null ? {} : { source }),
    ...(sourceVersion === null ? {} : { sourceVersion }),
    firstSeen: { at, host, distro, release },
    offers: (offers.get(key) ?? []).map(({ version: _, ...row }) => offerOf(db, row)),
  }));
};

/** Who has a version installed. One look-up per row of the answer: see the test of its plan. */
export const HOSTS_OF_VERSION = `SELECT h.id AS hostId, h.name AS host
  FROM catalog_installed AS i
    CROSS JOIN catalog_hosts AS c ON c.key = i.host
    CROSS JOIN hosts AS h ON h.id = c.host
  WHERE i.version = ?`;
export const VERSIONS_OF_PACKAGE = `SELECT v.key, p.ecosystem, p.name, p.arch, v.version
  FROM catalog_packages AS p CROSS JOIN catalog_versions AS v ON v.package = p.key
  WHERE p.name = ?`;

/** Thousands of hosts have a handful of versions: what is the same of all that have one is read, checked and judged once. */
const hostsOf = (db: Reader, name: string, wanted: (version: VersionKey) => boolean): CatalogHost[] => {
  const Version = VersionKey.extend(Key.shape);
  const Row = CatalogHost.pick({ hostId: true, host: true });
  return db.all(Version, VERSIONS_OF_PACKAGE, name).flatMap(({ key, ...one }) => {
    if (!wanted(one)) return [];
    const { ecosystem, arch, version } = one;
    return db
      .all(Row, HOSTS_OF_VERSION, key)
      .map(({ hostId, host }) => ({ hostId, host, ecosystem, arch, version }));
  });
};

/** Keys are made once for each row: a comparison that makes them costs more than everything else together. */
const byHost = (rows: CatalogHost[]): CatalogHost[] =>
  rows
    .map((row) => ({ row, key: `${row.host.toLowerCase()}\n${row.arch}` }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);

const firstSeen = (db: Reader, versions: VersionKey[]): (string | undefined)[] => {
  const Row = z.object({ at: z.int(), seenAt: Instant });
  const rows = db.all(
    Row,
    `SELECT j.key AS at, v.seen_at AS seenAt FROM json_each(?) AS j
      CROSS JOIN catalog_packages AS p
        ON p.name = j.value ->> 0 AND p.ecosystem = j.value ->> 3 AND p.arch = j.value ->> 1
      CROSS JOIN catalog_versions AS v ON v.package = p.key AND v.version = j.value ->> 2`,
    JSON.stringify(versions.map((one) => [one.name, one.arch, one.version, one.ecosystem])),
  );
  const found = new Map(rows.map((row) => [row.at, row.seenAt]));
  return versions.map((_, index) => found.get(index));
};

export const catalogStore = (db: Db): CatalogStore => ({
  catalogPackages: (text, limit) =>
    db.all(
      CatalogPackage,
      `SELECT p.ecosystem, p.name, p.arch, count(*) AS versions, max(v.seen_at) AS lastNewAt,
          (SELECT count(DISTINCT i.host) FROM catalog_versions AS w JOIN catalog_installed AS i ON i.version = w.key
            WHERE w.package = p.key) AS installedOn
        FROM (SELECT * FROM catalog_packages WHERE instr(lower(name), lower(?)) > 0
            ORDER BY name, ecosystem, arch LIMIT ?) AS p
          JOIN catalog_versions AS v ON v.package = p.key
        GROUP BY p.key ORDER BY p.name, p.ecosystem, p.arch`,
      text,
      limit,
    ),
  catalogVersions: (name) => catalogVersions(db, name),
  catalogHosts: (name, wanted = () => true) => byHost(hostsOf(db, name, wanted)),
  neverScanned: () =>
    db.all(
      CatalogHost.pick({ hostId: true, host: true }),
      `SELECT id AS hostId, name AS host FROM hosts AS h
        WHERE NOT EXISTS (SELECT 1 FROM scans WHERE host = h.id AND good = 1) ORDER BY name`,
    ),
  firstSeen: (versions) => firstSeen(db, versions),
  offersSeen: (from, to) =>
    db
      .all(
        OfferRow.extend(VersionKey.shape),
        `SELECT p.ecosystem, p.name, p.arch, v.version, ${OFFER}
          FROM catalog_offers AS o JOIN catalog_versions AS v ON v.key = o.version
            JOIN catalog_packages AS p ON p.key = v.package
          WHERE o.seen_at >= ? AND o.seen_at < ? ORDER BY o.seen_at, p.name, p.arch, v.key, o.origin`,
        from,
        to,
      )
      .map(
        ({ ecosystem, name, arch, version, ...row }): SeenOffer => ({
          ecosystem,
          name,
          arch,
          version,
          ...offerOf(db, row),
        }),
      ),
  sourceOf: (ecosystem, name, arch, version) => {
    const Row = z.object({
      source: PackageName,
      sourceVersion: PackageVersion.nullable(),
      same: z.int(),
    });
    const row = db.get(
      Row,
      `SELECT v.source, v.source_version AS sourceVersion, v.version = ? AS same
        FROM catalog_packages AS p JOIN catalog_versions AS v ON v.package = p.key
        WHERE p.name = ? AND p.ecosystem = ? AND p.arch = ? AND v.source IS NOT NULL
        ORDER BY same DESC, v.key DESC LIMIT 1`,
      version,
      name,
      ecosystem,
      arch,
    );
    if (row === undefined) return undefined;
    return row.same === 1 && row.sourceVersion !== null
      ? { source: row.source, sourceVersion: row.sourceVersion }
      : { source: row.source };
  },
});

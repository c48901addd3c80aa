/** Advisories out of imported files. An import is one transaction: all of it, or nothing. */
import { z } from 'zod';
import {
  type Advisory,
  AdvisoryFormat,
  AdvisoryImport,
  AdvisoryView,
  Affected,
  CveId,
} from '../../../shared/model/advisory.ts';
import { Ecosystem, Instant, Severity } from '../../../shared/model/primitives.ts';
import type { AdvisoryStore, AffectedRow } from '../../core/advisories/ports.ts';
import { type Db, fromJson, type Reader } from './db.ts';
import { damaged, validated } from './faults.ts';

const Key = z.object({ key: z.int() });
const Cves = z.array(CveId);

const remove = (db: Db, key: number): void => {
  db.run('DELETE FROM advisory_packages WHERE advisory = ?', key);
  db.run('DELETE FROM advisory_cves WHERE advisory = ?', key);
  db.run('DELETE FROM advisories WHERE key = ?', key);
};

const insert = (db: Db, advisory: Advisory, origin: number): void => {
  const { format, id, title, severity, cves, published, modified, affected } = advisory;
  db.run(
    `INSERT INTO advisories (format, id, import, title, severity, cves, published, modified)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    format,
    id,
    origin,
    title ?? null,
    severity,
    JSON.stringify(cves),
    published ?? null,
    modified ?? null,
  );
  const key = db.get(Key, 'SELECT key FROM advisories WHERE format = ? AND id = ?', format, id)?.key;
  if (key === undefined) throw damaged(db.file, 'an advisory is not there right after it was stored');
  for (const cve of cves)
    db.run('INSERT INTO advisory_cves (cve, advisory) VALUES (?, ?) ON CONFLICT DO NOTHING', cve, key);
  for (const one of affected)
    db.run(
      `INSERT INTO advisory_packages
        (advisory, ecosystem, distro, release, name, kind, arch, introduced, fixed, last_affected)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      key,
      one.ecosystem,
      one.distro ?? null,
      one.release ?? null,
      one.name,
      one.kind,
      one.arch ?? null,
      one.introduced ?? null,
      one.fixed ?? null,
      one.lastAffected ?? null,
    );
};

const putAdvisories: (db: Db, ...given: Parameters<AdvisoryStore['putAdvisories']>) => AdvisoryImport = (
  db,
  made,
  advisories,
  replaceAll,
) =>
  db.transaction(() => {
    db.run(
      `INSERT INTO advisory_imports (format, file, sha256, imported_at, as_of, dated, advisories, skipped)
        VALUES (?, ?, ?, ?, ?, ?, 0, 0)`,
      made.format,
      made.file,
      made.sha256,
      made.importedAt,
      made.asOf,
      made.dated ? 1 : 0,
    );
    const origin = db.get(Key, 'SELECT max(key) AS key FROM advisory_imports')?.key;
    if (origin === undefined) throw damaged(db.file, 'an import is not there right after it was stored');
    const Present = z.object({ key: z.int(), modified: z.string().nullable() });
    let taken = 0;
    let { skipped } = made;
    if (replaceAll)
      for (const { key } of db.all(Key, 'SELECT key FROM advisories WHERE format = ?', made.format))
        remove(db, key);
    for (const advisory of advisories) {
      const present = db.get(
        Present,
        'SELECT key, modified FROM advisories WHERE format = ? AND id = ?',
        advisory.format,
        advisory.id,
      );
      if (present !== undefined) {
        if (present.modified !== null && (advisory.modified ?? '') < present.modified) {
          skipped += 1;
          continue;
        }
        remove(db, present.key);
      }
      insert(db, advisory, origin);
      taken += 1;
    }
    db.run('UPDATE advisory_imports SET advisories = ?, skipped = ? WHERE key = ?', taken, skipped, origin);
    return { ...made, id: origin, advisories: taken, skipped };
  });

const ImportRow = z.object({
  id: z.int(),
  format: z.string(),
  file: z.string(),
  sha256: z.string(),
  importedAt: z.string(),
  asOf: z.string(),
  dated: z.int(),
  advisories: z.int(),
  skipped: z.int(),
});

const nullable = {
  distro: z.string().nullable(),
  release: z.string().nullable(),
  arch: z.string().nullable(),
  introduced: z.string().nullable(),
  fixed: z.string().nullable(),
  lastAffected: z.string().nullable(),
};
const PackageRow = z.object({ ecosystem: z.string(), name: z.string(), kind: z.string(), ...nullable });
const PACKAGE = `a.ecosystem, a.distro, a.release, a.name, a.kind, a.arch, a.introduced, a.fixed,
  a.last_affected AS lastAffected`;

const affectedOf = (db: Reader, row: z.output<typeof PackageRow>): Affected =>
  validated(
    Affected,
    Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)),
    db.file,
    'an advisory’s package',
  );

const viewOf = (
  db: Reader,
  { key, title, cves, published, modified, ...row }: z.output<typeof AdvisoryRow>,
): AdvisoryView =>
  validated(
    AdvisoryView,
    {
      ...row,
      ...(title === null ? {} : { title }),
      ...(published === null ? {} : { published }),
      ...(modified === null ? {} : { modified }),
      cves: fromJson(db, Cves, cves, 'an advisory’s CVEs'),
      affected: db
        .all(
          PackageRow,
          `SELECT ${PACKAGE} FROM advisory_packages AS a WHERE a.advisory = ?
            ORDER BY a.ecosystem, a.distro, a.release, a.name`,
          key,
        )
        .map((one) => affectedOf(db, one)),
    },
    db.file,
    'an advisory',
  );
const AdvisoryRow = z.object({
  key: z.int(),
  format: AdvisoryFormat,
  id: z.string(),
  title: z.string().nullable(),
  severity: Severity,
  cves: z.string(),
  published: Instant.nullable(),
  modified: Instant.nullable(),
  asOf: Instant,
  file: z.string(),
});

export const advisoryStore = (db: Db): AdvisoryStore => ({
  putAdvisories: (...given) => putAdvisories(db, ...given),
  advisoryImports: (limit) =>
    db
      .all(
        ImportRow,
        `SELECT key AS id, format, file, sha256, imported_at AS importedAt, as_of AS asOf, dated, advisories, skipped
          FROM advisory_imports ORDER BY key DESC LIMIT ?`,
        limit,
      )
      .map((row) => validated(AdvisoryImport, { ...row, dated: row.dated === 1 }, db.file, 'an import')),
  advisoriesNamed: (idOrCve) =>
    db
      .all(
        AdvisoryRow,
        `SELECT v.key, v.format, v.id, v.title, v.severity, v.cves, v.published, v.modified, i.as_of AS asOf, i.file
          FROM advisories AS v JOIN advisory_imports AS i ON i.key = v.import
          WHERE v.id = ? OR v.key IN (SELECT advisory FROM advisory_cves WHERE cve = ?) ORDER BY v.id, v.format`,
        idOrCve,
        idOrCve,
      )
      .map((row) => viewOf(db, row)),
  affected: (ecosystem, names) => {
    const Row = PackageRow.extend({
      ecosystem: Ecosystem,
      id: z.string(),
      format: AdvisoryFormat,
      severity: Severity,
      cves: z.string(),
      published: Instant.nullable(),
      asOf: Instant,
    });
    return db
      .all(
        Row,
        `SELECT ${PACKAGE}, v.id, v.format, v.severity, v.cves, v.published, i.as_of AS asOf
          FROM json_each(?) AS j CROSS JOIN advisory_packages AS a ON a.name = j.value AND a.ecosystem = ?
            CROSS JOIN advisories AS v ON v.key = a.advisory
            CROSS JOIN advisory_imports AS i ON i.key = v.import`,
        JSON.stringify([...new Set(names)]),
        ecosystem,
      )
      .map(
        ({ id, format, severity, cves, published, asOf, ...row }): AffectedRow => ({
          ...affectedOf(db, row),
          id,
          format,
          severity,
          asOf,
          cves: fromJson(db, Cves, cves, 'an advisory’s CVEs'),
          ...(published === null ? {} : { published }),
        }),
      );
  },
  advisoryCount: () => db.get(z.object({ n: z.int() }), 'SELECT count(*) AS n FROM advisories')?.n ?? 0,
});

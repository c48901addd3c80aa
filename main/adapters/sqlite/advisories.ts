/** Advisories out of imported files, as they are read. */
import { z } from 'zod';
import {
  AdvisoryFormat,
  AdvisoryImport,
  AdvisoryView,
  Affected,
  CveId,
} from '../../../shared/model/advisory.ts';
import { Ecosystem, Instant, Severity } from '../../../shared/model/primitives.ts';
import type { AdvisoryStore, AffectedRow } from '../../core/advisories/ports.ts';
import { advisoryIntake, SHOWN } from './advisoryIntake.ts';
import { type Db, fromJson, type Reader } from './db.ts';
import { validated } from './faults.ts';

const Count = z.object({ n: z.int() });
const Cves = z.array(CveId);

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
  ...advisoryIntake(db),
  advisoryImports: (limit) =>
    db
      .all(
        ImportRow,
        `SELECT key AS id, format, file, sha256, imported_at AS importedAt, as_of AS asOf, dated, advisories, skipped
          FROM advisory_imports WHERE state <> 'staged' ORDER BY key DESC LIMIT ?`,
        limit,
      )
      .map((row) => validated(AdvisoryImport, { ...row, dated: row.dated === 1 }, db.file, 'an import')),
  advisoriesNamed: (idOrCve) =>
    db
      .all(
        AdvisoryRow,
        `SELECT v.key, v.format, v.id, v.title, v.severity, v.cves, v.published, v.modified, i.as_of AS asOf, i.file
          FROM advisories AS v JOIN advisory_imports AS i ON i.key = v.import
          WHERE (v.id = ? OR v.key IN (SELECT advisory FROM advisory_cves WHERE cve = ?)) AND ${SHOWN}
          ORDER BY v.id, v.format`,
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
            CROSS JOIN advisory_imports AS i ON i.key = v.import
          WHERE ${SHOWN}`,
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
  advisoryCount: () =>
    db.get(
      Count,
      `SELECT count(*) AS n FROM advisories AS v JOIN advisory_imports AS i ON i.key = v.import WHERE ${SHOWN}`,
    )?.n ?? 0,
});

/**
 * Advisories on their way in. A large import is written in many transactions and is seen by one: until then its rows are those of
 * a `staged` import, and no query shows them (`SHOWN`).
 */
import { z } from 'zod';
import type { Advisory } from '../../../shared/model/advisory.ts';
import type { AdvisoryStore, NewImport, StagedAdvisories } from '../../core/advisories/ports.ts';
import type { Db } from './db.ts';
import { damaged } from './faults.ts';

const Key = z.object({ key: z.int() });
const Count = z.object({ n: z.int() });

/** Of `v` and its import `i`: that it is seen. */
export const SHOWN = `i.state = 'current' AND NOT EXISTS (
  SELECT 1 FROM advisories AS n JOIN advisory_imports AS ni ON ni.key = n.import
    WHERE n.replaces = v.key AND ni.state <> 'staged')`;

const remove = (db: Db, key: number): void => {
  db.run('DELETE FROM advisory_packages WHERE advisory = ?', key);
  db.run('DELETE FROM advisory_cves WHERE advisory = ?', key);
  db.run('UPDATE advisories SET replaces = NULL WHERE replaces = ?', key);
  db.run('DELETE FROM advisories WHERE key = ?', key);
};

const insert = (db: Db, advisory: Advisory, origin: number, replaces: number | null): void => {
  const { format, id, title, severity, cves, published, modified, affected } = advisory;
  const key = db.get(
    Key,
    `INSERT INTO advisories (format, id, import, title, severity, cves, published, modified, replaces)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING key`,
    format,
    id,
    origin,
    title ?? null,
    severity,
    JSON.stringify(cves),
    published ?? null,
    modified ?? null,
    replaces,
  )?.key;
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

const Present = z.object({ key: z.int(), modified: z.string().nullable() });

/** What is seen under the name, in other imports than this one. */
const shownAs = (db: Db, { format, id }: Pick<Advisory, 'format' | 'id'>, origin: number) =>
  db.get(
    Present,
    `SELECT v.key, v.modified FROM advisories AS v JOIN advisory_imports AS i ON i.key = v.import
      WHERE v.id = ? AND v.format = ? AND v.import <> ? AND ${SHOWN}`,
    id,
    format,
    origin,
  );
const isOlder = (one: { modified?: string | null | undefined }, than: z.output<typeof Present>): boolean =>
  than.modified !== null && (one.modified ?? '') < than.modified;

/** Imports that are on their way in this process; others that are staged broke off. */
const stage = (db: Db, live: Set<number>, made: NewImport, replaceAll: boolean): StagedAdvisories => {
  const finished = () =>
    db.get(Count, `SELECT count(*) AS n FROM advisory_imports WHERE state <> 'staged'`)?.n;
  const { origin, before } = db.transaction(() => {
    const key = db.get(
      Key,
      `INSERT INTO advisory_imports (format, file, sha256, imported_at, as_of, dated, advisories, skipped, state)
        VALUES (?, ?, ?, ?, ?, ?, 0, 0, 'staged') RETURNING key`,
      made.format,
      made.file,
      made.sha256,
      made.importedAt,
      made.asOf,
      made.dated ? 1 : 0,
    )?.key;
    if (key === undefined) throw damaged(db.file, 'an import is not there right after it was stored');
    return { origin: key, before: finished() };
  });
  live.add(origin);
  let taken = 0;
  let { skipped } = made;

  const put = (advisory: Advisory): void => {
    const own = db.get(
      Present,
      'SELECT key, modified FROM advisories WHERE import = ? AND id = ?',
      origin,
      advisory.id,
    );
    const other = replaceAll ? undefined : shownAs(db, advisory, origin);
    if ([own, other].some((present) => present !== undefined && isOlder(advisory, present))) {
      skipped += 1;
      return;
    }
    if (own !== undefined) remove(db, own.key);
    insert(db, advisory, origin, other?.key ?? null);
    taken += 1;
  };

  /** Another import came in between: what this one's advisories replace is found anew. */
  const settle = (): void => {
    const Row = Present.extend({ id: z.string() });
    for (const row of db.all(Row, 'SELECT key, id, modified FROM advisories WHERE import = ?', origin)) {
      const other = shownAs(db, { ...row, format: made.format }, origin);
      if (other !== undefined && isOlder(row, other)) {
        remove(db, row.key);
        taken -= 1;
        skipped += 1;
      } else db.run('UPDATE advisories SET replaces = ? WHERE key = ?', other?.key ?? null, row.key);
    }
  };

  return {
    add: (advisories) =>
      db.transaction(() => {
        for (const advisory of advisories) put(advisory);
      }),
    finish: () => {
      db.transaction(() => {
        if (replaceAll)
          db.run(
            `UPDATE advisory_imports SET state = 'superseded' WHERE format = ? AND state = 'current'`,
            made.format,
          );
        else if (finished() !== before) settle();
        db.run(
          `UPDATE advisory_imports SET advisories = ?, skipped = ?, state = 'current' WHERE key = ?`,
          taken,
          skipped,
          origin,
        );
      });
      live.delete(origin);
      return { ...made, id: origin, advisories: taken, skipped };
    },
    discard: () => void live.delete(origin),
  };
};

/** Only a superseded import stays in the list of what was imported. */
const sweep = (db: Db, live: ReadonlySet<number>, rows: number): boolean =>
  db.transaction(() => {
    const broken = JSON.stringify([...live]);
    let left = rows;
    const victims = db.all(
      Key,
      `SELECT key FROM (
          SELECT v.key FROM advisory_imports AS i JOIN advisories AS v ON v.import = i.key
            WHERE i.state = 'superseded'
              OR (i.state = 'staged' AND i.key NOT IN (SELECT value FROM json_each(?)))
          UNION ALL
          SELECT o.key FROM advisories AS n JOIN advisory_imports AS i ON i.key = n.import
            JOIN advisories AS o ON o.key = n.replaces
            WHERE n.replaces IS NOT NULL AND i.state <> 'staged'
        ) LIMIT ?`,
      broken,
      rows,
    );
    for (const { key } of victims) {
      left -=
        1 + (db.get(Count, 'SELECT count(*) AS n FROM advisory_packages WHERE advisory = ?', key)?.n ?? 0);
      remove(db, key);
      if (left <= 0) return true;
    }
    db.run(
      `DELETE FROM advisory_imports WHERE state = 'staged' AND key NOT IN (SELECT value FROM json_each(?))`,
      broken,
    );
    return victims.length >= rows;
  });

export const advisoryIntake = (
  db: Db,
): Pick<AdvisoryStore, 'stageAdvisories' | 'putAdvisories' | 'sweepAdvisories'> => {
  const live = new Set<number>();
  return {
    stageAdvisories: (made, replaceAll) => stage(db, live, made, replaceAll),
    putAdvisories: (made, advisories, replaceAll) =>
      db.transaction(() => {
        const staged = stage(db, live, made, replaceAll);
        staged.add(advisories);
        return staged.finish();
      }),
    sweepAdvisories: (rows) => sweep(db, live, rows),
  };
};

/**
 * Lines, their immutable revisions and freezes. A revision is kept as the canonical text its id is the hash of, and checked
 * against it whenever it is read: content that changed under its id is damage, never an answer.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { ContentHash, Id, Instant, SnapshotName } from '../../../shared/model/primitives.ts';
import { Exception, Freeze, type Revision, RevisionContent } from '../../../shared/model/snapshot.ts';
import type { SnapshotStore, StoredFreeze, WrittenRevision } from '../../core/ports.ts';
import { canonicalJson } from '../../core/snapshots/canonical.ts';
import { type Db, fromJson, JsonRow, type Reader } from './db.ts';
import { damaged } from './faults.ts';
import { insertSignatures } from './signatures.ts';

const RevisionRow = z.object({ id: z.string(), content: z.string() });
const LineRow = z.object({
  id: Id,
  name: SnapshotName,
  headId: ContentHash,
  revisions: z.int(),
  updatedAt: Instant,
});
const FreezeBody = z.object({
  lineId: Id,
  snapshot: SnapshotName,
  revisionId: ContentHash,
  revision: z.int(),
  freeze: Freeze,
  hostIds: z.array(Id),
  exceptions: z.array(Exception).exactOptional(),
  thawed: z.object({ at: Instant, reason: z.string() }).exactOptional(),
}) satisfies z.ZodType<StoredFreeze>;

const hashOf = (text: string): string => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

const parse = (db: Reader, row: z.output<typeof RevisionRow>): Revision => {
  if (hashOf(row.content) !== row.id) throw damaged(db.file, `the content of revision ${row.id} has changed`);
  return { id: row.id, content: fromJson(db, RevisionContent, row.content, 'a revision') };
};

type Head = { lineId: string; name: string; revisionId: string };

const put = (db: Db, revisions: (Revision | WrittenRevision)[], head: Head): void => {
  const taken = db.get(z.object({ id: z.string() }), 'SELECT id FROM lines WHERE name = ?', head.name);
  if (taken !== undefined && taken.id !== head.lineId)
    throw new FrostFault(frostError('already-exists', `There is a snapshot named ${head.name} already.`));
  db.run(
    `INSERT INTO lines (id, name, head) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, head = excluded.head`,
    head.lineId,
    head.name,
    head.revisionId,
  );
  for (const revision of revisions) {
    const { id, content } = revision;
    if (content.line.id !== head.lineId)
      throw new FrostFault(frostError('state.conflict', 'A revision belongs to another snapshot.'));
    const text = 'canonical' in revision ? revision.canonical : canonicalJson(content);
    if (hashOf(text) !== id)
      throw new FrostFault(frostError('internal', `Revision ${id} does not have the content its id names.`));
    db.run(
      `INSERT INTO revisions (id, line, number, created_at, content) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
      id,
      head.lineId,
      content.number,
      content.createdAt,
      text,
    );
  }
  const there = 'SELECT id FROM revisions WHERE id = ? AND line = ?';
  if (db.get(z.object({ id: z.string() }), there, head.revisionId, head.lineId) === undefined)
    throw new FrostFault(frostError('not-found', 'The newest revision is not there.'));
};

const putFreeze = (db: Db, freeze: StoredFreeze): number =>
  db.run(
    `INSERT INTO freezes (revision, body) VALUES (?, ?)
     ON CONFLICT (revision) DO UPDATE SET body = excluded.body`,
    freeze.revisionId,
    JSON.stringify(freeze),
  );

const LINES = `SELECT l.id, l.name, l.head AS headId, r.created_at AS updatedAt,
    (SELECT count(*) FROM revisions WHERE line = l.id) AS revisions
  FROM lines l JOIN revisions r ON r.id = l.head`;

const thaw = (
  db: Db,
  revisionId: string,
  thawed: { at: string; reason: string },
  revision: Revision,
  head: { lineId: string; name: string },
): void =>
  db.transaction(() => {
    const row = db.get(JsonRow, 'SELECT body FROM freezes WHERE revision = ?', revisionId);
    if (row === undefined)
      throw new FrostFault(frostError('not-found', 'There is no freeze on this revision.'));
    const freeze = fromJson(db, FreezeBody, row.body, 'a freeze');
    if (freeze.thawed !== undefined)
      throw new FrostFault(frostError('state.conflict', 'This freeze was lifted already.'));
    put(db, [revision], { ...head, revisionId: revision.id });
    putFreeze(db, { ...freeze, thawed });
  });

export const snapshotStore = (db: Db): SnapshotStore => ({
  lines: () => db.all(LineRow, `${LINES} ORDER BY l.name`),
  line: (idOrName) =>
    db.get(LineRow, `${LINES} WHERE l.id = ?`, idOrName) ??
    db.get(LineRow, `${LINES} WHERE l.name = ?`, idOrName),
  revision: (id) => {
    const row = db.get(RevisionRow, 'SELECT id, content FROM revisions WHERE id = ?', id);
    return row === undefined ? undefined : parse(db, row);
  },
  present: (ids) =>
    new Set(
      db
        .all(
          z.object({ id: z.string() }),
          'SELECT r.id FROM json_each(?) AS j CROSS JOIN revisions AS r ON r.id = j.value',
          JSON.stringify(ids),
        )
        .map(({ id }) => id),
    ),
  revisionIds: (lineId) =>
    db.all(
      z.object({ id: z.string(), number: z.int() }),
      'SELECT id, number FROM revisions WHERE line = ? ORDER BY number DESC, id DESC',
      lineId,
    ),
  revisions: (lineId) =>
    db
      .all(
        RevisionRow,
        'SELECT id, content FROM revisions WHERE line = ? ORDER BY number DESC, id DESC',
        lineId,
      )
      .map((row) => parse(db, row)),
  putRevisions: (revisions, head, freezes, signatures = []) =>
    db.transaction(() => {
      if (head.expectHead !== undefined) {
        const present = db.get(
          z.object({ head: z.string() }),
          'SELECT head FROM lines WHERE id = ?',
          head.lineId,
        );
        if ((present?.head ?? null) !== head.expectHead) return false;
      }
      put(db, revisions, head);
      for (const freeze of freezes) putFreeze(db, freeze);
      insertSignatures(db, signatures);
      return true;
    }),
  freezes: () =>
    db
      .all(JsonRow, 'SELECT body FROM freezes ORDER BY key')
      .map((row) => fromJson(db, FreezeBody, row.body, 'a freeze')),
  thaw: (revisionId, thawed, revision, head) => thaw(db, revisionId, thawed, revision, head),
  removeLine: (lineId) =>
    db.transaction(() => {
      db.run('DELETE FROM freezes WHERE revision IN (SELECT id FROM revisions WHERE line = ?)', lineId);
      db.run('DELETE FROM revisions WHERE line = ?', lineId);
      db.run('DELETE FROM lines WHERE id = ?', lineId);
    }),
});

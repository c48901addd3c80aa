/** Detached signatures of revisions. */
import { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import type { SignatureStore, StoredSignature } from '../../core/exchange/ports.ts';
import type { Db } from './db.ts';

const Row = z.object({
  revisionId: z.string(),
  fingerprint: z.string(),
  armor: z.string(),
  addedAt: z.string(),
}) satisfies z.ZodType<StoredSignature>;

/** Within the caller's transaction. */
export const insertSignatures = (db: Db, signatures: readonly StoredSignature[]): void => {
  for (const { revisionId, fingerprint, armor, addedAt } of signatures) {
    if (
      db.get(z.object({ id: z.string() }), 'SELECT id FROM revisions WHERE id = ?', revisionId) === undefined
    )
      throw new FrostFault(frostError('not-found', 'The revision that was signed is not here.'));
    db.run(
      `INSERT INTO signatures (revision, fingerprint, armor, added_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (revision, fingerprint) DO NOTHING`,
      revisionId,
      fingerprint,
      armor,
      addedAt,
    );
  }
};

export const signatureStore = (db: Db): SignatureStore => ({
  signatures: (revisionId) =>
    db.all(
      Row,
      `SELECT revision AS revisionId, fingerprint, armor, added_at AS addedAt
       FROM signatures WHERE revision = ? ORDER BY key`,
      revisionId,
    ),
  putSignatures: (signatures) => db.transaction(() => insertSignatures(db, signatures)),
});

import { z } from 'zod';
import type { TrustedKey, TrustStore } from '../../core/ports.ts';
import type { Db } from './db.ts';

const Key = z.object({
  address: z.string(),
  port: z.int(),
  keyType: z.string(),
  publicKey: z.string(),
  fingerprint: z.string(),
  addedAt: z.string(),
}) satisfies z.ZodType<TrustedKey>;

export const trustStore = (db: Db): TrustStore => ({
  trustedKeys: (address, port) =>
    db.all(
      Key,
      `SELECT address, port, key_type AS keyType, public_key AS publicKey, fingerprint, added_at AS addedAt
        FROM trusted_keys WHERE address = ? AND port = ?`,
      address,
      port,
    ),
  addTrustedKey: (key) => {
    db.run(
      `INSERT INTO trusted_keys (address, port, key_type, public_key, fingerprint, added_at)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      key.address,
      key.port,
      key.keyType,
      key.publicKey,
      key.fingerprint,
      key.addedAt,
    );
  },
  removeTrustedKeys: (address, port) => {
    db.run('DELETE FROM trusted_keys WHERE address = ? AND port = ?', address, port);
  },
});

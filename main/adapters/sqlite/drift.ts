/** What each host is compared with, and how it differed when it was scanned last. The lists are long, so they are packed. */
import { StoredDrift } from '../../../shared/model/drift.ts';
import type { DriftStore } from '../../core/ports.ts';
import { type Db, fromPacked, PackedRow, pack } from './db.ts';

export const driftStore = (db: Db): DriftStore => ({
  drift: (hostId) => {
    const row = db.get(PackedRow, 'SELECT body FROM drift WHERE host = ?', hostId);
    return row === undefined ? undefined : fromPacked(db, StoredDrift, row.body, 'what drifted');
  },
  putDrift: (drift) => {
    db.run(
      'INSERT INTO drift (host, body) VALUES (?, ?) ON CONFLICT (host) DO UPDATE SET body = excluded.body',
      drift.hostId,
      pack(JSON.stringify(drift)),
    );
  },
});

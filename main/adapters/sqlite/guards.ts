/** The guard of each host, as wanted and as last seen. */
import { StoredGuard } from '../../../shared/model/guard.ts';
import type { GuardStore } from '../../core/ports.ts';
import { type Db, fromJson, JsonRow } from './db.ts';

export const guardStore = (db: Db): GuardStore => ({
  guards: () =>
    db
      .all(JsonRow, 'SELECT body FROM guards ORDER BY host')
      .map((row) => fromJson(db, StoredGuard, row.body, 'a guard')),
  putGuard: (guard) => {
    db.run(
      'INSERT INTO guards (host, body) VALUES (?, ?) ON CONFLICT (host) DO UPDATE SET body = excluded.body',
      guard.hostId,
      JSON.stringify(guard),
    );
  },
  removeGuard: (hostId) => {
    db.run('DELETE FROM guards WHERE host = ?', hostId);
  },
});

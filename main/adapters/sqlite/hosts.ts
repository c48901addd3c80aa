import { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { Host } from '../../../shared/model/host.ts';
import type { HostStore } from '../../core/ports.ts';
import { forgetInstalled } from './catalog.ts';
import { type Db, fromJson, JsonRow, type Reader } from './db.ts';
import { releaseListsOf } from './scans.ts';

const parse = (db: Reader, row: { body: string }): Host => fromJson(db, Host, row.body, 'a host');
const one = (db: Reader, row: { body: string } | undefined): Host | undefined =>
  row === undefined ? undefined : parse(db, row);

const putHosts = (db: Db, hosts: Host[]): void =>
  db.transaction(() => {
    // Names may change places among these: each first gets one that no host can have.
    for (const host of hosts) db.run('UPDATE hosts SET name = ? WHERE id = ?', `-${host.id}`, host.id);
    for (const host of hosts) {
      const taken = db.get(z.object({ id: z.string() }), 'SELECT id FROM hosts WHERE name = ?', host.name);
      if (taken !== undefined && taken.id !== host.id)
        throw new FrostFault(
          frostError('already-exists', `There is a host named ${host.name} already.`, { host: host.name }),
        );
      db.run(
        `INSERT INTO hosts (id, name, body) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body`,
        host.id,
        host.name,
        JSON.stringify(host),
      );
    }
  });

export const hostStore = (db: Db): HostStore => ({
  hosts: () => db.all(JsonRow, 'SELECT body FROM hosts ORDER BY name').map((row) => parse(db, row)),
  host: (id) => one(db, db.get(JsonRow, 'SELECT body FROM hosts WHERE id = ?', id)),
  hostByName: (name) => one(db, db.get(JsonRow, 'SELECT body FROM hosts WHERE name = ?', name)),
  putHost: (host) => putHosts(db, [host]),
  putHosts: (hosts) => putHosts(db, hosts),
  removeHost: (id) =>
    db.transaction(() => {
      db.run('DELETE FROM hosts WHERE id = ?', id);
      releaseListsOf(db, id, null);
      forgetInstalled(db, id);
    }),
});

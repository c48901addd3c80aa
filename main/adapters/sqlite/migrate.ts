/**
 * Brings a database to the newest schema. A migration and the record of it (`user_version`) are one transaction: a process
 * killed at any instruction leaves the old schema or the new one. Before an existing database is touched it is copied.
 */
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import type { Log } from '../../core/ports.ts';
import { backupsOf, damaged } from './faults.ts';
import type { Migration } from './migrations.ts';

const KEPT_BACKUPS = 3;

export const versionOf = (handle: Database): number =>
  Number(handle.pragma('user_version', { simple: true }));

/** A whole, consistent copy beside the file; present under its name only once it is complete and on disk. */
const backUp = (handle: Database, file: string, version: number): string => {
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const copy = `${file}.backup-${stamp}-v${version}`;
  const part = `${copy}.part`;
  try {
    closeSync(openSync(part, 'wx', 0o600));
    handle.prepare('VACUUM INTO ?').run(part);
    chmodSync(part, 0o600);
    const opened = openSync(part, 'r+');
    fsyncSync(opened);
    closeSync(opened);
    renameSync(part, copy);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
  for (const old of backupsOf(file).slice(KEPT_BACKUPS)) rmSync(old, { force: true });
  return copy;
};

/** All of them or none: one transaction, and one wait for the disk. */
const apply = (handle: Database, file: string, due: readonly Migration[]): void => {
  // Tables are rebuilt without following references; that they still hold is checked before the commit.
  handle.pragma('foreign_keys = OFF');
  try {
    handle
      .transaction(() => {
        for (const migration of due) {
          handle.exec(migration.sql);
          migration.code?.(handle);
          const broken = handle.pragma('foreign_key_check');
          if (!Array.isArray(broken) || broken.length > 0)
            throw damaged(file, `references do not hold after migration ${migration.version}`);
          handle.pragma(`user_version = ${migration.version}`);
        }
      })
      .immediate();
  } finally {
    handle.pragma('foreign_keys = ON');
  }
};

/** Throws `store.newer` for a database of a later Frostline, which is left as it is. */
export const migrate = (handle: Database, file: string, migrations: readonly Migration[], log: Log): void => {
  const present = versionOf(handle);
  const newest = migrations.at(-1)?.version ?? 0;
  if (present > newest)
    throw new FrostFault(
      frostError(
        'store.newer',
        `The database ${file} was written by a newer Frostline (schema ${present}, this one knows ${newest}).`,
        { hint: 'Update Frostline, or use another data folder. Nothing was changed.' },
      ),
    );
  const due = migrations.filter((migration) => migration.version > present);
  if (due.length === 0) return;
  if (present > 0)
    log.write('info', 'database copied before migrating', { copy: backUp(handle, file, present) });
  apply(handle, file, due);
  log.write('info', 'database migrated', { from: present, to: newest });
};

/**
 * One process owns a data folder. The lock is an exclusive transaction on `owner.db`, held open for the process's life: the
 * operating system lets it go when the process ends, however it ends, so that it can neither stay behind nor be taken twice.
 * `owner.pid` beside it only says who has it. (On network file systems the lock is as good as theirs.)
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { err, FrostFault, fail, ok, type Result } from '../../../shared/errors.ts';
import { faultOf } from './faults.ts';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

const ownerOf = (pidFile: string): number | undefined => {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
};

const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');

/** Errors: `store.busy` (another process has it; named where it can be told), `store.full` (the folder is not writable). */
export const acquireDataFolder = (dir: string): Result<{ release(): void }> => {
  const file = join(dir, 'owner.db');
  const pidFile = join(dir, 'owner.pid');
  let handle: Database.Database | undefined;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const opened = new Database(file, { timeout: 0 });
    handle = opened;
    chmodSync(file, 0o600);
    opened.exec('BEGIN EXCLUSIVE');
    writeFileSync(`${pidFile}.part`, `${process.pid}\n`, { mode: 0o600 });
    renameSync(`${pidFile}.part`, pidFile);
    let held = true;
    return ok({
      release: () => {
        if (!held) return;
        held = false;
        rmSync(pidFile, { force: true });
        opened.close();
      },
    });
  } catch (error) {
    handle?.close();
    if (isBusy(error)) {
      const pid = ownerOf(pidFile);
      return fail(
        'store.busy',
        `The data folder ${dir} is in use by another Frostline process${pid === undefined ? '' : ` (pid ${pid})`}.`,
        { hint: 'Close it, or name another folder with --data-dir.' },
      );
    }
    const fault = faultOf(error, file);
    if (fault instanceof FrostFault) return err(fault.error);
    throw error;
  }
};

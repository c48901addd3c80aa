/** Turns what SQLite and the file system say into faults an admin can act upon. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import type { z } from 'zod';
import { FrostFault, frostError } from '../../../shared/errors.ts';

/** Backup copies of a database file, newest first. Their names begin with the file's, then `.backup-` and the time. */
export const backupsOf = (file: string): string[] => {
  try {
    return readdirSync(dirname(file))
      .filter((name) => name.startsWith(`${basename(file)}.backup-`) && !name.endsWith('.part'))
      .sort()
      .reverse()
      .map((name) => join(dirname(file), name));
  } catch {
    return [];
  }
};

export const damaged = (file: string, what: string): FrostFault => {
  const backups = backupsOf(file);
  const copies =
    backups.length === 0
      ? 'There is no backup copy beside it.'
      : `Backup copies: ${backups.slice(0, 3).join(', ')}.`;
  return new FrostFault(
    frostError('store.damaged', `The database ${file} is damaged: ${what}.`, {
      hint: `${copies} Nothing was changed; move the file away to begin anew, or put a copy in its place.`,
    }),
  );
};

const unwritable = (file: string, what: string, hint: string): FrostFault =>
  new FrostFault(frostError('store.full', `The database ${file} cannot be written: ${what}.`, { hint }));

const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** What to throw instead of `error`; itself where it is no failure of the store but a defect of ours. */
export const faultOf = (error: unknown, file: string): unknown => {
  if (error instanceof FrostFault) return error;
  const code = errnoOf(error);
  if (code === undefined || !(error instanceof Error)) return error;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT')
    return unwritable(file, 'the disk is full', 'Free some space and try again. Nothing was half-written.');
  if (code.startsWith('SQLITE_READONLY') || code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return unwritable(
      file,
      'it, or its folder, is read-only',
      'Make the data folder writable and try again.',
    );
  if (code.startsWith('SQLITE_CANTOPEN') || ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST'].includes(code))
    return unwritable(file, 'it cannot be opened', 'Check that the data folder is there and writable.');
  if (code.startsWith('SQLITE_IOERR') || code === 'EIO')
    return unwritable(file, `the disk reports an error (${code})`, 'Check the disk, then try again.');
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return damaged(file, error.message);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new FrostFault(
      frostError('store.busy', `The database ${file} is in use by another program.`, {
        hint: 'Close the other program, a database viewer for instance, and try again.',
      }),
    );
  if (error instanceof Database.SqliteError && code.startsWith('SQLITE_CONSTRAINT'))
    return new FrostFault(frostError('internal', `The store refused a change: ${error.message}.`));
  return error;
};

/** Values from disk are checked like any other input: a row that does not fit is damage, never a wrong value. */
export const validated = <S extends z.ZodType>(
  schema: S,
  value: unknown,
  file: string,
  what: string,
): z.output<S> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw damaged(file, `${what} cannot be read${where}: ${issue?.message ?? 'not valid'}`);
};

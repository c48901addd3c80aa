/** What the host process leaves in its data folder so that others find it: where it listens, and the token they must show. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { fileTrouble, systemCodeOf } from '../../adapters/fileWords.ts';

const Presence = z.object({
  pid: z.int().min(1),
  socket: z.string().max(4096),
  token: z.string().min(32).max(200),
  build: z.string().max(200),
});
export type Presence = z.infer<typeof Presence>;

/** Tells a data folder from any other. */
const DATABASE = 'frostline.db';

const fileOf = (dataDir: string) => join(dataDir, 'host.json');

export const newToken = (): string => randomBytes(32).toString('hex');

/**
 * Whoever answers at the socket that it names gets the vault's passphrase: in a folder that others may write to, a file of
 * theirs must not be believed. Root may attach to another account's console, in that account's own folder.
 */
const isOwn = (dataDir: string): boolean => {
  if (process.platform === 'win32') return true;
  const me = userInfo().uid;
  const { uid } = lstatSync(fileOf(dataDir));
  return uid === me || (me === 0 && uid === statSync(dataDir).uid);
};

export const readPresence = (dataDir: string): Presence | null => {
  try {
    if (!isOwn(dataDir)) return null;
    const parsed = Presence.safeParse(JSON.parse(readFileSync(fileOf(dataDir), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

export const writePresence = (dataDir: string, presence: Presence): void => {
  const temporary = `${fileOf(dataDir)}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(presence), { mode: 0o600 });
  renameSync(temporary, fileOf(dataDir));
};

export const removePresence = (dataDir: string): void => {
  if (readPresence(dataDir)?.pid === process.pid) rmSync(fileOf(dataDir), { force: true });
};

/** With the folders above it. Node's own way of doing so never ends where a file system knows no new folders, as /proc. */
const makeFolder = (path: string): void => {
  const isThere = () => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isThere()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    // Another command may have been quicker.
    if (!isThere()) throw thrown;
  }
};

/**
 * Makes the data folder, or closes it to other accounts: it holds the socket that commands this console. One that holds
 * other things is left as it is, and nothing is written to it. Errors: `input.invalid`.
 */
export const prepareFolder = (dataDir: string): Result<void> => {
  try {
    makeFolder(dataDir);
    if (process.platform === 'win32') return ok(undefined);
    const { uid, mode } = statSync(dataDir);
    if (uid !== userInfo().uid)
      return fail('input.invalid', `The data folder ${dataDir} belongs to another account.`, {
        hint: 'Choose another one with --data-dir.',
      });
    if ((mode & 0o077) === 0) return ok(undefined);
    const found = readdirSync(dataDir);
    if (found.length > 0 && !found.includes(DATABASE))
      return fail(
        'input.invalid',
        `The data folder ${dataDir} is open to other accounts and holds other files.`,
        { hint: `Choose a folder of its own with --data-dir, or run: chmod 700 ${dataDir}` },
      );
    chmodSync(dataDir, 0o700);
    return ok(undefined);
  } catch (thrown) {
    const taken = ['EEXIST', 'ENOTDIR'].includes(systemCodeOf(thrown) ?? '');
    const { message } = taken
      ? { message: `${dataDir}, or a part of its path, is a file.` }
      : fileTrouble(dataDir, 'written', thrown);
    return fail('input.invalid', `The data folder cannot be used. ${message}`, {
      hint: 'Choose another one with --data-dir.',
    });
  }
};

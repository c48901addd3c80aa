/** Bundle files on this machine's disk, readable by their owner only. Paths come from the admin; contents from anybody. */
import { createHash } from 'node:crypto';
import { constants, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { type FrostError, fail, frostError, ok } from '../../../shared/errors.ts';
import type { BundleFiles, BundleSink, BundleSource } from '../../core/bundles/ports.ts';
import { syncFolder } from '../artefacts/partFile.ts';
import { fileTrouble, systemCodeOf } from '../fileWords.ts';

const SUFFIX = '.frost.tar';
const PIECE = 1024 * 1024;

const invalid = (path: string, what: string) => fail('input.invalid', `${path.slice(0, 500)} ${what}.`);

const unwritable = (path: string, error: unknown): { ok: false; error: FrostError } => {
  const code = systemCodeOf(error);
  return {
    ok: false,
    error: frostError(
      'store.full',
      code === 'ENOSPC' || code === 'EDQUOT'
        ? `The disk is full: ${path} could not be written.`
        : fileTrouble(path, 'written', error).message,
      { hint: 'Nothing is left of it. What was fetched is kept, so trying again goes on from there.' },
    ),
  };
};

const unreadable = (path: string, error: unknown) =>
  fail('store.damaged', fileTrouble(path, 'read', error).message);

const sourceOf = (path: string, handle: FileHandle, bytes: number): BundleSource => ({
  bytes,
  read: async (offset, length) => {
    try {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, bytes - offset)));
      let done = 0;
      while (done < buffer.length) {
        const { bytesRead } = await handle.read(buffer, done, buffer.length - done, offset + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return ok(buffer.subarray(0, done));
    } catch (error) {
      return unreadable(path, error);
    }
  },
  sha256: async (offset, length, signal) => {
    const hash = createHash('sha256');
    const buffer = Buffer.alloc(Math.min(PIECE, Math.max(1, length)));
    try {
      for (let done = 0; done < length; ) {
        if (signal.aborted) return fail('cancelled', 'Reading the bundle was cancelled.');
        const { bytesRead } = await handle.read(
          buffer,
          0,
          Math.min(buffer.length, length - done),
          offset + done,
        );
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        done += bytesRead;
      }
      return ok(hash.digest('hex'));
    } catch (error) {
      return unreadable(path, error);
    }
  },
  close: () => handle.close(),
});

const sinkOf = (path: string, part: string, handle: FileHandle): BundleSink => {
  let bytes = 0;
  let open = true;
  const drop = async (): Promise<void> => {
    if (open) await handle.close();
    open = false;
    await rm(part, { force: true });
  };
  return {
    write: async (chunk) => {
      try {
        for (let done = 0; done < chunk.length; )
          done += (await handle.write(chunk, done, chunk.length - done)).bytesWritten;
        bytes += chunk.length;
        return ok(undefined);
      } catch (error) {
        return unwritable(path, error);
      }
    },
    finish: async () => {
      try {
        await handle.sync();
        await handle.close();
        open = false;
        await rename(part, path);
        await syncFolder(dirname(path));
        return ok({ bytes });
      } catch (error) {
        await drop().catch(() => {});
        return unwritable(path, error);
      }
    },
    abandon: drop,
  };
};

/** `folder`: where bundles go that nobody named a place for. */
export const createBundleFiles = (folder: string): BundleFiles => ({
  open: async (path) => {
    if (!isAbsolute(path) || path.includes('\0')) return invalid(path, 'is not an absolute path');
    const { O_RDONLY, O_NONBLOCK } = constants;
    let handle: FileHandle;
    try {
      // A named pipe must not be waited for. Windows knows no O_NONBLOCK; there it is undefined.
      handle = await open(path, O_RDONLY | (O_NONBLOCK ?? 0));
    } catch (error) {
      const { message, hint } = fileTrouble(path, 'read', error);
      return fail('input.invalid', message.slice(0, 1000), hint === undefined ? {} : { hint });
    }
    const found = await handle.stat();
    if (found.isFile()) return ok(sourceOf(path, handle, found.size));
    await handle.close();
    return invalid(path, 'is not a file');
  },

  create: async (given) => {
    if (!isAbsolute(given) || given.includes('\0')) return invalid(given, 'is not an absolute path');
    const path = resolve(given);
    const name = basename(path);
    if (!name.endsWith(SUFFIX) || name === SUFFIX) return invalid(path, `does not end in ${SUFFIX}`);
    if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true)
      return invalid(dirname(path), 'is not a folder');
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) return invalid(path, 'is there, and is not a file');
    const part = `${path}.part`;
    try {
      // What a console that was killed has left. Made anew, so that it is nobody else's file and no link.
      await rm(part, { force: true });
      const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
      const handle = await open(part, O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0), 0o600);
      return ok(sinkOf(path, part, handle));
    } catch (error) {
      return unwritable(path, error);
    }
  },

  ownPath: async (fileName) => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return ok(join(folder, basename(fileName)));
    } catch (error) {
      return unwritable(folder, error);
    }
  },

  own: async () => {
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      return [];
    }
    return names
      .filter((name) => name.endsWith(SUFFIX))
      .flatMap((name) => {
        const path = join(folder, name);
        const found = lstatSync(path, { throwIfNoEntry: false });
        return found?.isFile() === true
          ? [{ path, bytes: found.size, modifiedAt: found.mtime.toISOString() }]
          : [];
      })
      .sort((a, b) => b.modifiedAt.localeCompare(a.modifiedAt));
  },
});

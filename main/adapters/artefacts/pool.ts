/**
 * The pool of old artefacts on disk: `<folder>/<sha256>`, readable by its owner only. Every path is made of a hash that was
 * checked; a file has its name only once it is whole, hashed and on disk. What is there of a broken transfer is `<hash>.part`.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FrostError, FrostFault, fail, ok, type Result } from '../../../shared/errors.ts';
import type {
  ArtefactIndex,
  ArtefactKey,
  Artefacts,
  ArtefactWriter,
  Expected,
  PooledArtefact,
} from '../../core/artefacts/ports.ts';
import type { Clock } from '../../core/ports.ts';
import { codeOf, PartFile, syncFolder, unwritable } from './partFile.ts';

const SHA256 = /^[0-9a-f]{64}$/;
const SHA1 = /^[0-9a-f]{40}$/;

const sizeOf = (file: string): number | undefined => {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true ? found.size : undefined;
};

/** Changes whenever the file is written to or replaced. */
const stateOf = (file: string): string | undefined => {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found && `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
};

const hashOf = (file: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    createReadStream(file, { highWaterMark: 1024 * 1024 })
      .on('data', (chunk) => hash.update(chunk))
      .on('error', reject)
      .on('end', () => resolve(hash.digest('hex')));
  });

const shown = (key: ArtefactKey): string => `${key.name} ${key.version}`;

export const createArtefactPool = (o: {
  folder: string;
  index: ArtefactIndex;
  clock: Pick<Clock, 'now'>;
}): Artefacts => {
  const { folder, index } = o;
  const coming = new Set<string>();
  /** Files found good, as they stood then: hundreds of hosts ask for the same ones. Who receives one hashes it again. */
  const seen = new Map<string, string>();
  const fileOf = (sha256: string): string => {
    if (!SHA256.test(sha256)) throw new RangeError('not a SHA-256');
    return join(folder, sha256);
  };
  const partOf = (expected: Expected): string => {
    const { hash } = expected;
    if ('sha256' in hash) return `${fileOf(hash.sha256)}.part`;
    if (!SHA1.test(hash.sha1)) throw new RangeError('not a SHA-1');
    return join(folder, `${hash.sha1}.sha1.part`);
  };

  const gone = (sha256: string) =>
    fail('not-found', `The console's store has no file ${sha256.slice(0, 12)}….`);
  const damaged = (sha256: string) =>
    fail('store.damaged', `The console's copy ${sha256.slice(0, 12)}… is damaged and is not used.`, {
      hint: `Its file is ${fileOf(sha256)}; artefacts prune removes it.`,
    });
  const refused = (error: unknown): { ok: false; error: FrostError } => ({
    ok: false,
    error: unwritable(folder, codeOf(error)),
  });

  const settle = async (part: PartFile, expected: Expected): Promise<Result<PooledArtefact>> => {
    const whole = await part.close(expected);
    if (!whole.ok) return whole;
    const sha256 = whole.value;
    try {
      await rename(part.path, fileOf(sha256));
      await syncFolder(folder);
      const { key, bytes, source, from } = expected;
      const artefact: PooledArtefact = {
        ...key,
        sha256,
        bytes,
        source,
        from,
        addedAt: new Date(o.clock.now()).toISOString(),
      };
      index.putArtefact(artefact);
      return ok(artefact);
    } catch (error) {
      return error instanceof FrostFault ? { ok: false, error: error.error } : refused(error);
    }
  };

  const writerOf = (part: PartFile, expected: Expected): ArtefactWriter => ({
    get offset() {
      return part.size;
    },
    write: (chunk) => part.append(chunk, expected.bytes),
    finish: async () => {
      try {
        return await settle(part, expected);
      } finally {
        coming.delete(part.path);
      }
    },
    suspend: () => {
      part.abandon();
      coming.delete(part.path);
    },
  });

  const present = (artefact: PooledArtefact): boolean => sizeOf(fileOf(artefact.sha256)) === artefact.bytes;

  return {
    find: (key) => index.artefactsOf(key).filter(present),
    list: () => index.artefacts().filter(present),

    size: () => {
      const sizes = namesIn(folder).flatMap((name) => sizeOf(join(folder, name)) ?? []);
      return { files: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
    },

    verify: async (sha256) => {
      try {
        const state = stateOf(fileOf(sha256));
        if (state !== undefined && seen.get(sha256) === state) return ok(undefined);
        if ((await hashOf(fileOf(sha256))) !== sha256) return damaged(sha256);
        if (state !== undefined) seen.set(sha256, state);
        return ok(undefined);
      } catch (error) {
        return codeOf(error) === 'ENOENT' ? gone(sha256) : damaged(sha256);
      }
    },

    read: async (sha256, offset, length) => {
      try {
        const handle = await open(fileOf(sha256), 'r');
        try {
          const buffer = Buffer.alloc(Math.max(0, length));
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
          return ok(buffer.subarray(0, bytesRead));
        } finally {
          await handle.close();
        }
      } catch (error) {
        return codeOf(error) === 'ENOENT' ? gone(sha256) : damaged(sha256);
      }
    },

    receive: async (expected) => {
      const path = partOf(expected);
      if (coming.has(path))
        return fail('state.conflict', `${shown(expected.key)} is just coming from somewhere else.`);
      coming.add(path);
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        return ok(writerOf(await PartFile.open(path, expected.bytes), expected));
      } catch (error) {
        coming.delete(path);
        return refused(error);
      }
    },

    remove: async (sha256) => {
      try {
        await rm(fileOf(sha256), { force: true });
        index.removeArtefact(sha256);
        return ok(undefined);
      } catch (error) {
        return error instanceof FrostFault ? { ok: false, error: error.error } : refused(error);
      }
    },

    dropUnfinished: async () => {
      let freed = 0;
      for (const name of namesIn(folder)) {
        const path = join(folder, name);
        if (!name.endsWith('.part') || coming.has(path)) continue;
        const bytes = sizeOf(path) ?? 0;
        try {
          await rm(path, { force: true });
          freed += bytes;
        } catch {
          // It stays, and takes its room; the next prune tries again.
        }
      }
      return freed;
    },
  };
};

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** A file that is still coming: appended to piece by piece, hashed as it grows, and continued where a transfer broke off. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Expected } from '../../core/artefacts/ports.ts';
import { systemCodeOf } from '../fileWords.ts';

export const codeOf = (error: unknown): string => systemCodeOf(error) ?? 'unknown reason';

export const unwritable = (folder: string, code: string): FrostError =>
  frostError(
    'store.full',
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'The disk of this machine is full: the old package cannot be kept here.'
      : `The console's store of old packages cannot be written (${code}).`,
    { hint: `It is ${folder}. Free some space there, or make it writable.` },
  );

/** Makes a rename outlive a power cut, where the system knows how. */
export const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

export class PartFile {
  readonly path: string;
  size: number;
  readonly #fd: number;
  readonly #hashes: { sha256: Hash; sha1: Hash };
  #trouble: FrostError | undefined;
  #open = true;

  private constructor(path: string, fd: number, size: number, hashes: { sha256: Hash; sha1: Hash }) {
    this.path = path;
    this.#fd = fd;
    this.size = size;
    this.#hashes = hashes;
  }

  /** Throws what the file system throws. What is there already counts, unless it is more than there can be. */
  static async open(path: string, bytes: number): Promise<PartFile> {
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
    // Windows knows no O_NOFOLLOW; there it is undefined.
    const flags = O_RDWR | O_CREAT | O_APPEND | (O_NOFOLLOW ?? 0);
    let fd = openSync(path, flags, 0o600);
    try {
      const found = fstatSync(fd);
      if (!found.isFile() || found.size > bytes) {
        closeSync(fd);
        rmSync(path, { force: true });
        fd = openSync(path, flags, 0o600);
      }
      const hashes = { sha256: createHash('sha256'), sha1: createHash('sha1') };
      let size = 0;
      for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
        hashes.sha256.update(chunk);
        hashes.sha1.update(chunk);
        size += chunk.length;
      }
      return new PartFile(path, fd, size, hashes);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  append(chunk: Uint8Array, most: number): boolean {
    if (!this.#open || this.#trouble !== undefined) return false;
    if (this.size + chunk.length > most) {
      this.#trouble = frostError('store.damaged', 'More came than was announced; it is not used.');
      return false;
    }
    let done = 0;
    try {
      while (done < chunk.length) {
        const written = writeSync(this.#fd, chunk, done, chunk.length - done);
        const piece = chunk.subarray(done, done + written);
        this.#hashes.sha256.update(piece);
        this.#hashes.sha1.update(piece);
        done += written;
        this.size += written;
      }
      return true;
    } catch (error) {
      this.#trouble = unwritable(this.path, codeOf(error));
      return false;
    }
  }

  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }

  /** To disk, and checked: its SHA-256. What is not what was announced is dropped. */
  async close(expected: Expected): Promise<Result<string>> {
    if (!this.#open) return fail('internal', 'The transfer was ended before.');
    if (this.#trouble === undefined) {
      try {
        const handle = await open(this.path, 'r+');
        await handle.sync().finally(() => handle.close());
      } catch (error) {
        this.#trouble = unwritable(this.path, codeOf(error));
      }
    }
    this.abandon();
    // Of no use while the disk is full, and it takes the room that is missing.
    if (this.#trouble !== undefined) return this.#drop(this.#trouble);
    const sha256 = this.#hashes.sha256.digest('hex');
    const sha1 = this.#hashes.sha1.digest('hex');
    const { hash, bytes } = expected;
    const same = 'sha256' in hash ? hash.sha256 === sha256 : hash.sha1 === sha1;
    if (this.size === bytes && same) return ok(sha256);
    return this.#drop(
      frostError(
        'store.damaged',
        this.size === bytes
          ? 'What came has another hash than announced; it is not used.'
          : `Only ${this.size} of ${bytes} bytes came; they are not used.`,
      ),
    );
  }

  #drop(error: FrostError): Result<never> {
    rmSync(this.path, { force: true });
    return { ok: false, error };
  }
}

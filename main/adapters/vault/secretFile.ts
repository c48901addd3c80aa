/** A small JSON file of secrets: readable by its owner only, replaced whole or not at all, never overwritten when damaged. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { systemCodeOf } from '../fileWords.ts';

const MAX_BYTES = 16 * 1024 * 1024;

const codeOf = (error: unknown): string => systemCodeOf(error) ?? 'unknown reason';

export class SecretFile<T> {
  readonly #file: string;
  readonly #schema: z.ZodType<T>;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(file: string, schema: z.ZodType<T>) {
    this.#file = file;
    this.#schema = schema;
  }

  exists(): boolean {
    return existsSync(this.#file);
  }

  unavailable(why: string): Result<never> {
    return fail('vault.unavailable', `The vault ${this.#file} cannot be used: ${why}.`, {
      hint: 'It was left as it is. Put back a copy of the file, or move it away to begin a new vault.',
    });
  }

  /** Undefined when there is no file. */
  async read(): Promise<Result<T | undefined>> {
    let text: string;
    try {
      const handle = await open(this.#file, 'r');
      try {
        const info = await handle.stat();
        if (!info.isFile()) return this.unavailable('it is not a file');
        if (info.size > MAX_BYTES) return this.unavailable('it is too large');
        if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) await handle.chmod(0o600);
        text = await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    } catch (error) {
      return codeOf(error) === 'ENOENT'
        ? ok(undefined)
        : this.unavailable(`it cannot be read (${codeOf(error)})`);
    }
    try {
      const parsed = this.#schema.safeParse(JSON.parse(text));
      return parsed.success ? ok(parsed.data) : this.unavailable('it is damaged or of an unknown version');
    } catch {
      return this.unavailable('it is damaged');
    }
  }

  /** Changes happen one after another; `change` sees the file as it is and returns what it shall be, or undefined for no change. */
  update(change: (now: T | undefined) => Result<T | undefined>): Promise<Result<void>> {
    const next = this.#queue.then(async (): Promise<Result<void>> => {
      const now = await this.read();
      if (!now.ok) return now;
      const wanted = change(now.value);
      if (!wanted.ok) return wanted;
      return wanted.value === undefined ? ok(undefined) : this.#write(wanted.value);
    });
    this.#queue = next.catch(() => {});
    return next;
  }

  async #write(value: T): Promise<Result<void>> {
    const temporary = `${this.#file}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(value)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, this.#file);
      await this.#syncFolder();
      return ok(undefined);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      return this.unavailable(`it cannot be written (${codeOf(error)})`);
    }
  }

  /** Makes the rename outlive a power cut, where the system knows how. */
  async #syncFolder(): Promise<void> {
    if (process.platform === 'win32') return;
    const folder = dirname(this.#file);
    if (!(await stat(folder)).isDirectory()) return;
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** A file that appears under its name whole or not at all; readable by its owner alone, unless it is meant for others. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { invalid, unwritable } from './invalid.ts';

export class OutputFile {
  readonly path: string;
  bytes = 0;
  readonly #part: string;
  #file: number | null;

  /** `mode`: less what the account's umask takes away. Errors, here and later: `input.invalid` where it cannot be written. */
  constructor(path: string, mode = 0o600) {
    if (path === '') throw invalid('The name of the file is empty.');
    this.path = resolve(path);
    this.#part = `${this.path}.${process.pid}.part`;
    // `wx`: a link that somebody else put in its place is not followed.
    this.#file = this.#guarded(() => openSync(this.#part, 'wx', mode));
  }

  write(text: string): void {
    const file = this.#file;
    if (file === null || text === '') return;
    const data = Buffer.from(text, 'utf8');
    this.#guarded(() => {
      for (let done = 0; done < data.length; ) done += writeSync(file, data, done);
    });
    this.bytes += data.length;
  }

  finish(): void {
    const file = this.#file;
    if (file === null) return;
    this.#guarded(() => {
      fsyncSync(file);
      closeSync(file);
      this.#file = null;
      try {
        renameSync(this.#part, this.path);
      } catch (thrown) {
        rmSync(this.#part, { force: true });
        throw thrown;
      }
    });
  }

  /** After `finish` nothing is left to discard. */
  discard(): void {
    if (this.#file === null) return;
    closeSync(this.#file);
    this.#file = null;
    rmSync(this.#part, { force: true });
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw unwritable(this.path, thrown);
    }
  }
}

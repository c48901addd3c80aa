/** What every command gets: the client, and the two ways of telling (tables for people, one JSON document for programs). */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Client } from '../../../shared/contract/contract.ts';
import { exitCodeOf, type FrostError, FrostFault, frostError, type Result } from '../../../shared/errors.ts';
import { defaultDataDir } from '../../adapters/platform.ts';
import type { ChannelClient } from '../../adapters/rpc/client.ts';
import { attach } from '../process/attach.ts';
import { readText } from './files.ts';
import { invalid } from './invalid.ts';
import { inOwnWords } from './ownWords.ts';
import { type Paint, paint, safe } from './terminal.ts';

export type GlobalOptions = { dataDir?: string; passphraseFile?: string; json?: boolean; color?: boolean };

export class Context {
  readonly json: boolean;
  readonly dataDir: string;
  readonly paint: Paint;
  exitCode = 0;
  #options: GlobalOptions;
  #client: ChannelClient | null = null;
  #interrupted = false;
  /** Something of the one JSON document is on stdout already. */
  begun = false;

  constructor(options: GlobalOptions) {
    this.#options = options;
    this.json = options.json === true;
    this.dataDir = resolve(options.dataDir ?? defaultDataDir());
    this.paint = paint(
      options.color !== false &&
        process.env.NO_COLOR === undefined &&
        process.stdout.isTTY === true &&
        !this.json,
    );
  }

  /** Attached once per command; `again` after the connection was lost. */
  async client(again = false): Promise<Client> {
    if (this.#interrupted) throw new FrostFault(interrupted());
    if (this.#client !== null && !again) return this.#client;
    // An empty variable of a script would otherwise make the folder it runs in the data folder.
    if (this.#options.dataDir === '') throw invalid('--data-dir is empty.');
    const attached = await attach(this.dataDir, 'cli', (text) => this.note(text));
    const client = inWordsOf(process.argv.slice(2), unwrap(attached));
    // Nothing is begun any more for a command that was told to end while it was attaching.
    if (this.#interrupted) {
      client.close();
      throw new FrostFault(interrupted());
    }
    this.#client = client;
    if (this.#options.passphraseFile !== undefined) {
      const passphrase = readText(this.#options.passphraseFile).replace(/\r?\n$/, '');
      unwrap(await client.call('system.unlock', { passphrase }));
    }
    return client;
  }

  /**
   * The passphrase file, for commands in which it belongs to a file and not to the vault (cli.md: `snapshot export`); the vault
   * is then not opened with it.
   */
  takePassphraseFile(): string | undefined {
    const { passphraseFile, ...rest } = this.#options;
    this.#options = rest;
    return passphraseFile;
  }

  close(): void {
    this.#client?.close();
  }

  /** What is under way at the host process is given up, nothing more is asked of it, and nothing more is told. */
  interrupt(): FrostError {
    this.#interrupted = true;
    this.close();
    return interrupted();
  }

  /** The command's one result. `human` is only made where a person reads. */
  result(document: object, human: () => string): void {
    if (this.#interrupted) return;
    process.stdout.write(this.json ? `${JSON.stringify(document)}\n` : `${human()}\n`);
  }

  /** One event of many. */
  event(event: object): void {
    if (this.#interrupted) return;
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }

  /** For people, beside the result. */
  note(text: string): void {
    if (this.#interrupted) return;
    for (const line of text.split('\n')) process.stderr.write(`${safe(line)}\n`);
  }

  async confirm(question: string, yes: boolean | undefined): Promise<void> {
    if (yes) return;
    if (!process.stdin.isTTY || this.json) {
      throw new FrostFault(
        frostError('input.invalid', `${question} This needs a yes.`, {
          hint: 'Give --yes where nobody can be asked.',
        }),
      );
    }
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // Ctrl-C and the end of the input are a no.
    const answer = await lines.question(`${question} [y/N] `).catch(() => 'no');
    lines.close();
    if (!/^y(es)?$/i.test(answer.trim()))
      throw new FrostFault(frostError('cancelled', 'Not confirmed; nothing was done.'));
  }
}

const interrupted = (): FrostError =>
  frostError('cancelled', 'Interrupted before it was done.', {
    hint: 'What was finished by then is kept; ask again for the rest.',
  });

/** The same client; what is refused is told in the words that were typed. */
const inWordsOf = (words: readonly string[], client: ChannelClient): ChannelClient => ({
  call: async (name, input, signal) => {
    const result = await client.call(name, input, signal);
    return result.ok ? result : { ok: false, error: inOwnWords(result.error, input, words) };
  },
  stream: (name, input, signal) => client.stream(name, input, signal),
  close: () => client.close(),
});

export const unwrap = <T>(result: Result<T>): T => {
  if (result.ok) return result.value;
  throw new FrostFault(result.error);
};

export { invalid };

/** Prints the error in the form that was asked for and gives its exit code. */
export const tellError = (error: FrostError, json: boolean): number => {
  if (json) {
    const { code, message, hint, host, packages } = error;
    const document = {
      error: { code, message, ...(hint && { hint }), ...(host && { host }), ...(packages && { packages }) },
    };
    process.stdout.write(`${JSON.stringify(document)}\n`);
  }
  process.stderr.write(`${error.host === undefined ? '' : `${safe(error.host)}: `}${safe(error.message)}\n`);
  if (error.hint !== undefined) process.stderr.write(`${safe(error.hint)}\n`);
  return exitCodeOf(error);
};

/** The exit code for many hosts: 0 all well; the errors' common one when none went well; else 1. */
export const exitCodeForHosts = (outcomes: (FrostError | null)[]): number => {
  const errors = outcomes.filter((outcome) => outcome !== null);
  if (errors.length === 0) return 0;
  const codes = new Set(errors.map(exitCodeOf));
  const [only] = codes;
  return errors.length === outcomes.length && codes.size === 1 && only !== undefined ? only : 1;
};

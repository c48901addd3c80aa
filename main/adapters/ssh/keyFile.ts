/** Reads the admin's private key. Decrypting one costs about a quarter of a second of CPU, so parsed keys are kept. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Vault } from '../../core/ports.ts';
import { clean, codeOf } from './words.ts';

const MAX_KEY_BYTES = 256 * 1024;

const expandHome = (file: string): string => (file.startsWith('~/') ? join(homedir(), file.slice(2)) : file);

const isEncrypted = (error: Error): boolean =>
  /encrypted/i.test(error.message) && /passphrase/i.test(error.message);
const isWrongPassphrase = (error: Error): boolean =>
  /integrity check failed|bad decrypt|bad passphrase|malformed/i.test(error.message);

export class KeyFiles {
  readonly #vault: Vault;
  readonly #parsed = new Map<string, ParsedKey>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  clear(): void {
    this.#parsed.clear();
  }

  /** Errors: `host.key-file`, and the vault's when the key needs a passphrase. */
  async load(host: Host, keyFile: string): Promise<Result<ParsedKey>> {
    const file = expandHome(keyFile);
    const bad = (message: string, hint?: string) =>
      fail('host.key-file', message, { host: host.name, ...(hint === undefined ? {} : { hint }) });

    let data: Buffer;
    let stamp: string;
    try {
      const info = await stat(file);
      if (!info.isFile()) return bad(`The key file ${file} is not a file.`);
      if (info.size > MAX_KEY_BYTES) return bad(`The key file ${file} is too large to be a private key.`);
      stamp = `${file}\0${info.ino}:${info.size}:${info.mtimeMs}`;
      data = await readFile(file);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return bad(`The key file ${file} does not exist.`);
      if (code === 'EACCES' || code === 'EPERM')
        return bad(`The key file ${file} may not be read by this account.`);
      return bad(`The key file ${file} cannot be read (${code ?? 'unknown reason'}).`);
    }

    const plain = this.#parse(stamp, data, undefined);
    if (!(plain instanceof Error)) return this.#usable(plain, file, bad);
    if (!isEncrypted(plain))
      return bad(
        `The key file ${file} is not a private key Frostline can use: ${clean(plain.message)}.`,
        'OpenSSH, PEM and PuTTY private keys work. Keys on a security device work through an agent.',
      );

    const secret = await this.#vault.get(`host/${host.id}/keyPassphrase`);
    if (!secret.ok) return { ok: false, error: { ...secret.error, host: host.name } };
    if (secret.value === undefined || secret.value === '')
      return bad(
        `The key file ${file} is encrypted and no passphrase is stored for ${host.name}.`,
        'Store its passphrase with the host, or use an agent.',
      );
    const opened = this.#parse(stamp, data, secret.value);
    if (!(opened instanceof Error)) return this.#usable(opened, file, bad);
    if (isWrongPassphrase(opened))
      return bad(`The passphrase stored for ${host.name} does not open the key file ${file}.`);
    return bad(`The key file ${file} cannot be used: ${clean(opened.message)}.`);
  }

  #usable(
    key: ParsedKey,
    file: string,
    bad: (message: string, hint?: string) => Result<never>,
  ): Result<ParsedKey> {
    if (!key.isPrivateKey())
      return bad(`The key file ${file} is a public key.`, 'Give the private key, the file without .pub.');
    return ok(key);
  }

  #parse(stamp: string, data: Buffer, passphrase: string | undefined): ParsedKey | Error {
    const content = createHash('sha256').update(data);
    if (passphrase !== undefined) content.update('\0').update(passphrase);
    const id = `${stamp}\0${content.digest('hex')}`;
    const kept = this.#parsed.get(id);
    if (kept !== undefined) return kept;
    try {
      const parsed = ssh2.utils.parseKey(data, passphrase);
      // The parser returns a list for OpenSSH's newer format in some versions, whatever its types say.
      const key = Array.isArray(parsed) ? parsed[0] : parsed;
      if (key === undefined) return new Error('it holds no key');
      if (!(key instanceof Error)) this.#parsed.set(id, key);
      return key;
    } catch (error) {
      return error instanceof Error ? error : new Error('it cannot be parsed');
    }
  }
}

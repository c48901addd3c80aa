/** Reads OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Read only: Frostline keeps its own store. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Log } from '../../core/ports.ts';
import { codeOf } from './words.ts';

export type KnownHostLine = {
  marker: 'none' | 'revoked' | 'cert-authority';
  /** Patterns as written, or one hashed name. */
  names: string;
  keyType: string;
  /** Base64. */
  publicKey: string;
};

const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** First string of a key blob: its type. Undefined when the blob is not one. */
export const keyTypeOfBlob = (blob: Uint8Array): string | undefined => {
  if (blob.length < 5) return undefined;
  const length = new DataView(blob.buffer, blob.byteOffset, blob.byteLength).getUint32(0);
  if (length === 0 || length > 64 || 4 + length > blob.length) return undefined;
  const type = Buffer.from(blob.subarray(4, 4 + length)).toString('latin1');
  return /^[\x21-\x7e]+$/.test(type) ? type : undefined;
};

/** Lines that make no sense are left out, as OpenSSH does: a damaged line must not hide the others. */
export const parseKnownHosts = (text: string): KnownHostLine[] => {
  const lines: KnownHostLine[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const words = line.split(/[ \t]+/);
    const marked = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    if (marked !== undefined && marked !== '@revoked' && marked !== '@cert-authority') continue;
    const [names, keyType, publicKey] = words;
    if (names === undefined || keyType === undefined || publicKey === undefined) continue;
    const blob = Buffer.from(publicKey, 'base64');
    if (keyTypeOfBlob(blob) !== keyType) continue;
    lines.push({
      marker: marked === '@revoked' ? 'revoked' : marked === '@cert-authority' ? 'cert-authority' : 'none',
      names,
      keyType,
      publicKey: blob.toString('base64'),
    });
  }
  return lines;
};

/** `*` and `?` as in OpenSSH's match_pattern. No regular expression: a hostile pattern must not cost exponential time. */
const matchesPattern = (text: string, pattern: string): boolean => {
  let t = 0;
  let p = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
};

const matchesHash = (name: string, hashed: string): boolean => {
  const [, version, salt, digest] = hashed.split('|');
  if (version !== '1' || salt === undefined || digest === undefined) return false;
  const expected = Buffer.from(digest, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
};

/** Whether a line's names cover `name` (in lower case). A negated pattern that matches rules the whole line out. */
export const namesMatch = (name: string, names: string): boolean => {
  if (names.startsWith('|')) return matchesHash(name, names);
  let found = false;
  for (const pattern of names.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(name, pattern.slice(1))) return false;
    } else if (pattern !== '' && matchesPattern(name, pattern)) found = true;
  }
  return found;
};

/** The name a host stands under: bare on port 22, else `[address]:port`. */
export const knownHostName = (address: string, port: number): string =>
  port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;

/** Keeps parsed files until they change on disk. A file that is not there is empty; one that cannot be read is logged. */
export class KnownHostsFiles {
  readonly #files: string[];
  readonly #log: Log;
  readonly #cache = new Map<string, { stamp: string; lines: KnownHostLine[] }>();

  constructor(files: string[], log: Log) {
    this.#files = files;
    this.#log = log;
  }

  async lines(): Promise<KnownHostLine[]> {
    const all = await Promise.all(this.#files.map((file) => this.#read(file)));
    return all.flat();
  }

  async #read(file: string): Promise<KnownHostLine[]> {
    try {
      const info = await stat(file);
      const stamp = `${info.ino}:${info.size}:${info.mtimeMs}`;
      const cached = this.#cache.get(file);
      if (cached?.stamp === stamp) return cached.lines;
      if (!info.isFile() || info.size > MAX_FILE_BYTES) {
        this.#cache.set(file, { stamp, lines: [] });
        this.#log.write('warn', 'known_hosts file left out: not a file, or too large', { file });
        return [];
      }
      const lines = parseKnownHosts(await readFile(file, 'utf8'));
      this.#cache.set(file, { stamp, lines });
      return lines;
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        this.#log.write('warn', 'known_hosts file cannot be read', { file, code });
      return [];
    }
  }
}

/**
 * The little of the tar format (POSIX.1-1988 ustar, https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html) that a
 * bundle consists of: regular files with short names. A reader for all of tar would have to buffer extended headers of any
 * size and know links and devices; this one refuses whatever is not a plain member.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';

export const BLOCK = 512;
/** What ustar's size field (11 octal digits) can hold. */
const LARGEST = 0o77777777777;

export const paddingOf = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;

const encoder = new TextEncoder();

const put = (block: Uint8Array, at: number, text: string): void => block.set(encoder.encode(text), at);
const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

const checksumOf = (block: Uint8Array): number => {
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
  return sum;
};

/** The header block of a regular file of mode 0600. `name`: at most 100 ASCII characters; `seconds`: since 1970. */
export const tarHeader = (name: string, bytes: number, seconds: number): Uint8Array => {
  if (!/^[\x21-\x7e]{1,100}$/.test(name) || bytes > LARGEST) throw new RangeError('not a member of a bundle');
  const block = new Uint8Array(BLOCK);
  put(block, 0, name);
  put(block, 100, `${octal(0o600, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(bytes, 11)}\0`);
  put(block, 136, `${octal(Math.max(0, Math.trunc(seconds)), 11)}\0`);
  put(block, 156, '0');
  put(block, 257, 'ustar\x0000');
  put(block, 148, `${octal(checksumOf(block), 6)}\0 `);
  return block;
};

/** Two blocks of zeros end an archive. */
export const tarEnd = (): Uint8Array => new Uint8Array(2 * BLOCK);

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

export type TarMember = { name: string; bytes: number };

const text = (block: Uint8Array, from: number, length: number): string | undefined => {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  const used = end < 0 ? field : field.subarray(0, end);
  // What stands behind the end of a text is read by some programs and not by others.
  if (!isZero(field.subarray(used.length))) return undefined;
  return used.every((byte) => byte > 0x20 && byte < 0x7f) ? String.fromCharCode(...used) : undefined;
};

const number = (block: Uint8Array, from: number, length: number): number | undefined => {
  const field = String.fromCharCode(...block.subarray(from, from + length));
  const digits = /^ *([0-7]+)[ \0]+$/.exec(field)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
};

const refused = (what: string) => fail('exchange.malformed', `The file is not a sound bundle: ${what}.`);

const KINDS: Record<string, string> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '5': 'a folder',
  '6': 'a pipe',
  x: 'an extended header',
  g: 'an extended header',
  L: 'an extended header',
  K: 'an extended header',
  S: 'a sparse file',
};

/** Error: `exchange.malformed` for whatever is not the header of a regular file with a short name. */
export const readTarHeader = (block: Uint8Array): Result<TarMember> => {
  if (block.length < BLOCK) return refused('it is truncated');
  if (number(block, 148, 8) !== checksumOf(block)) return refused('a header has a wrong checksum');
  const magic = String.fromCharCode(...block.subarray(257, 265));
  if (magic !== 'ustar\x0000') return refused('it is not in the ustar format');
  const kind = String.fromCharCode(block[156] ?? 0);
  if (kind !== '0' && kind !== '\0')
    return refused(`it holds ${KINDS[kind] ?? 'a member of an unknown kind'}`);
  const name = text(block, 0, 100);
  const bytes = number(block, 124, 12);
  if (name === undefined || name === '' || text(block, 157, 100) !== '' || text(block, 345, 155) !== '')
    return refused('a member has a name that no bundle has');
  if (bytes === undefined) return refused('a member has no readable size');
  return ok({ name, bytes });
};

/**
 * apt's root files: `InRelease`, signed in itself (RFC 9580, 7), and `Release`
 * (https://wiki.debian.org/DebianRepository/Format). Of an InRelease nothing counts but what stands inside the signed part, and
 * nothing else may stand around it.
 */
import { plainLine } from '../../drivers/shell.ts';
import { Unreadable } from './ports.ts';

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END = '-----END PGP SIGNATURE-----';

/** `armor`: the signature, where it is in the file. */
type Opened = { lines: string[]; armor?: string };

const opened = (text: string): Opened => {
  const lines = text.split('\n');
  if (lines[0] !== BEGIN) {
    if (lines.some((line) => line.startsWith('-----')))
      throw new Unreadable('is neither signed in itself nor plain');
    return { lines };
  }
  const blank = lines.indexOf('');
  if (blank < 0 || lines.slice(1, blank).some((line) => !/^Hash: [A-Za-z0-9, -]{1,100}$/.test(line)))
    throw new Unreadable('has unknown headers before what is signed');
  const from = lines.indexOf(SIGNATURE, blank);
  const to = lines.indexOf(END, from);
  if (from < 0 || to < 0) throw new Unreadable('is cut off');
  if (lines.slice(to + 1).some((line) => line !== ''))
    throw new Unreadable('has something behind its signature');
  const content = lines.slice(blank + 1, from).map((line) => {
    if (line.startsWith('-') && !line.startsWith('- ')) throw new Unreadable('has a second signed part');
    return line.startsWith('- ') ? line.slice(2) : line;
  });
  return { lines: content, armor: lines.slice(from, to + 1).join('\n') };
};

const FIELD = /^([A-Za-z0-9-]{1,60}):[ \t]*(.*)$/;
const LISTED = /^ ([0-9a-f]{64})\s+(\d{1,12})\s+(\S{1,500})$/;

export type Release = {
  /** What it calls itself: origin and suite. */
  label?: string;
  /** Its `Date`. */
  asOf?: string;
  /** Its `Valid-Until`: after that it asks not to be believed any more. */
  validUntil?: string;
  /** SHA-256 and size of its `Packages` files, packed and unpacked. */
  listed: Map<string, number>;
  /** The signature inside it. */
  armor?: string;
};

/** Undefined: nothing a repository could be of. */
export const instantOf = (ms: number): string | undefined =>
  ms > 0 && ms < 253_402_300_800_000 ? new Date(ms).toISOString() : undefined;

/** Throws `Unreadable`. */
export const readRelease = (bytes: Uint8Array): Release => {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable('is not text');
  }
  if (/[^\P{Cc}\t\n]/u.test(text)) throw new Unreadable('holds control characters');
  const { lines, armor } = opened(text);
  const fields = new Map<string, string>();
  const listed = new Map<string, number>();
  let field = '';
  const last = lines.findLastIndex((line) => line.trim() !== '');
  for (const line of lines.slice(0, last + 1)) {
    if (line.trim() === '') throw new Unreadable('has a blank line in it');
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const [, sha256, size, path] = (field === 'sha256' && LISTED.exec(line.trimEnd())) || [];
      if (sha256 !== undefined && /(^|\/)Packages(\.[a-z0-9]{1,5})?$/.test(path ?? ''))
        listed.set(sha256, Number(size));
      continue;
    }
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    field = name?.toLowerCase() ?? '';
    if (field === '') throw new Unreadable('is no Release file');
    if (fields.has(field)) throw new Unreadable(`says ${plainLine(field, 60)} twice`);
    fields.set(field, value);
  }
  if (!fields.has('sha256')) throw new Unreadable('names no file by its SHA-256');
  const own = (...names: string[]) => names.map((name) => fields.get(name) ?? '').find((one) => one !== '');
  const label = plainLine([own('origin', 'label'), own('suite', 'codename')].filter(Boolean).join(' '), 200);
  const asOf = instantOf(Date.parse(fields.get('date') ?? ''));
  const validUntil = instantOf(Date.parse(fields.get('valid-until') ?? ''));
  return {
    listed,
    ...(asOf === undefined ? {} : { asOf }),
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(label === '' ? {} : { label }),
    ...(armor === undefined ? {} : { armor }),
  };
};

/**
 * Files that somebody broke: mutations of sound ones, from single bytes to whole structures, the same for the same seed. The
 * unit tests try some, the bench a million.
 */
import { createHash } from 'node:crypto';
import { openIncoming } from '../../main/core/exchange/incoming.ts';
import type { Ports } from '../../main/core/ports.ts';
import { canonicalJson } from '../../main/core/snapshots/canonical.ts';
import { MAX_EXCHANGE_BYTES, readExchange } from '../../main/core/snapshots/exchange.ts';

/** xorshift32: fast, and good enough to choose where to break something. */
export const chance = (seed: number) => {
  let state = seed | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    below: (limit: number): number => (limit <= 0 ? 0 : next() % limit),
    pick: <T>(all: readonly T[]): T => all[next() % all.length] as T,
  };
};
type Chance = ReturnType<typeof chance>;

/** What hurts parsers. */
const DICTIONARY = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '\\u',
  '\\ud800',
  '\\udc00',
  '\u0000',
  '\ud800',
  '\ufeff',
  'null',
  'true',
  '-0',
  '1e999',
  '-1',
  '0.1',
  '9007199254740993',
  '1'.repeat(400),
  '[['.repeat(40),
  '{"a":'.repeat(40),
  '{}',
  '[]',
  '""',
  '"__proto__":1,',
  '"constructor":{},',
  '"parents":[],',
  '"number":1,',
  '"head":"",',
  '"format":"frostline.exchange/2",',
  '"freeze":null,',
  '"entries":[],',
  'sha256:',
  '../',
  '\r\n',
  ' ',
  '\t',
  '/*',
  '//',
  "'",
  '😀',
  'SSHSIG',
  '-----BEGIN SSH SIGNATURE-----',
  'U1NIU0lH',
  '=',
];

const textMutations: readonly ((text: string, c: Chance, others: readonly string[]) => string)[] = [
  (text, c) => {
    const at = c.below(text.length);
    return text.slice(0, at) + String.fromCharCode(c.below(256)) + text.slice(at + 1);
  },
  (text, c) => {
    const at = c.below(text.length);
    return text.slice(0, at) + text.slice(at + 1 + c.below(8));
  },
  (text, c) => {
    const at = c.below(text.length);
    return text.slice(0, at) + c.pick(DICTIONARY) + text.slice(at);
  },
  (text, c) => text.slice(0, c.below(text.length)),
  (text, c) => {
    const [from, to] = [c.below(text.length), c.below(text.length)];
    const piece = text.slice(from, from + 1 + c.below(200));
    return text.slice(0, to) + piece + text.slice(to);
  },
  (text, c, others) => {
    const other = c.pick(others);
    return text.slice(0, c.below(text.length)) + other.slice(c.below(other.length));
  },
  (text, c) => {
    const at = c.below(text.length);
    const digit = text.slice(at).search(/[0-9]/);
    return digit < 0 ? text : text.slice(0, at + digit) + c.below(10) + text.slice(at + digit + 1);
  },
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const STRANGE: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  'x',
  '\ud800',
  [],
  {},
  [[]],
  { a: 1 },
  ['x'],
];

/** Walks to some place in the value and changes what stands there. */
const mutateValue = (value: Json, c: Chance, depth: number): Json => {
  if (typeof value !== 'object' || value === null || depth === 0 || c.below(6) === 0) return c.pick(STRANGE);
  if (Array.isArray(value)) {
    const copy = [...value];
    const at = c.below(copy.length);
    switch (c.below(5)) {
      case 0:
        copy.splice(at, 1);
        return copy;
      case 1:
        copy.splice(at, 0, copy[c.below(copy.length)] ?? null);
        return copy;
      case 2:
        return copy.reverse();
      default:
        if (copy.length > 0) copy[at] = mutateValue(copy[at] ?? null, c, depth - 1);
        return copy;
    }
  }
  const keys = Object.keys(value);
  const key = keys[c.below(keys.length)];
  if (key === undefined || c.below(8) === 0)
    return { ...value, [c.pick(['x', 'note', 'freeze', 'thaw', 'number'])]: c.pick(STRANGE) };
  if (c.below(8) === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  return { ...value, [key]: mutateValue(value[key] ?? null, c, depth - 1) };
};

const idOf = (content: unknown): string => {
  try {
    return `sha256:${createHash('sha256').update(canonicalJson(content)).digest('hex')}`;
  } catch {
    return '';
  }
};

/** Changes the structure; now and then with the head's hash made right again, so that what lies behind the hash is met too. */
const mutateStructure = (text: string, c: Chance): string => {
  const changed = mutateValue(JSON.parse(text) as Json, c, 7);
  if (typeof changed !== 'object' || changed === null || Array.isArray(changed))
    return JSON.stringify(changed);
  const revisions = changed.revisions;
  if (c.below(2) === 0 && Array.isArray(revisions)) changed.head = idOf(revisions.at(-1));
  return JSON.stringify(changed);
};

/** One broken file. `sound`: the files to start from, and to splice with. */
export const brokenFile = (c: Chance, sound: readonly string[]): string => {
  const text = c.pick(sound);
  if (c.below(4) === 0) return mutateStructure(text, c);
  let broken = text;
  for (let times = 1 + (c.below(4) === 0 ? c.below(5) : 0); times > 0; times -= 1)
    broken = c.pick(textMutations)(broken, c, sound);
  return broken;
};

/**
 * Reads one as an import does, without storing it; throws where the property does not hold: an accepted file's chain is, revision by
 * revision, what its hashes say. Gives the code of the refusal, or `accepted`.
 */
export const tryFile = async (
  text: string,
  ports: Pick<Ports, 'store' | 'verifier' | 'cipher' | 'clock' | 'hasher'>,
): Promise<string> => {
  const opened = await openIncoming({ text }, MAX_EXCHANGE_BYTES, ports);
  if (!opened.ok) return opened.error.code;
  const read = readExchange(opened.value.text, {
    hasher: ports.hasher,
    stored: (id) => ports.store.revision(id),
    vouch: (head, signatures) => opened.value.vouch(head, signatures).refusal,
  });
  if (!read.ok) return read.error.code;
  const known = new Set<string>();
  for (const { id, content } of read.value.revisions) {
    if (idOf(content) !== id)
      throw new Error(`accepted a revision that is not what its id says: ${text.slice(0, 2000)}`);
    if (content.parents.some((parent) => !known.has(parent) && ports.store.revision(parent) === undefined))
      throw new Error(`accepted a revision without its parent: ${text.slice(0, 2000)}`);
    known.add(id);
  }
  const file = JSON.parse(text) as { head: string };
  if (file.head !== read.value.head.id) throw new Error('accepted another head than the file names');
  return 'accepted';
};

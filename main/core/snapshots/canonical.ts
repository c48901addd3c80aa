/** Canonical JSON (RFC 8785) and the content hash that is a revision's id. */
import { FrostFault, frostError } from '../../../shared/errors.ts';
import type { RevisionContent } from '../../../shared/model/snapshot.ts';
import type { Hasher } from '../ports.ts';

/** Deeper than anything the model holds; a cycle ends here instead of in a stack overflow. */
const MAX_DEPTH = 100;

const refuse = (where: string, what: string): never => {
  throw new FrostFault(frostError('input.invalid', `${where || 'The value'} ${what}.`));
};

const text = (value: string, where: string): string => {
  // JSON.stringify would write a lone surrogate as an escape, which RFC 8785 forbids: it has no UTF-8 form to hash.
  if (!value.isWellFormed()) refuse(where, 'holds a character that is not valid Unicode (a lone surrogate)');
  return JSON.stringify(value);
};

const write = (value: unknown, where: string, depth: number): string => {
  if (depth > MAX_DEPTH) return refuse(where, 'is nested too deeply');
  switch (typeof value) {
    case 'string':
      return text(value, where);
    case 'number':
      // ECMAScript's own number form is the one RFC 8785 asks for; -0 becomes 0.
      return Number.isFinite(value) ? JSON.stringify(value) : refuse(where, 'is not a finite number');
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      return refuse(where, `is ${typeof value}, which JSON cannot hold`);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const items: string[] = [];
    // Not map(): it would pass over holes.
    for (let i = 0; i < value.length; i++) items.push(write(value[i], `${where}[${i}]`, depth + 1));
    return `[${items.join(',')}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuse(where, 'is not plain data');
  const members: string[] = [];
  // The default order of strings is that of their UTF-16 code units, as RFC 8785 §3.2.3 wants.
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, member] of pairs) {
    const path = where === '' ? key : `${where}.${key}`;
    members.push(`${text(key, path)}:${write(member, path, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
};

/**
 * The value as RFC 8785 canonical JSON. Throws a `FrostFault` with `input.invalid`, naming the place, for what has no
 * canonical form: undefined, non-finite numbers, lone surrogates, anything but plain data.
 */
export const canonicalJson = (value: unknown): string => write(value, '', 0);

/** `sha256:` and the SHA-256 (hex) of the UTF-8 bytes of the canonical JSON. */
export const contentHash = (value: unknown, hasher: Hasher): string =>
  `sha256:${hasher.sha256(canonicalJson(value))}`;

/** The id of a revision with this content. Throws like `canonicalJson`. */
export const revisionId = (content: RevisionContent, hasher: Hasher): string => contentHash(content, hasher);

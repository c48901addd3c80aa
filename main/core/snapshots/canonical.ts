/** Canonical JSON (RFC 8785) and the content hash that is a revision's id. */
import { FrostFault, frostError } from '../../../shared/errors.ts';
import type { RevisionContent } from '../../../shared/model/snapshot.ts';
import type { Hasher } from '../ports.ts';

/** Deeper than anything the model holds; a cycle ends here instead of in a stack overflow. */
const MAX_DEPTH = 100;

/** Where in the value the writer is; only told where something is refused, so it is not put together before. */
type Path = (string | number)[];

const refuse = (path: Path, what: string): never => {
  const where = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  throw new FrostFault(frostError('input.invalid', `${where.replace(/^\./, '') || 'The value'} ${what}.`));
};

const text = (value: string, path: Path): string => {
  // JSON.stringify would write a lone surrogate as an escape, which RFC 8785 forbids: it has no UTF-8 form to hash.
  if (!value.isWellFormed()) refuse(path, 'holds a character that is not valid Unicode (a lone surrogate)');
  return JSON.stringify(value);
};

/** Keys as they are written: the same few, again and again. */
const writtenKeys = new Map<string, string>();
const MAX_KEYS = 1000;

const keyText = (key: string, path: Path): string => {
  const known = writtenKeys.get(key);
  if (known !== undefined) return known;
  const written = text(key, path);
  if (writtenKeys.size < MAX_KEYS && key.length < 100) writtenKeys.set(key, written);
  return written;
};

const writeArray = (value: unknown[], path: Path): string => {
  let out = '[';
  // Not map(): it would pass over holes.
  for (let i = 0; i < value.length; i++) {
    path.push(i);
    out += i === 0 ? write(value[i], path) : `,${write(value[i], path)}`;
    path.pop();
  }
  return `${out}]`;
};

const writeObject = (value: object, path: Path): string => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuse(path, 'is not plain data');
  const members = value as Record<string, unknown>;
  let out = '{';
  // The default order of strings is that of their UTF-16 code units, as RFC 8785 §3.2.3 wants.
  for (const key of Object.keys(members).sort()) {
    path.push(key);
    out += `${out.length === 1 ? '' : ','}${keyText(key, path)}:${write(members[key], path)}`;
    path.pop();
  }
  return `${out}}`;
};

const write = (value: unknown, path: Path): string => {
  if (path.length > MAX_DEPTH) return refuse(path, 'is nested too deeply');
  switch (typeof value) {
    case 'string':
      return text(value, path);
    case 'number':
      // ECMAScript's own number form is the one RFC 8785 asks for; -0 becomes 0.
      return Number.isFinite(value) ? JSON.stringify(value) : refuse(path, 'is not a finite number');
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      return refuse(path, `is ${typeof value}, which JSON cannot hold`);
  }
};

/**
 * The value as RFC 8785 canonical JSON. Throws a `FrostFault` with `input.invalid`, naming the place, for what has no
 * canonical form: undefined, non-finite numbers, lone surrogates, anything but plain data.
 */
export const canonicalJson = (value: unknown): string => write(value, []);

/** `sha256:` and the SHA-256 (hex) of the UTF-8 bytes of the canonical JSON. */
export const contentHash = (value: unknown, hasher: Hasher): string =>
  `sha256:${hasher.sha256(canonicalJson(value))}`;

/** The id of a revision with this content. Throws like `canonicalJson`. */
export const revisionId = (content: RevisionContent, hasher: Hasher): string => contentHash(content, hasher);

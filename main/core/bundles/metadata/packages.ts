/** apt's `Packages`: stanzas of fields (deb822(5)), read as it comes. */
import { type IndexRow, Unreadable } from './ports.ts';

const WANTED = new Set(['package', 'architecture', 'version', 'sha256']);
/** None of the wanted fields is that long; others, like lists of tags, may be. */
const MAX_LINE = 1024 * 1024;
/** Of the largest lists some two millions: more are there to keep a reader busy. */
const MAX_LINES = 8_000_000;

/** Rows of `names` go to `take`. Throws `Unreadable`. */
export const packagesReader = (names: ReadonlySet<string>, take: (row: IndexRow) => void) => {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let count = 0;
  let stanza = new Map<string, string>();

  const close = (): void => {
    const [name, arch, version, sha256] = ['package', 'architecture', 'version', 'sha256'].map((field) =>
      stanza.get(field),
    );
    if (name === undefined && stanza.size > 0) throw new Unreadable('has a package without a name');
    if (name !== undefined && names.has(name) && arch && version && /^[0-9a-f]{64}$/.test(sha256 ?? ''))
      take({ name, arch, version, sha256: sha256 ?? '' });
    if (stanza.size > 0) stanza = new Map();
  };
  const line = (text: string): void => {
    if (text.trim() === '') {
      close();
      return;
    }
    const first = text[0] ?? '';
    if (first === ' ' || first === '\t') return;
    const colon = text.indexOf(':');
    if (colon <= 0) throw new Unreadable('is no list of packages');
    const field = text.slice(0, colon).toLowerCase();
    if (!WANTED.has(field)) return;
    // Programs differ in which of two they believe.
    if (stanza.has(field)) throw new Unreadable(`says ${field} of a package twice`);
    stanza.set(field, text.slice(colon + 1).trim());
  };
  const feed = (more: string): void => {
    const lines = (rest + more).split('\n');
    rest = lines.pop() ?? '';
    count += lines.length;
    if (count > MAX_LINES) throw new Unreadable('has too many lines');
    if (rest.length > MAX_LINE) throw new Unreadable('has a line without an end');
    for (const one of lines) line(one);
  };
  return {
    feed: (piece: Uint8Array): void => feed(decoder.decode(piece, { stream: true })),
    end: (): void => {
      feed(`${decoder.decode()}\n`);
      close();
    },
  };
};

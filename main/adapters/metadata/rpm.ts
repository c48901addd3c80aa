/** `repomd.xml` and `primary.xml` of rpm repositories, as createrepo_c writes them (https://github.com/rpm-software-management/createrepo_c). */
import { type IndexRow, Unreadable } from '../../core/bundles/metadata/ports.ts';
import { instantOf } from '../../core/bundles/metadata/release.ts';
import { plainLine } from '../../core/drivers/shell.ts';
import { type XmlFault, xmlReader } from '../xml.ts';

const MAX_DEPTH = 16;
/** Of the largest lists some six millions: more are there to keep a reader busy. */
const MAX_TAGS = 20_000_000;
/** Of a text that is looked at; descriptions are not. */
const MAX_TEXT = 4096;

type Handlers = {
  root: string;
  open(at: string, attributes: Record<string, string>): void;
  /** `text`: of the element alone, trimmed. */
  close(at: string, text: string): void;
};

const REASONS: Record<XmlFault, (detail: string, root: string) => string> = {
  malformed: (detail) => `is not well-formed XML (${plainLine(detail, 200)})`,
  doctype: () => 'has a document type',
  encoding: () => 'is not in UTF-8',
  depth: () => 'is nested too deep',
  root: (_, root) => `is no ${root}`,
};

/** Throws `Unreadable`. */
const documentReader = ({ root, open, close }: Handlers) => {
  let text = '';
  let tags = 0;
  return xmlReader({
    root,
    maxDepth: MAX_DEPTH,
    countsLines: false,
    refuse: (fault, _, detail) => {
      throw new Unreadable(REASONS[fault](detail, root));
    },
    text: (more) => {
      if (text.length <= MAX_TEXT) text += more.slice(0, MAX_TEXT + 1);
    },
    open: (at, attributes) => {
      tags += 1;
      if (tags > MAX_TAGS) throw new Unreadable('has too many elements');
      text = '';
      open(at, attributes);
    },
    close: (at) => {
      close(at, text.length > MAX_TEXT ? '' : text.trim());
      text = '';
    },
  });
};

const HASH = /^[0-9a-f]{64}$/;

/** SHA-256 and size of the primary list, as it is handed out and unpacked, and when it was written. Throws `Unreadable`. */
export const readRepomd = (bytes: Uint8Array): { listed: Map<string, number>; asOf?: string } => {
  const listed = new Map<string, number>();
  let hashes = { packed: '', open: '' };
  let sizes = { packed: '', open: '' };
  let type = '';
  let asOf: string | undefined;
  let isSha256 = false;
  const reader = documentReader({
    root: 'repomd',
    open: (at, attributes) => {
      if (at === 'repomd/data') {
        type = attributes.type ?? '';
        hashes = { packed: '', open: '' };
        sizes = { packed: '', open: '' };
      }
      isSha256 = attributes.type === 'sha256';
    },
    close: (at, text) => {
      if (at === 'repomd/data/checksum' && isSha256) hashes.packed = text;
      if (at === 'repomd/data/open-checksum' && isSha256) hashes.open = text;
      if (at === 'repomd/data/timestamp' && type === 'primary') asOf = instantOf(Number(text) * 1000);
      if (at === 'repomd/data/size') sizes.packed = text;
      if (at === 'repomd/data/open-size') sizes.open = text;
      if (at !== 'repomd/data' || type !== 'primary') return;
      if (listed.size > 0) throw new Unreadable('names two lists of packages');
      for (const form of ['packed', 'open'] as const)
        if (HASH.test(hashes[form]) && /^\d{1,12}$/.test(sizes[form]))
          listed.set(hashes[form], Number(sizes[form]));
    },
  });
  reader.feed(bytes);
  reader.end();
  if (listed.size === 0) throw new Unreadable('names no list of packages by its SHA-256');
  return { listed, ...(asOf === undefined ? {} : { asOf }) };
};

/** Rows of `names` go to `take`. Throws `Unreadable`. */
export const primaryReader = (names: ReadonlySet<string>, take: (row: IndexRow) => void) => {
  let one: Record<'name' | 'arch' | 'version' | 'sha256', string[]> | undefined;
  let isHash = false;
  const AT = 'metadata/package';
  return documentReader({
    root: 'metadata',
    open: (at, attributes) => {
      if (at === AT)
        one = attributes.type === 'rpm' ? { name: [], arch: [], version: [], sha256: [] } : undefined;
      if (at === `${AT}/checksum`) isHash = attributes.type === 'sha256' && attributes.pkgid === 'YES';
      if (at === `${AT}/version`) {
        const { epoch = '0', ver = '', rel = '' } = attributes;
        one?.version.push(`${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${ver}-${rel}`);
      }
    },
    close: (at, text) => {
      if (one === undefined) return;
      if (at === `${AT}/name`) one.name.push(text);
      if (at === `${AT}/arch`) one.arch.push(text);
      if (at === `${AT}/checksum` && isHash) one.sha256.push(text);
      if (at !== AT) return;
      // Programs differ in which of two they believe.
      if (Object.values(one).some((values) => values.length > 1))
        throw new Unreadable('says something of a package twice');
      const [name = '', arch = '', version = '', sha256 = ''] = [
        one.name,
        one.arch,
        one.version,
        one.sha256,
      ].map(([value]) => value);
      if (names.has(name) && arch !== '' && HASH.test(sha256)) take({ name, arch, version, sha256 });
      one = undefined;
    },
  });
};

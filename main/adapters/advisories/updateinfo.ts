/**
 * updateinfo.xml of rpm repositories (as createrepo_c writes it). Security updates only. Which distribution it is for does not
 * stand in it: the release comes out of the packages' own (`.el9`), the distribution stays open.
 */
import { AdvisoryId, type Affected } from '../../../shared/model/advisory.ts';
import { Arch } from '../../../shared/model/primitives.ts';
import type { Reading } from '../../core/advisories/json.ts';
import {
  type AdvisoryFile,
  Collector,
  cvesIn,
  instantOf,
  isNameable,
  Refused,
  strangersLine,
} from '../../core/advisories/read.ts';
import { severityOf } from '../../core/advisories/severity.ts';
import { type XmlFault, xmlReader } from '../xml.ts';

const MAX_DEPTH = 16;
const MAX_TEXT = 1_000_000;
const PIECE_BYTES = 128 * 1024;

type Package = { name: string; epoch: string; version: string; release: string; arch: string };
type Open = {
  type: string;
  id: string;
  title: string;
  severity: string;
  issued?: string;
  updated?: string;
  cves: string[];
  packages: Package[];
};

const evr = ({ epoch, version, release }: Package): string =>
  `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${version}-${release}`;

/** `.el9_4`, `.module+el8.9.0+1`: the release it was built for. */
const releaseOf = (release: string): string | undefined => /[.+]el(\d+)/.exec(release)?.[1];

/** SUSE's ids say whose they are; its releases are not in its packages' names, so they count for all. */
const isSuse = (id: string): boolean => /^(openSUSE|SUSE)-/.test(id);

const affectedOf = ({ id, packages }: Open): Affected[] => {
  const found = new Map<string, Affected>();
  for (const one of packages) {
    if (one.arch === 'src' || one.arch === 'nosrc' || !Arch.safeParse(one.arch).success) continue;
    const release = isSuse(id) ? undefined : releaseOf(one.release);
    const fixed = evr(one);
    // The same build for several architectures is one line.
    found.set(`${one.name}\n${fixed}`, {
      ecosystem: isSuse(id) ? 'zypper' : 'dnf',
      ...(release === undefined ? {} : { release }),
      name: one.name,
      kind: 'binary',
      fixed,
    });
  }
  return [...found.values()];
};

const put = (into: Collector, update: Open, now: number): void => {
  const affected = affectedOf(update);
  const sound = AdvisoryId.safeParse(update.id).success && affected.every(isNameable);
  if (update.type !== 'security' || !sound || affected.length === 0) {
    into.skip();
    return;
  }
  const title = strangersLine(update.title, 500);
  const published = instantOf(update.issued, now);
  const modified = instantOf(update.updated, now);
  into.add({
    format: 'updateinfo',
    id: update.id,
    ...(title === '' ? {} : { title }),
    severity: severityOf(update.severity),
    cves: cvesIn(update.cves),
    ...(published === undefined ? {} : { published }),
    ...(modified === undefined ? {} : { modified }),
    affected,
  });
};

const REASONS: Record<XmlFault, (detail: string) => string> = {
  malformed: (detail) => `not well-formed XML (${strangersLine(detail, 200)})`,
  doctype: () => 'a document type is not taken',
  encoding: () => 'not in UTF-8',
  depth: () => 'nested too deep',
  root: () => 'it is no updateinfo file',
};

/** Throws `Refused`. A document type, an entity of its own, or another encoding than UTF-8 is refused as well. */
export const readUpdateinfo = async (
  bytes: Uint8Array,
  now: number,
  { turn, progress }: Reading,
): Promise<AdvisoryFile> => {
  const into = new Collector();
  let update: Open | undefined;
  let text = '';
  const refuse = (reason: string, line = reader.line()): never => {
    throw new Refused(`line ${line}: ${reason}`);
  };
  const reader: ReturnType<typeof xmlReader> = xmlReader({
    root: 'updates',
    maxDepth: MAX_DEPTH,
    countsLines: true,
    refuse: (fault, line, detail) => refuse(REASONS[fault](detail), line),
    text: (more) => {
      if (update !== undefined) text += more;
      if (text.length > MAX_TEXT) refuse('a text is too long');
    },
    open: (at, attributes) => {
      text = '';
      if (at === 'updates/update')
        update = {
          type: attributes.type ?? '',
          id: '',
          title: '',
          severity: '',
          cves: [],
          packages: [],
        };
      if (update === undefined) return;
      if (at === 'updates/update/issued' && attributes.date !== undefined) update.issued = attributes.date;
      if (at === 'updates/update/updated' && attributes.date !== undefined) update.updated = attributes.date;
      if (at === 'updates/update/references/reference' && attributes.type === 'cve')
        update.cves.push(attributes.id ?? '');
      if (at === 'updates/update/pkglist/collection/package')
        update.packages.push({
          name: attributes.name ?? '',
          epoch: attributes.epoch ?? '0',
          version: attributes.version ?? '',
          release: attributes.release ?? '',
          arch: attributes.arch ?? '',
        });
      if (update.packages.length > 100_000 || update.cves.length > 10_000)
        refuse('an update has too many parts');
    },
    close: (at) => {
      if (update !== undefined) {
        if (at === 'updates/update/id') update.id = text.trim();
        if (at === 'updates/update/title') update.title = text;
        if (at === 'updates/update/severity') update.severity = text.trim();
        if (at === 'updates/update') {
          put(into, update, now);
          update = undefined;
        }
      }
      text = '';
    },
  });
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    reader.feed(bytes.subarray(at, at + PIECE_BYTES));
    progress(Math.min(bytes.length, at + PIECE_BYTES), bytes.length);
    await turn(PIECE_BYTES);
  }
  reader.end();
  if (into.advisories.length === 0 && into.skipped === 0) throw new Refused('it holds no update');
  return into.file('updateinfo', false);
};

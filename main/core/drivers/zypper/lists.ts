/** What the enabled repositories' lists say of some packages (`fl_lists`, `fl_advice`). Pure; every line is a stranger's. */
import { z } from 'zod';
import { Arch, PackageName, PackageVersion } from '../../../../shared/model/primitives.ts';
import { plainLine } from '../shell.ts';
import { plainVersion } from './inventory.ts';
import { unescapeXml } from './xml.ts';

/** `flags` as the list has them: EQ, LT, LE, GT, GE or empty. */
export type Dependency = { name: string; flags: string; version: string };

export type Offer = {
  repo: string;
  name: string;
  arch: string;
  version: string;
  sha256?: string;
  bytes: number;
  installedBytes: number;
  /** Below the repository's address. */
  place: string;
  vendor: string;
  provides: Dependency[];
  requires: Dependency[];
  conflicts: Dependency[];
  obsoletes: Dependency[];
};

export type Lists = {
  offers: Offer[];
  /** Enabled repositories, and when their metadata was last seen to be current (host's clock, s); null: none is there. */
  repos: { alias: string; readAt: number | null }[];
  /** Those of which a list could not be unpacked. */
  unread: string[];
};

const size = (text: string | undefined): number => {
  const bytes = Number(text);
  return text !== '' && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : 0;
};

const Named = z.object({ name: PackageName, arch: Arch, version: PackageVersion });

const KINDS = ['provides', 'requires', 'conflicts', 'obsoletes'] as const;
const isKind = (word: string | undefined): word is (typeof KINDS)[number] =>
  KINDS.some((one) => one === word);

/** More of one kind than any real package has. */
const MAX_DEPENDENCIES = 5000;

export function readLists(lines: readonly string[]): Lists {
  const lists: Lists = { offers: [], repos: [], unread: [] };
  let repo = '';
  let current: Offer | undefined;
  for (const line of lines) {
    const words = line.split('\t');
    if (words[0] === 'repo') {
      repo = plainLine(words[1] ?? '', 200);
      lists.repos.push({ alias: repo, readAt: size(words[2]) === 0 ? null : size(words[2]) });
      current = undefined;
    } else if (words[0] === 'unread') lists.unread.push(plainLine(words[1] ?? '', 200));
    else if (words[0] === 'P') {
      const [, name, arch, version = '', type, sum = '', bytes, installed, place = '', vendor = ''] = words;
      const named = Named.safeParse({ name, arch, version: plainVersion(version) });
      current = named.success
        ? {
            repo,
            ...named.data,
            ...(type === 'sha256' && /^[0-9a-f]{64}$/.test(sum) ? { sha256: sum } : {}),
            bytes: size(bytes),
            installedBytes: size(installed),
            place: unescapeXml(place),
            vendor: plainLine(unescapeXml(vendor), 200),
            provides: [],
            requires: [],
            conflicts: [],
            obsoletes: [],
          }
        : undefined;
      if (current !== undefined && arch !== 'src' && arch !== 'nosrc') lists.offers.push(current);
    } else if (words[0] === 'R' && current !== undefined) {
      const [, kind, name = '', flags = '', version = ''] = words;
      if (isKind(kind) && name !== '' && current[kind].length < MAX_DEPENDENCIES)
        current[kind].push({ name: unescapeXml(name), flags, version: plainVersion(version) });
    }
  }
  return lists;
}

export type Advice = {
  id: string;
  type: string;
  severity: string;
  cves: string[];
  packages: { name: string; arch: string; version: string }[];
};

export function readAdvice(lines: readonly string[]): Advice[] {
  const found: Advice[] = [];
  let current: Advice | undefined;
  for (const line of lines) {
    const [what, first = '', second = '', third = '', fourth = ''] = line.split('\t');
    if (what === 'A') {
      current = {
        id: plainLine(unescapeXml(first), 100),
        type: second,
        severity: plainLine(third, 100),
        cves: fourth.split(' ').filter((cve) => /^CVE-\d{4}-\d{4,12}$/.test(cve)),
        packages: [],
      };
      if (current.id !== '') found.push(current);
    } else if (what === 'N' && current !== undefined) {
      current.packages.push({ name: first, arch: second, version: plainVersion(third) });
    }
  }
  return found;
}

/** One line of each, for looking them up. */
export const offerKey = (p: { name: string; arch: string; version: string }): string =>
  `${p.name} ${p.arch} ${p.version}`;

/** The same package in several repositories: the first counts, as with everything that is alike. */
export const offersByKey = (offers: readonly Offer[]): Map<string, Offer> => {
  const found = new Map<string, Offer>();
  for (const offer of offers) if (!found.has(offerKey(offer))) found.set(offerKey(offer), offer);
  return found;
};

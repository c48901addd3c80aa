/** Reads what `apt-get -s` says it would do. Pure. The lines are apt's own simulation format, stable since apt 0.5. */
import { PackageName, PackageVersion } from '../../../../shared/model/primitives.ts';
import { plainLine } from '../shell.ts';

export type Install = { name: string; arch: string; from?: string; to: string; origin: string };
export type Removal = { name: string; arch?: string; version: string };

export type Transaction = {
  installs: Install[];
  removals: Removal[];
  /** "kept back": an update exists, but this transaction does not install it. Names with `:arch` where foreign. */
  keptBack: string[];
  /** Deferred by Ubuntu's phasing. */
  phased: string[];
  /** apt's `E:` lines. */
  errors: string[];
  /** apt's `W:` lines. */
  warnings: string[];
  /** What it says about dependencies that cannot be met. */
  unmet: string[];
};

const MAX_LINE = 4000;
/** Of each list: one more than a plan may have, so that a host that says so much is refused and not cut short. */
const MAX_ITEMS = 20_001;
const INST = /^Inst ([^\s[(]+)(?: \[([^\]\s]+)\])? \(([^\s)]+) ?(.*?) ?\[([a-z0-9_-]+)\]\)/;
const REMV = /^(?:Remv|Purg) ([^\s[(]+)(?: \[([^\]\s]+)\])?/;
const HEADINGS = {
  keptBack: 'The following packages have been kept back:',
  phased: 'The following upgrades have been deferred due to phasing:',
  unmet: 'The following packages have unmet dependencies:',
} as const;

/** Origins come as `Label:version/suite`, several separated by commas. */
export const isSecurityOrigin = (origin: string): boolean => /security/i.test(origin);

function splitName(text: string): { name: string; arch?: string } | undefined {
  const [name = '', arch] = text.split(':');
  if (!PackageName.safeParse(name).success) return undefined;
  return arch === undefined ? { name } : { name, arch };
}

const isVersion = (text: string): boolean => PackageVersion.safeParse(text).success;

const full = (found: Transaction): boolean => Object.values(found).some((list) => list.length >= MAX_ITEMS);

export function readTransaction(text: string): Transaction {
  const found: Transaction = {
    installs: [],
    removals: [],
    keptBack: [],
    phased: [],
    errors: [],
    warnings: [],
    unmet: [],
  };
  let list: 'keptBack' | 'phased' | 'unmet' | undefined;
  for (const line of text.split('\n')) {
    // No line of apt's is this long; a hostile one must not keep the expressions busy.
    if (line.length > MAX_LINE) continue;
    if (full(found)) {
      found.errors.push(`apt-get names more than ${MAX_ITEMS - 1} packages; the rest was not read`);
      break;
    }
    if (line.startsWith(' ')) {
      if (list === 'unmet') found.unmet.push(plainLine(line, 500));
      else if (list !== undefined) {
        for (const word of line.trim().split(/\s+/)) if (splitName(word)) found[list].push(word);
      }
      continue;
    }
    list = undefined;
    if (line.startsWith('Inst ')) {
      const [, binary = '', from, to = '', origin = '', arch = ''] = INST.exec(line) ?? [];
      const named = splitName(binary);
      if (!named || !isVersion(to) || (from !== undefined && !isVersion(from))) continue;
      found.installs.push({
        name: named.name,
        arch,
        ...(from === undefined ? {} : { from }),
        to,
        origin: plainLine(origin, 300),
      });
    } else if (line.startsWith('Remv ') || line.startsWith('Purg ')) {
      const [, binary = '', version = ''] = REMV.exec(line) ?? [];
      const named = splitName(binary);
      if (named && isVersion(version)) found.removals.push({ ...named, version });
    } else if (line.startsWith('E: ')) found.errors.push(plainLine(line.slice(3), 500));
    else if (line.startsWith('W: ')) found.warnings.push(plainLine(line.slice(3), 500));
    else {
      if (line === HEADINGS.keptBack) list = 'keptBack';
      else if (line === HEADINGS.phased) list = 'phased';
      else if (line === HEADINGS.unmet) list = 'unmet';
    }
  }
  return found;
}

/** `apt-cache show`, cut to the fields that tell a package file. Keyed by `name arch version`. */
export type Artefact = {
  name: string;
  arch: string;
  version: string;
  sizeBytes?: number;
  sha256?: string;
  installedKiB?: number;
};

export const artefactKey = (name: string, arch: string, version: string): string =>
  `${name} ${arch} ${version}`;

/** One stanza per version; where a version stands in several lists, the one with a hash wins. */
export function readArtefacts(text: string): Map<string, Artefact> {
  const found = new Map<string, Artefact>();
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]?.trim();
    const name = field('Package');
    const version = field('Version');
    const arch = field('Architecture');
    if (!name || !version || !arch) continue;
    const size = Number(field('Size') ?? Number.NaN);
    const sha256 = field('SHA256');
    const installed = Number(field('Installed-Size') ?? Number.NaN);
    const key = artefactKey(name, arch, version);
    if (found.get(key)?.sha256 !== undefined) continue;
    found.set(key, {
      name,
      arch,
      version,
      ...(Number.isSafeInteger(size) && size >= 0 ? { sizeBytes: size } : {}),
      ...(sha256 && /^[0-9a-f]{64}$/.test(sha256) ? { sha256 } : {}),
      ...(Number.isSafeInteger(installed) && installed >= 0 ? { installedKiB: installed } : {}),
    });
  }
  return found;
}

/** What `apt-cache policy` says of one package: each version, and whether a repository (not only dpkg's status) offers it. */
export type Policy = { candidate?: string; offered: Map<string, string[]> };

/** Repositories told of one version; more of them are all alike to us. */
const MAX_SOURCES = 50;

/** Keyed as apt prints it: `name`, or `name:arch` where foreign. `offered` has a version only when a repository has it. */
export function readPolicies(text: string): Map<string, Policy> {
  const found = new Map<string, Policy>();
  let current: Policy | undefined;
  let version: string | undefined;
  for (const line of text.split('\n')) {
    const header = /^([A-Za-z0-9][A-Za-z0-9.+_-]*(?::[a-z0-9-]+)?):$/.exec(line)?.[1];
    if (header !== undefined) {
      current = { offered: new Map() };
      found.set(header, current);
      version = undefined;
      continue;
    }
    if (current === undefined) continue;
    const candidate = /^ {2}Candidate: (\S+)/.exec(line)?.[1];
    if (candidate !== undefined && candidate !== '(none)' && isVersion(candidate))
      current.candidate = candidate;
    const row = /^ (?: {4}|\*\*\* )(\S+)(?: -?\d+)?(?: \(phased \d+%\))?\s*$/.exec(line)?.[1];
    if (row !== undefined) {
      version = row;
      continue;
    }
    const source = /^ {8,}-?\d+ (\S.*)$/.exec(line)?.[1];
    if (source !== undefined && version !== undefined && !/\/dpkg\/status$/.test(source.trim())) {
      const sources = current.offered.get(version) ?? [];
      if (sources.length < MAX_SOURCES) sources.push(plainLine(source, 300));
      current.offered.set(version, sources);
    }
  }
  return found;
}

/** Names as apt prints them: the native architecture's without suffix. */
export const policyOf = (
  policies: Map<string, Policy>,
  name: string,
  arch: string,
  native: string,
): Policy | undefined =>
  arch === native || arch === 'all' ? policies.get(name) : (policies.get(`${name}:${arch}`) ?? undefined);

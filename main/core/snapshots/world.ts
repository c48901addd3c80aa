/** What the last good scans tell about packages, by host and by name: what check.ts works on. Built once per state of the scans. */
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type {
  InstalledPackage,
  PackageRelations,
  Relation,
  Scan,
  Update,
} from '../../../shared/model/scan.ts';
import type { Entry, RevisionContent } from '../../../shared/model/snapshot.ts';

/** One host's last good scan, by package name. */
export type HostWorld = {
  scanId: string;
  host: string;
  ecosystem: Ecosystem;
  os: string;
  release: string;
  installed: Map<string, Pick<InstalledPackage, 'arch' | 'version'>[]>;
  updates: Map<string, Update[]>;
  /** Of updates; undefined where the scan did not read any. */
  relations: Map<string, PackageRelations[]> | undefined;
  /** Relations of installed packages, under each name they speak of. */
  bound: Map<string, PackageRelations[]>;
  /** Packages that come in only because an update needs them. */
  incoming: string[];
  removals: string[];
};

const index = <T>(items: readonly T[], namesOf: (item: T) => Iterable<string>): Map<string, T[]> => {
  const map = new Map<string, T[]>();
  for (const item of items)
    for (const name of namesOf(item)) {
      const list = map.get(name);
      if (list === undefined) map.set(name, [item]);
      else list.push(item);
    }
  return map;
};

/** Every name a package's relations speak of. */
const spokenOf = (one: PackageRelations): Set<string> =>
  new Set(
    [one.requires.flat(), one.conflicts, one.replaces].flatMap((list: Relation[]) =>
      list.map((relation) => relation.name),
    ),
  );

/** Undefined: the scan failed. */
export const learn = (scan: Scan): HostWorld | undefined =>
  scan.facts === undefined
    ? undefined
    : {
        scanId: scan.id,
        host: scan.host,
        ecosystem: scan.facts.manager,
        os: scan.facts.os,
        release: scan.facts.release,
        installed: index(
          scan.packages.map(({ name, arch, version }) => ({ name, arch, version })),
          (one) => [one.name],
        ),
        updates: index(scan.updates, (update) => [update.name]),
        relations:
          scan.relations &&
          index(
            scan.relations.filter((one) => !one.installed),
            (one) => [one.name],
          ),
        bound: index(
          (scan.relations ?? []).filter((one) => one.installed),
          spokenOf,
        ),
        incoming: scan.updates.filter((update) => update.from === null).map((update) => update.name),
        removals: scan.removals.map((removal) => removal.name),
      };

/** A package by ecosystem and name. */
export type NameKey = string;
export const nameKey = (ecosystem: Ecosystem, name: string): NameKey => `${ecosystem}/${name}`;

export type World = {
  hosts: readonly HostWorld[];
  /** Hosts that have or are offered a package of this name. */
  having(key: NameKey): readonly HostWorld[];
  /** Packages whose relations speak of this one, and those its relations speak of: their findings hang together. */
  neighbours(key: NameKey): ReadonlySet<NameKey>;
};

const NONE: readonly HostWorld[] = [];
const NOBODY: ReadonlySet<NameKey> = new Set();

export const createWorld = (hosts: readonly HostWorld[]): World => {
  const having = new Map<NameKey, HostWorld[]>();
  const neighbours = new Map<NameKey, Set<NameKey>>();
  const push = (key: NameKey, host: HostWorld) => {
    const list = having.get(key);
    if (list === undefined) having.set(key, [host]);
    else if (list.at(-1) !== host) list.push(host);
  };
  const link = (a: NameKey, b: NameKey) => {
    const set = neighbours.get(a);
    if (set === undefined) neighbours.set(a, new Set([b]));
    else set.add(b);
  };
  for (const host of hosts) {
    const keyOf = (name: string) => nameKey(host.ecosystem, name);
    for (const name of host.installed.keys()) push(keyOf(name), host);
    for (const name of host.updates.keys()) if (!host.installed.has(name)) push(keyOf(name), host);
    // Without relations, all the new packages of a host are what each of its blocked updates may need.
    if (host.relations === undefined)
      for (const [name, updates] of host.updates)
        if (updates.some((update) => update.blocked === 'needs-new-packages'))
          for (const other of host.incoming) link(keyOf(other), keyOf(name));
    for (const list of [...(host.relations?.values() ?? []), ...host.bound.values()])
      for (const one of list)
        for (const name of spokenOf(one)) {
          link(keyOf(one.name), keyOf(name));
          link(keyOf(name), keyOf(one.name));
        }
  }
  return {
    hosts,
    having: (key) => having.get(key) ?? NONE,
    neighbours: (key) => neighbours.get(key) ?? NOBODY,
  };
};

/**
 * The hosts a snapshot is for, as far as its scope says: another distribution's or release's packages of the same name are no
 * measure for it.
 */
export const inScope = (scope: RevisionContent['scope'], host: HostWorld): boolean =>
  (scope.ecosystem === undefined || scope.ecosystem === host.ecosystem) &&
  (scope.distro === undefined || scope.distro === host.os) &&
  (scope.release === undefined || scope.release === host.release);

export const fitsArch = (wanted: string | undefined, has: string): boolean =>
  wanted === undefined || wanted === has;

export type Compare = (a: string, b: string) => number;

/** The entries of a list by ecosystem and name, as judging one of them needs the others. */
export type Listing = ReadonlyMap<NameKey, readonly Entry[]>;

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
import { atOnce, type Steps } from '../turns.ts';

/** One host's last good scan, by package name. */
export type HostWorld = {
  scanId: string;
  host: string;
  ecosystem: Ecosystem;
  os: string;
  release: string;
  codename: string | undefined;
  listsUpdatedAt: string | undefined;
  installed: ReadonlyMap<string, Installed>;
  updates: ReadonlyMap<string, readonly Update[]>;
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

export type Installed = readonly Pick<InstalledPackage, 'arch' | 'version'>[];

/**
 * Gives the same object for what is equal: hosts of a fleet resemble each other, and what was found out for one of them then
 * holds for the others without being worked out again.
 */
export class Shared {
  readonly #installed = new Map<string, Installed>();
  readonly #relations = new Map<string, PackageRelations>();
  readonly #updates = new Map<string, readonly Update[]>();

  installed(list: Installed): Installed {
    return once(this.#installed, list.map((one) => `${one.arch} ${one.version}`).join(' '), list);
  }

  updates(list: readonly Update[]): readonly Update[] {
    return once(this.#updates, JSON.stringify(list), list);
  }

  relations(ecosystem: Ecosystem, one: PackageRelations): PackageRelations {
    return once(this.#relations, `${ecosystem} ${JSON.stringify(one)}`, one);
  }
}

const once = <T>(map: Map<string, T>, key: string, value: T): T => {
  const known = map.get(key);
  if (known !== undefined) return known;
  map.set(key, value);
  return value;
};

const installedOf = (scan: Scan, shared: Shared): Map<string, Installed> => {
  const lists = index(
    scan.packages.map(({ name, arch, version }) => ({ name, arch, version })),
    (one) => [one.name],
  );
  return new Map([...lists].map(([name, list]) => [name, shared.installed(list)]));
};

const updatesOf = (scan: Scan, shared: Shared): Map<string, readonly Update[]> => {
  const lists = index(scan.updates, (update) => [update.name]);
  return new Map([...lists].map(([name, list]) => [name, shared.updates(list)]));
};

/** Undefined: the scan failed. */
export const learn = (scan: Scan, shared: Shared): HostWorld | undefined => {
  if (scan.facts === undefined) return undefined;
  const { manager } = scan.facts;
  const relations = scan.relations?.map((one) => shared.relations(manager, one));
  return {
    scanId: scan.id,
    host: scan.host,
    ecosystem: scan.facts.manager,
    os: scan.facts.os,
    release: scan.facts.release,
    codename: scan.facts.codename,
    listsUpdatedAt: scan.facts.listsUpdatedAt,
    installed: installedOf(scan, shared),
    updates: updatesOf(scan, shared),
    relations:
      relations &&
      index(
        relations.filter((one) => !one.installed),
        (one) => [one.name],
      ),
    bound: index(
      (relations ?? []).filter((one) => one.installed),
      spokenOf,
    ),
    incoming: scan.updates.filter((update) => update.from === null).map((update) => update.name),
    removals: scan.removals.map((removal) => removal.name),
  };
};

/** A package by ecosystem and name. */
export type NameKey = string;
export const nameKey = (ecosystem: Ecosystem, name: string): NameKey => `${ecosystem}/${name}`;

/** `related`: how many of the hosts told their relations. */
export type Situation = {
  installed: Installed;
  updates: readonly Update[];
  hosts: HostWorld[];
  related: number;
};

/** Hosts that are alike in everything a package's relations speak of: what holds for the first of them holds for all. */
export type Alike = readonly [HostWorld, ...HostWorld[]];

export type World = {
  hosts: readonly HostWorld[];
  /** Hosts that have or are offered a package of this name. */
  having(key: NameKey): readonly HostWorld[];
  /** The same hosts, those alike in what they have and are offered of it together. */
  situations(key: NameKey): readonly Situation[];
  /** Relations of the updates of this name, and those of installed packages that speak of it. */
  relations(key: NameKey): ReadonlySet<PackageRelations>;
  /** The hosts that told these relations. */
  telling(relations: PackageRelations): readonly Alike[];
  /** Packages whose relations speak of this one, and those its relations speak of: their findings hang together. */
  neighbours(key: NameKey): ReadonlySet<NameKey>;
};

const NOT_INSTALLED: Installed = [];
const NOT_OFFERED: readonly Update[] = [];

const situationsOf = (hosts: readonly HostWorld[], name: string): Situation[] => {
  const found: Situation[] = [];
  const known = new Map<Installed, Map<readonly Update[], Situation>>();
  for (const host of hosts) {
    const installed = host.installed.get(name) ?? NOT_INSTALLED;
    const updates = host.updates.get(name) ?? NOT_OFFERED;
    const same = known.get(installed)?.get(updates);
    const told = host.relations === undefined ? 0 : 1;
    if (same !== undefined) {
      same.hosts.push(host);
      same.related += told;
      continue;
    }
    const fresh: Situation = { installed, updates, hosts: [host], related: told };
    found.push(fresh);
    const inner = known.get(installed);
    if (inner === undefined) known.set(installed, new Map([[updates, fresh]]));
    else inner.set(updates, fresh);
  }
  return found;
};

/** Numbers for objects, so that several of them make one key. */
class Numbers {
  readonly #known = new Map<object, number>();

  of(one: object): number {
    const known = this.#known.get(one);
    if (known !== undefined) return known;
    this.#known.set(one, this.#known.size);
    return this.#known.size - 1;
  }
}

const alikeOf = (one: PackageRelations, hosts: readonly HostWorld[], numbers: Numbers): Alike[] => {
  const names = [one.name, ...spokenOf(one)];
  const found = new Map<string, [HostWorld, ...HostWorld[]]>();
  for (const host of hosts) {
    let key = '';
    for (const name of names)
      key += `${numbers.of(host.installed.get(name) ?? NOT_INSTALLED)} ${numbers.of(host.updates.get(name) ?? NOT_OFFERED)} `;
    const same = found.get(key);
    if (same === undefined) found.set(key, [host]);
    else same.push(host);
  }
  return [...found.values()];
};

const NO_RELATIONS: ReadonlySet<PackageRelations> = new Set();
const NONE: readonly HostWorld[] = [];
const NOBODY: ReadonlySet<NameKey> = new Set();

/** In steps of one host; counted are its packages. */
export function* worldSteps(hosts: readonly HostWorld[]): Steps<World> {
  const having = new Map<NameKey, HostWorld[]>();
  const neighbours = new Map<NameKey, Set<NameKey>>();
  const tellers = new Map<PackageRelations, HostWorld[]>();
  const relations = new Map<NameKey, Set<PackageRelations>>();
  const file = (key: NameKey, one: PackageRelations) => {
    const set = relations.get(key);
    if (set === undefined) relations.set(key, new Set([one]));
    else set.add(one);
  };
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
    for (const lists of [host.relations, host.bound])
      for (const list of lists?.values() ?? [])
        for (const one of list) {
          const known = tellers.get(one);
          if (known !== undefined) {
            if (known.at(-1) !== host) known.push(host);
            continue;
          }
          tellers.set(one, [host]);
          if (!one.installed) file(keyOf(one.name), one);
          for (const name of spokenOf(one)) {
            link(keyOf(one.name), keyOf(name));
            link(keyOf(name), keyOf(one.name));
            if (one.installed) file(keyOf(name), one);
          }
        }
    yield host.installed.size + host.updates.size;
  }
  const numbers = new Numbers();
  const alike = new Map<PackageRelations, Alike[]>();
  const situations = new Map<NameKey, Situation[]>();
  return {
    hosts,
    having: (key) => having.get(key) ?? NONE,
    situations: (key) => {
      const known = situations.get(key);
      if (known !== undefined) return known;
      const made = situationsOf(having.get(key) ?? NONE, key.slice(key.indexOf('/') + 1));
      situations.set(key, made);
      return made;
    },
    relations: (key) => relations.get(key) ?? NO_RELATIONS,
    telling: (one) => {
      const known = alike.get(one);
      if (known !== undefined) return known;
      const made = alikeOf(one, tellers.get(one) ?? NONE, numbers);
      alike.set(one, made);
      return made;
    },
    neighbours: (key) => neighbours.get(key) ?? NOBODY,
  };
}

export const createWorld = (hosts: readonly HostWorld[]): World => atOnce(worldSteps(hosts));

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

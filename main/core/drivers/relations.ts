/**
 * What packages ask of each other, cut down to what a host's updates bear on. Pure; the same for every manager but for its
 * order of versions. A driver reads the manager's own words into `Stated`; what comes out is the model's.
 */
import { PackageRelations, type Relation, type RelationOp } from '../../../shared/model/scan.ts';

/** Whether a version is one a relation means. */
export const holds = (
  relation: Pick<Relation, 'op' | 'version'>,
  version: string,
  compare: (a: string, b: string) => number,
): boolean => {
  if (relation.op === undefined || relation.version === undefined) return true;
  const order = compare(version, relation.version);
  const by: Record<RelationOp, boolean> = {
    '<': order < 0,
    '<=': order <= 0,
    '=': order === 0,
    '>=': order >= 0,
    '>': order > 0,
  };
  return by[relation.op];
};

/** One version's relations as the manager states them: names may be virtual. `provides`: with `version` where it gives one. */
export type Stated = {
  name: string;
  arch: string;
  version: string;
  requires: Relation[][];
  conflicts: Relation[];
  replaces: Relation[];
  provides: { name: string; version?: string }[];
};

type Version = { name: string; version: string };

const MAX_ALTERNATIVES = 50;
const MAX_RELATIONS = 500;

/** What a name can be here: real packages, and those that provide it. */
class Side {
  readonly #real = new Map<string, string[]>();
  readonly #providers = new Map<string, { by: Version; version: string | undefined }[]>();

  constructor(packages: Iterable<Version>, stated: Iterable<Stated>) {
    for (const { name, version } of packages) push(this.#real, name, version);
    for (const one of stated)
      for (const { name, version } of one.provides) push(this.#providers, name, { by: one, version });
  }

  versions(name: string): string[] {
    return this.#real.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#real.has(name);
  }

  /** Packages that provide what the relation means. One that gives no version provides none in particular. */
  providers(relation: Relation, compare: Compare): Version[] {
    return (this.#providers.get(relation.name) ?? [])
      .filter(({ version }) =>
        version === undefined ? relation.op === undefined : holds(relation, version, compare),
      )
      .map(({ by }) => by);
  }
}

type Compare = (a: string, b: string) => number;

const push = <T>(map: Map<string, T[]>, key: string, value: T): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

/** `present`: what is installed; `stated` of it may be less than all. `candidates`: the updates, each with its relations. */
export function reduceRelations(o: {
  present: Version[];
  installed: Stated[];
  candidates: Stated[];
  compare: Compare;
}): PackageRelations[] {
  const { compare } = o;
  const now = new Side(o.present, o.installed);
  const next = new Side(o.candidates, o.candidates);
  const fits = (relation: Relation) => (version: string) => holds(relation, version, compare);

  /** For good: what is there meets it, and so does what comes in its place. */
  const isMet = (relation: Relation): boolean =>
    (now.versions(relation.name).some(fits(relation)) &&
      next.versions(relation.name).every(fits(relation))) ||
    now
      .providers(relation, compare)
      .some(
        (provider) =>
          !next.has(provider.name) ||
          next.providers(relation, compare).some((other) => other.name === provider.name),
      );

  /** In names of packages: who provides it now and would no longer after its update, and whose update does. */
  const resolve = (relation: Relation): Relation[] => {
    const found: Relation[] = [];
    if (now.has(relation.name) || next.has(relation.name)) found.push(relation);
    for (const { name } of next.providers(relation, compare))
      for (const version of next.versions(name)) found.push({ name, op: '>=', version });
    for (const { name } of now.providers(relation, compare))
      if (!next.providers(relation, compare).some((other) => other.name === name))
        for (const version of next.versions(name)) found.push({ name, op: '<', version });
    return found.length === 0 ? [relation] : found;
  };

  const requiresOf = (one: Stated): Relation[][] =>
    one.requires
      .filter((alternatives) => !alternatives.some(isMet))
      .map((alternatives) => alternatives.flatMap(resolve).slice(0, MAX_ALTERNATIVES))
      .filter((alternatives) => alternatives.length > 0)
      .slice(0, MAX_RELATIONS);

  /** Those that meet something that is here or could come; a package is never in its own way. */
  const against = (one: Stated, relations: Relation[]): Relation[] =>
    relations
      .flatMap((relation) => [
        relation,
        ...[...now.providers(relation, compare), ...next.providers(relation, compare)].map(
          ({ name, version }): Relation => ({ name, op: '=', version }),
        ),
      ])
      .filter(
        (relation) =>
          relation.name !== one.name &&
          [...now.versions(relation.name), ...next.versions(relation.name)].some(fits(relation)),
      )
      .slice(0, MAX_RELATIONS);

  const cut = (one: Stated, installed: boolean): PackageRelations[] => {
    const read = PackageRelations.safeParse({
      name: one.name,
      arch: one.arch,
      version: one.version,
      installed,
      requires: requiresOf(one),
      conflicts: against(one, one.conflicts),
      replaces: against(one, one.replaces),
    });
    if (!read.success) return [];
    const { requires, conflicts, replaces } = read.data;
    return requires.length + conflicts.length + replaces.length === 0 ? [] : [read.data];
  };

  return [...o.candidates.flatMap((one) => cut(one, false)), ...o.installed.flatMap((one) => cut(one, true))];
}

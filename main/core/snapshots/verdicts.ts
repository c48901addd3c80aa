/**
 * What is known today of the patches a snapshot lists: how grave each is for the hosts that lack it, and whose word that is. Beside
 * what a revision holds, which never changes. Hosts that are alike are judged once, however many they are.
 */
import type { EntryVerdict } from '../../../shared/contract/snapshots.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import {
  type Described,
  type Describer,
  describeSilent,
  type Told,
  type Where,
} from '../advisories/describe.ts';
import { mergedGrounds } from '../advisories/grounds.ts';
import { type Kind, kindsOf } from '../advisories/kinds.ts';
import { worse } from '../advisories/verdict.ts';
import type { Steps } from '../turns.ts';
import type { Described as Known } from './edit.ts';
import { type Compare, fitsArch, type HostWorld, nameKey, type Situation, type World } from './world.ts';

type Listed = Pick<Entry, 'ecosystem' | 'name' | 'version'> & { arch?: string | undefined };

const whereOf = ({ ecosystem, os, release, codename, listsUpdatedAt }: HostWorld): Where => ({
  manager: ecosystem,
  os,
  release,
  codename,
  listsUpdatedAt,
});

type Step = Pick<Told, 'name' | 'arch' | 'from' | 'to'>;

/** The steps to the entry's version that these hosts are not offered, and have not made: one for each architecture. */
const stepsNotOffered = (entry: Listed, { installed }: Situation, compare: Compare): Step[] =>
  [...Map.groupBy(installed, (one) => one.arch)].flatMap(([arch, here]) => {
    const versions = here.map((one) => one.version);
    const newest = versions.reduce((best, one) => (compare(one, best) > 0 ? one : best));
    return fitsArch(entry.arch, arch) && compare(newest, entry.version) < 0
      ? [{ name: entry.name, arch, from: newest, to: entry.version }]
      : [];
  });

export type Judging = {
  describer: Describer;
  compareVersions(ecosystem: Listed['ecosystem'], a: string, b: string): number;
  /** What was found out about the hosts of a situation holds as long as the situation does. */
  kinds: WeakMap<Situation, Kind[]>;
};

const describedIn = (
  entry: Listed,
  situation: Situation,
  o: Judging,
): { described: Described[]; hosts: number } => {
  const offered = situation.updates.filter(
    (update) => update.to === entry.version && fitsArch(entry.arch, update.arch),
  );
  const steps =
    offered.length > 0
      ? []
      : stepsNotOffered(entry, situation, (a, b) => o.compareVersions(entry.ecosystem, a, b));
  if (offered.length + steps.length === 0) return { described: [], hosts: 0 };
  const kinds = o.kinds.get(situation) ?? kindsOf(situation.hosts.map(whereOf));
  o.kinds.set(situation, kinds);
  const found = kinds.map(({ where, hosts }) => {
    const described = [
      ...offered.map((update) => o.describer.describe(where, update)),
      ...steps.flatMap((step) => describeSilent((told) => o.describer.describe(where, told), step) ?? []),
    ];
    return { described, hosts: described.length === 0 ? 0 : hosts };
  });
  return {
    described: found.flatMap((one) => one.described),
    hosts: found.reduce((sum, one) => sum + one.hosts, 0),
  };
};

const distinct = (lists: string[][]): string[] => [...new Set(lists.flat())].sort().slice(0, 200);

const verdictOn = (entry: Listed, world: World, o: Judging): EntryVerdict | undefined => {
  const { ecosystem, name, arch, version } = entry;
  const found = world.situations(nameKey(ecosystem, name)).map((each) => describedIn(entry, each, o));
  const all = found.flatMap((one) => one.described);
  const [first] = all;
  if (first === undefined) return undefined;
  return {
    ecosystem,
    name,
    ...(arch === undefined ? {} : { arch }),
    version,
    severity: all.reduce((worst, one) => worse(worst, one.severity), first.severity),
    classification: (all.find((one) => one.classification === 'security') ?? first).classification,
    advisories: distinct(all.map((one) => one.advisories)),
    cves: distinct(all.map((one) => one.cves)),
    grounds: mergedGrounds(all),
    hostCount: found.reduce((sum, one) => sum + one.hosts, 0),
  };
};

/** The architectures that hosts have it in, or are offered it in. */
const archesOf = (entry: Listed, world: World): string[] =>
  entry.arch === undefined
    ? [
        ...new Set(
          world
            .situations(nameKey(entry.ecosystem, entry.name))
            .flatMap(({ installed, updates }) => [...installed, ...updates].map((one) => one.arch)),
        ),
      ]
    : [entry.arch];

const learn = (entries: readonly Listed[], world: World, { describer }: Judging): void =>
  describer.learn(
    entries.flatMap((entry) =>
      archesOf(entry, world).map((arch) => ({
        facts: { manager: entry.ecosystem },
        updates: [{ name: entry.name, arch, to: entry.version }],
      })),
    ),
  );

/** What an entry holds of that from the day it is made. */
export const factsOf = (entry: Listed, world: World, o: Judging): Known => {
  learn([entry], world, o);
  const verdict = verdictOn(entry, world, o);
  if (verdict === undefined) return {};
  const { severity, classification, advisories, cves } = verdict;
  const all = distinct([advisories, cves]);
  return { severity, classification, ...(all.length === 0 ? {} : { advisories: all }) };
};

/** So many entries are looked up in the data at once. */
const LEARNED_AT_ONCE = 500;

/**
 * One for each entry of which anything is known: not for what no host lacks, nor for what hosts have an older version of and neither
 * their lists nor imported data speak of. In steps of an entry; counted are the situations its hosts are in.
 */
export function* verdictSteps(entries: readonly Listed[], world: World, o: Judging): Steps<EntryVerdict[]> {
  const verdicts: EntryVerdict[] = [];
  for (let from = 0; from < entries.length; from += LEARNED_AT_ONCE) {
    const some = entries.slice(from, from + LEARNED_AT_ONCE);
    learn(some, world, o);
    yield some.length;
    for (const entry of some) {
      const verdict = verdictOn(entry, world, o);
      if (verdict !== undefined) verdicts.push(verdict);
      yield 1 + world.situations(nameKey(entry.ecosystem, entry.name)).length;
    }
  }
  return verdicts;
}

/**
 * Patches that came out during a freeze: updates the frozen hosts are offered that are not in the snapshot and that no scan had
 * seen before the freeze (of a recurring one, its latest window) began. Managers give no date that could be trusted: what counts is when it was first
 * seen here, on whichever host.
 */

import type { VersionKey } from '../../../shared/model/catalog.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Severity } from '../../../shared/model/primitives.ts';
import type { Facts, Update } from '../../../shared/model/scan.ts';
import type { Entry, Outside, OutsidePackage } from '../../../shared/model/snapshot.ts';
import { createDescriber, type Described } from '../advisories/describe.ts';
import { mergedGrounds } from '../advisories/grounds.ts';
import { kindsOf } from '../advisories/kinds.ts';
import { SEVERITIES } from '../advisories/verdict.ts';
import type { Store, StoredFreeze } from '../ports.ts';
import { entryLabel } from './edit.ts';
import { isActive } from './exceptions.ts';
import { coversHost, type Matches } from './freeze.ts';
import { begunAt } from './recurrence.ts';

/** Named; all are counted. */
const MAX_NAMED = 500;

/** What hosts are told alike of a version, and who they are. */
type Offer = { update: Update; hosts: Facts[] };
type Found = VersionKey & { offers: Map<string, Offer>; hosts: number };

/** All of an update that it is judged by. */
const judgedBy = ({ from, severity, classification, advisories }: Update): string =>
  [from ?? '', severity, classification, ...advisories].join('\n');

const listedIn = (entries: readonly Pick<Entry, 'ecosystem' | 'name' | 'arch' | 'version'>[]) => {
  const keys = new Set(entries.map((entry) => `${entry.ecosystem} ${entryLabel(entry)} ${entry.version}`));
  return ({ ecosystem, name, arch, version }: VersionKey): boolean =>
    keys.has(`${ecosystem} ${name} ${version}`) || keys.has(`${ecosystem} ${name}:${arch} ${version}`);
};

/** What the frozen hosts' last good scans offer, each version once. */
const offered = (hosts: Host[], store: Store): Found[] => {
  const found = new Map<string, Found>();
  for (const host of hosts) {
    const facts = store.lastGoodSummary(host.id)?.facts;
    if (facts === undefined) continue;
    const ecosystem = facts.manager;
    const here = new Set<Found>();
    for (const update of store.lastGoodUpdates(host.id) ?? []) {
      const { name, arch, to: version } = update;
      const key = `${ecosystem} ${name}:${arch} ${version}`;
      const one = found.get(key) ?? { ecosystem, name, arch, version, offers: new Map(), hosts: 0 };
      found.set(key, one);
      here.add(one);
      const alike = one.offers.get(judgedBy(update));
      if (alike === undefined) one.offers.set(judgedBy(update), { update, hosts: [facts] });
      else alike.hosts.push(facts);
    }
    for (const one of here) one.hosts += 1;
  }
  return [...found.values()];
};

const NONE: Outside = {
  critical: 0,
  important: 0,
  moderate: 0,
  low: 0,
  unknown: 0,
  grounds: [],
  packages: [],
};

const worstOf = (verdicts: Described[]): Described | undefined =>
  SEVERITIES.map((severity) => verdicts.find((one) => one.severity === severity)).find(
    (one) => one !== undefined,
  );

/** `hosts`: all there are. Before the first window nothing is outside. */
export const outsideOf = (
  stored: StoredFreeze,
  o: { store: Store; hosts: Host[]; matches: Matches; at: number },
): Outside => {
  const since = begunAt(stored.freeze, o.at)?.from;
  if (since === undefined) return NONE;
  const entries = o.store.revision(stored.revisionId)?.content.entries ?? [];
  const granted = (stored.exceptions ?? []).filter((one) => isActive(one, o.at));
  const [inSnapshot, inExceptions] = [listedIn(entries), listedIn(granted)];
  const covered = o.hosts.filter((host) => coversHost(stored, host, o.matches));
  const candidates = offered(covered, o.store).filter((one) => !inSnapshot(one) && !inExceptions(one));
  const seen = o.store.firstSeen(
    candidates.map(({ ecosystem, name, arch, version }) => ({ ecosystem, name, arch, version })),
  );
  const out = candidates.flatMap((one, index) => {
    const firstSeen = seen[index];
    return firstSeen === undefined || Date.parse(firstSeen) < since ? [] : [{ ...one, firstSeen }];
  });
  const describer = createDescriber(o.store);
  describer.learn(
    out.map(({ ecosystem, offers }) => ({
      facts: { manager: ecosystem },
      updates: [...offers.values()].map(({ update }) => update),
    })),
  );
  const packages = out
    .map(({ offers, hosts, ecosystem, name, arch, version, firstSeen }): OutsidePackage => {
      const verdicts = [...offers.values()].flatMap((offer) =>
        kindsOf(offer.hosts).map(({ where }) => describer.describe(where, offer.update)),
      );
      const worst = worstOf(verdicts);
      return {
        ecosystem,
        name,
        arch,
        version,
        severity: worst?.severity ?? 'unknown',
        classification: worst?.classification ?? 'other',
        advisories: (worst?.advisories ?? []).slice(0, 20),
        grounds: mergedGrounds(verdicts),
        firstSeen,
        hosts,
      };
    })
    .sort(
      (a, b) =>
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        a.name.localeCompare(b.name) ||
        a.arch.localeCompare(b.arch),
    );
  const count = (severity: Severity): number => packages.filter((one) => one.severity === severity).length;
  return {
    critical: count('critical'),
    important: count('important'),
    moderate: count('moderate'),
    low: count('low'),
    unknown: count('unknown'),
    grounds: mergedGrounds(packages),
    packages: packages.slice(0, MAX_NAMED),
  };
};

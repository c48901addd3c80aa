/** Entries out of scans: what the hosts of a selector could install. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { SOURCE_NAMES } from '../../../shared/grounds.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Facts, Scan, Update } from '../../../shared/model/scan.ts';
import type { Entry, RevisionContent } from '../../../shared/model/snapshot.ts';
import { createDescriber, type Described } from '../advisories/describe.ts';
import { mergedGrounds } from '../advisories/grounds.ts';
import type { AdvisoryStore } from '../advisories/ports.ts';
import type { CatalogStore } from '../catalog/ports.ts';
import { selectHosts } from '../fleet/selector.ts';
import type { HostStore, ScanStore } from '../ports.ts';
import { entryLabel } from './edit.ts';

type Scanned = { host: Host; scan: Scan; facts: Facts };
type Offer = { host: string; ecosystem: Ecosystem; update: Update };

export type ScanEntries = {
  entries: Entry[];
  scope: RevisionContent['scope'];
  /** Hosts without a good scan. */
  without: string[];
  /** What the admin should know about how they came about: one sentence each. */
  remarks: string[];
};

const few = (names: string[], limit: number): string =>
  names.length <= limit
    ? names.join(', ')
    : `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`;

/** The last good scan of every selected host, and the names of those without one: their updates are not known. */
const lastGood = (
  selectors: string[],
  store: HostStore & ScanStore,
): Result<{ scanned: Scanned[]; without: string[] }> => {
  const summaries = store.scanSummaries();
  const selected = selectHosts(selectors, store.hosts(), (id) => summaries.get(id)?.lastGood?.facts);
  if (!selected.ok) return selected;
  if (selected.value.length === 0)
    return fail('input.invalid', `No host matches ${selectors.join(' or ')}.`, {
      hint: 'List the hosts to see the fleet.',
    });
  const scanned: Scanned[] = [];
  const without: string[] = [];
  for (const host of selected.value) {
    const scan = store.lastGoodScan(host.id);
    if (scan?.facts === undefined) without.push(host.name);
    else scanned.push({ host, scan, facts: scan.facts });
  }
  // A fleet always has a host or two that are off; they must not keep the others from their patches, nor be passed over in silence.
  if (scanned.length === 0)
    return fail('input.invalid', `Never scanned with success: ${few(without, 20)}.`, {
      hint: 'Scan these hosts first: their updates are not known.',
    });
  return ok({ scanned, without });
};

const same = <T>(values: (T | undefined)[]): T | undefined =>
  values.every((value) => value === values[0]) ? values[0] : undefined;

const hostsOf = (offers: Offer[]): string[] => offers.map((offer) => offer.host);

/** One entry for what several hosts offer of one package in one version. Size and hash only where they agree. */
const entryOf = (offers: [Offer, ...Offer[]]): Entry => {
  const [{ ecosystem, update }] = offers;
  const updates = offers.map((offer) => offer.update);
  const advisories = [...new Set(updates.flatMap((one) => one.advisories))].sort().slice(0, 200);
  const security = updates.find((one) => one.classification === 'security');
  const sizeBytes = same(updates.map((one) => one.sizeBytes));
  const sha256 = same(updates.map((one) => one.sha256));
  // Somebody held it on every host that could have it: approving it would have every one of them refused.
  const held = updates.every((one) => one.blocked === 'held');
  return {
    ecosystem,
    name: update.name,
    arch: update.arch,
    version: update.to,
    decision: held ? 'reject' : 'approve',
    stage: 1,
    source: 'scan',
    severity: (security ?? update).severity,
    classification: (security ?? update).classification,
    ...(advisories.length === 0 ? {} : { advisories }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(held ? { note: `On hold on ${few(hostsOf(offers), 10)}.` } : {}),
  };
};

const isFilled = <T>(list: T[]): list is [T, ...T[]] => list.length > 0;

/** The highest version anybody offers, and remarks where not all offer the same or some hold it. */
const settle = (
  offers: Offer[],
  compare: (a: string, b: string) => number,
): { entry: Entry | undefined; remarks: string[] } => {
  const byVersion = Map.groupBy(offers, (offer) => offer.update.to);
  const [highest, ...others] = [...byVersion.keys()].sort((a, b) => compare(b, a));
  const taken = highest === undefined ? undefined : byVersion.get(highest);
  if (taken === undefined || !isFilled(taken)) return { entry: undefined, remarks: [] };
  const entry = entryOf(taken);
  const remarks: string[] = [];
  if (others.length > 0) {
    const elsewhere = others.map(
      (version) => `${version} (${few(hostsOf(byVersion.get(version) ?? []), 3)})`,
    );
    remarks.push(`${entryLabel(entry)}: ${entry.version} taken, elsewhere ${elsewhere.join(', ')}.`);
  }
  const held = hostsOf(offers.filter((offer) => offer.update.blocked === 'held'));
  if (held.length > 0) remarks.push(`${entryLabel(entry)}: on hold on ${few(held, 3)}.`);
  return { entry, remarks };
};

/** What the admin should know about scans that something is made from. */
export const remarksOn = (
  scanned: { host: Host; scan: Pick<Scan, 'id' | 'state'> }[],
  without: string[],
  store: ScanStore,
): string[] => {
  const summaries = store.scanSummaries();
  const partial = scanned.filter(({ scan }) => scan.state === 'partial').map(({ host }) => host.name);
  const stale = scanned
    .filter(({ host, scan }) => summaries.get(host.id)?.latest.id !== scan.id)
    .map(({ host }) => host.name);
  return [
    ...(without.length === 0
      ? []
      : [`Never scanned with success, so nothing of theirs is in it: ${few(without, 10)}.`]),
    ...(partial.length === 0 ? [] : [`Scanned in part only: ${few(partial, 10)}.`]),
    ...(stale.length === 0 ? [] : [`The latest scan failed, an older one was used: ${few(stale, 10)}.`]),
  ];
};

/** What all hosts have in common. The environment is left out on purpose: the same hash goes from test to production. */
export const scopeOf = (facts: Facts[]): RevisionContent['scope'] => {
  const ecosystem = same(facts.map((one) => one.manager));
  const distro = same(facts.map((one) => one.os));
  const release = same(facts.map((one) => one.release));
  const arch = same(facts.map((one) => one.arch));
  return {
    ...(ecosystem === undefined ? {} : { ecosystem }),
    ...(distro === undefined ? {} : { distro }),
    ...(release === undefined ? {} : { release }),
    ...(arch === undefined ? {} : { arch }),
  };
};

const orderBy = (entry: Entry): string => `${entry.ecosystem}\0${entry.name}\0${entry.arch ?? ''}`;

/**
 * One entry of stage 1 for each ecosystem, name and architecture the hosts offer, in the highest version offered, new
 * packages that come in only because an update needs them included; sorted by ecosystem, name and architecture; approved, but rejected where every
 * host that could have it holds it. `security`: only what is classified security. Hosts without a good scan stand in the remarks.
 * Errors: `input.invalid` for a bad selector, one that matches nothing, and hosts none of which has a good scan (named).
 */
export const entriesFromScans = (o: {
  selectors: string[];
  security: boolean;
  store: HostStore & ScanStore & CatalogStore & AdvisoryStore;
  compareVersions(ecosystem: Ecosystem, a: string, b: string): number;
}): Result<ScanEntries> => {
  const read = lastGood(o.selectors, o.store);
  if (!read.ok) return read;
  const { scanned, without } = read.value;
  const describer = createDescriber(o.store);
  describer.learn(scanned.map(({ facts, scan }) => ({ facts, updates: scan.updates })));
  const verdicts: Described[] = [];
  const offers = scanned.flatMap(({ host, scan, facts }) =>
    scan.updates.flatMap((bare): Offer[] => {
      const described = describer.describe(facts, bare);
      const { severity, classification, cves } = described;
      if (o.security && classification !== 'security') return [];
      verdicts.push(described);
      const advisories = [...new Set([...described.advisories, ...cves])];
      const update = { ...bare, severity, classification, advisories };
      return [{ host: host.name, ecosystem: facts.manager, update }];
    }),
  );
  const entries: Entry[] = [];
  const remarks = remarksOn(scanned, without, o.store);
  const imported = mergedGrounds(verdicts.map(({ grounds }) => ({ severity: 'unknown', grounds })))
    .filter(({ source }) => source !== 'hosts')
    .map(({ source, asOf }) => `${SOURCE_NAMES[source]} as of ${asOf?.slice(0, 10) ?? 'unknown'}`);
  if (imported.length > 0)
    remarks.push(`Severities and advisories also come from imported data: ${imported.join(', ')}.`);
  const groups = Map.groupBy(
    offers,
    (offer) => `${offer.ecosystem}/${offer.update.name}/${offer.update.arch}`,
  );
  for (const group of groups.values()) {
    if (!isFilled(group)) continue;
    const [{ ecosystem }] = group;
    const settled = settle(group, (a, b) => o.compareVersions(ecosystem, a, b));
    if (settled.entry !== undefined) entries.push(settled.entry);
    remarks.push(...settled.remarks);
  }
  entries.sort((a, b) => (orderBy(a) < orderBy(b) ? -1 : 1));
  return ok({ entries, without, remarks, scope: scopeOf(scanned.map((one) => one.facts)) });
};

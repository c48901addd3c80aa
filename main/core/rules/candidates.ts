/** What rules judge: every version that the selected hosts are offered now, by their last good scans and the catalogue. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Candidate } from '../../../shared/model/rule.ts';
import type { Facts, Update } from '../../../shared/model/scan.ts';
import type { RevisionContent } from '../../../shared/model/snapshot.ts';
import { createDescriber, type Described } from '../advisories/describe.ts';
import { mergedGrounds } from '../advisories/grounds.ts';
import type { AdvisoryStore } from '../advisories/ports.ts';
import { worse } from '../advisories/verdict.ts';
import type { CatalogStore } from '../catalog/ports.ts';
import { selectHosts } from '../fleet/selector.ts';
import type { HostStore, ScanStore } from '../ports.ts';
import { remarksOn, scopeOf } from '../snapshots/fromScans.ts';

export type Candidates = {
  /** By name, architecture and version, in code units. */
  candidates: Candidate[];
  scope: RevisionContent['scope'];
  /** Hosts without a good scan: what they are offered is not known. */
  without: string[];
  remarks: string[];
};

type Offer = { host: Host; facts: Facts; update: Update; scannedAt: string; described: Described };
type Filled = [Offer, ...Offer[]];

const same = <T>(values: (T | undefined)[]): T | undefined =>
  values.every((value) => value === values[0]) ? values[0] : undefined;
const distinct = (values: string[]): string[] => [...new Set(values)].sort();
const isFilled = (list: Offer[]): list is Filled => list.length > 0;

const candidateOf = (offers: Filled, firstSeen: string | undefined): Candidate => {
  const [{ facts, update, described }] = offers;
  const all = offers.map((offer) => offer.described);
  const security = all.find((one) => one.classification === 'security');
  const published = all.flatMap((one) => one.published ?? []).sort()[0];
  const sizeBytes = same(offers.map((offer) => offer.update.sizeBytes));
  const sha256 = same(offers.map((offer) => offer.update.sha256));
  const platforms = new Map(
    offers.map((offer) => [
      `${offer.facts.os}\n${offer.facts.release}`,
      { distro: offer.facts.os, release: offer.facts.release },
    ]),
  );
  return {
    ecosystem: facts.manager,
    name: update.name,
    arch: update.arch,
    version: update.to,
    platforms: [...platforms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, platform]) => platform),
    origins: distinct(offers.map((offer) => offer.update.origin)),
    severity: all.reduce((worst, one) => worse(worst, one.severity), described.severity),
    classification: (security ?? described).classification,
    advisories: distinct(all.flatMap((one) => one.advisories)),
    cves: distinct(all.flatMap((one) => one.cves)),
    grounds: mergedGrounds(all),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    // Scans that an older Frostline stored are not in the catalogue: then the scan itself is when it was seen.
    firstSeen: firstSeen ?? offers.map((offer) => offer.scannedAt).sort()[0] ?? '',
    ...(published === undefined ? {} : { releasedAt: published }),
    hosts: distinct(offers.map((offer) => offer.host.name)),
    heldOn: distinct(
      offers.filter((offer) => offer.update.blocked === 'held').map((offer) => offer.host.name),
    ),
  };
};

/** Errors: `input.invalid` for a bad selector, one that matches nothing, and hosts none of which has a good scan (named). */
export const candidatesOf = (
  selectors: string[],
  store: HostStore & ScanStore & CatalogStore & AdvisoryStore,
): Result<Candidates> => {
  const summaries = store.scanSummaries();
  const selected = selectHosts(selectors, store.hosts(), (id) => summaries.get(id)?.lastGood?.facts);
  if (!selected.ok) return selected;
  if (selected.value.length === 0)
    return fail('input.invalid', `No host matches ${selectors.join(' or ')}.`, {
      hint: 'List the hosts to see the fleet.',
    });
  const known = selected.value.flatMap((host) => {
    const scan = summaries.get(host.id)?.lastGood;
    const updates = store.lastGoodUpdates(host.id);
    return scan?.facts === undefined || updates === undefined
      ? []
      : [{ host, scan, facts: scan.facts, updates }];
  });
  const have = new Set(known.map(({ host }) => host.id));
  const without = selected.value.filter((host) => !have.has(host.id)).map((host) => host.name);
  if (known.length === 0)
    return fail('input.invalid', `Never scanned with success: ${without.slice(0, 20).join(', ')}.`, {
      hint: 'Scan these hosts first: their updates are not known.',
    });
  const describer = createDescriber(store);
  describer.learn(known);
  const offers = known.flatMap(({ host, scan, facts, updates }) =>
    updates.map(
      (update): Offer => ({
        host,
        facts,
        update,
        scannedAt: scan.finishedAt,
        described: describer.describe(facts, update),
      }),
    ),
  );
  const groups = [
    ...Map.groupBy(offers, ({ facts, update }) =>
      [update.name, update.arch, update.to, facts.manager].join('\n'),
    ),
  ]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => group)
    .filter(isFilled);
  const seen = store.firstSeen(
    groups.map(([{ facts, update }]) => ({
      ecosystem: facts.manager,
      name: update.name,
      arch: update.arch,
      version: update.to,
    })),
  );
  return ok({
    candidates: groups.map((group, index) => candidateOf(group, seen[index])),
    scope: scopeOf(known.map((one) => one.facts)),
    without,
    remarks: remarksOn(known, without, store),
  });
};

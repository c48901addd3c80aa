/** The catalogue of the store in memory: as the SQLite one answers (test/unit/sqlite/catalog.test.ts runs over both). */
import { isInstalled } from '../../main/core/catalog/installed.ts';
import type { CatalogStore } from '../../main/core/catalog/ports.ts';
import type { CatalogOffer, CatalogVersion, VersionKey } from '../../shared/model/catalog.ts';
import type { Host } from '../../shared/model/host.ts';
import type { Scan } from '../../shared/model/scan.ts';

/** `teller`: the host whose lists the offer is told by now. */
type Offer = CatalogOffer & { teller: string };
type Known = Omit<CatalogVersion, 'installedOn' | 'offers'> & { offers: Offer[]; hosts: Set<string> };

const bare = ({ teller: _, ...offer }: Offer): CatalogOffer => offer;

const keyOf = (one: VersionKey): string => [one.name, one.ecosystem, one.arch, one.version].join('\n');
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const createMemoryCatalog = (
  hostById: (id: string) => Host | undefined,
  neverScanned: () => { hostId: string; host: string }[],
) => {
  const versions = new Map<string, Known>();

  const see = (
    scan: Scan,
    one: { name: string; arch: string; version: string },
    source?: { source: string; sourceVersion: string },
  ): Known => {
    const facts = scan.facts;
    if (facts === undefined) throw new Error('a scan without facts');
    const key = { ecosystem: facts.manager, name: one.name, arch: one.arch, version: one.version };
    const known = versions.get(keyOf(key));
    if (known !== undefined) {
      if (known.source === undefined && source !== undefined) Object.assign(known, source);
      return known;
    }
    const made: Known = {
      ...key,
      ...source,
      firstSeen: { at: scan.finishedAt, host: scan.host, distro: facts.os, release: facts.release },
      offers: [],
      hosts: new Set(),
    };
    versions.set(keyOf(key), made);
    return made;
  };

  const of = (name: string): Known[] =>
    [...versions.values()]
      .filter((one) => one.name === name)
      .sort((a, b) => order(a.ecosystem, b.ecosystem) || order(a.arch, b.arch));

  const store: CatalogStore = {
    catalogPackages: (text, limit) => {
      const found = [...versions.values()].filter((one) =>
        one.name.toLowerCase().includes(text.toLowerCase()),
      );
      return [...Map.groupBy(found, (one) => [one.name, one.ecosystem, one.arch].join('\n'))]
        .sort(([a], [b]) => order(a, b))
        .slice(0, limit)
        .flatMap(([, all]) => {
          const [first] = all;
          if (first === undefined) return [];
          return {
            ecosystem: first.ecosystem,
            name: first.name,
            arch: first.arch,
            versions: all.length,
            lastNewAt:
              all
                .map((one) => one.firstSeen.at)
                .sort()
                .at(-1) ?? '',
            installedOn: new Set(all.flatMap((one) => [...one.hosts])).size,
          };
        });
    },
    catalogVersions: (name) =>
      structuredClone(of(name)).map(({ hosts, offers, ...one }) => ({
        ...one,
        offers: offers.map(bare),
        installedOn: hosts.size,
      })),
    catalogHosts: (name, wanted = () => true) =>
      of(name)
        .filter(({ ecosystem, arch, version }) => wanted({ ecosystem, name, arch, version }))
        .flatMap(({ ecosystem, arch, version, hosts }) =>
          [...hosts].flatMap((hostId) => {
            const host = hostById(hostId);
            return host === undefined ? [] : { hostId, host: host.name, ecosystem, arch, version };
          }),
        )
        .sort((a, b) => order(`${a.host.toLowerCase()}\n${a.arch}`, `${b.host.toLowerCase()}\n${b.arch}`)),
    neverScanned,
    firstSeen: (keys) => keys.map((key) => versions.get(keyOf(key))?.firstSeen.at),
    offersSeen: (from, to) =>
      [...versions.values()]
        .flatMap(({ ecosystem, name, arch, version, offers }) =>
          offers.map((offer) => ({
            ecosystem,
            name,
            arch,
            version,
            ...bare(structuredClone(offer)),
          })),
        )
        .filter((offer) => offer.firstSeen.at >= from && offer.firstSeen.at < to)
        .sort(
          (a, b) => order(a.firstSeen.at, b.firstSeen.at) || order(a.name, b.name) || order(a.arch, b.arch),
        ),
    sourceOf: (ecosystem, name, arch, version) => {
      const all = of(name).filter(
        (one) => one.ecosystem === ecosystem && one.arch === arch && one.source !== undefined,
      );
      const same = all.find((one) => one.version === version);
      if (same?.source !== undefined)
        return {
          source: same.source,
          ...(same.sourceVersion === undefined ? {} : { sourceVersion: same.sourceVersion }),
        };
      const last = all.at(-1)?.source;
      return last === undefined ? undefined : { source: last };
    },
  };

  return {
    store,
    putScan: (scan: Scan): void => {
      if (scan.state === 'failed' || scan.facts === undefined) return;
      const { os: distro, release } = scan.facts;
      for (const one of versions.values()) one.hosts.delete(scan.hostId);
      for (const { source, sourceVersion, ...one } of scan.packages.filter(isInstalled))
        see(scan, one, { source, sourceVersion }).hosts.add(scan.hostId);
      for (const update of scan.updates) {
        const { name, arch, to, origin, severity, classification, advisories, sizeBytes, sha256 } = update;
        const version = see(scan, { name, arch, version: to });
        const changing = {
          severity,
          classification,
          advisories: [...advisories],
          grounds: [{ source: 'hosts' as const, asOf: scan.facts.listsUpdatedAt ?? null }],
          teller: scan.hostId,
          ...(sizeBytes === undefined ? {} : { sizeBytes }),
          ...(sha256 === undefined ? {} : { sha256 }),
        };
        const known = version.offers.find(
          (offer) => offer.distro === distro && offer.release === release && offer.origin === origin,
        );
        const offer: Offer = {
          distro,
          release,
          origin,
          firstSeen: { at: scan.finishedAt, host: scan.host },
          ...changing,
        };
        if (known === undefined) version.offers.push(offer);
        else Object.assign(known, changing);
      }
    },
    removeHost: (id: string): void => {
      for (const one of versions.values()) one.hosts.delete(id);
    },
  };
};

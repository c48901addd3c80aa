/** Questions to the catalogue. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { CatalogVersion } from '../../../shared/model/catalog.ts';
import { compareVersions } from '../advisories/describe.ts';
import type { AffectedRow } from '../advisories/ports.ts';
import { open } from '../advisories/verdict.ts';
import { selectStored } from '../fleet/select.ts';
import type { Store } from '../ports.ts';

export type CatalogService = ReturnType<typeof createCatalogService>;

const neverSeen = (name: string) =>
  fail('not-found', `No scan has ever shown a package named ${name}.`, {
    hint: 'Search the catalogue for a part of its name.',
    packages: [name],
  });

const platformsOf = (version: CatalogVersion): { distro: string; release: string }[] => {
  const all = [version.firstSeen, ...version.offers].map(({ distro, release }) => ({ distro, release }));
  return [...new Map(all.map((one) => [`${one.distro}\n${one.release}`, one])).values()];
};

export const createCatalogService = ({ store }: { store: Store }) => {
  const search = (input: HandlerInput<'catalog.search'>): Result<Output<'catalog.search'>> => {
    const packages = store.catalogPackages(input.text.trim(), input.limit + 1);
    return ok({ packages: packages.slice(0, input.limit), more: packages.length > input.limit });
  };

  const show = ({ name }: HandlerInput<'catalog.show'>): Result<Output<'catalog.show'>> => {
    const versions = store.catalogVersions(name);
    if (versions.length === 0) return neverSeen(name);
    const rows = new Map<string, AffectedRow[]>();
    for (const [ecosystem, own] of Map.groupBy(versions, (one) => one.ecosystem))
      rows.set(ecosystem, store.affected(ecosystem, [name, ...own.flatMap((one) => one.source ?? [])]));
    const newest = store.advisoryImports(1)[0];
    return ok({
      name,
      versions: versions
        .toSorted(
          (a, b) =>
            (a.ecosystem < b.ecosystem ? -1 : a.ecosystem > b.ecosystem ? 1 : 0) ||
            compareVersions(a.ecosystem, b.version, a.version) ||
            (a.arch < b.arch ? -1 : 1),
        )
        .map((version) => ({
          ...version,
          faults: platformsOf(version).flatMap(({ distro, release }) => {
            const { ecosystem, arch, source } = version;
            const found = open(
              rows.get(ecosystem) ?? [],
              { ecosystem, distro, release, name, arch, source },
              version,
              compareVersions,
            );
            const { severity, advisories, cves, ground } = found;
            if (advisories.length === 0) return [];
            return [
              {
                distro,
                release,
                severity,
                advisories,
                cves,
                grounds: ground === undefined ? [] : [ground],
              },
            ];
          }),
        })),
      ...(newest === undefined ? {} : { advisoryData: { source: newest.file, asOf: newest.asOf } }),
    });
  };

  const hosts = (input: HandlerInput<'catalog.hosts'>): Result<Output<'catalog.hosts'>> => {
    const { name, below, version, ecosystem } = input;
    // Reading thousands of hosts costs more than the question itself: only where it is about some of them.
    const selected = input.selectors.length === 0 ? undefined : selectStored(input.selectors, store);
    if (selected?.ok === false) return selected;
    const found = store.catalogHosts(
      name,
      (one) =>
        (ecosystem === undefined || ecosystem === one.ecosystem) &&
        (version === undefined || compareVersions(one.ecosystem, one.version, version) === 0) &&
        (below === undefined || compareVersions(one.ecosystem, one.version, below) < 0),
    );
    if (found.length === 0 && store.catalogVersions(name).length === 0) return neverSeen(name);
    const among = selected && new Set(selected.value.map((host) => host.id));
    const isAmong = (hostId: string): boolean => among === undefined || among.has(hostId);
    const unknown = store.neverScanned().filter((one) => isAmong(one.hostId));
    return ok({
      name,
      hosts: found.filter((one) => isAmong(one.hostId)),
      unknown: unknown.map((one) => one.host),
    });
  };

  return {
    search: async (input: HandlerInput<'catalog.search'>) => search(input),
    show: async (input: HandlerInput<'catalog.show'>) => show(input),
    hosts: async (input: HandlerInput<'catalog.hosts'>) => hosts(input),
  };
};

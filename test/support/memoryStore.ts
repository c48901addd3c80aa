/**
 * A `Store` in memory for unit tests. It behaves as the SQLite one does (test/unit/sqlite/conformance.test.ts runs over
 * both): what goes in and comes out is copied, so nothing is shared with the caller.
 */

import type { ScanSummaries, Store, TrustedKey } from '../../main/core/ports.ts';
import type { Host } from '../../shared/model/host.ts';
import type { Scan, ScanSummary } from '../../shared/model/scan.ts';
import { createMemoryAdvisories } from './memoryAdvisories.ts';
import { auditMethods } from './memoryAudit.ts';
import { createMemoryCatalog } from './memoryCatalog.ts';
import { byName, copy, fault, type Records, sameName } from './memoryRecords.ts';
import { memoryArtefactIndex, memoryDrift, memoryGuards } from './memoryRows.ts';
import { createMemoryRules } from './memoryRules.ts';
import { planMethods, runMethods } from './memoryRuns.ts';
import { bundleMethods, snapshotMethods } from './memorySnapshots.ts';

const isGood = (scan: Scan): boolean => scan.state !== 'failed';

const summarise = ({ packages, updates, removals: _, relations: __, ...rest }: Scan): ScanSummary =>
  copy({
    ...rest,
    packageCount: packages.length,
    updateCount: updates.length,
    securityCount: updates.filter((update) => update.classification === 'security').length,
    blockedCount: updates.filter((update) => update.blocked !== undefined).length,
  });

const hostMethods = (r: Records, catalog: ReturnType<typeof createMemoryCatalog>) => {
  const hosts = (): Host[] => copy([...r.hosts.values()].sort(byName));
  const putHosts = (added: Host[]): void => {
    const after = new Map(r.hosts);
    for (const host of added) after.set(host.id, copy(host));
    const names = new Map<string, string>();
    for (const host of after.values()) {
      const taken = names.get(host.name.toLowerCase());
      if (taken !== undefined) throw fault('already-exists', `There is a host named ${host.name} already.`);
      names.set(host.name.toLowerCase(), host.id);
    }
    r.hosts = after;
  };
  return {
    hosts,
    host: (id: string) => copy(r.hosts.get(id)),
    hostByName: (name: string) => hosts().find((host) => sameName(host.name, name)),
    putHost: (host: Host) => putHosts([host]),
    putHosts,
    removeHost: (id: string) => {
      if (r.hosts.delete(id)) r.removedHosts.add(id);
      catalog.removeHost(id);
    },
  };
};

const scanMethods = (r: Records, catalog: ReturnType<typeof createMemoryCatalog>) => {
  const newestFirst = (hostId: string): Scan[] => (r.scans.get(hostId) ?? []).toReversed();
  const listed = (hostId: string): Scan[] => (r.removedHosts.has(hostId) ? [] : newestFirst(hostId));
  const lastGoodScan = (hostId: string): Scan | undefined => copy(listed(hostId).find(isGood));
  const summariesOf = (hostId: string): ScanSummaries | undefined => {
    const latest = r.hosts.has(hostId) ? newestFirst(hostId)[0] : undefined;
    if (latest === undefined) return undefined;
    const good = newestFirst(hostId).find(isGood);
    return { latest: summarise(latest), ...(good === undefined ? {} : { lastGood: summarise(good) }) };
  };
  return {
    putScan: (scan: Scan) => {
      if ([...r.scans.values()].flat().some((other) => other.id === scan.id))
        throw fault('already-exists', 'This scan is stored already.');
      r.scans.set(scan.hostId, [...(r.scans.get(scan.hostId) ?? []), copy(scan)]);
      catalog.putScan(scan);
    },
    latestScan: (hostId: string) => copy(listed(hostId)[0]),
    lastGoodScan,
    lastGoodUpdates: (hostId: string) => lastGoodScan(hostId)?.updates,
    lastGoodSummary: (hostId: string) => newestFirst(hostId).filter(isGood).map(summarise)[0],
    lastGoodScanIds: () =>
      new Map(
        [...r.hosts.keys()].flatMap((hostId) => {
          const good = newestFirst(hostId).find(isGood);
          return good === undefined ? [] : [[hostId, good.id] as const];
        }),
      ),
    scanHistory: (hostId: string, limit: number) => newestFirst(hostId).slice(0, limit).map(summarise),
    scanSummaries: () =>
      new Map(
        [...r.hosts.keys()].flatMap((hostId) => {
          const found = summariesOf(hostId);
          return found === undefined ? [] : [[hostId, found] as const];
        }),
      ),
    summariesOf,
    excerpts: (names: ReadonlySet<string>) => (hostId: string) => {
      const scan = lastGoodScan(hostId);
      if (scan?.facts === undefined) return undefined;
      return {
        facts: scan.facts,
        packages: scan.packages.filter((one) => names.has(one.name)),
        updates: scan.updates,
        has: (name: string) => scan.packages.some((one) => one.name === name),
      };
    },
  };
};

const smallMethods = (r: Records) => ({
  setting: (key: string) => r.settings.get(key),
  putSetting: (key: string, value: string | null) => {
    if (value === null) r.settings.delete(key);
    else r.settings.set(key, value);
  },
  ...auditMethods(r.audit),
  trustedKeys: (address: string, port: number) =>
    copy(r.keys.filter((key) => sameName(key.address, address) && key.port === port)),
  addTrustedKey: (key: TrustedKey) => {
    const same = (other: TrustedKey): boolean =>
      sameName(other.address, key.address) && other.port === key.port && other.publicKey === key.publicKey;
    if (!r.keys.some(same)) r.keys.push(copy(key));
  },
  removeTrustedKeys: (address: string, port: number) => {
    r.keys = r.keys.filter((key) => !(sameName(key.address, address) && key.port === port));
  },
});

export const createMemoryStore = (): Store => {
  const records: Records = {
    hosts: new Map(),
    scans: new Map(),
    removedHosts: new Set(),
    lines: new Map(),
    revisions: new Map(),
    freezes: new Map(),
    signatures: [],
    promotions: [],
    plans: new Map(),
    runs: new Map(),
    events: new Map(),
    captures: new Map(),
    settings: new Map(),
    audit: [],
    keys: [],
    bundled: new Map(),
  };
  const catalog = createMemoryCatalog(
    (id) => records.hosts.get(id),
    () =>
      [...records.hosts.values()]
        .filter((host) => !(records.scans.get(host.id) ?? []).some(isGood))
        .sort(byName)
        .map((host) => ({ hostId: host.id, host: host.name })),
  );
  const advisories = createMemoryAdvisories();
  return {
    // Of what is written so: snapshots, bundles and advisories.
    atomically: (work) => {
      const { lines, revisions, freezes, signatures, bundled } = structuredClone(records);
      const restore = advisories.save();
      try {
        return work();
      } catch (thrown) {
        Object.assign(records, { lines, revisions, freezes, signatures, bundled });
        restore();
        throw thrown;
      }
    },
    ...hostMethods(records, catalog),
    ...scanMethods(records, catalog),
    ...catalog.store,
    ...createMemoryRules(),
    ...advisories.store,
    ...snapshotMethods(records),
    ...planMethods(records),
    ...runMethods(records),
    ...smallMethods(records),
    ...memoryArtefactIndex(),
    ...bundleMethods(records),
    ...memoryGuards(),
    ...memoryDrift(),
    close: () => undefined,
  };
};

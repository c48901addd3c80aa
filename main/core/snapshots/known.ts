/** What scans tell about packages: to describe entries added by hand, and to warn about entries that do not fit the fleet. */

import type { z } from 'zod';
import type { EntryWarning } from '../../../shared/contract/snapshots.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { InstalledPackage, Scan, Update } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import type { HostStore, ScanStore } from '../ports.ts';
import { type Described, entryLabel } from './edit.ts';

export type Warning = z.infer<typeof EntryWarning>;

/** One host's last good scan, by package name. */
type HostKnowledge = {
  scanId: string;
  host: string;
  ecosystem: Ecosystem;
  installed: Map<string, Pick<InstalledPackage, 'arch' | 'version'>[]>;
  updates: Map<string, Update[]>;
  /** Packages that come in only because an update needs them. */
  incoming: string[];
  removals: string[];
};

export type Knowledge = {
  /** The managers of the hosts that have, or are offered, a package of this name, and in this version where one is given. */
  ecosystems(name: string, version: string | undefined): Ecosystem[];
  /** The managers of all scanned hosts. */
  all: Ecosystem[];
  describe(ecosystem: Ecosystem, name: string, arch: string | undefined, version: string): Described;
  warnings(
    entries: Entry[],
    compareVersions: (ecosystem: Ecosystem, a: string, b: string) => number,
  ): Warning[];
};

const learn = (scan: Scan, host: string): HostKnowledge | undefined =>
  scan.facts === undefined
    ? undefined
    : {
        scanId: scan.id,
        host,
        ecosystem: scan.facts.manager,
        installed: Map.groupBy(
          scan.packages.map(({ name, arch, version }) => ({ name, arch, version })),
          (one) => one.name,
        ),
        updates: Map.groupBy(scan.updates, (update) => update.name),
        incoming: scan.updates.filter((update) => update.from === null).map((update) => update.name),
        removals: scan.removals.map((removal) => removal.name),
      };

const fits = (entry: Entry, arch: string): boolean => entry.arch === undefined || entry.arch === arch;

const hostList = (hosts: string[]): string =>
  hosts.length <= 3 ? hosts.join(', ') : `${hosts.slice(0, 3).join(', ')} and ${hosts.length - 3} more`;

const nameList = (names: Iterable<string>): string => {
  const all = [...new Set(names)].sort();
  return all.length <= 8 ? all.join(', ') : `${all.slice(0, 8).join(', ')} and ${all.length - 8} more`;
};

const warn = (entry: Entry, code: Warning['code'], message: string): Warning => ({
  name: entry.name,
  code,
  message: `${entryLabel(entry)} ${entry.version}: ${message}`.slice(0, 1000),
});

/** Warnings about one approved entry. Only what scans show is said; a package they do not show at all is said to be unknown. */
const judgeEntry = (
  entry: Entry,
  hosts: HostKnowledge[],
  approved: Set<string>,
  compare: (a: string, b: string) => number,
): Warning[] => {
  let seen = false;
  let seenVersion = false;
  const newer: string[] = [];
  const needing: string[] = [];
  const needed = new Set<string>();
  const removing: string[] = [];
  const removed = new Set<string>();
  for (const host of hosts) {
    if (host.ecosystem !== entry.ecosystem) continue;
    const installed = (host.installed.get(entry.name) ?? []).filter((one) => fits(entry, one.arch));
    const updates = (host.updates.get(entry.name) ?? []).filter((one) => fits(entry, one.arch));
    if (installed.length > 0 || updates.length > 0) seen = true;
    if (installed.some((one) => one.version === entry.version)) seenVersion = true;
    if (installed.some((one) => compare(one.version, entry.version) > 0)) newer.push(host.host);
    for (const update of updates.filter((one) => one.to === entry.version)) {
      seenVersion = true;
      if (update.blocked === 'needs-new-packages') {
        const missing = host.incoming.filter((name) => !approved.has(name));
        // All the new packages of this host's updates are listed: then those this one needs are among them.
        if (missing.length === 0 && host.incoming.length > 0) continue;
        needing.push(host.host);
        for (const name of missing) needed.add(name);
      }
      if (update.blocked === 'removes-packages') {
        removing.push(host.host);
        for (const name of host.removals) removed.add(name);
      }
    }
  }
  const warnings: Warning[] = [];
  if (!seen)
    warnings.push(warn(entry, 'not-installed-anywhere', 'no scanned host has or is offered this package'));
  else if (!seenVersion)
    warnings.push(warn(entry, 'unknown-version', 'no scanned host has or is offered this version'));
  if (newer.length > 0)
    warnings.push(warn(entry, 'downgrade', `older than what is installed on ${hostList(newer)}`));
  if (needing.length > 0)
    warnings.push(
      warn(
        entry,
        'needs-package',
        needed.size === 0
          ? `needs new packages on ${hostList(needing)}; the scan does not tell which`
          : `needs new packages on ${hostList(needing)}; new there and not approved here: ${nameList(needed)}`,
      ),
    );
  if (removing.length > 0)
    warnings.push(
      warn(
        entry,
        'removes-package',
        removed.size === 0
          ? `would remove packages on ${hostList(removing)}`
          : `would remove packages on ${hostList(removing)}; the updates there remove: ${nameList(removed)}`,
      ),
    );
  return warnings;
};

const describeBy = (updates: Update[]): Described => {
  const [first] = updates;
  if (first === undefined) return {};
  const best = updates.find((update) => update.classification === 'security') ?? first;
  const advisories = [...new Set(updates.flatMap((update) => update.advisories))].sort().slice(0, 200);
  return {
    severity: best.severity,
    classification: best.classification,
    ...(advisories.length === 0 ? {} : { advisories }),
  };
};

/** Reads last good scans, each one once: a scan never changes, so what was learned of it holds until there is a newer one. */
export const createKnowledge = (store: HostStore & ScanStore): { read(): Knowledge } => {
  const known = new Map<string, HostKnowledge>();

  const refresh = (): HostKnowledge[] => {
    const summaries = store.scanSummaries();
    for (const hostId of known.keys()) if (!summaries.has(hostId)) known.delete(hostId);
    for (const [hostId, { lastGood }] of summaries) {
      if (lastGood === undefined || known.get(hostId)?.scanId === lastGood.id) continue;
      const scan = store.lastGoodScan(hostId);
      const learned = scan && learn(scan, lastGood.host);
      if (learned === undefined) known.delete(hostId);
      else known.set(hostId, learned);
    }
    return [...known.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
  };

  return {
    read: () => {
      const hosts = refresh();
      const managers = (some: HostKnowledge[]) => [...new Set(some.map((host) => host.ecosystem))].sort();
      return {
        all: managers(hosts),
        ecosystems: (name, version) =>
          managers(
            hosts.filter((host) =>
              [
                ...(host.installed.get(name) ?? []).map((one) => one.version),
                ...(host.updates.get(name) ?? []).map((update) => update.to),
              ].some((one) => version === undefined || one === version),
            ),
          ),
        describe: (ecosystem, name, arch, version) =>
          describeBy(
            hosts
              .filter((host) => host.ecosystem === ecosystem)
              .flatMap((host) => host.updates.get(name) ?? [])
              .filter((update) => update.to === version && (arch === undefined || update.arch === arch)),
          ),
        warnings: (entries, compareVersions) => {
          // Without a single scan nothing is known, and every entry would look wrong.
          if (hosts.length === 0) return [];
          const approved = entries.filter((entry) => entry.decision === 'approve');
          const names = new Set(approved.map((entry) => entry.name));
          return approved.flatMap((entry) =>
            judgeEntry(entry, hosts, names, (a, b) => compareVersions(entry.ecosystem, a, b)),
          );
        },
      };
    },
  };
};

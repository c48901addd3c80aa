/**
 * A `Store` in memory for unit tests. It behaves as the SQLite one does (test/unit/sqlite/conformance.test.ts runs over
 * both): what goes in and comes out is copied, so nothing is shared with the caller.
 */

import type { BundledArtefact, BundleStore } from '../../main/core/bundles/ports.ts';
import type { StoredSignature } from '../../main/core/exchange/ports.ts';
import type {
  RunCommit,
  ScanSummaries,
  SnapshotLine,
  Store,
  StoredFreeze,
  StoredRun,
  TrustedKey,
} from '../../main/core/ports.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { FrostFault, frostError } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { Plan } from '../../shared/model/plan.ts';
import type { Promotion } from '../../shared/model/promotion.ts';
import type { Capture, RunEvent } from '../../shared/model/run.ts';
import type { Scan, ScanSummary } from '../../shared/model/scan.ts';
import type { Revision } from '../../shared/model/snapshot.ts';
import { createMemoryAdvisories } from './memoryAdvisories.ts';
import { auditMethods, type StoredLine } from './memoryAudit.ts';
import { createMemoryCatalog } from './memoryCatalog.ts';
import { memoryArtefactIndex, memoryDrift, memoryGuards } from './memoryRows.ts';
import { createMemoryRules } from './memoryRules.ts';

const fault = (code: ErrorCode, message: string): FrostFault => new FrostFault(frostError(code, message));
const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const copy = <T>(value: T): T => structuredClone(value);
const isGood = (scan: Scan): boolean => scan.state !== 'failed';

const byName = (a: { name: string }, b: { name: string }): number => {
  const [left, right] = [a.name.toLowerCase(), b.name.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
};

const summarise = ({ packages, updates, removals: _, relations: __, ...rest }: Scan): ScanSummary =>
  copy({
    ...rest,
    packageCount: packages.length,
    updateCount: updates.length,
    securityCount: updates.filter((update) => update.classification === 'security').length,
    blockedCount: updates.filter((update) => update.blocked !== undefined).length,
  });

type Records = {
  hosts: Map<string, Host>;
  scans: Map<string, Scan[]>;
  removedHosts: Set<string>;
  lines: Map<string, { id: string; name: string; headId: string }>;
  revisions: Map<string, Revision>;
  freezes: Map<string, StoredFreeze>;
  signatures: StoredSignature[];
  promotions: Promotion[];
  plans: Map<string, Plan>;
  runs: Map<string, StoredRun>;
  events: Map<string, RunEvent[]>;
  captures: Map<string, Capture>;
  settings: Map<string, string>;
  audit: StoredLine[];
  keys: TrustedKey[];
  bundled: Map<string, Map<string, BundledArtefact>>;
};

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

const snapshotMethods = (r: Records) => {
  const ofLine = (lineId: string): Revision[] =>
    [...r.revisions.values()].filter((revision) => revision.content.line.id === lineId);
  const view = (line: { id: string; name: string; headId: string }): SnapshotLine => ({
    ...line,
    revisions: ofLine(line.id).length,
    updatedAt: r.revisions.get(line.headId)?.content.createdAt ?? '',
  });
  const lines = (): SnapshotLine[] => [...r.lines.values()].sort(byName).map(view);
  const put = (revisions: Revision[], head: { lineId: string; name: string; revisionId: string }): void => {
    if ([...r.lines.values()].some((line) => line.id !== head.lineId && sameName(line.name, head.name)))
      throw fault('already-exists', `There is a snapshot named ${head.name} already.`);
    if (revisions.some((revision) => revision.content.line.id !== head.lineId))
      throw fault('state.conflict', 'A revision belongs to another snapshot.');
    const known = new Set([...ofLine(head.lineId), ...revisions].map((revision) => revision.id));
    if (!known.has(head.revisionId)) throw fault('not-found', 'The newest revision is not there.');
    for (const revision of revisions)
      if (!r.revisions.has(revision.id)) r.revisions.set(revision.id, copy(revision));
    r.lines.set(head.lineId, { id: head.lineId, name: head.name, headId: head.revisionId });
  };
  const putSignatures = (added: StoredSignature[]): void => {
    if (added.some((one) => !r.revisions.has(one.revisionId)))
      throw fault('not-found', 'The revision that was signed is not here.');
    for (const one of added)
      if (!r.signatures.some((o) => o.revisionId === one.revisionId && o.fingerprint === one.fingerprint))
        r.signatures.push(copy(one));
  };
  return {
    lines,
    line: (idOrName: string) =>
      lines().find((line) => line.id === idOrName) ?? lines().find((line) => sameName(line.name, idOrName)),
    revision: (id: string) => copy(r.revisions.get(id)),
    revisions: (lineId: string) =>
      copy(ofLine(lineId).toSorted((a, b) => b.content.number - a.content.number || (a.id < b.id ? 1 : -1))),
    putRevisions: (
      revisions: Revision[],
      head: { lineId: string; name: string; revisionId: string; expectHead?: string },
      freezes: StoredFreeze[],
      signatures: StoredSignature[] = [],
    ): boolean => {
      if (head.expectHead !== undefined && r.lines.get(head.lineId)?.headId !== head.expectHead) return false;
      put(revisions, head);
      for (const freeze of freezes) r.freezes.set(freeze.revisionId, copy(freeze));
      putSignatures(signatures);
      return true;
    },
    signatures: (revisionId: string) => copy(r.signatures.filter((one) => one.revisionId === revisionId)),
    putSignatures,
    promotions: (revisionId: string) => copy(r.promotions.filter((one) => one.revisionId === revisionId)),
    putPromotion: (promotion: Promotion) => {
      if (!r.revisions.has(promotion.revisionId))
        throw fault('not-found', 'The revision that was promoted is not here.');
      r.promotions.push(copy(promotion));
    },
    freezes: () => copy([...r.freezes.values()]),
    thaw: (
      revisionId: string,
      thawed: { at: string; reason: string },
      revision: Revision,
      head: { lineId: string; name: string },
    ) => {
      const freeze = r.freezes.get(revisionId);
      if (freeze === undefined) throw fault('not-found', 'There is no freeze on this revision.');
      if (freeze.thawed !== undefined) throw fault('state.conflict', 'This freeze was lifted already.');
      put([revision], { ...head, revisionId: revision.id });
      r.freezes.set(revisionId, { ...freeze, thawed: copy(thawed) });
    },
    removeLine: (lineId: string) => {
      r.lines.delete(lineId);
      const own = new Set(ofLine(lineId).map((revision) => revision.id));
      r.signatures = r.signatures.filter((one) => !own.has(one.revisionId));
      r.promotions = r.promotions.filter((one) => !own.has(one.revisionId));
      r.bundled.delete(lineId);
      for (const revision of ofLine(lineId)) r.revisions.delete(revision.id);
      for (const freeze of r.freezes.values())
        if (freeze.lineId === lineId) r.freezes.delete(freeze.revisionId);
    },
  };
};

const planMethods = (r: Records) => {
  const newest = (limit: number): Plan[] => [...r.plans.values()].toReversed().slice(0, limit);
  return {
    putPlan: (plan: Plan) => {
      if (r.plans.has(plan.id)) throw fault('already-exists', 'This plan is stored already.');
      r.plans.set(plan.id, copy(plan));
    },
    plan: (id: string) => copy(r.plans.get(id)),
    plans: (limit: number) => copy(newest(limit)),
    planSummaries: (limit: number) =>
      newest(limit).map(({ hosts, ...rest }) => ({ ...copy(rest), hostCount: hosts.length })),
  };
};

const runMethods = (r: Records) => {
  const apply = (commit: RunCommit, before: StoredRun | undefined): void => {
    const id = commit.run.id;
    const stored = r.events.get(id) ?? [];
    const expected = commit.events.map((_, index) => stored.length + 1 + index);
    if (commit.events.some((event, index) => event.run !== id || event.seq !== expected[index]))
      throw fault('internal', `The events of run ${id} do not continue the stored ones.`);
    if (commit.run.seq !== stored.length + commit.events.length)
      throw fault('internal', `The last event of run ${id} is not the one the run names.`);
    const done = new Set(commit.doneEffects);
    const effects = [...(before?.effects ?? []), ...copy(commit.addEffects)].filter((e) => !done.has(e.id));
    if (new Set(effects.map((effect) => effect.id)).size !== effects.length)
      throw fault('internal', `An effect of run ${id} is stored already.`);
    const acceptedAt = before?.run.acceptedAt ?? commit.run.acceptedAt;
    const run = { ...copy(commit.run), ...(acceptedAt === undefined ? {} : { acceptedAt }) };
    r.runs.set(id, { run, state: copy(commit.state), effects });
    r.events.set(id, [...stored, ...copy(commit.events)]);
    for (const capture of commit.captures ?? [])
      r.captures.set(`${capture.runId}/${capture.hostId}`, copy(capture));
  };
  return {
    createRun: (commit: RunCommit) => {
      if (r.runs.has(commit.run.id)) throw fault('already-exists', 'This run is stored already.');
      apply(commit, undefined);
    },
    commitRun: (commit: RunCommit) => {
      const before = r.runs.get(commit.run.id);
      if (before === undefined) throw fault('not-found', `There is no run ${commit.run.id}.`);
      apply(commit, before);
    },
    run: (id: string) => copy(r.runs.get(id)),
    runs: (limit: number) =>
      [...r.runs.values()]
        .toReversed()
        .slice(0, limit)
        .map(({ run: { tasks: _, ...summary } }) => copy(summary)),
    unfinishedRuns: () =>
      copy([...r.runs.values()].filter((s) => s.run.state !== 'finished' || s.effects.length > 0)),
    events: (runId: string, since: number, limit: number) =>
      copy((r.events.get(runId) ?? []).slice(since, since + limit)),
    outputLines: (runId: string, host: string, limit: number) =>
      (r.events.get(runId) ?? [])
        .flatMap((event) => (event.type === 'task.output' && event.host === host ? [event.line] : []))
        .slice(-limit),
    capture: (runId: string, hostId: string) => copy(r.captures.get(`${runId}/${hostId}`)),
    tasksOf: (hostId: string, limit: number) =>
      copy(
        [...r.runs.values()]
          .reverse()
          .flatMap(({ run }) => run.tasks.map((task) => ({ runId: run.id, task })))
          .filter(({ task }) => task.hostId === hostId)
          .slice(0, limit),
      ),
    taskSeconds: (runs: number) => {
      const found = new Map<string, number[]>();
      for (const { run } of [...r.runs.values()].reverse().slice(0, runs))
        for (const { hostId, state, startedAt, finishedAt } of run.tasks)
          if (state === 'succeeded' && startedAt !== undefined && finishedAt !== undefined)
            found.set(hostId, [
              ...(found.get(hostId) ?? []),
              Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000,
            ]);
      return found;
    },
    markAccepted: (runId: string, at: string) => {
      const stored = r.runs.get(runId);
      if (stored === undefined) throw fault('not-found', `There is no run ${runId}.`);
      stored.run.acceptedAt = at;
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

const bundleMethods = (r: Records): BundleStore => {
  const text = (a: BundledArtefact): string =>
    [a.name, a.version, a.arch, a.ecosystem, a.role, a.sha256].join('\0');
  return {
    putBundled: (lineId, packages) => {
      if (!r.lines.has(lineId)) throw fault('internal', 'There is no such line.');
      const there = r.bundled.get(lineId) ?? new Map<string, BundledArtefact>();
      for (const { ecosystem, name, arch, version, sha256, role } of packages) {
        const one = { ecosystem, name, arch, version, sha256, role };
        there.set(text(one), one);
      }
      r.bundled.set(lineId, there);
    },
    bundled: (lineId) =>
      copy([...(r.bundled.get(lineId) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)),
    bundledVersions: () => [
      ...new Map(
        [...r.bundled.values()]
          .flatMap((some) => [...some.values()])
          .map(({ name, version }) => [`${name} ${version}`, { name, version }]),
      ).values(),
    ],
  };
};

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

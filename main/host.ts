/**
 * The composition root: wires adapters into the core and serves the contract. One of these per data folder; the shells only
 * carry frames to it. It knows no window and no terminal.
 */
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Handlers } from '../shared/contract/contract.ts';
import type { FrostError, Result } from '../shared/errors.ts';
import { ok } from '../shared/errors.ts';
import type { Host } from '../shared/model/host.ts';
import type { TaskState } from '../shared/model/run.ts';
import { advisoryReader } from './adapters/advisories/reader.ts';
import { createDebianArchive } from './adapters/archive/debian.ts';
import { createArtefactPool } from './adapters/artefacts/pool.ts';
import { createBundleFiles } from './adapters/bundles/files.ts';
import { createChangeHub } from './adapters/changes.ts';
import { createDemoController, type DemoController } from './adapters/demo/controller.ts';
import { createHttpDownloads } from './adapters/downloads/http.ts';
import { ageCipher } from './adapters/exchange/age.ts';
import { createSigningKeys } from './adapters/exchange/sshSign.ts';
import { sshVerifier } from './adapters/exchange/sshVerify.ts';
import { localProbe } from './adapters/localProbe.ts';
import { fileLog } from './adapters/log.ts';
import { metadataReader } from './adapters/metadata/reader.ts';
import { knownHostsFiles, systemClock, systemHasher, systemRandom } from './adapters/platform.ts';
import { acquireDataFolder } from './adapters/sqlite/lock.ts';
import { openStore } from './adapters/sqlite/open.ts';
import { createKnownElsewhere } from './adapters/ssh/knownElsewhere.ts';
import { createSshTransport } from './adapters/ssh/transport.ts';
import { createPassphraseVault } from './adapters/vault/passphrase.ts';
import { artefactHandlers } from './api/artefacts.ts';
import { auditHandlers, withAudit } from './api/audit.ts';
import { bundleHandlers } from './api/bundles.ts';
import { driftHandlers } from './api/drift.ts';
import { fleetHandlers } from './api/fleet.ts';
import { freezeHandlers } from './api/freezes.ts';
import { guardHandlers } from './api/guards.ts';
import { reportHandlers } from './api/reports.ts';
import { ruleHandlers } from './api/rules.ts';
import { runHandlers } from './api/runs.ts';
import { signatureHandlers } from './api/signatures.ts';
import { snapshotHandlers } from './api/snapshots.ts';
import { systemHandlers } from './api/system.ts';
import { versionHandlers } from './api/versions.ts';
import { createAdvisoryService } from './core/advisories/service.ts';
import { createArtefactService } from './core/artefacts/service.ts';
import { createAuditService } from './core/audit/service.ts';
import { createBundleService } from './core/bundles/service.ts';
import { createCatalogService } from './core/catalog/service.ts';
import { createDriftService } from './core/drift/service.ts';
import { createSignatureService } from './core/exchange/service.ts';
import { createSignatureJudge } from './core/exchange/suffice.ts';
import { createHostsService } from './core/fleet/hosts.ts';
import { createScanService } from './core/fleet/scan.ts';
import { createGuardService } from './core/guard/service.ts';
import type { ChangeNote, Log, Ports } from './core/ports.ts';
import { createReportService } from './core/reports/service.ts';
import { createRuleService } from './core/rules/service.ts';
import { createPlanService } from './core/runs/plan.ts';
import { createRunService } from './core/runs/service.ts';
import { createFreezeCalendar } from './core/snapshots/freezeCalendar.ts';
import { createFreezeJudge, createFreezeLookup } from './core/snapshots/judge.ts';
import { createPromotionJudge } from './core/snapshots/promoting.ts';
import { createSnapshotService } from './core/snapshots/service.ts';

/** States of a task that leave the host other than its last scan said. */
const CHANGED: ReadonlySet<TaskState> = new Set<TaskState>([
  'succeeded',
  'failed',
  'rolled-back',
  'rollback-failed',
]);
const RESCAN_CONCURRENCY = 16;

export type HostOptions = {
  dataDir: string;
  version: string;
  /** Program and arguments of the demo fleet's process. */
  demoCommand: string[];
};

export type RunningHost = {
  handlers: Handlers;
  log: Log;
  /** Something is under way that must not be cut off by going idle. */
  busy(): boolean;
  close(): Promise<void>;
};

/** Errors: `store.busy` (another process has this folder), `store.newer`, `store.damaged`, `store.full`. */
export const startHost = async (options: HostOptions): Promise<Result<RunningHost, FrostError>> => {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const folder = acquireDataFolder(options.dataDir);
  if (!folder.ok) return folder;
  const log = fileLog(join(options.dataDir, 'frostline.log'));
  const opened = openStore({ file: join(options.dataDir, 'frostline.db'), log });
  if (!opened.ok) {
    folder.value.release();
    return opened;
  }
  const store = opened.value;
  const clock = systemClock;
  const random = systemRandom;
  const hub = createChangeHub(clock, random);
  const vault = createPassphraseVault({ file: join(options.dataDir, 'vault.json') });
  const agentSocket = process.env.SSH_AUTH_SOCK;
  const transport = createSshTransport({
    trust: store,
    vault,
    userKnownHostsFiles: knownHostsFiles(),
    log,
    ...(agentSocket === undefined ? {} : { agentSocket }),
  });
  /** Parts of the core that go by what other parts changed. */
  const listeners: ((change: ChangeNote) => void)[] = [];
  const ports: Ports = {
    clock,
    random,
    hasher: systemHasher,
    log,
    store,
    vault,
    transport,
    artefacts: createArtefactPool({ folder: join(options.dataDir, 'artefacts'), index: store, clock }),
    archive: createDebianArchive({ settings: store }),
    bundles: createBundleFiles(join(options.dataDir, 'bundles')),
    downloads: createHttpDownloads(),
    changes: {
      announce: (change) => {
        hub.announce(change);
        for (const listener of listeners) listener(change);
      },
    },
    activities: hub,
    probe: localProbe,
    verifier: sshVerifier,
    signingKeys: createSigningKeys({ agentSocket }),
    cipher: ageCipher,
    user: userInfo().username,
  };

  const scans = createScanService(ports);
  const guards = createGuardService(ports, { scanHost: scans.scanHost });
  listeners.push(guards.noticed);
  const freezes = createFreezeLookup(ports);
  const frozen = createFreezeJudge(ports);
  const unsigned = createSignatureJudge(ports);
  const unpromoted = createPromotionJudge(ports);
  /** Why a host may not get a revision now: its freezes, and the signatures and promotion its environment wants. */
  const judge: typeof frozen = (...about) => [
    ...frozen(...about),
    ...unsigned(about[0], about[1]),
    ...unpromoted(about[0], about[1]),
  ];
  const plans = createPlanService(ports, { scanHost: scans.scanHost, judge });
  const ending = new AbortController();
  const rescans = new Set<Promise<unknown>>();
  const runs = createRunService(ports, {
    scanHost: scans.scanHost,
    judge,
    onRest: (run) => {
      const selectors = run.tasks.filter((task) => CHANGED.has(task.state)).map((task) => task.host);
      if (selectors.length === 0 || ending.signal.aborted) return;
      const scan = scans
        .run(
          { selectors, concurrency: RESCAN_CONCURRENCY, refresh: false },
          { signal: ending.signal, actor: 'run' },
        )
        .catch((error: unknown) =>
          log.write('error', 'the scan after a run failed', { error: String(error) }),
        )
        .finally(() => rescans.delete(scan));
      rescans.add(scan);
    },
  });
  const drift = createDriftService(ports, { activeRun: (hostId) => runs.activeRun(hostId) });
  listeners.push(drift.noticed);
  const hosts = createHostsService(ports, {
    frozenBy: (host: Host) => freezes(host, clock.now())[0]?.snapshot,
    activeRun: (hostId) => runs.activeRun(hostId),
    knownElsewhere: createKnownElsewhere(knownHostsFiles(), log),
  });
  const snapshots = createSnapshotService(ports);
  const bundles = createBundleService(ports, {
    advisories: advisoryReader,
    metadata: metadataReader,
    scanHost: scans.scanHost,
    exportText: (ref) => snapshots.export({ ref }),
    verify: snapshots.verify,
    import: snapshots.importAlong,
  });
  const demo: DemoController = createDemoController({
    ports,
    hosts,
    dir: join(options.dataDir, 'demo'),
    command: options.demoCommand,
  });

  const facts = {
    version: options.version,
    instance: random.id(),
    startedAt: new Date(clock.now()).toISOString(),
    dataDir: options.dataDir,
  };
  const handlers = withAudit(
    {
      ...fleetHandlers(hosts, scans),
      ...snapshotHandlers(snapshots),
      ...versionHandlers(snapshots.versions),
      ...signatureHandlers(createSignatureService(ports)),
      ...freezeHandlers(createFreezeCalendar(ports)),
      ...runHandlers(plans, runs),
      ...guardHandlers(guards),
      ...driftHandlers(drift),
      ...artefactHandlers(createArtefactService(ports), store),
      ...auditHandlers(createAuditService(ports)),
      ...bundleHandlers(bundles),
      ...ruleHandlers(
        createRuleService(ports),
        createCatalogService(ports),
        createAdvisoryService(ports, advisoryReader),
      ),
      ...reportHandlers(createReportService(ports, { drift: (selectors) => drift.list({ selectors }) })),
      ...systemHandlers(ports, hub, demo, facts),
    },
    ports,
  );

  await demo.resume();
  // Not awaited: resuming reaches out to hosts, and callers may watch it happen.
  runs
    .resume()
    .catch((error: unknown) => log.write('error', 'resuming runs failed', { error: String(error) }));

  guards.start();

  return ok({
    handlers,
    log,
    busy: () => runs.active() > 0 || guards.active() || drift.active() || hub.activities().length > 0,
    close: async () => {
      ending.abort();
      await guards.close();
      await drift.close();
      await runs.close();
      await Promise.all(rescans);
      transport.release();
      store.close();
      folder.value.release();
    },
  });
};

/**
 * The contract's `drift` group: after each good scan the host is compared with what it was when it was last in our hands, and
 * where something differs the host is asked who did it and when. Kept, so that it can be shown without the host.
 */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { ok, type Result } from '../../../shared/errors.ts';
import type { HostDrift, StoredDrift } from '../../../shared/model/drift.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Scan } from '../../../shared/model/scan.ts';
import type { HostTransaction } from '../drivers/history.ts';
import { driverFor } from '../drivers/registry.ts';
import { routeOf } from '../fleet/route.ts';
import { selectStored } from '../fleet/select.ts';
import type { ChangeNote, Ports } from '../ports.ts';
import { afterTask, attributed, driftBetween, newerBaseline, versionsOf } from './compare.ts';

const NONCE_BYTES = 16;
/** Tasks of a host looked back at for one that changed it. */
const TASKS = 50;

export type DriftDeps = {
  /** The unfinished run a host takes part in: what it does meanwhile is no drift. */
  activeRun(hostId: string): string | undefined;
};

export const createDriftService = (ports: Ports, deps: DriftDeps) => {
  const { store, clock } = ports;
  const inFlight = new Map<string, Promise<void>>();
  let closed = false;

  const good = (hostId: string): (Scan & { facts: NonNullable<Scan['facts']> }) | undefined => {
    const scan = store.lastGoodScan(hostId);
    return scan?.facts === undefined || scan.packages.length === 0
      ? undefined
      : { ...scan, facts: scan.facts };
  };

  const fromScan = (scan: Scan): StoredDrift => ({
    hostId: scan.hostId,
    baseline: { at: scan.finishedAt, source: 'scan' },
    versions: versionsOf(scan.packages),
    comparedAt: scan.finishedAt,
    packages: [],
  });

  /** What the host is to be compared with. */
  const baselineFor = (scan: Scan, stored: StoredDrift | undefined): StoredDrift | undefined => {
    const newer = newerBaseline(store.tasksOf(scan.hostId, TASKS), stored?.baseline);
    if (newer === undefined) return stored;
    const capture = store.capture(newer.runId, scan.hostId);
    const versions = capture === undefined ? undefined : afterTask(newer.task, capture);
    // Its end is not known: the first look at the host afterwards is.
    if (versions === undefined) return fromScan(scan);
    return {
      hostId: scan.hostId,
      baseline: { at: newer.at, source: 'capture', run: newer.runId },
      versions,
      comparedAt: newer.at,
      packages: [],
    };
  };

  const history = async (host: Host, manager: Ecosystem): Promise<Result<HostTransaction[]>> => {
    const driver = driverFor(manager);
    const route = routeOf(host, store);
    if (driver === undefined) return ok([]);
    if (!route.ok) return route;
    const nonce = ports.random.hex(NONCE_BYTES);
    const output = await ports.transport.run(route.value, driver.history({ nonce }));
    return output.ok ? driver.parseHistory(output.value, { nonce }) : output;
  };

  const compare = async (host: Host): Promise<void> => {
    const scan = good(host.id);
    if (scan === undefined || deps.activeRun(host.id) !== undefined) return;
    const stored = store.drift(host.id);
    const base = baselineFor(scan, stored);
    if (base === undefined || Date.parse(scan.startedAt) < Date.parse(base.baseline.at)) {
      if (base === undefined) store.putDrift(fromScan(scan));
      return;
    }
    const driver = driverFor(scan.facts.manager);
    if (driver === undefined) return;
    const found = driftBetween(base.versions, versionsOf(scan.packages), driver.compareVersions);
    const { unknown: _unknown, ...rest } = base;
    let packages = found;
    let unknown: string | undefined;
    if (found.length > 0) {
      const said = await history(host, scan.facts.manager);
      if (said.ok) packages = attributed(found, said.value, base.baseline.at);
      else unknown = `Who did it could not be read: ${said.error.message}`.slice(0, 1000);
    }
    store.putDrift({
      ...rest,
      comparedAt: scan.finishedAt,
      packages,
      ...(unknown !== undefined && { unknown }),
    });
    ports.changes.announce({ type: 'drift', hostId: host.id });
  };

  const scanned = (hostId: string): Promise<void> => {
    const host = store.host(hostId);
    if (host === undefined || closed) return Promise.resolve();
    const mine = (inFlight.get(hostId) ?? Promise.resolve())
      .then(() => (closed ? undefined : compare(host)))
      .catch((cause: unknown) =>
        ports.log.write('error', 'drift could not be worked out', { host: host.name, cause: String(cause) }),
      )
      .finally(() => {
        if (inFlight.get(hostId) === mine) inFlight.delete(hostId);
      });
    inFlight.set(hostId, mine);
    return mine;
  };

  const viewOf = (host: Host): HostDrift => {
    const stored = store.drift(host.id);
    if (stored === undefined)
      return {
        host: host.name,
        hostId: host.id,
        packages: [],
        unknown: 'It was not scanned yet.',
      };
    const { hostId, baseline, comparedAt, packages, unknown } = stored;
    return {
      host: host.name,
      hostId,
      baseline,
      comparedAt,
      packages,
      ...(unknown !== undefined && { unknown }),
    };
  };

  return {
    list: async (input: HandlerInput<'drift.list'>): Promise<Result<Output<'drift.list'>>> => {
      const hosts = selectStored(input.selectors.length === 0 ? ['all'] : input.selectors, store);
      if (!hosts.ok) return hosts;
      // A scan that has just ended is still being compared.
      await Promise.all(hosts.value.flatMap((host) => inFlight.get(host.id) ?? []));
      return ok({ drift: hosts.value.map(viewOf) });
    },
    accept: async (input: HandlerInput<'drift.accept'>): Promise<Result<Output<'drift.accept'>>> => {
      const hosts = selectStored(input.selectors, store);
      if (!hosts.ok) return hosts;
      for (const host of hosts.value) {
        const scan = good(host.id);
        if (scan === undefined) continue;
        const at = new Date(clock.now()).toISOString();
        store.putDrift({ ...fromScan(scan), baseline: { at, source: 'scan' } });
        ports.changes.announce({ type: 'drift', hostId: host.id });
      }
      return ok({ drift: hosts.value.map(viewOf) });
    },
    /** Something changed that may concern drift. */
    noticed: (change: ChangeNote): void => {
      if (change.type === 'scan') void scanned(change.hostId);
    },
    active: (): boolean => inFlight.size > 0,
    close: async (): Promise<void> => {
      closed = true;
      await Promise.all(inFlight.values());
    },
  };
};

export type DriftService = ReturnType<typeof createDriftService>;

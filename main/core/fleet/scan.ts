/** Scans: one round trip for a host, many hosts at once, every outcome kept. A scan that failed is a scan with its cause. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { type FrostError, FrostFault, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { Scan, type ScanReport } from '../../../shared/model/scan.ts';
import { createDescriber } from '../advisories/describe.ts';
import { mergedGrounds } from '../advisories/grounds.ts';
import { worse } from '../advisories/verdict.ts';
import type { Scanner } from '../drivers/detect.ts';
import { scanDriver } from '../drivers/registry.ts';
import type { Ports } from '../ports.ts';
import { eachLimited } from './pool.ts';
import { routeOf } from './route.ts';
import { selectStored } from './select.ts';
import { compareNames } from './selector.ts';

const NONCE_BYTES = 16;

export type ScanService = {
  /** Stores the scan and announces it; never throws. A cancelled one is given back, and not stored: it says nothing of the host. */
  scanHost(host: Host, options: { refresh: boolean; signal?: AbortSignal }): Promise<Scan>;
} & {
  [N in 'run' | 'latest' | 'history' | 'updates']: (
    input: HandlerInput<`scans.${N}`>,
    caller: Caller,
  ) => Promise<Result<Output<`scans.${N}`>>>;
};

type Reading = Pick<
  Scan,
  'state' | 'unseen' | 'facts' | 'packages' | 'updates' | 'removals' | 'relations' | 'error'
>;

const nothing = (error: FrostError): Reading => ({
  state: 'failed',
  error,
  unseen: [],
  packages: [],
  updates: [],
  removals: [],
});

/** A defect of ours, in words that can be looked up in the log. */
const defect = (ports: Ports, host: Host, cause: unknown): FrostError => {
  const correlationId = ports.random.hex(8);
  ports.log.write('error', 'a scan broke', { correlationId, host: host.name, cause: String(cause) });
  return frostError('internal', `The scan of ${host.name} broke inside Frostline.`, {
    host: host.name,
    correlationId,
    hint: `The log names the cause under ${correlationId}.`,
  });
};

const read = async (
  ports: Ports,
  driver: Scanner,
  host: Host,
  options: { refresh: boolean; signal?: AbortSignal },
  startedAt: number,
): Promise<Result<Reading>> => {
  const route = routeOf(host, ports.store);
  if (!route.ok) return route;
  const nonce = ports.random.hex(NONCE_BYTES);
  const spec = driver.scan({ nonce, refresh: options.refresh });
  const output = await ports.transport.run(
    route.value,
    spec,
    options.signal === undefined ? {} : { signal: options.signal },
  );
  if (!output.ok) return output;
  const reading = driver.parseScan(output.value, { nonce, startedAt, finishedAt: ports.clock.now() });
  if (!reading.ok) return reading;
  const { partial, ...lists } = reading.value;
  if (partial === undefined) return ok({ state: 'ok', ...lists });
  return ok({
    state: 'partial',
    error: frostError('host.command-failed', partial, { host: host.name }),
    ...lists,
  });
};

const scanHost = async (
  ports: Ports,
  driver: () => Scanner,
  host: Host,
  options: { refresh: boolean; signal?: AbortSignal },
): Promise<Scan> => {
  const startedAt = ports.clock.now();
  const finish = (reading: Reading): Scan => ({
    ...reading,
    id: ports.random.id(),
    hostId: host.id,
    host: host.name,
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(Math.max(startedAt, ports.clock.now())).toISOString(),
  });
  const named = (error: FrostError): FrostError => ({ ...error, host: error.host ?? host.name });
  let scan: Scan;
  try {
    if (options.signal?.aborted === true)
      return finish(
        nothing(frostError('cancelled', `The scan of ${host.name} was cancelled.`, { host: host.name })),
      );
    const reading = await read(ports, driver(), host, options, startedAt);
    if (!reading.ok && reading.error.code === 'cancelled') return finish(nothing(named(reading.error)));
    scan = finish(reading.ok ? reading.value : nothing(named(reading.error)));
  } catch (cause) {
    scan = finish(nothing(cause instanceof FrostFault ? named(cause.error) : defect(ports, host, cause)));
  }
  // What does not fit the model would be unreadable once stored; better a failed scan now than a damaged store later.
  const checked = Scan.safeParse(scan);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    scan = finish(
      nothing(
        frostError(
          'host.output-malformed',
          `What ${host.name} answered cannot be used: ${issue?.path.join('.')}: ${issue?.message}.`,
          { host: host.name },
        ),
      ),
    );
  }
  try {
    ports.store.putScan(scan);
    ports.changes.announce({ type: 'scan', hostId: host.id });
    return scan;
  } catch (cause) {
    // It was read and cannot be kept: to show it as good would be to lose it silently.
    return finish(nothing(cause instanceof FrostFault ? named(cause.error) : defect(ports, host, cause)));
  }
};

const reportOf = ({ packages, relations: _, ...scan }: Scan): ScanReport => ({
  ...scan,
  packageCount: packages.length,
});

const scanMany = async (
  ports: Ports,
  one: ScanService['scanHost'],
  input: HandlerInput<'scans.run'>,
  caller: Caller,
): Promise<Result<Output<'scans.run'>>> => {
  const selected = selectStored(input.selectors, ports.store);
  if (!selected.ok) return selected;
  const hosts = selected.value;
  if (hosts.length === 0) return ok({ scans: [] });
  const label = hosts.length === 1 ? `Scan of ${hosts[0]?.name}` : `Scan of ${hosts.length} hosts`;
  const activity = ports.activities.begin('scan', label, hosts.length);
  const signal = AbortSignal.any([caller.signal, activity.signal]);
  const scans: ScanReport[] = [];
  const scanned = new Set<string>();
  const work = async (host: Host): Promise<void> => {
    activity.started(host.name);
    const scan = await one(host, { refresh: input.refresh, signal });
    scanned.add(host.id);
    scans.push(reportOf(scan));
    activity.finished(host.name, scan.state === 'failed');
  };
  try {
    await eachLimited(hosts, input.concurrency, signal, work);
    // Cancelled: those not begun say so, rather than being left out.
    for (const host of hosts)
      if (!scanned.has(host.id)) scans.push(reportOf(await one(host, { refresh: input.refresh, signal })));
  } finally {
    activity.end();
  }
  return ok({ scans: scans.sort((a, b) => compareNames({ name: a.host }, { name: b.host })) });
};

const updates = (ports: Ports, input: HandlerInput<'scans.updates'>): Result<Output<'scans.updates'>> => {
  const selected = selectStored(input.selectors, ports.store);
  if (!selected.ok) return selected;
  const summaries = ports.store.scanSummaries();
  const rows = new Map<string, Output<'scans.updates'>['updates'][number]>();
  const unknown: Output<'scans.updates'>['unknown'] = [];
  const offered = selected.value.map((host) => ({
    host,
    facts: summaries.get(host.id)?.lastGood?.facts,
    found: ports.store.lastGoodUpdates(host.id),
  }));
  const describer = createDescriber(ports.store);
  describer.learn(
    offered.flatMap(({ facts, found }) =>
      facts === undefined || found === undefined ? [] : [{ facts, updates: found }],
    ),
  );
  for (const { host, facts, found } of offered) {
    if (found === undefined || facts === undefined) {
      const error = summaries.get(host.id)?.latest.error;
      unknown.push({ host: host.name, ...(error === undefined ? {} : { error }) });
      continue;
    }
    for (const bare of found) {
      const update = { ...bare, ...describer.describe(facts, bare) };
      if (input.security && update.classification !== 'security') continue;
      const ecosystem = facts.manager;
      const key = `${update.name}\n${update.arch}\n${update.to}\n${ecosystem}`;
      const row = rows.get(key);
      if (row === undefined) {
        const { name, arch, to, severity, classification, origin } = update;
        rows.set(key, {
          name,
          arch,
          to,
          severity,
          classification,
          origin,
          ecosystem,
          hosts: [host.name],
          advisories: [...update.advisories],
          cves: [...update.cves],
          grounds: update.grounds,
        });
        continue;
      }
      if (row.hosts.at(-1) !== host.name) row.hosts.push(host.name);
      row.grounds = mergedGrounds([row, update]);
      row.severity = worse(row.severity, update.severity);
      if (update.classification === 'security') row.classification = 'security';
      for (const advisory of update.advisories)
        if (!row.advisories.includes(advisory)) row.advisories.push(advisory);
      for (const cve of update.cves) if (!row.cves.includes(cve)) row.cves.push(cve);
    }
  }
  const order = (row: { name: string; arch: string; to: string }): string =>
    `${row.name}\n${row.arch}\n${row.to}`;
  return ok({ updates: [...rows.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1)), unknown });
};

/** `driver`: which one asks a host whose manager is not known; a test gives its own. */
export const createScanService = (ports: Ports, driver: () => Scanner = scanDriver): ScanService => {
  const one: ScanService['scanHost'] = (host, options) => scanHost(ports, driver, host, options);
  const known = (hostId: string): Result<void> =>
    ports.store.host(hostId) === undefined && ports.store.scanHistory(hostId, 1).length === 0
      ? fail('not-found', 'There is no such host.')
      : ok(undefined);
  return {
    scanHost: one,
    run: (input, caller) => scanMany(ports, one, input, caller),
    latest: async ({ hostId }) => {
      const there = known(hostId);
      if (!there.ok) return there;
      const latest = ports.store.latestScan(hostId) ?? null;
      const lastGood =
        latest !== null && latest.state !== 'failed' ? latest : (ports.store.lastGoodScan(hostId) ?? null);
      return ok({ latest, lastGood });
    },
    history: async ({ hostId, limit }) => {
      const there = known(hostId);
      return there.ok ? ok({ scans: ports.store.scanHistory(hostId, limit) }) : there;
    },
    updates: async (input) => updates(ports, input),
  };
};

/** What is done on a host: putting its guard on, taking it off, reading it back. One round trip each; what follows is the service's. */
import { fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { StoredGuard } from '../../../shared/model/guard.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Scan } from '../../../shared/model/scan.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { PackageDriver } from '../drivers/driver.ts';
import type { GuardReading } from '../drivers/guard.ts';
import { driverFor } from '../drivers/registry.ts';
import { routeOf } from '../fleet/route.ts';
import type { CommandSpec, Ports, StoredFreeze } from '../ports.ts';
import { simulateHost } from '../runs/simulate.ts';
import { isActive } from '../snapshots/exceptions.ts';
import { isStale, judged, requestOf, sealOf } from './want.ts';

const NONCE_BYTES = 16;

export type GuardDeps = {
  /** Of a host that was never scanned, which manager it has is not known. */
  scanHost(host: Host, options: { refresh: boolean; signal?: AbortSignal }): Promise<Scan>;
  driverFor?(ecosystem: Ecosystem): PackageDriver | undefined;
};

type Reached = {
  driver: PackageDriver;
  ecosystem: Ecosystem;
  ask(spec: CommandSpec): ReturnType<Ports['transport']['run']>;
};

/** `signal`: the console closes; a change that is on its way to a host is not cut off by it. */
export const createGuardWork = (ports: Ports, deps: GuardDeps, signal: AbortSignal) => {
  const { store, clock, transport, random } = ports;
  const findDriver = deps.driverFor ?? driverFor;

  const note = (action: string, host: Host, guard: StoredGuard): void => {
    store.appendAudit({
      at: new Date(clock.now()).toISOString(),
      actor: 'guard',
      action,
      outcome: 'done',
      revisions: [guard.revisionId],
      detail: JSON.stringify({ host: host.name, snapshot: guard.snapshot, revision: guard.revision }),
    });
  };

  const freezeOf = (guard: StoredGuard): StoredFreeze | undefined =>
    store.freezes().find((freeze) => freeze.revisionId === guard.revisionId);

  const requestFor = (revision: Revision, manager: Ecosystem, guard: StoredGuard) => {
    const freeze = freezeOf(guard);
    const exceptions = (freeze?.exceptions ?? revision.content.exceptions).filter(
      (one) => one.ecosystem === manager && isActive(one, clock.now()),
    );
    return requestOf(
      revision,
      manager,
      guard,
      { zone: freeze?.freeze.zone, policy: freeze?.freeze.policy ?? 'listed-only', allowed: exceptions },
      ports.hasher,
    );
  };

  const reach = async (host: Host): Promise<Result<Reached>> => {
    const route = routeOf(host, store);
    if (!route.ok) return route;
    let manager = store.lastGoodSummary(host.id)?.facts?.manager;
    if (manager === undefined) {
      const scan = await deps.scanHost(host, { refresh: false, signal });
      if (scan.facts === undefined)
        return {
          ok: false,
          error: scan.error ?? frostError('internal', `${host.name} could not be scanned.`),
        };
      manager = scan.facts.manager;
    }
    const driver = findDriver(manager);
    if (driver === undefined)
      return fail('host.unsupported', `${host.name} uses ${manager}, which has no guard here.`, {
        host: host.name,
      });
    return ok({ driver, ecosystem: manager, ask: (spec) => transport.run(route.value, spec) });
  };

  const read = async (
    reached: Reached,
    spec: (nonce: string) => CommandSpec,
  ): Promise<Result<GuardReading>> => {
    const nonce = random.hex(NONCE_BYTES);
    const output = await reached.ask(spec(nonce));
    return output.ok ? reached.driver.parseGuard(output.value, { nonce }) : output;
  };

  /** What comes in because a listed package needs it, where the policy allows that. */
  const dependencies = async (reached: Reached, revision: Revision, host: Host) => {
    const entries = revision.content.entries;
    const known = store.lastGoodScan(host.id)?.packages ?? [];
    const simulated = await simulateHost(ports, {
      ask: (spec) => reached.ask(spec),
      driver: reached.driver,
      entries,
      known,
      refresh: false,
    });
    if (!simulated.ok) return simulated;
    const named = new Set(entries.map((entry) => entry.name));
    return ok(
      simulated.value.simulation.actions.flatMap(({ action, name, arch, to }) =>
        action !== 'remove' && to !== undefined && !named.has(name) ? [{ name, arch, version: to }] : [],
      ),
    );
  };

  const put = async (host: Host, guard: StoredGuard): Promise<Result<StoredGuard>> => {
    const revision = store.revision(guard.revisionId);
    if (revision === undefined)
      return fail('not-found', `Snapshot '${guard.snapshot}' is not here any more.`, { host: host.name });
    const reached = await reach(host);
    if (!reached.ok) return reached;
    const request = requestFor(revision, reached.value.ecosystem, guard);
    if (freezeOf(guard)?.freeze.policy === 'listed-or-dependency') {
      const allowed = await dependencies(reached.value, revision, host);
      if (!allowed.ok) return allowed;
      request.listed.push(...allowed.value);
    }
    const reading = await read(reached.value, (nonce) => reached.value.driver.guard({ nonce, request }));
    if (!reading.ok) return reading;
    const { bootId } = reading.value;
    const { error: _error, nextTryAt: _next, ...rest } = guard;
    const done = judged(
      { ...rest, attempts: 0, put: { id: request.id, seal: sealOf(reading.value), bootId } },
      reading.value,
      clock.now(),
    );
    note('guards.put', host, done);
    return ok(done);
  };

  const lift = async (host: Host, guard: StoredGuard): Promise<Result<StoredGuard>> => {
    const reached = await reach(host);
    if (!reached.ok) return reached;
    const reading = await read(reached.value, (nonce) => reached.value.driver.unguard({ nonce }));
    if (!reading.ok) return reading;
    const { error: _error, nextTryAt: _next, put: _put, ...rest } = guard;
    const done = judged({ ...rest, attempts: 0 }, reading.value, clock.now());
    if (done.state !== 'off')
      return fail('host.command-failed', `A part of the guard is still on ${host.name}.`, {
        host: host.name,
        hint: 'Somebody changed its files: look at /etc/apt/apt.conf.d/zz-frostline-guard, /etc/dnf/dnf.conf or /etc/zypp/locks there.',
      });
    note('guards.lifted', host, done);
    return ok(done);
  };

  /** Reads it back. Errors: the transport's. */
  const check = async (host: Host, guard: StoredGuard): Promise<Result<StoredGuard>> => {
    const reached = await reach(host);
    if (!reached.ok) return reached;
    const reading = await read(reached.value, (nonce) => reached.value.driver.guardState({ nonce }));
    if (!reading.ok) return reading;
    if (
      guard.desired === 'on' &&
      isStale(guard, reading.value) &&
      judged(guard, reading.value, 0).state === 'on'
    )
      return put(host, guard);
    return ok(judged(guard, reading.value, clock.now()));
  };

  return { requestFor, put, lift, check };
};

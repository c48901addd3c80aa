/**
 * The contract's `guards` group, and the work behind it: puts the guard on the hosts of a freeze that asks for it, tries again
 * where a host was not there, takes it off when the freeze is over or lifted, and reads it back after each scan. What is wanted
 * and what was seen stand in the store, so that a console that was off goes on where it stopped.
 */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { type FrostError, FrostFault, fail, ok, type Result } from '../../../shared/errors.ts';
import type { GuardView, StoredGuard } from '../../../shared/model/guard.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import { eachLimited } from '../fleet/pool.ts';
import { selectStored } from '../fleet/select.ts';
import type { ChangeNote, Ports } from '../ports.ts';
import { freezeLabel, freezesOn, holdsAt } from '../snapshots/freeze.ts';
import { selectorMatches } from '../snapshots/judge.ts';
import { resolveRef } from '../snapshots/resolve.ts';
import { again, guardingFreeze, isDue, retryAfterMs, untilOf, wantedGuard } from './want.ts';
import { createGuardWork, type GuardDeps } from './work.ts';

const CONCURRENCY = 16;
/** How late a freeze's beginning or end may be noticed. */
const TICK_MS = 15_000;

export type GuardService = ReturnType<typeof createGuardService>;

export const viewOf = (guard: StoredGuard, host: Host): GuardView => {
  const { attempts: _attempts, put: _put, lineId: _line, revisionId: _revision, gaps, ...rest } = guard;
  return { ...rest, host: host.name, ...(gaps.length > 0 && { gaps }) };
};

export const createGuardService = (ports: Ports, deps: GuardDeps) => {
  const { store, clock } = ports;
  const inFlight = new Map<string, Promise<void>>();
  const ending = new AbortController();
  const { requestFor, put, lift, check } = createGuardWork(ports, deps, ending.signal);

  const stored = (hostId: string): StoredGuard | undefined =>
    store.guards().find((guard) => guard.hostId === hostId);

  const keep = (guard: StoredGuard): void => {
    store.putGuard(guard);
    ports.changes.announce({ type: 'guards', hostId: guard.hostId });
  };

  const context = () => ({ freezes: store.freezes(), matches: selectorMatches(store) });

  /** Brings what is stored in line with the freezes; nothing is done on a host. */
  const plan = (): void => {
    const rows = new Map(store.guards().map((guard) => [guard.hostId, guard]));
    const freezes = store.freezes();
    if (rows.size === 0 && !freezes.some((freeze) => freeze.freeze.guard)) return;
    const now = clock.now();
    const found = { freezes, matches: selectorMatches(store) };
    for (const host of store.hosts()) {
      const before = rows.get(host.id);
      rows.delete(host.id);
      const holding = freezesOn(host, now, found);
      const after = wantedGuard(
        host,
        before,
        holding.find((freeze) => freeze.freeze.guard),
        now,
        holding.some((freeze) => freeze.revisionId === before?.revisionId),
      );
      const current = after === undefined ? undefined : upToDate(after);
      if (current === undefined) {
        if (before !== undefined) {
          store.removeGuard(host.id);
          ports.changes.announce({ type: 'guards', hostId: host.id });
        }
      } else if (JSON.stringify(current) !== JSON.stringify(before)) keep(current);
    }
    // Their hosts were removed.
    for (const hostId of rows.keys()) store.removeGuard(hostId);
  };

  /** A guard whose snapshot lets other things in by now (an exception was made, or is over) is to be put again. */
  const upToDate = (guard: StoredGuard): StoredGuard => {
    if (guard.desired === 'off' || guard.put === undefined || guard.state !== 'on') return guard;
    const manager = store.lastGoodSummary(guard.hostId)?.facts?.manager;
    const revision = store.revision(guard.revisionId);
    if (manager === undefined || revision === undefined) return guard;
    return requestFor(revision, manager, guard).id === guard.put.id
      ? guard
      : { ...again(guard), state: 'pending' };
  };

  const failed = (guard: StoredGuard, host: Host, error: FrostError): StoredGuard => {
    const attempts = guard.attempts + 1;
    return {
      ...guard,
      state: 'failed',
      since:
        guard.state === 'failed' && guard.since !== undefined
          ? guard.since
          : new Date(clock.now()).toISOString(),
      error: { ...error, host: error.host ?? host.name },
      attempts,
      nextTryAt: new Date(clock.now() + retryAfterMs(attempts)).toISOString(),
    };
  };

  /** One thing at a time on a host; who comes second waits, and then finds what the first one left. */
  const alone = (hostId: string, work: () => Promise<void>): Promise<void> => {
    const before = inFlight.get(hostId) ?? Promise.resolve();
    const mine = before
      .then(work)
      .catch((cause: unknown) =>
        ports.log.write('error', 'guard work broke', { hostId, cause: String(cause) }),
      )
      .finally(() => {
        if (inFlight.get(hostId) === mine) inFlight.delete(hostId);
      });
    inFlight.set(hostId, mine);
    return mine;
  };

  const change = (host: Host): Promise<void> =>
    alone(host.id, async () => {
      const guard = stored(host.id);
      if (guard === undefined || ending.signal.aborted || !isDue(guard, clock.now())) return;
      const outcome = await attempt(() => (guard.desired === 'on' ? put(host, guard) : lift(host, guard)));
      // Asked for something else meanwhile: that is what counts now, and what was seen is no answer to it.
      const now = stored(host.id);
      if (now === undefined || now.desired !== guard.desired || now.revisionId !== guard.revisionId) return;
      keep(outcome.ok ? outcome.value : failed(now, host, outcome.error));
    });

  const look = (host: Host): Promise<void> =>
    alone(host.id, async () => {
      const guard = stored(host.id);
      if (guard === undefined || ending.signal.aborted || (guard.put === undefined && guard.desired === 'on'))
        return;
      const outcome = await attempt(() => check(host, guard));
      if (outcome.ok && stored(host.id)?.desired === guard.desired) keep(outcome.value);
    });

  const attempt = async <T>(work: () => Promise<Result<T>>): Promise<Result<T>> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof FrostFault) return { ok: false, error: cause.error };
      throw cause;
    }
  };

  /** Everything that is due, on these hosts or on all. */
  const work = async (hosts?: Host[]): Promise<void> => {
    plan();
    const now = clock.now();
    const due = new Set(store.guards().flatMap((guard) => (isDue(guard, now) ? [guard.hostId] : [])));
    const chosen = (hosts ?? store.hosts()).filter(
      (host) => due.has(host.id) || (hosts !== undefined && inFlight.has(host.id)),
    );
    await eachLimited(chosen, CONCURRENCY, ending.signal, change);
  };

  const views = (hosts: Host[]): Output<'guards.status'> => {
    const rows = new Map(store.guards().map((guard) => [guard.hostId, guard]));
    return {
      guards: hosts.flatMap((host) => {
        const guard = rows.get(host.id);
        return guard === undefined ? [] : [viewOf(guard, host)];
      }),
    };
  };

  const chosenHosts = (selectors: string[]): Result<Host[]> =>
    selectStored(selectors.length === 0 ? ['all'] : selectors, store);

  const status = async (input: HandlerInput<'guards.status'>): Promise<Result<Output<'guards.status'>>> => {
    const hosts = chosenHosts(input.selectors);
    if (!hosts.ok) return hosts;
    if (input.check) {
      const guarded = new Set(store.guards().map((guard) => guard.hostId));
      await eachLimited(
        hosts.value.filter((host) => guarded.has(host.id)),
        CONCURRENCY,
        ending.signal,
        look,
      );
    }
    return ok(views(hosts.value));
  };

  /** Which revision is to guard a host that somebody named. Errors: `freeze.other-snapshot`, `freeze.not-frozen`. */
  const subjectFor = (
    host: Host,
    named: Revision | undefined,
  ): Result<{ revision: Revision; until?: string }> => {
    const now = clock.now();
    const [holding] = freezesOn(host, now, context());
    if (named === undefined) {
      if (holding === undefined)
        return fail('freeze.not-frozen', `${host.name} is not frozen now.`, {
          host: host.name,
          hint: 'Name the snapshot it is to be guarded for with --snapshot, or freeze it first.',
        });
      const revision = store.revision(holding.revisionId);
      return revision === undefined
        ? fail('not-found', `Snapshot '${holding.snapshot}' is not here any more.`)
        : ok({ revision, until: untilOf(holding, now) });
    }
    if (holding !== undefined && holding.revisionId !== named.id)
      return fail('freeze.other-snapshot', `${host.name} is under ${freezeLabel(holding, now)}.`, {
        host: host.name,
        hint: 'Guard it for that one, or thaw it first.',
      });
    return ok({ revision: named, ...(holding !== undefined && { until: untilOf(holding, now) }) });
  };

  /** `x` means its frozen revision where one holds now, else its newest. */
  const namedRevision = (ref: string): Result<Revision> => {
    const found = resolveRef(ref, store);
    if (!found.ok) return found;
    const { line, revision, head } = found.value;
    const now = clock.now();
    const frozen = head
      ? store
          .freezes()
          .find((one) => one.lineId === line.id && one.thawed === undefined && holdsAt(one.freeze, now))
      : undefined;
    return ok((frozen && store.revision(frozen.revisionId)) ?? revision);
  };

  /** The freeze of this revision asks for a guard on the host: it goes with that, whoever put it on. */
  const asksFor = (host: Host, revisionId: string): boolean =>
    guardingFreeze(host, clock.now(), context())?.revisionId === revisionId;

  const on = async (input: HandlerInput<'guards.on'>): Promise<Result<Output<'guards.on'>>> => {
    const hosts = chosenHosts(input.selectors);
    if (!hosts.ok) return hosts;
    const named = input.snapshot === undefined ? undefined : namedRevision(input.snapshot);
    if (named !== undefined && !named.ok) return named;
    const wanted: StoredGuard[] = [];
    for (const host of hosts.value) {
      const subject = subjectFor(host, named?.value);
      if (!subject.ok) return subject;
      const { revision, until } = subject.value;
      const before = stored(host.id);
      wanted.push({
        ...(before?.put === undefined ? {} : { put: before.put }),
        hostId: host.id,
        lineId: revision.content.line.id,
        snapshot: revision.content.line.name,
        revisionId: revision.id,
        revision: revision.content.number,
        desired: 'on',
        by: asksFor(host, revision.id) ? 'freeze' : 'hand',
        state: 'pending',
        ...(until === undefined ? {} : { until }),
        attempts: 0,
        gaps: [],
      });
    }
    for (const guard of wanted) keep(guard);
    await work(hosts.value);
    return ok(views(hosts.value));
  };

  const off = async (input: HandlerInput<'guards.off'>): Promise<Result<Output<'guards.off'>>> => {
    const hosts = chosenHosts(input.selectors);
    if (!hosts.ok) return hosts;
    const found = context();
    for (const host of hosts.value) {
      const guard = stored(host.id);
      if (guard === undefined) continue;
      const asked = guardingFreeze(host, clock.now(), found) !== undefined;
      keep({ ...again(guard), desired: 'off', by: asked ? 'hand' : 'freeze' });
    }
    await eachLimited(hosts.value, CONCURRENCY, ending.signal, change);
    return ok(views(hosts.value));
  };

  const settle = async (input: HandlerInput<'guards.settle'>): Promise<Result<Output<'guards.settle'>>> => {
    const hosts = chosenHosts(input.selectors);
    if (!hosts.ok) return hosts;
    await work(hosts.value);
    return ok(views(hosts.value));
  };

  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        await work();
      } catch (cause) {
        ports.log.write('error', 'guards could not be worked on', { cause: String(cause) });
      }
      await clock.wait(TICK_MS, ending.signal);
    }
  };

  /** A host that was just scanned is there: what waited for it is tried now, and what is on it is read back. */
  const scanned = async (hostId: string): Promise<void> => {
    const host = store.host(hostId);
    const guard = stored(hostId);
    if (host === undefined || guard === undefined || inFlight.has(hostId)) return;
    if (store.scanHistory(hostId, 1)[0]?.state === 'failed') return;
    const { nextTryAt: _next, ...now } = guard;
    if (!isDue(now, clock.now())) return look(host);
    if (guard.nextTryAt !== undefined) keep(now);
    await change(host);
  };

  let loop: Promise<void> | undefined;
  return {
    status: (input: HandlerInput<'guards.status'>, _caller: Caller) => status(input),
    on: (input: HandlerInput<'guards.on'>, _caller: Caller) => on(input),
    off: (input: HandlerInput<'guards.off'>, _caller: Caller) => off(input),
    settle: (input: HandlerInput<'guards.settle'>, _caller: Caller) => settle(input),
    /** At process start: takes up what is due, and looks again now and then. */
    start: (): void => {
      loop ??= run();
    },
    /** Something changed that may concern guards. */
    noticed: (change: ChangeNote): void => {
      if (ending.signal.aborted) return;
      const broke = (cause: unknown) =>
        ports.log.write('error', 'guards could not be worked on', { cause: String(cause) });
      if (change.type === 'snapshots') work().catch(broke);
      else if (change.type === 'scan') scanned(change.hostId).catch(broke);
    },
    /** Something is being changed on a host. */
    active: (): boolean => inFlight.size > 0,
    close: async (): Promise<void> => {
      ending.abort();
      await loop;
      await Promise.all(inFlight.values());
    },
  };
};

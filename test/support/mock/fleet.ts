/** Mock handlers for hosts and scans. Selectors are judged by the real parser. */
import { selectHosts } from '../../../main/core/fleet/selector.ts';
import type { Handlers, Output } from '../../../shared/contract/contract.ts';
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host, HostTrust } from '../../../shared/model/host.ts';
import type { Hub, MockState } from './hub.ts';
import { ago, id, OFFERS, sampleFleet } from './sample.ts';

type FreezeRow = Output<'snapshots.freezes'>['freezes'][number];
type Names = Extract<keyof Handlers, `hosts.${string}` | `scans.${string}`>;

const fingerprint = (letter: string) => `SHA256:${letter.repeat(43)}`;

export const select = (state: MockState, selectors: string[]): Result<Host[]> => {
  const hosts = state.store.hosts();
  if (selectors.length === 0) return ok(hosts);
  return selectHosts(selectors, hosts, (hostId) => {
    const facts = state.store.lastGoodSummary(hostId)?.facts;
    return facts === undefined ? undefined : { os: facts.os, release: facts.release };
  });
};

const overviews = (state: MockState, hosts: Host[], freezes: FreezeRow[]): HostOverview[] => {
  const summaries = state.store.scanSummaries();
  const guards = new Map(state.store.guards().map((guard) => [guard.hostId, guard]));
  return hosts.map((host) => {
    const guard = guards.get(host.id);
    const scans = summaries.get(host.id);
    const freeze = freezes.find((each) => each.active && each.hosts.includes(host.name));
    const run = state.runs.find(
      (each) => each.state !== 'finished' && each.tasks.some((task) => task.host === host.name),
    );
    return {
      host,
      ...(scans === undefined ? {} : { latest: scans.latest }),
      ...(scans?.latest.state === 'failed' && scans.lastGood !== undefined
        ? { lastGood: scans.lastGood }
        : {}),
      trusted: state.trusted.has(host.id),
      ...(freeze === undefined ? {} : { frozenBy: freeze.snapshot }),
      ...(guard === undefined ? {} : { guard: { desired: guard.desired, state: guard.state } }),
      ...(run === undefined ? {} : { activeRun: run.id }),
    };
  });
};

export const fleetHandlers = (
  state: MockState,
  hub: Hub,
  pause: (ms: number, signal: AbortSignal) => Promise<void>,
  freezes: () => Promise<FreezeRow[]>,
): Pick<Handlers, Names> => {
  const { store } = state;
  const find = (hostId: string): Result<Host> => {
    const found = store.host(hostId);
    return found === undefined ? fail('not-found', 'There is no such host.') : ok(found);
  };
  const newHost = (input: Parameters<Handlers['hosts.add']>[0]['host']): Host => {
    const { secrets: _secrets, environment, jump, note, ...rest } = input;
    state.next += 1;
    return {
      ...rest,
      id: id(0x8000 + state.next),
      ...(environment === undefined ? {} : { environment }),
      ...(jump === undefined ? {} : { jump }),
      ...(note === undefined ? {} : { note }),
      createdAt: ago(0),
      updatedAt: ago(0),
    };
  };
  const put = (host: Host) => {
    store.putHost(host);
    state.demo.offered = false;
  };
  const taken = (name: string, except?: string) => {
    const known = store.hostByName(name);
    return known !== undefined && known.id !== except;
  };

  return {
    'hosts.list': async ({ selectors }) => {
      const found = select(state, selectors);
      return found.ok ? ok({ hosts: overviews(state, found.value, await freezes()) }) : found;
    },
    'hosts.add': ({ host: input }) => {
      if (taken(input.name)) return fail('already-exists', `A host is already called ${input.name}.`);
      if (input.secrets !== undefined && state.vault.state === 'locked')
        return fail('vault.locked', 'The vault is locked; the password cannot be kept.', {
          hint: 'Unlock it first.',
        });
      const host = newHost(input);
      put(host);
      hub.announce({ type: 'hosts' });
      return ok({ host });
    },
    'hosts.change': ({ change }) => {
      const found = find(change.id);
      if (!found.ok) return found;
      if (change.name !== undefined && taken(change.name, change.id))
        return fail('already-exists', `A host is already called ${change.name}.`);
      const { secrets: _secrets, id: _id, environment, jump, note, ...rest } = change;
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      const { environment: env0, jump: jump0, note: note0, ...before } = found.value;
      const kept = <T>(next: T | null | undefined, old: T | undefined): T | undefined =>
        next === undefined ? old : (next ?? undefined);
      const optional = {
        environment: kept(environment, env0),
        jump: kept(jump, jump0),
        note: kept(note, note0),
      };
      const host: Host = {
        ...before,
        ...given,
        ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
        updatedAt: ago(0),
      };
      store.putHost(host);
      hub.announce({ type: 'hosts' });
      return ok({ host });
    },
    'hosts.remove': ({ selectors }) => {
      const found = select(state, selectors);
      if (!found.ok) return found;
      for (const host of found.value) store.removeHost(host.id);
      hub.announce({ type: 'hosts' });
      return ok({ hosts: found.value });
    },
    'hosts.import': ({ text, dryRun, fileName }) => {
      if (text.trim() === '') return fail('input.invalid', `${fileName} is empty.`);
      const added: Host[] = [];
      const skipped: { name: string; reason: string }[] = [];
      for (const [, name = '', body = ''] of text.matchAll(
        /^\s*Host\s+(\S+)([\s\S]*?)(?=^\s*Host\s|(?![\s\S]))/gim,
      )) {
        if (name.includes('*')) skipped.push({ name, reason: 'a pattern, not a host' });
        else if (taken(name)) skipped.push({ name, reason: 'already in the fleet' });
        else
          added.push(
            newHost({
              name,
              address: /HostName\s+(\S+)/i.exec(body)?.[1] ?? name,
              port: 22,
              user: /User\s+(\S+)/i.exec(body)?.[1] ?? 'root',
              transport: 'ssh',
              auth: { kind: 'agent' },
              sudo: 'none',
              tags: {},
              legacyAlgorithms: false,
            }),
          );
      }
      if (added.length + skipped.length === 0)
        return fail('input.invalid', `${fileName} holds no hosts that could be read.`, {
          hint: 'Known are ~/.ssh/config, Ansible inventories and CSV with a header line.',
        });
      if (!dryRun) {
        for (const host of added) put(host);
        hub.announce({ type: 'hosts' });
      }
      return ok({ added, changed: [], skipped });
    },
    'hosts.trust': async ({ selectors, acceptNew }, caller) => {
      const found = select(state, selectors);
      if (!found.ok) return found;
      await pause(120, caller.signal);
      const answers = found.value.map((host): HostTrust => {
        const base = { hostId: host.id, name: host.name, keyType: 'ssh-ed25519' };
        if (state.keyChanged.has(host.id))
          return {
            ...base,
            status: 'changed',
            fingerprint: fingerprint('K'),
            expected: [fingerprint('T')],
            detail: 'Compare the fingerprint on the host itself before you forget the old key.',
          };
        if (store.latestScan(host.id)?.error?.code === 'host.unreachable')
          return {
            hostId: host.id,
            name: host.name,
            status: 'unreachable',
            detail: 'No answer within 10 s.',
          };
        if (!state.trusted.has(host.id) && !acceptNew)
          return { ...base, status: 'unknown', fingerprint: fingerprint('N') };
        state.trusted.add(host.id);
        return { ...base, status: 'trusted', fingerprint: fingerprint('N') };
      });
      if (acceptNew) hub.announce({ type: 'hosts' });
      return ok({ hosts: answers });
    },
    'hosts.forgetKey': ({ hostId }) => {
      const found = find(hostId);
      if (!found.ok) return found;
      state.trusted.delete(hostId);
      state.keyChanged.delete(hostId);
      hub.announce({ type: 'hosts' });
      return ok({ host: found.value });
    },
    'scans.run': async ({ selectors, refresh }, caller) => {
      const found = select(state, selectors);
      if (!found.ok) return found;
      state.next += 1;
      const activity = {
        id: id(0xa000 + state.next),
        kind: 'scan' as const,
        label: `${refresh ? 'Refreshing lists and scanning' : 'Scanning'} ${found.value.length} ${found.value.length === 1 ? 'host' : 'hosts'}`,
        done: 0,
        total: found.value.length,
        failed: 0,
        startedAt: ago(0),
        waitingFor: found.value.slice(0, 4).map((each) => each.name),
      };
      const fresh = sampleFleet(Math.max(24, found.value.length));
      const scans = [];
      state.activities.set(activity.id, activity);
      for (const [index, host] of found.value.entries()) {
        hub.announce({ type: 'activity', activity: { ...activity }, over: false });
        await pause(90, caller.signal);
        if (caller.signal.aborted || !state.activities.has(activity.id)) break;
        const template = fresh.find((other) => other.host.name === host.name)?.scans[0];
        if (template !== undefined) {
          state.next += 1;
          const scan = {
            ...template,
            id: id(0xc000 + state.next),
            hostId: host.id,
            startedAt: ago(0.01),
            finishedAt: ago(0),
          };
          store.putScan(scan);
          const { packages, ...report } = scan;
          scans.push({ ...report, packageCount: packages.length });
          if (scan.state === 'failed') activity.failed += 1;
        }
        activity.done = index + 1;
        activity.waitingFor = found.value.slice(index + 1, index + 5).map((other) => other.name);
        hub.announce({ type: 'scan', hostId: host.id });
      }
      const stopped = !state.activities.delete(activity.id);
      hub.announce({ type: 'activity', activity: { ...activity }, over: true });
      return stopped ? fail('cancelled', 'The scan was stopped.') : ok({ scans });
    },
    'scans.latest': ({ hostId }) => {
      const found = find(hostId);
      if (!found.ok) return found;
      return ok({ latest: store.latestScan(hostId) ?? null, lastGood: store.lastGoodScan(hostId) ?? null });
    },
    'scans.history': ({ hostId, limit }) => {
      const found = find(hostId);
      return found.ok ? ok({ scans: store.scanHistory(hostId, limit) }) : found;
    },
    'scans.updates': ({ selectors, security }) => {
      const found = select(state, selectors);
      if (!found.ok) return found;
      const good = found.value.map((host) => ({ host, updates: store.lastGoodUpdates(host.id) }));
      return ok({
        updates: OFFERS.filter((offer) => !security || offer.classification === 'security').map((offer) => ({
          name: offer.name,
          arch: offer.arch,
          to: offer.to,
          hosts: good
            .filter(({ updates }) => updates?.some((update) => update.name === offer.name))
            .map(({ host }) => host.name),
          severity: offer.severity,
          classification: offer.classification,
          origin: offer.origin,
          advisories: offer.advisories,
          cves: [],
          grounds: [{ source: 'hosts', asOf: null }],
        })),
        unknown: good.filter(({ updates }) => updates === undefined).map(({ host }) => ({ host: host.name })),
      });
    },
  };
};

/**
 * A host process for tests of the window: the contract's handlers over a sample fleet of 24, with snapshots by the real service and
 * a run whose events are made one by one. Nothing leaves the process. `client` goes through the same validation as the wire.
 */

import type { z } from 'zod';
import { advisoryReader } from '../../main/adapters/advisories/reader.ts';
import { ageCipher } from '../../main/adapters/exchange/age.ts';
import { createSigningKeys } from '../../main/adapters/exchange/sshSign.ts';
import { sshVerifier } from '../../main/adapters/exchange/sshVerify.ts';
import { serveChannel } from '../../main/adapters/rpc/serve.ts';
import { artefactHandlers } from '../../main/api/artefacts.ts';
import { auditHandlers } from '../../main/api/audit.ts';
import { driftHandlers } from '../../main/api/drift.ts';
import { reportHandlers } from '../../main/api/reports.ts';
import { ruleHandlers } from '../../main/api/rules.ts';
import { signatureHandlers } from '../../main/api/signatures.ts';
import { versionHandlers } from '../../main/api/versions.ts';
import { createAdvisoryService } from '../../main/core/advisories/service.ts';
import { createArtefactService } from '../../main/core/artefacts/service.ts';
import { createAuditService } from '../../main/core/audit/service.ts';
import { createCatalogService } from '../../main/core/catalog/service.ts';
import { createDriftService } from '../../main/core/drift/service.ts';
import { createSignatureService } from '../../main/core/exchange/service.ts';
import type { Ports } from '../../main/core/ports.ts';
import { createReportService } from '../../main/core/reports/service.ts';
import { createRuleService } from '../../main/core/rules/service.ts';
import { createFreezeCalendar } from '../../main/core/snapshots/freezeCalendar.ts';
import { createSnapshotService } from '../../main/core/snapshots/service.ts';
import { createFrameClient, type FrameClient } from '../../shared/contract/client.ts';
import { type Client, type Handlers, procedure } from '../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../shared/errors.ts';
import { RunParameters } from '../../shared/model/plan.ts';
import type { SnapshotView } from '../../shared/model/snapshot.ts';
import { channelPair } from './channelPair.ts';
import { createMemoryArtefacts } from './memoryArtefacts.ts';
import { createMemoryStore } from './memoryStore.ts';
import { mockBundles } from './mock/bundles.ts';
import { fleetHandlers } from './mock/fleet.ts';
import { guardHandlers } from './mock/guards.ts';
import { Hub, type MockState, type Mood } from './mock/hub.ts';
import { type RunStepper, runHandlers } from './mock/runs.ts';
import { ago, id, sampleFleet } from './mock/sample.ts';
import { collectingLog, fakeActivities, fakeClock, nodeHasher, seededRandom } from './ports.ts';

export type MockOptions = {
  /** Hosts of the sample; 0: a first start. Default 24. */
  hosts?: number;
  mood?: Mood;
  vault?: MockState['vault']['state'];
  /** Parameters of the live run that `fill` starts. */
  run?: z.input<typeof RunParameters>;
  /** Waits in slow commands (scans); tests leave it out and do not wait. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type MockHost = {
  handlers: Handlers;
  client: Client;
  state: MockState;
  hub: Hub;
  /** Fills it with snapshots, a finished and a live run; returns the live run's id. */
  fill: () => Promise<{ planId: string; runId: string }>;
  step: RunStepper['step'];
};

/** Opens the vault of the mock host. */
export const MOCK_PASSPHRASE = 'correct horse';

export const createMockHost = (options: MockOptions = {}): MockHost => {
  const store = createMemoryStore();
  const hub = new Hub();
  const count = options.hosts ?? 24;
  const sample = sampleFleet(count);
  for (const { host, scans } of sample) {
    store.putHost(host);
    for (const scan of [...scans].reverse()) store.putScan(scan);
  }
  const state: MockState = {
    mood: options.mood ?? 'normal',
    store,
    trusted: new Set(sample.filter((each) => each.trusted).map((each) => each.host.id)),
    keyChanged: new Set(sample.filter((each) => each.keyChanged).map((each) => each.host.id)),
    runs: [],
    plans: new Map(),
    events: new Map(),
    vault: { state: options.vault ?? 'locked', kind: 'passphrase' },
    passphrase: MOCK_PASSPHRASE,
    demo: { running: false, hosts: 0, offered: count === 0 },
    activities: new Map(),
    instance: id(1),
    startedAt: ago(0),
    next: 0,
  };
  const ports = {
    clock: { now: () => Date.now(), wait: async () => true },
    random: seededRandom(7),
    hasher: nodeHasher,
    log: collectingLog(),
    store,
    changes: { announce: (change) => hub.announce(change) },
    artefacts: createMemoryArtefacts(),
    user: 'anna',
    verifier: sshVerifier,
    signingKeys: createSigningKeys({ agentSocket: undefined }),
    cipher: ageCipher,
  } satisfies Partial<Ports>;
  // The snapshot service touches neither vault, transport nor activities.
  const calendar = createFreezeCalendar(ports as unknown as Ports);
  const snapshots = createSnapshotService(ports as unknown as Ports);
  const snapshotOf = async (ref: string): Promise<Result<SnapshotView>> => {
    const found = await snapshots.show({ ref });
    return found.ok ? ok(found.value.snapshot) : found;
  };
  const runs = runHandlers(state, hub, snapshotOf);
  const fleet = fleetHandlers(state, hub, options.pause ?? (async () => {}), async () => {
    const found = await snapshots.freezes({});
    return found.ok ? found.value.freezes : [];
  });

  const drift = createDriftService(ports as unknown as Ports, { activeRun: () => undefined });
  const all: Handlers = {
    ...fleet,
    ...runs.handlers,
    ...guardHandlers(state, hub),
    ...driftHandlers(drift),
    ...artefactHandlers(
      createArtefactService({ store, artefacts: createMemoryArtefacts(), clock: fakeClock() }),
      store,
    ),
    ...signatureHandlers(createSignatureService(ports)),
    ...mockBundles(),
    ...ruleHandlers(
      createRuleService(ports),
      createCatalogService(ports),
      createAdvisoryService({ ...ports, activities: fakeActivities() }, advisoryReader),
    ),
    'snapshots.list': (input) => snapshots.list(input),
    'snapshots.show': (input) => snapshots.show(input),
    'snapshots.history': (input) => snapshots.history(input),
    'snapshots.create': (input) => snapshots.create(input),
    'snapshots.edit': (input) => snapshots.edit(input),
    'snapshots.check': (input) => snapshots.check(input),
    'snapshots.verdicts': (input) => snapshots.verdicts(input),
    'snapshots.refresh': (input) => snapshots.refresh(input),
    'snapshots.previewRules': (input) => snapshots.previewRules(input),
    'snapshots.applyRules': (input) => snapshots.applyRules(input),
    'snapshots.restore': (input) => snapshots.restore(input),
    'snapshots.freeze': (input) => snapshots.freeze(input),
    'snapshots.thaw': (input) => snapshots.thaw(input),
    'snapshots.except': (input) => snapshots.except(input),
    'snapshots.withdraw': (input) => snapshots.withdraw(input),
    'snapshots.freezes': (input) => snapshots.freezes(input),
    'freezes.calendar': (input) => calendar.calendar(input),
    'freezes.preview': (input) => calendar.preview(input),
    'freezes.readCalendar': (input) => calendar.readCalendar(input),
    'snapshots.diff': (input) => snapshots.diff(input),
    'snapshots.diffScan': (input) => snapshots.diffScan(input),
    'snapshots.export': (input) => snapshots.export(input),
    'snapshots.verify': (input) => snapshots.verify(input),
    'snapshots.import': (input) => snapshots.import(input),
    'snapshots.remove': (input) => snapshots.remove(input),
    ...auditHandlers(createAuditService(ports)),
    ...versionHandlers(snapshots.versions),
    ...reportHandlers(createReportService(ports, { drift: (selectors) => drift.list({ selectors }) })),
    ...systemHandlers(state, hub),
  };
  const handlers = moody(all, state);

  return {
    handlers,
    client: clientOf(handlers),
    state,
    hub,
    step: runs.stepper.step,
    fill: async () => {
      const security = await snapshots.create({
        name: 'november-security',
        from: ['all and not edge-02*'],
        security: true,
      });
      if (security.ok)
        await snapshots.edit({
          ref: 'november-security',
          edits: [
            {
              kind: 'add',
              name: 'tzdata',
              version: '2024b-0+deb12u1',
              stage: 2,
              note: 'before the change of clocks',
            },
            { kind: 'decide', name: 'python3.11', decision: 'reject' },
            { kind: 'stage', name: 'curl', stage: 2 },
            { kind: 'stage', name: 'libcurl4', stage: 2 },
          ],
          message: 'Clocks first, python waits for the build team.',
        });
      await snapshots.create({ name: 'all-updates', from: ['tag=web'], security: false });
      await snapshots.create({ name: 'mail-quarter', from: ['mail-01'], security: false });
      await snapshots.freeze({
        ref: 'mail-quarter',
        hosts: 'mail-01 or ns-*',
        from: ago(60 * 24 * 5),
        to: ago(-60 * 24 * 7),
        zone: 'Europe/Berlin',
        policy: 'listed-only',
        guard: false,
      });
      const start = async (selectors: string[], words: z.input<typeof RunParameters>) => {
        const caller = { signal: new AbortController().signal, actor: 'window' };
        const plan = await handlers['plans.create'](
          { snapshot: 'november-security', selectors, parameters: RunParameters.parse(words) },
          caller,
        );
        if (!plan.ok) throw new Error(plan.error.message);
        const run = await handlers['runs.start'](
          { planId: plan.value.plan.id, hash: plan.value.plan.hash },
          caller,
        );
        if (!run.ok) throw new Error(run.error.message);
        return { planId: plan.value.plan.id, runId: run.value.run.id };
      };
      const first = await start(['env=staging'], { concurrency: '3' });
      while (runs.stepper.step(first.runId, 20));
      const live = await start(['env=production'], options.run ?? { concurrency: '25%' });
      runs.stepper.step(live.runId, 45);
      return live;
    },
  };
};

const systemHandlers = (
  state: MockState,
  hub: Hub,
): Pick<Handlers, Extract<keyof Handlers, `system.${string}`>> => ({
  'system.status': () =>
    ok({
      version: '0.1.0',
      pid: 4711,
      startedAt: state.startedAt,
      dataDir: '/home/anna/.local/share/frostline',
      instance: state.instance,
      user: 'anna',
      zone: 'Europe/Berlin',
      vault: state.vault,
      demo: { ...state.demo },
      activities: [...state.activities.values()],
    }),
  'system.changes': (_input, caller) => hub.changes(caller.signal),
  'system.cancel': ({ activity }) => ok({ cancelled: state.activities.delete(activity) }),
  'system.unlock': ({ passphrase }) => {
    if (state.vault.state === 'locked' && passphrase !== state.passphrase)
      return fail('vault.wrong-passphrase', 'The passphrase is not the right one.');
    state.passphrase = passphrase;
    state.vault.state = 'unlocked';
    hub.announce({ type: 'vault' });
    return ok({ vault: state.vault });
  },
  'system.lock': () => {
    state.vault.state = 'locked';
    hub.announce({ type: 'vault' });
    return ok({ vault: state.vault });
  },
  'system.demoStart': ({ hosts }) => {
    state.next += 1000;
    for (const { host, scans, trusted } of sampleFleet(hosts, 0x100_0000 + state.next)) {
      state.store.putHost({ ...host, tags: { ...host.tags, demo: '' } });
      for (const scan of [...scans].reverse()) state.store.putScan(scan);
      if (trusted) state.trusted.add(host.id);
    }
    state.demo = { running: true, hosts, offered: false };
    hub.announce({ type: 'demo' });
    hub.announce({ type: 'hosts' });
    return ok({ demo: state.demo });
  },
  'system.demoStop': () => {
    for (const host of state.store.hosts()) if ('demo' in host.tags) state.store.removeHost(host.id);
    state.demo = { running: false, hosts: 0, offered: state.store.hosts().length === 0 };
    hub.announce({ type: 'demo' });
    hub.announce({ type: 'hosts' });
    return ok({ demo: state.demo });
  },
  'system.demoDismiss': () => {
    state.demo.offered = false;
    hub.announce({ type: 'demo' });
    return ok({ demo: state.demo });
  },
});

/** In another mood every reading call of the pages fails or never answers; the shell's own status goes on working. */
const moody = (handlers: Handlers, state: MockState): Handlers =>
  Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => {
      if (name.startsWith('system.') || procedure(name)?.kind === 'stream') return [name, handler];
      const wrapped = (input: never, caller: never) => {
        if (state.mood === 'loading') return new Promise(() => {});
        if (state.mood === 'error')
          return fail('store.busy', 'The store is locked by another process.', {
            hint: 'Another Frostline of an older version may be open; close it and try again.',
          });
        return (handler as (input: never, caller: never) => unknown)(input, caller);
      };
      return [name, wrapped];
    }),
    // The same names with the same signatures; fromEntries cannot say so.
  ) as unknown as Handlers;

/** A client through the real server and the real frame client, over a channel in memory. */
export const clientOf = (handlers: Handlers): Client => {
  const [mine, theirs] = channelPair();
  let counter = 0;
  serveChannel(theirs, { handlers, log: collectingLog(), correlationId: () => `mock-${++counter}` });
  const frames: FrameClient = createFrameClient((text) => mine.send(text), procedure);
  mine.onFrame((text) => void frames.receive(text));
  return frames.client;
};

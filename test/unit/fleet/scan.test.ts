import { describe, expect, it } from 'vitest';
import type { Scanner } from '../../../main/core/drivers/detect.ts';
import type { ScanReading } from '../../../main/core/drivers/driver.ts';
import { scanDriver } from '../../../main/core/drivers/registry.ts';
import { createScanService } from '../../../main/core/fleet/scan.ts';
import type { Ports, Route, RunOptions, Transport } from '../../../main/core/ports.ts';
import { contract } from '../../../shared/contract/contract.ts';
import { FrostFault, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { createMemoryVault } from '../../support/memoryVault.ts';
import {
  collectingChanges,
  collectingLog,
  fakeActivities,
  fakeClock,
  fakePorts,
  seededRandom,
  settle,
} from '../../support/ports.ts';
import { makeFacts, makeHost, makePackage, makeUpdate, uuid } from './make.ts';
import { caller, must, refusal } from './service.ts';

const reading = (change: Partial<ScanReading> = {}): ScanReading => ({
  facts: makeFacts(),
  packages: [makePackage('bash')],
  updates: [makeUpdate('bash')],
  removals: [],
  unseen: [],
  ...change,
});

/** A driver that is asked what to read, by the script's own text. */
const driverOf = (parse: Scanner['parseScan']): (() => Scanner) => {
  const driver = { ...scanDriver(), parseScan: parse };
  return () => driver;
};

type Answer = (
  route: Route,
  options: RunOptions | undefined,
) => Promise<Result<{ stdout: string; stderr: string; exitCode: number }>>;
const said = (stdout: string) => ok({ stdout, stderr: '', exitCode: 0 });

let rigs = 0;
const rig = (
  hosts: Host[],
  answer: Answer = async () => said(''),
  parse: Scanner['parseScan'] = () => ok(reading()),
  chosen: Partial<Ports> = {},
) => {
  const store = chosen.store ?? createMemoryStore();
  store.putHosts(hosts);
  const scripts: { host: string; root: boolean; script: string }[] = [];
  const transport: Transport = {
    run: (route, spec, options) => {
      scripts.push({ host: route.host.name, root: spec.root, script: spec.script });
      return answer(route, options);
    },
    probeKey: async () => fail('internal', 'not asked'),
    release: () => undefined,
  };
  const clock = fakeClock();
  const changes = collectingChanges();
  const activities = fakeActivities();
  const log = collectingLog();
  rigs += 1;
  const random = seededRandom(rigs);
  const ports = fakePorts({
    vault: createMemoryVault(),
    transport,
    clock,
    changes,
    activities,
    log,
    random,
    ...chosen,
    store,
  });
  return {
    scans: createScanService(ports, driverOf(parse)),
    store,
    scripts,
    changes,
    activities,
    log,
    clock,
  };
};

const web = makeHost('web-1');
const all = { selectors: ['all'], concurrency: 32, refresh: false };

describe('scanning a host', () => {
  it('is one command, stored and announced', async () => {
    const { scans, store, scripts, changes, clock } = rig([web], async () => {
      await clock.advance(1500);
      return said('x');
    });
    const scan = await scans.scanHost(web, { refresh: false });
    expect(scan).toMatchObject({
      hostId: web.id,
      host: 'web-1',
      state: 'ok',
      startedAt: '2026-11-23T14:00:00.000Z',
      finishedAt: '2026-11-23T14:00:01.500Z',
      packages: [{ name: 'bash' }],
    });
    expect(scan).not.toHaveProperty('error');
    expect(store.latestScan(web.id)).toEqual(scan);
    expect(changes.notes).toEqual([{ type: 'scan', hostId: web.id }]);
    expect(scripts).toHaveLength(1);
  });

  it('gives each command a nonce of its own, and the parser the same', async () => {
    const seen: string[] = [];
    const { scans, scripts } = rig([web], undefined, (_output, context) => {
      seen.push(context.nonce);
      return ok(reading());
    });
    await scans.scanHost(web, { refresh: false });
    await scans.scanHost(web, { refresh: true });
    expect(new Set(seen).size).toBe(2);
    for (const [index, nonce] of seen.entries()) {
      expect(nonce).toMatch(/^[0-9a-f]{32}$/);
      expect(scripts[index]?.script).toContain(nonce);
    }
  });

  it('that is partial says what is missing, and counts as good', async () => {
    const { scans, store } = rig([web], undefined, () => ok(reading({ partial: 'apt-get -s failed' })));
    const scan = await scans.scanHost(web, { refresh: false });
    expect(scan).toMatchObject({
      state: 'partial',
      error: { code: 'host.command-failed', message: 'apt-get -s failed' },
    });
    expect(store.lastGoodScan(web.id)).toEqual(scan);
  });

  const failing: [string, Answer, Scanner['parseScan'], string][] = [
    [
      'is not reached',
      async () => fail('host.unreachable', 'no route'),
      () => ok(reading()),
      'host.unreachable',
    ],
    [
      'has another key',
      async () => fail('host.key-changed', 'changed'),
      () => ok(reading()),
      'host.key-changed',
    ],
    [
      'runs another system',
      async () => said(''),
      () => fail('host.unsupported', 'no apt'),
      'host.unsupported',
    ],
    [
      'answers with nonsense',
      async () => said('💣'),
      () => fail('host.output-malformed', '?'),
      'host.output-malformed',
    ],
    [
      'answers what does not fit the model',
      async () => said(''),
      () => ok(reading({ packages: [makePackage('$(rm -rf /)')] })),
      'host.output-malformed',
    ],
    [
      'breaks the transport',
      async () => {
        throw new Error('geheim: boom');
      },
      () => ok(reading()),
      'internal',
    ],
    [
      'breaks the parser',
      async () => said(''),
      () => {
        throw new TypeError('boom');
      },
      'internal',
    ],
  ];
  it.each(failing)(
    'that %s is a failed scan with its cause, and keeps the last good one',
    async (_, answer, parse, code) => {
      const store = createMemoryStore();
      const good = await rig([web], undefined, undefined, { store }).scans.scanHost(web, { refresh: false });
      const { scans, log } = rig([web], answer, parse, { store });
      const scan = await scans.scanHost(web, { refresh: false });
      expect(scan).toMatchObject({
        state: 'failed',
        packages: [],
        updates: [],
        error: { code, host: 'web-1' },
      });
      expect(scan).not.toHaveProperty('facts');
      expect(store.latestScan(web.id)).toEqual(scan);
      expect(store.lastGoodScan(web.id)).toEqual(good);
      if (code === 'internal') {
        expect(scan.error?.message).not.toContain('boom');
        expect(log.lines[0]?.fields).toMatchObject({ correlationId: scan.error?.correlationId });
      }
    },
  );

  it('whose jump host is gone is a failed scan', async () => {
    const lost = makeHost('lost', { jump: 'gone' });
    const { scans, scripts } = rig([lost]);
    expect((await scans.scanHost(lost, { refresh: false })).error?.code).toBe('not-found');
    expect(scripts).toEqual([]);
  });

  it('is not shown as good when it could not be stored', async () => {
    const store = {
      ...createMemoryStore(),
      putScan: () => {
        throw new FrostFault(frostError('store.full', 'full'));
      },
    };
    const { scans, changes } = rig([web], undefined, undefined, { store });
    expect(await scans.scanHost(web, { refresh: false })).toMatchObject({
      state: 'failed',
      error: { code: 'store.full' },
    });
    expect(changes.notes).toEqual([]);
  });

  it('that was cancelled is not stored: it says nothing of the host', async () => {
    const { scans, store, scripts } = rig([web], async () => fail('cancelled', 'stop'));
    expect((await scans.scanHost(web, { refresh: false })).error?.code).toBe('cancelled');
    const aborted = await scans.scanHost(web, { refresh: false, signal: AbortSignal.abort() });
    expect(aborted).toMatchObject({ state: 'failed', error: { code: 'cancelled', host: 'web-1' } });
    expect(store.latestScan(web.id)).toBeUndefined();
    expect(scripts).toHaveLength(1);
  });
});

describe('scanning a selector', () => {
  const fleet = () => ['c', 'a', 'b', 'd'].map((name) => makeHost(name));

  it('gives a scan for each host, by name, and tells its progress', async () => {
    const { scans, activities } = rig(fleet(), async ({ host }) =>
      host.name === 'b' ? fail('host.timeout', 'slow') : said(''),
    );
    const { scans: done } = must(await scans.run(all, caller()));
    expect(done.map((scan) => [scan.host, scan.state])).toEqual([
      ['a', 'ok'],
      ['b', 'failed'],
      ['c', 'ok'],
      ['d', 'ok'],
    ]);
    contract.scans.run.output.parse({ scans: done });
    const [activity] = activities.all;
    expect(activity).toMatchObject({ kind: 'scan', label: 'Scan of 4 hosts', total: 4, ended: true });
    expect(activity?.finished.filter((each) => each.failed)).toEqual([{ host: 'b', failed: true }]);
  });

  it('never asks more hosts at once than allowed', async () => {
    let active = 0;
    let most = 0;
    const { scans } = rig(
      Array.from({ length: 20 }, (_, n) => makeHost(`h-${n}`)),
      async () => {
        active += 1;
        most = Math.max(most, active);
        await settle();
        active -= 1;
        return said('');
      },
    );
    must(await scans.run({ ...all, concurrency: 3 }, caller()));
    expect(most).toBe(3);
  });

  it.each(['the caller', 'the activity'])(
    'stops when %s cancels: what is done stays, the rest says so',
    async (who) => {
      const controller = new AbortController();
      const { scans, activities, store, scripts } = rig(fleet(), async ({ host }, options) => {
        if (host.name === 'a') return said('');
        if (who === 'the caller') controller.abort();
        else activities.all[0]?.cancel();
        expect(options?.signal?.aborted).toBe(true);
        return fail('cancelled', 'stop');
      });
      const { scans: done } = must(await scans.run({ ...all, concurrency: 1 }, caller(controller.signal)));
      expect(done.map((scan) => [scan.host, scan.error?.code])).toEqual([
        ['a', undefined],
        ['b', 'cancelled'],
        ['c', 'cancelled'],
        ['d', 'cancelled'],
      ]);
      expect(scripts.map((each) => each.host)).toEqual(['a', 'b']);
      expect([...store.scanSummaries().values()].map((each) => each.latest.host)).toEqual(['a']);
      expect(activities.all[0]?.ended).toBe(true);
    },
  );

  it('does nothing for none, and refuses what it cannot read', async () => {
    const { scans, activities } = rig(fleet());
    expect(must(await scans.run({ ...all, selectors: ['nobody'] }, caller())).scans).toEqual([]);
    expect(refusal(await scans.run({ ...all, selectors: ['a and'] }, caller())).code).toBe('input.invalid');
    expect(activities.all).toEqual([]);
  });
});

describe('what scans tell', () => {
  it('is the latest, and the last good one beside a failed one', async () => {
    const store = createMemoryStore();
    const good = await rig([web], undefined, undefined, { store }).scans.scanHost(web, { refresh: false });
    const { scans } = rig([web], async () => fail('host.timeout', 'slow'), undefined, { store });
    expect(must(await scans.latest({ hostId: web.id }, caller()))).toEqual({ latest: good, lastGood: good });
    const failed = await scans.scanHost(web, { refresh: false });
    expect(must(await scans.latest({ hostId: web.id }, caller()))).toEqual({
      latest: failed,
      lastGood: good,
    });
    const history = must(await scans.history({ hostId: web.id, limit: 10 }, caller())).scans;
    expect(history.map((scan) => scan.id)).toEqual([failed.id, good.id]);
    expect(refusal(await scans.latest({ hostId: uuid(4242) }, caller())).code).toBe('not-found');
    store.removeHost(web.id);
    expect(must(await scans.history({ hostId: web.id, limit: 10 }, caller())).scans).toHaveLength(2);
  });

  it('is which updates there are and where, and on which hosts it is not known', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => makeHost(name));
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('no host');
    const ssl = (change: object) => makeUpdate('openssl', { classification: 'security', ...change });
    const offered: Record<string, ScanReading['updates']> = {
      a: [ssl({ severity: 'low', advisories: ['DSA-1'] }), makeUpdate('bash')],
      b: [ssl({ severity: 'critical', advisories: ['DSA-1', 'CVE-2'] }), makeUpdate('bash', { to: '2.0' })],
    };
    let asked = '';
    const { scans } = rig(
      [a, b, c, d],
      async ({ host }) => {
        asked = host.name;
        return host.name === 'c' ? fail('host.unreachable', 'no route') : said('');
      },
      () => ok(reading({ updates: offered[asked] ?? [] })),
    );
    must(await scans.run({ ...all, selectors: ['a', 'b', 'c'], concurrency: 1 }, caller()));
    const found = must(await scans.updates({ selectors: ['all'], security: false }, caller()));
    expect(found.updates.map((row) => [row.name, row.to, row.hosts])).toEqual([
      ['bash', '1.0-2', ['a']],
      ['bash', '2.0', ['b']],
      ['openssl', '1.0-2', ['a', 'b']],
    ]);
    expect(found.updates[2]).toMatchObject({ severity: 'critical', advisories: ['DSA-1', 'CVE-2'] });
    expect(found.unknown).toMatchObject([{ host: 'c', error: { code: 'host.unreachable' } }, { host: 'd' }]);
    const security = must(await scans.updates({ selectors: ['all'], security: true }, caller()));
    expect(security.updates.map((row) => row.name)).toEqual(['openssl']);
  });
});

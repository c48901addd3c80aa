/** Reports over a stored fleet: what was never reached never looks compliant, and runs are told as they were. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { DriftOf } from '../../../main/core/reports/drift.ts';
import { renderReport } from '../../../main/core/reports/render/render.ts';
import { FrostFault, fail, ok } from '../../../shared/errors.ts';
import type { Run, Task } from '../../../shared/model/run.ts';
import { csvRows } from '../../support/csv.ts';
import { uuid } from '../fleet/make.ts';
import { good, installed, setUp, update, type World } from '../snapshots/support.ts';
import { commitOf, makeRun } from '../sqlite/model.ts';
import { type Asked, complianceOf, partsOf } from './rig.ts';

const DAY = 86_400_000;
let world: World;
let drift: Awaited<ReturnType<DriftOf>> = ok({ drift: [] });
beforeEach(() => {
  world = setUp();
});

const parts = (report: Asked) => partsOf(world, report, async () => drift);
const compliance = (more: Omit<Asked, 'kind'> = {}) => complianceOf(world, more);
const levels = async () => (await compliance()).hosts.map((host) => `${host.host} ${host.level}`);

/** `bash 2.0` for every host that is offered it. */
const snapshot = () => world.service.create({ name: 'november', from: ['all'], security: false });
const older = { packages: [installed('bash')], updates: [update('bash', '2.0', { severity: 'critical' })] };
const done = { packages: [installed('bash', '2.0')] };

const ran = (id: number, tasks: Partial<Task>[], change: Partial<Run> = {}) => {
  const run = makeRun(uuid(id), world.store.hosts(), { state: 'finished', verdict: 'partial', ...change });
  const made = run.tasks.map((task, i) => ({ ...task, ...tasks[i] }));
  world.store.createRun(commitOf({ ...run, tasks: made }));
};

describe('compliance', () => {
  it('is told host by host, between its head and its totals', async () => {
    const [one, two] = [world.addHost('a'), world.addHost('b', { environment: 'test' })];
    world.addScan(one, older);
    world.addScan(two, older);
    await snapshot();
    world.addScan(two, done);
    const { head, hosts, totals, order } = await compliance();
    expect(order).toEqual(['head', 'host', 'host', 'compliance-totals']);
    expect(head).toMatchObject({
      format: 'frostline.report/1',
      kind: 'compliance',
      snapshot: { name: 'november', revision: 1, state: 'draft', entries: 1 },
    });
    expect(hosts).toMatchObject([
      {
        host: 'a',
        level: 'non-compliant',
        rows: [{ name: 'bash', status: 'missing', severity: 'critical' }],
      },
      { host: 'b', environment: 'test', level: 'compliant', rows: [{ name: 'bash', status: 'installed' }] },
    ]);
    expect(totals).toMatchObject({
      hostCount: 2,
      hosts: { compliant: 1, 'non-compliant': 1, unknown: 0 },
      compliantPercent: 50,
      counts: { installed: 1, missing: 1 },
      missingBySeverity: { critical: 1 },
    });
  });

  it('is made while others get their turn, and is the same on hosts that are alike', async () => {
    const first = world.addHost('a');
    world.addScan(first, older);
    await snapshot();
    for (let n = 0; n < 39; n += 1) world.addScan(world.addHost(`host-${n}`), older);
    let turns = 0;
    let over = false;
    const done = compliance().finally(() => {
      over = true;
    });
    while (!over) {
      turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { hosts } = await done;
    expect(turns).toBeGreaterThan(8);
    expect(hosts).toHaveLength(40);
    for (const host of hosts) expect(host.rows).toEqual(hosts[0]?.rows);
  });

  it('is unknown for a host that was never scanned, or never with success', async () => {
    const one = world.addHost('a');
    world.addScan(one, older);
    await snapshot();
    world.addHost('b');
    world.addScan(world.addHost('c'), {
      state: 'failed',
      error: { code: 'host.unreachable', message: 'no route', retryable: true },
    });
    const { hosts, totals } = await compliance();
    expect(hosts.slice(1)).toMatchObject([
      { host: 'b', level: 'unknown', unknown: { cause: 'never-scanned', since: null }, scannedAt: null },
      { host: 'c', level: 'unknown', failedScan: { code: 'host.unreachable' }, counts: { unknown: 1 } },
    ]);
    expect(totals).toMatchObject({ hosts: { unknown: 2 }, compliantPercent: 0 });
  });

  it('is unknown once the last good scan is too old, however often a scan failed since', async () => {
    const host = world.addHost('a');
    world.addScan(host, older);
    await snapshot();
    world.addScan(host, done);
    const since = new Date(world.clock.now()).toISOString();
    world.clock.set(world.clock.now() + 7 * DAY);
    world.addScan(host, { state: 'failed' });
    expect(await levels()).toEqual(['a compliant']);
    world.clock.set(world.clock.now() + 1);
    const { hosts } = await compliance();
    expect(hosts).toMatchObject([
      {
        level: 'unknown',
        unknown: { cause: 'scan-too-old', since },
        scanAgeSeconds: 604_800,
        rows: [{ installed: [] }],
      },
    ]);
    expect((await compliance({ maxAgeSeconds: 8 * 86_400 })).hosts).toMatchObject([{ level: 'compliant' }]);
  });

  it('is unknown after a run that changed the host until it was scanned again', async () => {
    const host = world.addHost('a');
    world.addScan(host, older);
    await snapshot();
    world.addScan(host, done);
    const later = new Date(world.clock.now() + 1000).toISOString();
    ran(700, [{ state: 'rolled-back', finishedAt: later }]);
    expect((await compliance()).hosts).toMatchObject([
      { level: 'unknown', unknown: { cause: 'changed-since-scan' } },
    ]);
    world.clock.set(world.clock.now() + 2000);
    world.addScan(host, older);
    expect(await levels()).toEqual(['a non-compliant']);
    ran(701, [{ state: 'applying' }], { state: 'running' });
    expect((await compliance()).hosts).toMatchObject([{ unknown: { cause: 'run-under-way' } }]);
  });

  it('is told of the hosts that a selector means, and of no others', async () => {
    world.addScan(world.addHost('a'), older);
    world.addHost('b', { tags: { role: 'web' } });
    await snapshot();
    expect((await compliance({ selectors: ['tag=role:web'] })).hosts.map((host) => host.host)).toEqual(['b']);
    expect((await compliance({ selectors: ['none'] })).totals).toMatchObject({
      hostCount: 0,
      compliantPercent: null,
    });
  });

  it('says the freeze and its exceptions', async () => {
    const host = world.addHost('a');
    world.addScan(host, older);
    await snapshot();
    const from = new Date(world.clock.now()).toISOString();
    const to = new Date(world.clock.now() + DAY).toISOString();
    const frozen = await world.service.freeze({
      ref: 'november',
      hosts: 'all',
      from,
      to,
      zone: 'UTC',
      policy: 'listed-only',
      guard: false,
    });
    if (!frozen.ok) throw new Error(frozen.error.message);
    expect((await compliance()).head).toMatchObject({
      snapshot: { state: 'frozen', freeze: { hosts: 'all', from, to } },
      exceptions: [],
    });
  });

  it('says which exceptions were withdrawn, by whom and why, also of what they let in', async () => {
    const host = world.addHost('a');
    world.addScan(host, older);
    await snapshot();
    const at = (days: number) => new Date(world.clock.now() + days * DAY).toISOString();
    good(
      await world.service.freeze({
        ref: 'november',
        hosts: 'all',
        from: at(0),
        to: at(2),
        zone: 'UTC',
        policy: 'listed-only',
        guard: false,
      }),
    );
    const patch = { ref: 'november', name: 'openssl', version: '9', reason: 'exploited' };
    good(await world.service.except({ ...patch, until: at(1) }));
    world.addScan(host, { packages: [installed('openssl', '9')] });
    good(await world.service.withdraw({ ...patch, reason: 'it breaks the VPN' }));
    const withdrawn = { at: at(0), reason: 'it breaks the VPN', author: { name: world.ports.user } };
    const { head, hosts } = await compliance();
    expect(head).toMatchObject({ exceptions: [{ name: 'openssl', active: false, withdrawn }] });
    expect(hosts[0]?.rows).toContainEqual(
      expect.objectContaining({
        status: 'excepted',
        exception: expect.objectContaining({ active: false, withdrawn }),
      }),
    );
    const all = await parts({ kind: 'compliance', snapshot: 'november' });
    const words = `withdrawn by ${world.ports.user} at ${at(0)}: it breaks the VPN`;
    expect(renderReport(all, 'csv')).toContain(words);
    expect(renderReport(all, 'html')).toContain('it breaks the VPN');
  });

  it('of a snapshot that is none is an error', async () => {
    await expect(parts({ kind: 'compliance', snapshot: 'none' })).rejects.toBeInstanceOf(FrostFault);
    await snapshot();
    await expect(compliance({ selectors: ['('] })).rejects.toBeInstanceOf(FrostFault);
  });
});

describe('history', () => {
  it('has every run, newest first, with what became of every package on every host', async () => {
    world.addHost('a');
    world.addHost('b');
    ran(700, [
      { state: 'succeeded', to: [{ name: 'openssl', arch: 'amd64', version: '2' }] },
      { state: 'unreachable', error: { code: 'host.unreachable', message: 'no', retryable: true } },
    ]);
    ran(701, [
      { state: 'rolled-back', to: [{ name: 'openssl', arch: 'amd64', version: '1' }] },
      { state: 'failed', to: [{ name: 'openssl', arch: 'amd64', version: '1.5' }] },
    ]);
    ran(702, [{ state: 'interrupted', to: [] }, { state: 'queued' }], { state: 'running' });
    const all = await parts({ kind: 'history' });
    const told = all.flatMap((part) =>
      part.type === 'run'
        ? [part.run.tasks.map((task) => `${task.host} ${task.state} ${task.packages[0]?.result}`)]
        : [],
    );
    expect(told).toEqual([
      ['a interrupted unknown', 'b queued not-started'],
      ['a rolled-back unchanged', 'b failed other'],
      ['a succeeded done', 'b unreachable not-started'],
    ]);
    expect(all.at(-1)).toMatchObject({ totals: { runs: 3, tasks: 6, verdicts: { partial: 3 } } });
  });

  it('keeps runs of hosts that are gone, and is not changed by scans', async () => {
    const host = world.addHost('a');
    ran(700, [{ state: 'succeeded' }]);
    const before = await parts({ kind: 'history' });
    world.addScan(host, done);
    world.store.removeHost(host.id);
    expect(await parts({ kind: 'history' })).toEqual(before);
    world.addHost('b');
    expect((await parts({ kind: 'history', selectors: ['b'] })).map((part) => part.type)).toEqual([
      'head',
      'history-totals',
    ]);
  });
});

describe('drift', () => {
  const baseline = { at: '2026-11-20T10:00:00.000Z', source: 'capture' as const };
  const hosts = [
    {
      host: 'a',
      hostId: uuid(1),
      baseline,
      packages: [
        {
          name: 'bash',
          arch: 'amd64',
          from: '1',
          to: '2',
          kind: 'upgraded' as const,
          by: 'root',
          command: '=cmd',
        },
      ],
    },
    { host: 'b', hostId: uuid(2), baseline, packages: [] },
    { host: 'c', hostId: uuid(3), packages: [], unknown: 'It was not scanned yet.' },
  ];

  it('is told host by host; what is unknown is not unchanged', async () => {
    drift = ok({ drift: hosts });
    const all = await parts({ kind: 'drift' });
    expect(all.flatMap((part) => (part.type === 'drift' ? [part.host] : []))).toEqual(hosts);
    expect(all.at(-1)).toEqual({
      type: 'drift-totals',
      totals: { hosts: 3, drifted: 1, unknown: 1, packages: 1 },
    });
    expect(JSON.parse(renderReport(all, 'json'))).toMatchObject({ report: { kind: 'drift', drift: hosts } });
    const [headings, ...rows] = csvRows(renderReport(all, 'csv'));
    expect(rows.map((row) => row.length)).toEqual([1, 2, 3].map(() => headings?.length));
    expect(rows[0]).toContain("'=cmd");
    expect(rows[2]?.at(-1)).toBe('It was not scanned yet.');
    const page = renderReport(all, 'html');
    expect(page.match(/unchanged<\/span>/g)).toHaveLength(1);
    expect(page.match(/unknown<\/span>/g)).toHaveLength(1);
  });

  it('of a selector that is none is an error', async () => {
    drift = fail('input.invalid', 'no');
    await expect(parts({ kind: 'drift' })).rejects.toBeInstanceOf(FrostFault);
  });
});

describe('the audit report', () => {
  it('has every line, and whether the chain holds', async () => {
    for (let n = 0; n < 3; n += 1)
      world.store.appendAudit({
        at: '2026-11-23T14:00:00.000Z',
        actor: 'cli',
        action: `a${n}`,
        outcome: 'done',
        detail: '',
      });
    const all = await parts({ kind: 'audit' });
    expect(
      all.flatMap((part) => (part.type === 'lines' ? part.lines.map((line) => line.action) : [])),
    ).toEqual(['a0', 'a1', 'a2']);
    expect(all.at(-1)).toMatchObject({ totals: { lines: 3, intact: true, head: world.store.auditHead() } });
  });
});

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { machinesOf } from '../../../main/adapters/demo/fleet.ts';
import { inspectJob, parseInspect } from '../../../main/core/jobs/job.ts';
import {
  type Console,
  driver,
  follow,
  good,
  NONCE,
  newFolder,
  prepare,
  removeFolder,
  scan,
  start,
  startConsole,
  verify,
} from './support.ts';

/** With five hosts: web-01, app-01 (failing), db-01 (slow), cache-01 (wants a reboot), web-02 (unreachable). */
const HOSTS = 5;
const onWindows = process.platform === 'win32';
/** Whole transactions on a machine that may be busy. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

/** Command lines of processes that hold this folder in them. */
const processesOf = (dir: string): string[] =>
  execFileSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(dir));

describe('the make-up of the fleet', () => {
  test('has one of each trouble among many that have none, and names that are stable', () => {
    const machines = machinesOf(24);
    const troubles = machines.flatMap((machine) => machine.trouble ?? []);
    expect(troubles).toEqual(['failing', 'slow', 'reboot', 'unreachable', 'forgetful']);
    expect(new Set(machines.map((machine) => machine.name)).size).toBe(24);
    expect(machinesOf(30).slice(0, 24)).toEqual(machines);
    expect(new Set(machines.map((machine) => machine.environment))).toEqual(
      new Set(['test', 'staging', 'production']),
    );
  });

  test('a small fleet has its troubles at the end, and one host has none', () => {
    expect(machinesOf(5).map((machine) => machine.trouble)).toEqual([
      undefined,
      'failing',
      'slow',
      'reboot',
      'unreachable',
    ]);
    expect(machinesOf(1)[0]?.trouble).toBeUndefined();
  });
});

describe.skipIf(onWindows)('a demo host, by Frostline’s own transport, driver and jobs', () => {
  let dir: string;
  let frost: Console;
  beforeAll(async () => {
    vi.stubEnv('FROSTLINE_DEMO_PACE', '0');
    dir = newFolder();
    frost = await startConsole(dir, HOSTS);
  });
  afterAll(async () => {
    await frost.stop();
    removeFolder(dir);
    vi.unstubAllEnvs();
  });

  test('is scanned like any Debian host: whole, with updates of all kinds', async () => {
    const reading = await scan(frost, 'web-01');
    expect(reading.partial).toBeUndefined();
    expect(reading.facts).toMatchObject({
      hostname: 'web-01',
      os: 'debian',
      release: '12',
      arch: 'amd64',
      manager: 'apt',
      privilege: 'sudo',
      rebootRequired: false,
      broken: [],
    });
    expect(reading.facts.bootedAt).toBeDefined();
    expect(reading.packages.length).toBeGreaterThan(50);
    const of = (name: string) => reading.updates.find((update) => update.name === name);
    expect(of('openssl')).toMatchObject({
      from: '3.0.14-1~deb12u2',
      to: '3.0.15-1~deb12u1',
      classification: 'security',
    });
    expect(of('openssl')?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(of('tzdata')).toMatchObject({ arch: 'all', classification: 'other' });
    expect(of('nginx')).toMatchObject({ blocked: 'needs-new-packages' });
    expect(of('iproute2')).toMatchObject({ from: null });
    expect(of('libbpf1')).toMatchObject({ from: null });
    expect(reading.removals).toEqual([]);
  });

  test('a refreshing scan, as root, reads the lists and sees what root sees', async () => {
    const reading = await scan(frost, 'web-01', true);
    expect(reading.partial).toBeUndefined();
    expect(reading.facts.servicesToRestart).toEqual([]);
    expect(reading.unseen).toEqual([]);
  });

  test('the unreachable one is', async () => {
    const result = await frost.run('web-02', driver.scan({ nonce: NONCE, refresh: false }));
    expect(result).toMatchObject({ ok: false, error: { code: 'host.unreachable' } });
  });

  test('lets nobody in without its key', async () => {
    const stranger = newFolder();
    const other = await startConsole(stranger, 1);
    try {
      const host = frost.host('web-01');
      const route = { host: { ...host, auth: other.host('web-01').auth }, via: [] };
      const result = await frost.transport.run(route, driver.verify({ nonce: NONCE }));
      // The connection kept from before is not handed to another key.
      expect(result).toMatchObject({ ok: false, error: { code: 'host.auth-failed' } });
    } finally {
      await other.stop();
      removeFolder(stranger);
    }
  });

  test('is patched and brought back, all of it', async () => {
    const before = await verify(frost, 'web-01');
    const task = await prepare(frost, 'web-01', 'task-1');
    expect(task.simulation.refusals).toEqual([]);
    expect(
      task.actions
        .filter((action) => action.action === 'install')
        .map((action) => action.name)
        .sort(),
    ).toEqual(['iproute2', 'libbpf1']);
    expect(task.actions).toHaveLength(task.updates.length);
    expect(new Set(task.simulation.proof.map((reason) => reason.proof))).toEqual(new Set(['proven']));
    expect(task.downloadedBytes).toBeGreaterThan(1_000_000);
    expect(task.capture.unsecured).toEqual([]);
    expect(task.capture.secured.map((one) => one.name)).toContain('tzdata');

    const apply = driver.applyJob({ stages: task.stages, actions: task.actions, lockTimeoutSeconds: 30 });
    expect(await start(frost, 'web-01', 'task-1', apply.script)).toBe('started');
    const done = await follow(frost, 'web-01', 'task-1');
    expect(good(driver.judgeJob('apply', done.code ?? -1, done.log))).toBeUndefined();
    expect(done.progress.map((one) => one.phase)).toEqual(
      expect.arrayContaining(['applying', 'downloading', 'installing', 'finished']),
    );
    expect(done.progress.some((one) => one.package === 'nginx')).toBe(true);
    const shares = done.progress.map((one) => one.percent);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect((await scan(frost, 'web-01')).updates).toEqual([]);
    const after = await verify(frost, 'web-01');
    expect(after.packages.find((one) => one.name === 'iproute2')).toMatchObject({ auto: true, state: 'ii' });
    expect((await scan(frost, 'web-01', true)).facts.servicesToRestart).toEqual([
      'nginx.service',
      'ssh.service',
    ]);

    const back = driver.rollbackJob({ capture: task.capture, actions: task.actions, lockTimeoutSeconds: 30 });
    expect(await start(frost, 'web-01', 'task-1-rb', back.script)).toBe('started');
    const undone = await follow(frost, 'web-01', 'task-1-rb');
    expect(good(driver.judgeJob('rollback', undone.code ?? -1, undone.log))).toBeUndefined();
    const now = await verify(frost, 'web-01');
    expect(driver.compare(task.capture, now.packages, task.actions)).toEqual({
      equal: true,
      versions: [],
      marks: [],
    });
    expect(now.packages).toEqual(before.packages);
  });

  test('a second start of the same job does nothing', async () => {
    expect(await start(frost, 'web-01', 'task-1', 'exit 9')).toBe('already');
    expect((await follow(frost, 'web-01', 'task-1')).code).toBe(0);
  });

  test('one whose new package fails says which and why, and can be brought back', async () => {
    const task = await prepare(frost, 'app-01', 'task-2');
    const apply = driver.applyJob({ stages: task.stages, actions: task.actions, lockTimeoutSeconds: 30 });
    await start(frost, 'app-01', 'task-2', apply.script);
    const failed = await follow(frost, 'app-01', 'task-2');
    expect(driver.judgeJob('apply', failed.code ?? -1, failed.log)).toMatchObject({
      ok: false,
      error: {
        code: 'host.not-applied',
        packages: ['nodejs'],
        message: expect.stringContaining('legacy_listen'),
      },
    });
    const broken = await scan(frost, 'app-01');
    expect(broken.facts.broken).toEqual([{ name: 'nodejs', state: expect.stringContaining('iF') }]);
    // All else of the stage is in place.
    expect(broken.packages.find((one) => one.name === 'openssl')?.version).toBe('3.0.15-1~deb12u1');

    const back = driver.rollbackJob({ capture: task.capture, actions: task.actions, lockTimeoutSeconds: 30 });
    await start(frost, 'app-01', 'task-2-rb', back.script);
    const undone = await follow(frost, 'app-01', 'task-2-rb');
    expect(undone.code).toBe(0);
    const now = await verify(frost, 'app-01');
    expect(driver.compare(task.capture, now.packages, task.actions).equal).toBe(true);
  });

  test('one with an old kernel wants a reboot after the new one', async () => {
    const task = await prepare(frost, 'cache-01', 'task-3', ['linux-image-amd64']);
    expect(task.simulation.reboot).toBe(true);
    expect(task.actions.map((action) => `${action.action} ${action.name}`).sort()).toEqual([
      'install linux-image-6.1.0-27-amd64',
      'upgrade linux-image-amd64',
    ]);
    const apply = driver.applyJob({ stages: task.stages, actions: task.actions, lockTimeoutSeconds: 30 });
    await start(frost, 'cache-01', 'task-3', apply.script);
    expect((await follow(frost, 'cache-01', 'task-3')).code).toBe(0);
    expect(await verify(frost, 'cache-01')).toMatchObject({
      rebootRequired: true,
      rebootReasons: ['linux-image-6.1.0-27-amd64', 'kernel 6.1.0-27-amd64 is installed'],
    });
    expect((await scan(frost, 'cache-01')).facts).toMatchObject({
      kernel: '6.1.0-26-amd64',
      newestKernel: '6.1.0-27-amd64',
      rebootRequired: true,
    });
  });
});

describe.skipIf(onWindows)('the fleet as a process', () => {
  test('keeps its state, keys and ports over a restart', async () => {
    vi.stubEnv('FROSTLINE_DEMO_PACE', '0');
    const dir = newFolder();
    try {
      const first = await startConsole(dir, 2);
      const task = await prepare(first, 'web-01', 'task-1', ['openssl', 'libssl3']);
      const { script } = driver.applyJob({
        stages: task.stages,
        actions: task.actions,
        lockTimeoutSeconds: 30,
      });
      await start(first, 'web-01', 'task-1', script);
      await follow(first, 'web-01', 'task-1');
      const state = await verify(first, 'web-01');
      await first.stop();
      const second = await startConsole(dir, 2);
      expect(second.fleet.hosts).toEqual(first.fleet.hosts);
      expect(await verify(second, 'web-01')).toEqual(state);
      await second.stop();
    } finally {
      removeFolder(dir);
    }
  });

  describe('with a slow job', () => {
    let dir: string;
    let frost: Console;
    beforeAll(async () => {
      vi.stubEnv('FROSTLINE_DEMO_PACE', '20000');
      dir = newFolder();
      frost = await startConsole(dir, 1);
      const task = await prepare(frost, 'web-01', 'task-1', ['openssl', 'libssl3']);
      const { script } = driver.applyJob({
        stages: task.stages,
        actions: task.actions,
        lockTimeoutSeconds: 30,
      });
      await start(frost, 'web-01', 'task-1', script);
    });
    afterEach(() => vi.unstubAllEnvs());
    afterAll(() => removeFolder(dir));

    test('a job outlives the connection that started it, and nothing outlives the fleet', async () => {
      const inspect = async () =>
        good(
          parseInspect(good(await frost.run('web-01', inspectJob({ nonce: NONCE, token: 'task-1' }))), NONCE),
        );
      expect((await inspect()).state).toBe('running');
      frost.transport.release();
      expect((await inspect()).state).toBe('running');
      const folder = join(dir, 'hosts');
      expect(processesOf(folder).length).toBeGreaterThan(0);
      await frost.stop();
      await vi.waitFor(() => expect(processesOf(folder)).toEqual([]), { timeout: 10_000, interval: 50 });
    });
  });
});

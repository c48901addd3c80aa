/** Demo hosts that are restarted by what Frostline would run on them, and what going back can rely on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { removeJobs } from '../../../main/core/jobs/job.ts';
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

/** Ten hosts: app-02 is slow, db-02 has an old kernel, web-04 has forgotten old versions, and web-02 stays down. */
const HOSTS = 10;
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describe.skipIf(process.platform === 'win32')('a demo host', () => {
  let dir: string;
  let frost: Console;
  beforeAll(async () => {
    vi.stubEnv('FROSTLINE_DEMO_PACE', '0');
    vi.stubEnv('FROSTLINE_DEMO_STAYS_DOWN', 'web-02');
    dir = newFolder();
    frost = await startConsole(dir, HOSTS);
  });
  afterAll(async () => {
    await frost.stop();
    removeFolder(dir);
    vi.unstubAllEnvs();
  });

  const reboot = (name: string, root = true) =>
    frost.run(name, {
      script: '"$FROSTLINE_ROOT/sbin/frostline-reboot"\n',
      root,
      timeoutMs: 30_000,
      maxOutputBytes: 10_000,
    });
  const bootId = (name: string) =>
    readFileSync(join(dir, 'hosts', name, 'proc/sys/kernel/random/boot_id'), 'utf8');
  /** Asks until the host answers; whether it was away in between. */
  const untilBack = async (name: string, before: string): Promise<boolean> => {
    await vi.waitFor(() => expect(bootId(name)).not.toBe(before), { timeout: 30_000, interval: 5 });
    let away = false;
    await vi.waitFor(
      async () => {
        const answer = await frost.run(name, driver.verify({ nonce: NONCE }));
        away ||= !answer.ok && answer.error.code === 'host.unreachable';
        expect(answer.ok).toBe(true);
      },
      { timeout: 30_000, interval: 20 },
    );
    return away;
  };
  const patch = async (name: string, token: string, only: string[]) => {
    const task = await prepare(frost, name, token, only);
    const job = driver.applyJob({ stages: task.stages, actions: task.actions, lockTimeoutSeconds: 30 });
    await start(frost, name, token, job.script);
    const done = await follow(frost, name, token);
    expect(done.code).toBe(0);
    return task;
  };

  test('restarts into its newest kernel, is away meanwhile, and keeps the folders of its jobs', async () => {
    await patch('db-02', 'task-1', ['linux-image-amd64']);
    expect((await scan(frost, 'db-02')).facts).toMatchObject({
      kernel: '6.1.0-26-amd64',
      rebootRequired: true,
    });
    const before = bootId('db-02');
    await reboot('db-02');
    expect(await untilBack('db-02', before)).toBe(true);
    const { facts } = await scan(frost, 'db-02');
    expect(facts).toMatchObject({
      kernel: '6.1.0-27-amd64',
      newestKernel: '6.1.0-27-amd64',
      rebootRequired: false,
      rebootReasons: [],
      bootId: bootId('db-02').trim(),
    });
    expect(Date.now() - Date.parse(facts.bootedAt ?? '')).toBeLessThan(120_000);
    expect((await follow(frost, 'db-02', 'task-1')).code).toBe(0);
  });

  test('wants a restart after its C library, and not after what needs none', async () => {
    await patch('cache-01', 'task-1', ['curl', 'libcurl4']);
    expect(await verify(frost, 'cache-01')).toMatchObject({ rebootRequired: false });
    await patch('cache-01', 'task-2', ['libc6', 'libc-bin']);
    expect(await verify(frost, 'cache-01')).toMatchObject({ rebootRequired: true, rebootReasons: ['libc6'] });
    const before = bootId('cache-01');
    await reboot('cache-01');
    await untilBack('cache-01', before);
    expect(await verify(frost, 'cache-01')).toMatchObject({ rebootRequired: false });
    const { updates } = await scan(frost, 'web-01');
    expect(updates.map((update) => update.name)).not.toContain('libc6');
  });

  test('takes a job that runs down with it, and says so afterwards', async () => {
    const before = bootId('app-01');
    await start(frost, 'app-01', 'task-long', 'sleep 600');
    await reboot('app-01');
    await untilBack('app-01', before);
    expect((await follow(frost, 'app-01', 'task-long')).end).toEqual({
      kind: 'died',
      reason: 'the host was restarted while the job ran',
    });
    await frost.run('app-01', removeJobs({ nonce: NONCE, tokens: ['task-long'] }));
  });

  test('is restarted by root only', async () => {
    const before = bootId('web-01');
    expect(good(await reboot('web-01', false))).toMatchObject({ exitCode: 1 });
    expect(bootId('web-01')).toBe(before);
  });

  test('can be one that stays down, named so, until the fleet is started again', async () => {
    const named = (console: Console) => console.fleet.hosts.filter((host) => host.tags.restart !== undefined);
    expect(named(frost).map((host) => [host.name, host.tags.restart])).toEqual([['web-02', 'stays-down']]);
    await reboot('web-02');
    await vi.waitFor(() => expect(frost.said()).toContain('a demo host stays down'), {
      timeout: 30_000,
      interval: 10,
    });
    expect(await frost.run('web-02', driver.verify({ nonce: NONCE }))).toMatchObject({
      ok: false,
      error: { code: 'host.unreachable' },
    });
    await frost.stop();
    vi.stubEnv('FROSTLINE_DEMO_STAYS_DOWN', '');
    frost = await startConsole(dir, HOSTS);
    expect(named(frost)).toEqual([]);
    expect((await frost.run('web-02', driver.verify({ nonce: NONCE }))).ok).toBe(true);
  });

  test('shows each kind of proof, with its reason', async () => {
    const proofOf = async (name: string, packages: string[]) => {
      const { simulation } = await prepare(frost, name, `proof-${name}`, packages);
      return Object.fromEntries(simulation.proof.map((one) => [one.package, one]));
    };
    expect(await proofOf('web-01', ['tzdata'])).toMatchObject({ tzdata: { proof: 'proven' } });
    expect(await proofOf('db-01', ['postgresql-15', 'libpq5', 'postgresql-client-15'])).toMatchObject({
      libpq5: { proof: 'proven' },
      'postgresql-15': { proof: 'best-effort', reason: expect.stringContaining('migrate its data') },
    });
    const forgetful = await proofOf('web-04', ['tzdata', 'acme-agent', 'openssl', 'libssl3']);
    expect(forgetful).toMatchObject({
      openssl: { proof: 'proven' },
      'acme-agent': { proof: 'impossible', reason: expect.stringContaining('4.1.7') },
    });
    // What this host has of it, no other one could give it.
    for (const name of ['web-01', 'web-03'])
      expect((await verify(frost, name)).packages.map((one) => one.name)).not.toContain('acme-agent');
  });
});

/** Plan, run, rollback over a simulated fleet: what an admin sees happen, with the faults that real hosts have. */
import { beforeEach, describe, expect, it } from 'vitest';
import { frostError } from '../../../shared/errors.ts';
import { TestConsole, value } from './console.ts';

let admin: TestConsole;
beforeEach(() => {
  admin = new TestConsole();
});

const fleetOf = (count: number): void => admin.fleetOf(count);
const versions = (host: string) => admin.versions(host);

describe('a plan', () => {
  it('shows per host what would change, with concrete parameters, and changes nothing', async () => {
    fleetOf(3);
    admin.fleet.host('h2').needs.set('nginx', ['libnew']);
    admin.fleet.host('h3').packages.set('curl', { version: '2', state: 'ii', auto: false });
    admin.fleet.host('h3').packages.set('nginx', { version: '4', state: 'ii', auto: false });
    const plan = await admin.plan({ concurrency: '50%', maxFailures: '50%' });
    expect(plan.parameters).toMatchObject({ targets: 3, concurrency: 1, abortsAtFailure: 2 });
    expect(plan.hosts.map((host) => [host.host, host.state])).toEqual([
      ['h1', 'ready'],
      ['h2', 'ready'],
      ['h3', 'compliant'],
    ]);
    expect(plan.hosts[1]?.actions).toEqual([
      expect.objectContaining({ action: 'upgrade', name: 'curl', from: '1', to: '2', stage: 0 }),
      expect.objectContaining({ action: 'install', name: 'libnew', dependency: true, stage: 1 }),
      expect.objectContaining({ action: 'upgrade', name: 'nginx', from: '1', to: '3', stage: 1 }),
    ]);
    for (const host of admin.fleet.hosts.values()) expect(host.mutations).toEqual([]);
  });

  it('never calls a host compliant that was not reached', async () => {
    fleetOf(2);
    admin.snapshot([], 2);
    admin.fleet.host('h1').faults.unreachable = true;
    const plan = await admin.plan();
    expect(plan.hosts.map((host) => host.state)).toEqual(['unreachable', 'compliant']);
    expect(plan.hosts[0]?.error).toMatchObject({ code: 'host.unreachable', host: 'h1' });
  });

  it('reads the lists anew where the host does not know a requested version', async () => {
    fleetOf(1);
    admin.fleet.host('h1').unlisted.add('curl=2');
    const plan = await admin.plan();
    expect(plan.hosts[0]).toMatchObject({ state: 'ready' });
    expect(admin.fleet.host('h1').lists).toBe('fresh');
  });

  it('leaves out no refusal: freeze, unknown version, missing root, missing proof', async () => {
    fleetOf(3);
    admin.refusals = (host) => (host === 'h1' ? [{ code: 'freeze.other-snapshot', message: 'frozen' }] : []);
    admin.fleet.host('h2').unlisted.add('curl=2');
    admin.fleet.host('h2').faults.rootError = frostError('host.sudo-refused', 'no');
    const plan = await admin.plan();
    expect(plan.hosts.map((host) => [host.state, host.refusals.map((r) => r.code)])).toEqual([
      ['refused', ['freeze.other-snapshot']],
      ['refused', ['host.version-unavailable']],
      ['ready', []],
    ]);
  });

  it('has a hash that follows from what it would do, and from nothing else', async () => {
    fleetOf(2);
    const first = await admin.plan();
    const again = await admin.plan();
    expect(again.hash).toBe(first.hash);
    expect((await admin.plan({ concurrency: '1' })).hash).not.toBe(first.hash);
    admin.fleet.host('h1').packages.set('curl', { version: '1.5', state: 'ii', auto: false });
    expect((await admin.plan()).hash).not.toBe(first.hash);
  });

  it('of nobody is refused', async () => {
    fleetOf(1);
    await expect(admin.plan({}, ['nobody-*'])).rejects.toThrow(/plan\.empty/);
  });
});

describe('a run', () => {
  it('takes every host through its states to what was planned', async () => {
    fleetOf(3);
    const id = await admin.start({ concurrency: '2' });
    const run = await admin.finish(id);
    expect(run).toMatchObject({ verdict: 'success', counts: { succeeded: 3 } });
    for (const host of ['h1', 'h2', 'h3'])
      expect(versions(host)).toEqual({ curl: '2', nginx: '3', tzdata: '5' });
    expect(run.tasks[0]).toMatchObject({
      from: [
        { name: 'curl', version: '1' },
        { name: 'nginx', version: '1' },
      ],
      to: [
        { name: 'curl', version: '2' },
        { name: 'nginx', version: '3' },
      ],
    });
    const path = admin
      .events(id)
      .flatMap((event) => (event.type === 'task.state' && event.host === 'h1' ? [event.to] : []));
    expect(path).toEqual([
      'connecting',
      'checking',
      'simulating',
      'capturing',
      'staging',
      'applying',
      'verifying',
      'succeeded',
    ]);
    expect(value(await admin.runs.check({ id })).runs).toEqual([{ id, agrees: true, differences: [] }]);
  });

  it('tells each time it has come to rest, so that its hosts can be looked at anew', async () => {
    fleetOf(2);
    const id = await admin.start({});
    expect(admin.rested).toEqual([]);
    await admin.finish(id);
    expect(admin.rested.map((run) => [run.id, run.verdict])).toEqual([[id, 'success']]);
    value(await admin.runs.rollback({ id }));
    await admin.finish(id);
    expect(admin.rested.map((run) => run.verdict)).toEqual(['success', 'rolled-back']);
  });

  it('streams output and progress of the job', async () => {
    fleetOf(1);
    const id = await admin.start();
    await admin.finish(id);
    const { lines } = value(await admin.runs.output({ id, host: 'h1', limit: 100 }));
    expect(lines).toEqual(['apply begins', 'Setting up curl (2) ...', 'Setting up nginx (3) ...']);
    const percents = admin
      .events(id)
      .flatMap((event) => (event.type === 'task.progress' ? [event.percent] : []));
    expect(percents).toEqual([50, 100]);
  });

  it('starts only with the hash of the plan that was shown', async () => {
    fleetOf(1);
    const plan = await admin.plan();
    const started = await admin.runs.start({ planId: plan.id, hash: `sha256:${'0'.repeat(64)}` });
    expect(started).toMatchObject({ ok: false, error: { code: 'state.conflict' } });
  });

  it('does not take a host that another run holds', async () => {
    fleetOf(2);
    const [first, second] = [await admin.plan(), await admin.plan({}, ['h2'])];
    value(await admin.runs.start({ planId: first.id, hash: first.hash }));
    expect(admin.runs.activeRun(admin.fleet.host('h2').host.id)).toBeDefined();
    const refused = await admin.runs.start({ planId: second.id, hash: second.hash });
    expect(refused).toMatchObject({ ok: false, error: { code: 'host.busy', host: 'h2' } });
  });

  it('stops a host whose packages changed since the plan, and changes nothing on it', async () => {
    fleetOf(2);
    const plan = await admin.plan({ maxFailures: '100%' });
    admin.fleet.host('h1').packages.set('curl', { version: '1.5', state: 'ii', auto: false });
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.states(run.id)).toEqual({ h1: 'failed', h2: 'succeeded' });
    expect(admin.run(run.id).tasks[0]?.error).toMatchObject({ code: 'plan.drifted', packages: ['curl'] });
    expect(admin.fleet.host('h1').mutations).toEqual([]);
  });

  it('calls a host compliant that was brought there by other means meanwhile', async () => {
    fleetOf(1);
    const plan = await admin.plan();
    admin.fleet.host('h1').packages.set('curl', { version: '2', state: 'ii', auto: false });
    admin.fleet.host('h1').packages.set('nginx', { version: '3', state: 'ii', auto: false });
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.run(run.id)).toMatchObject({ verdict: 'success', counts: { compliant: 1 } });
  });

  it('asks the freeze again when a task starts, and once more before it applies', async () => {
    fleetOf(2);
    const plan = await admin.plan({ concurrency: '1' });
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    let asked = 0;
    admin.refusals = (host) => {
      if (host === 'h1') asked += 1;
      const frozen = host === 'h2' || asked > 3;
      return frozen ? [{ code: 'freeze.unlisted-package', package: 'curl', message: 'not listed' }] : [];
    };
    await admin.finish(run.id);
    expect(admin.states(run.id)).toEqual({ h1: 'refused', h2: 'refused' });
    expect(admin.run(run.id)).toMatchObject({ verdict: 'refused' });
    expect(admin.run(run.id).tasks[0]?.error).toMatchObject({
      code: 'freeze.unlisted-package',
      packages: ['curl'],
    });
    for (const host of ['h1', 'h2']) expect(admin.fleet.host(host).mutations).toEqual([]);
    // The first was refused at the last moment, after its download.
    expect(admin.fleet.host('h1').commands.get('stage')).toBe(1);
  });

  it('fails a host without root before anything is downloaded', async () => {
    fleetOf(1);
    admin.fleet.host('h1').faults.rootError = frostError('host.sudo-refused', 'not in the sudoers file');
    const id = await admin.start();
    const run = await admin.finish(id);
    expect(run.tasks[0]).toMatchObject({ state: 'failed', error: { code: 'host.sudo-refused', host: 'h1' } });
    expect(admin.fleet.host('h1').commands.get('capture')).toBeUndefined();
  });

  it('rolls a host back whose package breaks, to exactly what it had', async () => {
    fleetOf(2);
    admin.fleet.host('h1').faults.failing.add('nginx');
    admin.fleet.host('h1').needs.set('curl', ['libnew']);
    const id = await admin.start({ maxFailures: '100%' });
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'rolled-back', h2: 'succeeded' });
    expect(versions('h1')).toEqual({ curl: '1', nginx: '1', tzdata: '5' });
    expect(admin.run(id).tasks[0]).toMatchObject({
      error: { code: 'host.command-failed', packages: ['nginx'] },
      difference: { equal: true },
    });
    expect(admin.run(id).verdict).toBe('partial');
  });

  it('says so when the rollback does not bring it back', async () => {
    fleetOf(1);
    const { faults } = admin.fleet.host('h1');
    faults.failing.add('nginx');
    faults.rollbackFails = true;
    const id = await admin.start();
    await admin.finish(id);
    expect(admin.run(id).tasks[0]).toMatchObject({
      state: 'rollback-failed',
      error: { code: 'host.not-restored' },
      difference: { equal: false },
    });
    expect(admin.run(id).verdict).toBe('failed');
    faults.rollbackFails = false;
    value(await admin.runs.rollback({ id, hosts: ['h1'] }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'rolled-back' });
    expect(versions('h1')).toEqual({ curl: '1', nginx: '1', tzdata: '5' });
  });

  it('keeps a failed host where the parameters say so, and a retry finishes the rest on the first capture', async () => {
    fleetOf(1);
    const { faults } = admin.fleet.host('h1');
    faults.dieAfter = 1;
    const id = await admin.start({ onFailure: 'keep' });
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'failed' });
    expect(admin.run(id).tasks[0]?.error?.code).toBe('host.job-lost');
    expect(versions('h1')).toMatchObject({ curl: '2', nginx: '1' });
    value(await admin.runs.retry({ id }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    value(await admin.runs.rollback({ id }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'rolled-back' });
    expect(versions('h1')).toMatchObject({ curl: '1', nginx: '1' });
  });

  it('mends on a retry what a kept failure left half-configured, once its cause is gone', async () => {
    fleetOf(1);
    const { faults } = admin.fleet.host('h1');
    faults.failing.add('nginx');
    const id = await admin.start({ onFailure: 'keep' });
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'failed' });
    expect(admin.fleet.host('h1').packages.get('nginx')).toMatchObject({ version: '3', state: 'iF' });
    faults.failing.clear();
    value(await admin.runs.retry({ id }));
    await admin.finish(id);
    expect(admin.run(id)).toMatchObject({ verdict: 'success', counts: { succeeded: 1 } });
    expect(admin.fleet.host('h1').packages.get('nginx')).toMatchObject({ version: '3', state: 'ii' });
    value(await admin.runs.rollback({ id }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'rolled-back' });
    expect(versions('h1')).toMatchObject({ curl: '1', nginx: '1' });
  });

  it('aborts when the failures exceed the limit: nothing new starts, what runs finishes', async () => {
    fleetOf(6);
    for (const host of ['h1', 'h2']) admin.fleet.host(host).faults.failing.add('curl');
    const id = await admin.start({ concurrency: '2', maxFailures: '1', onFailure: 'keep' });
    const run = await admin.finish(id);
    expect(run).toMatchObject({ verdict: 'aborted', abortReason: expect.stringContaining('2 of 6') });
    // h3 took the slot of h1 before h2 failed too; it was let finish.
    expect(run.counts).toEqual({ failed: 2, succeeded: 1, terminated: 3 });
  });
});

/** What comes with a task beside its packages: the admin's own commands, the restart, and the health probe. */
import { beforeEach, describe, expect, it } from 'vitest';
import { caller, TestConsole, value } from './console.ts';

let admin: TestConsole;
beforeEach(() => {
  admin = new TestConsole();
});

const tokens = (host: string): string[] =>
  [...admin.fleet.host(host).jobs.keys()].map((t) => t.replace(/^.*-(?=\d)/, ''));
const way = (id: string, host: string): string[] =>
  admin.events(id).flatMap((e) => (e.type === 'task.state' && e.host === host ? [e.to] : []));

describe('hooks', () => {
  it('run once each, before the packages are changed and after they are in place', async () => {
    admin.fleetOf(1);
    const id = await admin.start({ before: 'drain web', after: 'undrain web' });
    expect((await admin.finish(id)).verdict).toBe('success');
    expect(tokens('h1')).toEqual(['1-before', '1', '1-after']);
    const [job] = admin.fleet.host('h1').jobs.values();
    expect(job?.body.kind === 'hook' && job.body.script).toContain("'drain web'");
  });

  it('that fail beforehand leave the host as it was', async () => {
    admin.fleetOf(1);
    const id = await admin.start({ before: 'exit 3' });
    const [task] = (await admin.finish(id)).tasks;
    expect(task).toMatchObject({ state: 'failed', error: { code: 'host.hook-failed', host: 'h1' } });
    expect(admin.fleet.host('h1').mutations).toEqual([]);
  });

  it('that fail afterwards are a failed host: it is undone, or kept, as the run says', async () => {
    admin.fleetOf(1);
    const undone = await admin.start({ after: 'exit 3' });
    expect((await admin.finish(undone)).tasks[0]).toMatchObject({
      state: 'rolled-back',
      error: { code: 'host.hook-failed' },
    });
    expect(admin.versions('h1')).toMatchObject({ curl: '1', nginx: '1' });
    const kept = await admin.start({ after: 'exit 3', onFailure: 'keep' });
    expect((await admin.finish(kept)).tasks[0]).toMatchObject({ state: 'failed' });
    expect(admin.versions('h1')).toMatchObject({ curl: '2', nginx: '3' });
  });

  it('are not repeated by a console that was killed while they ran', async () => {
    admin.fleetOf(1);
    const id = await admin.start({ before: 'drain web' });
    const host = admin.fleet.host('h1');
    await admin.until(() => host.jobs.size === 1);
    await admin.runs.close();
    await admin.restart();
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    expect(tokens('h1')).toEqual(['1-before', '1']);
  });

  it('of a host that is lost before its change: nothing was changed, and a retry looks for the hook first', async () => {
    admin.fleetOf(1);
    const host = admin.fleet.host('h1');
    const id = await admin.start({ before: 'drain web', hookTimeout: '60s' });
    await admin.until(() => host.commands.has('stage'));
    host.faults.awayUntil = admin.clock.now() + 3_600_000;
    const [task] = (await admin.finish(id)).tasks;
    expect(task).toMatchObject({ state: 'interrupted' });
    expect(host.mutations).toEqual([]);
    await admin.until(() => admin.clock.now() > host.faults.awayUntil);
    value(await admin.runs.retry({ id }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
  });
});

describe('the health probe', () => {
  it('is asked again until the host is healthy', async () => {
    admin.fleetOf(1);
    admin.fleet.host('h1').faults.probes = [1, 1, 0];
    const id = await admin.start({ probe: 'curl -f localhost', probeRetries: 3, probeInterval: '5s' });
    expect((await admin.finish(id)).verdict).toBe('success');
    const waits = admin
      .events(id)
      .flatMap((event) => (event.type === 'task.progress' ? (event.waitingFor ?? []) : []));
    expect(waits).toContain('the health probe to pass (2 of 4 tries failed)');
  });

  it('that never passes undoes the host, whose packages were all in place', async () => {
    admin.fleetOf(1);
    admin.fleet.host('h1').faults.probes = [7];
    const id = await admin.start({ probe: 'curl -f localhost', probeRetries: 1, probeInterval: '5s' });
    expect((await admin.finish(id)).tasks[0]).toMatchObject({
      state: 'rolled-back',
      error: { code: 'host.probe-failed', message: expect.stringContaining('ended with 7') },
    });
    expect(admin.versions('h1')).toMatchObject({ curl: '1', nginx: '1' });
  });
});

describe('a restart', () => {
  it('never happens where the host does not ask for one', async () => {
    admin.fleetOf(2);
    admin.fleet.host('h2').wantsReboot = true;
    const id = await admin.start({ reboot: 'if-required' });
    const run = await admin.finish(id);
    expect(admin.fleet.host('h1').restarts).toEqual([]);
    expect(admin.fleet.host('h2').restarts).toHaveLength(1);
    expect(way(id, 'h1')).not.toContain('rebooting');
    expect(way(id, 'h2').slice(-4)).toEqual(['verifying', 'rebooting', 'verifying', 'succeeded']);
    expect(run.tasks).toMatchObject([{ host: 'h1' }, { host: 'h2', rebooted: true, rebootRequired: false }]);
    expect(run.tasks[0]?.rebooted).toBeUndefined();
  });

  it('never happens by itself, and always when that is asked', async () => {
    admin.fleetOf(1);
    admin.fleet.host('h1').wantsReboot = true;
    const never = await admin.start();
    expect((await admin.finish(never)).tasks[0]).toMatchObject({ state: 'succeeded', rebootRequired: true });
    expect(admin.fleet.host('h1').restarts).toEqual([]);
    admin.fleet.host('h1').wantsReboot = false;
    admin.snapshot([{ name: 'curl', version: '9' }], 2);
    await admin.finish(await admin.start({ reboot: 'always' }));
    expect(admin.fleet.host('h1').restarts).toHaveLength(1);
  });

  it('does not happen to a host whose packages did not go in', async () => {
    admin.fleetOf(1);
    admin.fleet.host('h1').faults.failing.add('nginx');
    const id = await admin.start({ reboot: 'always' });
    expect((await admin.finish(id)).tasks[0]?.state).toBe('rolled-back');
    expect(admin.fleet.host('h1').restarts).toEqual([]);
  });

  it('comes before the hook and the probe, which look at what runs now', async () => {
    admin.fleetOf(1);
    const host = admin.fleet.host('h1');
    host.faults.probes = [0];
    const id = await admin.start({ reboot: 'always', after: 'undrain', probe: 'curl' });
    await admin.finish(id);
    expect(tokens('h1')).toEqual(['1', '1-after']);
    expect(way(id, 'h1').slice(-3)).toEqual(['rebooting', 'verifying', 'succeeded']);
  });

  it('from which the host does not come back asks for a person, with what is known; a retry looks, and restarts nothing', async () => {
    admin.fleetOf(1);
    const host = admin.fleet.host('h1');
    host.faults.restart = 'never';
    const id = await admin.start({ reboot: 'always', rebootTimeout: '10m' });
    const [task] = (await admin.finish(id)).tasks;
    expect(task).toMatchObject({ state: 'needs-attention', error: { code: 'host.reboot-failed' } });
    expect(task?.error?.message).toContain('did not come back from its restart within 600 s');
    host.faults.awayUntil = 0;
    value(await admin.runs.retry({ id }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    expect(host.restarts).toHaveLength(1);
    expect(host.mutations).toEqual(['curl 1→2', 'nginx 1→3']);
  });

  it('that brings the old kernel is a failed host, and is undone', async () => {
    admin.fleetOf(1);
    admin.fleet.host('h1').faults.restart = 'old-kernel';
    const id = await admin.start({ reboot: 'always' });
    expect((await admin.finish(id)).tasks[0]).toMatchObject({
      state: 'rolled-back',
      error: { code: 'host.reboot-failed', message: expect.stringContaining('6.2 is installed') },
    });
  });

  it('is not asked for twice by a console that was killed while the host was away', async () => {
    admin.fleetOf(1);
    const host = admin.fleet.host('h1');
    const id = await admin.start({ reboot: 'always' });
    await admin.until(() => host.restarts.length === 1);
    await admin.runs.close();
    await admin.clock.advance(5000);
    await admin.restart();
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    expect(host.restarts).toHaveLength(1);
  });
});

it('accepting a run takes the folders of its hooks from the host too', async () => {
  admin.fleetOf(1);
  const id = await admin.start({ before: 'drain web', after: 'undrain web' });
  await admin.finish(id);
  expect(admin.fleet.host('h1').jobs.size).toBe(3);
  expect(value(await admin.runs.accept({ id }, caller())).cleaned).toEqual(['h1']);
  expect(admin.fleet.host('h1').jobs.size).toBe(0);
});

/** What an admin sees when things go wrong under a run, or when the operator steps in: lost connections, aborts, a full store, a closing console. */
import { beforeEach, describe, expect, it } from 'vitest';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { caller, TestConsole, value } from './console.ts';

let admin: TestConsole;
beforeEach(() => {
  admin = new TestConsole();
});

const fleetOf = (count: number): void => admin.fleetOf(count);
const versions = (host: string) => admin.versions(host);

describe('a lost connection', () => {
  it('changes the display and nothing else: the job is followed on from where it was', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    host.faults.dropFollows = 3;
    const id = await admin.start();
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    expect(host.mutations).toEqual(['curl 1→2', 'nginx 1→3']);
    const { lines } = value(await admin.runs.output({ id, host: 'h1', limit: 100 }));
    expect(lines).toEqual(['apply begins', 'Setting up curl (2) ...', 'Setting up nginx (3) ...']);
    const waits = admin
      .events(id)
      .flatMap((event) => (event.type === 'task.progress' ? (event.waitingFor ?? []) : []));
    expect(waits).toContain('host to answer again (2nd try)');
  });

  it('at the very start does not start the job twice', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    host.faults.loseStarts = 1;
    const id = await admin.start();
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    expect(host.mutations).toEqual(['curl 1→2', 'nginx 1→3']);
    expect(host.commands.get('start')).toBe(1);
  });

  it('that outlasts the time limit leaves the host interrupted; a retry finds its job, over and done', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    const id = await admin.start({ timeout: '10m' });
    await admin.until(() => host.commands.has('start'));
    host.faults.awayUntil = admin.clock.now() + 3_600_000;
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'interrupted' });
    await admin.until(() => admin.clock.now() > host.faults.awayUntil);
    value(await admin.runs.retry({ id }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    expect(host.mutations).toEqual(['curl 1→2', 'nginx 1→3']);
    expect(host.commands.get('start')).toBe(1);
  });

  it('by a power cut in the middle: judged by what the host has, and rolled back', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    host.faults.dieAfter = 1;
    const id = await admin.start();
    await admin.finish(id);
    expect(admin.run(id).tasks[0]).toMatchObject({ state: 'rolled-back', error: { code: 'host.job-lost' } });
    expect(versions('h1')).toMatchObject({ curl: '1', nginx: '1' });
  });

  it('of a job that outlives its time limit: asked to stop, and left to a person', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    host.faults.hang = true;
    const id = await admin.start({ timeout: '10m' });
    await admin.finish(id);
    expect(admin.run(id).tasks[0]).toMatchObject({
      state: 'needs-attention',
      error: { code: 'host.timeout' },
    });
    expect([...host.jobs.values()][0]?.stop).toBe(true);
    // Undoing under a running job would break it.
    value(await admin.runs.rollback({ id }));
    await admin.finish(id);
    expect(admin.run(id).tasks[0]).toMatchObject({ state: 'needs-attention', error: { code: 'host.busy' } });
    host.faults.hang = false;
    value(await admin.runs.rollback({ id }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'rolled-back' });
  });

  it('before anything was changed makes the host unreachable, after trying again', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    const plan = await admin.plan();
    host.faults.script = [frostError('host.connection-lost', 'reset')];
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.states(run.id)).toEqual({ h1: 'succeeded' });
    const again = await admin.plan();
    host.faults.unreachable = true;
    const second = value(await admin.runs.start({ planId: again.id, hash: again.hash })).run.id;
    await admin.finish(second);
    expect(admin.run(second)).toMatchObject({ verdict: 'unreachable', counts: { unreachable: 1 } });
  });

  it('is told from a phase that only took too long on a host that answers', async () => {
    fleetOf(2);
    const plan = await admin.plan();
    const late = frostError('host.timeout', 'A command on h1 did not end within 3600 s.');
    // Connecting and checking go well; then the simulation does not end, or (after its two rounds) the capture does not.
    admin.fleet.host('h1').faults.script = [null, null, late];
    admin.fleet.host('h2').faults.script = [null, null, null, null, late, late];
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.run(run.id).tasks).toMatchObject([
      { host: 'h1', state: 'failed', error: { code: 'host.too-slow' } },
      { host: 'h2', state: 'unreachable', error: { code: 'host.timeout' } },
    ]);
  });

  it('is tried again as often as the run says, and no more', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    const refused = frostError('host.unreachable', 'connection refused');
    const plan = await admin.plan({ retries: 3 });
    host.faults.script = [refused, refused, refused];
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.finish(run.id);
    expect(admin.states(run.id)).toEqual({ h1: 'succeeded' });
    const none = await admin.plan({ retries: 0 });
    host.faults.script = [refused];
    const second = value(await admin.runs.start({ planId: none.id, hash: none.hash })).run.id;
    await admin.finish(second);
    expect(admin.states(second)).toEqual({ h1: 'unreachable' });
  });

  it('that only falls silent is given up on, and the job followed on', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    host.faults.silent = 1;
    const id = await admin.start();
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded' });
    expect(host.commands.get('follow')).toBe(2);
    expect(host.mutations).toEqual(['curl 1→2', 'nginx 1→3']);
  });

  it('is not what a locked vault is: that is waited for', async () => {
    fleetOf(1);
    const host = admin.fleet.host('h1');
    const plan = await admin.plan();
    host.faults.vaultLocked = true;
    const { run } = value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    await admin.clock.advance(60_000);
    expect(admin.run(run.id).tasks[0]).toMatchObject({
      state: 'connecting',
      waitingFor: 'the vault to be unlocked',
    });
    host.faults.vaultLocked = false;
    await admin.finish(run.id);
    expect(admin.states(run.id)).toEqual({ h1: 'succeeded' });
  });
});

it('a defect in reading a host ends that task for a person to look, and nothing else', async () => {
  fleetOf(2);
  const { progress } = admin.fleet.driver;
  let broken = true;
  Object.assign(admin.fleet.driver, {
    progress: (line: string) => {
      if (broken && admin.fleet.host('h1').mutations.length > 0) throw new TypeError('not expected');
      return progress(line);
    },
  });
  const id = await admin.start({ concurrency: '1', maxFailures: '100%' });
  await admin.until(() => admin.states(id).h1 === 'needs-attention');
  broken = false;
  await admin.finish(id);
  expect(admin.states(id)).toEqual({ h1: 'needs-attention', h2: 'succeeded' });
  expect(admin.run(id).tasks[0]?.error).toMatchObject({
    code: 'internal',
    correlationId: expect.any(String),
  });
  value(await admin.runs.retry({ id }));
  await admin.finish(id);
  expect(admin.states(id)).toEqual({ h1: 'succeeded', h2: 'succeeded' });
  expect(admin.fleet.host('h1').mutations).toEqual(['curl 1→2', 'nginx 1→3']);
});

describe('the operator', () => {
  it('aborts and stops: before the next stage, and what was applied can be rolled back', async () => {
    fleetOf(3);
    const id = await admin.start({ concurrency: '2' });
    await admin.until(() => admin.fleet.host('h1').mutations.length === 1);
    value(await admin.runs.abort({ id, reason: 'wrong window', stopRunning: true }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'cancelled', h2: 'cancelled', h3: 'terminated' });
    expect(admin.run(id)).toMatchObject({ verdict: 'aborted', abortReason: 'wrong window' });
    expect(admin.run(id).tasks[0]?.to).toEqual([
      { name: 'curl', arch: 'amd64', version: '2' },
      { name: 'nginx', arch: 'amd64', version: '1' },
    ]);
    value(await admin.runs.rollback({ id }));
    await admin.finish(id);
    expect(versions('h1')).toMatchObject({ curl: '1', nginx: '1' });
    expect(admin.run(id).verdict).toBe('rolled-back');
  });

  it('aborts during a download: it ends at once', async () => {
    fleetOf(1);
    const id = await admin.start();
    value(await admin.runs.abort({ id, reason: 'stop', stopRunning: true }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'cancelled' });
    expect(await admin.runs.abort({ id, reason: 'again', stopRunning: false })).toMatchObject({
      ok: false,
      error: { code: 'state.conflict' },
    });
  });

  it('is told what a rollback would do, and rolls back one host', async () => {
    fleetOf(2);
    const id = await admin.start();
    await admin.finish(id);
    const { hosts } = value(await admin.runs.rollbackPreview({ id }));
    expect(hosts).toEqual(
      ['h1', 'h2'].map((host) => ({
        host,
        possible: true,
        restores: [
          { name: 'curl', arch: 'amd64', from: '2', to: '1' },
          { name: 'nginx', arch: 'amd64', from: '3', to: '1' },
        ],
      })),
    );
    value(await admin.runs.rollback({ id, hosts: ['h2'] }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded', h2: 'rolled-back' });
    expect(value(await admin.runs.difference({ id, host: 'h2' })).difference).toMatchObject({ equal: true });
    expect(value(await admin.runs.check({ id })).runs[0]?.agrees).toBe(true);
  });

  it('cannot go back under a later run', async () => {
    fleetOf(1);
    const first = await admin.start();
    await admin.finish(first);
    await admin.clock.advance(1000);
    admin.snapshot([{ name: 'curl', version: '3' }], 2);
    const second = await admin.start();
    await admin.finish(second);
    expect(await admin.runs.rollback({ id: first })).toMatchObject({
      ok: false,
      error: { code: 'state.conflict', host: 'h1' },
    });
    expect(value(await admin.runs.rollbackPreview({ id: first })).hosts[0]?.possible).toBe(false);
    value(await admin.runs.rollback({ id: second }));
    await admin.finish(second);
    value(await admin.runs.rollback({ id: first }));
    await admin.finish(first);
    expect(versions('h1')).toMatchObject({ curl: '1', nginx: '1' });
  });

  it('accepts: hosts are cleaned, and nothing can be undone any more', async () => {
    fleetOf(2);
    const id = await admin.start();
    await admin.finish(id);
    admin.fleet.host('h2').faults.unreachable = true;
    const accepted = value(await admin.runs.accept({ id }, caller()));
    expect(accepted).toMatchObject({ cleaned: ['h1'], notCleaned: [{ host: 'h2' }] });
    expect(accepted.run.acceptedAt).toBeDefined();
    expect(admin.fleet.host('h1').jobs.size).toBe(0);
    expect(await admin.runs.rollback({ id })).toMatchObject({ ok: false, error: { code: 'state.conflict' } });
    admin.fleet.host('h2').faults.unreachable = false;
    expect(value(await admin.runs.accept({ id }, caller())).cleaned).toEqual(['h1', 'h2']);
  });

  it('finds a run by the beginning of its id', async () => {
    fleetOf(1);
    const id = await admin.start();
    expect(value(await admin.runs.show({ id: id.slice(0, 6) })).run.id).toBe(id);
    expect(await admin.runs.show({ id: 'zzzz' })).toMatchObject({ ok: false, error: { code: 'not-found' } });
  });
});

describe('the store', () => {
  it('being full holds the run back until it is not: nothing is done that is not on record', async () => {
    fleetOf(1);
    const { store } = admin.ports;
    const { commitRun } = store;
    let full = false;
    store.commitRun = (commit) => {
      if (full) throw new FrostFault(frostError('store.full', 'no space left'));
      commitRun(commit);
      full = commit.run.tasks[0]?.state === 'simulating';
    };
    const id = await admin.start();
    await admin.clock.advance(60_000);
    expect(admin.states(id)).toEqual({ h1: 'simulating' });
    expect(admin.fleet.host('h1').commands.get('capture')).toBeUndefined();
    expect(await admin.runs.abort({ id, reason: 'x', stopRunning: false })).toMatchObject({
      ok: false,
      error: { code: 'store.full' },
    });
    store.commitRun = commitRun;
    await admin.finish(id);
    expect(admin.run(id)).toMatchObject({ verdict: 'success' });
    expect(value(await admin.runs.check({ id })).runs[0]?.agrees).toBe(true);
  });
});

describe('a console that closes', () => {
  it('lets the job go on, and the next one picks it up', async () => {
    fleetOf(2);
    const id = await admin.start({ concurrency: '1' });
    await admin.until(() => admin.fleet.host('h1').mutations.length === 1);
    const closing = admin.runs.close();
    await admin.clock.advance(0);
    await closing;
    expect(admin.states(id)).toEqual({ h1: 'applying', h2: 'queued' });
    await admin.clock.advance(60_000);
    expect(admin.states(id)).toEqual({ h1: 'applying', h2: 'queued' });
    await admin.restart();
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded', h2: 'succeeded' });
    expect(admin.fleet.host('h1').mutations).toEqual(['curl 1→2', 'nginx 1→3']);
  });
});

describe('the event stream', () => {
  const collect = async (id: string, since: number, follow: boolean, most: number) => {
    const seen: number[] = [];
    const leave = new AbortController();
    const reading = (async () => {
      for await (const event of admin.runs.events(
        { id, since, follow },
        { signal: leave.signal, actor: 'x' },
      )) {
        seen.push(event.seq);
        if (seen.length === most) leave.abort();
      }
    })();
    return { seen, reading, leave };
  };

  it('comes live, gap-free and without repetition, and ends when the run is at rest', async () => {
    fleetOf(3);
    const id = await admin.start();
    const { seen, reading } = await collect(id, 0, false, Number.POSITIVE_INFINITY);
    await admin.finish(id);
    await reading;
    expect(seen).toEqual(Array.from({ length: admin.run(id).seq }, (_, n) => n + 1));
  });

  it('resumes after the last one seen, and with follow stays for a later rollback', async () => {
    fleetOf(1);
    const id = await admin.start();
    await admin.finish(id);
    const { seq } = admin.run(id);
    const { seen, reading, leave } = await collect(id, seq - 2, true, Number.POSITIVE_INFINITY);
    await admin.clock.advance(10);
    expect(seen).toEqual([seq - 1, seq]);
    value(await admin.runs.rollback({ id }));
    await admin.finish(id);
    leave.abort();
    await reading;
    expect(seen).toEqual(Array.from({ length: admin.run(id).seq - seq + 2 }, (_, n) => seq - 1 + n));
  });
});

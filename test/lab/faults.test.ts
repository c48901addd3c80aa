/** Faults in the middle of a run: whatever breaks, nothing is applied twice, no task is lost, and the end is told as it is. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { TaskState } from '../../shared/model/run.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import type { LabHost } from './fleet/host.ts';
import { SLOW_SECONDS_FILE, SLOW_STEPS } from './fleet/shapes.ts';
import { LabConsole } from './support/console.ts';
import { holdSlow, letSlowGo } from './support/gate.ts';
import { gapsIn, type Live } from './support/live.ts';
import {
  aptTransactions,
  describeLab,
  jobsOn,
  labPackages,
  pictureOf,
  profilePackages,
  timesUnpacked,
} from './support/outside.ts';

const MiB = 1024 * 1024;
const SLOWED = { ...profilePackages, 'lab-slow': '1.1' };
const STEPS = Array.from({ length: SLOW_STEPS }, (_, i) => `lab-slow: step ${i + 1} of ${SLOW_STEPS}`);

describeLab('faults in mid-run', () => {
  let fleet: Fleet;
  let console: LabConsole;
  let h1: LabHost;
  let h2: LabHost;
  /** The one with real systemd. */
  let h4: LabHost;

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 4, systemd: 1 });
    h1 = fleet.host('h01');
    h2 = fleet.host('h02');
    h4 = fleet.host('h04');
    console = new LabConsole(fleet);
    await console.takeIn();
    await console.snapshotOf('slow', 'lab-slow=1.1');
    await console.snapshotOf('plain', 'lab-plain=1.1');
    await console.snapshotOf('big', 'lab-big=1.1');
    await console.snapshotOf('staged', 'lab-slow=1.1', 'lab-plain=1.1');
    await console.snapshot('edit', 'staged', '--stage', 'lab-plain=2');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });
  const touched = new Set<LabHost>();
  /** lab-slow takes this long on the hosts; afterwards they are put back. */
  const slow = async (seconds: number, ...hosts: LabHost[]): Promise<void> => {
    for (const host of hosts) touched.add(host);
    await Promise.all(hosts.map((host) => host.output(`echo ${seconds} > ${SLOW_SECONDS_FILE}`)));
  };
  /** lab-slow stops at this step on the first host until it is let go; afterwards the host is put back. */
  const hold = async (step = 1): Promise<void> => {
    touched.add(h1);
    await holdSlow(h1, step);
  };
  afterEach(async () => {
    await Promise.all([...touched].map((host) => host.reset()));
    touched.clear();
    await console.settle();
  });

  const aborting = (live: Live) => live.event('an abort', (event) => event.type === 'run.aborting');
  const stepsOf = (live: Live, host: string): string[] =>
    live
      .of('task.output')
      .filter((event) => event.host === host)
      .flatMap((event) => /lab-slow: step \d+ of \d+/.exec(event.line)?.[0] ?? []);
  /** dpkg and apt themselves say: once, and in one transaction; and one job was started for it. */
  const appliedOnce = async (host: LabHost): Promise<void> => {
    expect(await labPackages(host)).toEqual(SLOWED);
    expect(await timesUnpacked(host, 'lab-slow', '1.1')).toBe(1);
    expect(await aptTransactions(host)).toHaveLength(1);
    expect(await host.output('wc -l < /var/lib/lab-slow.configured')).toBe('1');
    expect(await jobsOn(host)).toHaveLength(1);
  };

  test('the host process is killed at every step of a task: the run goes on, nothing is done twice', async () => {
    await hold(1);
    await hold(SLOW_STEPS);
    const live = console.start('slow', 'h01');
    const moments: TaskState[] = ['connecting', 'simulating', 'capturing', 'staging', 'applying'];
    for (const moment of moments) {
      await live.reaches('h01', moment);
      await console.killHost();
    }
    await live.slowOn('h01');
    await console.killHost();
    await letSlowGo(h1);
    await live.prints('h01', `step ${SLOW_STEPS} of`);
    await console.killHost();
    await letSlowGo(h1, SLOW_STEPS);
    await live.reaches('h01', 'verifying');
    await console.killHost();
    expect(await live.ended, live.timeline().join('\n')).toBe(0);
    expect(gapsIn(live.events)).toEqual([]);
    expect(live.path('h01').at(-1)).toBe('succeeded');
    expect(stepsOf(live, 'h01')).toEqual(STEPS);
    await appliedOnce(h1);
    expect(await console.disagreements()).toEqual([]);
  });

  test('killed again and again over several hosts: no task is lost, the cap holds, the rollback survives it too', async () => {
    const hosts = [h1, h2, fleet.host('h03'), h4];
    await slow(1, ...hosts);
    const before = await Promise.all(hosts.map(pictureOf));
    const live = console.start('slow', 'all', '--concurrency', '2');
    for (const [host, state] of [
      ['h01', 'checking'],
      ['h02', 'applying'],
      ['h01', 'succeeded'],
      ['h03', 'applying'],
      ['h04', 'staging'],
    ] as const) {
      await live.reaches(host, state);
      await console.killHost();
    }
    expect(await live.ended, live.timeline().join('\n')).toBe(0);
    expect(gapsIn(live.events)).toEqual([]);
    expect(live.finished.counts).toEqual({ succeeded: 4 });
    for (const host of hosts) await appliedOnce(host);

    const back = console.live('runs', 'rollback', live.runId, '--yes');
    await back.event(
      'a rollback at work',
      (event) => event.type === 'task.state' && event.to === 'rolling-back',
    );
    await console.killHost();
    await back.event(
      'a host rolled back',
      (event) => event.type === 'task.state' && event.to === 'rolled-back',
    );
    await console.killHost();
    expect(await back.ended, back.timeline().join('\n')).toBe(0);
    expect(await Promise.all(hosts.map(pictureOf))).toEqual(before);
    for (const host of hosts) expect(await aptTransactions(host)).toHaveLength(2);
    expect(await console.disagreements()).toEqual([]);
  });

  test('Ctrl-C detaches and the run goes on; watching again continues after the last event seen', async () => {
    await hold();
    const live = console.start('slow', 'h01');
    await live.slowOn('h01');
    live.interrupt();
    expect(await live.ended).toBe(130);
    expect(live.of('run.finished')).toEqual([]);
    await letSlowGo(h1);

    const since = live.events.at(-1)?.seq ?? 0;
    const rest = await console.runs('watch', live.runId, '--since', String(since));
    expect(rest.code).toBe(0);
    expect(rest.live.events[0]?.seq).toBe(since + 1);
    expect(gapsIn(rest.live.events)).toEqual([]);
    expect([...stepsOf(live, 'h01'), ...stepsOf(rest.live, 'h01')]).toEqual(STEPS);
    await appliedOnce(h1);
  });

  test('a disk that is too small is told at the plan, in bytes, and refused', async () => {
    touched.add(h1);
    await h1.fillDisk(8 * MiB);
    const { code, plan } = await console.plan('big', 'h01');
    expect(code).not.toBe(0);
    const [host] = plan.hosts;
    expect(host?.refusals.map((refusal) => refusal.code)).toContain('host.disk-full');
    const [short] = host?.bytes.short ?? [];
    expect(short?.needed).toBeGreaterThan(30 * MiB);
    expect(short?.available).toBeLessThanOrEqual(8 * MiB);
  });

  test('abort: what is at work finishes, what is queued never starts', async () => {
    await hold();
    const live = console.start('slow', 'h01 or h02 or h03', '--concurrency', '1');
    await live.slowOn('h01');
    const aborted = console.ok('runs', 'abort', live.runId, '--reason', 'the window is over');
    await aborting(live);
    await letSlowGo(h1);
    await aborted;
    expect(await live.ended).toBe(1);
    expect(live.of('run.aborting')).toMatchObject([{ reason: 'the window is over' }]);
    expect(live.finished).toMatchObject({
      verdict: 'aborted',
      hosts: { h01: 'succeeded', h02: 'terminated', h03: 'terminated' },
    });
    await appliedOnce(h1);
    expect(await jobsOn(h2)).toEqual([]);
  });

  test('abort --stop-running: a host at work ends before its next stage, and can be brought back', async () => {
    await hold();
    const before = await pictureOf(h1);
    const live = console.start('staged', 'h01');
    await live.slowOn('h01');
    const aborted = console.ok('runs', 'abort', live.runId, '--stop-running');
    await aborting(live);
    await letSlowGo(h1);
    await aborted;
    expect(await live.ended).toBe(1);
    expect(live.finished.hosts).toEqual({ h01: 'cancelled' });
    expect(await labPackages(h1)).toEqual(SLOWED);
    expect((await console.runs('rollback', live.runId)).code).toBe(0);
    expect(await pictureOf(h1)).toEqual(before);
  });

  test('a host that was away when its turn came is tried again in the same run', async () => {
    await hold();
    await slow(0, h2);
    const live = console.start('slow', 'h01 or h02', '--concurrency', '1', '--max-failures', '100%');
    await live.slowOn('h01');
    const restore = await h2.refuseSsh();
    await h2.dropSshConnections();
    await letSlowGo(h1);
    expect(await live.ended).toBe(1);
    expect(live.finished.hosts).toEqual({ h01: 'succeeded', h02: 'unreachable' });
    await restore();
    const again = await console.runs('retry', live.runId);
    expect(again.code, again.live.timeline().join('\n')).toBe(0);
    expect(again.live.of('run.retrying')).toMatchObject([{ hosts: ['h02'] }]);
    expect(again.run.tasks.map((task) => [task.host, task.state, task.attempt])).toEqual([
      ['h01', 'succeeded', 1],
      ['h02', 'succeeded', 2],
    ]);
    await appliedOnce(h1);
    await appliedOnce(h2);
  });
});

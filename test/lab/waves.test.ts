/**
 * A run one can walk away from: waves and their gates, what ends a run early, hooks, the probe and restarts, on real hosts.
 * Each test has hosts of its own, so that they run side by side.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import { BROKEN_OK_FILE } from './fleet/shapes.ts';
import { LabConsole } from './support/console.ts';
import { activeAfterEach, type Live } from './support/live.ts';
import { describeLab, jobsOn, labPackages, pictureOf, profilePackages } from './support/outside.ts';

/** Keeps a host at work in its hook until this file is there: what happens meanwhile does not hang on the clock. */
const GO = '/run/lab-go';
const HOLD = (host: string): string =>
  `[ "$FROSTLINE_HOST" != ${host} ] || while [ ! -e ${GO} ]; do sleep 0.1; done`;

const onlyOn = (...names: string[]): string => names.join(' or ');

/** Hosts that were contacted, in order. */
const starts = (live: Live): string[] =>
  live
    .of('task.state')
    .filter((event) => event.from === 'queued' && event.to === 'connecting')
    .map((event) => event.host);

/** Hosts that started although their wave had not. */
const tooEarly = (live: Live): string[] => {
  const open = new Set<string>();
  return live.events.flatMap((event) => {
    if (event.type === 'wave.started') for (const host of event.hosts) open.add(host);
    return event.type === 'task.state' && event.to === 'connecting' && !open.has(event.host)
      ? [event.host]
      : [];
  });
};

/** What the host's task printed. */
const said = (live: Live, host: string): string[] =>
  live
    .of('task.output')
    .filter((event) => event.host === host)
    .map((event) => event.line);

const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

describeLab('a run in waves, within its limits', () => {
  let fleet: Fleet;
  let console: LabConsole;
  let work: string;
  let stopFile: string;

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'frostline-lab-waves-'));
    stopFile = join(work, 'stop');
    fleet = await startFleet({ hosts: 32 });
    console = new LabConsole(fleet);
    writeFileSync(
      join(work, 'hosts.csv'),
      [
        'name,address,port,user,key,sudo',
        ...fleet.hosts.map((host) =>
          [host.name, host.address, host.port, 'admin', fleet.keys.client, 'nopasswd'].join(','),
        ),
      ].join('\n'),
    );
    await console.ok('hosts', 'import', join(work, 'hosts.csv'));
    await console.trust('all', '--accept-new');
    await console.ok('scan', 'all');
    await console.snapshotOf('plain', 'lab-plain=1.1');
    await console.snapshotOf('broken', 'lab-broken=1.1');
    await console.snapshotOf('restart', 'lab-reboot=1.1', 'lab-plain=1.1');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
    rmSync(work, { recursive: true, force: true });
  });

  const version = async (host: string, name: string): Promise<string | undefined> =>
    (await labPackages(fleet.host(host)))[name];
  const mends = (...names: string[]) =>
    Promise.all(names.map((name) => fleet.host(name).output(`touch ${BROKEN_OK_FILE}`)));

  test.concurrent('the end of the window: who is at work finishes, the rest never starts', async () => {
    const live = console.start(
      'plain',
      onlyOn('h22', 'h23'),
      ...['--concurrency', '1', '--before', HOLD('h22'), '--until', soon(25_000)],
    );
    await live.event('the abort', (event) => event.type === 'run.aborting');
    expect(starts(live)).toEqual(['h22']);
    await fleet.host('h22').output(`touch ${GO}`);
    expect(await live.ended).toBe(1);
    expect(live.of('run.aborting')).toMatchObject([{ cause: { kind: 'window' } }]);
    expect(live.finished).toMatchObject({
      verdict: 'aborted',
      hosts: { h22: 'succeeded', h23: 'terminated' },
    });
    expect(await version('h22', 'lab-plain')).toBe('1.1');
    expect(await version('h23', 'lab-plain')).toBe('1.0');
  });

  test.concurrent('a host that took longer in the past than the window is long is not started', async () => {
    const past = await console.run('plain', 'h24', '--before', 'sleep 20');
    expect(past.code, past.live.timeline().join('\n')).toBe(0);
    const until = soon(20_000);
    const { plan } = await console.plan('broken', 'h24', '--until', until);
    expect(plan.hosts[0]?.predictedSeconds).toBeGreaterThanOrEqual(20);
    const done = await console.run('broken', 'h24', '--until', until);
    expect(done.code).toBe(1);
    expect(starts(done.live)).toEqual([]);
    expect(done.run.tasks).toMatchObject([{ state: 'terminated', error: { code: 'window.closed' } }]);
  });

  test.concurrent('manual gates: each wave waits to be approved, and no host of it starts before; a wave can be undone', async () => {
    const live = console.start(
      'plain',
      onlyOn('h01', 'h02', 'h03', 'h04'),
      ...['--waves', '1, 50%,100%', '--gate', 'manual'],
    );
    const waits = (wave: number) => (event: Live['events'][number]) =>
      event.type === 'wave.waiting' && event.wave === wave;
    await live.event('the first gate', waits(2));
    const id = live.runId;
    expect(starts(live)).toEqual(['h01']);
    expect(await console.show(id)).toMatchObject({
      state: 'running',
      parameters: { waveSizes: [1, 1, 2] },
      wave: { number: 1, of: 3, waiting: { gate: 'manual' } },
      tasks: [{ state: 'succeeded' }, { state: 'queued' }, { state: 'queued' }, { state: 'queued' }],
    });

    const approved = console.live('runs', 'approve', id);
    expect(await approved.ended).toBe(0);
    expect(approved.of('wave.started')).toMatchObject([{ wave: 2, of: 3, hosts: ['h02'] }]);
    expect(approved.events.at(-1)).toMatchObject({ type: 'wave.waiting', wave: 3, gate: 'manual' });
    expect(starts(approved)).toEqual(['h02']);
    expect(await console.live('runs', 'approve', id).ended).toBe(0);

    expect(await live.ended, live.timeline().join('\n')).toBe(0);
    expect(live.of('wave.started').map((event) => event.hosts)).toEqual([['h01'], ['h02'], ['h03', 'h04']]);
    expect(tooEarly(live)).toEqual([]);
    expect(live.finished.verdict).toBe('success');
    expect(await console.refusal('runs', 'approve', id)).toMatchObject({ exit: 2, code: 'state.conflict' });

    expect(await console.refusal('runs', 'rollback', id, '--wave', '4', '--yes')).toMatchObject({
      exit: 2,
      code: 'not-found',
    });
    const undone = await console.runs('rollback', id, '--wave', '3');
    expect(undone.code).toBe(0);
    expect(undone.run.tasks.map((task) => task.state)).toEqual([
      'succeeded',
      'succeeded',
      'rolled-back',
      'rolled-back',
    ]);
    const versions = await Promise.all(
      ['h01', 'h02', 'h03', 'h04'].map((name) => version(name, 'lab-plain')),
    );
    expect(versions).toEqual(['1.1', '1.1', '1.0', '1.0']);
  });

  test.concurrent('a wave can be undone while the next one waits, and the run goes on waiting', async () => {
    const live = console.start('plain', onlyOn('h31', 'h32'), '--waves', '1', '--gate', 'manual');
    await live.event('the gate', (event) => event.type === 'wave.waiting');
    const undone = await console.runs('rollback', live.runId, '--wave', '1');
    expect(undone.code).toBe(0);
    expect(undone.run).toMatchObject({
      state: 'running',
      wave: { number: 1, of: 2, waiting: { gate: 'manual' } },
      tasks: [{ state: 'rolled-back' }, { state: 'queued' }],
    });
    expect(await version('h31', 'lab-plain')).toBe('1.0');
    expect(await console.live('runs', 'approve', live.runId).ended).toBe(1);
    expect(await live.ended).toBe(1);
    expect(live.finished).toMatchObject({
      verdict: 'partial',
      hosts: { h31: 'rolled-back', h32: 'succeeded' },
    });
  });

  test.concurrent('a soak opens the next wave by itself, after its time', async () => {
    const done = await console.run('plain', onlyOn('h05', 'h06'), '--waves', '1', '--gate', '2s');
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    const [first] = done.live.of('task.state').filter((event) => event.to === 'succeeded');
    const [waiting] = done.live.of('wave.waiting');
    const [, second] = done.live.of('wave.started');
    expect(waiting).toMatchObject({ wave: 2, of: 2, gate: 'soak' });
    expect(tooEarly(done.live)).toEqual([]);
    expect(Date.parse(second?.at ?? '') - Date.parse(first?.at ?? '')).toBeGreaterThanOrEqual(2000);
    expect(second?.at && waiting?.until && second.at >= waiting.until).toBe(true);
  });

  test.concurrent('a slow start begins with 1, then 2, then 4 hosts at once', async () => {
    const hosts = ['h07', 'h08', 'h09', 'h10', 'h11', 'h12', 'h13'];
    const done = await console.run('plain', onlyOn(...hosts), '--slow-start', '--concurrency', '4');
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    const { events } = done.live;
    const active = activeAfterEach(events);
    // The most at once while so many had ended well.
    const most = [0, 0, 0, 0];
    let well = 0;
    events.forEach((event, index) => {
      if (event.type === 'task.state' && event.to === 'succeeded') well += 1;
      const step = Math.min(well, 3);
      most[step] = Math.max(most[step] ?? 0, active[index] ?? 0);
    });
    expect(most).toEqual([1, 2, 2, 4]);
  });

  test.concurrent('P%-of-completed: aborts when the share is exceeded, not before enough have completed', async () => {
    await mends('h15', 'h16');
    const done = await console.run(
      'broken',
      onlyOn('h14', 'h15', 'h16', 'h17', 'h18'),
      ...['--concurrency', '1', '--max-failures', '40%-of-completed', '--min-completed', '2'],
    );
    expect(done.code).toBe(1);
    expect(done.live.finished).toMatchObject({
      verdict: 'aborted',
      hosts: {
        h14: 'rolled-back',
        h15: 'succeeded',
        h16: 'terminated',
        h17: 'terminated',
        h18: 'terminated',
      },
    });
    const cause = { kind: 'threshold', failed: ['h14'], of: 2, limit: 40, share: true };
    const [aborting] = done.live.of('run.aborting');
    expect(aborting).toMatchObject({ cause });
    expect(aborting?.reason).toContain('1 of 2 completed hosts failed (50 %)');
    expect(done.run).toMatchObject({ abortCause: cause, abortReason: aborting?.reason });
  });

  test.concurrent('the abort probe ends the run in the middle: who is at work finishes, the rest never starts', async () => {
    const live = console.start(
      'plain',
      onlyOn('h19', 'h20'),
      ...['--concurrency', '1', '--before', HOLD('h19')],
      ...['--abort-if', `test -e ${stopFile} && echo "the shop is down"`, '--abort-interval', '1s'],
    );
    await live.reaches('h19', 'staging');
    expect(live.of('run.aborting')).toEqual([]);
    writeFileSync(stopFile, '');
    await live.event('the abort', (event) => event.type === 'run.aborting');
    await fleet.host('h19').output(`touch ${GO}`);
    expect(await live.ended).toBe(1);
    expect(live.of('run.aborting')).toMatchObject([
      { cause: { kind: 'probe', unreadable: false, detail: 'the shop is down' } },
    ]);
    expect(live.finished).toMatchObject({
      verdict: 'aborted',
      hosts: { h19: 'succeeded', h20: 'terminated' },
    });
    expect(await version('h20', 'lab-plain')).toBe('1.0');
  });

  test.concurrent('an abort probe that cannot be read lets nothing start, unless told otherwise', async () => {
    const unreadable = ['--abort-if', 'echo lost; exit 7'];
    const done = await console.run('plain', 'h21', ...unreadable);
    expect(done.code).toBe(1);
    expect(done.live.of('run.aborting')).toMatchObject([{ cause: { kind: 'probe', unreadable: true } }]);
    expect(done.live.of('run.aborting')[0]?.reason).toContain('exit code 7');
    expect(starts(done.live)).toEqual([]);
    expect(done.live.finished.hosts).toEqual({ h21: 'terminated' });
    expect(await jobsOn(fleet.host('h21'))).toEqual([]);

    const on = await console.run('plain', 'h21', ...unreadable, '--abort-unreadable', 'continue');
    expect(on.code, on.live.timeline().join('\n')).toBe(0);
  });

  test.concurrent('hooks run once as root around the change, the probe until it passes; their output is seen', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
    const look = "dpkg-query -W -f='${Version}\\n' lab-plain";
    const hook = (name: string) => `echo "${name} as $(id -un) sees $(${look})" | tee -a /root/hooks`;
    const done = await console.run(
      'plain',
      'h25',
      ...['--before', hook('before'), '--after', hook('after')],
      ...['--probe', 'echo probed >> /root/hooks; [ "$(grep -c probed /root/hooks)" = 2 ]'],
      ...['--probe-retries', '3', '--probe-interval', '1s'],
    );
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    const seen = ['before as root sees 1.0', 'after as root sees 1.1'];
    expect((await fleet.host('h25').output('cat /root/hooks')).split('\n')).toEqual([
      ...seen,
      'probed',
      'probed',
    ]);
    expect(said(done.live, 'h25')).toEqual(expect.arrayContaining(seen));
    expect(said(done.live, 'h25').filter((line) => line.startsWith('health probe:'))).toEqual([
      'health probe: exit code 1',
      'health probe: exit code 0',
    ]);
  });

  test.concurrent('a failing hook before the change: nothing is changed, and the run says what it said', async () => {
    const before = await pictureOf(fleet.host('h26'));
    const done = await console.run('plain', 'h26', '--before', 'echo the database is busy; exit 3');
    expect(done.code).toBe(1);
    expect(done.run.tasks).toMatchObject([{ state: 'failed', error: { code: 'host.hook-failed' } }]);
    expect(done.run.tasks[0]?.error?.message).toContain('the database is busy');
    expect(done.live.path('h26')).not.toContain('applying');
    expect(await pictureOf(fleet.host('h26'))).toEqual(before);
    expect(await labPackages(fleet.host('h26'))).toEqual(profilePackages);
    // There is nothing to undo.
    expect(await console.refusal('runs', 'rollback', done.id, '--yes')).toMatchObject({
      code: 'state.conflict',
    });
  });

  test.concurrent('a host whose probe keeps failing is brought back to what it was', async () => {
    const before = await pictureOf(fleet.host('h27'));
    const done = await console.run(
      'plain',
      'h27',
      ...['--probe', 'echo no answer on port 80; exit 1', '--probe-retries', '1', '--probe-interval', '1s'],
    );
    expect(done.code).toBe(1);
    expect(done.live.path('h27').slice(-3)).toEqual(['verifying', 'rolling-back', 'rolled-back']);
    expect(done.run.tasks).toMatchObject([
      { state: 'rolled-back', error: { code: 'host.probe-failed' }, difference: { equal: true } },
    ]);
    expect(done.run.tasks[0]?.error?.message).toContain('no answer on port 80');
    expect(await pictureOf(fleet.host('h27'))).toEqual(before);
  });

  test.concurrent('--reboot if-required restarts the host whose update needs it, and no other; always restarts every one', async () => {
    const [needs, needsNot, always] = [fleet.host('h28'), fleet.host('h29'), fleet.host('h30')];
    await Promise.all([needsNot, always].map((host) => host.output('dpkg -P lab-reboot')));
    const boots = [needs.boots, needsNot.boots, always.boots];
    const [done, every] = await Promise.all([
      console.run('restart', onlyOn('h28', 'h29'), '--reboot', 'if-required'),
      console.run('restart', 'h30', '--reboot', 'always'),
    ]);
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    expect(every.code, every.live.timeline().join('\n')).toBe(0);
    expect([needs.boots, needsNot.boots, always.boots]).toEqual([
      (boots[0] ?? 0) + 1,
      boots[1],
      (boots[2] ?? 0) + 1,
    ]);
    const rebooted = (run: typeof done) => run.run.tasks.map((task) => task.rebooted === true);
    expect(rebooted(done)).toEqual([true, false]);
    expect(rebooted(every)).toEqual([true]);
    expect(done.live.path('h28').slice(-4)).toEqual(['verifying', 'rebooting', 'verifying', 'succeeded']);
    expect(done.live.path('h29')).not.toContain('rebooting');
    const { scans } = await console.scan('h28');
    expect(scans[0]?.facts).toMatchObject({ bootId: needs.bootId, rebootRequired: false });
    expect(await version('h28', 'lab-reboot')).toBe('1.1');
  });

  test("afterwards the event logs, replayed, give the runs' stored state", async () => {
    expect(await console.disagreements()).toEqual([]);
  });
});

/** What goes wrong on real hosts, and what Frostline makes of it: undone and compared, or stopped before anything changed. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import { BROKEN_OK_FILE, SLOW_SECONDS_FILE } from './fleet/shapes.ts';
import { LabConsole } from './support/console.ts';
import { holdSlow, letSlowGo } from './support/gate.ts';
import { mostActive } from './support/live.ts';
import {
  describeLab,
  jobsOn,
  labPackages,
  pictureOf,
  picturesOf,
  profilePackages,
  resetWorn,
} from './support/outside.ts';

describeLab('failures', () => {
  let fleet: Fleet;
  let console: LabConsole;

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 6, systemd: 1 });
    console = new LabConsole(fleet);
    await console.takeIn();
    await console.snapshotOf('broken', 'lab-broken=1.1', 'lab-plain=1.1', 'lab-conf=1.1', 'lab-app=2.0');
    await console.snapshotOf('mail', 'lab-mail=2.0', 'lab-plain=1.1');
    await console.snapshotOf('vanished', 'lab-vanished=1.1');
    await console.snapshotOf('plain', 'lab-plain=1.1');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });
  afterEach(() => resetWorn(fleet));

  const mends = (...names: string[]) =>
    Promise.all(names.map((name) => fleet.host(name).output(`touch ${BROKEN_OK_FILE}`)));

  test('a failing post-install script: that host is brought back and equals its capture, the others are patched', async () => {
    await mends('h01', 'h03');
    const before = await picturesOf(fleet.hosts);
    const done = await console.run('broken', 'h01 or h02 or h03', '--max-failures', '1');
    expect(done.code).toBe(1);
    expect(done.live.finished).toMatchObject({
      verdict: 'partial',
      hosts: { h01: 'succeeded', h02: 'rolled-back', h03: 'succeeded' },
    });
    expect(done.live.path('h02').slice(-4)).toEqual(['applying', 'verifying', 'rolling-back', 'rolled-back']);
    const task = done.run.tasks.find((one) => one.host === 'h02');
    expect(task?.error?.packages).toContain('lab-broken');
    expect(task?.difference).toEqual({ equal: true, versions: [], marks: [] });

    expect(await pictureOf(fleet.host('h02'))).toEqual(before.get('h02'));
    expect(await fleet.host('h02').output('dpkg --audit')).toBe('');
    const said = done.live.of('task.output').filter((event) => event.host === 'h02');
    expect(said.map((event) => event.line)).toContain(
      `lab-broken: cannot migrate: ${BROKEN_OK_FILE} is missing`,
    );
    for (const name of ['h01', 'h03']) {
      expect(await labPackages(fleet.host(name))).toEqual({
        ...profilePackages,
        'lab-broken': '1.1',
        'lab-plain': '1.1',
        'lab-conf': '1.1',
        'lab-app': '2.0',
        'lab-lib': '2.0',
        'lab-newdep': '1.0',
      });
    }
  });

  test('--on-failure keep leaves the host as it failed, and says so; it can be brought back later', async () => {
    const before = await pictureOf(fleet.host('h01'));
    const done = await console.run('broken', 'h01', '--on-failure', 'keep', '--max-failures', '1');
    expect(done.code).toBe(1);
    expect(done.run).toMatchObject({ verdict: 'failed', tasks: [{ state: 'failed' }] });
    expect(done.run.tasks[0]?.error).toMatchObject({ packages: expect.arrayContaining(['lab-broken']) });
    expect((await labPackages(fleet.host('h01')))['lab-broken']).toBe('1.1 iF');

    const scanned = await console.scan('h01');
    expect(scanned.scans[0]?.facts?.broken.map((entry) => entry.name)).toEqual(['lab-broken']);

    const undone = await console.runs('rollback', done.id);
    expect(undone.code).toBe(0);
    expect(await pictureOf(fleet.host('h01'))).toEqual(before);
  });

  test('more failures than allowed: nothing new starts, those at work finish, the rest is terminated', async () => {
    // The third host is still at work when the second failure comes.
    await mends('h03', 'h04', 'h05', 'h06');
    await console.snapshotOf('risky', 'lab-broken=1.1', 'lab-slow=1.1');
    await console.edit('h03', '--tag', 'slow');
    await Promise.all(
      fleet.hosts.map((host) =>
        host.name === 'h03' ? holdSlow(host) : host.output(`echo 0 > ${SLOW_SECONDS_FILE}`),
      ),
    );
    const options = ['--concurrency', '3', '--max-failures', '1', '--on-failure', 'keep'];
    const live = console.start('risky', 'all', ...options);
    await live.slowOn('h03');
    await live.event('the end of what may fail', (event) => event.type === 'run.aborting');
    await letSlowGo(fleet.host('h03'));
    expect(await live.ended).toBe(1);
    const [aborting, ...more] = live.of('run.aborting');
    if (aborting === undefined || more.length > 0) throw new Error(live.timeline().join('\n'));
    expect(aborting.reason).toContain('2 of 6');
    const started = live
      .of('task.state')
      .filter((event) => event.to === 'connecting' && event.seq > aborting.seq);
    expect(started).toEqual([]);
    expect(live.finished.verdict).toBe('aborted');
    expect(live.finished.hosts).toMatchObject({
      h01: 'failed',
      h02: 'failed',
      h03: 'succeeded',
      h06: 'terminated',
    });
    expect(live.path('h06')).toEqual(['terminated']);
    const after = await labPackages(fleet.host('h06'));
    expect(after).toEqual(profilePackages);
    expect(await jobsOn(fleet.host('h06'))).toEqual([]);
    expect(mostActive(live.events)).toBe(3);
  });

  test('rollback-run: one failure undoes the whole run, every host as before', async () => {
    await mends('h01', 'h02');
    const before = await picturesOf(fleet.hosts);
    const done = await console.run(
      'broken',
      'h01 or h02 or h03 or h04',
      '--concurrency',
      '1',
      '--on-failure',
      'rollback-run',
    );
    expect(done.code).toBe(1);
    expect(done.live.finished).toMatchObject({
      verdict: 'rolled-back',
      hosts: { h01: 'rolled-back', h02: 'rolled-back', h03: 'rolled-back', h04: 'terminated' },
    });
    // Newest completed first.
    const undone = done.live.of('task.state').filter((event) => event.to === 'rolled-back');
    expect(undone.map((event) => event.host)).toEqual(['h03', 'h02', 'h01']);
    expect(await picturesOf(fleet.hosts)).toEqual(before);
  });

  test('a package that an upgrade removes is visible in the plan, and comes back with the rollback', async () => {
    const before = await pictureOf(fleet.host('h01'));
    const { plan } = await console.plan('mail', 'h01');
    expect(plan.hosts[0]?.actions).toContainEqual(
      expect.objectContaining({ action: 'remove', name: 'lab-mail-legacy', from: '1.0', dependency: true }),
    );
    expect(plan.hosts[0]?.proof).toBe('proven');

    const done = await console.run('mail', 'h01');
    expect(done.code).toBe(0);
    const { 'lab-mail-legacy': _gone, ...rest } = profilePackages;
    expect(await labPackages(fleet.host('h01'))).toEqual({ ...rest, 'lab-mail': '2.0', 'lab-plain': '1.1' });

    expect((await console.runs('rollback', done.id)).code).toBe(0);
    expect(await pictureOf(fleet.host('h01'))).toEqual(before);
  });

  test('what cannot be undone is said before the run, with the reason; --require-proof refuses it', async () => {
    const { plan } = await console.plan('vanished', 'h01');
    const [host] = plan.hosts;
    expect(host).toMatchObject({ state: 'ready', proof: 'impossible' });
    expect(host?.reasons).toContainEqual(
      expect.objectContaining({ package: 'lab-vanished', proof: 'impossible' }),
    );
    expect(host?.reasons.find((one) => one.package === 'lab-vanished')?.reason).toContain('1.0');

    const refused = await console.refusal('run', 'vanished', 'h01', '--require-proof', '--yes');
    expect(refused).toMatchObject({ exit: 3, code: 'proof.insufficient' });
    expect(refused.message).toContain('lab-vanished');
    expect(await jobsOn(fleet.host('h01'))).toEqual([]);
  });

  test('a rollback that cannot restore everything says exactly what it could not', async () => {
    const done = await console.run('vanished', 'h01');
    expect(done.code).toBe(0);
    const undone = await console.runs('rollback', done.id);
    expect(undone.code).toBe(1);
    const [task] = undone.run.tasks;
    expect(task).toMatchObject({
      state: 'rollback-failed',
      error: { code: 'host.not-restored', packages: ['lab-vanished'] },
      difference: { equal: false, versions: [{ name: 'lab-vanished', captured: '1.0', now: '1.1' }] },
    });
  });

  test('an old package that lies in the cache of the host is enough: the undoing is proven, and works', async () => {
    const host = fleet.host('h01');
    // The old package, made again as it was: the repository has none, but somebody kept a copy.
    await host.output(
      [
        'mkdir -p /tmp/old/DEBIAN /tmp/old/usr/share/lab-vanished',
        'dpkg -s lab-vanished | grep -Ev "^(Status|Conffiles):" > /tmp/old/DEBIAN/control',
        'cp /usr/share/lab-vanished/version /tmp/old/usr/share/lab-vanished/',
        'dpkg-deb -b /tmp/old /var/cache/apt/archives/lab-vanished_1.0_all.deb',
      ].join(' && '),
    );
    const before = await pictureOf(host);
    const { plan } = await console.plan('vanished', 'h01');
    expect(plan.hosts[0]?.proof).toBe('proven');
    const done = await console.run('vanished', 'h01', '--require-proof');
    expect(done.code).toBe(0);
    expect((await console.runs('rollback', done.id)).code).toBe(0);
    expect(await pictureOf(host)).toEqual(before);
  });

  test('a package on hold is never changed behind its hold: the host is refused, naming it', async () => {
    await console.snapshotOf('held', 'lab-held=1.1', 'lab-plain=1.1');
    const before = await pictureOf(fleet.host('h01'));
    const { plan } = await console.plan('held', 'h01');
    expect(plan.hosts[0]?.state).toBe('refused');
    expect(plan.hosts[0]?.refusals.map((refusal) => refusal.package)).toEqual(['lab-held']);
    const refused = await console.refusal('run', 'held', 'h01', '--yes');
    expect(refused).toMatchObject({ packages: ['lab-held'] });
    expect(refused.message).toContain('hold');
    expect(await pictureOf(fleet.host('h01'))).toEqual(before);
  });

  test('a host that changed between plan and task is stopped with plan.drifted, and nothing is changed', async () => {
    const [first, second] = [fleet.host('h01'), fleet.host('h02')];
    await holdSlow(first);
    await console.snapshotOf('drift', 'lab-slow=1.1', 'lab-app=2.0');
    const live = console.start('drift', 'h01 or h02', '--concurrency', '1');
    await live.slowOn('h01');
    // Somebody else installs the new dependency by hand: the transaction is not the approved one any more.
    await second.output('apt-get -qy install lab-newdep');
    const before = await pictureOf(second);
    await letSlowGo(first);
    expect(await live.ended).toBe(1);
    expect(live.finished.hosts).toEqual({ h01: 'succeeded', h02: 'failed' });
    const failed = await live.reaches('h02', 'failed');
    expect(failed.error).toMatchObject({ code: 'plan.drifted', packages: ['lab-newdep'] });
    expect(live.path('h02')).not.toContain('applying');
    expect(await pictureOf(second)).toEqual(before);
  });

  test('a host that was patched by somebody else in the meantime has nothing to do', async () => {
    await fleet.host('h01').output(`apt-get -qy install lab-plain`);
    const done = await console.run('plain', 'h01 or h02');
    expect(done.code).toBe(0);
    expect(done.live.finished.hosts).toEqual({ h01: 'compliant', h02: 'succeeded' });
  });

  test('a version that no repository has is refused when it is planned', async () => {
    await console.snapshotOf('unknown', 'lab-plain=9.9');
    const { code, plan } = await console.plan('unknown', 'h01');
    expect(code).not.toBe(0);
    expect(plan.hosts[0]?.refusals).toContainEqual(
      expect.objectContaining({ code: 'host.version-unavailable', package: 'lab-plain' }),
    );
  });

  test('exactly the version of the snapshot is installed, though a newer one is offered', async () => {
    await console.snapshotOf('exact', 'lab-multi=1.1');
    expect((await console.run('exact', 'h01')).code).toBe(0);
    expect((await labPackages(fleet.host('h01')))['lab-multi']).toBe('1.1');
  });
});

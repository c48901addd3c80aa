/** While a freeze holds, nothing but its snapshot reaches its hosts: refused when planned, and again when a task starts. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import { SLOW_SECONDS_FILE } from './fleet/shapes.ts';
import { LabConsole } from './support/console.ts';
import { holdSlow, letSlowGo } from './support/gate.ts';
import { describeLab, jobsOn, labPackages, profilePackages, resetWorn } from './support/outside.ts';

describeLab('freeze', () => {
  let fleet: Fleet;
  let console: LabConsole;

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 3 });
    console = new LabConsole(fleet);
    await console.takeIn();
    await console.snapshotOf('plain', 'lab-plain=1.1');
    await console.snapshotOf('multi', 'lab-multi=1.1');
    await console.snapshotOf('app', 'lab-app=2.0', 'lab-lib=2.0');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });

  const frozen = new Set<string>();
  const freeze = (name: string, hosts: string, ...more: string[]) => {
    frozen.add(name);
    return console.snapshot('freeze', name, '--hosts', hosts, '--to', '+2h', ...more);
  };
  afterEach(async () => {
    for (const name of frozen) await console.cli('snapshot', 'thaw', name, '--reason', 'the test is over');
    frozen.clear();
    await resetWorn(fleet);
  });
  /** Every host as it came: no package touched, no job ever started. */
  const nothingHappened = async (...names: string[]): Promise<void> => {
    for (const host of names.map((name) => fleet.host(name))) {
      expect(await labPackages(host)).toEqual(profilePackages);
      expect(await jobsOn(host)).toEqual([]);
    }
  };

  test('another snapshot is refused, naming the freeze and the packages; the frozen one runs', async () => {
    await freeze('plain', 'all');
    const refused = await console.refusal('run', 'multi', 'h01', '--yes');
    expect(refused).toMatchObject({
      exit: 3,
      code: 'freeze.other-snapshot',
      host: 'h01',
      packages: ['lab-multi'],
    });
    expect(refused.message).toContain("the freeze of 'plain'");
    expect(refused.message).toContain('lab-multi');
    const { code, plan } = await console.plan('multi', 'h01');
    expect(code).toBe(3);
    expect(plan.hosts[0]).toMatchObject({
      state: 'refused',
      refusals: [{ code: 'freeze.other-snapshot' }],
    });
    await nothingHappened('h01');

    expect((await console.run('plain', 'h01')).code).toBe(0);
    expect((await labPackages(fleet.host('h01')))['lab-plain']).toBe('1.1');
  });

  test('an edited revision of the frozen snapshot is refused; the frozen revision itself runs', async () => {
    await console.snapshotOf('weekly', 'lab-plain=1.1');
    const { revision } = await freeze('weekly', 'all');
    const edited = await console.snapshot('edit', 'weekly', '--add', 'lab-multi=1.1');
    expect(edited.frozenRevision).toMatchObject({ revision });
    const refused = await console.refusal('run', 'weekly', 'h01', '--yes');
    expect(refused).toMatchObject({ exit: 3, code: 'freeze.edited-revision', host: 'h01' });
    expect(refused.packages).toEqual(['lab-multi', 'lab-plain']);
    await nothingHappened('h01');

    expect((await console.run(`weekly@${revision}`, 'h01')).code).toBe(0);
    expect(await labPackages(fleet.host('h01'))).toEqual({ ...profilePackages, 'lab-plain': '1.1' });
  });

  test('under listed-only a dependency that is not listed is refused by name', async () => {
    await freeze('app', 'all', '--policy', 'listed-only');
    const refused = await console.refusal('run', 'app', 'all', '--yes');
    expect(refused).toMatchObject({ exit: 3, code: 'freeze.unlisted-package', packages: ['lab-newdep'] });
    expect(refused.message).toContain('lab-newdep');
    await nothingHappened('h01', 'h02', 'h03');
  });

  test('under listed-or-dependency it is allowed, and visible as a dependency', async () => {
    await freeze('app', 'all', '--policy', 'listed-or-dependency');
    const { plan } = await console.plan('app', 'h01');
    expect(plan.hosts[0]?.actions).toContainEqual(
      expect.objectContaining({ action: 'install', name: 'lab-newdep', to: '1.0', dependency: true }),
    );
    expect((await console.run('app', 'h01')).code).toBe(0);
    expect(await labPackages(fleet.host('h01'))).toEqual({
      ...profilePackages,
      'lab-app': '2.0',
      'lab-lib': '2.0',
      'lab-newdep': '1.0',
    });
  });

  test('the removal of a listed package is refused by name under either policy', async () => {
    await console.snapshotOf('mail', 'lab-mail=2.0', 'lab-mail-legacy=1.0');
    for (const policy of ['listed-only', 'listed-or-dependency']) {
      await freeze('mail', 'all', '--policy', policy);
      const refused = await console.refusal('run', 'mail', 'h01', '--yes');
      expect(refused).toMatchObject({
        exit: 3,
        code: 'freeze.unlisted-package',
        packages: ['lab-mail-legacy'],
      });
      await console.snapshot('thaw', 'mail', '--reason', 'the other policy');
    }
    await nothingHappened('h01');
  });

  test('what a listed package takes the place of may go, and the plan shows it', async () => {
    await console.snapshotOf('mail-alone', 'lab-mail=2.0');
    await freeze('mail-alone', 'all');
    const { plan } = await console.plan('mail-alone', 'h01');
    expect(plan.hosts[0]).toMatchObject({ state: 'ready', refusals: [] });
    expect(plan.hosts[0]?.actions.map((action) => [action.action, action.name])).toEqual(
      expect.arrayContaining([
        ['upgrade', 'lab-mail'],
        ['remove', 'lab-mail-legacy'],
      ]),
    );
    await console.snapshot('thaw', 'mail-alone', '--reason', 'seen');
  });

  test('hosts outside the freeze are not affected; of a mixed selection only the frozen ones are refused', async () => {
    await freeze('plain', 'h01');
    const done = await console.run('multi', 'all');
    expect(done.code).toBe(1);
    expect(done.live.finished).toMatchObject({
      verdict: 'partial',
      hosts: { h01: 'refused', h02: 'succeeded', h03: 'succeeded' },
    });
    expect(done.run.tasks.find((task) => task.host === 'h01')?.error?.code).toBe('freeze.other-snapshot');
    await nothingHappened('h01');
    expect((await labPackages(fleet.host('h02')))['lab-multi']).toBe('1.1');
  });

  test('a task that waited in the queue when a freeze began is refused when it would start', async () => {
    await holdSlow(fleet.host('h01'));
    await fleet.host('h03').output(`echo 0 > ${SLOW_SECONDS_FILE}`);
    await console.snapshotOf('slow', 'lab-slow=1.1');
    const live = console.start('slow', 'all', '--concurrency', '1');
    await live.slowOn('h01');
    await freeze('plain', 'h02', '--from', 'now');
    await letSlowGo(fleet.host('h01'));
    expect(await live.ended).toBe(1);
    expect(live.finished.hosts).toEqual({ h01: 'succeeded', h02: 'refused', h03: 'succeeded' });
    expect((await live.reaches('h02', 'refused')).error).toMatchObject({ code: 'freeze.other-snapshot' });
    expect(live.path('h02')).not.toContain('applying');
    await nothingHappened('h02');
  });

  test('a later window of a recurring freeze, made during a run, refuses what has not started', async () => {
    await holdSlow(fleet.host('h01'));
    await fleet.host('h03').output(`echo 0 > ${SLOW_SECONDS_FILE}`);
    await console.snapshotOf('slow-again', 'lab-slow=1.1');
    const live = console.start('slow-again', 'all', '--concurrency', '1');
    await live.slowOn('h01');
    // Its first window was over yesterday; the second one began a minute ago.
    const yesterday = (minutes: number) => new Date(Date.now() - 86_400_000 + minutes * 60_000).toISOString();
    const window = ['--from', yesterday(-1), '--to', yesterday(60), '--zone', 'UTC'];
    await freeze('plain', 'h02', ...window, '--recurrence', 'FREQ=DAILY');
    await letSlowGo(fleet.host('h01'));
    expect(await live.ended).toBe(1);
    expect(live.finished.hosts).toEqual({ h01: 'succeeded', h02: 'refused', h03: 'succeeded' });
    expect(live.path('h02')).not.toContain('applying');
    await nothingHappened('h02');
  });

  test('an exception lets exactly its patch through, marked in the plan; another one is refused still', async () => {
    await freeze('plain', 'all');
    const why = ['--reason', 'exploited', '--until', '+1h'];
    await console.snapshot('except', 'plain', '--add', 'lab-multi=1.1', ...why);
    const { plan } = await console.plan('plain', 'h01');
    expect(plan.hosts[0]).toMatchObject({ state: 'ready', refusals: [] });
    expect(plan.hosts[0]?.actions.map(({ name, exception }) => [name, exception?.reason])).toEqual(
      expect.arrayContaining([
        ['lab-multi', 'exploited'],
        ['lab-plain', undefined],
      ]),
    );
    expect((await console.run('plain', 'h01')).code).toBe(0);
    expect(await labPackages(fleet.host('h01'))).toEqual({
      ...profilePackages,
      'lab-plain': '1.1',
      'lab-multi': '1.1',
    });
    expect((await console.refusal('run', 'multi', 'h02', '--yes')).code).toBe('freeze.other-snapshot');
    await nothingHappened('h02');
  });

  test('a freeze that is not yet in force refuses nothing', async () => {
    const from = new Date(Date.now() + 3600_000).toISOString();
    await freeze('plain', 'all', '--from', from);
    const { plan } = await console.plan('multi', 'h01');
    expect(plan.hosts[0]?.state).toBe('ready');
  });

  test('thawing wants a reason, and lifts the freeze at once', async () => {
    await freeze('plain', 'all');
    expect((await console.refusal('snapshot', 'thaw', 'plain')).exit).toBe(2);
    expect((await console.refusal('run', 'multi', 'h01', '--yes')).exit).toBe(3);
    const thawed = await console.snapshot('thaw', 'plain', '--reason', 'urgent fix for multi');
    expect(thawed).toMatchObject({ state: 'thawed', thaw: { reason: 'urgent fix for multi' } });
    expect((await console.run('multi', 'h01')).code).toBe(0);
  });

  test('the host list shows who is frozen by what', async () => {
    await freeze('plain', 'h02 or h03');
    const { hosts } = (await console.ok('hosts', 'list')) as { hosts: { name: string; frozenBy?: string }[] };
    expect(hosts.map((host) => [host.name, host.frozenBy])).toEqual([
      ['h01', undefined],
      ['h02', 'plain'],
      ['h03', 'plain'],
    ]);
  });

  test('undoing is never refused: a host under a freeze can be brought back', async () => {
    const done = await console.run('multi', 'h01');
    await freeze('plain', 'h01');
    expect((await console.runs('rollback', done.id)).code).toBe(0);
    expect(await labPackages(fleet.host('h01'))).toEqual(profilePackages);
  });
});

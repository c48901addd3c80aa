/** The whole job, as an admin does it on twelve hosts: know, decide, freeze, patch, watch, undo, accept. Steps in order. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan } from '../../shared/model/plan.ts';
import type { Run } from '../../shared/model/run.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import { SLOW_SECONDS_FILE } from './fleet/shapes.ts';
import { LabConsole, type ScanDocument } from './support/console.ts';
import { gapsIn, type Live, mostActive } from './support/live.ts';
import {
  describeLab,
  distUpgrade,
  type HostPicture,
  jobsOn,
  labPackages,
  leftOn,
  pictureOf,
  picturesOf,
  profilePackages,
} from './support/outside.ts';

/** What the edited snapshot brings a host to. */
const PATCHED: Record<string, string> = {
  ...profilePackages,
  'lab-app': '2.0',
  'lab-lib': '2.0',
  'lab-newdep': '1.0',
  'lab-conf': '1.1',
  'lab-epoch': '1:2.0-1',
  'lab-multi': '2.0',
  'lab-noisy': '1.1',
  'lab-plain': '1.1',
  'lab-reboot': '1.1',
  'lab-secure': '1.0-1+lab1u1',
  'lab-service': '1.1',
  'lab-slow': '1.1',
};

describeLab('the whole job', () => {
  let fleet: Fleet;
  let console: LabConsole;
  let scans: ScanDocument[];
  let before: Map<string, HostPicture>;
  let plan: Plan;
  let live: Live;
  let run: Run;

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 12, systemd: 2 });
    console = new LabConsole(fleet);
    await Promise.all(fleet.hosts.map((host) => host.output(`echo 1 > ${SLOW_SECONDS_FILE}`)));
    before = await picturesOf(fleet.hosts);
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });

  test('hosts are added, by key and as root or through sudo', async () => {
    for (const [index, host] of fleet.hosts.entries()) {
      const user = index % 4 === 0 ? 'root' : 'admin';
      await console.add(host, { user, environment: 'test', tags: [index < 6 ? 'rack=a' : 'rack=b'] });
    }
    const { hosts } = (await console.ok('hosts', 'list', 'tag=rack:a')) as { hosts: { name: string }[] };
    expect(hosts.map((host) => host.name)).toEqual(['h01', 'h02', 'h03', 'h04', 'h05', 'h06']);
  });

  test('an unknown host key is shown, and nothing is done on such a host until it is accepted', async () => {
    const shown = await console.trust('all');
    expect(shown.hosts.map((host) => [host.name, host.status, host.fingerprint])).toEqual(
      fleet.hosts.map((host) => [host.name, 'unknown', host.hostKey.fingerprint]),
    );
    expect(await console.scanError('h01')).toMatchObject({ exit: 3, code: 'host.key-unknown' });

    const accepted = await console.trust('all', '--accept-new');
    expect(accepted.code).toBe(0);
    const again = await console.trust('all');
    expect(new Set(again.hosts.map((host) => host.status))).toEqual(new Set(['trusted']));
  });

  test('a scan says of every host what its own apt says', async () => {
    const scanned = await console.scan('all');
    expect(scanned.code).toBe(0);
    scans = scanned.scans;
    expect(scans.map((scan) => [scan.host, scan.state])).toEqual(
      fleet.hosts.map((host) => [host.name, 'ok']),
    );
    for (const scan of scans) {
      const apt = await distUpgrade(fleet.host(scan.host));
      const wouldInstall = apt.filter((a) => a.action === 'Inst').map((a) => `${a.name} ${a.to}`);
      const installable = scan.updates.filter((update) => update.blocked !== 'held');
      expect(installable.map((u) => `${u.name} ${u.to}`).toSorted()).toEqual(wouldInstall.toSorted());
      expect(scan.removals).toMatchObject([{ name: 'lab-mail-legacy', version: '1.0' }]);
      expect(scan.packages).toBe(before.get(scan.host)?.packages.length);
      expect(scan.facts).toMatchObject({
        os: 'debian',
        manager: 'apt',
        bootId: fleet.host(scan.host).bootId,
      });
    }
  });

  test('every update says where it comes from, and why a plain upgrade would leave it', () => {
    const updates = new Map(scans[0]?.updates.map((update) => [update.name, update]));
    expect(updates.get('lab-secure')).toMatchObject({
      from: '1.0-1',
      to: '1.0-1+lab1u1',
      classification: 'security',
    });
    expect(updates.get('lab-plain')?.classification).not.toBe('security');
    expect(updates.get('lab-plain')?.blocked).toBeUndefined();
    expect(updates.get('lab-held')).toMatchObject({ blocked: 'held' });
    expect(updates.get('lab-app')).toMatchObject({ blocked: 'needs-new-packages' });
    expect(updates.get('lab-mail')).toMatchObject({ blocked: 'removes-packages' });
    expect(updates.get('lab-newdep')).toMatchObject({ to: '1.0' });
    expect(updates.get('lab-newdep')?.from ?? null).toBeNull();
  });

  test('a security-only snapshot touches the security package and nothing else', async () => {
    const made = await console.snapshot('create', 'security', '--from', 'all', '--security');
    expect(made.entries.map((entry) => entry.name)).toEqual(['lab-secure']);

    const done = await console.run('security', 'h12');
    expect(done.code).toBe(0);
    expect(await labPackages(fleet.host('h12'))).toEqual({
      ...profilePackages,
      'lab-secure': '1.0-1+lab1u1',
    });
    expect((await console.runs('rollback', done.id)).code).toBe(0);
    expect(await pictureOf(fleet.host('h12'))).toEqual(before.get('h12'));
    await console.ok('runs', 'accept', done.id);
    await console.ok('scan', 'h12');
  });

  test('a snapshot is made from the scans, edited, ordered, and frozen', async () => {
    const made = await console.snapshot('create', 'november', '--from', 'all');
    expect(made.entries.map((entry) => entry.name).toSorted()).toEqual(
      (scans[0]?.updates ?? []).map((update) => update.name).toSorted(),
    );
    const edited = await console.snapshot(
      'edit',
      'november',
      ...['lab-held', 'lab-big', 'lab-mail'].flatMap((name) => ['--remove', name]),
      ...['lab-broken', 'lab-vanished'].flatMap((name) => ['--reject', name]),
      ...['--stage', 'lab-secure=0', '--stage', 'lab-slow=2', '--note', 'not this month'],
    );
    expect(edited.revision).toBe(made.revision + 1);
    expect(edited.parents).toEqual([made.id]);
    const frozen = await console.snapshot('freeze', 'november', '--hosts', 'env=test', '--to', '+2h');
    expect(frozen).toMatchObject({
      state: 'frozen',
      freeze: { active: true, policy: 'listed-only' },
    });
  });

  test('the plan shows every action, its stage, the proof of its undoing, and the numbers it will obey', async () => {
    const planned = await console.plan('november', 'all', '--concurrency', '4', '--max-failures', '2');
    expect(planned.code).toBe(0);
    plan = planned.plan;
    expect(plan.parameters).toMatchObject({ targets: 12, concurrency: 4, abortsAtFailure: 3 });
    expect(plan.hosts.map((host) => [host.host, host.state])).toEqual(
      fleet.hosts.map((host) => [host.name, 'ready']),
    );
    for (const host of plan.hosts) {
      const actions = new Map(host.actions.map((action) => [action.name, action]));
      expect([...actions.keys()].toSorted()).toEqual(
        Object.keys(PATCHED)
          .filter((name) => PATCHED[name] !== profilePackages[name])
          .toSorted(),
      );
      expect(actions.get('lab-newdep')).toMatchObject({ action: 'install', to: '1.0' });
      expect(actions.get('lab-secure')).toMatchObject({ stage: 0 });
      expect(actions.get('lab-plain')).toMatchObject({ stage: 1, from: '1.0', to: '1.1' });
      expect(actions.get('lab-slow')).toMatchObject({ stage: 2 });
      expect(host.skipped.map((entry) => [entry.name, entry.reason])).toEqual(
        expect.arrayContaining([
          ['lab-broken', 'rejected'],
          ['lab-vanished', 'rejected'],
        ]),
      );
      expect(host.proof).toBe('proven');
      expect(host.bytes.download).toBeGreaterThan(0);
    }
    expect(await picturesOf(fleet.hosts)).toEqual(before);
  });

  test('the run brings every host to exactly that, never more than four at once', async () => {
    const done = await console.run('november', 'all', '--concurrency', '4', '--max-failures', '2');
    live = done.live;
    run = done.run;
    expect(done.code, live.timeline().join('\n')).toBe(0);
    expect(live.finished).toMatchObject({ verdict: 'success', counts: { succeeded: 12 } });
    for (const host of fleet.hosts) expect(await labPackages(host)).toEqual(PATCHED);
    expect(mostActive(live.events)).toBe(4);
  });

  test('the events tell the way of every host, without a gap, and packages with their progress', () => {
    expect(gapsIn(live.events)).toEqual([]);
    expect(live.events[0]).toMatchObject({ type: 'run.started', seq: 1, snapshot: 'november' });
    for (const host of fleet.hosts) {
      expect(live.path(host.name)).toEqual([
        'connecting',
        'checking',
        'simulating',
        'capturing',
        'staging',
        'applying',
        'verifying',
        'succeeded',
      ]);
      const progress = live.of('task.progress').filter((event) => event.host === host.name);
      expect(new Set(progress.map((event) => event.package))).toContain('lab-slow');
      const percents = progress.map((event) => event.percent);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    }
    expect(live.of('task.output').some((event) => event.line.includes('lab-slow: step 8 of 8'))).toBe(true);
  });

  test('hostile output of a package arrives as plain text, and forges nothing', () => {
    const lines = live.of('task.output').filter((event) => event.host === 'h01');
    const text = lines.map((event) => event.line).join('\n');
    expect(text).toContain('<script>alert(1)</script>');
    expect(text).not.toMatch(/[^\P{Cc}\t\n]/u);
    expect(Math.max(...lines.map((event) => event.line.length))).toBeLessThanOrEqual(4000);
    const forged = live.of('task.progress').filter((event) => event.phase.includes('forged'));
    expect(forged).toEqual([]);
  });

  test('an edited configuration file keeps the edits, an untouched one is replaced', async () => {
    const old = before.get('h01')?.conffiles;
    const now = (await pictureOf(fleet.host('h01'))).conffiles;
    expect(now['/etc/lab-conf/site.conf']).toBe(old?.['/etc/lab-conf/site.conf']);
    expect(now['/etc/lab-conf/defaults.conf']).not.toBe(old?.['/etc/lab-conf/defaults.conf']);
  });

  test('the run says which hosts want a reboot', () => {
    expect(run.tasks.map((task) => task.rebootRequired)).toEqual(fleet.hosts.map(() => true));
  });

  test('one host is rolled back: it is as it was, the others stay patched', async () => {
    const done = await console.runs('rollback', run.id, '--host', 'h05');
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    expect(done.run.tasks.find((task) => task.host === 'h05')).toMatchObject({
      state: 'rolled-back',
      difference: { equal: true },
    });
    expect(await pictureOf(fleet.host('h05'))).toEqual(before.get('h05'));
    expect(await labPackages(fleet.host('h04'))).toEqual(PATCHED);
    expect(await labPackages(fleet.host('h06'))).toEqual(PATCHED);
  });

  test('the whole run is rolled back: every host is as it was, marks and holds included', async () => {
    const done = await console.runs('rollback', run.id);
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    expect(done.run.verdict).toBe('rolled-back');
    expect(done.live.finished.counts).toEqual({ 'rolled-back': 12 });
    expect(mostActive(done.live.events)).toBeLessThanOrEqual(4);
    expect(await picturesOf(fleet.hosts)).toEqual(before);
  });

  test('until it is accepted, each host keeps what its undoing needs; afterwards nothing of it is left', async () => {
    expect(await jobsOn(fleet.host('h01'))).not.toEqual([]);
    await console.ok('runs', 'accept', run.id);
    for (const host of fleet.hosts) expect(await leftOn(host)).toEqual([]);
    expect((await console.show(run.id)).acceptedAt).toBeDefined();
    const again = await console.refusal('runs', 'rollback', run.id, '--yes');
    expect(again.code).toBe('state.conflict');
  });

  test("the event logs, replayed, give the runs' stored state", async () => {
    expect(await console.disagreements()).toEqual([]);
  });
});

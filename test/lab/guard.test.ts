/**
 * With the guard on, the host's own apt-get, dnf, zypper and unattended-upgrades bring in nothing that is not listed, and Frostline goes
 * on as if it were not there; with it off again the host's configuration is byte for byte as before, times included. What came
 * onto the hosts otherwise is drift, by the words of the hosts themselves.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { HostDrift } from '../../shared/model/drift.ts';
import { GuardView } from '../../shared/model/guard.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import type { LabHost } from './fleet/host.ts';
import { must } from './fleet/process.ts';
import { ssh } from './fleet/ssh.ts';
import { LabConsole } from './support/console.ts';
import { describeLab, labPackages } from './support/outside.ts';

const Drift = z.object({ report: z.object({ drift: z.array(HostDrift) }) });
const Guards = z.object({ guards: z.array(GuardView) });

/** Everything of the configuration: names, bytes, modes, owners, times. And the state of the units, where there are any. */
const configuration = async (host: LabHost): Promise<string[]> =>
  (
    await host.output(
      `find /etc -printf '%p %y %m %u %g %T@ %l\\n' | sort; find /etc -type f -exec sha256sum {} + | sort -k 2
if [ -d /run/systemd/system ]; then for u in apt-daily.timer apt-daily-upgrade.timer; do systemctl is-enabled $u; systemctl is-active $u; done; fi; true`,
    )
  ).split('\n');

/** From the machine's own mirror: the lab's repository has no such thing. */
const installUnattendedUpgrades = async (host: LabHost): Promise<void> => {
  const dir = await mkdtemp(join(tmpdir(), 'frostline-uu-'));
  try {
    await writeFile(join(dir, 'status'), await host.output('cat /var/lib/dpkg/status'));
    const options = ['-o', `Dir::State::status=${dir}/status`, '-o', `Dir::Cache::archives=${dir}/debs`];
    await must('mkdir', ['-p', `${dir}/debs/partial`]);
    await must('apt-get', [
      '-qqy',
      ...options,
      '-o',
      'APT::Sandbox::User=root',
      '-o',
      'Debug::NoLocking=1',
      '--no-install-recommends',
      '-d',
      'install',
      'unattended-upgrades',
    ]);
    await must('sh', ['-c', `cd ${dir}/debs && tar -cf - *.deb | base64 > ${dir}/all`]);
    await host.output('mkdir -p /root/uu && base64 -d | tar -C /root/uu -xf -', {
      input: await readFile(join(dir, 'all'), 'latin1'),
    });
    await host.output(
      'export DEBIAN_FRONTEND=noninteractive; { dpkg --force-unsafe-io --force-depends --unpack /root/uu/*.deb && dpkg --force-unsafe-io --configure -a; } >/root/uu/log 2>&1 || { tail -20 /root/uu/log; exit 1; }; rm -rf /root/uu',
      { timeoutMs: 120_000 },
    );
    // It makes this file by itself where there is none, and that is no doing of the guard.
    await host.output('touch /etc/apt/sources.list');
    // Whatever the lab's repository offers.
    await host.output(
      `printf 'Unattended-Upgrade::Origins-Pattern { "origin=*"; };\\nAPT::Periodic::Unattended-Upgrade "1";\\n' > /etc/apt/apt.conf.d/52lab`,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

describeLab('guard and drift', () => {
  let fleet: Fleet;
  let console: LabConsole;
  const before = new Map<string, string[]>();

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 2, systemd: 1, dnf: 1, zypper: 1 });
    console = new LabConsole(fleet);
    await console.takeIn();
    await installUnattendedUpgrades(fleet.host('h01'));
    // What an admin may have: pins of their own, and one for the very package.
    await fleet
      .host('h01')
      .output(
        `printf 'Package: lab-multi\\nPin: version 2.0\\nPin-Priority: 1001\\n' > /etc/apt/preferences; rm -rf /var/log/unattended-upgrades`,
      );
    await console.snapshotOf('plain', 'lab-plain=1.1');
    await onlyPlain('rpm', 'r01');
    await onlyPlain('suse', 'z01');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });

  /** Of one host's updates: the same name and version are on offer for both kinds of hosts with rpm. */
  const onlyPlain = async (name: string, host: string): Promise<void> => {
    const { entries } = await console.snapshot('create', name, '--from', host);
    const others = entries.filter((entry) => entry.name !== 'lab-plain');
    await console.snapshot('edit', name, ...others.flatMap((entry) => ['--remove', entry.name]));
  };
  const guards = async (...args: string[]): Promise<Record<string, string>> => {
    const answer = await console.cli('guard', ...args);
    return Object.fromEntries(
      Guards.parse(answer.json).guards.map((guard) => [guard.host, `${guard.desired} ${guard.state}`]),
    );
  };
  /** Which snapshot is for which hosts. */
  const snapshots = [
    ['plain', 'h*'],
    ['rpm', 'r*'],
    ['suse', 'z*'],
  ] as const;
  const snapshotFor = (host: string): number => snapshots.findIndex(([, hosts]) => hosts[0] === host[0]);
  const drift = async (): Promise<HostDrift[]> =>
    // As it stands: what was not there before has no version, and null says so.
    Drift.parse(JSON.parse((await console.cli('report', 'drift', '--format', 'json')).stdout)).report.drift;
  const lab = (host: LabHost): Promise<string> =>
    host.manager === 'apt'
      ? labPackages(host).then(JSON.stringify)
      : host.output("rpm -qa 'lab-*' --qf '%{NAME} %{VERSION}\\n' | sort");

  test('a freeze with --guard puts it on all its hosts', async () => {
    for (const host of fleet.hosts) before.set(host.name, await configuration(host));
    for (const [name, hosts] of snapshots)
      await console.snapshot('freeze', name, '--hosts', hosts, '--to', '+2h', '--guard');
    expect(await guards('status')).toEqual({ h01: 'on on', h02: 'on on', r01: 'on on', z01: 'on on' });
    expect(await configuration(fleet.host('h01'))).not.toEqual(before.get('h01'));
  });

  test('Frostline sees all updates, installs what is listed, and goes back', async () => {
    const done = await Promise.all(snapshots.map(([name, hosts]) => console.run(name, hosts)));
    for (const one of done)
      expect(one.live.finished.verdict, JSON.stringify(one.run.tasks.map((task) => task.error))).toMatch(
        /success/,
      );
    const { scans } = await console.scan('all');
    for (const scan of scans) expect(scan.updates.map((update) => update.name)).toContain('lab-app');
    // What Frostline itself did is no drift.
    for (const host of await drift()) {
      const run = done[snapshotFor(host.host)]?.id;
      expect(host).toMatchObject({ baseline: { source: 'capture', run }, packages: [] });
    }
    const back = await Promise.all(done.map((one) => console.runs('rollback', one.id)));
    expect(back.map((one) => one.code)).toEqual([0, 0, 0]);
    expect(await lab(fleet.host('h01'))).toContain('"lab-plain":"1.0"');
  });

  test.each(['h01', 'h02'])('apt on %s brings in nothing unlisted, however it is asked', async (name) => {
    const host = fleet.host(name);
    const packages = await lab(host);
    const apt = (words: string) => host.exec(`DEBIAN_FRONTEND=noninteractive apt-get -y ${words}`);
    // The listed one is held back here, so that what is left to do is nothing.
    const kept = { ...JSON.parse(packages) };
    const upgraded = await apt('-o Dpkg::Use-Pty=0 dist-upgrade');
    expect(upgraded.code).toBe(0);
    expect(JSON.parse(await lab(host))).toEqual({ ...kept, 'lab-plain': '1.1' });
    expect((await apt('install lab-newdep')).code).toBe(100);
    const exact = await apt('install lab-newdep=1.0');
    expect(exact.code).toBe(100);
    expect(exact.stderr).toContain('not in its snapshot: lab-newdep=1.0');
    expect((await apt('install lab-multi=2.0')).code).toBe(100);
    expect(JSON.parse(await lab(host))).toEqual({ ...kept, 'lab-plain': '1.1' });
  });

  test('unattended-upgrades finds nothing to do, and apt’s timers rest', async () => {
    const host = fleet.host('h01');
    const packages = await lab(host);
    const done = await host.exec('unattended-upgrade -v; apt-config dump APT::Periodic::Enable', {
      timeoutMs: 60_000,
    });
    expect(done.stdout).toContain('APT::Periodic::Enable "0"');
    expect(await lab(host)).toBe(packages);
    const timers = await fleet
      .host('h02')
      .output('systemctl is-active apt-daily.timer apt-daily-upgrade.timer; true');
    expect(timers.split('\n').filter((line) => line === 'active')).toEqual([]);
  });

  test('dnf brings in nothing unlisted', async () => {
    const host = fleet.host('r01');
    expect((await host.exec('dnf -y install lab-newdep')).code).toBe(1);
    const kept = await lab(host);
    expect((await host.exec('dnf -y upgrade')).code).toBe(0);
    expect(await lab(host)).toBe(kept.replace('lab-plain 1.0', 'lab-plain 1.1'));
  });

  test('zypper brings in nothing unlisted, however it is asked', async () => {
    const host = fleet.host('z01');
    const kept = await lab(host);
    const zypper = (words: string) => host.exec(`zypper -n --no-refresh ${words}`);
    // It names the lock that is in its way, and nobody is there to say that it may be passed by.
    for (const words of ['in lab-newdep', 'in lab-multi=2.0-1', 'patch', 'dup']) {
      const { code, stdout } = await zypper(words);
      expect({ words, code }).toEqual({ words, code: 4 });
      expect(stdout).toContain('remove lock to allow installation of');
    }
    expect(await lab(host)).toBe(kept);
    expect((await zypper('up')).code).toBe(0);
    expect(await lab(host)).toBe(kept.replace('lab-plain 1.0', 'lab-plain 1.1'));
  });

  test('dnf-automatic, told to install whatever there is, finds nothing to do', async () => {
    const host = fleet.host('r01');
    const packages = await lab(host);
    await host.output(
      "printf '[commands]\\ndownload_updates = yes\\napply_updates = yes\\n[emitters]\\nemit_via = stdio\\n' >/root/automatic.conf",
    );
    // As /usr/bin/dnf-automatic calls it, which Debian leaves out of its package.
    const automatic =
      'import sys; from dnf.automatic.main import main; sys.exit(main(["/root/automatic.conf"]))';
    const done = await host.exec(`python3 -c '${automatic}'`, { timeoutMs: 120_000 });
    expect(done.stdout + done.stderr).toBe('');
    expect(done.code).toBe(0);
    expect(await lab(host)).toBe(packages);
  });

  test('one that somebody touched or took away is told, and put right by hand', async () => {
    await fleet.host('h01').output('sh /var/lib/frostline/guard/off');
    // In place, as an editor may do it: what else is changed in the folder is not ours to turn back.
    await fleet
      .host('r01')
      .output(
        'sed "s/^ lab-plain-1.1-1.*/ lab-*/" /etc/dnf/dnf.conf >/root/c; cat /root/c >/etc/dnf/dnf.conf',
      );
    await fleet
      .host('z01')
      .output(
        'sed "s/^version: != 1.1-1/version: != 2.0-1/" /etc/zypp/locks >/root/l; cat /root/l >/etc/zypp/locks',
      );
    expect(await guards('status')).toEqual({
      h01: 'on missing',
      h02: 'on on',
      r01: 'on tampered',
      z01: 'on tampered',
    });
    expect(await guards('on', 'all')).toEqual({ h01: 'on on', h02: 'on on', r01: 'on on', z01: 'on on' });
  });

  test('put twice nothing changes; cut off in the middle, taking it off brings everything back', async () => {
    const host = fleet.host('h02');
    const on = await configuration(host);
    await guards('on', 'h02');
    expect(await configuration(host)).toEqual(on);
    // As a power cut leaves it that comes while the guard is put on: what was is kept, its last file is not there yet, nor the
    // times by which it tells later that nobody else touched the folders.
    await host.output(
      'rm /etc/apt/apt.conf.d/zz-frostline-guard /var/lib/frostline/guard/after.*; : > /etc/apt/apt.conf.d/.frostline-guard.new; mkdir /var/lib/frostline/guard.new',
    );
    await guards('off', 'h02');
    expect(await configuration(host)).toEqual(before.get('h02'));
  });

  test('thawed, every host’s configuration is byte for byte as before', async () => {
    await guards('on', 'h02');
    for (const [name] of snapshots) await console.snapshot('thaw', name, '--reason', 'the test is over');
    // One that is off is shown as that once more before it is forgotten.
    for (const state of Object.values(await guards('status'))) expect(state).toBe('off off');
    for (const host of fleet.hosts) {
      expect(await configuration(host), host.name).toEqual(before.get(host.name));
      expect(await host.output('ls -A /var/lib/frostline | grep -v jobs; true')).toBe('guard.lock');
    }
  });

  test('a lock that somebody adds under the guard, with which zypper writes all locks anew, stays', async () => {
    const host = fleet.host('z01');
    await guards('on', 'z01', '--snapshot', 'suse');
    await host.output('zypper -q al lab-multi');
    expect(await guards('status', 'z01')).toEqual({ z01: 'on tampered' });
    await guards('off', 'z01');
    const names = (await host.output('cat /etc/zypp/locks')).match(/^solvable_name: .*$/gm);
    expect(names).toEqual(['solvable_name: lab-held', 'solvable_name: lab-multi']);
  });

  test('what a person did by hand is drift: which package, from what to what, who, with which command, when', async () => {
    const byHand = async (name: string, command: string): Promise<void> => {
      const { address, port } = fleet.host(name);
      const login = {
        address,
        port,
        user: 'admin',
        key: fleet.keys.client,
        knownHosts: fleet.knownHosts(),
      };
      const ran = await ssh(login, `sudo ${command}`);
      expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    };
    const started = Date.now();
    await Promise.all([
      byHand('h01', 'apt-get -y install lab-newdep=1.0').then(() => byHand('h01', 'dpkg -r lab-slow')),
      byHand('h02', 'apt-get -y install lab-multi=2.0'),
      byHand('r01', 'dnf -y remove lab-slow'),
      byHand('z01', 'zypper -n rm lab-slow'),
    ]);
    await console.scan('all');
    const found = Object.fromEntries((await drift()).map((one) => [one.host, one.packages]));
    for (const one of Object.values(found).flat()) {
      // To the second, by the host's own clock.
      if (one.at !== undefined && one.name !== 'lab-plain')
        expect(Date.parse(one.at)).toBeGreaterThanOrEqual(started - 1000);
    }
    const at = expect.any(String);
    const admin = { arch: 'all', by: 'admin', at };
    // Before, with the guard on: it is listed.
    const listed = { name: 'lab-plain', kind: 'upgraded', by: 'root', at };
    const plain = {
      ...listed,
      arch: 'all',
      from: '1.0',
      to: '1.1',
      command: 'apt-get -y -o Dpkg::Use-Pty=0 dist-upgrade',
    };
    const newdep = { ...admin, command: 'apt-get -y install lab-newdep=1.0' };
    const multi = { ...admin, command: 'apt-get -y install lab-multi=2.0' };
    const slow = { ...admin, arch: 'noarch', command: 'dnf -y remove lab-slow' };
    expect(found).toEqual({
      h01: [
        { ...newdep, name: 'lab-newdep', kind: 'installed', from: null, to: '1.0' },
        plain,
        // dpkg alone keeps no word on who called it, nor how.
        { name: 'lab-slow', arch: 'all', kind: 'removed', from: '1.0', to: null, at },
      ],
      h02: [{ ...multi, name: 'lab-multi', kind: 'upgraded', from: '1.0', to: '2.0' }, plain],
      r01: [
        { ...listed, arch: 'noarch', from: '1.0-1', to: '1.1-1', command: 'dnf -y upgrade' },
        { ...slow, name: 'lab-slow', kind: 'removed', from: '1.0-1', to: null },
      ],
      z01: [
        { ...listed, arch: 'noarch', from: '1.0-1', to: '1.1-1', command: 'zypper -n --no-refresh up' },
        // Of who used sudo libzypp knows nothing.
        {
          ...{ ...slow, name: 'lab-slow', kind: 'removed', from: '1.0-1', to: null },
          ...{ by: 'root', command: 'zypper -n rm lab-slow' },
        },
      ],
    });
  });
});

/**
 * With the guard on, the host's own apt-get, dnf and unattended-upgrades bring in nothing that is not listed, and Frostline goes
 * on as if it were not there; with it off again the host's configuration is byte for byte as before, times included.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { GuardView } from '../../shared/model/guard.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import type { LabHost } from './fleet/host.ts';
import { must } from './fleet/process.ts';
import { LabConsole } from './support/console.ts';
import { describeLab, labPackages } from './support/outside.ts';

const Guards = z.object({ guards: z.array(GuardView) });

/** Everything of the configuration: names, bytes, modes, owners, times. And the state of the units, where there are any. */
const configuration = (host: LabHost): Promise<string> =>
  host.output(
    `tar -C / --sort=name -cf - etc 2>/dev/null | sha256sum; find /etc -printf '%p %m %u %g %T@\\n' | sort | sha256sum
if [ -d /run/systemd/system ]; then for u in apt-daily.timer apt-daily-upgrade.timer; do systemctl is-enabled $u; systemctl is-active $u; done; fi; true`,
  );

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

describeLab('guard', () => {
  let fleet: Fleet;
  let console: LabConsole;
  const before = new Map<string, string>();

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 2, systemd: 1, dnf: 1 });
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
    await console.snapshotOf('rpm', 'lab-plain=1.1-1');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });

  const guards = async (...args: string[]): Promise<Record<string, string>> => {
    const answer = await console.cli('guard', ...args);
    return Object.fromEntries(
      Guards.parse(answer.json).guards.map((guard) => [guard.host, `${guard.desired} ${guard.state}`]),
    );
  };
  const lab = (host: LabHost): Promise<string> =>
    host.manager === 'apt'
      ? labPackages(host).then(JSON.stringify)
      : host.output("rpm -qa 'lab-*' --qf '%{NAME} %{VERSION}\\n' | sort");

  test('a freeze with --guard puts it on all its hosts', async () => {
    for (const host of fleet.hosts) before.set(host.name, await configuration(host));
    await console.snapshot('freeze', 'plain', '--hosts', 'h*', '--to', '+2h', '--guard');
    await console.snapshot('freeze', 'rpm', '--hosts', 'r*', '--to', '+2h', '--guard');
    expect(await guards('status')).toEqual({ h01: 'on on', h02: 'on on', r01: 'on on' });
    expect(await configuration(fleet.host('h01'))).not.toBe(before.get('h01'));
  });

  test('Frostline sees all updates, installs what is listed, and goes back', async () => {
    const {
      scans: [scan],
    } = await console.scan('h01');
    expect(scan?.updates.map((update) => update.name)).toContain('lab-app');
    for (const [name, hosts] of [
      ['plain', 'h*'],
      ['rpm', 'r*'],
    ] as const) {
      const done = await console.run(name, hosts);
      expect(done.live.finished.verdict, JSON.stringify(done.run.tasks.map((task) => task.error))).toMatch(
        /success/,
      );
      expect((await console.runs('rollback', done.id)).code).toBe(0);
    }
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
    await host.exec('apt-get -y --allow-downgrades install lab-plain=1.0');
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

  test('one that somebody touched or took away is told, and put right by hand', async () => {
    await fleet.host('h01').output('sh /var/lib/frostline/guard/off');
    await fleet.host('r01').output('sed -i "s/^ lab-plain-1.1-1.*/ lab-*/" /etc/dnf/dnf.conf');
    expect(await guards('status')).toEqual({ h01: 'on missing', h02: 'on on', r01: 'on tampered' });
    expect(await guards('on', 'all')).toEqual({ h01: 'on on', h02: 'on on', r01: 'on on' });
  });

  test('put twice nothing changes; cut off in the middle, taking it off brings everything back', async () => {
    const host = fleet.host('h02');
    const on = await configuration(host);
    await guards('on', 'h02');
    expect(await configuration(host)).toBe(on);
    // As a power cut between two of its steps leaves it.
    await host.output(
      'rm /etc/apt/apt.conf.d/zz-frostline-guard; : > /etc/apt/apt.conf.d/.frostline-guard.new; mkdir /var/lib/frostline/guard.new',
    );
    await guards('off', 'h02');
    expect(await host.output('find /etc -name "*frostline*"')).toBe('');
  });

  test('thawed, every host’s configuration is byte for byte as before', async () => {
    await guards('on', 'h02');
    for (const name of ['plain', 'rpm']) await console.snapshot('thaw', name, '--reason', 'the test is over');
    // One that is off is shown as that once more before it is forgotten.
    for (const state of Object.values(await guards('status'))) expect(state).toBe('off off');
    for (const host of fleet.hosts) {
      expect(await configuration(host), host.name).toBe(before.get(host.name));
      expect(await host.output('ls -A /var/lib/frostline | grep -v jobs; true')).toBe('guard.lock');
    }
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fleet, startFleet } from './fleet.ts';
import type { LabHost } from './host.ts';
import type { Ran } from './process.ts';
import { rpmArchitecture } from './rpm.ts';
import { RPM_KERNELS, rpmProfile, rpmVersionsFor } from './rpmShapes.ts';
import { BROKEN_OK_FILE, FLOOD_MEGABYTES_FILE, KERNELS, SERVICE_VERSION_FILE } from './shapes.ts';
import { ssh } from './ssh.ts';
import { labUnavailable } from './tools.ts';

const unavailable = labUnavailable();

describe.skipIf(unavailable !== null)(
  `RPM hosts of the lab${unavailable === null ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    let fleet: Fleet;
    /** Only looked at. */
    let seen: LabHost;
    let arch: string;
    const host = (name: string): LabHost => fleet.host(name);

    beforeAll(async () => {
      fleet = await startFleet({ hosts: 1, dnf: 4, dnfSystemd: 1 });
      seen = host('r01');
      arch = await rpmArchitecture();
    });
    afterAll(async () => {
      await fleet?.stop();
    });

    const as = (user: string, where: LabHost, command: string): Promise<Ran> =>
      ssh(
        {
          address: where.address,
          port: where.port,
          user,
          key: fleet.keys.client,
          knownHosts: fleet.knownHosts(),
        },
        command,
      );
    const dnf = (where: LabHost, args: string): Promise<Ran> => where.exec(`dnf -y ${args}`);
    const versionOf = async (where: LabHost, name: string): Promise<string | undefined> =>
      (await where.packages(name)).get(name)?.version;

    describe('what it says of itself', () => {
      test('apt hosts and RPM hosts stand in one fleet, and say which they are', () => {
        expect(fleet.hosts.map((one) => [one.name, one.manager, one.flavour])).toEqual([
          ['h01', 'apt', 'plain'],
          ['r01', 'dnf', 'plain'],
          ['r02', 'dnf', 'plain'],
          ['r03', 'dnf', 'plain'],
          ['r04', 'dnf', 'systemd'],
        ]);
      });

      test('it looks like a relative of RHEL, and nothing like a Debian', async () => {
        const { stdout } = await as(
          'plain',
          seen,
          '. /etc/os-release; echo "$ID|$ID_LIKE|$VERSION_ID"; uname -r',
        );
        expect(stdout).toBe(`lablinux|rhel centos fedora|9.4\n${RPM_KERNELS.old}.${arch}\n`);
        const debian = await seen.exec(
          'command -v apt-get dpkg dpkg-query apt; ls -d /var/lib/dpkg /etc/apt /etc/debian_version',
        );
        expect(debian.stdout).toBe('');
        expect(await seen.output('readlink -f /usr/bin/yum')).toBe(
          await seen.output('readlink -f /usr/bin/dnf'),
        );
      });

      test('the profile is installed, with its marks', async () => {
        const packages = [...(await seen.packages())].map(([name, { version }]) => [name, version]);
        expect(Object.fromEntries(packages)).toEqual(rpmProfile(arch, 'dnf'));
        const reasons = await seen.output(
          "dnf -q repoquery --installed --qf '%{name} %{reason}' lab-app lab-lib",
        );
        expect(reasons).toBe('lab-app user\nlab-lib dependency');
      });
    });

    describe('what a scan asks, without being root', () => {
      test('check-update tells every update but the locked one, by exit code 100', async () => {
        const { code, stdout } = await as('plain', seen, 'LC_ALL=C dnf -q check-update');
        expect(code).toBe(100);
        const [updates = ''] = stdout.split('Obsoleting Packages');
        const rows = updates.split('\n').flatMap((line) => {
          const [name, version, repository] = line.split(/\s+/);
          return name === undefined || name === '' ? [] : [`${name} ${version} ${repository}`];
        });
        const newest = new Map(
          rpmVersionsFor(arch)
            .filter(
              (p) =>
                !p.installed && !['lab-held', 'lab-newdep', 'lab-flood', 'kernel-default'].includes(p.name),
            )
            .map((p) => [p.name, `${p.name}.${p.arch === 'native' ? arch : p.arch} ${p.version} lab`]),
        );
        expect(rows.toSorted()).toEqual([...newest.values()].toSorted());
      });

      test('updateinfo tells advisories with type, severity and CVEs', async () => {
        const { stdout } = await as(
          'plain',
          seen,
          'dnf -q updateinfo list; dnf -q updateinfo list --with-cve --security',
        );
        const lines = stdout
          .trim()
          .split('\n')
          .map((line) => line.replace(/\s+/g, ' '));
        expect(lines).toEqual(
          expect.arrayContaining([
            `LABSA-2026:0001 Important/Sec. lab-secure-1.0-1.el9_4.1.${arch}`,
            `LABSA-2026:0002 Moderate/Sec. kernel-core-${RPM_KERNELS.new}.${arch}`,
            'LABBA-2026:0101 bugfix lab-plain-1.1-1.noarch',
            `LABEA-2026:0201 enhancement lab-app-2.0-1.${arch}`,
            `CVE-2026-10002 Important/Sec. lab-secure-1.0-1.el9_4.1.${arch}`,
          ]),
        );
      });

      test('old versions are on offer for a rollback, but for the vanished one', async () => {
        const { stdout } = await as(
          'plain',
          seen,
          "dnf -q repoquery --available --show-duplicates --qf '%{name} %{evr}' '*'",
        );
        const offered = new Set(stdout.trim().split('\n'));
        const missing = Object.entries(rpmProfile(arch, 'dnf')).filter(
          ([name, version]) => !offered.has(`${name} ${version}`),
        );
        expect(missing).toEqual([['lab-vanished', '1.0-1']]);
      });
    });

    describe('what changes a host', () => {
      test('an upgrade through ssh and sudo; the locked package stays', async () => {
        const where = host('r02');
        const { code } = await as('admin', where, 'sudo dnf -y upgrade lab-plain lab-held lab-conf lab-mail');
        expect(code).toBe(0);
        expect(await versionOf(where, 'lab-plain')).toBe('1.1-1');
        expect(await versionOf(where, 'lab-held')).toBe('1.0-1');
        expect(await where.output('ls /etc/lab-conf')).toBe('defaults.conf\nsite.conf\nsite.conf.rpmnew');
        expect((await where.packages()).has('lab-mail-legacy')).toBe(false);
        expect((await dnf(where, 'downgrade lab-plain-1.0-1')).code).toBe(0);
        expect(await versionOf(where, 'lab-plain')).toBe('1.0-1');
      });

      test('a failing %post is only a remark, a failing %pre fails the transaction and keeps the old version', async () => {
        const where = host('r02');
        const post = await dnf(where, 'upgrade lab-broken');
        expect([post.code, await versionOf(where, 'lab-broken')]).toEqual([0, '1.1-1']);
        expect(post.stdout + post.stderr).toContain(
          `lab-broken: cannot migrate: ${BROKEN_OK_FILE} is missing`,
        );
        const pre = await dnf(where, 'upgrade lab-prefail lab-multi');
        expect([
          pre.code,
          await versionOf(where, 'lab-prefail'),
          await versionOf(where, 'lab-multi'),
        ]).toEqual([1, '1.0-1', '2.0-1']);
      });

      test('a lock held by another dnf makes the next one wait until it is released', async () => {
        const where = host('r02');
        const held = await where.holdManagerLock();
        expect((await dnf(where, '--setopt=exit_on_lock=1 upgrade lab-epoch')).code).not.toBe(0);
        const waiting = dnf(where, 'upgrade lab-epoch');
        await held.release();
        expect((await waiting).code).toBe(0);
        expect(await versionOf(where, 'lab-epoch')).toBe('1:2.0-1');
      });

      test('the repository fails for the named host only', async () => {
        const off = fleet.repository.fault({
          kind: 'corrupt',
          path: /\/rpm\/Packages\/lab-secure/,
          host: 'r03',
        });
        const broken = await host('r03').exec('dnf -y upgrade lab-secure');
        expect(broken.code).toBe(1);
        expect(broken.stdout + broken.stderr).toContain('checksum');
        expect((await dnf(host('r02'), 'upgrade lab-secure')).code).toBe(0);
        off();
        expect((await dnf(host('r03'), 'upgrade lab-secure')).code).toBe(0);
      });

      test('what is published is there with the next command', async () => {
        const plain = rpmVersionsFor(arch).find((p) => p.name === 'lab-plain');
        if (plain === undefined) throw new Error('lab-plain is not there');
        const next = { ...plain, version: '1.2-1', offered: true, installed: false };
        const latest = (): Promise<string> =>
          host('r03').output("dnf -q repoquery --latest-limit=1 --available --qf '%{evr}' lab-plain");
        await fleet.repository.rpms.publish([next]);
        expect(await latest()).toBe('1.2-1');
        await fleet.repository.rpms.withdraw([next]);
        expect(await latest()).toBe('1.1-1');
      });
    });

    describe.concurrent('a restart', () => {
      test.each([
        ['r03', 'plain'],
        ['r04', 'systemd'],
      ])('the new kernel comes beside the old one, and runs after the reboot (%s, %s)', async (name) => {
        const where = host(name);
        const hint = async (): Promise<number> =>
          (await as('plain', where, 'dnf -q needs-restarting -r')).code;
        expect(await hint()).toBe(0);
        expect((await dnf(where, 'upgrade kernel lab-kernel lab-reboot lab-service')).code).toBe(0);
        expect(await versionOf(where, 'kernel-core')).toBe(`${RPM_KERNELS.old} ${RPM_KERNELS.new}`);
        expect(await versionOf(where, 'lab-kernel')).toBe('1.0-1 2.0-1');
        expect(await where.output(`cat ${SERVICE_VERSION_FILE}`)).toBe('1.1-1');
        expect(await hint()).toBe(1);
        const before = { boots: where.boots, id: where.bootId };
        await as('admin', where, 'sudo reboot');
        await where.booted(before.boots + 1);
        expect(await where.output('cat /proc/sys/kernel/random/boot_id')).not.toBe(before.id);
        expect(await where.output('uname -r')).toBe(`${RPM_KERNELS.new}.${arch}`);
        expect(await hint()).toBe(0);
      });

      test('an apt host gets a new kernel too, and comes back with the wrong one when its boot loader says so', async () => {
        const where = host('h01');
        const running = (): Promise<string> => where.output('uname -r; cat /proc/sys/kernel/osrelease');
        await where.output('apt-get -qy install linux-image-amd64=6.1.90-1');
        await where.output('apt-get -qy install linux-image-amd64');
        expect((await where.packages('linux-image-*')).get(`linux-image-${KERNELS.new}`)?.state).toBe('ii');
        await where.bootKernel(KERNELS.old);
        await where.powerCut();
        await where.boot();
        expect(await running()).toBe(`${KERNELS.old}\n${KERNELS.old}`);
        await where.bootKernel(null);
        await where.powerCut();
        await where.boot();
        expect(await running()).toBe(`${KERNELS.new}\n${KERNELS.new}`);
      });
    });

    test.each(['h01', 'r04'])('lab-flood prints as many MiB as it is told (%s)', async (name) => {
      const where = host(name);
      const install =
        where.manager === 'apt' ? 'apt-get -qy install lab-flood=' : 'dnf -y install lab-flood-';
      await where.output(`${install}1.0*; echo 3 > ${FLOOD_MEGABYTES_FILE}`);
      const { stdout } = await where.exec(`${install}1.1*`);
      const lines = stdout.match(/^lab-flood: \d{10} -+$/gm) ?? [];
      expect(lines[0]).toHaveLength(63);
      // apt passes dpkg's output on through a terminal, and on a busy machine some of it was seen to get lost there.
      expect(lines.length).toBeGreaterThan(2.5 * 16_384);
      expect(lines.length).toBeLessThanOrEqual(3 * 16_384);
    });
  },
);

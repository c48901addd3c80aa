import { spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Fleet, startFleet } from './fleet.ts';
import type { LabHost } from './host.ts';
import { type Ran, run } from './process.ts';
import { SLOW_SECONDS_FILE } from './shapes.ts';
import { ssh } from './ssh.ts';
import { labUnavailable } from './tools.ts';

const unavailable = labUnavailable();

/** Lines of /proc/mounts that belong to a fleet's directory. */
const mountsOf = async (dir: string): Promise<string[]> =>
  (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(`${dir}/`));

/** Processes whose root or command line belongs to a fleet: its inits, daemons and supervisors. */
const processesOf = async (dir: string): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(
    pids.map(async (pid) => {
      const mounts = await readFile(`/proc/${pid}/mounts`, 'utf8').catch(() => '');
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return mounts.includes(`upperdir=${dir}/`) || command.includes(`${dir}/`) ? `${pid} ${command}` : '';
    }),
  );
  return texts.filter((text) => text !== '');
};

/** What a TCP client sees of sshd within `ms`: its greeting, silence, or a refusal. */
const greeting = (host: LabHost, ms: number): Promise<'greets' | 'silent' | 'refused'> =>
  new Promise((resolve) => {
    const socket = connect(host.port, host.address);
    let accepted = false;
    const end = (what: 'greets' | 'silent' | 'refused'): void => {
      socket.destroy();
      resolve(what);
    };
    socket.once('connect', () => {
      accepted = true;
    });
    socket.once('data', () => end('greets'));
    socket.once('error', () => end('refused'));
    socket.setTimeout(ms, () => end(accepted ? 'silent' : 'refused'));
  });

describe.skipIf(unavailable !== null)(
  `lab faults${unavailable === null ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    let fleet: Fleet;
    let h1: LabHost;
    /** The one with real systemd. */
    let h2: LabHost;

    beforeAll(async () => {
      fleet = await startFleet({ hosts: 2, systemd: 1, diskMiB: 120 });
      h1 = fleet.host('h01');
      h2 = fleet.host('h02');
    });
    afterAll(async () => {
      await fleet?.stop();
    });
    beforeEach(() => h1.reset());

    const asAdmin = (command: string, host = h1): Promise<Ran> => {
      const { address, port } = host;
      const login = { address, port, user: 'admin', knownHosts: fleet.knownHosts(), key: fleet.keys.client };
      return ssh(login, command);
    };
    const apt = (args: string): Promise<Ran> => h1.exec(`apt-get -y ${args}`);
    /** Resolves when the slow postinst is under way. */
    const slowStarted = (): Promise<string> =>
      h1.output("until pgrep -f '[l]ab-slow.postinst' >/dev/null; do sleep 0.05; done", {
        timeoutMs: 60_000,
      });

    describe('power', () => {
      test.each(['reboot', 'shutdown -r now', '/usr/sbin/shutdown -r +0'])(
        '%s from inside comes back with a new boot id, an empty /run and its disk',
        async (command) => {
          const before = await h1.output('cat /proc/sys/kernel/random/boot_id');
          expect(before).toBe(h1.bootId);
          await h1.output('touch /run/was-here /var/lib/was-here');
          const { boots } = h1;
          expect((await asAdmin(`sudo -n ${command}`)).code).toBe(0);
          await h1.booted(boots + 1);
          const after = await asAdmin(
            'cat /proc/sys/kernel/random/boot_id; ls /run/was-here /var/lib/was-here 2>&1',
          );
          expect(after.stdout).toBe(
            `${h1.bootId}\nls: cannot access '/run/was-here': No such file or directory\n/var/lib/was-here\n`,
          );
          expect(h1.bootId).not.toBe(before);
        },
      );

      test('uptime counts from the boot of the host, not of the machine', async () => {
        const [host, machine] = [
          await h1.output('cut -d. -f1 /proc/uptime'),
          await readFile('/proc/uptime', 'utf8'),
        ];
        expect(Number(host)).toBeLessThan(Number.parseFloat(machine) / 2);
      });

      test('who is not root cannot reboot', async () => {
        expect((await asAdmin('/usr/sbin/reboot')).code).toBe(1);
        expect(h1.isOn).toBe(true);
      });

      test('poweroff stays off; so does a reboot that is told to', async () => {
        await asAdmin('sudo -n poweroff');
        await h1.off();
        expect(await greeting(h1, 1000)).toBe('refused');
        await h1.boot();
        h1.onReboot('stay-off');
        await asAdmin('sudo -n reboot');
        await h1.off();
        expect(h1.isOn).toBe(false);
      });

      test('a power cut in mid-dpkg leaves a half-configured package that dpkg --configure -a mends', async () => {
        await h1.output(`echo 60 > ${SLOW_SECONDS_FILE}`);
        const install = apt('install lab-slow');
        await slowStarted();
        await h1.powerCut();
        expect((await install).code).not.toBe(0);
        await h1.boot();
        expect((await h1.packages('lab-slow')).get('lab-slow')).toEqual({ version: '1.1', state: 'iF' });
        await h1.output(`echo 0 > ${SLOW_SECONDS_FILE}; dpkg --configure -a`);
        expect((await h1.packages('lab-slow')).get('lab-slow')).toEqual({ version: '1.1', state: 'ii' });
      });

      test('reset brings back the profile, whatever happened to the disk', async () => {
        await h1.output('rm -rf /var/lib/dpkg/info /etc/sudoers.d; echo gone > /etc/hostname');
        await h1.reset();
        expect((await asAdmin('sudo -n dpkg --audit && hostname')).stdout).toBe('h01\n');
        expect(await h1.output('cat /etc/hostname')).toBe('h01');
      });
    });

    describe('connections', () => {
      test('dropping the sessions ends the client with 255 while apt goes on to its end', async () => {
        await h1.output(`echo 2 > ${SLOW_SECONDS_FILE}`);
        const session = asAdmin('sudo -n apt-get -y install lab-slow > /tmp/apt.log 2>&1 < /dev/null');
        await slowStarted();
        await h1.dropSshConnections();
        expect((await session).code).toBe(255);
        await h1.output('while pgrep -x apt-get >/dev/null; do sleep 0.05; done', { timeoutMs: 60_000 });
        expect((await h1.packages('lab-slow')).get('lab-slow')).toEqual({ version: '1.1', state: 'ii' });
        expect((await asAdmin('true')).code).toBe(0);
      });

      test('while refused, no connection is accepted; afterwards they are', async () => {
        const restore = await h1.refuseSsh();
        expect(await greeting(h1, 1000)).toBe('refused');
        await restore();
        expect(await greeting(h1, 5000)).toBe('greets');
      });

      test('a frozen host accepts TCP and says nothing; thawed it goes on', async () => {
        await h1.freeze();
        expect(await greeting(h1, 700)).toBe('silent');
        await h1.thaw();
        expect(await greeting(h1, 5000)).toBe('greets');
      });

      test('an sshd that was started again is frozen with its host too', async () => {
        await (await h1.refuseSsh())();
        await h1.freeze();
        expect(await greeting(h1, 700)).toBe('silent');
        await h1.thaw();
      });

      test('a frozen host can be cut off and booted', async () => {
        await h1.freeze();
        await h1.powerCut();
        await h1.boot();
        expect(await greeting(h1, 5000)).toBe('greets');
      });
    });

    describe('locks and disk', () => {
      test('a real apt-get holds the frontend lock; apt names it, and release changes nothing', async () => {
        const held = await h1.holdDpkgLock();
        expect(held.command).toBe('apt-get');
        const blocked = await apt('install lab-plain');
        expect(blocked.code).toBe(100);
        expect(blocked.stderr).toContain(`held by process ${held.pid} (apt-get)`);
        await held.release();
        expect((await h1.packages('lab-plain')).get('lab-plain')).toEqual({ version: '1.0', state: 'ii' });
        expect((await apt('install lab-plain')).code).toBe(0);
      });

      test('a held lists lock fails apt-get update at once, and its holder is in /proc/locks', async () => {
        const held = await h1.holdFileLock('/var/lib/apt/lists/lock');
        const blocked = await h1.exec('apt-get -q update');
        expect(blocked.code).toBe(100);
        expect(blocked.stderr).toContain(`held by process ${held.pid} (${held.command})`);
        expect(await h1.output('cat /proc/locks')).toMatch(new RegExp(`POSIX +ADVISORY +WRITE ${held.pid} `));
        await held.release();
        expect((await h1.exec('apt-get -q update')).code).toBe(0);
      });

      test('a full disk shows in df, fails the install, and can be emptied again', async () => {
        const restore = await h1.fillDisk(8 * 1024 * 1024);
        const free = Number((await h1.output('df -B1 --output=avail /')).split('\n')[1]);
        expect(free).toBeLessThanOrEqual(8 * 1024 * 1024);
        const { code, stderr } = await apt('install lab-big');
        expect(code).toBe(100);
        expect(stderr).toMatch(/enough free space|No space left/);
        await restore();
        expect((await apt('install lab-big')).code).toBe(0);
      });

      test('the disk can run full inside dpkg', async () => {
        await apt('-d install lab-big');
        const restore = await h1.fillDisk(8 * 1024 * 1024);
        expect((await h1.exec('dpkg -i /var/cache/apt/archives/lab-big_1.1_*.deb')).stderr).toContain(
          'No space left on device',
        );
        await restore();
      });
    });

    describe('a host with systemd', () => {
      beforeEach(() => h2.reset());

      test('systemd is PID 1 and has booted without a failed unit', async () => {
        expect(h2.flavour).toBe('systemd');
        const { stdout } = await asAdmin('cat /proc/1/comm; systemctl is-system-running', h2);
        expect(stdout).toBe('systemd\nrunning\n');
      });

      test('a transient unit outlives the session that started it', async () => {
        const unit =
          "systemd-run --collect --unit=frostline-lab-job sh -c 'sleep 1; touch /var/lib/job-done'";
        const session = asAdmin(`sudo -n ${unit} && touch /tmp/started && sleep 60`, h2);
        await h2.output('until [ -e /tmp/started ]; do sleep 0.05; done');
        await h2.dropSshConnections();
        expect((await session).code).toBe(255);
        await h2.output('until [ -e /var/lib/job-done ]; do sleep 0.05; done', { timeoutMs: 60_000 });
      });

      test('an upgraded service is restarted through systemd', async () => {
        const main = (): Promise<string> => h2.output('systemctl show -P InvocationID lab-service');
        const before = await main();
        await h2.output('apt-get -y install lab-service');
        expect(await main()).not.toBe(before);
      });

      test.each(['reboot', 'systemctl reboot', 'shutdown -r now'])(
        '%s comes back with a new boot id',
        async (command) => {
          const { boots, bootId } = h2;
          await asAdmin(`sudo -n ${command}`, h2);
          await h2.booted(boots + 1);
          const after = await asAdmin('cat /proc/sys/kernel/random/boot_id', h2);
          expect(after.stdout).toBe(`${h2.bootId}\n`);
          expect(h2.bootId).not.toBe(bootId);
        },
      );

      test('poweroff stays off', async () => {
        await asAdmin('sudo -n poweroff', h2);
        await h2.off();
        expect(await greeting(h2, 1000)).toBe('refused');
      });

      test('frozen, cut, its key changed, its lock held: as on any other', async () => {
        await h2.freeze();
        expect(await greeting(h2, 700)).toBe('silent');
        await h2.powerCut();
        await h2.boot();
        await h2.changeHostKey();
        expect((await asAdmin('true', h2)).code).toBe(0);
        const held = await h2.holdDpkgLock();
        expect((await h2.exec('apt-get -y install lab-plain')).stderr).toContain(
          `held by process ${held.pid}`,
        );
        await held.release();
      });
    });

    describe('hosts with networks of their own', () => {
      let apart: Fleet;
      let first: LabHost;
      let second: LabHost;

      beforeAll(async () => {
        apart = await startFleet({ hosts: 2, networks: true });
        first = apart.host('h01');
        second = apart.host('h02');
      });
      afterAll(async () => {
        await apart?.stop();
      });
      beforeEach(() => first.network.clear());

      test('without its link a host is gone, with it it is back; its neighbour notices nothing', async () => {
        await first.network.link(false);
        expect(await greeting(first, 1000)).toBe('refused');
        expect(await greeting(second, 5000)).toBe('greets');
        await first.network.clear();
        await expect.poll(() => greeting(first, 2000), { timeout: 60_000 }).toBe('greets');
      });

      test('a reset refuses, a drop lets nobody in, and both end with clear', async () => {
        await first.network.interfere({ kind: 'reset', port: first.port });
        expect(await greeting(first, 5000)).toBe('refused');
        await first.network.interfere({ kind: 'drop' });
        expect(await greeting(first, 1000)).toBe('refused');
        await first.network.clear();
        expect(await greeting(first, 5000)).toBe('greets');
      });

      test('the repository is reached over the bridge, and can be refused to one host', async () => {
        await first.network.interfere({ kind: 'refuse-out', port: apart.repository.port });
        const refused = await first.exec('apt-get -q -o Acquire::Retries=0 update');
        expect(refused.stdout + refused.stderr).toContain('Could not connect to repo.lab');
        expect((await second.exec('apt-get -q update')).stderr).toBe('');
        await first.network.clear();
        expect((await first.exec('apt-get -q update')).stderr).toBe('');
      });

      test('lost packets are lost: of many greetings some do not come', async () => {
        await first.network.interfere({ kind: 'lose', percent: 50 });
        const heard = await Promise.all(Array.from({ length: 40 }, () => greeting(first, 900)));
        expect(heard).toContain('refused');
        expect(heard).toContain('greets');
      });

      test('a stopped fleet leaves no namespace and no bridge', async () => {
        const names = async (): Promise<string> =>
          (await run('ip', ['netns', 'list'])).stdout + (await run('ip', ['-br', 'link'])).stdout;
        const { block } = apart;
        expect(await names()).toContain(`flbr${block}`);
        await apart.stop();
        // The kernel takes a namespace and its cards away in its own time.
        await expect
          .poll(names, { timeout: 60_000 })
          .not.toMatch(new RegExp(`fl-${block}-|flbr${block}\\b|fl${block}v`));
      });
    });

    describe("a fleet's end", () => {
      test('fleets stand side by side; stop leaves no mount, no process, no file and no listener', async () => {
        const other = await startFleet({ hosts: 2, systemd: 1 });
        const [host] = other.hosts;
        if (host === undefined) throw new Error('a fleet without hosts');
        expect(other.block).not.toBe(fleet.block);
        expect(await mountsOf(other.dir)).not.toEqual([]);
        expect(await processesOf(other.dir)).not.toEqual([]);
        await other.stop();
        expect(await mountsOf(other.dir)).toEqual([]);
        expect(await processesOf(other.dir)).toEqual([]);
        await expect(stat(other.dir)).rejects.toThrow('ENOENT');
        expect(await greeting(host, 1000)).toBe('refused');
        expect(await greeting(h1, 5000)).toBe('greets');
      });

      test('a killed session takes its hosts along, and its mounts go with the next clean-up', async () => {
        const cli = join(import.meta.dirname, 'cli.ts');
        const keeper = spawn(process.execPath, [cli, 'up', '--hosts', '2', '--print-json'], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const exited = new Promise((resolve) => keeper.once('exit', resolve));
        let text = '';
        for await (const data of keeper.stdout) {
          text += String(data);
          if (text.endsWith('}\n')) break;
        }
        const { dir, block } = JSON.parse(text) satisfies { dir: string; block: number };
        keeper.kill('SIGKILL');
        await exited;
        await expect.poll(() => processesOf(dir), { timeout: 60_000 }).toEqual([]);
        expect(await mountsOf(dir)).not.toEqual([]);
        expect((await run(process.execPath, [cli, 'down', '--block', String(block)])).code).toBe(0);
        expect(await mountsOf(dir)).toEqual([]);
        await expect(stat(dir)).rejects.toThrow('ENOENT');
      });
    });
  },
);

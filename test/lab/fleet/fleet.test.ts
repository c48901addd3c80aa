import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { users } from './config.ts';
import { type Fleet, startFleet } from './fleet.ts';
import type { LabHost } from './host.ts';
import type { Ran } from './process.ts';
import { BROKEN_OK_FILE, packageVersions, SERVICE_VERSION_FILE, SLOW_SECONDS_FILE } from './shapes.ts';
import { type SshLogin, ssh } from './ssh.ts';
import { labUnavailable } from './tools.ts';

const unavailable = labUnavailable();

describe.skipIf(unavailable !== null)(
  `the lab fleet${unavailable === null ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    let fleet: Fleet;
    let h1: LabHost;
    let h2: LabHost;

    beforeAll(async () => {
      fleet = await startFleet({ hosts: 3 });
      h1 = fleet.host('h01');
      h2 = fleet.host('h02');
    });
    afterAll(async () => {
      await fleet?.stop();
    });

    const login = (
      host: LabHost,
      user: string,
      how: Partial<SshLogin> = { key: fleet.keys.client },
    ): SshLogin => ({
      address: host.address,
      port: host.port,
      user,
      knownHosts: fleet.knownHosts(),
      ...how,
    });
    const apt = (host: LabHost, args: string, options: { timeoutMs?: number } = {}): Promise<Ran> =>
      host.exec(
        `apt-get -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold ${args}`,
        options,
      );

    describe('logging in', () => {
      test.each(Object.values(users))(
        '$name logs in with the key, and is who they should be',
        async (user) => {
          const { code, stdout } = await ssh(login(h1, user.name), 'id -un; hostname');
          expect({ code, stdout }).toEqual({ code: 0, stdout: `${user.name}\nh01\n` });
        },
      );

      test('the key with a passphrase works only with its passphrase', async () => {
        const key = fleet.keys.protected;
        const right = await ssh(login(h1, 'admin', { key, secret: fleet.keys.passphrase }), 'true');
        const wrong = await ssh(login(h1, 'admin', { key, secret: 'something else' }), 'true');
        expect([right.code, wrong.code]).toEqual([0, 255]);
      });

      test('asker and plain have passwords, admin has none, and a stranger is refused', async () => {
        const codes = async (user: string, how: Partial<SshLogin>): Promise<number> =>
          (await ssh(login(h1, user, how), 'true')).code;
        expect(await codes('asker', { secret: users.asker.password })).toBe(0);
        expect(await codes('plain', { secret: users.plain.password })).toBe(0);
        expect(await codes('plain', { secret: users.asker.password })).toBe(255);
        expect(await codes('admin', { secret: '' })).toBe(255);
        expect(await codes('root', { key: fleet.keys.stranger })).toBe(255);
      });

      test('sudo: admin needs no password, asker needs theirs, plain may not', async () => {
        expect((await ssh(login(h1, 'admin'), 'sudo -n id -u')).stdout).toBe('0\n');
        const refused = await ssh(login(h1, 'asker'), 'sudo -n id -u');
        expect(refused.stderr).toContain('a password is required');
        const asked = login(h1, 'asker', { key: fleet.keys.client, input: `${users.asker.password}\n` });
        expect((await ssh(asked, "sudo -S -p '' id -u")).stdout).toBe('0\n');
        const plain = login(h1, 'plain', { key: fleet.keys.client, input: `${users.plain.password}\n` });
        const never = await ssh(plain, "sudo -S -p '' id -u");
        expect(never).toMatchObject({ code: 1, stderr: expect.stringContaining('not in the sudoers file') });
      });

      test.each(['ed25519', 'ecdsa'] as const)(
        'a changed host key (%s) is noticed, and reset takes it back',
        async (type) => {
          const before = fleet.knownHosts();
          const first = h2.hostKey.fingerprint;
          const changed = await h2.changeHostKey(type);
          expect(changed.fingerprint).not.toBe(first);
          const old = await ssh(login(h2, 'admin', { key: fleet.keys.client, knownHosts: before }), 'true');
          expect(old.code).toBe(255);
          expect((await ssh(login(h2, 'admin'), 'true')).code).toBe(0);
          await h2.reset();
          expect(h2.hostKey.fingerprint).toBe(first);
          expect(
            (await ssh(login(h2, 'admin', { key: fleet.keys.client, knownHosts: before }), 'true')).code,
          ).toBe(0);
        },
      );
    });

    describe('packages', () => {
      beforeEach(() => h1.reset());

      test('an unprivileged simulation of dist-upgrade shows every shape', async () => {
        const { code, stdout } = await ssh(
          login(h1, 'plain'),
          'LC_ALL=C apt-get -s -o Debug::NoLocking=1 dist-upgrade',
        );
        expect(code).toBe(0);
        const arch = (await h1.output('dpkg --print-architecture')).trim();
        const lines = stdout
          .split('\n')
          .filter((line) => /^(Inst|Remv) /.test(line))
          .map((line) => line.replace(/ \[\]$/, '').replaceAll(`[${arch}]`, '[native]'));
        expect(lines.sort()).toEqual([
          'Inst lab-app [1.0] (2.0 Lab:12.0/lab [native])',
          'Inst lab-big [1.0] (1.1 Lab:12.0/lab [native])',
          'Inst lab-broken [1.0] (1.1 Lab:12.0/lab [all])',
          'Inst lab-conf [1.0] (1.1 Lab:12.0/lab [all])',
          'Inst lab-epoch [1:2.0~rc1-1] (1:2.0-1 Lab:12.0/lab [all])',
          'Inst lab-lib [1.0] (2.0 Lab:12.0/lab [native])',
          'Inst lab-mail [1.0] (2.0 Lab:12.0/lab [all])',
          'Inst lab-multi [1.0] (2.0 Lab:12.0/lab [all])',
          'Inst lab-newdep (1.0 Lab:12.0/lab [all])',
          'Inst lab-noisy [1.0] (1.1 Lab:12.0/lab [all])',
          'Inst lab-plain [1.0] (1.1 Lab:12.0/lab [all])',
          'Inst lab-reboot [1.0] (1.1 Lab:12.0/lab [all])',
          'Inst lab-secure [1.0-1] (1.0-1+lab1u1 Lab-Security:12/lab-security [native])',
          'Inst lab-service [1.0] (1.1 Lab:12.0/lab [native])',
          'Inst lab-slow [1.0] (1.1 Lab:12.0/lab [all])',
          'Inst lab-vanished [1.0] (1.1 Lab:12.0/lab [all])',
          'Remv lab-mail-legacy [1.0]',
        ]);
      });

      test('upgrade keeps back what needs a new package, what removes one, and what is on hold', async () => {
        const { stdout } = await apt(h1, '-s upgrade');
        const kept = /kept back:\n((?: {2}.*\n)+)/.exec(stdout)?.[1]?.trim().split(/\s+/);
        expect(kept).toEqual(['lab-app', 'lab-held', 'lab-lib', 'lab-mail']);
        expect(await h1.output('apt-mark showauto lab-lib lab-app')).toBe('lab-lib');
      });

      test('a failing postinst gives 100 and iF, nothing but another version mends it', async () => {
        const ran = await apt(h1, 'install lab-broken=1.1 lab-plain=1.1');
        expect(ran.code).toBe(100);
        const states = await h1.packages('lab-*');
        expect(states.get('lab-broken')).toEqual({ version: '1.1', state: 'iF' });
        expect(states.get('lab-plain')).toEqual({ version: '1.1', state: 'ii' });
        expect((await h1.exec('dpkg --configure -a')).code).not.toBe(0);
        expect((await apt(h1, '-f install')).code).toBe(100);
        expect((await apt(h1, '--allow-downgrades install lab-broken=1.0')).code).toBe(0);
        expect((await h1.packages('lab-broken')).get('lab-broken')).toEqual({ version: '1.0', state: 'ii' });
      });

      test('the failing postinst succeeds once its file is there', async () => {
        await h1.output(`touch ${BROKEN_OK_FILE}`);
        expect((await apt(h1, 'install lab-broken')).code).toBe(0);
      });

      test('the rest of dist-upgrade works as each package says', async () => {
        await h1.output(`touch ${BROKEN_OK_FILE}; echo 0 > ${SLOW_SECONDS_FILE}`);
        expect(await h1.output(`cat ${SERVICE_VERSION_FILE}`)).toBe('1.0');
        const { code, stdout } = await apt(h1, 'dist-upgrade');
        expect(code).toBe(0);
        expect(stdout.match(/^lab-slow: step \d of 8$/gm)).toHaveLength(8);
        expect(await h1.output('cat /run/reboot-required.pkgs')).toBe('lab-reboot');
        expect(await h1.output('ls /etc/lab-conf')).toBe('defaults.conf\nsite.conf\nsite.conf.dpkg-dist');
        expect(await h1.output('cat /etc/lab-conf/site.conf')).toContain('workers = 16');
        const version = `until [ "$(cat ${SERVICE_VERSION_FILE})" = 1.1 ]; do sleep 0.05; done; echo restarted`;
        expect(await h1.output(version, { timeoutMs: 60_000 })).toBe('restarted');
        const states = await h1.packages('lab-*');
        expect(states.get('lab-held')).toEqual({ version: '1.0', state: 'hi' });
        expect(states.get('lab-mail-legacy')?.state).not.toBe('ii');
      });

      test('old versions can be fetched for a rollback, but for the vanished one', async () => {
        for (const p of packageVersions.filter((one) => one.installed)) {
          const { code } = await h1.exec(`cd /tmp && apt-get -q download ${p.name}=${p.version}`);
          expect({ name: p.name, fetched: code === 0 }).toEqual({
            name: p.name,
            fetched: p.name !== 'lab-vanished',
          });
        }
      });
    });

    describe('the repository', () => {
      beforeEach(() => h1.reset());

      test('a missing and a corrupt file fail the install, on the named host only, until switched off', async () => {
        const path = /lab-plain_1\.1/;
        const off = fleet.repository.fault({ kind: 'missing', path, host: 'h01' });
        expect((await apt(h1, 'install lab-plain')).stderr).toMatch(/404 +not found/i);
        expect((await apt(h2, '-d install lab-plain')).code).toBe(0);
        off();
        const corrupt = fleet.repository.fault({ kind: 'corrupt', path, host: 'h01' });
        expect((await apt(h1, 'install lab-plain')).stderr).toContain('Hash Sum mismatch');
        corrupt();
        expect((await apt(h1, 'install lab-plain')).code).toBe(0);
        expect(
          fleet.repository.requests.filter((r) => r.host === 'h01' && path.test(r.path)).length,
        ).toBeGreaterThan(2);
      });

      test.each([
        ['error', /503/],
        ['cut', /Connection failed|Error reading|closed/i],
        ['stall', /Connection failed|timed out/i],
      ] as const)('the fault "%s" fails a download, and names itself', async (kind, message) => {
        const off = fleet.repository.fault({ kind, path: /lab-plain_1\.1/ });
        const options = '-o Acquire::Retries=0 -o Acquire::http::Timeout=1';
        const { code, stderr } = await h1.exec(`cd /tmp && apt-get -q ${options} download lab-plain=1.1`);
        off();
        expect({ code, stderr }).toEqual({ code: 100, stderr: expect.stringMatching(message) });
      });

      test('a slow download can be met under way', async () => {
        const off = fleet.repository.fault({
          kind: 'slow',
          path: /lab-big_1\.1/,
          bytesPerSecond: 512 * 1024,
        });
        const download = apt(h1, '-d install lab-big');
        await h1.output(
          'until [ -s /var/cache/apt/archives/partial/lab-big_1.1_*.deb ]; do sleep 0.05; done',
        );
        await h1.powerCut();
        expect((await download).code).not.toBe(0);
        await h1.boot();
        off();
        expect((await apt(h1, 'install lab-big')).code).toBe(0);
      });

      test('what is published appears after an update, what is withdrawn is gone', async () => {
        const plain = packageVersions.find((p) => p.name === 'lab-plain' && p.version === '1.1');
        if (plain === undefined) throw new Error('lab-plain 1.1 is not there');
        const next = { ...plain, version: '1.2' };
        const candidate = async (): Promise<string> => {
          await h1.output('apt-get -q update');
          return h1.output("apt-cache policy lab-plain | sed -n 's/ *Candidate: //p'");
        };
        expect(await candidate()).toBe('1.1');
        await fleet.repository.publish([next]);
        expect(await candidate()).toBe('1.2');
        await fleet.repository.withdraw([next]);
        expect(await candidate()).toBe('1.1');
      });
    });
  },
);

/** Ways in: keys, passwords, sudo, jump hosts, host keys; and every way of not getting in, told apart by its own error. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { KEY_PASSPHRASE, users } from './fleet/config.ts';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import type { LabHost } from './fleet/host.ts';
import { SLOW_SECONDS_FILE } from './fleet/shapes.ts';
import { LabConsole } from './support/console.ts';
import { describeLab, jobsOn, labPackages, profilePackages, resetWorn } from './support/outside.ts';

const PASSPHRASE = 'vault-passphrase-4711';
const ASKER = users.asker.password;
const PLAIN = users.plain.password;

const filesBelow = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((file) => statSync(file).isFile());

describeLab('access', () => {
  let fleet: Fleet;
  let console: LabConsole;
  let h1: LabHost;
  let h2: LabHost;

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 2 });
    h1 = fleet.host('h01');
    h2 = fleet.host('h02');
    console = new LabConsole(fleet, { passphrase: PASSPHRASE });
    await console.takeIn();
    await console.snapshotOf('plain', 'lab-plain=1.1');
    await console.snapshotOf('slow', 'lab-slow=1.1');
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });
  const added: string[] = [];
  /** Another way to a host that is trusted already; forgotten after the test. */
  const way = async (name: string, host: LabHost, login: Parameters<LabConsole['add']>[1]): Promise<void> => {
    added.push(name);
    await console.add(host, { ...login, name });
  };
  afterEach(async () => {
    if (added.length > 0) await console.ok('hosts', 'remove', ...added.splice(0));
    await resetWorn(fleet);
  });

  const patches = async (name: string, host: LabHost): Promise<void> => {
    const done = await console.run('plain', name);
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    expect(await labPackages(host)).toEqual({ ...profilePackages, 'lab-plain': '1.1' });
  };

  test('a password and sudo that asks for it', async () => {
    await way('by-password', h1, {
      user: 'asker',
      password: ASKER,
      sudo: 'password',
      sudoPassword: ASKER,
    });
    await patches('by-password', h1);
  });

  test('a key with a passphrase', async () => {
    await way('by-protected-key', h1, { key: fleet.keys.protected, keyPassphrase: KEY_PASSPHRASE });
    await patches('by-protected-key', h1);
  });

  test('a jump host: without it the host behind cannot be reached, with it everything works', async () => {
    await way('behind', h2, { jump: 'h01' });
    await patches('behind', h2);
    const restore = await h1.refuseSsh();
    await Promise.all([h1.dropSshConnections(), h2.dropSshConnections()]);
    const error = await console.scanError('behind');
    expect(error).toMatchObject({ exit: 4, code: 'host.unreachable' });
    expect(error.message).toContain('h01');
    await restore();
    expect((await console.scan('behind')).code).toBe(0);
  });

  test.each([
    ['a key that the host does not accept', { key: 'stranger' }],
    ['a wrong password', { user: 'asker', password: 'not it' }],
    ['an account that takes no password', { user: 'admin', password: 'any' }],
  ] as const)('%s: not let in, and not tried again and again', async (_, login) => {
    const { key, ...rest }: { key?: string; user?: 'asker' | 'admin'; password?: string } = login;
    const tries = async () => Number(await h1.output('grep -c "Failed password" /var/log/sshd.log; true'));
    const before = await tries();
    await way('stranger', h1, { ...rest, ...(key !== undefined && { key: fleet.keys.stranger }) });
    expect(await console.scanError('stranger')).toMatchObject({ exit: 4, code: 'host.auth-failed' });
    expect((await tries()) - before).toBeLessThanOrEqual(1);
  });

  test('a key file that is not there, or whose passphrase is wrong, is the key file’s error', async () => {
    const gone = console.secretFile(readFileSync(fleet.keys.client, 'utf8'));
    await way('no-file', h1, { key: gone });
    rmSync(gone);
    await way('wrong-passphrase', h1, { key: fleet.keys.protected, keyPassphrase: 'wrong' });
    for (const name of ['no-file', 'wrong-passphrase'])
      expect(await console.scanError(name)).toMatchObject({ exit: 2, code: 'host.key-file' });
  });

  test('a changed host key stops that host with its own error, whatever the command, until it is forgotten', async () => {
    const trusted = h1.hostKey.fingerprint;
    const changed = await h1.changeHostKey();
    await h1.dropSshConnections();
    expect(await console.scanError('h01')).toMatchObject({ exit: 3, code: 'host.key-changed' });

    const shown = await console.trust('h01', 'h02', '--accept-new');
    expect(shown.code).toBe(3);
    expect(shown.hosts).toMatchObject([
      { name: 'h01', status: 'changed', fingerprint: changed.fingerprint, expected: [trusted] },
      { name: 'h02', status: 'trusted' },
    ]);
    expect(await console.refusal('run', 'plain', 'h01', '--yes')).toMatchObject({
      exit: 3,
      code: 'host.key-changed',
      host: 'h01',
    });
    const mixed = await console.run('plain', 'h01 or h02', '--max-failures', '100%');
    expect(mixed.code).toBe(1);
    expect(mixed.live.finished.hosts).toEqual({ h01: 'refused', h02: 'succeeded' });
    expect(await labPackages(h1)).toEqual(profilePackages);

    await console.ok('hosts', 'forget-key', 'h01');
    expect(await console.scanError('h01')).toMatchObject({ exit: 3, code: 'host.key-unknown' });
    expect((await console.trust('h01', '--accept-new')).hosts[0]?.status).toBe('trusted');
    await patches('h01', h1);

    // The host comes back with its first key; so does the trust in it.
    await h1.reset();
    await console.ok('hosts', 'forget-key', 'h01');
    await console.trust('h01', '--accept-new');
  });

  test('a known host that offers a key of a new type is stopped just the same', async () => {
    await h1.changeHostKey('ecdsa');
    await h1.dropSshConnections();
    expect(await console.scanError('h01')).toMatchObject({ exit: 3, code: 'host.key-changed' });
    await h1.reset();
  });

  test('a host that refuses connections is unreachable; the last good scan stays beside the failed one', async () => {
    const restore = await h1.refuseSsh();
    await h1.dropSshConnections();
    expect(await console.scanError('h01')).toMatchObject({ exit: 4, code: 'host.unreachable' });
    const { hosts } = (await console.ok('hosts', 'show', 'h01')) as {
      hosts: { lastScan: { state: string }; lastGoodScan: { state: string; updateCount: number } }[];
    };
    expect(hosts[0]).toMatchObject({ lastScan: { state: 'failed' }, lastGoodScan: { state: 'ok' } });
    expect(hosts[0]?.lastGoodScan.updateCount).toBeGreaterThan(10);

    const none = await console.run('plain', 'h01');
    expect(none.code).toBe(4);
    expect(none.run.verdict).toBe('unreachable');
    const some = await console.run('plain', 'h01 or h02', '--ignore-unreachable');
    expect(some.code).toBe(1);
    expect(some.live.finished).toMatchObject({
      verdict: 'partial',
      hosts: { h01: 'unreachable', h02: 'succeeded' },
    });
    await restore();
  });

  test('a frozen host accepts the connection and says nothing: a timeout, within half a minute', async () => {
    await h1.dropSshConnections();
    await h1.freeze();
    const began = Date.now();
    expect(await console.scanError('h01')).toMatchObject({ exit: 4, code: 'host.timeout' });
    expect(Date.now() - began).toBeLessThan(30_000);
    await h1.thaw();
    expect((await console.scan('h01')).code).toBe(0);
  });

  test('an account without sudo is told at the plan; nothing is tried', async () => {
    await way('no-root', h1, { user: 'plain', sudo: 'none' });
    expect(await console.refusal('run', 'plain', 'no-root', '--yes')).toMatchObject({ code: 'host.no-root' });
    expect(await jobsOn(h1)).toEqual([]);
  });

  test.each([
    [
      'sudo that refuses the account with its right password',
      { user: 'plain', sudo: 'password', sudoPassword: PLAIN },
      'host.sudo-refused',
    ],
    ['sudo whose password is not stored', { user: 'asker', sudo: 'password' }, 'host.sudo-password'],
  ] as const)('%s: the host fails before anything is changed', async (_, login, code) => {
    await way('sudoer', h1, login);
    const done = await console.run('plain', 'sudoer');
    expect(done.code).toBe(1);
    const [task] = done.run.tasks;
    expect(task).toMatchObject({ state: 'failed', error: { code } });
    expect(done.live.path('sudoer')).not.toContain('applying');
    expect(await jobsOn(h1)).toEqual([]);
    expect(await labPackages(h1)).toEqual(profilePackages);
  });

  test('a scan needs no root, and says what it could not see without', async () => {
    await way('reader', h1, { user: 'plain', sudo: 'none' });
    const { code, scans } = await console.scan('reader');
    expect(code).toBe(0);
    expect(scans[0]).toMatchObject({ state: 'ok', facts: { privilege: 'unknown' } });
    expect(scans[0]?.updates.length).toBeGreaterThan(10);
  });

  test('without its passphrase the vault stays shut: nothing is stored, and nobody gets in', async () => {
    const shut = new LabConsole(fleet);
    try {
      const at = ['--address', h1.address, '--port', String(h1.port), '--user', 'asker'];
      const secret = shut.secretFile(ASKER);
      const refused = await shut.refusal('hosts', 'add', 'asker', ...at, '--password-file', secret);
      expect(refused).toMatchObject({ exit: 2, code: 'vault.locked' });
      expect(await shut.ok('hosts', 'list')).toEqual({ hosts: [] });
    } finally {
      await shut.close();
    }
  });

  test('a wrong vault passphrase is told, and opens nothing', async () => {
    await console.ok('hosts', 'list');
    const wrong = console.secretFile('not the passphrase');
    await console.killHost();
    const refused = await console.refusal('--passphrase-file', wrong, 'hosts', 'list');
    expect(refused).toMatchObject({ exit: 2, code: 'vault.wrong-passphrase' });
  });

  test('no secret is ever seen: not in the data folder, events, logs, nor in any process of the host', async () => {
    await h1.output(`echo 2 > ${SLOW_SECONDS_FILE}`);
    // Everything that runs on the host while the run goes on, as any user of the host could see it and more.
    const seen = '/run/seen';
    const watching = h1.exec(
      `while [ ! -e /run/enough ]; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' >> ${seen}; sleep 0.02; done`,
    );
    await way('watched', h1, { user: 'asker', password: ASKER, sudo: 'password', sudoPassword: ASKER });
    await way('protected', h2, { key: fleet.keys.protected, keyPassphrase: KEY_PASSPHRASE });
    const done = await console.run('slow', 'watched or protected');
    expect(done.code, done.live.timeline().join('\n')).toBe(0);
    await h1.output('touch /run/enough');
    await watching;

    const processes = await h1.output(`cat ${seen}`);
    // The watcher has seen the job at work, so it would have seen a password.
    expect(processes).toContain('lab-slow');
    const shown = JSON.stringify([done.live.events, done.run, await console.ok('runs', 'show', done.id)]);
    const kept = filesBelow(console.dataDir).map((file) => [file, readFileSync(file)] as const);
    expect(kept.map(([file]) => file)).toContain(join(console.dataDir, 'frostline.db'));
    for (const secret of [ASKER, KEY_PASSPHRASE, PASSPHRASE]) {
      expect(processes.includes(secret)).toBe(false);
      expect(shown.includes(secret)).toBe(false);
      for (const [file, content] of kept) expect(content.includes(secret), file).toBe(false);
    }
    expect(await h1.output('grep -rlF -f - /var/log /var/lib/frostline /tmp; true', { input: ASKER })).toBe(
      '',
    );
  });
});

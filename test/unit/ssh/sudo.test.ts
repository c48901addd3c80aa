import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../../shared/model/host.ts';
import { fakeSudo, SUDO_PASSWORD, type SudoMode, withoutSudo } from './fakeSudo.ts';
import { createRig, errorOf, must, type Rig, script, to } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.close());

const root = (text: string) => script(text, { root: true });
const received = () => {
  const file = join(rig.dir, 'received');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const setUp = async (mode: SudoMode, sudo: Host['sudo'], password?: string) => {
  const server = await rig.server({ env: { PATH: fakeSudo(rig.dir, mode) } });
  const host = rig.host(server, { sudo });
  if (password !== undefined) rig.vault.secrets.set(`host/${host.id}/sudoPassword`, password);
  return { server, host, transport: rig.transport() };
};

describe('becoming root', () => {
  it('is refused before connecting where the account may not', async () => {
    const { server, host, transport } = await setUp('nopasswd', 'none');
    const error = errorOf(await transport.run(to(host), root('true')), 'host.no-root');
    expect(error.hint).toBeDefined();
    expect(server.connections).toBe(0);
  });

  it('uses no sudo where the account is root', async () => {
    const server = await rig.server({ users: { root: { keys: [rig.key.public] } } });
    for (const sudo of ['none', 'nopasswd', 'password'] as const)
      must(await rig.transport().run(to(rig.host(server, { user: 'root', sudo })), root('true')));
    expect(server.commands.some((command) => command.includes('sudo'))).toBe(false);
  });

  it('without a password runs the script under sudo -n', async () => {
    const { server, host, transport } = await setUp('nopasswd', 'nopasswd');
    expect(must(await transport.run(to(host), root('echo done; exit 3')))).toEqual({
      stdout: 'done\n',
      stderr: '',
      exitCode: 3,
    });
    expect(server.commands[0]).toContain('sudo -n');
  });

  it('says how to go on when sudo -n wants a password after all', async () => {
    const { host, transport } = await setUp('asks', 'nopasswd');
    const error = errorOf(await transport.run(to(host), root('true')), 'host.sudo-password');
    expect(error.hint).toContain('NOPASSWD');
  });

  it('sends the password when sudo asks, once, and nothing of it reaches the script or the output', async () => {
    const { host, transport } = await setUp('asks', 'password', SUDO_PASSWORD);
    const result = must(await transport.run(to(host), root('cat; echo out; echo err >&2')));
    expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 });
    expect(received()).toBe(`${SUDO_PASSWORD}\n`);
  });

  it('understands sudo-rs, which prints the prompt in a frame of its own', async () => {
    const { host, transport } = await setUp('sudo-rs', 'password', SUDO_PASSWORD);
    expect(must(await transport.run(to(host), root('echo out'))).stdout).toBe('out\n');
  });

  it('sends no password to a host whose sudo does not ask', async () => {
    const { host, transport } = await setUp('nopasswd', 'password', SUDO_PASSWORD);
    expect(must(await transport.run(to(host), root('cat; echo out')))).toEqual({
      stdout: 'out\n',
      stderr: '',
      exitCode: 0,
    });
  });

  it('is not fooled by a shell that echoes the command line, prompt and mark included', async () => {
    const { host, transport } = await setUp('traced', 'password', SUDO_PASSWORD);
    const result = must(await transport.run(to(host), root('cat; echo out')));
    expect(result).toEqual({ stdout: 'out\n', stderr: '', exitCode: 0 });
  });

  it.each(['asks', 'one-try'] as const)(
    'tries a wrong password once and never the script as a guess (%s)',
    async (mode) => {
      const { host, transport } = await setUp(mode, 'password', 'wrong');
      const error = errorOf(await transport.run(to(host), root('echo secret-script')), 'host.sudo-password');
      expect(error.message).not.toContain('wrong');
      expect(received()).toBe('wrong\n');
    },
  );

  it('tries a wrong password once however many commands are waiting, so that no account is locked', async () => {
    const { host, transport } = await setUp('asks', 'password', 'wrong');
    const results = await Promise.all(
      Array.from({ length: 12 }, () => transport.run(to(host), root('true'))),
    );
    for (const result of results) errorOf(result, 'host.sudo-password');
    expect(received()).toBe('wrong\n');
  });

  it('tries again with a password that was changed', async () => {
    const { host, transport } = await setUp('asks', 'password', 'wrong');
    errorOf(await transport.run(to(host), root('true')), 'host.sudo-password');
    rig.vault.secrets.set(`host/${host.id}/sudoPassword`, SUDO_PASSWORD);
    must(await transport.run(to(host), root('true')));
  });

  it('runs many commands at once after the first was let through', async () => {
    const { server, host, transport } = await setUp('asks', 'password', SUDO_PASSWORD);
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => transport.run(to(host), root(`echo ${i}`))),
    );
    expect(results.map((result) => must(result).stdout)).toEqual(
      Array.from({ length: 12 }, (_, i) => `${i}\n`),
    );
    expect(server.connections).toBe(1);
  });

  it('says so when no password is stored, without connecting', async () => {
    const { server, host, transport } = await setUp('asks', 'password');
    errorOf(await transport.run(to(host), root('true')), 'host.sudo-password');
    expect(server.connections).toBe(0);
  });

  it('uses the login password where it is what logs in and no other is stored', async () => {
    const server = await rig.server({
      users: { admin: { password: SUDO_PASSWORD } },
      env: { PATH: fakeSudo(rig.dir, 'asks') },
    });
    const host = rig.host(server, { sudo: 'password', auth: { kind: 'password' } });
    rig.vault.secrets.set(`host/${host.id}/password`, SUDO_PASSWORD);
    must(await rig.transport().run(to(host), root('true')));
  });

  it('passes a locked vault on', async () => {
    const { host, transport } = await setUp('asks', 'password', SUDO_PASSWORD);
    rig.vault.lock();
    expect(errorOf(await transport.run(to(host), root('true')), 'vault.locked').host).toBe('web-1');
  });

  it.each([
    ['not-in-sudoers', 'not in the sudoers file'],
    ['not-allowed', 'not allowed to execute'],
    ['requiretty', 'must have a tty'],
    ['expired', 'expired'],
  ] as const)('repeats why sudo refuses: %s', async (mode, words) => {
    const { host, transport } = await setUp(mode, 'password', SUDO_PASSWORD);
    const error = errorOf(await transport.run(to(host), root('true')), 'host.sudo-refused');
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('lecture');
    expect(JSON.stringify(error)).not.toContain('tr0ub4dor');
  });

  it('says that sudo is not installed', async () => {
    const server = await rig.server({ env: { PATH: withoutSudo(rig.dir) } });
    for (const sudo of ['nopasswd', 'password'] as const) {
      const host = rig.host(server, { sudo });
      rig.vault.secrets.set(`host/${host.id}/sudoPassword`, SUDO_PASSWORD);
      const error = errorOf(await rig.transport().run(to(host), root('true')), 'host.sudo-refused');
      expect(error.message).toContain('not installed');
    }
  });

  it('never answers a question that is not sudo’s own', async () => {
    const { host, transport } = await setUp('asks-something-else', 'password', SUDO_PASSWORD);
    const error = errorOf(
      await transport.run(to(host), { ...root('true'), timeoutMs: 700 }),
      'host.sudo-refused',
    );
    expect(error.message).toContain('Verification code');
    expect(received()).not.toContain('tr0ub4dor');
  });
});

describe('the secret', () => {
  it('is in no command line, log line or error while and after sudo runs', async () => {
    const { server, host, transport } = await setUp('asks', 'password', SUDO_PASSWORD);
    const everyArgv = () =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => {
          try {
            return (
              readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'latin1')
            );
          } catch {
            return '';
          }
        })
        .join('\n');
    let argv = '';
    const result = must(
      await transport.run(to(host), root('echo marker-of-the-script; sleep 0.3; ps ax -o args'), {
        onStdout: (chunk) => {
          if (Buffer.from(chunk).includes('marker-of-the-script')) argv = everyArgv();
        },
      }),
    );
    expect(result.exitCode).toBe(0);
    expect(argv).toContain('/bin/sh');
    expect(argv).not.toContain('tr0ub4dor');
    expect(argv).not.toContain('marker-of-the-script');
    rig.vault.secrets.set(`host/${host.id}/sudoPassword`, 'wr0ng-secret');
    const failed = await transport.run(to({ ...host, updatedAt: '2026-11-24T00:00:00.000Z' }), root('true'));
    const everything = JSON.stringify([failed, rig.logged, server.commands]);
    expect(rig.logged.length).toBeGreaterThan(0);
    expect(everything).not.toContain('tr0ub4dor');
    expect(everything).not.toContain('wr0ng-secret');
  });
});

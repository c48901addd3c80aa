import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newEncryptedKey, newKey, startRawServer } from '../../support/sshServer.ts';
import { createRig, errorOf, must, type Rig, script, to, USER } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.close());

const hello = script('echo hello');

describe('logging in with a key file', () => {
  it('tries that key and nothing else', async () => {
    const server = await rig.server({ users: { [USER]: { keys: [newKey().public], password: 'x' } } });
    const error = errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.auth-failed');
    expect(error.message).toContain(USER);
    expect(error.message).toContain(rig.key.file);
    expect(error.host).toBe('web-1');
    expect(server.logins.map((login) => login.method)).toEqual(['publickey']);
  });

  it.each(['ed25519', 'ecdsa', 'rsa'] as const)('works with %s', async (type) => {
    const pair = newKey(type);
    const server = await rig.server({ users: { [USER]: { keys: [pair.public] } } });
    const host = rig.host(server, { auth: { kind: 'key', keyFile: rig.file('other', pair.private) } });
    expect(must(await rig.transport().run(to(host), hello)).stdout).toBe('hello\n');
  });

  it('opens an encrypted key with the passphrase from the vault', async () => {
    const pair = newEncryptedKey('open sesame');
    const server = await rig.server({ users: { [USER]: { keys: [pair.public] } } });
    const host = rig.host(server, { auth: { kind: 'key', keyFile: rig.file('locked', pair.private) } });
    const transport = rig.transport();
    const none = errorOf(await transport.run(to(host), hello), 'host.key-file');
    expect(none.message).toContain(join(rig.dir, 'locked'));
    expect(none.message).toContain('no passphrase');
    rig.vault.secrets.set(`host/${host.id}/keyPassphrase`, 'wrong one');
    const wrong = errorOf(await transport.run(to(host), hello), 'host.key-file');
    expect(wrong.message).toContain('passphrase');
    expect(wrong.message).not.toContain('wrong one');
    rig.vault.secrets.set(`host/${host.id}/keyPassphrase`, 'open sesame');
    must(await transport.run(to(host), hello));
    expect(server.connections).toBe(1);
  });

  it('needs no vault for a key without passphrase', async () => {
    rig.vault.lock();
    must(await rig.transport().run(to(rig.host(await rig.server())), hello));
  });

  it('says vault.locked when the passphrase is behind a locked vault', async () => {
    const server = await rig.server();
    const keyFile = rig.file('locked', newEncryptedKey('x').private);
    rig.vault.lock();
    errorOf(
      await rig.transport().run(to(rig.host(server, { auth: { kind: 'key', keyFile } })), hello),
      'vault.locked',
    );
  });

  it.each([
    ['missing', () => '/nowhere/id_ed25519', 'does not exist'],
    ['a folder', () => rig.dir, 'not a file'],
    ['a public key', () => rig.file('id.pub', rig.key.public), 'public key'],
    ['garbage', () => rig.file('bad', 'hello'), 'not a private key'],
    ['empty', () => rig.file('empty', ''), 'not a private key'],
    ['far too large', () => rig.file('huge', 'x'.repeat(300_000)), 'too large'],
    ['cut off', () => rig.file('cut', rig.key.private.slice(0, 200)), 'not a private key'],
  ])('names the key file that is %s', async (_what, make, words) => {
    const server = await rig.server();
    const keyFile = make();
    const host = rig.host(server, { auth: { kind: 'key', keyFile } });
    const error = errorOf(await rig.transport().run(to(host), hello), 'host.key-file');
    expect(error.message).toContain(keyFile);
    expect(error.message).toContain(words);
    expect(server.connections).toBe(0);
  });

  it('says that the host wants a second proof', async () => {
    const server = await rig.server({ users: { [USER]: { keys: [rig.key.public], secondFactor: true } } });
    const error = errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.auth-failed');
    expect(error.message).toContain('second proof');
  });
});

describe('logging in with a password', () => {
  const auth = { kind: 'password' } as const;

  it('sends the stored one', async () => {
    const server = await rig.server({ users: { [USER]: { password: 'pässwörd' } } });
    const host = rig.host(server, { auth });
    rig.vault.secrets.set(`host/${host.id}/password`, 'pässwörd');
    must(await rig.transport().run(to(host), hello));
    expect(server.logins).toEqual([{ user: USER, method: 'password', accepted: true }]);
  });

  it('sends a wrong one once only, and does not show it', async () => {
    const server = await rig.server({ users: { [USER]: { password: 'right' } } });
    const host = rig.host(server, { auth });
    rig.vault.secrets.set(`host/${host.id}/password`, 'wr0ng');
    const error = errorOf(await rig.transport().run(to(host), hello), 'host.auth-failed');
    expect(JSON.stringify([error, rig.logged])).not.toContain('wr0ng');
    expect(server.logins).toEqual([{ user: USER, method: 'password', accepted: false }]);
  });

  it('answers one question of keyboard-interactive', async () => {
    const server = await rig.server({ users: { [USER]: { password: 'right', prompts: ['Password: '] } } });
    const host = rig.host(server, { auth });
    rig.vault.secrets.set(`host/${host.id}/password`, 'right');
    must(await rig.transport().run(to(host), hello));
    expect(server.logins).toEqual([{ user: USER, method: 'keyboard-interactive', accepted: true }]);
  });

  it('does not give it to a host that asks for more than a password', async () => {
    const prompts = ['Password: ', 'Code: '];
    const server = await rig.server({ users: { [USER]: { password: 'right', prompts } } });
    const host = rig.host(server, { auth });
    rig.vault.secrets.set(`host/${host.id}/password`, 'right');
    const error = errorOf(await rig.transport().run(to(host), hello), 'host.auth-failed');
    expect(error.message).toContain('Code:');
  });

  it('says when the host takes no passwords', async () => {
    const host = rig.host(await rig.server(), { auth });
    rig.vault.secrets.set(`host/${host.id}/password`, 'right');
    const error = errorOf(await rig.transport().run(to(host), hello), 'host.auth-failed');
    expect(error.message).toContain('does not take passwords');
  });

  it('says when none is stored, without connecting', async () => {
    const server = await rig.server();
    errorOf(await rig.transport().run(to(rig.host(server, { auth })), hello), 'host.auth-failed');
    expect(server.connections).toBe(0);
  });

  it('repeats the host’s words about an expired account, cleaned', async () => {
    const server = await rig.server({
      users: { [USER]: { password: 'right' } },
      banner: '\u001b[31mYour account has expired;\u001b[0m\r\nplease contact your administrator\u0007\r\n',
    });
    const host = rig.host(server, { auth });
    rig.vault.secrets.set(`host/${host.id}/password`, 'wrong');
    const error = errorOf(await rig.transport().run(to(host), hello), 'host.auth-failed');
    expect(error.message).toContain('“Your account has expired; please contact your administrator”');
  });
});

describe('a host that closes the connection while logging in', () => {
  it.each([
    ['without a word', '', 'host.connection-lost'],
    [
      'because the account has expired',
      'Your account has expired; please contact your administrator.\r\n',
      'host.auth-failed',
    ],
  ] as const)('%s', async (_what, banner, code) => {
    const server = await rig.server({
      banner,
      onConnection: (connection) => connection.on('authentication', () => connection.end()),
    });
    const error = errorOf(await rig.transport().run(to(rig.host(server)), hello), code);
    if (banner !== '') expect(error.message).toContain('has expired');
  });
});

describe('logging in with an agent', () => {
  const auth = { kind: 'agent' } as const;

  it('says that none runs', async () => {
    const host = rig.host(await rig.server(), { auth });
    const error = errorOf(await rig.transport({ agentSocket: '' }).run(to(host), hello), 'host.auth-failed');
    expect(error.message).toContain('SSH_AUTH_SOCK');
  });

  it('says that its socket is dead', async () => {
    const host = rig.host(await rig.server(), { auth });
    const transport = rig.transport({ agentSocket: join(rig.dir, 'nothing.sock') });
    const error = errorOf(await transport.run(to(host), hello), 'host.auth-failed');
    expect(error.message).toContain('nothing.sock');
  });

  it('says that it holds no keys', async () => {
    mkdirSync(join(rig.dir, 'agent'));
    const socketPath = join(rig.dir, 'agent', 'sock');
    // The agent protocol: length 5, SSH_AGENT_IDENTITIES_ANSWER (12), no keys.
    const agent = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0])));
    });
    await new Promise<void>((resolve) => agent.listen(socketPath, resolve));
    const host = rig.host(await rig.server(), { auth });
    const error = errorOf(
      await rig.transport({ agentSocket: socketPath }).run(to(host), hello),
      'host.auth-failed',
    );
    expect(error.message).toContain('no keys');
    agent.close();
  });

  it('does not wait for ever for one that hangs', async () => {
    const socketPath = join(rig.dir, 'sock');
    const agent = createServer(() => {});
    await new Promise<void>((resolve) => agent.listen(socketPath, resolve));
    const host = rig.host(await rig.server(), { auth });
    const transport = rig.transport({ agentSocket: socketPath, connectTimeoutMs: 300 });
    const error = errorOf(await transport.run(to(host), hello), 'host.auth-failed');
    expect(error.message).toContain('does not answer');
    agent.close();
  });
});

describe('what cannot be reached', () => {
  it('names address, port and cause when the connection is refused', async () => {
    const server = await startRawServer(() => {});
    server.stop();
    const error = errorOf(
      await rig.transport().run(to(rig.host({ port: server.port })), hello),
      'host.unreachable',
    );
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.message).toContain('refused');
  });

  it('says that a name is not known', async () => {
    const host = rig.host({ port: 22 }, { address: 'no-such-host.invalid' });
    const error = errorOf(await rig.transport().run(to(host), hello), 'host.unreachable');
    expect(error.message).toMatch(/not known|does not answer/);
  });

  it('gives up on a host that takes the connection and says nothing', async () => {
    const server = await startRawServer(() => {});
    const transport = rig.transport({ connectTimeoutMs: 300 });
    const error = errorOf(await transport.run(to(rig.host(server)), hello), 'host.timeout');
    expect(error.message).toContain('greeting');
    server.stop();
  });

  it('gives up at once when cancelled', async () => {
    const stop = new AbortController();
    const server = await startRawServer(() => stop.abort());
    errorOf(await rig.transport().run(to(rig.host(server)), hello, { signal: stop.signal }), 'cancelled');
    server.stop();
  });
});

describe('algorithms', () => {
  const old = {
    kex: { kex: ['diffie-hellman-group14-sha1' as const] },
    cipher: { cipher: ['aes128-cbc' as const] },
    hmac: { cipher: ['aes128-ctr' as const], hmac: ['hmac-sha1' as const] },
    'host key': { serverHostKey: ['ssh-rsa' as const] },
  };

  it.each(Object.entries(old))(
    'are modern only: an old %s is refused, named, and the way out shown',
    async (_what, algorithms) => {
      const server = await rig.server({ algorithms, hostKeys: [newKey('rsa').private] });
      const host = rig.host(server);
      const error = errorOf(await rig.transport().run(to(host), hello), 'host.no-common-algorithm');
      expect(error.message).toContain(Object.values(algorithms).flat().at(-1));
      expect(error.hint).toContain('old algorithms');
      expect(must(await rig.transport().run(to({ ...host, legacyAlgorithms: true }), hello)).stdout).toBe(
        'hello\n',
      );
    },
  );

  it('prefer curve25519', async () => {
    let kex = '';
    const server = await rig.server({
      onConnection: (connection) =>
        connection.on('handshake', (negotiated) => {
          kex = negotiated.kex;
        }),
    });
    must(await rig.transport().run(to(rig.host(server, { legacyAlgorithms: true })), hello));
    expect(kex).toBe('curve25519-sha256');
  });
});

import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newKey, publicHalf } from '../../support/sshServer.ts';
import { createRig, errorOf, must, type Rig, script, to } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.close());

const AT = '2026-11-23T14:00:00.000Z';
const hashedName = (name: string) => {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('the key of a host', () => {
  it('that is trusted lets the command run', async () => {
    const server = await rig.server();
    const result = await rig.transport().run(to(rig.host(server)), script('echo hi'));
    expect(must(result).stdout).toBe('hi\n');
  });

  it('that is unknown stops before anyone logs in, shows the fingerprint, and says how to accept it', async () => {
    const server = await rig.server();
    const host = rig.host({ port: server.port });
    const error = errorOf(await rig.transport().run(to(host), script('echo hi')), 'host.key-unknown');
    expect(error.message).toContain(server.hostKey.fingerprint);
    expect(error.hint).toContain('hosts trust web-1 --accept-new');
    expect(error.host).toBe('web-1');
    expect(server.logins).toEqual([]);
    expect(rig.keys).toEqual([]);
  });

  it('that has changed stops hard and names the fingerprints that were trusted', async () => {
    const server = await rig.server();
    const old = publicHalf(newKey().private);
    const host = rig.host({ port: server.port, hostKey: old });
    const error = errorOf(await rig.transport().run(to(host), script('echo hi')), 'host.key-changed');
    expect(error.message).toContain(old.fingerprint);
    expect(error.message).toContain(server.hostKey.fingerprint);
    expect(error.retryable).toBe(false);
    expect(server.logins).toEqual([]);
  });

  it('of a new type on a known host counts as changed', async () => {
    const server = await rig.server({ hostKeys: [newKey('ecdsa').private] });
    const known = publicHalf(newKey('ed25519').private);
    const host = rig.host({ port: server.port, hostKey: known });
    errorOf(await rig.transport().run(to(host), script('echo hi')), 'host.key-changed');
  });

  it('is asked for by the type that is known, when the host has several', async () => {
    const ed25519 = newKey('ed25519').private;
    const rsa = newKey('rsa').private;
    const ecdsa = newKey('ecdsa').private;
    const server = await rig.server({ hostKeys: [ed25519, rsa, ecdsa] });
    for (const known of [rsa, ecdsa, ed25519]) {
      rig.keys.splice(0);
      const host = rig.host({ port: server.port, hostKey: publicHalf(known) });
      expect(must(await rig.transport().run(to(host), script('echo hi'))).stdout).toBe('hi\n');
    }
  });

  it.each([
    ['plain', (port: number) => `[127.0.0.1]:${port}`],
    ['hashed', (port: number) => hashedName(`[127.0.0.1]:${port}`)],
    ['wild', (port: number) => `[127.0.0.*]:${port}`],
    ['without its port, as OpenSSH allows', () => '127.0.0.1'],
  ])('is taken from the user’s known_hosts: %s', async (_kind, names) => {
    const server = await rig.server();
    const { keyType, publicKey } = server.hostKey;
    const file = rig.file('known_hosts', `${names(server.port)} ${keyType} ${publicKey}\n`);
    const transport = rig.transport({ userKnownHostsFiles: [rig.file('empty', ''), file] });
    must(await transport.run(to(rig.host({ port: server.port })), script('true')));
  });

  it('that differs from the user’s known_hosts is changed, too', async () => {
    const server = await rig.server();
    const { keyType, publicKey } = publicHalf(newKey().private);
    const file = rig.file('known_hosts', `[127.0.0.1]:${server.port} ${keyType} ${publicKey}\n`);
    const transport = rig.transport({ userKnownHostsFiles: [file] });
    errorOf(await transport.run(to(rig.host({ port: server.port })), script('true')), 'host.key-changed');
  });

  it('that is @revoked is refused even where it is trusted', async () => {
    const server = await rig.server();
    const { keyType, publicKey } = server.hostKey;
    const file = rig.file('known_hosts', `@revoked * ${keyType} ${publicKey}\n`);
    const transport = rig.transport({ userKnownHostsFiles: [file] });
    const host = rig.host(server);
    errorOf(await transport.run(to(host), script('true')), 'host.key-revoked');
    expect(server.logins).toEqual([]);
    expect(must(await transport.probeKey(to(host))).status).toBe('revoked');
  });

  it('is not trusted because of a @cert-authority line, which is mentioned', async () => {
    const server = await rig.server();
    const { keyType, publicKey } = server.hostKey;
    const file = rig.file('known_hosts', `@cert-authority [127.0.0.1]:* ${keyType} ${publicKey}\n`);
    const transport = rig.transport({ userKnownHostsFiles: [file] });
    const error = errorOf(
      await transport.run(to(rig.host({ port: server.port })), script('true')),
      'host.key-unknown',
    );
    expect(error.hint).toContain('certificate authority');
  });
});

describe('asking for a key', () => {
  it('tells status, type, fingerprint and key without logging in', async () => {
    const server = await rig.server();
    const transport = rig.transport();
    const host = rig.host({ port: server.port });
    const found = must(await transport.probeKey(to(host)));
    expect(found).toMatchObject({ hostId: host.id, name: 'web-1', status: 'unknown', ...server.hostKey });
    rig.trust.addTrustedKey({ address: host.address, port: host.port, addedAt: AT, ...server.hostKey });
    expect(must(await transport.probeKey(to(host)))).toMatchObject({ status: 'trusted' });
    expect(server.logins).toEqual([]);
    expect(server.commands).toEqual([]);
  });

  it('lists what was expected when it has changed', async () => {
    const server = await rig.server();
    const old = publicHalf(newKey().private);
    const found = must(await rig.transport().probeKey(to(rig.host({ port: server.port, hostKey: old }))));
    expect(found).toMatchObject({
      status: 'changed',
      expected: [old.fingerprint],
      fingerprint: server.hostKey.fingerprint,
    });
  });

  it('says why a host could not be asked', async () => {
    const server = await rig.server();
    const host = rig.host(server);
    await server.stop();
    const found = must(await rig.transport().probeKey(to(host)));
    expect(found.status).toBe('unreachable');
    expect(found.detail).toContain('refused');
    expect(found.fingerprint).toBeUndefined();
  });

  it('can be cancelled', async () => {
    const server = await rig.server();
    const stop = new AbortController();
    stop.abort();
    errorOf(await rig.transport().probeKey(to(rig.host(server)), stop.signal), 'cancelled');
  });
});

import { describe, expect, it } from 'vitest';
import type { Host } from '../../../shared/model/host.ts';
import { createRig, errorOf, must, script, to } from '../../unit/ssh/rig.ts';
import { hasSshd, startSshd } from './sshd.ts';
import { transportSuite } from './suite.ts';

const routes = (host: Host) => ({ route: to(host), jumpRoute: to(host, { ...host, name: 'jump' }) });

transportSuite('over SSH to a server in this process', async () => {
  const rig = createRig();
  const server = await rig.server({ allowForward: true });
  return { transport: rig.transport(), ...routes(rig.host(server)), close: rig.close };
});

describe.skipIf(!hasSshd)('with a real OpenSSH server', () => {
  const real = async (config: string[] = []) => {
    const rig = createRig();
    const sshd = await startSshd(config);
    const host = rig.host(sshd, { user: sshd.user, auth: { kind: 'key', keyFile: sshd.keyFile } });
    const close = async () => {
      await rig.close();
      await sshd.stop();
    };
    return { rig, host, transport: rig.transport(), close };
  };

  transportSuite('over SSH to OpenSSH', async () => {
    const { transport, host, close } = await real();
    return { transport, ...routes(host), close };
  });

  transportSuite('over SSH to OpenSSH that takes two sessions at a time', async () => {
    const { transport, host, close } = await real(['MaxSessions 2']);
    return { transport, ...routes(host), close };
  });

  it('leaves other commands alone when one that hangs on the host is given up', async () => {
    const { transport, host, close } = await real();
    const stop = new AbortController();
    const other = transport.run(to(host), script('echo on; sleep 7; echo end'), {
      onStdout: () => stop.abort(),
    });
    errorOf(await transport.run(to(host), script('sleep 30'), { signal: stop.signal }), 'cancelled');
    expect(must(await other).exitCode).toBe(0);
    await close();
  });

  it('goes on when commands that were given up hold every session of the host', async () => {
    const { transport, host, close } = await real(['MaxSessions 2']);
    for (let i = 0; i < 3; i++) {
      const stop = new AbortController();
      const given = transport.run(to(host), script('echo on; sleep 30'), {
        signal: stop.signal,
        onStdout: () => stop.abort(),
      });
      errorOf(await given, 'cancelled');
    }
    expect(must(await transport.run(to(host), script('echo hi'))).stdout).toBe('hi\n');
    await close();
  });

  it('survives keys being exchanged anew again and again in mid-command', async () => {
    const { transport, host, close } = await real(['RekeyLimit 200K']);
    let bytes = 0;
    const result = must(
      await transport.run(to(host), script('head -c 2000000 /dev/zero'), {
        onStdout: (chunk) => {
          bytes += chunk.length;
        },
      }),
    );
    expect(result.exitCode).toBe(0);
    expect(bytes).toBe(2_000_000);
    await close();
  });

  it.each(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes256-ctr'])(
    'speaks %s',
    async (cipher) => {
      const { transport, host, close } = await real([`Ciphers ${cipher}`]);
      expect(must(await transport.run(to(host), script('echo hi'))).stdout).toBe('hi\n');
      await close();
    },
  );

  it.each(['ecdh-sha2-nistp256', 'diffie-hellman-group16-sha512'])('speaks %s', async (kex) => {
    const { transport, host, close } = await real([`KexAlgorithms ${kex}`]);
    expect(must(await transport.run(to(host), script('echo hi'))).stdout).toBe('hi\n');
    await close();
  });
});

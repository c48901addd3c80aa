/** Hosts that are broken or mean: every one ends in a typed error, and the transport goes on working. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newKey, startRawServer, startSshServer } from '../../support/sshServer.ts';
import { createRig, errorOf, must, type Rig, script, to, USER } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});
afterEach(() => rig.close());

const hello = script('echo hello');
const IDENT = 'SSH-2.0-OpenSSH_9.2\r\n';

describe('what answers instead of an SSH server', () => {
  const cases: [string, (socket: Socket) => void, RegExp][] = [
    [
      'a web server',
      (socket) => socket.write('HTTP/1.1 400 Bad Request\n\n'.repeat(1000)),
      /^host\.unreachable$/,
    ],
    ['random bytes', (socket) => socket.write(Buffer.alloc(100_000, 0x9c)), /^host\.unreachable$/],
    ['an endless line', (socket) => socket.write('x'.repeat(1_000_000)), /^host\.unreachable$/],
    ['endless lines', (socket) => socket.write('hello\r\n'.repeat(100_000)), /^host\.unreachable$/],
    ['an old protocol', (socket) => socket.write('SSH-1.5-old\r\n'), /^host\.unreachable$/],
    ['silence, then the end', (socket) => socket.end(), /^host\.(unreachable|connection-lost)$/],
    ['a reset', (socket) => socket.resetAndDestroy(), /^host\.(unreachable|connection-lost)$/],
    ['a greeting, then the end', (socket) => socket.end(IDENT), /^host\.connection-lost$/],
    ['a greeting, then garbage', (socket) => socket.write(`${IDENT}${'\u0000'.repeat(50_000)}`), /^host\./],
    [
      'a greeting, then a packet of four gigabytes',
      (socket) => socket.write(Buffer.concat([Buffer.from(IDENT), Buffer.alloc(64, 0xff)])),
      /^host\./,
    ],
    [
      'a greeting, then a malformed key exchange',
      (socket) =>
        socket.write(
          Buffer.concat([Buffer.from(IDENT), Buffer.from([0, 0, 0, 12, 10, 20, ...new Array(10).fill(1)])]),
        ),
      /^host\./,
    ],
  ];
  it.each(cases)('%s is a typed error', async (_what, say, code) => {
    const server = await startRawServer(say);
    const transport = rig.transport({ connectTimeoutMs: 1_000 });
    const result = await transport.run(to(rig.host(server)), hello);
    if (result.ok) throw new Error('it cannot have worked');
    expect(result.error.code).toMatch(code);
    expect(result.error.host).toBe('web-1');
    expect(result.error.message).not.toMatch(/\p{Cc}/u);
    const probed = await transport.probeKey(to(rig.host(server)));
    expect(must(probed).status).toBe('unreachable');
    server.stop();
  });
});

describe('an SSH server that misbehaves', () => {
  it('prints without end before the shell is ready', async () => {
    const server = await rig.server({
      onExec: (channel) => {
        const more = () => {
          while (channel.writable && channel.write('welcome '.repeat(4000))) {}
        };
        channel.on('drain', more);
        channel.on('error', () => {});
        more();
      },
    });
    errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.output-too-large');
  });

  it('ends the session without an exit code', async () => {
    const server = await rig.server({
      onExec: (channel, command) => {
        channel.write(`${/frostline-[0-9a-f]+-ready/.exec(command)?.[0] ?? ''}\n`);
        channel.on('data', () => channel.close());
      },
    });
    errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.connection-lost');
  });

  it('sends an exit code and part of the output, then the connection is cut: never taken for the whole', async () => {
    const server = await rig.server({
      onExec: (channel, command) => {
        channel.write(`${/frostline-[0-9a-f]+-ready/.exec(command)?.[0] ?? ''}\n`);
        channel.once('data', () => {
          channel.write('part of the output\n');
          channel.exit(0);
          setImmediate(() => server.hangUp());
        });
      },
    });
    errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.connection-lost');
  });

  it('sends exit codes out of range', async () => {
    const server = await rig.server({
      onExec: (channel, command) => {
        channel.write(`${/frostline-[0-9a-f]+-ready/.exec(command)?.[0] ?? ''}\n`);
        channel.once('data', () => {
          channel.exit(4_000_000_000);
          channel.end();
        });
      },
    });
    expect(must(await rig.transport().run(to(rig.host(server)), hello)).exitCode).toBe(255);
  });

  it('gives no shell: its words are repeated without control characters', async () => {
    const server = await rig.server({
      onExec: (channel) => {
        channel.write('\u001b[2JThis account is currently not available.\u0007\n');
        channel.exit(1);
        channel.end();
      },
    });
    const error = errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.command-failed');
    expect(error.message).toContain('“This account is currently not available.”');
  });

  it('wants an expired password renewed first', async () => {
    const server = await rig.server({
      onExec: (channel) => {
        channel.stderr.write(
          'WARNING: Your password has expired.\nPassword change required but no TTY available.\n',
        );
        channel.exit(1);
        channel.end();
      },
    });
    errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.auth-failed');
  });

  it('opens no sessions at all', async () => {
    const server = await rig.server({ maxSessions: 0 });
    errorOf(await rig.transport().run(to(rig.host(server)), hello), 'host.busy');
  });

  it('asks for new keys all the time', async () => {
    const server = await rig.server({
      onConnection: (connection) => {
        let left = 25;
        connection.on('rekey', () => left-- > 0 && connection.rekey());
        connection.on('ready', () => connection.rekey());
      },
    });
    expect(must(await rig.transport().run(to(rig.host(server)), hello)).stdout).toBe('hello\n');
  });
});

describe('a connection that is lost', () => {
  it('in mid-command is reported, not replayed, and the next command connects anew', async () => {
    const server = await rig.server();
    const host = rig.host(server);
    const transport = rig.transport();
    const lost = await transport.run(to(host), script(`echo ran >> ${rig.dir}/ran; echo on; sleep 30`), {
      onStdout: () => server.cut(),
    });
    expect(errorOf(lost, 'host.connection-lost').retryable).toBe(true);
    expect(must(await transport.run(to(host), script(`cat ${rig.dir}/ran`))).stdout).toBe('ran\n');
    expect(server.connections).toBe(2);
  });

  it('while idle is noticed, and the next command does not fail for it', async () => {
    const server = await rig.server();
    const host = rig.host(server);
    const transport = rig.transport();
    must(await transport.run(to(host), hello));
    server.cut();
    must(await transport.run(to(host), hello));
    expect(server.connections).toBe(2);
  });

  it('because the host has stopped answering is dropped, and does not pass for a command that failed', async () => {
    const silenced: (() => void)[] = [];
    const server = await rig.server({ onSocket: (socket) => silenced.push(() => socket.pause()) });
    const host = rig.host(server);
    const transport = rig.transport();
    const stop = new AbortController();
    const waiting = transport.run(to(host), script('echo on; sleep 30'), { onStdout: () => stop.abort() });
    const given = transport.run(to(host), script('sleep 30'), { signal: stop.signal });
    stop.signal.addEventListener('abort', () => {
      for (const silence of silenced) silence();
    });
    errorOf(await given, 'cancelled');
    errorOf(await waiting, 'host.connection-lost');
    must(await transport.run(to(host), hello));
  });

  it('takes the connections that go through it along', async () => {
    const jump = await rig.server({ allowForward: true });
    const server = await rig.server();
    const host = rig.host(server);
    const via = rig.host(jump, { name: 'jump' });
    const transport = rig.transport();
    const lost = await transport.run(to(host, via), script('echo on; sleep 30'), {
      onStdout: () => jump.cut(),
    });
    errorOf(lost, 'host.connection-lost');
    must(await transport.run(to(host, via), hello));
  });
});

describe('connections', () => {
  it('are made once for many commands that ask at the same time', async () => {
    const server = await rig.server();
    const host = rig.host(server);
    const transport = rig.transport();
    for (const result of await Promise.all(Array.from({ length: 20 }, () => transport.run(to(host), hello))))
      must(result);
    expect(server.connections).toBe(1);
    expect(server.mostSessions).toBeLessThanOrEqual(8);
    expect(server.mostSessions).toBeGreaterThan(1);
  });

  it('are ended when idle', async () => {
    const ended: Promise<unknown>[] = [];
    const server = await rig.server({ onConnection: (connection) => ended.push(once(connection, 'close')) });
    must(await rig.transport({ idleMs: 50 }).run(to(rig.host(server)), hello));
    await ended[0];
    expect(server.connections).toBe(1);
  });

  it('are not shared once the host is described differently', async () => {
    const server = await rig.server({ users: { [USER]: { keys: [rig.key.public] }, other: { keys: [] } } });
    const host = rig.host(server);
    const transport = rig.transport();
    must(await transport.run(to(host), hello));
    errorOf(await transport.run(to({ ...host, user: 'other' }), hello), 'host.auth-failed');
  });

  it('being made end when the only one who wanted them cancels, and others keep theirs', async () => {
    const server = await rig.server();
    const host = rig.host(server);
    const transport = rig.transport();
    const stop = new AbortController();
    const cancelled = transport.run(to(host), hello, { signal: stop.signal });
    const kept = transport.run(to(host), hello);
    stop.abort();
    errorOf(await cancelled, 'cancelled');
    must(await kept);
    expect(server.connections).toBe(1);
  });

  it('that fail are tried again by the next command', async () => {
    const hostKey = newKey().private;
    const first = await startSshServer({ hostKeys: [hostKey], users: {} });
    const host = rig.host(first);
    const transport = rig.transport();
    errorOf(await transport.run(to(host), hello), 'host.auth-failed');
    errorOf(await transport.run(to(host), hello), 'host.auth-failed');
    expect(first.connections).toBe(2);
    await first.stop();
  });
});

describe('going through another host', () => {
  it('checks the key of every hop by itself', async () => {
    const jump = await rig.server({ allowForward: true });
    const server = await rig.server();
    const via = rig.host({ port: jump.port }, { name: 'jump' });
    const host = rig.host(server);
    const transport = rig.transport();
    const unknown = errorOf(await transport.run(to(host, via), hello), 'host.key-unknown');
    expect(unknown.host).toBe('jump');
    expect(unknown.hint).toContain('hosts trust jump');
    rig.host(jump);
    must(await transport.run(to(host, via), hello));
    rig.keys.splice(0);
    rig.host(jump);
    expect(errorOf(await rig.transport().run(to(host, via), hello), 'host.key-unknown').host).toBe('web-1');
  });

  it('goes through several, nearest to the console last', async () => {
    const near = await rig.server({ allowForward: true });
    const far = await rig.server({ allowForward: true });
    const server = await rig.server();
    const hops = [rig.host(far, { name: 'far' }), rig.host(near, { name: 'near' })];
    must(await rig.transport().run(to(rig.host(server), ...hops), hello));
    expect([near.connections, far.connections, server.connections]).toEqual([1, 1, 1]);
    expect(near.logins).toHaveLength(1);
  });

  it('says that the hop forbids it, or cannot reach the host', async () => {
    const closed = await rig.server();
    const server = await rig.server();
    const host = rig.host(server);
    const transport = rig.transport();
    errorOf(await transport.run(to(host, rig.host(closed, { name: 'closed' })), hello), 'host.unreachable');
    const open = rig.host(await rig.server({ allowForward: true }), { name: 'open' });
    await server.stop();
    const error = errorOf(await transport.run(to(host, open), hello), 'host.unreachable');
    expect(error.message).toContain('from open');
    expect(error.host).toBe('web-1');
  });
});

describe('login shells', () => {
  it('may be chatty and may read their input', async () => {
    const rc = rig.file('rc', 'echo "welcome to $HOSTNAME"; echo "motd" >&2; printf "no newline"\n');
    const server = await rig.server({ loginShell: '/bin/bash', env: { BASH_ENV: rc } });
    expect(must(await rig.transport().run(to(rig.host(server)), script('echo out; echo err >&2')))).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 0,
    });
  });

  it('may trace what they run', async () => {
    const server = await rig.server({
      loginShell: '/bin/bash',
      env: { BASH_ENV: rig.file('rc', 'set -xv\n') },
    });
    expect(must(await rig.transport().run(to(rig.host(server)), script('echo out'))).stdout).toBe('out\n');
  });
});

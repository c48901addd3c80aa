/** One demo host's SSH server: real protocol, one account with one key, every command in a real shell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { createServer } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2';
import { writeUptime } from './machine.ts';

export const DEMO_USER = 'demo';
const ADDRESS = '127.0.0.1';
const MAX_SESSIONS = 10;

export type HostServer = {
  port: number;
  /** Ends connections and commands, and takes no more. */
  down(): Promise<void>;
  /** Takes connections again, on the same port; false where another program took it meanwhile. */
  up(): Promise<boolean>;
  stop(): Promise<void>;
};

const isOurs = (context: AuthContext, key: ParsedKey): boolean =>
  context.method === 'publickey' &&
  context.username === DEMO_USER &&
  context.key.algo === key.type &&
  context.key.data.equals(key.getPublicSSH()) &&
  // Without a signature the client only asks whether the key would do.
  (context.signature === undefined ||
    (context.blob !== undefined && key.verify(context.blob, context.signature, context.hashAlgo) === true));

const runCommand = (
  channel: ServerChannel,
  command: string,
  root: string,
  env: Record<string, string>,
  children: Set<ChildProcess>,
): void => {
  writeUptime(root);
  // A process group of its own, so that all of it can be ended; jobs make themselves a session and stay.
  const child = spawn('/bin/sh', ['-c', command], { env, cwd: env.HOME, detached: true });
  children.add(child);
  child.stdin.on('error', () => {});
  channel.on('error', () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  // The other side is gone: as with a real server the command is not killed, it finds nobody to read it.
  channel.on('close', () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on('error', () => {
    children.delete(child);
    channel.exit(127);
    channel.end();
  });
  child.on('exit', (code, signal) => {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal.slice(3), false, '');
  });
  child.on('close', () => {
    children.delete(child);
    channel.end();
  });
};

const listen = async (server: TcpServer, port: number): Promise<boolean> => {
  server.listen(port, ADDRESS);
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  }
};

const portOf = (server: TcpServer): number => {
  const address: AddressInfo | string | null = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
};

/** The wanted port where it is free, else another. */
const openPort = async (make: () => TcpServer, wanted: number): Promise<TcpServer> => {
  const first = make();
  if (wanted > 0 && (await listen(first, wanted))) return first;
  const second = make();
  if (!(await listen(second, 0))) throw new Error('no port to listen on');
  return second;
};

/** A port nobody listens on. */
export const closedPort = async (wanted: number): Promise<number> => {
  const server = await openPort(createServer, wanted);
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
};

export const startHostServer = async (o: {
  port: number;
  hostKey: string;
  clientKey: ParsedKey;
  root: string;
  env: Record<string, string>;
}): Promise<HostServer> => {
  const children = new Set<ChildProcess>();
  const onConnection = (connection: Connection) => {
    let sessions = 0;
    connection.on('error', () => {});
    connection.on('authentication', (context) => {
      if (isOurs(context, o.clientKey)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept, reject) => {
      if (sessions >= MAX_SESSIONS) {
        reject();
        return;
      }
      sessions++;
      const session = accept();
      session.on('close', () => sessions--);
      session.on('exec', (acceptExec, _reject, info) =>
        runCommand(acceptExec(), info.command, o.root, o.env, children),
      );
    });
  };
  const ssh = new ssh2.Server(
    { hostKeys: [o.hostKey], ident: 'OpenSSH_9.2p1 Debian-2+deb12u2' },
    onConnection,
  );
  const sockets = new Set<import('node:net').Socket>();
  const tcp = await openPort(
    () =>
      createServer((socket) => {
        sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
        ssh.injectSocket(socket);
      }),
    o.port,
  );
  const port = portOf(tcp);
  const down = async () => {
    const closed = tcp.listening ? once(tcp, 'close') : undefined;
    if (closed !== undefined) tcp.close();
    for (const socket of sockets) socket.destroy();
    // One whose output a job still holds open has exited already, and does not say so again.
    const alive = [...children].filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = alive.map((child) => once(child, 'exit'));
    for (const child of alive) {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await Promise.all([closed, ...ended]);
  };
  return { port, down, up: () => listen(tcp, port), stop: down };
};

/**
 * An SSH server in this process for tests: real protocol, a real shell for every command, and faults on request.
 * Commands run as the present user through `loginShell -c`, with a folder in front of PATH where tests put a `sudo`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket, type Server as TcpServer } from 'node:net';
import ssh2, {
  type Connection,
  type ParsedKey,
  type ServerChannel,
  type ServerConfig,
  type Session,
} from 'ssh2';
import { fingerprintOf } from '../../main/adapters/ssh/hostKeys.ts';

export type Account = {
  password?: string;
  /** OpenSSH public key lines. */
  keys?: string[];
  /** Password only through keyboard-interactive, with these prompts. */
  prompts?: string[];
  /** Accepts the key, then asks for another method too. */
  secondFactor?: boolean;
};

export type SshServerOptions = {
  users: Record<string, Account>;
  /** Private keys in OpenSSH form; default: one new ed25519 key. */
  hostKeys?: string[];
  algorithms?: ServerConfig['algorithms'];
  ident?: string;
  banner?: string;
  env?: Record<string, string>;
  /** Default /bin/sh. */
  loginShell?: string;
  maxSessions?: number;
  allowForward?: boolean;
  /** Called instead of running the command. */
  onExec?: (channel: ServerChannel, command: string) => void;
  onConnection?: (connection: Connection) => void;
  onSocket?: (socket: Socket) => void;
};

export type SshTestServer = {
  address: string;
  port: number;
  hostKey: { keyType: string; publicKey: string; fingerprint: string };
  /** Command lines asked for, in order. */
  commands: string[];
  /** Login attempts: method, and whether it was let in. */
  logins: { user: string; method: string; accepted: boolean }[];
  /** Connections made so far. */
  connections: number;
  openSessions: number;
  mostSessions: number;
  /** Closes every connection at the TCP level once what was sent has gone out. */
  hangUp: () => void;
  /** Cuts every connection at the TCP level. */
  cut: () => void;
  stop: () => Promise<void>;
};

type KeyPair = { private: string; public: string };

/** ssh2's generator makes about one broken ed25519 key in 200: made again until it can be read. */
const sound = (make: () => KeyPair, passphrase?: string): KeyPair => {
  for (;;) {
    const pair = make();
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
  }
};

export const newKey = (type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519'): KeyPair =>
  sound(() => {
    if (type === 'ed25519') return ssh2.utils.generateKeyPairSync('ed25519');
    if (type === 'ecdsa') return ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
    return ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
  });

/** An ed25519 key that needs a passphrase. */
export const newEncryptedKey = (passphrase: string): KeyPair =>
  sound(
    () => ssh2.utils.generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-cbc', rounds: 4 }),
    passphrase,
  );

const parsed = (text: string): ParsedKey => {
  const key = ssh2.utils.parseKey(text);
  const one = Array.isArray(key) ? key[0] : key;
  if (one === undefined || one instanceof Error) throw new Error('not a key');
  return one;
};

export const publicHalf = (privateKey: string) => {
  const key = parsed(privateKey);
  const blob = key.getPublicSSH();
  return { keyType: key.type, publicKey: blob.toString('base64'), fingerprint: fingerprintOf(blob) };
};

export const startSshServer = async (o: SshServerOptions): Promise<SshTestServer> => {
  const hostKeys = o.hostKeys ?? [newKey().private];
  const [firstKey] = hostKeys;
  if (firstKey === undefined) throw new Error('a server needs a key');
  const children = new Set<ChildProcess>();
  const sockets = new Set<Socket>();
  const state: SshTestServer = {
    address: '127.0.0.1',
    port: 0,
    hostKey: publicHalf(firstKey),
    commands: [],
    logins: [],
    connections: 0,
    openSessions: 0,
    mostSessions: 0,
    hangUp: () => {
      for (const socket of sockets) socket.end();
    },
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stop: async () => {
      for (const child of children) child.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      server.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };

  const runCommand = (channel: ServerChannel, command: string, peerPort: number) => {
    state.commands.push(command);
    if (o.onExec !== undefined) {
      o.onExec(channel, command);
      return;
    }
    const child = spawn(o.loginShell ?? '/bin/sh', ['-c', command], {
      env: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        HOME: '/tmp',
        SSH_CONNECTION: `127.0.0.1 ${peerPort} 127.0.0.1 ${state.port}`,
        ...o.env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    children.add(child);
    child.stdin.on('error', () => {});
    channel.on('error', () => {});
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    channel.on('close', () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on('error', () => {
      channel.exit(127);
      channel.end();
    });
    child.on('exit', (code, signal) => {
      if (signal !== null) channel.exit(signal.slice(3), false, '');
      else channel.exit(code ?? 255);
    });
    child.on('close', () => {
      children.delete(child);
      channel.end();
    });
  };

  const onSession = (accept: () => Session, peerPort: number) => {
    const session = accept();
    state.openSessions++;
    state.mostSessions = Math.max(state.mostSessions, state.openSessions);
    session.on('close', () => {
      state.openSessions--;
    });
    session.on('exec', (acceptExec, _reject, info) => runCommand(acceptExec(), info.command, peerPort));
  };

  const server = new ssh2.Server(
    {
      hostKeys,
      ...(o.algorithms === undefined ? {} : { algorithms: o.algorithms }),
      ...(o.ident === undefined ? {} : { ident: o.ident }),
      ...(o.banner === undefined ? {} : { banner: o.banner }),
    },
    (connection, peer) => {
      connection.on('error', () => {});
      o.onConnection?.(connection);
      connection.on('authentication', (ctx) => {
        const account = o.users[ctx.username];
        const answer = (
          accepted: boolean,
          left: ('password' | 'publickey' | 'keyboard-interactive')[],
          partial = false,
        ) => {
          if (ctx.method !== 'none') state.logins.push({ user: ctx.username, method: ctx.method, accepted });
          if (accepted) ctx.accept();
          else ctx.reject(left, partial);
        };
        const methods: ('password' | 'publickey' | 'keyboard-interactive')[] =
          account?.prompts !== undefined
            ? ['publickey', 'keyboard-interactive']
            : account?.password === undefined
              ? ['publickey']
              : ['publickey', 'password'];
        if (account === undefined || ctx.method === 'none') answer(false, methods);
        else if (ctx.method === 'password')
          answer(account.prompts === undefined && ctx.password === account.password, methods);
        else if (ctx.method === 'publickey') {
          const offered = ctx.key.data;
          const known = (account.keys ?? []).map(parsed).find((key) => key.getPublicSSH().equals(offered));
          const proven =
            known !== undefined &&
            (ctx.signature === undefined ||
              (ctx.blob !== undefined && known.verify(ctx.blob, ctx.signature, ctx.hashAlgo) === true));
          if (ctx.signature === undefined && proven) ctx.accept();
          else if (proven && account.secondFactor === true) answer(false, ['password'], true);
          else answer(proven, methods);
        } else if (ctx.method === 'keyboard-interactive' && account.prompts !== undefined)
          ctx.prompt(
            account.prompts.map((prompt) => ({ prompt, echo: false })),
            (answers) => answer(answers.length === 1 && answers[0] === account.password, methods),
          );
        else answer(false, methods);
      });
      connection.on('session', (accept, reject) => {
        if (state.openSessions >= (o.maxSessions ?? 10)) reject();
        else onSession(accept, peer.port);
      });
      connection.on('tcpip', (accept, reject, info) => {
        if (o.allowForward !== true) {
          reject();
          return;
        }
        const target = connect({ host: info.destIP, port: info.destPort });
        target.once('connect', () => {
          const channel = accept();
          channel.on('error', () => {});
          channel.pipe(target).pipe(channel);
          channel.on('close', () => target.destroy());
          target.on('close', () => channel.close());
        });
        target.on('error', () => reject());
      });
    },
  );

  // A TCP server of our own, so that tests can cut and freeze what runs over it.
  const tcp: TcpServer = createServer((socket) => {
    state.connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    o.onSocket?.(socket);
    server.injectSocket(socket);
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  state.port = portOf(tcp);
  return state;
};

export const portOf = (server: TcpServer): number => {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return address.port;
};

/** A TCP server that is no SSH server: `onSocket` decides what it says. */
export const startRawServer = async (onSocket: (socket: Socket) => void) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

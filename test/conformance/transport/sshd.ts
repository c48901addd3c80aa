/** A real OpenSSH server of our own on loopback, run by the present user with keys made on the spot. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { newKey, portOf, publicHalf } from '../../support/sshServer.ts';

export const SSHD = '/usr/sbin/sshd';
export const hasSshd = existsSync(SSHD);

export type Sshd = {
  port: number;
  user: string;
  keyFile: string;
  hostKey: { keyType: string; publicKey: string; fingerprint: string };
  stop: () => Promise<void>;
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
};

/** Waits for the greeting, with an attempt whenever the last one has failed. */
const greeted = (port: number, child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.once('exit', () => reject(new Error(`sshd ended: ${errors}`)));
    const attempt = () => {
      if (child.exitCode !== null) return;
      const socket = connect(port, '127.0.0.1');
      socket.once('data', () => {
        socket.destroy();
        resolve();
      });
      socket.once('error', () => setTimeout(attempt, 20));
    };
    attempt();
  });

export const startSshd = async (config: string[] = []): Promise<Sshd> => {
  const dir = mkdtempSync(join(tmpdir(), 'frostline-sshd-'));
  const own = newKey();
  const host = newKey();
  const put = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const keyFile = put('id', own.private);
  const port = await freePort();
  // As root, sshd insists on its privilege separation folder.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const file = put(
    'sshd_config',
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${put('host_key', host.private)}`,
      `AuthorizedKeysFile ${put('authorized_keys', `${own.public}\n`)}`,
      `PidFile ${join(dir, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      ...config,
      '',
    ].join('\n'),
  );
  const child = spawn(SSHD, ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  await greeted(port, child);
  return {
    port,
    user: userInfo().username,
    keyFile,
    hostKey: publicHalf(readFileSync(join(dir, 'host_key'), 'utf8')),
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

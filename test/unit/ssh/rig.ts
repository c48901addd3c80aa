/** What the transport's tests share: hosts, a trust store and a log in memory, and one clean-up. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createSshTransport, type SshTransportOptions } from '../../../main/adapters/ssh/transport.ts';
import type { CommandSpec, Log, Route, Transport, TrustedKey, TrustStore } from '../../../main/core/ports.ts';
import type { ErrorCode, FrostError, Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { createMemoryVault, type MemoryVault } from '../../support/memoryVault.ts';
import {
  newKey,
  type SshServerOptions,
  type SshTestServer,
  startSshServer,
} from '../../support/sshServer.ts';

export const USER = 'admin';
const AT = '2026-11-23T14:00:00.000Z';

export type Rig = {
  dir: string;
  vault: MemoryVault;
  keys: TrustedKey[];
  trust: TrustStore;
  logged: string[];
  log: Log;
  /** A private key, its file and its public line. */
  key: { file: string; private: string; public: string };
  transport: (o?: Partial<SshTransportOptions>) => Transport;
  server: (o?: Partial<SshServerOptions>) => Promise<SshTestServer>;
  /** A host for a server, by key, with its key already trusted. */
  host: (server: { port: number; hostKey?: SshTestServer['hostKey'] }, change?: Partial<Host>) => Host;
  file: (name: string, content: string, mode?: number) => string;
  close: () => Promise<void>;
};

export const createRig = (): Rig => {
  const dir = mkdtempSync(join(tmpdir(), 'frostline-ssh-'));
  const keys: TrustedKey[] = [];
  const logged: string[] = [];
  const transports: Transport[] = [];
  const servers: SshTestServer[] = [];
  const pair = newKey();
  const file = (name: string, content: string, mode = 0o600) => {
    const path = join(dir, name);
    writeFileSync(path, content, { mode });
    return path;
  };
  const keyFile = file('id', pair.private);
  const vault = createMemoryVault();
  const log: Log = {
    write: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
  };
  const trust: TrustStore = {
    trustedKeys: (address, port) => keys.filter((key) => key.address === address && key.port === port),
    addTrustedKey: (key) => keys.push(key),
    removeTrustedKeys: (address, port) => {
      const kept = keys.filter((key) => key.address !== address || key.port !== port);
      keys.splice(0, keys.length, ...kept);
    },
  };
  return {
    dir,
    vault,
    keys,
    trust,
    logged,
    log,
    key: { file: keyFile, private: pair.private, public: pair.public },
    file,
    transport: (o = {}) => {
      const made = createSshTransport({ trust, vault, userKnownHostsFiles: [], log, ...o });
      transports.push(made);
      return made;
    },
    server: async (o = {}) => {
      const made = await startSshServer({ users: { [USER]: { keys: [pair.public] } }, ...o });
      servers.push(made);
      return made;
    },
    host: (server, change = {}) => {
      const host: Host = {
        id: randomUUID(),
        name: 'web-1',
        address: '127.0.0.1',
        port: server.port,
        user: USER,
        transport: 'ssh',
        auth: { kind: 'key', keyFile },
        sudo: 'none',
        tags: {},
        legacyAlgorithms: false,
        createdAt: AT,
        updatedAt: AT,
        ...change,
      };
      if (server.hostKey !== undefined)
        trust.addTrustedKey({ address: host.address, port: host.port, addedAt: AT, ...server.hostKey });
      return host;
    },
    close: async () => {
      for (const transport of transports) transport.release();
      for (const server of servers) await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

export const to = (host: Host, ...via: Host[]): Route => ({ host, via });

export const script = (text: string, change: Partial<CommandSpec> = {}): CommandSpec => ({
  script: text,
  root: false,
  timeoutMs: 20_000,
  maxOutputBytes: 1_000_000,
  ...change,
});

export const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

export const errorOf = (result: Result<unknown>, code: ErrorCode): FrostError => {
  if (result.ok) throw new Error(`expected ${code}, but it worked: ${JSON.stringify(result.value)}`);
  expect(result.error).toMatchObject({ code });
  return result.error;
};

/** `Transport` over SSH: kept connections, host keys judged before anything is sent, scripts on stdin of a shell. */
import { randomBytes } from 'node:crypto';
import { type FrostError, FrostFault, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type {
  CommandOutput,
  CommandSpec,
  Log,
  Route,
  RunOptions,
  Transport,
  TrustStore,
  Vault,
} from '../../core/ports.ts';
import { loginFor } from './auth.ts';
import { Connection } from './connection.ts';
import { dial } from './dial.ts';
import { cancelled, type ExecResult, execScript, timedOut } from './exec.ts';
import {
  collectKnownKeys,
  judgeKey,
  type KeyVerdict,
  type KnownKeys,
  knownKeyTypes,
  refusalOf,
} from './hostKeys.ts';
import { KeyFiles } from './keyFile.ts';
import { KnownHostsFiles } from './knownHosts.ts';
import { Pool } from './pool.ts';
import {
  commandLine,
  type Elevation,
  elevationOf,
  noRoot,
  noSudoPassword,
  passwordDigest,
  wrongSudoPassword,
} from './sudo.ts';
import { clean } from './words.ts';

/** Connections tried for one command that has not begun. */
const MAX_ATTEMPTS = 3;

export type SshTransportOptions = {
  trust: TrustStore;
  vault: Vault;
  /** OpenSSH known_hosts files, read only. Those that do not exist are empty. */
  userKnownHostsFiles: string[];
  log: Log;
  /** TCP, key exchange and login together. Default 15 s. */
  connectTimeoutMs?: number;
  /** How long an unused connection is kept. Default 60 s. */
  idleMs?: number;
  /** The agent's socket or pipe. Default: SSH_AUTH_SOCK. */
  agentSocket?: string;
};

const asError = (error: unknown, host: Host): FrostError =>
  error instanceof FrostFault
    ? error.error
    : frostError(
        'internal',
        `Connecting to ${host.name} failed for a reason that is a defect of Frostline.`,
        {
          host: host.name,
        },
      );

export const createSshTransport = (o: SshTransportOptions): Transport => {
  const timeoutMs = o.connectTimeoutMs ?? 15_000;
  const agentSocket = o.agentSocket ?? process.env.SSH_AUTH_SOCK;
  const knownHosts = new KnownHostsFiles(o.userKnownHostsFiles, o.log);
  const keyFiles = new KeyFiles(o.vault);
  const never = new AbortController().signal;

  const knownKeysOf = async (host: Host): Promise<KnownKeys> =>
    collectKnownKeys(
      host.address,
      host.port,
      o.trust.trustedKeys(host.address, host.port),
      await knownHosts.lines(),
    );

  const through = (parent: Connection | undefined, target: Host) =>
    parent === undefined
      ? {}
      : {
          through: {
            name: parent.host.name,
            open: (address: string, port: number) => parent.forward(address, port, target),
          },
        };

  const connect = async (
    host: Host,
    parent: Connection | undefined,
    signal: AbortSignal,
  ): Promise<Result<Connection>> => {
    try {
      const known = await knownKeysOf(host);
      const login = await loginFor(host, { vault: o.vault, keyFiles, agentSocket, timeoutMs });
      if (!login.ok) return login;
      const began = Date.now();
      const dialled = await dial({
        host,
        ...through(parent, host),
        knownKeyTypes: knownKeyTypes(known),
        judge: (key) => refusalOf(judgeKey(key, known), host),
        login: login.value,
        timeoutMs,
        signal,
      });
      if (!dialled.ok) {
        o.log.write('info', 'ssh connection failed', { host: host.name, code: dialled.error.code });
        return dialled;
      }
      const connection = new Connection(host, dialled.value);
      o.log.write('debug', 'ssh connected', { host: host.name, ms: Date.now() - began });
      void connection.lost.then(() => o.log.write('debug', 'ssh connection over', { host: host.name }));
      return ok(connection);
    } catch (error) {
      return { ok: false, error: asError(error, host) };
    }
  };

  const pool = new Pool({ connect, idleMs: o.idleMs ?? 60_000, log: o.log });

  /** The account's own password serves sudo too where it is what logs in and no other is stored. */
  const sudoPasswordOf = async (host: Host): Promise<Result<string>> => {
    const kinds =
      host.auth.kind === 'password' ? (['sudoPassword', 'password'] as const) : (['sudoPassword'] as const);
    for (const kind of kinds) {
      const secret = await o.vault.get(`host/${host.id}/${kind}`);
      if (!secret.ok) return { ok: false, error: { ...secret.error, host: host.name } };
      if (secret.value !== undefined && secret.value !== '') return ok(secret.value);
    }
    return { ok: false, error: noSudoPassword(host) };
  };

  const exec = async (
    connection: Connection,
    host: Host,
    spec: CommandSpec,
    elevation: Elevation,
    options: RunOptions,
    sudoPassword: string | undefined,
  ): Promise<ExecResult> => {
    const limit = AbortSignal.timeout(spec.timeoutMs);
    const stop = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
    const stopped = (): ExecResult => ({
      result: { ok: false, error: options.signal?.aborted === true ? cancelled(host) : timedOut(host, spec) },
      started: false,
    });
    const nonce = `frostline-${randomBytes(12).toString('hex')}`;

    let openGate = () => {};
    if (elevation === 'password' && sudoPassword !== undefined) {
      while (connection.sudoGate !== undefined && !stop.aborted)
        await Promise.race([connection.sudoGate, aborted(stop)]);
      if (stop.aborted) return stopped();
      if (connection.rejectedSudoPassword === passwordDigest(sudoPassword))
        return { result: { ok: false, error: wrongSudoPassword(host) }, started: false };
      if (!connection.sudoProven) {
        const gate = Promise.withResolvers<void>();
        connection.sudoGate = gate.promise;
        openGate = () => {
          connection.sudoGate = undefined;
          gate.resolve();
        };
      }
    }
    try {
      const session = await connection.session(commandLine(elevation, nonce), stop);
      if (!session.ok)
        return session.error.code === 'cancelled'
          ? stopped()
          : { result: { ok: false, error: { ...session.error, host: host.name } }, started: false };
      const done = await execScript(session.value, connection, {
        ...options,
        host,
        spec,
        elevation,
        nonce,
        limit,
        ...(sudoPassword === undefined ? {} : { sudoPassword }),
        onReady: () => {
          if (elevation === 'password') connection.sudoProven = true;
          openGate();
        },
      });
      if (
        sudoPassword !== undefined &&
        !done.started &&
        !done.result.ok &&
        done.result.error.code === 'host.sudo-password'
      )
        connection.rejectedSudoPassword = passwordDigest(sudoPassword);
      return done;
    } finally {
      openGate();
    }
  };

  const run = async (
    route: Route,
    spec: CommandSpec,
    options: RunOptions = {},
  ): Promise<Result<CommandOutput>> => {
    const { host } = route;
    try {
      const elevation = elevationOf(host, spec.root);
      if (elevation === 'impossible') return { ok: false, error: noRoot(host) };
      let sudoPassword: string | undefined;
      if (elevation === 'password') {
        const secret = await sudoPasswordOf(host);
        if (!secret.ok) return secret;
        sudoPassword = secret.value;
      }
      for (let attempt = 1; ; attempt++) {
        const lease = await pool.acquire(route, options.signal ?? never);
        if (!lease.ok) return lease;
        const done = await exec(lease.value.connection, host, spec, elevation, options, sudoPassword);
        lease.value.release();
        // A kept connection may have died unnoticed, or its host takes no more sessions on it. As long as nothing of the
        // script was sent, a new one is safe.
        const again =
          !done.result.ok &&
          done.result.error.code === 'host.connection-lost' &&
          !done.started &&
          attempt < MAX_ATTEMPTS;
        // The session knows the account as it was when it logged in; once that is mended, the next command shall find out.
        if (!done.started && !done.result.ok && done.result.error.code === 'host.command-failed')
          pool.release(host.id);
        if (!again) return done.result;
      }
    } catch (error) {
      return { ok: false, error: asError(error, host) };
    }
  };

  const probeKey: Transport['probeKey'] = async (route, signal = never) => {
    const { host } = route;
    const base = { hostId: host.id, name: host.name };
    const unreachable = (error: FrostError) =>
      error.code === 'cancelled'
        ? ({ ok: false, error } as const)
        : ok({ ...base, status: 'unreachable' as const, detail: clean(error.message, 1000) });
    try {
      const known = await knownKeysOf(host);
      const [nearest, ...further] = route.via;
      const parent =
        nearest === undefined ? undefined : await pool.acquire({ host: nearest, via: further }, signal);
      if (parent !== undefined && !parent.ok) return unreachable(parent.error);
      let verdict: KeyVerdict | undefined;
      const asked = await dial({
        host,
        ...through(parent?.value.connection, host),
        knownKeyTypes: knownKeyTypes(known),
        judge: (key) => {
          verdict = judgeKey(key, known);
          return undefined;
        },
        timeoutMs,
        signal,
      });
      parent?.value.release();
      // Only a key the host has proven to own is reported: it may be about to be trusted for ever.
      if (!asked.ok) return unreachable(asked.error);
      if (verdict === undefined) return unreachable(asError(undefined, host));
      const refusal = refusalOf(verdict, host);
      return ok({
        ...base,
        status: verdict.status,
        keyType: verdict.keyType,
        fingerprint: verdict.fingerprint,
        publicKey: verdict.publicKey,
        ...(verdict.status === 'changed' ? { expected: verdict.expected } : {}),
        ...(refusal?.hint === undefined ? {} : { detail: refusal.hint }),
      });
    } catch (error) {
      return { ok: false, error: asError(error, host) };
    }
  };

  return {
    run,
    probeKey,
    release(hostId) {
      if (hostId === undefined) keyFiles.clear();
      pool.release(hostId);
    },
  };
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

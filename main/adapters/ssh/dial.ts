/** One attempt to reach a host: TCP (or a channel of a jump host), key exchange, host key, login; all under one time limit. */
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ClientErrorExtensions } from 'ssh2';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { algorithmsFor, isLegacy } from './algorithms.ts';
import type { Login } from './auth.ts';
import { causeOf, clean, place } from './words.ts';

export type DialOptions = {
  host: Host;
  /** Opens the way through a jump host; absent for a direct connection. */
  through?: { name: string; open: (address: string, port: number) => Promise<Result<Duplex>> };
  knownKeyTypes: ReadonlySet<string>;
  /** Called with the key once; a FrostError stops before anything secret is sent. */
  judge: (key: Buffer) => FrostError | undefined;
  /** Absent: the host is only asked for its key, proven by its signature, and left again. */
  login?: Login;
  timeoutMs: number;
  signal: AbortSignal;
};

type Phase = 'the connection' | 'its greeting' | 'the key exchange' | 'the login';

/** What ssh2 calls each list, and what people call it. */
const KINDS: { failed: RegExp; debug: RegExp; name: string }[] = [
  { failed: /key exchange algorithm/, debug: /^Handshake: \(remote\) KEX method: /, name: 'key exchange' },
  { failed: /host key format/, debug: /^Handshake: \(remote\) Host key format: /, name: 'host key type' },
  { failed: /C->S cipher/, debug: /^Handshake: \(remote\) C->S cipher: /, name: 'cipher' },
  { failed: /S->C cipher/, debug: /^Handshake: \(remote\) S->C cipher: /, name: 'cipher' },
  { failed: /C->S MAC/, debug: /^Handshake: \(remote\) C->S MAC: /, name: 'MAC' },
  { failed: /S->C MAC/, debug: /^Handshake: \(remote\) S->C MAC: /, name: 'MAC' },
  { failed: /compression/, debug: /^Handshake: \(remote\) C->S compression: /, name: 'compression' },
];

const noCommonAlgorithm = (
  host: Host,
  message: string,
  offers: readonly string[],
): FrostError | undefined => {
  const kind = /no matching/i.test(message) ? KINDS.find((k) => k.failed.test(message)) : undefined;
  if (kind === undefined) return undefined;
  const line = offers.find((offer) => kind.debug.test(offer));
  const offered = (line?.replace(kind.debug, '') ?? '')
    .split(',')
    .filter((name) => !/ext-info|kex-strict/.test(name));
  const helps = !host.legacyAlgorithms && offered.some(isLegacy);
  return frostError(
    'host.no-common-algorithm',
    `${host.name} and Frostline have no ${kind.name} in common. The host offers: ${clean(offered.join(', '), 300) || 'nothing'}.`,
    {
      host: host.name,
      hint: helps
        ? 'Update its SSH server; if that cannot be done, switch on “old algorithms” for this one host.'
        : 'Update its SSH server.',
    },
  );
};

const openSocket = (o: DialOptions): Promise<Result<Duplex>> => {
  if (o.through !== undefined) return o.through.open(o.host.address, o.host.port);
  return new Promise((resolve) => {
    const socket: Socket = connect({
      host: o.host.address,
      port: o.host.port,
      noDelay: true,
      // The default of 250 ms gives up on a slow link where a name has several addresses.
      autoSelectFamilyAttemptTimeout: 2500,
    });
    const giveUp = () => socket.destroy();
    o.signal.addEventListener('abort', giveUp, { once: true });
    socket.once('connect', () => {
      o.signal.removeEventListener('abort', giveUp);
      resolve(ok(socket));
    });
    socket.on('error', (error) =>
      resolve(
        fail(
          'host.unreachable',
          `${o.host.name} cannot be reached at ${place(o.host.address, o.host.port)}: ${causeOf(error)}.`,
          { host: o.host.name },
        ),
      ),
    );
    socket.once('close', () =>
      resolve(fail('cancelled', `Connecting to ${o.host.name} was given up.`, { host: o.host.name })),
    );
  });
};

export type Dialled = { client: Client; socket: Duplex };

/** Errors: those of `Transport` that come before a command. On success the client is logged in (or gone, without `login`). */
export const dial = async (o: DialOptions): Promise<Result<Dialled>> => {
  const { host } = o;
  const where = place(host.address, host.port);
  const limit = AbortSignal.timeout(o.timeoutMs);
  const stop = AbortSignal.any([o.signal, limit]);
  let phase: Phase = 'the connection';
  const stopped = (): FrostError =>
    o.signal.aborted
      ? frostError('cancelled', `Connecting to ${host.name} was cancelled.`, { host: host.name })
      : frostError(
          'host.timeout',
          `${host.name} (${where}) did not answer within ${Math.round(o.timeoutMs / 1000)} s; waited for ${phase}.`,
          { host: host.name },
        );
  if (stop.aborted) return { ok: false, error: stopped() };

  const socket = await raceStop(openSocket({ ...o, signal: stop }), stop);
  if (socket === undefined) return { ok: false, error: stopped() };
  if (!socket.ok) return stop.aborted ? { ok: false, error: stopped() } : socket;
  phase = 'its greeting';
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const offers: string[] = [];
    let banner = '';
    let refused: FrostError | undefined;
    let verified: Buffer | undefined;
    let settled = false;

    const finish = (result: Result<Dialled>) => {
      if (settled) return;
      settled = true;
      stop.removeEventListener('abort', onStop);
      if (!result.ok || o.login === undefined) {
        client.end();
        socket.value.destroy();
      }
      resolve(result);
    };
    const failWith = (error: FrostError) => finish({ ok: false, error });
    const onStop = () => failWith(stopped());
    stop.addEventListener('abort', onStop, { once: true });

    const explain = (error: Error & ClientErrorExtensions): FrostError => {
      if (refused !== undefined) return refused;
      const algorithm = noCommonAlgorithm(host, error.message, offers);
      if (algorithm !== undefined) return algorithm;
      const says = clean(error.message, 200);
      if (phase === 'the login' && /too many authentication failures/i.test(error.message))
        return frostError(
          'host.auth-failed',
          `${host.name} refused ${host.user}: too many attempts (“${says}”).`,
          {
            host: host.name,
            hint: 'The agent holds more keys than the host lets one try. Load fewer, or give the host a key file.',
          },
        );
      if (phase === 'its greeting' && error.level !== 'client-socket')
        return frostError('host.unreachable', `What answers at ${where} is not an SSH server: ${says}.`, {
          host: host.name,
          hint: `Check address and port of ${host.name}.`,
        });
      return frostError(
        'host.connection-lost',
        `${host.name} (${where}) broke off during ${phase}: ${error.level === 'client-socket' ? causeOf(error) : says}.`,
        { host: host.name },
      );
    };

    /** What the host says about an account that may not log in; other greetings are not worth repeating. */
    const objection = (): string =>
      /expired|locked|disabled|denied|not allowed/i.test(banner) ? clean(banner, 300) : '';
    const closed = (): FrostError => {
      const said = objection();
      if (phase === 'the login' && said !== '')
        return frostError(
          'host.auth-failed',
          `${host.name} does not let ${host.user} in. It says: “${said}”`,
          {
            host: host.name,
          },
        );
      return frostError(
        'host.connection-lost',
        `${host.name} (${where}) closed the connection during ${phase}.`,
        {
          host: host.name,
          hint:
            phase === 'the login'
              ? `${host.user} may be expired or not allowed to log in there, or the SSH server is overloaded; its log tells.`
              : 'The SSH server may be starting, overloaded, or limiting new connections.',
        },
      );
    };

    client.on('error', (error) => failWith(explain(error)));
    client.on('close', () => failWith(refused ?? closed()));
    client.on('banner', (text) => {
      if (banner.length < 2000) banner += text.slice(0, 2000);
    });
    client.on('change password', () =>
      failWith(
        frostError('host.auth-failed', `The password of ${host.user} on ${host.name} has expired.`, {
          host: host.name,
          hint: 'Log in once by hand, set a new password, and store it with the host.',
        }),
      ),
    );
    client.on('handshake', () => {
      phase = 'the login';
      if (o.login === undefined) finish(ok({ client, socket: socket.value }));
    });
    client.on('ready', () => finish(ok({ client, socket: socket.value })));

    const login = o.login;
    try {
      client.connect({
        sock: socket.value,
        username: host.user,
        readyTimeout: 0,
        keepaliveInterval: 10_000,
        keepaliveCountMax: 3,
        algorithms: algorithmsFor({ legacy: host.legacyAlgorithms, knownKeyTypes: o.knownKeyTypes }),
        debug: (line: string) => {
          if (phase === 'its greeting' && line.startsWith('Remote ident')) phase = 'the key exchange';
          if (offers.length < 20 && line.startsWith('Handshake: (remote)')) offers.push(line.slice(0, 4000));
        },
        hostVerifier: (key: Buffer): boolean => {
          // Called again when keys are exchanged anew: the host must still be the one that was let through.
          if (verified !== undefined) return verified.equals(key);
          verified = Buffer.from(key);
          refused = o.judge(verified);
          return refused === undefined;
        },
        authHandler: (left, partial, next) => {
          if (login === undefined) return;
          const step = login(left ?? [], partial === true);
          if ('code' in step) {
            const said = objection();
            failWith(said === '' ? step : { ...step, message: `${step.message} The host says: “${said}”` });
          } else next(step);
        },
      });
    } catch (error) {
      failWith(
        frostError('host.unreachable', `${host.name} cannot be reached: ${causeOf(error)}.`, {
          host: host.name,
        }),
      );
    }
  });
};

/** Undefined when the signal came first; what the promise still brings is then destroyed. */
const raceStop = async (
  socket: Promise<Result<Duplex>>,
  stop: AbortSignal,
): Promise<Result<Duplex> | undefined> => {
  let onStop = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    onStop = () => resolve(undefined);
    stop.addEventListener('abort', onStop, { once: true });
  });
  const first = await Promise.race([socket, stopped]);
  stop.removeEventListener('abort', onStop);
  if (first === undefined)
    void socket.then((late) => {
      if (late.ok) late.value.destroy();
    });
  return first;
};

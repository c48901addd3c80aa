/** One script on one connection, from the first byte to the exit code. */
import { constants } from 'node:os';
import { type FrostError, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { CommandOutput, CommandSpec, RunOptions } from '../../core/ports.ts';
import type { Connection, Session } from './connection.ts';
import {
  type Elevation,
  promptsIn,
  readyMark,
  shellFailure,
  sudoFailure,
  sudoWords,
  wrapScript,
  wrongSudoPassword,
} from './sudo.ts';

/** What a login shell may print before ours comes up; more is not noise but an attack. */
const MAX_NOISE_BYTES = 1024 * 1024;
/** Of that, what is kept to find the mark and to explain a failure. */
const KEPT_NOISE = 64 * 1024;
/** Of a streamed command's error output, which has no end to wait for. */
const KEPT_STREAM_ERRORS = 64 * 1024;
/** How long sudo and the login shell may take until ours is ready. */
const READY_MS = 45_000;

export type ExecOptions = RunOptions & {
  host: Host;
  spec: CommandSpec;
  elevation: Elevation;
  nonce: string;
  /** Sent when sudo asks, once. */
  sudoPassword?: string;
  /** Sudo let us through, or there was none. */
  onReady?: () => void;
  /** Aborts at the command's time limit; told apart from the caller's signal. */
  limit: AbortSignal;
};

/** `started`: the script was sent, so some of it may have run. */
export type ExecResult = { result: Result<CommandOutput>; started: boolean };

/** Joins chunks as UTF-8 with replacement. */
const decode = (chunks: Buffer[]): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(chunks));

const exitCodeOf = (code: number | null, signal: string | undefined): number => {
  if (code !== null) return code >= 0 && code <= 255 ? code : 255;
  const known = Object.entries(constants.signals).find(([name]) => name === signal);
  return known === undefined ? 255 : 128 + known[1];
};

export const timedOut = (host: Host, spec: CommandSpec, leftBehind = false): FrostError =>
  frostError(
    'host.timeout',
    `A command on ${host.name} did not end within ${Math.round(spec.timeoutMs / 1000)} s${leftBehind ? ': something it started in the background keeps its output open' : ''}.`,
    { host: host.name },
  );

export const cancelled = (host: Host): FrostError =>
  frostError('cancelled', `The command on ${host.name} was cancelled.`, { host: host.name });

export const execScript = (
  session: Session,
  connection: Pick<Connection, 'onLost'>,
  o: ExecOptions,
): Promise<ExecResult> =>
  new Promise((resolve) => {
    const { channel } = session;
    const { host, spec, elevation, nonce } = o;
    const mark = `${readyMark(nonce)}\n`;
    let ready = false;
    let noise = Buffer.alloc(0);
    let noiseBytes = 0;
    let stderrHead = '';
    let stderrOpen = false;
    let sentPassword = false;
    let outputBytes = 0;
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let exit: number | undefined;
    let settled = false;

    const settle = (result: Result<CommandOutput>) => {
      if (settled) return;
      settled = true;
      clearTimeout(readyTimer);
      o.signal?.removeEventListener('abort', onAbort);
      o.limit.removeEventListener('abort', onLimit);
      notLost();
      session.close();
      resolve({ result, started: ready });
    };
    const failWith = (error: FrostError) => settle({ ok: false, error });
    const onAbort = () => failWith(cancelled(host));
    const onLimit = () =>
      failWith(
        !ready && elevation !== 'none' && sudoWords(stderrHead, nonce) !== ''
          ? sudoFailure(host, elevation, stderrHead, nonce, true)
          : timedOut(host, spec, exit !== undefined),
      );
    o.signal?.addEventListener('abort', onAbort, { once: true });
    o.limit.addEventListener('abort', onLimit, { once: true });
    const words = () => `${stderrHead}\n${noise.toString('utf8')}`;
    const readyTimer = setTimeout(() => {
      if (elevation !== 'none') failWith(sudoFailure(host, elevation, stderrHead, nonce, true));
      else
        failWith(
          frostError('host.timeout', `The login shell of ${host.user} on ${host.name} does not come up.`, {
            host: host.name,
            hint: 'A start-up file of the account may be waiting for input.',
          }),
        );
    }, READY_MS);
    // Also when the exit code is known: it overtakes output, and output cut short must not pass for all of it.
    const notLost = connection.onLost(failWith);

    const count = (chunk: Buffer): boolean => {
      outputBytes += chunk.length;
      if (outputBytes <= spec.maxOutputBytes) return true;
      failWith(
        frostError(
          'host.output-too-large',
          `A command on ${host.name} printed more than ${spec.maxOutputBytes} bytes and was ended.`,
          { host: host.name },
        ),
      );
      return false;
    };
    const countNoise = (chunk: Buffer): boolean => {
      noiseBytes += chunk.length;
      if (noiseBytes <= MAX_NOISE_BYTES) return true;
      failWith(
        frostError(
          'host.output-too-large',
          `The login shell of ${host.user} on ${host.name} prints without end.`,
          {
            host: host.name,
          },
        ),
      );
      return false;
    };

    const onOut = (chunk: Buffer) => {
      if (o.onStdout === undefined) {
        if (count(chunk)) stdout.push(chunk);
        return;
      }
      try {
        o.onStdout(chunk);
      } catch {
        failWith(
          frostError('internal', `The output of ${host.name} could not be read.`, { host: host.name }),
        );
      }
    };

    /** A streamed command may go on for a day and has no limit of bytes: its beginning is kept, the rest is not. */
    const onErrors = (chunk: Buffer) => {
      if (o.onStdout === undefined) {
        if (count(chunk)) stderr.push(chunk);
        return;
      }
      const room = KEPT_STREAM_ERRORS - outputBytes;
      if (room <= 0) return;
      const kept = Buffer.from(chunk.subarray(0, room));
      outputBytes += kept.length;
      stderr.push(kept);
    };

    channel.on('data', (chunk: Buffer) => {
      if (settled) return;
      if (ready) {
        onOut(chunk);
        return;
      }
      if (!countNoise(chunk)) return;
      noise = Buffer.concat([noise, chunk]);
      const at = noise.indexOf(mark);
      if (at < 0) {
        if (noise.length > KEPT_NOISE) noise = noise.subarray(noise.length - KEPT_NOISE);
        return;
      }
      ready = true;
      clearTimeout(readyTimer);
      o.onReady?.();
      const rest = noise.subarray(at + mark.length);
      noise = Buffer.alloc(0);
      channel.end(wrapScript(spec.script));
      if (rest.length > 0) onOut(rest);
    });

    channel.stderr.on('data', (chunk: Buffer) => {
      if (settled) return;
      if (stderrOpen) {
        onErrors(chunk);
        return;
      }
      if (!countNoise(chunk)) return;
      stderrHead += chunk.toString('latin1');
      const at = stderrHead.indexOf(mark);
      if (at >= 0) {
        stderrOpen = true;
        const rest = Buffer.from(stderrHead.slice(at + mark.length), 'latin1');
        stderrHead = '';
        if (rest.length > 0) onErrors(rest);
        return;
      }
      if (elevation === 'password' && !ready) answer(promptsIn(stderrHead, nonce));
      if (stderrHead.length > KEPT_NOISE) stderrHead = stderrHead.slice(-KEPT_NOISE);
    });

    const answer = (asked: number) => {
      if (asked === 0 || (asked === 1 && sentPassword)) return;
      if (asked > 1 || o.sudoPassword === undefined) {
        failWith(wrongSudoPassword(host));
        return;
      }
      sentPassword = true;
      channel.write(`${o.sudoPassword}\n`);
    };

    const finish = () => {
      if (settled) return;
      if (!ready) {
        const text = words();
        failWith(
          elevation === 'none' || /password has expired|password change required/i.test(text)
            ? shellFailure(host, text)
            : sudoFailure(host, elevation, text, nonce, false),
        );
        return;
      }
      if (exit === undefined) {
        failWith(
          frostError('host.connection-lost', `${host.name} ended a command without an exit code.`, {
            host: host.name,
          }),
        );
        return;
      }
      settle(ok({ stdout: decode(stdout), stderr: decode(stderr), exitCode: exit }));
    };

    channel.on('exit', (code: number | null, signal?: string) => {
      exit = exitCodeOf(code, signal);
    });
    let open = 2;
    const closed = () => {
      open--;
      // After `lost`: a connection that goes takes its channels along, and that is no end of the command.
      if (open === 0) queueMicrotask(finish);
    };
    channel.once('close', closed);
    channel.stderr.once('end', closed);
    if (o.signal?.aborted === true) onAbort();
    else if (o.limit.aborted) onLimit();
  });

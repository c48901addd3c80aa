/** As root: downloads what the job will install, stage after stage, so that applying needs no network. */
import { type ErrorCode, fail, ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { StageRequest } from '../driver.ts';
import type { PushedPackage } from '../pushed.ts';
import { plainLine } from '../shell.ts';
import { FETCH } from './host/fetch.ts';
import { LOCKS } from './host/locks.ts';
import { RESOLVE } from './host/resolve.ts';
import { STAGE } from './host/stage.ts';
import { readLock } from './inventory.ts';
import { program, programBody, readAnswer, script } from './program.ts';

/** Seconds to wait for a lock, in sane bounds. */
export const patience = (seconds: number): number => Math.max(1, Math.min(86_400, Math.trunc(seconds) || 1));

export function stageCommand(options: {
  nonce: string;
  stages: StageRequest[];
  lockTimeoutSeconds: number;
  pushed?: readonly PushedPackage[];
}): CommandSpec {
  const lockSeconds = patience(options.lockTimeoutSeconds);
  const request = {
    stages: options.stages.map((stage) => stage.packages),
    lockSeconds,
    pushed: (options.pushed ?? []).map((one) => one.sha256),
  };
  return {
    script: script(options.nonce, programBody(program(request, LOCKS, FETCH, RESOLVE, STAGE))),
    root: true,
    timeoutMs: 3_600_000 + lockSeconds * 1000,
    maxOutputBytes: 16 * 1024 * 1024,
  };
}

const CAUSES: Record<string, { code: ErrorCode; hint: string }> = {
  diskFull: {
    code: 'host.disk-full',
    hint: 'Free space on the host (dnf clean packages helps), then try again.',
  },
  readOnly: { code: 'host.read-only', hint: 'Look at the host: it may have remounted after a disk error.' },
  lockTimeout: {
    code: 'host.lock-held',
    hint: 'Wait until the other package manager is done, then try again.',
  },
  repository: {
    code: 'host.repository',
    hint: 'Check that the host reaches its repositories; scan it with refresh to read their metadata again.',
  },
  unsolved: { code: 'host.dependency-conflict', hint: 'Make a new plan.' },
};

/** Errors: `host.repository`, `host.version-unavailable`, `host.dependency-conflict`, `host.disk-full`, `host.read-only`, `host.lock-held`, `host.command-failed`, and those of `readAnswer`. */
export function parseStage(
  output: CommandOutput,
  context: { nonce: string },
): Result<{ downloadedBytes: number }> {
  const read = readAnswer(output, context.nonce, []);
  if (!read.ok) return read;
  const answer = read.value;
  const missing = answer
    .of('missing')
    .map((line) => plainLine(`${String(line.name)} ${String(line.version)}`, 300));
  if (missing.length > 0)
    return fail(
      'host.version-unavailable',
      `Not on offer on this host any more, or locked: ${missing.slice(0, 20).join(', ')}.`,
      { hint: 'Scan the host with refresh: its metadata may be older than the snapshot.' },
    );
  const [failed] = answer.of('failed');
  if (failed !== undefined) {
    const word = String(failed.cause);
    const cause = Object.hasOwn(CAUSES, word) ? CAUSES[word] : undefined;
    const lock = readLock(answer);
    const holder = lock.holder === undefined ? '' : ` (held by ${lock.holder})`;
    return fail(
      cause?.code ?? 'host.command-failed',
      plainLine(`The packages could not be downloaded: ${String(failed.text)}${holder}`, 2000),
      cause === undefined ? {} : { hint: cause.hint },
    );
  }
  const bytes = answer.of('fetched').map((line) => (typeof line.bytes === 'number' ? line.bytes : 0));
  return ok({ downloadedBytes: bytes.reduce((sum, one) => sum + one, 0) });
}

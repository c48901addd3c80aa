/** Capture (root), verify, and the names of artefact files. The programs say how: host/capture.ts, host/verify.ts. */
import type { z } from 'zod';
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { PlanAction } from '../../../../shared/model/plan.ts';
import { Capture } from '../../../../shared/model/run.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { HostState } from '../driver.ts';
import { readPairs } from '../facts.ts';
import { makeOldFolder, oldFolderFault } from '../oldFolder.ts';
import { capturedPackages } from '../rpm/rows.ts';
import { checkedToken, HOST_FOLDER, plainLine } from '../shell.ts';
import { CAPTURE } from './host/capture.ts';
import { FETCH } from './host/fetch.ts';
import { RESOLVE } from './host/resolve.ts';
import { VERIFY } from './host/verify.ts';
import { readInventory, readRestart } from './inventory.ts';
import { kernelState } from './kernel.ts';
import { type Answer, HOST_BODY, type Line, program, programBody, readAnswer, script } from './program.ts';

export function captureCommand(options: {
  nonce: string;
  token: string;
  actions: PlanAction[];
}): CommandSpec {
  const first = new Map<string, { name: string; arch: string; version: string }>();
  for (const { name, arch, from, action } of options.actions) {
    const key = `${name}:${arch}:${action === 'remove' ? from : ''}`;
    if (from !== undefined && !first.has(key)) first.set(key, { name, arch, version: from });
  }
  const folder = `${HOST_FOLDER}/jobs/${checkedToken(options.token)}/old`;
  const text = program({ old: [...first.values()], folder }, FETCH, RESOLVE, CAPTURE);
  const body = `${makeOldFolder(options.token)}${HOST_BODY}${programBody(text)}`;
  return {
    script: script(options.nonce, body),
    root: true,
    timeoutMs: 1_800_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

const Secured = Capture.shape.secured.element;
const Unsecured = Capture.shape.unsecured.element;

const readRows = <T>(lines: Line[], schema: z.ZodType<T>): T[] =>
  lines.flatMap((line) => {
    const row = schema.safeParse(line);
    return row.success ? [row.data] : [];
  });

const noMarks = (answer: Answer): Result<never> =>
  fail('host.output-malformed', 'The host did not tell its packages and marks: nothing to go back to.', {
    hint: answer
      .of('fault')
      .map((line) => plainLine(String(line.text), 500))
      .join(' · '),
  });

/** Errors: `host.output-malformed`; `host.disk-full`, `host.read-only` when the job's folder cannot be made; those of `readAnswer`. */
export function parseCapture(
  output: CommandOutput,
  context: { nonce: string },
): Result<Omit<Capture, 'runId' | 'hostId' | 'takenAt'>> {
  const fault = oldFolderFault(output, context.nonce);
  if (fault !== undefined) return fault;
  const read = readAnswer(output, context.nonce, ['host']);
  if (!read.ok) return read;
  const answer = read.value;
  const inventory = readInventory(answer);
  if (inventory.rows.length === 0 || !inventory.marks) return noMarks(answer);
  const unsecured = answer
    .of('unsecured')
    .map((line) => ({ ...line, reason: plainLine(String(line.reason), 1000) }));
  return ok({
    packages: capturedPackages(inventory.rows),
    secured: readRows(answer.of('secured'), Secured),
    unsecured: readRows(unsecured, Unsecured),
  });
}

/** The state to compare with, and whether a restart is wanted. No root needed. */
export function verifyCommand(options: { nonce: string }): CommandSpec {
  return {
    script: script(options.nonce, `${HOST_BODY}${programBody(program({}, VERIFY))}`),
    root: false,
    timeoutMs: 120_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** Errors: `host.output-malformed`, and those of `readAnswer`. */
export function parseVerify(output: CommandOutput, context: { nonce: string }): Result<HostState> {
  const read = readAnswer(output, context.nonce, ['host']);
  if (!read.ok) return read;
  const answer = read.value;
  const inventory = readInventory(answer);
  if (inventory.rows.length === 0 || !inventory.marks) return noMarks(answer);
  const pairs = readPairs(answer.sections.lines('host', 50));
  const restart = readRestart(answer);
  const kernel = kernelState(pairs.get('kernel') ?? '', inventory.rows);
  return ok({
    packages: capturedPackages(inventory.rows),
    rebootRequired: restart?.required === true || kernel.expected !== undefined,
    rebootReasons: [
      ...(restart?.reasons ?? []),
      ...(kernel.expected === undefined ? [] : [`kernel ${kernel.expected} is installed`]),
    ],
    bootId: plainLine(pairs.get('bootid') ?? '', 64),
    kernel,
  });
}

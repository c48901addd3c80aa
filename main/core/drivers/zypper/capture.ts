/** Capture (root), verify, and the names of artefact files. */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { HostState } from '../driver.ts';
import { readPairs } from '../facts.ts';
import { makeOldFolder, oldFolderFault, readOldPackages } from '../oldFolder.ts';
import { capturedPackages } from '../rpm/rows.ts';
import { plainLine, quote } from '../shell.ts';
import { CACHE_FUNCTION, HOST_BODY, INVENTORY_BODY, readAnswer, script } from './host.ts';
import { type Inventory, readInventory, readRestart } from './inventory.ts';
import { kernelState } from './kernel.ts';
import { OLD_PACKAGE_FUNCTIONS } from './oldPackages.ts';
import { unescapeXml } from './xml.ts';

export function captureCommand(options: {
  nonce: string;
  token: string;
  actions: PlanAction[];
}): CommandSpec {
  const first = new Map<string, string>();
  for (const { name, arch, from, action } of options.actions) {
    const key = `${name}:${arch}:${action === 'remove' ? from : ''}`;
    if (from !== undefined && !first.has(key)) first.set(key, quote(`${name} ${arch} ${from}`));
  }
  const asked = [...first.values()];
  const body = `${CACHE_FUNCTION}
${OLD_PACKAGE_FUNCTIONS}
${makeOldFolder(options.token)}${HOST_BODY}${INVENTORY_BODY}${asked.length === 0 ? ': >"$T/asked"' : `printf '%s\\n' ${asked.join(' ')} >"$T/asked"`}
fl_sec secure fl_secure
fl_sec secured cat "$T/secured"
fl_sec unsecured cat "$T/unsecured"
`;
  return {
    script: script(options.nonce, body),
    root: true,
    timeoutMs: 1_800_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

const noMarks = (inventory: Inventory): Result<never> | undefined =>
  inventory.rows.length > 0 && inventory.locks
    ? undefined
    : fail('host.output-malformed', 'The host did not tell its packages and locks: nothing to go back to.');

/** Errors: `host.output-malformed`; `host.disk-full`, `host.read-only` when the job's folder cannot be made. */
export function parseCapture(
  output: CommandOutput,
  context: { nonce: string },
): Result<Omit<Capture, 'runId' | 'hostId' | 'takenAt'>> {
  const fault = oldFolderFault(output, context.nonce);
  if (fault !== undefined) return fault;
  const read = readAnswer(output, context.nonce, ['host', 'rows', 'secured', 'unsecured']);
  if (!read.ok) return read;
  const inventory = readInventory(read.value);
  return (
    noMarks(inventory) ??
    ok({
      packages: capturedPackages(inventory.rows),
      ...readOldPackages(read.value, unescapeXml),
    })
  );
}

/** The state to compare with, and whether a restart is wanted. No root needed. */
export function verifyCommand(options: { nonce: string }): CommandSpec {
  return {
    script: script(options.nonce, `${HOST_BODY}${INVENTORY_BODY}`),
    root: false,
    timeoutMs: 120_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** Errors: `host.disk-full`, `host.output-malformed`. */
export function parseVerify(output: CommandOutput, context: { nonce: string }): Result<HostState> {
  const read = readAnswer(output, context.nonce, ['host', 'rows']);
  if (!read.ok) return read;
  const inventory = readInventory(read.value);
  const fault = noMarks(inventory);
  if (fault !== undefined) return fault;
  const pairs = readPairs(read.value.lines('host', 50));
  const restart = readRestart(read.value);
  const kernel = kernelState(pairs.get('kernel') ?? '', inventory.kernels);
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

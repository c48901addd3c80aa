/** The simulation: one round trip, without root, for all stages, each with those before it. Touches nothing but a temporary folder. */
import { z } from 'zod';
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { Refusal } from '../../../../shared/model/plan.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { HeldArtefacts, Simulation, StageRequest } from '../driver.ts';
import { readMounts, readPairs } from '../facts.ts';
import type { PushedPackage } from '../pushed.ts';
import { proofs } from '../rpm/proof.ts';
import { installedPackages, keyOf } from '../rpm/rows.ts';
import {
  Act,
  actionRefusals,
  brokenRefusals,
  plannedActions,
  type RpmManager,
  spaceNeed,
  type Transaction,
} from '../rpm/transaction.ts';
import { plainLine } from '../shell.ts';
import { BACK } from './host/back.ts';
import { FETCH } from './host/fetch.ts';
import { LOCKS } from './host/locks.ts';
import { REFRESH } from './host/refresh.ts';
import { RESOLVE } from './host/resolve.ts';
import { REVERSE } from './host/reverse.ts';
import { SIMULATE } from './host/simulate.ts';
import { readBroken, readInventory, readLock, readRestart } from './inventory.ts';
import { kernelState } from './kernel.ts';
import { type Answer, HOST_BODY, program, programBody, readAnswer, script } from './program.ts';

/** After these the running system keeps the old code until it is restarted: needs-restarting's own list, and microcode. */
const WANTS_REBOOT =
  /^(kernel(-(rt|debug|64k|uek))?(-core)?|glibc|linux-firmware|systemd|dbus|dbus-broker|dbus-daemon|microcode_ctl)$/;

type Context = {
  nonce: string;
  stages: StageRequest[];
  entries: Entry[];
  held?: HeldArtefacts;
  pushed?: readonly PushedPackage[];
};

/** What dnf calls the repository of package files that are their own. */
const FILE_REPOSITORY = '@commandline';

const DNF: RpmManager = {
  ecosystem: 'dnf',
  pushedRepository: FILE_REPOSITORY,
  cache: '/var/cache/dnf',
  unlock: 'dnf versionlock delete',
  mend: 'dnf remove --duplicates',
  kernel: /^kernel(-[\w]+)*-core$/,
};

export function simulateCommand(options: {
  nonce: string;
  stages: StageRequest[];
  refresh: boolean;
  pushed?: readonly PushedPackage[];
}): CommandSpec {
  const request = {
    stages: options.stages.map((stage) => stage.packages),
    refresh: options.refresh,
    pushed: (options.pushed ?? []).map((one) => one.sha256),
  };
  const text = program(request, LOCKS, REFRESH, FETCH, RESOLVE, BACK, REVERSE, SIMULATE);
  return {
    script: script(options.nonce, `${HOST_BODY}${programBody(text)}`),
    root: options.refresh || request.pushed.length > 0,
    timeoutMs: options.refresh ? 900_000 : 300_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** Of the stages that dnf could solve. */
function solvedActs(answer: Answer): Act[] {
  const solved = new Set(answer.of('solved').map((line) => line.stage));
  return answer.of('act').flatMap((line) => {
    const read = Act.safeParse(line);
    return read.success && solved.has(read.data.stage) ? [read.data] : [];
  });
}

const Want = z.object({
  name: z.string(),
  version: z.string(),
  offers: z.array(z.string()).max(20).default([]),
});

/** Requests dnf cannot take, as it said itself. */
function requestRefusals(answer: Answer, context: Context): Refusal[] {
  const wants = (kind: string) =>
    answer.of(kind).flatMap((line) => {
      const want = Want.safeParse(line);
      return want.success ? [want.data] : [];
    });
  const unread = answer
    .of('repo')
    .filter((line) => 'error' in line)
    .map((line) => plainLine(`${String(line.id)}: ${String(line.error)}`, 500));
  const missing = wants('missing').map(
    ({ name, version, offers }): Refusal => ({
      code: 'host.version-unavailable',
      message: `${name} ${version} is in none of this host's repositories${offers.length === 0 ? '' : ` (they offer ${offers.join(', ')})`}.`,
      package: name,
    }),
  );
  const hidden = wants('hidden').map(
    ({ name, version }): Refusal => ({
      code: 'host.dependency-conflict',
      message: `${name} is locked or excluded on this host, and would be changed to ${version}. Release it there (dnf versionlock delete, excludepkgs), or reject it in the snapshot.`,
      package: name,
    }),
  );
  const unsolved = answer.of('unsolved').map((line): Refusal => {
    const stage = typeof line.stage === 'number' ? context.stages[line.stage]?.stage : undefined;
    return {
      code: 'host.dependency-conflict',
      message: plainLine(`dnf refuses stage ${stage ?? '?'}: ${String(line.text)}`, 2000),
    };
  });
  const faults = answer.of('fault').map(
    (line): Refusal => ({
      code: 'host.command-failed',
      message: plainLine(`dnf failed on this host: ${String(line.text)}`, 2000),
    }),
  );
  const failed = [...missing, ...unsolved];
  return [
    ...missing,
    ...hidden,
    ...unsolved,
    ...faults,
    ...(failed.length > 0 && unread.length > 0
      ? [{ code: 'host.repository' as const, message: unread.join(' · ').slice(0, 2000) }]
      : []),
  ];
}

const Place = z.object({ name: z.string(), arch: z.string(), version: z.string(), at: z.string().max(1000) });

/** `name arch version` → where it is, of records whose field `field` tells. */
function places(answer: Answer, kind: string, field: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of answer.of(kind)) {
    const place = Place.safeParse({ ...line, at: line[field] });
    if (!place.success) continue;
    const key = `${place.data.name} ${place.data.arch} ${place.data.version}`;
    if (!found.has(key)) found.set(key, plainLine(place.data.at, 500));
  }
  return found;
}

const Reverse = z.object({ ok: z.boolean(), text: z.string() });

/** Undefined when the simulated way back is clean; else why it is not. */
function reverseFault(answer: Answer): string | undefined {
  const told = Reverse.safeParse(answer.of('reverse')[0]);
  if (!told.success) return 'the way back could not be simulated';
  if (told.data.ok) return undefined;
  return plainLine(told.data.text, 600) || 'the way back could not be simulated';
}

/** Errors: `host.output-malformed`, `host.unsupported`, `host.command-failed`, `host.disk-full` when not even a temporary folder could be made. */
export function parseSimulation(output: CommandOutput, context: Context): Result<Simulation> {
  const read = readAnswer(output, context.nonce, ['host', 'mounts']);
  if (!read.ok) return read;
  const answer = read.value;
  const inventory = readInventory(answer);
  if (inventory.rows.length === 0)
    return fail('host.output-malformed', 'rpm listed no package, so nothing can be planned.');
  const pairs = readPairs(answer.sections.lines('host', 50));
  const rows = new Map(inventory.rows.map((row) => [keyOf(row), row]));
  const transaction: Transaction = { ...context, manager: DNF };
  const planned = plannedActions(solvedActs(answer), transaction);
  const actions = planned.map(({ action }) => action);
  const before = new Map(planned.map(({ action, act }) => [action, act.was ?? action.arch]));
  const files = places(answer, 'kept', 'path');
  const offered = places(answer, 'offered', 'repo');
  const mounts = readMounts(answer.sections);
  if (answer.of('fault').length > 0 && mounts.of('/')?.readOnly === true)
    return fail('host.read-only', '/ is mounted read-only on this host.', {
      hint: 'A file system goes read-only after an error: look at the kernel log and the disk, then mount it for writing again.',
    });
  const lock = readLock(answer);
  const broken = readBroken(answer, lock);
  const kernel = kernelState(pairs.get('kernel') ?? '', inventory.rows);
  return ok({
    actions,
    bytes: spaceNeed(planned, mounts, DNF),
    reboot:
      readRestart(answer)?.required === true ||
      kernel.expected !== undefined ||
      actions.some((a) => a.action !== 'remove' && WANTS_REBOOT.test(a.name)) ||
      actions.some((a) => a.action !== 'remove' && restartNames(answer).has(a.name)),
    proof: proofs(
      actions,
      (action) => before.get(action) ?? action.arch,
      {
        file: (...key) => files.get(key.join(' ')),
        repository: (...key) => offered.get(key.join(' ')),
        held: context.held ?? (() => undefined),
      },
      reverseFault(answer),
    ),
    refusals: [
      ...requestRefusals(answer, context),
      ...actionRefusals(actions, transaction, rows),
      ...(context.stages.length === 0 ? [] : brokenRefusals(broken, actions, DNF)),
    ],
    broken,
    lock,
    mounts: mounts.list,
    bootId: plainLine(pairs.get('bootid') ?? '', 64),
    installed: installedPackages(inventory.rows),
  });
}

/** What this host's own configuration of needs-restarting names beside the plugin's list. */
const restartNames = (answer: Answer): Set<unknown> =>
  new Set(answer.of('restarts').map((line) => line.name));

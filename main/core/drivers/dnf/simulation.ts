/** The simulation: one round trip, without root, for all stages, each with those before it. Touches nothing but a temporary folder. */
import { z } from 'zod';
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { CONSOLE_ORIGIN, PlanAction, type Refusal, type SpaceNeed } from '../../../../shared/model/plan.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { HeldArtefacts, Simulation, StageRequest } from '../driver.ts';
import { type Mounts, readMounts, readPairs } from '../facts.ts';
import { isPushed, type PushedPackage } from '../pushed.ts';
import { archMatches } from '../select.ts';
import { plainLine } from '../shell.ts';
import { freeSpace } from '../space.ts';
import { BACK } from './host/back.ts';
import { FETCH } from './host/fetch.ts';
import { LOCKS } from './host/locks.ts';
import { REFRESH } from './host/refresh.ts';
import { RESOLVE } from './host/resolve.ts';
import { REVERSE } from './host/reverse.ts';
import { SIMULATE } from './host/simulate.ts';
import {
  installedPackages,
  keyOf,
  type Row,
  readBroken,
  readInventory,
  readLock,
  readRestart,
} from './inventory.ts';
import { kernelState } from './kernel.ts';
import { type Answer, HOST_BODY, program, programBody, readAnswer, script } from './program.ts';
import { proofs } from './proof.ts';
import { compareRpmVersions } from './version.ts';

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

const Act = z.object({
  stage: z.int().nonnegative(),
  action: z.enum(['install', 'upgrade', 'downgrade', 'reinstall', 'remove']),
  name: z.string(),
  arch: z.string(),
  old: z.string().nullable(),
  new: z.string().nullable(),
  /** Architecture of `old`. */
  was: z.string().nullable(),
  repo: z.string().max(300),
  down: z.number().nonnegative(),
  size: z.number().nonnegative(),
  freed: z.number().nonnegative(),
  multi: z.boolean(),
});
type Act = z.infer<typeof Act>;

/** A plan has no more actions than this; one more, so that a host that says so much is refused and not cut short. */
const MAX_ACTIONS = 20_001;

/** What a transaction changes: the package, or, where several versions may be there, the version. */
const slotOf = (act: Act): string =>
  act.multi
    ? `${act.name}:${act.arch}:${act.action === 'remove' ? act.old : act.new}`
    : `${act.name}:${act.arch}`;

const matches = (entry: Entry, name: string, arch: string): boolean =>
  entry.ecosystem === 'dnf' && entry.name === name && archMatches(entry.arch, arch, 'noarch');

const entriesFor = (entries: Entry[], name: string, arch: string): Entry[] =>
  entries.filter((entry) => matches(entry, name, arch));

function kindOf(from: string | undefined, to: string): PlanAction['action'] {
  if (from === undefined) return 'install';
  return compareRpmVersions(from, to) > 0 ? 'downgrade' : 'upgrade';
}

const originOf = ({ name, repo, new: version }: Act, { pushed }: Context): string =>
  repo === FILE_REPOSITORY && isPushed(pushed, name, version ?? undefined) ? CONSOLE_ORIGIN : plainLine(repo);

type Planned = { action: PlanAction; act: Act };

/** Each stage's transaction is told from the present state; what earlier stages did is taken off. */
function plannedActions(answer: Answer, context: Context): Planned[] {
  const planned: Planned[] = [];
  const done = new Map<string, string | null>();
  const solved = new Set(answer.of('solved').map((line) => line.stage));
  for (const line of answer.of('act')) {
    const read = Act.safeParse(line);
    if (!read.success || !solved.has(read.data.stage) || planned.length >= MAX_ACTIONS) continue;
    const act = read.data;
    const slot = slotOf(act);
    const before = done.get(slot);
    if (before === act.new || act.action === 'reinstall') continue;
    const from = before ?? (before === null ? undefined : (act.old ?? undefined));
    done.set(slot, act.new);
    const listed = entriesFor(context.entries, act.name, act.arch).some(
      (entry) => entry.decision === 'approve',
    );
    const action = PlanAction.safeParse({
      action: act.new === null ? 'remove' : kindOf(from, act.new),
      name: act.name,
      arch: act.arch,
      ...(from === undefined ? {} : { from }),
      ...(act.new === null ? {} : { to: act.new }),
      stage: context.stages[act.stage]?.stage ?? 1,
      dependency: !listed,
      ...(act.repo === '' ? {} : { origin: originOf(act, context) }),
    });
    if (action.success) planned.push({ action: action.data, act });
  }
  return planned;
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

/** What dnf would do but the snapshot does not want: held packages, rejected ones, and listed ones in another version. */
function actionRefusals(actions: PlanAction[], context: Context, rows: Map<string, Row>): Refusal[] {
  const found: Refusal[] = [];
  const refuse = (action: PlanAction, message: string) =>
    found.push({ code: 'host.dependency-conflict', message, package: action.name });
  for (const action of actions) {
    if (action.action !== 'install' && rows.get(keyOf(action))?.held) {
      refuse(
        action,
        `${action.name} is locked on this host, and would be ${action.action === 'remove' ? 'removed' : `changed to ${action.to ?? '?'}`}. Release it there with dnf versionlock delete, or reject it in the snapshot.`,
      );
    }
    if (action.action === 'remove') continue;
    const entries = entriesFor(context.entries, action.name, action.arch);
    const approved = entries.filter((entry) => entry.decision === 'approve');
    if (approved.length === 0 && entries.length > 0) {
      refuse(
        action,
        `${action.name} is rejected by the snapshot, but its other packages need ${action.to ?? '?'}.`,
      );
    } else if (approved.length > 0 && !approved.some((entry) => entry.version === action.to)) {
      refuse(
        action,
        `${action.name} is listed as ${approved.map((entry) => entry.version).join(', ')}, but dnf would bring ${action.to ?? '?'}.`,
      );
    }
  }
  return found;
}

/** What an earlier transaction left torn, unless the plan replaces it. */
function brokenRefusals(broken: Simulation['broken'], actions: PlanAction[]): Refusal[] {
  const mended = new Set(actions.filter((action) => action.to !== undefined).map((action) => action.name));
  const left = broken.filter(({ name }) => name !== 'dnf' && !mended.has(name));
  const [first] = left;
  if (first === undefined) return [];
  return [
    {
      code: 'host.packages-broken',
      message:
        `Broken on this host: ${left.map(({ name, state }) => `${name}: ${state}`).join(', ')}. Mend it with dnf remove --duplicates.`.slice(
          0,
          2000,
        ),
      package: first.name,
    },
  ];
}

const MIB = 1024 * 1024;
/** rpm writes its database and dnf its history beside the packages' own files. */
const MARGIN = 8 * MIB;
/** What a kernel's initramfs takes in /boot. */
const INITRAMFS = 100 * MIB;

/** Bytes per mount: downloads where dnf keeps them, files in /usr's, kernels in /boot's. */
function spaceNeed(planned: Planned[], mounts: Mounts): SpaceNeed {
  let download = 0;
  let disk = 0;
  let largest = 0;
  let kernels = 0;
  const sizes = new Map<string, number>();
  for (const { action, act } of planned) {
    const slot = slotOf(act);
    const before = sizes.get(slot) ?? act.freed;
    const after = act.new === null ? 0 : act.size;
    sizes.set(slot, after);
    if (action.origin !== CONSOLE_ORIGIN) download += act.down;
    disk += after - before;
    // rpm puts a package's new files beside its old ones, one package at a time.
    if (act.new !== null) largest = Math.max(largest, Math.min(before, after));
    if (act.new !== null && /^kernel(-[\w]+)*-core$/.test(action.name)) kernels++;
  }
  const needs: [string, number][] = [
    ['/var/cache/dnf', download],
    ['/usr', Math.max(0, disk) + largest],
    ['/var/lib/rpm', 1],
    ['/boot', kernels * INITRAMFS],
  ];
  return { download, disk, ...freeSpace(mounts, MARGIN, planned.length > 0 ? needs : []) };
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
  const planned = plannedActions(answer, context);
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
    bytes: spaceNeed(planned, mounts),
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
      ...actionRefusals(actions, context, rows),
      ...(context.stages.length === 0 ? [] : brokenRefusals(broken, actions)),
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

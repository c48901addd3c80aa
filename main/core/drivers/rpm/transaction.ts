/**
 * What every solver above rpm says of a transaction, and what a plan makes of it: actions, refusals, space. Pure; what differs
 * between the managers is in `RpmManager`.
 */
import { z } from 'zod';
import { CONSOLE_ORIGIN, PlanAction, type Refusal, type SpaceNeed } from '../../../../shared/model/plan.ts';
import type { Ecosystem } from '../../../../shared/model/primitives.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';
import type { Simulation, StageRequest } from '../driver.ts';
import type { Mounts } from '../facts.ts';
import { isPushed, type PushedPackage } from '../pushed.ts';
import { archMatches } from '../select.ts';
import { plainLine } from '../shell.ts';
import { freeSpace } from '../space.ts';
import { keyOf, type Row } from './rows.ts';
import { compareRpmVersions } from './version.ts';

export type RpmManager = {
  ecosystem: Ecosystem;
  /** What it calls the repository of the package files that the console brought. */
  pushedRepository: string;
  /** Folder it downloads to. */
  cache: string;
  /** How a lock is released, as a command, and how doubled packages are mended. */
  unlock: string;
  mend: string;
  /** A package that is a kernel with an initramfs of its own. */
  kernel: RegExp;
};

/** One change of one stage's transaction, told from the present state. */
export const Act = z.object({
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
export type Act = z.infer<typeof Act>;

/** A plan has no more actions than this; one more, so that a host that says so much is refused and not cut short. */
const MAX_ACTIONS = 20_001;

export type Transaction = {
  manager: RpmManager;
  stages: StageRequest[];
  entries: Entry[];
  pushed?: readonly PushedPackage[];
};

/** What a transaction changes: the package, or, where several versions may be there, the version. */
const slotOf = (act: Act): string =>
  act.multi
    ? `${act.name}:${act.arch}:${act.action === 'remove' ? act.old : act.new}`
    : `${act.name}:${act.arch}`;

const entriesFor = ({ entries, manager }: Transaction, name: string, arch: string): Entry[] =>
  entries.filter(
    (entry) =>
      entry.ecosystem === manager.ecosystem && entry.name === name && archMatches(entry.arch, arch, 'noarch'),
  );

function kindOf(from: string | undefined, to: string): PlanAction['action'] {
  if (from === undefined) return 'install';
  return compareRpmVersions(from, to) > 0 ? 'downgrade' : 'upgrade';
}

const originOf = ({ name, repo, new: version }: Act, { pushed, manager }: Transaction): string =>
  repo === manager.pushedRepository && isPushed(pushed, name, version ?? undefined)
    ? CONSOLE_ORIGIN
    : plainLine(repo);

export type Planned = { action: PlanAction; act: Act };

/** Each stage's transaction is told from the present state; what earlier stages did is taken off. */
export function plannedActions(acts: Act[], context: Transaction): Planned[] {
  const planned: Planned[] = [];
  const done = new Map<string, string | null>();
  for (const act of acts) {
    if (planned.length >= MAX_ACTIONS) break;
    const slot = slotOf(act);
    const before = done.get(slot);
    if (before === act.new || act.action === 'reinstall') continue;
    const from = before ?? (before === null ? undefined : (act.old ?? undefined));
    done.set(slot, act.new);
    const listed = entriesFor(context, act.name, act.arch).some((entry) => entry.decision === 'approve');
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

/** What the manager would do but the snapshot does not want: held packages, rejected ones, and listed ones in another version. */
export function actionRefusals(
  actions: PlanAction[],
  context: Transaction,
  rows: Map<string, Row>,
): Refusal[] {
  const found: Refusal[] = [];
  const refuse = (action: PlanAction, message: string) =>
    found.push({ code: 'host.dependency-conflict', message, package: action.name });
  for (const action of actions) {
    if (action.action !== 'install' && rows.get(keyOf(action))?.held) {
      refuse(
        action,
        `${action.name} is locked on this host, and would be ${action.action === 'remove' ? 'removed' : `changed to ${action.to ?? '?'}`}. Release it there with ${context.manager.unlock}, or reject it in the snapshot.`,
      );
    }
    if (action.action === 'remove') continue;
    const entries = entriesFor(context, action.name, action.arch);
    const approved = entries.filter((entry) => entry.decision === 'approve');
    if (approved.length === 0 && entries.length > 0) {
      refuse(
        action,
        `${action.name} is rejected by the snapshot, but its other packages need ${action.to ?? '?'}.`,
      );
    } else if (approved.length > 0 && !approved.some((entry) => entry.version === action.to)) {
      refuse(
        action,
        `${action.name} is listed as ${approved.map((entry) => entry.version).join(', ')}, but ${context.manager.ecosystem} would bring ${action.to ?? '?'}.`,
      );
    }
  }
  return found;
}

/** What an earlier transaction left torn, unless the plan replaces it. */
export function brokenRefusals(
  broken: Simulation['broken'],
  actions: PlanAction[],
  manager: RpmManager,
): Refusal[] {
  const mended = new Set(actions.filter((action) => action.to !== undefined).map((action) => action.name));
  const left = broken.filter(({ name }) => name !== manager.ecosystem && !mended.has(name));
  const [first] = left;
  if (first === undefined) return [];
  return [
    {
      code: 'host.packages-broken',
      message:
        `Broken on this host: ${left.map(({ name, state }) => `${name}: ${state}`).join(', ')}. Mend it with ${manager.mend}.`.slice(
          0,
          2000,
        ),
      package: first.name,
    },
  ];
}

const MIB = 1024 * 1024;
/** rpm writes its database and the manager its history beside the packages' own files. */
const MARGIN = 8 * MIB;
/** What a kernel's initramfs takes in /boot. */
const INITRAMFS = 100 * MIB;

/** Bytes per mount: downloads where the manager keeps them, files in /usr's, kernels in /boot's. */
export function spaceNeed(planned: Planned[], mounts: Mounts, manager: RpmManager): SpaceNeed {
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
    if (act.new !== null && manager.kernel.test(action.name)) kernels++;
  }
  const needs: [string, number][] = [
    [manager.cache, download],
    ['/usr', Math.max(0, disk) + largest],
    ['/var/lib/rpm', 1],
    ['/boot', kernels * INITRAMFS],
  ];
  return { download, disk, ...freeSpace(mounts, MARGIN, planned.length > 0 ? needs : []) };
}

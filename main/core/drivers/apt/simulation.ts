/** Reads the simulation's output. Never throws. */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { CONSOLE_ORIGIN, PlanAction, type Refusal, type SpaceNeed } from '../../../../shared/model/plan.ts';
import { Arch } from '../../../../shared/model/primitives.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';
import type { CommandOutput } from '../../ports.ts';
import type { HeldArtefacts, Simulation, StageRequest } from '../driver.ts';
import { type Mounts, readMounts, readPairs } from '../facts.ts';
import { isPushed, type PushedPackage } from '../pushed.ts';
import { archMatches } from '../select.ts';
import { plainLine, readSections, type Sections } from '../shell.ts';
import { freeSpace } from '../space.ts';
import { isBroken, isPresent } from '../states.ts';
import { HOST_SECTIONS, readLock, readReboot } from './host.ts';
import { type Inventory, installedPackages, type Row, readInventory } from './inventory.ts';
import { proofs, reverseFault } from './proof.ts';
import { readBroken } from './scan.ts';
import { stageSection } from './simulate.ts';
import {
  type Artefact,
  artefactKey,
  type Policy,
  policyOf,
  readArtefacts,
  readPolicies,
  readTransaction,
  type Transaction,
} from './transaction.ts';
import { compareDebianVersions } from './version.ts';

/** After these the running system keeps the old code until it is restarted. */
const WANTS_REBOOT =
  /^(linux-image-.*|linux-modules-.*|libc6|systemd|dbus|dbus-broker|(intel|amd64)-microcode|.*-microcode)$/;

type Context = {
  nonce: string;
  stages: StageRequest[];
  entries: Entry[];
  held?: HeldArtefacts;
  pushed?: readonly PushedPackage[];
};

/** What apt calls the origin of a package file that is its own source. */
const FILE_ORIGIN = 'local-deb';

const indexes = new WeakMap<Row[], Map<string, Row[]>>();

/** What is on the disk under a name. Thousands of actions ask, so the inventory is gone through once. */
function presentAs(rows: Row[], name: string): Row[] {
  const index = indexes.get(rows) ?? Map.groupBy(rows.filter(isPresent), (row) => row.name);
  indexes.set(rows, index);
  return index.get(name) ?? [];
}

/** The installed package an action of apt means; apt writes no architecture for the native one. */
function rowFor(rows: Row[], native: string, name: string, arch: string | undefined): Row | undefined {
  const here = presentAs(rows, name);
  const wanted = arch ?? native;
  return (
    here.find((row) => row.arch === wanted) ??
    here.find((row) => row.arch === 'all' || wanted === 'all') ??
    undefined
  );
}

const entriesFor = (entries: Entry[], name: string, arch: string): Entry[] =>
  entries.filter(
    (entry) => entry.ecosystem === 'apt' && entry.name === name && archMatches(entry.arch, arch, 'all'),
  );

/** One stage's transaction as actions. What earlier stages did is in `done`: name:arch → version, null for removed. */
function stageActions(
  transaction: Transaction,
  stage: number,
  done: Map<string, string | null>,
  context: { rows: Row[]; native: string; entries: Entry[]; pushed?: readonly PushedPackage[] },
): PlanAction[] {
  const actions: PlanAction[] = [];
  const push = (candidate: unknown) => {
    const action = PlanAction.safeParse(candidate);
    if (action.success) actions.push(action.data);
  };
  const isListed = (name: string, arch: string) =>
    entriesFor(context.entries, name, arch).some((entry) => entry.decision === 'approve');
  for (const install of transaction.installs) {
    const key = `${install.name}:${install.arch}`;
    const before = done.get(key);
    if (before === install.to) continue;
    const from = before ?? (before === null ? undefined : install.from);
    done.set(key, install.to);
    const brought = install.origin === FILE_ORIGIN && isPushed(context.pushed, install.name, install.to);
    const origin = brought ? CONSOLE_ORIGIN : install.origin;
    push({
      action:
        from === undefined
          ? 'install'
          : compareDebianVersions(from, install.to) > 0
            ? 'downgrade'
            : 'upgrade',
      name: install.name,
      arch: install.arch,
      ...(from === undefined ? {} : { from }),
      to: install.to,
      stage,
      dependency: !isListed(install.name, install.arch),
      ...(origin === '' ? {} : { origin }),
    });
  }
  for (const removal of transaction.removals) {
    const row = rowFor(context.rows, context.native, removal.name, removal.arch);
    const arch = row?.arch ?? removal.arch ?? context.native;
    const key = `${removal.name}:${arch}`;
    if (done.get(key) === null) continue;
    const from = done.get(key) ?? removal.version;
    done.set(key, null);
    push({
      action: 'remove',
      name: removal.name,
      arch,
      from,
      stage,
      dependency: !isListed(removal.name, arch),
    });
  }
  return actions;
}

const titled = (p: { name: string; version: string }): string => `${p.name} ${p.version}`;

/** Requests no repository of the host offers. */
function unavailable(context: Context, policies: Map<string, Policy>, native: string): Refusal[] {
  return context.stages
    .flatMap((stage) => stage.packages)
    .filter((p) => !policyOf(policies, p.name, p.arch, native)?.offered.has(p.version))
    .map((p) => {
      const policy = policyOf(policies, p.name, p.arch, native);
      const offers = [...(policy?.offered.keys() ?? [])];
      return {
        code: 'host.version-unavailable' as const,
        message: `${titled(p)} is in none of this host's repositories${offers.length === 0 ? '' : ` (they offer ${offers.slice(0, 5).join(', ')})`}.`,
        package: p.name,
      };
    });
}

/** Why apt would not do a stage. */
function stageRefusal(stage: number, transaction: Transaction, exitCode: number | undefined): Refusal {
  const said = [...transaction.unmet, ...transaction.errors].slice(0, 12).join(' · ');
  const conflict = transaction.unmet.length > 0 || /held broken|conflict/i.test(said);
  const broken = /--fix-broken/.test(said);
  return {
    code: broken ? 'host.packages-broken' : conflict ? 'host.dependency-conflict' : 'host.command-failed',
    message: `apt-get refuses stage ${stage}: ${said === '' ? `exit code ${exitCode ?? '?'}` : said}`.slice(
      0,
      2000,
    ),
  };
}

/** What apt would do but the snapshot does not want: held packages, rejected ones, and listed ones in another version. */
function actionRefusals(actions: PlanAction[], context: Context, rows: Row[], native: string): Refusal[] {
  const found: Refusal[] = [];
  const refuse = (action: PlanAction, message: string) =>
    found.push({ code: 'host.dependency-conflict', message, package: action.name });
  for (const action of actions) {
    if (action.action !== 'install' && rowFor(rows, native, action.name, action.arch)?.held) {
      refuse(
        action,
        `${action.name} is on hold on this host, and would be ${action.action === 'remove' ? 'removed' : `changed to ${action.to ?? '?'}`}. Release it there with apt-mark unhold, or reject it in the snapshot.`,
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
        `${action.name} is listed as ${approved.map((entry) => entry.version).join(', ')}, but apt would bring ${action.to ?? '?'}.`,
      );
    }
  }
  return found;
}

/** Broken packages nothing of the plan replaces, and a dpkg that was interrupted: nothing is installed over those. */
function brokenRefusals(
  broken: Simulation['broken'],
  actions: PlanAction[],
  inventory: Inventory,
): Refusal[] {
  const mended = new Set(actions.filter((action) => action.to !== undefined).map((action) => action.name));
  const left = broken.filter(
    ({ name, state }) =>
      !mended.has(name) &&
      (state.startsWith('was interrupted') ||
        inventory.rows.some((row) => row.name === name && isPresent(row) && isBroken(row.state))),
  );
  if (left.length === 0) return [];
  return [
    {
      code: 'host.packages-broken',
      message:
        `Broken on this host: ${left.map(({ name, state }) => `${name}: ${state}`).join(', ')}. Mend it with dpkg --configure -a, or with a version that repairs it.`.slice(
          0,
          2000,
        ),
      ...(left[0] === undefined ? {} : { package: left[0].name }),
    },
  ];
}

const MIB = 1024 * 1024;
/** dpkg writes its database and logs beside the packages' own files. */
const MARGIN = 4 * MIB;
/** What a kernel's initrd takes in /boot. */
const INITRD = 80 * MIB;

/** Bytes per mount: downloads where apt keeps them, files in /usr's, kernels in /boot's. */
function spaceNeed(
  actions: PlanAction[],
  artefacts: Map<string, Artefact>,
  rows: Row[],
  native: string,
  mounts: Mounts,
): SpaceNeed {
  let download = 0;
  let disk = 0;
  let largest = 0;
  let kernels = 0;
  const versions = new Map<string, number>();
  for (const action of actions) {
    const key = `${action.name}:${action.arch}`;
    const before =
      versions.get(key) ?? (rowFor(rows, native, action.name, action.arch)?.installedKiB ?? 0) * 1024;
    const artefact =
      action.to === undefined ? undefined : artefacts.get(artefactKey(action.name, action.arch, action.to));
    const after = action.to === undefined ? 0 : (artefact?.installedKiB ?? 0) * 1024;
    versions.set(key, after);
    if (action.origin !== CONSOLE_ORIGIN) download += artefact?.sizeBytes ?? 0;
    disk += after - (action.action === 'install' ? 0 : before);
    // Old and new files of one package are there at once while it unpacks.
    if (action.action !== 'install') largest = Math.max(largest, Math.min(before, after));
    if (action.action === 'install' && /^linux-image-\d/.test(action.name)) kernels++;
  }
  const needs: [string, number][] = [
    ['/var/cache/apt/archives', download],
    ['/usr', Math.max(0, disk) + largest],
    ['/var/lib/dpkg', 1],
    ['/boot', kernels * INITRD],
  ];
  return { download, disk, ...freeSpace(mounts, MARGIN, actions.length > 0 ? needs : []) };
}

function readStages(
  sections: Sections,
  context: Context,
  inventory: Inventory,
  native: string,
): {
  actions: PlanAction[];
  failed?: { stage: number; transaction: Transaction; exitCode: number | undefined };
} {
  const actions: PlanAction[] = [];
  const done = new Map<string, string | null>();
  for (const [index, { stage }] of context.stages.entries()) {
    const section = stageSection(index);
    const transaction = readTransaction(sections.text(section));
    const exitCode = sections.rc(section);
    if (exitCode !== 0) return { actions, failed: { stage, transaction, exitCode } };
    actions.push(
      ...stageActions(transaction, stage, done, {
        rows: inventory.rows,
        native,
        entries: context.entries,
        ...(context.pushed !== undefined && { pushed: context.pushed }),
      }),
    );
  }
  return { actions };
}

/** Errors: `host.output-malformed`, `host.read-only` or `host.disk-full` when not even a temporary folder could be made. */
export function parseSimulation(output: CommandOutput, context: Context): Result<Simulation> {
  const read = readSections(output, context.nonce, [...HOST_SECTIONS, 'inventory', 'auto']);
  if (!read.ok) return read;
  const sections = read.value;
  const tmp = readMounts(sections).of('/tmp');
  if (sections.has('notmp') && tmp?.readOnly === true) {
    return fail('host.read-only', `${tmp.target} is mounted read-only on this host.`, {
      hint: 'A file system goes read-only after an error: look at the kernel log and the disk, then mount it for writing again.',
    });
  }
  if (sections.has('notmp') || sections.has('noroom')) {
    return fail('host.disk-full', "There is no room for the simulation in the host's temporary folder.", {
      hint: 'Free space there (apt-get clean helps), then plan again.',
    });
  }
  if (sections.has('nopushed'))
    return fail(
      'host.command-failed',
      `The packages brought by the console cannot be used: ${plainLine(sections.text('nopushed'), 300)}.`,
    );
  const pairs = readPairs(sections.lines('host', 50));
  const native = pairs.get('arch') ?? '';
  const inventory = readInventory(sections, native);
  if (!Arch.safeParse(native).success || inventory.rows.length === 0) {
    return fail('host.output-malformed', 'dpkg told neither its architecture nor its packages.', {
      hint: plainLine(sections.text('inventory'), 500),
    });
  }
  const { actions, failed } = readStages(sections, context, inventory, native);
  const policies = readPolicies(sections.text('policy'));
  const artefacts = readArtefacts(sections.text('new'));
  const mounts = readMounts(sections);
  const broken = readBroken(sections, inventory);
  const missing = unavailable(context, policies, native);

  const files = new Map<string, string>();
  for (const line of sections.lines('kept', 20_000)) {
    const [name = '', version = '', ...path] = line.split(' ');
    files.set(`${name} ${version}`, plainLine(path.join(' '), 500));
  }
  const spoilt = new Map<string, string>();
  for (const line of sections.lines('spoilt', 20_000)) {
    const [name = '', , version = '', path = '', other = ''] = line.split('\t');
    spoilt.set(`${name} ${version}`, plainLine(`${path} is not what is installed (${other})`, 400));
  }
  const reverse = sections.has('reverse') ? readTransaction(sections.text('reverse')) : undefined;
  const proof = proofs(
    actions,
    {
      repository: (name, arch, version) => policyOf(policies, name, arch, native)?.offered.get(version)?.[0],
      file: (name, version) => files.get(`${name} ${version}`),
      spoilt: (name, version) => spoilt.get(`${name} ${version}`),
      arch: (name, arch) => rowFor(inventory.rows, native, name, arch)?.arch ?? arch,
      held: context.held ?? (() => undefined),
      repack: sections.has('repack'),
    },
    reverseFault(actions, reverse, sections.rc('reverse')),
  );
  const refresh = sections.lines('refresh', 50).filter((line) => /^(E|Err)[: ]/.test(line));
  return ok({
    actions,
    bytes: spaceNeed(actions, artefacts, inventory.rows, native, mounts),
    reboot:
      readReboot(sections).required ||
      actions.some((a) => a.action !== 'remove' && WANTS_REBOOT.test(a.name)),
    proof,
    refusals: [
      ...missing,
      ...(failed && missing.length === 0
        ? [stageRefusal(failed.stage, failed.transaction, failed.exitCode)]
        : []),
      ...(missing.length > 0 && refresh.length > 0
        ? [{ code: 'host.repository' as const, message: plainLine(refresh.join(' · '), 2000) }]
        : []),
      ...actionRefusals(actions, context, inventory.rows, native),
      ...(context.stages.length === 0 ? [] : brokenRefusals(broken, actions, inventory)),
    ],
    broken,
    lock: readLock(sections),
    mounts: mounts.list,
    bootId: plainLine(pairs.get('bootid') ?? '', 64),
    installed: installedPackages(inventory.rows),
  });
}

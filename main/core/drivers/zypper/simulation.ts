/** The simulation: one round trip, without root, for all stages, each with those before it. Touches nothing but a temporary folder. */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { Refusal } from '../../../../shared/model/plan.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { HeldArtefacts, Simulation, StageRequest } from '../driver.ts';
import { readMounts, readPairs } from '../facts.ts';
import type { PushedPackage } from '../pushed.ts';
import { proofs } from '../rpm/proof.ts';
import { artefactFile, installedPackages, keyOf } from '../rpm/rows.ts';
import {
  Act,
  actionRefusals,
  brokenRefusals,
  plannedActions,
  type RpmManager,
  spaceNeed,
  type Transaction,
} from '../rpm/transaction.ts';
import { plainLine, quote, type Sections } from '../shell.ts';
import {
  CACHE_FUNCTION,
  EXTRA,
  HOST_BODY,
  INVENTORY_BODY,
  REPOSITORIES_SKIPPED,
  readAnswer,
  script,
} from './host.ts';
import { type Inventory, readBroken, readInventory, readLock, readRestart } from './inventory.ts';
import { kernelState } from './kernel.ts';
import { type Lists, offerKey, offersByKey, readLists } from './lists.ts';
import { asked, capabilities, INSTALL, PUSHED_FUNCTIONS, withPushed } from './request.ts';
import { elementsOf, messagesOf, problemsIn } from './xml.ts';

type Context = {
  nonce: string;
  stages: StageRequest[];
  entries: Entry[];
  held?: HeldArtefacts;
  pushed?: readonly PushedPackage[];
};

const ZYPPER: RpmManager = {
  ecosystem: 'zypper',
  pushedRepository: EXTRA,
  cache: '/var/cache/zypp',
  unlock: 'zypper removelock',
  mend: 'rpm -e of the version that is too many',
  kernel: /^kernel-(default|rt|azure|preempt|64kb|debug|vanilla|pae)(-base)?$/,
};

/** After these the running system keeps the old code until it is restarted (libzypp's own list), where a package does not say so itself. */
const WANTS_REBOOT =
  /^(kernel-[a-z0-9]+|glibc|systemd|udev|dbus-1|dbus-broker|ucode-(amd|intel)|kernel-firmware.*|openssl|gnutls)$/;
const SAYS_REBOOT = 'installhint(reboot-needed)';

/** Packages that the host's own configuration names (zypper(8), needs-rebooting). */
const RESTARTS = `fl_restarts() { cat "$R/etc/zypp/needreboot" "$R"/etc/zypp/needreboot.d/* 2>/dev/null | sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d'; }`;

export function simulateCommand(options: {
  nonce: string;
  stages: StageRequest[];
  refresh: boolean;
  pushed?: readonly PushedPackage[];
}): CommandSpec {
  const { stages, pushed } = options;
  const solving = stages.map((_, index) => {
    const words = capabilities(asked(stages.slice(0, index + 1)));
    return `fl_ask ${INSTALL} --dry-run ${words} >"$T/solve${index}" 2>&1; fl_code=$?; fl_sec solve${index} cat "$T/solve${index}"; fl_rc code${index} $fl_code\n`;
  });
  const names = [...new Set(asked(stages).map((one) => one.name))];
  const body = `${HOST_BODY}${options.refresh ? 'fl_sec refresh fl_refresh\n' : ''}${INVENTORY_BODY}fl_sec restarts fl_restarts
${withPushed(pushed, 'fl_mark unpushed; printf "%s\\n" "$fl_why"')}fl_ask lr >"$T/repos" 2>/dev/null
${solving.join('')}${
  stages.length === 0
    ? ''
    : `{ fl_named "$T"/solve*; printf '%s\\n' ${names.map(quote).join(' ')}; } | sort -u >"$T/names"
fl_sec lists fl_lists "$T/names" "$T/repos"
fl_sec cached fl_cached
fl_sec verify fl_ask verify --dry-run --no-recommends
`
}`;
  return {
    script: script(options.nonce, `${RESTARTS}\n${CACHE_FUNCTION}\n${PUSHED_FUNCTIONS}\n${body}`),
    root: options.refresh || (pushed ?? []).length > 0,
    timeoutMs: options.refresh ? 900_000 : 300_000,
    maxOutputBytes: 64 * 1024 * 1024,
  };
}

/** zypper's words for what happens to a package, by the section it stands in. */
const kindOf = (section: string): Act['action'] | undefined => {
  if (section === 'to-remove') return 'remove';
  if (section === 'to-install') return 'install';
  if (section === 'to-reinstall') return 'reinstall';
  if (section.startsWith('to-downgrade')) return 'downgrade';
  return section.startsWith('to-upgrade') || section.startsWith('to-change') ? 'upgrade' : undefined;
};

function actsOf(text: string, stage: number, lists: Lists, inventory: Inventory, cached: Set<string>): Act[] {
  const offers = offersByKey(lists.offers);
  const multi = new Set(inventory.rows.filter((row) => row.multi).map((row) => row.name));
  return elementsOf(text, 'solvable', ['to-']).flatMap(({ attributes, within }) => {
    const action = kindOf(within);
    if (action === undefined || attributes.get('type') !== 'package') return [];
    const name = attributes.get('name') ?? '';
    const arch = attributes.get('arch') ?? '';
    const edition = attributes.get('edition') ?? '';
    const old = action === 'remove' ? edition : (attributes.get('edition-old') ?? null);
    const was = action === 'remove' ? arch : (attributes.get('arch-old') ?? null);
    const offer = action === 'remove' ? undefined : offers.get(offerKey({ name, arch, version: edition }));
    const here = cached.has(artefactFile({ name, arch, version: edition }));
    const act = Act.safeParse({
      stage,
      action,
      name,
      arch,
      old,
      new: action === 'remove' ? null : edition,
      was,
      // What no list has was brought by the console.
      repo: action === 'remove' ? '' : (offer?.repo ?? EXTRA),
      down: offer === undefined || here ? 0 : offer.bytes,
      size: offer?.installedBytes ?? 0,
      freed: old === null ? 0 : (inventory.sizes.get(`${name} ${was ?? arch} ${old}`) ?? 0),
      multi: multi.has(name),
    });
    return act.success ? [act.data] : [];
  });
}

const NO_WAY = 4;
const NOT_FOUND = 104;

type Solved = { acts: Act[]; refusals: Refusal[] };

/** Requests that zypper cannot take: nobody offers them, they are locked, or they fit nothing. The first stage that fails is the last looked at. */
function solve(
  sections: Sections,
  context: Context,
  lists: Lists,
  inventory: Inventory,
  cached: Set<string>,
): Solved {
  const acts: Act[] = [];
  for (const [index, { stage }] of context.stages.entries()) {
    const text = sections.text(`solve${index}`);
    const code = sections.rc(`code${index}`) ?? -1;
    const wants = asked(context.stages.slice(0, index + 1));
    const offered = new Set(lists.offers.map((offer) => offerKey(offer)));
    for (const one of context.pushed ?? []) offered.add(offerKey(one));
    const missing = wants.filter((one) => !offered.has(offerKey(one)));
    const held = new Set(inventory.rows.filter((row) => row.held).map(keyOf));
    const locked = wants.filter((one) => held.has(keyOf(one)));
    if (missing.length > 0 || locked.length > 0) {
      return {
        acts,
        refusals: [
          ...missing.map(({ name, version }): Refusal => {
            const offers = [
              ...new Set(lists.offers.filter((one) => one.name === name).map((one) => one.version)),
            ].slice(-5);
            return {
              code: 'host.version-unavailable',
              message: `${name} ${version} is in none of this host's repositories${offers.length === 0 ? '' : ` (they offer ${offers.join(', ')})`}.`,
              package: name,
            };
          }),
          ...locked.map(
            ({ name, version }): Refusal => ({
              code: 'host.dependency-conflict',
              message: `${name} is locked on this host, and would be changed to ${version}. Release it there with ${ZYPPER.unlock}, or reject it in the snapshot.`,
              package: name,
            }),
          ),
          ...unreadRefusals(lists),
        ],
      };
    }
    if (code !== 0 && !(code === REPOSITORIES_SKIPPED && text.includes('<install-summary'))) {
      const problems = problemsIn(text);
      const said = problems.length > 0 ? problems : messagesOf(text, 'error');
      const detail = said.join(' · ') || plainLine(text.slice(-300)) || `exit code ${code}`;
      return {
        acts,
        refusals: [
          code === NO_WAY || code === NOT_FOUND
            ? {
                code: 'host.dependency-conflict',
                message: plainLine(`zypper refuses stage ${stage}: ${detail}`, 2000),
              }
            : {
                code: 'host.command-failed',
                message: plainLine(`zypper failed on this host: ${detail}`, 2000),
              },
        ],
      };
    }
    acts.push(...actsOf(text, index, lists, inventory, cached));
  }
  return { acts, refusals: [] };
}

const unreadRefusals = (lists: Lists): Refusal[] => {
  const unread = [
    ...lists.repos.filter((repo) => repo.readAt === null).map((repo) => repo.alias),
    ...lists.unread,
  ];
  return unread.length === 0
    ? []
    : [
        {
          code: 'host.repository',
          message: `Not on the host: the metadata of ${unread.join(', ')}.`.slice(0, 2000),
        },
      ];
};

/**
 * Undefined: the way back is clean. Going back puts exactly the packages there that are there now, all of them, and takes away
 * what came; so it fits together if what is there now does, which is what zypper verify tells.
 */
function reverseFault(sections: Sections): string | undefined {
  const text = sections.text('verify');
  const [summary] = elementsOf(text, 'install-summary');
  const code = sections.rc('verify');
  if ((code === 0 || code === REPOSITORIES_SKIPPED) && summary?.attributes.get('packages-to-change') === '0')
    return undefined;
  const said = [...problemsIn(text), ...messagesOf(text, 'error')].join(' · ');
  return plainLine(
    `what is installed does not fit together (zypper verify)${said === '' ? '' : `: ${said}`}`,
    600,
  );
}

/** Errors: `host.output-malformed`, `host.read-only`, `host.disk-full` when not even a temporary folder could be made. */
export function parseSimulation(output: CommandOutput, context: Context): Result<Simulation> {
  const required = context.stages.length === 0 ? [] : ['lists', 'verify'];
  const read = readAnswer(output, context.nonce, ['host', 'mounts', 'rows', ...required]);
  if (!read.ok) return read;
  const sections = read.value;
  const inventory = readInventory(sections);
  if (inventory.rows.length === 0)
    return fail('host.output-malformed', 'rpm listed no package, so nothing can be planned.');
  const pairs = readPairs(sections.lines('host', 50));
  const mounts = readMounts(sections);
  if (context.stages.length > 0 && mounts.of('/')?.readOnly === true)
    return fail('host.read-only', '/ is mounted read-only on this host.', {
      hint: 'A file system goes read-only after an error: look at the kernel log and the disk, then mount it for writing again.',
    });
  const lists = readLists(sections.lines('lists', 1_000_000));
  const paths = sections.lines('cached', 100_000).map((line) => plainLine(line, 500));
  const files = new Map(paths.map((path) => [path.replace(/^.*\//, ''), path]));
  const unpushed = sections.has('unpushed') ? plainLine(sections.text('unpushed'), 300) : undefined;
  const { acts, refusals } = solve(sections, context, lists, inventory, new Set(files.keys()));
  const transaction: Transaction = { ...context, manager: ZYPPER };
  const planned = plannedActions(acts, transaction);
  const actions = planned.map(({ action }) => action);
  const before = new Map(planned.map(({ action, act }) => [action, act.was ?? action.arch]));
  const offers = offersByKey(lists.offers);
  const restarts = new Set(sections.lines('restarts', 1000));
  const lock = readLock(sections);
  const broken = readBroken(inventory, lock);
  const kernel = kernelState(pairs.get('kernel') ?? '', inventory.kernels);
  const wantsRestart = (name: string, arch: string, version: string) =>
    WANTS_REBOOT.test(name) ||
    restarts.has(name) ||
    offers.get(offerKey({ name, arch, version }))?.provides.some((one) => one.name === SAYS_REBOOT) === true;
  return ok({
    actions,
    bytes: spaceNeed(planned, mounts, ZYPPER),
    reboot:
      readRestart(sections)?.required === true ||
      kernel.expected !== undefined ||
      actions.some((a) => a.to !== undefined && wantsRestart(a.name, a.arch, a.to)),
    proof: proofs(
      actions,
      (action) => before.get(action) ?? action.arch,
      {
        file: (name, arch, version) => files.get(artefactFile({ name, arch, version })),
        repository: (name, arch, version) => offers.get(offerKey({ name, arch, version }))?.repo,
        held: context.held ?? (() => undefined),
      },
      reverseFault(sections),
    ),
    refusals: [
      ...(unpushed === undefined ? [] : [{ code: 'host.command-failed' as const, message: unpushed }]),
      ...refusals,
      ...actionRefusals(actions, transaction, new Map(inventory.rows.map((row) => [keyOf(row), row]))),
      ...(context.stages.length === 0 ? [] : brokenRefusals(broken, actions, ZYPPER)),
    ],
    broken,
    lock,
    mounts: mounts.list,
    bootId: plainLine(pairs.get('bootid') ?? '', 64),
    installed: installedPackages(inventory.rows),
  });
}

/** The scan: one round trip, without root; with `refresh` it runs as root and reads the repositories' metadata first. */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { type Facts, Scan, Update } from '../../../../shared/model/scan.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { ScanReading } from '../driver.ts';
import { readPairs } from '../facts.ts';
import { judgeAdvice } from '../rpm/advice.ts';
import { factsOf } from '../rpm/facts.ts';
import { installedPackages, keyOf } from '../rpm/rows.ts';
import { compareRpmVersions } from '../rpm/version.ts';
import { plainLine, type Sections } from '../shell.ts';
import { HOST_BODY, INVENTORY_BODY, readAnswer, script } from './host.ts';
import { type Inventory, readBroken, readInventory, readLock, readRestart } from './inventory.ts';
import { kernelState, newestKernel } from './kernel.ts';
import {
  type Advice,
  type Lists,
  type Offer,
  offerKey,
  offersByKey,
  readAdvice,
  readLists,
} from './lists.ts';
import { BEARING_FUNCTIONS, readInstalled, relationsOf } from './relations.ts';
import { elementsOf, messagesOf, problemsIn } from './xml.ts';

/** What installs by itself on SUSE's systems; PackageKit only where it was told to at a shutdown. */
const UPDATERS = `fl_updaters() {
  [ -d "$R/run/systemd/system" ] && fl_has systemctl || return 0
  for fl_u in transactional-update.timer os-update.timer packagekit-offline-update.service; do
    [ "$(systemctl is-enabled "$fl_u" 2>/dev/null)" = enabled ] || continue
    printf '%s\\n' "$fl_u"
  done
}
`;

export function scanCommand(options: { nonce: string; refresh: boolean }): CommandSpec {
  const refresh = 'fl_sec refresh fl_refresh\n';
  const body = `${UPDATERS}${BEARING_FUNCTIONS}
fl_sec began date +%s
${HOST_BODY}fl_sec os cat "$R/etc/os-release"
fl_sec privilege fl_privilege
fl_sec updaters fl_updaters
if fl_has systemctl && [ -d "$R/run/systemd/system" ]; then fl_sec units fl_units; fi
fl_sec version zypper --version
${options.refresh ? refresh : ''}${INVENTORY_BODY}fl_ask lr >"$T/repos" 2>/dev/null
fl_ask lu -a >"$T/updates" 2>&1; fl_sec updates cat "$T/updates"
fl_ask up --dry-run --no-recommends >"$T/up" 2>&1; fl_sec up cat "$T/up"
fl_named "$T/updates" "$T/up" >"$T/names"
fl_lists "$T/names" "$T/repos" >"$T/lists" 2>&1; fl_sec lists cat "$T/lists"
fl_sec advice fl_advice "$T/names" "$T/repos"
fl_sec bearing fl_bearing "$T/lists"
fl_sec ended date +%s
`;
  return {
    script: script(options.nonce, body),
    root: options.refresh,
    timeoutMs: options.refresh ? 900_000 : 300_000,
    maxOutputBytes: 64 * 1024 * 1024,
  };
}

const CLASSES: Record<string, 'security' | 'bugfix' | 'enhancement'> = {
  security: 'security',
  recommended: 'bugfix',
  bugfix: 'bugfix',
  optional: 'enhancement',
  feature: 'enhancement',
  enhancement: 'enhancement',
  newpackage: 'enhancement',
};

/** SUSE's kinds, by the names that all have. */
const classified = (advice: readonly Advice[]) =>
  advice.map((one) => ({
    ...one,
    type: Object.hasOwn(CLASSES, one.type) ? (CLASSES[one.type] ?? ('other' as const)) : ('other' as const),
  }));

/** Advisories that name a version above the installed one and up to the candidate. */
function adviceFor(
  advice: Map<string, Advice[]>,
  { name, arch, from, to }: { name: string; arch: string; from: string | null; to: string },
): Advice[] {
  return (advice.get(`${name}:${arch}`) ?? []).filter((one) =>
    one.packages.some(
      (named) =>
        named.name === name &&
        named.arch === arch &&
        compareRpmVersions(named.version, to) <= 0 &&
        (from === null || compareRpmVersions(named.version, from) > 0),
    ),
  );
}

type Candidate = { name: string; arch: string; from: string | null; to: string };

type Transaction = {
  /** `name arch version` of what would come, and of what would go. */
  coming: Map<string, Candidate>;
  going: { name: string; arch: string; version: string }[];
  problems: string[];
};

/** `zypper up --dry-run`. */
function readUp(text: string): Transaction {
  const coming = new Map<string, Candidate>();
  const going: Transaction['going'] = [];
  for (const { attributes, within } of elementsOf(text, 'solvable', ['to-'])) {
    if (attributes.get('type') !== 'package') continue;
    const name = attributes.get('name') ?? '';
    const arch = attributes.get('arch') ?? '';
    const version = attributes.get('edition') ?? '';
    if (within === 'to-remove') going.push({ name, arch, version });
    else
      coming.set(offerKey({ name, arch, version }), {
        name,
        arch,
        from: attributes.get('edition-old') ?? null,
        to: version,
      });
  }
  return { coming, going, problems: problemsIn(text) };
}

/** Candidates of installed packages, newest of each; then what comes only because they need it. */
function candidatesOf(sections: Sections, up: Transaction, inventory: Inventory): Candidate[] {
  const listed = elementsOf(sections.text('updates'), 'update').flatMap(({ attributes }) => {
    const old = attributes.get('edition-old');
    if (attributes.get('kind') !== 'package' || old === undefined) return [];
    const name = attributes.get('name') ?? '';
    return [
      {
        name,
        arch: attributes.get('arch') ?? '',
        from: old,
        to: attributes.get('edition') ?? '',
      },
    ];
  });
  const installed = new Set(inventory.rows.map((row) => row.name));
  const brought = [...up.coming.values()].filter((one) => one.from === null && !installed.has(one.name));
  return [...listed, ...brought];
}

function updatesOf(
  sections: Sections,
  up: Transaction,
  inventory: Inventory,
  lists: Lists,
): { updates: Update[]; offers: Offer[] } {
  const offers = offersByKey(lists.offers);
  const held = new Set(inventory.rows.filter((row) => row.held).map(keyOf));
  const advice = new Map<string, Advice[]>();
  for (const one of readAdvice(sections.lines('advice', 1_000_000)))
    for (const key of new Set(one.packages.map((named) => `${named.name}:${named.arch}`)))
      advice.set(key, [...(advice.get(key) ?? []), one]);
  const updates: Update[] = [];
  const coming: Offer[] = [];
  for (const candidate of candidatesOf(sections, up, inventory)) {
    const { name, arch, from, to } = candidate;
    const offer = offers.get(offerKey({ name, arch, version: to }));
    const planned = up.problems.length > 0 || up.coming.has(offerKey({ name, arch, version: to }));
    const foreign = offer !== undefined && offer.vendor !== (inventory.vendors.get(`${name}:${arch}`) ?? '');
    const blocked = held.has(`${name}:${arch}`)
      ? 'held'
      : planned
        ? undefined
        : from !== null && foreign
          ? 'vendor-change'
          : 'kept-back';
    const update = Update.safeParse({
      name,
      arch,
      from,
      to,
      origin: offer?.repo ?? 'unknown',
      ...judgeAdvice(classified(adviceFor(advice, candidate))),
      sizeBytes: offer?.bytes ?? 0,
      ...(offer?.sha256 === undefined ? {} : { sha256: offer.sha256 }),
      ...(blocked === undefined ? {} : { blocked }),
    });
    if (!update.success) continue;
    updates.push(update.data);
    if (offer !== undefined) coming.push(offer);
  }
  return { updates, offers: coming };
}

function readFacts(
  sections: Sections,
  inventory: Inventory,
  lists: Lists,
  context: { startedAt: number; finishedAt: number },
): Result<Facts> {
  const running = readPairs(sections.lines('host', 50)).get('kernel') ?? '';
  const lock = readLock(sections);
  return factsOf(sections, context, {
    manager: 'zypper',
    version: plainLine(sections.text('version'), 200),
    newestKernel: newestKernel(running, inventory.kernels),
    expectedKernel: kernelState(running, inventory.kernels).expected,
    restart: readRestart(sections),
    lock,
    broken: readBroken(inventory, lock),
    listsReadAt: lists.repos.flatMap((repo) => repo.readAt ?? []),
  });
}

/** What is missing from the reading, one sentence each. */
function problemsOf(sections: Sections, up: Transaction, inventory: Inventory, lists: Lists): string[] {
  const refused = sections.rc('refresh') ?? 0;
  const failed = refused === 0 ? [] : messagesOf(sections.text('refresh'), 'error');
  const unread = [
    ...lists.repos.filter((repo) => repo.readAt === null).map((repo) => repo.alias),
    ...lists.unread,
  ];
  const text = sections.text('updates');
  const { problems } = up;
  return [
    ...(refused === 0
      ? []
      : [`the repositories could not be read: ${failed.slice(0, 20).join(' · ') || `exit code ${refused}`}`]),
    ...(unread.length === 0
      ? []
      : [
          `repositories whose metadata is not on the host (zypper refresh reads it), so that their updates are not known: ${unread.slice(0, 20).join(' · ')}`,
        ]),
    ...(lists.repos.length === 0 ? ['no repository is enabled on this host'] : []),
    ...(text.includes('<update-list>')
      ? []
      : [
          `zypper could not tell the updates: ${plainLine(messagesOf(text, 'error').join(' · ') || text.slice(-300), 1000)}`,
        ]),
    ...(problems.length === 0 ? [] : [`zypper could not work out the updates: ${problems.join(' · ')}`]),
    ...(inventory.locks ? [] : ['zypper could not be asked about its locks, so held packages are not known']),
    ...(inventory.malformed === 0 ? [] : [`${inventory.malformed} of rpm's packages were not understood`]),
  ];
}

const Removal = Scan.shape.removals.element;

const REQUIRED = ['host', 'mounts', 'os', 'rows', 'updates', 'up', 'lists', 'ended'];

/** Errors: `host.disk-full`, `host.output-malformed`. */
export function parseScan(
  output: CommandOutput,
  context: { nonce: string; startedAt: number; finishedAt: number },
): Result<ScanReading> {
  const read = readAnswer(output, context.nonce, REQUIRED);
  if (!read.ok) return read;
  const sections = read.value;
  const inventory = readInventory(sections);
  if (inventory.rows.length === 0)
    return fail('host.output-malformed', `rpm listed no package (exit code ${sections.rc('rows') ?? '?'}).`, {
      hint: plainLine(sections.text('rows'), 500),
    });
  const lists = readLists(sections.lines('lists', 2_000_000));
  const facts = readFacts(sections, inventory, lists, context);
  if (!facts.ok) return facts;
  const up = readUp(sections.text('up'));
  const problems = problemsOf(sections, up, inventory, lists);
  const { updates, offers } = updatesOf(sections, up, inventory, lists);
  const multi = new Set(inventory.rows.filter((row) => row.multi).map((row) => row.name));
  const relations = relationsOf(offers, readInstalled(sections.lines('bearing', 1_000_000)), (name) =>
    multi.has(name),
  );
  return ok({
    facts: facts.value,
    packages: installedPackages(inventory.rows),
    relations,
    updates,
    removals: up.going.flatMap((one) => {
      const removal = Removal.safeParse(one);
      return removal.success ? [removal.data] : [];
    }),
    unseen: [
      'services that run on replaced files (zypper ps -s tells them to root)',
      ...(readRestart(sections) === undefined
        ? ['whether a restart is wanted (zypper needs-rebooting)']
        : []),
    ],
    ...(problems.length === 0 ? {} : { partial: problems.join('; ').slice(0, 3500) }),
  });
}

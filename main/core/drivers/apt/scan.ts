/** Reads the scan's output. Never throws; what is missing makes the reading partial, with the cause, never quietly empty. */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { Arch, PackageName } from '../../../../shared/model/primitives.ts';
import { type BlockReason, Facts, type Update } from '../../../../shared/model/scan.ts';
import type { CommandOutput } from '../../ports.ts';
import type { ScanReading } from '../driver.ts';
import { bootedAt, clockSkew, readMounts, readOsRelease, readPairs, readPrivilege } from '../facts.ts';
import { plainLine, readSections, type Sections } from '../shell.ts';
import { isPresent } from '../states.ts';
import { HOST_SECTIONS, readLock, readReboot } from './host.ts';
import { faultOf, type Inventory, installedPackages, type Row, readInventory } from './inventory.ts';
import { newestKernel } from './kernel.ts';
import { readRelations } from './relations.ts';
import {
  type Artefact,
  artefactKey,
  type Install,
  isSecurityOrigin,
  type Policy,
  policyOf,
  readArtefacts,
  readPolicies,
  readTransaction,
  type Transaction,
} from './transaction.ts';
import { compareDebianVersions } from './version.ts';

/** dpkg's states, what its audit adds, and a database it could not finish writing. */
export function readBroken(sections: Sections, inventory: Inventory): Facts['broken'] {
  const broken = new Map<string, string>();
  for (const row of inventory.rows) {
    const fault = faultOf(row.state);
    if (fault !== undefined && isPresent(row)) broken.set(row.name, fault);
  }
  for (const line of sections.lines('audit', 2000)) {
    if (line === 'fl:interrupted') broken.set('dpkg', 'was interrupted; dpkg --configure -a must finish it');
    const name = /^ ([a-z0-9][a-z0-9.+-]+)(?::[a-z0-9-]+)?(?:\s|$)/.exec(line)?.[1];
    if (name !== undefined && PackageName.safeParse(name).success && !broken.has(name)) {
      broken.set(name, 'listed by dpkg --audit');
    }
  }
  return [...broken].slice(0, 2000).map(([name, state]) => ({ name, state }));
}

function listsAt(lines: string[], hostNow: number, consoleNow: number): string | undefined {
  const times = lines
    .filter((line) => line.startsWith('at\t'))
    .map((line) => Number(line.slice(3)))
    .filter((time) => Number.isFinite(time) && time > 0);
  if (times.length === 0) return undefined;
  // The host's clock told both; the console's clock is what people read.
  const instant = new Date(consoleNow - (hostNow - Math.max(...times)) * 1000);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}

function readUpdaters(sections: Sections, rows: Row[]): string[] {
  const pairs = sections.lines('updaters', 50).map((line) => line.split('\t'));
  const setting = (name: string) => pairs.findLast(([key]) => key === `APT::Periodic::${name}`)?.[1];
  const on = (value: string | undefined) => value !== undefined && value !== '' && value !== '0';
  const unattended =
    rows.some((row) => row.name === 'unattended-upgrades' && isPresent(row)) &&
    on(setting('Unattended-Upgrade')) &&
    setting('Enable') !== '0';
  const units = pairs.filter(([key]) => key === 'unit').map(([, unit = '']) => plainLine(unit));
  return [
    ...(unattended ? ['unattended-upgrades'] : []),
    // The timer is on everywhere; it installs only what unattended-upgrades is told to.
    ...units.filter((unit) => unit !== 'apt-daily-upgrade.timer' || unattended),
  ].slice(0, 50);
}

/** needrestart's stable lines; undefined where it was not asked. */
function readNeedrestart(sections: Sections): { services?: string[]; kernel?: string } {
  if (!sections.has('needrestart')) return {};
  const lines = sections.lines('needrestart', 5000);
  const after = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}: `)).map((line) => plainLine(line.slice(key.length + 2)));
  const state = after('NEEDRESTART-KSTA')[0];
  const expected = after('NEEDRESTART-KEXP')[0];
  return {
    services: after('NEEDRESTART-SVC').slice(0, 2000),
    ...(state === '3' && expected ? { kernel: expected } : {}),
  };
}

function readFacts(
  sections: Sections,
  inventory: Inventory,
  context: { startedAt: number; finishedAt: number },
): Result<Facts> {
  const pairs = readPairs(sections.lines('host', 50));
  const os = readOsRelease(sections.lines('os', 200));
  const middle = (context.startedAt + context.finishedAt) / 2;
  const hostNow = Number(pairs.get('now') ?? Number.NaN);
  const kernel = plainLine(pairs.get('kernel') ?? '', 255);
  const newest = newestKernel(kernel, inventory.rows);
  const needrestart = readNeedrestart(sections);
  const reboot = readReboot(sections);
  const reasons = [...reboot.reasons];
  const awaited = needrestart.kernel ?? newest;
  const kernelWaits =
    awaited !== undefined && awaited !== kernel && compareDebianVersions(awaited, kernel) > 0;
  if (kernelWaits) reasons.push(`kernel ${awaited} is installed, ${kernel} is running`);
  const booted = bootedAt(pairs, middle);
  const lists = Number.isFinite(hostNow) ? listsAt(sections.lines('lists', 50), hostNow, middle) : undefined;
  const version = /version (\S+)/.exec(pairs.get('dpkg') ?? '')?.[1];
  const codename = os.get('VERSION_CODENAME');
  const facts = Facts.safeParse({
    hostname: plainLine(pairs.get('hostname') ?? '', 255),
    os: plainLine(os.get('ID') ?? 'unknown', 64),
    osName: plainLine(os.get('PRETTY_NAME') ?? os.get('NAME') ?? 'unknown', 255),
    release: plainLine(os.get('VERSION_ID') ?? codename ?? 'unknown', 64),
    ...(codename ? { codename: plainLine(codename, 64) } : {}),
    arch: pairs.get('arch'),
    kernel,
    ...(newest === undefined ? {} : { newestKernel: newest }),
    bootId: plainLine(pairs.get('bootid') ?? '', 64),
    ...(booted === undefined ? {} : { bootedAt: booted }),
    clockSkewSeconds: clockSkew(sections, middle),
    manager: 'apt',
    ...(version === undefined ? {} : { managerVersion: `dpkg ${plainLine(version, 200)}` }),
    mounts: readMounts(sections).list.slice(0, 500),
    lock: readLock(sections),
    broken: readBroken(sections, inventory),
    rebootRequired: reboot.required || kernelWaits,
    rebootReasons: reasons.slice(0, 500),
    ...(needrestart.services === undefined ? {} : { servicesToRestart: needrestart.services }),
    failedUnits: sections.lines('units', 2000).map((line) => plainLine(line)),
    autoUpdaters: readUpdaters(sections, inventory.rows),
    // A refreshing scan is root by way of sudo: what matters is the account.
    privilege: readPrivilege(sections, pairs),
    ...(lists === undefined ? {} : { listsUpdatedAt: lists }),
  });
  if (facts.success) return ok(facts.data);
  const issue = facts.error.issues[0];
  return fail(
    'host.output-malformed',
    `The host's facts are not usable: ${issue?.path.join('.') ?? '?'} ${issue?.message ?? ''}.`,
  );
}

type Candidates = { full: Transaction; plain: Transaction; wider: Transaction; unheld: Transaction };
const keyOf = (p: { name: string; arch: string }): string => `${p.name}:${p.arch}`;

/** What `blockOf` asks of the candidates, for each update: names and `name:arch`. */
type Verdicts = {
  plain: Set<string>;
  full: Set<string>;
  wider: Set<string>;
  phased: Set<string>;
  removes: boolean;
};
const verdictsOf = (c: Candidates): Verdicts => ({
  plain: new Set(c.plain.installs.map(keyOf)),
  full: new Set(c.full.installs.map(keyOf)),
  wider: new Set(c.wider.installs.map(keyOf)),
  phased: new Set([...c.plain.phased, ...c.full.phased]),
  removes: c.full.removals.length > 0,
});

/** Why a plain upgrade would not bring it; undefined when it would. */
function blockOf(install: Install, row: Row | undefined, told: Verdicts): BlockReason | undefined {
  const key = keyOf(install);
  if (told.plain.has(key)) return undefined;
  if (row?.held) return 'held';
  if (told.phased.has(install.name) || told.phased.has(key)) return 'phased';
  if (row === undefined && install.from === undefined) return undefined;
  if (!told.full.has(key)) return 'kept-back';
  if (told.wider.has(key)) return 'needs-new-packages';
  return told.removes ? 'removes-packages' : 'kept-back';
}

function toUpdate(
  install: Install,
  blocked: BlockReason | undefined,
  artefacts: Map<string, Artefact>,
): Update {
  const artefact = artefacts.get(artefactKey(install.name, install.arch, install.to));
  return {
    name: install.name,
    arch: install.arch,
    from: install.from ?? null,
    to: install.to,
    origin: install.origin,
    severity: 'unknown',
    classification: isSecurityOrigin(install.origin) ? 'security' : 'other',
    advisories: [],
    ...(artefact?.sizeBytes === undefined ? {} : { sizeBytes: artefact.sizeBytes }),
    ...(artefact?.sha256 === undefined ? {} : { sha256: artefact.sha256 }),
    ...(blocked === undefined ? {} : { blocked }),
  };
}

/** Candidates apt names only as kept back, even with holds ignored: from the policy table, without a resolver's blessing. */
function keptBackOnly(
  c: Candidates,
  inventory: Inventory,
  policies: Map<string, Policy>,
  native: string,
  known: Set<string>,
): Install[] {
  const found: Install[] = [];
  const present = Map.groupBy(inventory.rows.filter(isPresent), (row) => row.name);
  for (const word of c.full.keptBack) {
    const [name = '', arch] = word.split(':');
    const row = present
      .get(name)
      ?.find((r) => (arch === undefined ? r.arch === native || r.arch === 'all' : r.arch === arch));
    if (!row || known.has(keyOf(row))) continue;
    const policy = policyOf(policies, row.name, row.arch, native);
    if (policy?.candidate === undefined || compareDebianVersions(policy.candidate, row.version) <= 0)
      continue;
    found.push({
      name: row.name,
      arch: row.arch,
      from: row.version,
      to: policy.candidate,
      origin: policy.offered.get(policy.candidate)?.[0] ?? '',
    });
  }
  return found;
}

function readUpdates(sections: Sections, inventory: Inventory, native: string) {
  const c: Candidates = {
    full: readTransaction(sections.text('full')),
    plain: readTransaction(sections.text('plain')),
    wider: readTransaction(sections.text('wider')),
    unheld: readTransaction(sections.text('unheld')),
  };
  const artefacts = readArtefacts(sections.text('details'));
  const rows = new Map(inventory.rows.filter(isPresent).map((row) => [keyOf(row), row]));
  const rowOf = (p: Install) =>
    rows.get(keyOf(p)) ??
    (p.from === undefined ? undefined : (rows.get(`${p.name}:${native}`) ?? rows.get(`${p.name}:all`)));
  const verdicts = verdictsOf(c);
  const all = new Map(c.full.installs.map((install) => [keyOf(install), install]));
  for (const install of c.unheld.installs) if (!all.has(keyOf(install))) all.set(keyOf(install), install);
  for (const install of keptBackOnly(
    c,
    inventory,
    readPolicies(sections.text('policy')),
    native,
    new Set(all.keys()),
  )) {
    all.set(keyOf(install), install);
  }
  const updates = [...all.values()]
    .filter((install) => Arch.safeParse(install.arch).success)
    .map((install) => toUpdate(install, blockOf(install, rowOf(install), verdicts), artefacts))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.arch < b.arch ? -1 : 1));
  const removals = c.full.removals.map((removal) => ({
    name: removal.name,
    arch: removal.arch ?? (rows.has(`${removal.name}:${native}`) ? native : 'all'),
    version: removal.version,
  }));
  return { updates, removals, full: c.full };
}

/** Errors: `host.output-malformed`. */
export function parseScan(
  output: CommandOutput,
  context: { nonce: string; startedAt: number; finishedAt: number },
): Result<ScanReading> {
  const read = readSections(output, context.nonce, [...HOST_SECTIONS, 'inventory', 'auto']);
  if (!read.ok) return read;
  const sections = read.value;
  const native = readPairs(sections.lines('host', 50)).get('arch') ?? '';
  const inventory = readInventory(sections, native);
  if (inventory.rows.length === 0) {
    return fail(
      'host.output-malformed',
      `dpkg-query listed no package (exit code ${sections.rc('inventory') ?? '?'}).`,
      { hint: plainLine(sections.text('inventory'), 500) },
    );
  }
  const facts = readFacts(sections, inventory, context);
  if (!facts.ok) return facts;
  const { updates, removals, full } = readUpdates(sections, inventory, native);

  const problems: string[] = [];
  const refresh = sections.lines('refresh', 50).map((line) => plainLine(line));
  if (sections.has('refresh') && (refresh.length > 0 || sections.rc('refresh') !== 0)) {
    problems.push(
      `apt-get update: ${refresh.length > 0 ? refresh.join(' · ') : `exit code ${sections.rc('refresh') ?? '?'}`}`,
    );
  }
  if (readPairs(sections.lines('lists', 50)).get('count') === '0') {
    problems.push('this host has no package lists (apt-get update never ran), so its updates are not known');
  }
  if (!sections.has('full')) problems.push('no temporary folder could be made, so its updates are not known');
  else if (sections.has('noroom'))
    problems.push('the temporary folder is full, so its updates are not known');
  else if (sections.rc('full') !== 0 || full.errors.length > 0) {
    const said = [...full.errors, ...full.unmet].slice(0, 20).join(' · ');
    problems.push(
      `apt-get could not work out the updates: ${said === '' ? `exit code ${sections.rc('full') ?? '?'}` : said}`,
    );
  }
  if (sections.rc('auto') !== 0)
    problems.push('apt-mark could not be read, so automatic marks are not known');
  if (inventory.malformed > 0) problems.push(`${inventory.malformed} of dpkg's lines were not understood`);

  const unseen: string[] = [];
  if (facts.value.servicesToRestart === undefined) {
    unseen.push('services that run on replaced files (needs root and needrestart)');
  }
  if (sections.lines('lock', 1)[0] === 'unseen')
    unseen.push('who holds the package lock (/proc/locks is not readable)');
  const relations = readRelations(sections, inventory.rows.filter(isPresent), updates);
  return ok({
    facts: facts.value,
    packages: installedPackages(inventory.rows),
    updates,
    removals,
    ...(relations === undefined ? {} : { relations }),
    unseen,
    ...(problems.length === 0 ? {} : { partial: problems.join('; ').slice(0, 3500) }),
  });
}

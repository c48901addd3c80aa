/**
 * The check of a list of entries against the packages known from scans: will it go as it is listed? Pure. What a host would
 * have after each stage follows from what is installed there and the approved entries; the relations the scans read are
 * evaluated on that, in the driver's own order of versions. Where a scan read no relations, its own verdicts on the updates
 * stand in for them.
 *
 * An entry's findings hang on the entries of its own name and of those its relations speak of, and on nothing else: after an
 * edit only these are judged anew. The order of the list has no influence, only stages have.
 */
import type { EntryWarning } from '../../../shared/contract/snapshots.ts';
import { ok } from '../../../shared/errors.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { atOnce, type Steps } from '../turns.ts';
import { judgeRelations } from './checkRelations.ts';
import { applyEdits, entryKey } from './edit.ts';
import { Findings, hostList, nameList } from './findings.ts';
import {
  type Compare,
  fitsArch,
  type HostWorld,
  type Listing,
  type NameKey,
  nameKey,
  type Situation,
  type World,
} from './world.ts';

export type CheckContext = {
  world: World;
  compareVersions(ecosystem: Ecosystem, a: string, b: string): number;
  /** The console holds the package file itself, so that no host has to offer it. */
  held(entry: Entry): boolean;
};

const keyOf = (entry: Entry): NameKey => nameKey(entry.ecosystem, entry.name);

const highest = (versions: Iterable<string>, compare: Compare): string | undefined => {
  let best: string | undefined;
  for (const version of versions) if (best === undefined || compare(version, best) > 0) best = version;
  return best;
};

/** Where the scan read no relations: what it says of the update as a whole. */
const judgeBlocked = (
  entry: Entry,
  host: HostWorld,
  listing: Listing,
  hints: { needing: string[]; needed: Set<string>; removing: string[]; removed: Set<string> },
): void => {
  for (const update of host.updates.get(entry.name) ?? []) {
    if (update.to !== entry.version || !fitsArch(entry.arch, update.arch)) continue;
    if (update.blocked === 'needs-new-packages') {
      const missing = host.incoming.filter(
        (name) => !listing.get(nameKey(host.ecosystem, name))?.some((other) => other.decision === 'approve'),
      );
      // All the new packages of this host's updates are listed: then those this one needs are among them.
      if (missing.length === 0 && host.incoming.length > 0) continue;
      hints.needing.push(host.host);
      for (const name of missing) hints.needed.add(name);
    }
    if (update.blocked === 'removes-packages') {
      hints.removing.push(host.host);
      for (const name of host.removals) hints.removed.add(name);
    }
  }
};

/** What is known of the version itself: whether anybody has or is offered it, and who has a newer one. */
const judgeVersion = (
  entry: Entry,
  situations: readonly Situation[],
  compare: Compare,
  context: CheckContext,
  findings: Findings,
): void => {
  let seen = false;
  let seenVersion = false;
  let everyNewer = true;
  const newer: string[] = [];
  const offered = new Set<string>();
  for (const { installed, updates, hosts } of situations) {
    const orders = installed
      .filter((one) => fitsArch(entry.arch, one.arch))
      .map((one) => compare(one.version, entry.version));
    const offers = updates.filter((update) => fitsArch(entry.arch, update.arch)).map((update) => update.to);
    if (orders.length + offers.length === 0) continue;
    seen = true;
    if (orders.includes(0) || offers.includes(entry.version)) seenVersion = true;
    for (const version of offers) offered.add(version);
    if (orders.some((order) => order > 0)) newer.push(...hosts.map((host) => host.host));
    else everyNewer = false;
  }
  newer.sort();
  const best = highest(offered, compare);
  const use =
    best === undefined || entry.pinned === true || compare(best, entry.version) <= 0
      ? undefined
      : findings.use(entry, best);
  if (!seen) {
    findings.add(entry, 'not-installed-anywhere', 'no scanned host has or is offered this package', {
      hosts: [],
    });
  } else if (!seenVersion && !context.held(entry)) {
    const lower =
      best === undefined || entry.pinned === true || best === entry.version
        ? undefined
        : findings.use(entry, best);
    findings.add(entry, 'unknown-version', 'no scanned host has or is offered this version', {
      hosts: [],
      ...(lower ?? {}),
    });
  }
  if (newer.length > 0)
    findings.add(entry, 'downgrade', `older than what is installed on ${hostList(newer)}`, {
      hosts: newer,
      ...(use ?? (everyNewer ? findings.remove(entry) : {})),
    });
};

/** An entry for one architecture beside one for all of them: which of the two counts is not what the list says. */
const judgeDuplicates = (entry: Entry, same: readonly Entry[], findings: Findings): void => {
  const general = entry.arch === undefined ? undefined : same.find((other) => other.arch === undefined);
  if (general === undefined || general === entry) return;
  findings.add(entry, 'duplicate', `${entry.name} ${general.version} is listed for every architecture too`, {
    hosts: [],
    ...findings.remove(entry),
  });
};

const judgeOnce = (entry: Entry, listing: Listing, context: CheckContext): EntryWarning[] => {
  if (entry.decision !== 'approve') return [];
  const compare: Compare = (a, b) => context.compareVersions(entry.ecosystem, a, b);
  const findings = new Findings();
  const key = keyOf(entry);
  const situations = context.world.situations(key);
  judgeVersion(entry, situations, compare, context, findings);
  judgeDuplicates(entry, listing.get(key) ?? [], findings);
  const hints = { needing: [], needed: new Set<string>(), removing: [], removed: new Set<string>() };
  // Only what a host is offered can be blocked there.
  for (const { updates, hosts } of situations)
    if (updates.some((update) => update.blocked !== undefined))
      for (const host of hosts) if (host.relations === undefined) judgeBlocked(entry, host, listing, hints);
  judgeRelations(entry, context.world, listing, compare, findings);
  if (hints.needing.length > 0)
    findings.add(
      entry,
      'needs-package',
      hints.needed.size === 0
        ? `needs new packages on ${hostList(hints.needing)}; the scan does not tell which`
        : `needs new packages on ${hostList(hints.needing)}; new there and not approved here: ${nameList(hints.needed)}`,
      { hosts: hints.needing, packages: [...hints.needed] },
    );
  if (hints.removing.length > 0)
    findings.add(
      entry,
      'removes-package',
      hints.removed.size === 0
        ? `would remove packages on ${hostList(hints.removing)}`
        : `would remove packages on ${hostList(hints.removing)}; the updates there remove: ${nameList(hints.removed)}`,
      { hosts: hints.removing, packages: [...hints.removed] },
    );
  return findings.list;
};

const errorsOf = (findings: readonly EntryWarning[], code: EntryWarning['code']): number =>
  findings.filter((finding) => finding.code === code && finding.level === 'error').length;

/** The edits of a fix leave the entry with no more errors of the kind than it has. */
const helps = (
  entry: Entry,
  finding: EntryWarning,
  findings: readonly EntryWarning[],
  listing: Listing,
  context: CheckContext,
): boolean => {
  const edits = finding.fix ?? [];
  const names = new Set([keyOf(entry), ...edits.map((edit) => nameKey(entry.ecosystem, edit.name))]);
  const fixed = applyEdits(
    [...names].flatMap((name) => listing.get(name) ?? []),
    edits,
    { ecosystemOf: () => ok(entry.ecosystem), describe: () => ({}) },
  );
  if (!fixed.ok) return false;
  const now = fixed.value.find((other) => entryKey(other) === entryKey(entry));
  if (now === undefined) return true;
  const after = new Map([...listing, ...[...names].map((name): [NameKey, Entry[]] => [name, []])]);
  for (const [name, list] of Map.groupBy(fixed.value, keyOf)) after.set(name, list);
  return errorsOf(judgeOnce(now, after, context), finding.code) <= errorsOf(findings, finding.code);
};

/** Relations may contradict each other: what mends one may break another. A fix that only does that is not offered. */
const judge = (entry: Entry, listing: Listing, context: CheckContext): EntryWarning[] => {
  const findings = judgeOnce(entry, listing, context);
  return findings.map((finding) => {
    if (finding.fix === undefined || finding.level !== 'error') return finding;
    if (helps(entry, finding, findings, listing, context)) return finding;
    const { fix: _fix, fixLabel: _label, ...bare } = finding;
    return bare;
  });
};

/** What counts of an entry for the check. */
const mark = (entry: Entry): string =>
  `${entry.version} ${entry.decision} ${entry.stage} ${entry.pinned === true ? 'pinned' : ''}`;

export type Checked = {
  world: World;
  /** In the order of the list. */
  findings: EntryWarning[];
  /** For the next check. */
  readonly marks: ReadonlyMap<string, string>;
  readonly byEntry: ReadonlyMap<string, EntryWarning[]>;
};

/** In steps of one entry; counted are the hosts it is about. `previous`: what the last check of (nearly) the same list said, over the same world; only what changed since is judged. */
export function* checkSteps(
  entries: readonly Entry[],
  context: CheckContext,
  previous?: Checked,
): Steps<Checked> {
  const marks = new Map<string, string>();
  const byEntry = new Map<string, EntryWarning[]>();
  // Without a single scan nothing is known, and every entry would look wrong.
  if (context.world.hosts.length === 0) return { world: context.world, findings: [], marks, byEntry };
  const before = previous?.world === context.world ? previous : undefined;
  const listing = new Map<NameKey, Entry[]>();
  const touched = new Set<NameKey>();
  for (const entry of entries) {
    const name = keyOf(entry);
    const list = listing.get(name);
    if (list === undefined) listing.set(name, [entry]);
    else list.push(entry);
    const key = entryKey(entry);
    marks.set(key, mark(entry));
    if (before !== undefined && before.marks.get(key) !== marks.get(key)) touched.add(name);
  }
  for (const key of before?.marks.keys() ?? [])
    if (!marks.has(key)) touched.add(key.slice(0, key.lastIndexOf('/')));
  const anew = new Set(touched);
  for (const name of touched) for (const other of context.world.neighbours(name)) anew.add(other);
  const findings: EntryWarning[] = [];
  for (const entry of entries) {
    const key = entryKey(entry);
    const known = before === undefined || anew.has(keyOf(entry)) ? undefined : before.byEntry.get(key);
    const found = known ?? judge(entry, listing, context);
    byEntry.set(key, found);
    findings.push(...found);
    // What has to look at every host that knows the package.
    if (known === undefined) yield context.world.having(keyOf(entry)).length;
  }
  return { world: context.world, findings, marks, byEntry };
}

export const checkEntries = (...given: Parameters<typeof checkSteps>): Checked =>
  atOnce(checkSteps(...given));

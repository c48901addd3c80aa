/**
 * What one host has of a snapshot: exactly one status for every entry, one more row for each update that is in no entry, and a
 * level that is never better than what is known. Pure.
 */
import type { Ground } from '../../../shared/model/grounds.ts';
import { type Ecosystem, Severity } from '../../../shared/model/primitives.ts';
import {
  type ComplianceRow,
  type EntryStatus,
  type HostLevel,
  type LevelCounts,
  RowStatus,
  type SeverityCounts,
  type StatusCounts,
} from '../../../shared/model/report.ts';
import { ComplianceLevel, type RuleSet } from '../../../shared/model/rule.ts';
import type { Task } from '../../../shared/model/run.ts';
import type { Facts, InstalledPackage, Update } from '../../../shared/model/scan.ts';
import type { Entry, ExceptionView } from '../../../shared/model/snapshot.ts';
import { type Described, describeSilent, isCve, type Told } from '../advisories/describe.ts';
import { mergedGrounds } from '../advisories/grounds.ts';
import { worse } from '../advisories/verdict.ts';
import type { ScanExcerpt } from '../ports.ts';
import { complianceLevelOf } from '../rules/evaluate.ts';

export type HostTask = { runId: string; task: Task };

/** `madeAt`: when the revision was made; that old is what it says of severities. */
export type Content = { entries: Entry[]; exceptions: ExceptionView[]; rules: RuleSet[]; madeAt: string };
export type CompareVersions = (ecosystem: Ecosystem, a: string, b: string) => number;
/** What is known now of an update of the host that is judged. */
export type Describe = (update: Told) => Described;

export const noStatuses = (): StatusCounts =>
  Object.fromEntries(RowStatus.options.map((status) => [status, 0])) as StatusCounts;
export const noLevels = (): LevelCounts =>
  Object.fromEntries(
    ComplianceLevel.options.map((level) => [level, { met: 0, lacking: 0, unknown: 0 }]),
  ) as LevelCounts;
export const noSeverities = (): SeverityCounts =>
  Object.fromEntries(Severity.options.map((severity) => [severity, 0])) as SeverityCounts;

/** The entries by name, made once for all hosts: a host is then as much work as it has packages, not entries times packages. */
export type Wanted = Content & {
  names: ReadonlySet<string>;
  byName: ReadonlyMap<string, Entry[]>;
  bases: ReadonlyMap<Entry, Base>;
};
export const wantedOf = (content: Content): Wanted => ({
  ...content,
  bases: new Map(content.entries.map((entry) => [entry, baseOf(entry, content)])),
  byName: Map.groupBy(content.entries, (entry) => entry.name),
  names: new Set([...content.entries, ...content.exceptions].map((one) => one.name)),
});

export type Verdict = {
  level: HostLevel;
  rows: ComplianceRow[];
  counts: StatusCounts;
  lacks: ComplianceLevel | null;
  byComplianceLevel: LevelCounts;
  missingBySeverity: SeverityCounts;
  outsideBySeverity: SeverityCounts;
};

const fits = (wanted: { arch?: string | undefined }, arch: string): boolean =>
  wanted.arch === undefined || wanted.arch === arch;

type Base = Omit<ComplianceRow, 'status' | 'installed'>;

/** What the snapshot itself says of an entry; the same on every host. */
const baseOf = (entry: Entry, { rules, madeAt }: Content): Base => ({
  ecosystem: entry.ecosystem,
  name: entry.name,
  ...(entry.arch === undefined ? {} : { arch: entry.arch }),
  version: entry.version,
  decision: entry.decision,
  stage: entry.stage,
  source: entry.source,
  complianceLevel: complianceLevelOf(rules, entry),
  severity: entry.severity ?? 'unknown',
  ...(entry.classification === undefined ? {} : { classification: entry.classification }),
  advisories: entry.advisories ?? [],
  cves: (entry.advisories ?? []).filter(isCve),
  grounds: entry.severity === undefined ? [] : [{ source: 'snapshot', asOf: madeAt } satisfies Ground],
});

/** The entry's word, and what is known now: the worse severity counts. */
const withKnown = (base: Base, now: Described): Base => {
  const severity = worse(base.severity, now.severity);
  return {
    ...base,
    severity,
    classification:
      base.classification === undefined || base.classification === 'other'
        ? now.classification
        : base.classification,
    advisories: [...new Set([...base.advisories, ...now.advisories])].sort(),
    cves: [...new Set([...base.cves, ...now.cves])].sort(),
    // What is known now comes first where it says the same as the snapshot did.
    grounds: mergedGrounds([now, base]),
  };
};

/** Whether the restart a host waits for is about this package. A reason that names no package is about all of them. */
const awaitsReboot = (facts: Facts, has: ScanExcerpt['has']): ((name: string) => boolean) => {
  if (!facts.rebootRequired) return () => false;
  const named = new Set(facts.rebootReasons.filter(has));
  const kernel = facts.rebootReasons.some((reason) => reason.startsWith('kernel '));
  if (named.size === 0 && !kernel) return () => true;
  return (name) => named.has(name) || (kernel && /^(linux-|kernel)/.test(name));
};

const FAILED: ReadonlySet<Task['state']> = new Set<Task['state']>([
  'failed',
  'rolled-back',
  'rollback-failed',
  'unreachable',
  'interrupted',
  'needs-attention',
]);

/** The last run that was to bring this version here, where it did not end well. A rollback that was asked for is no failure. */
const failureOf = (entry: Entry, arches: string[], tasks: HostTask[]): ComplianceRow['run'] => {
  const last = tasks.find(({ task }) =>
    task.actions.some(
      (action) => action.name === entry.name && arches.includes(action.arch) && action.to === entry.version,
    ),
  );
  if (last === undefined || !FAILED.has(last.task.state)) return undefined;
  const { state, finishedAt, error } = last.task;
  if (state === 'rolled-back' && error === undefined) return undefined;
  return {
    id: last.runId,
    state,
    ...(finishedAt === undefined ? {} : { at: finishedAt }),
    ...(error === undefined ? {} : { code: error.code }),
  };
};

const exceptionView = (one: ExceptionView): ComplianceRow['exception'] => ({
  reason: one.reason,
  author: one.author.name,
  until: one.until,
  active: one.active,
  ...(one.withdrawn === undefined ? {} : { withdrawn: one.withdrawn }),
});

type Known = {
  ecosystem: Ecosystem;
  installed: ReadonlyMap<string, InstalledPackage[]>;
  pending: (name: string) => boolean;
  exceptions: ExceptionView[];
  tasks: HostTask[];
  compare: CompareVersions;
  bases: Wanted['bases'];
  updates: ReadonlyMap<string, Update[]>;
  describe: Describe;
};

/** What going from the older version here to the entry's is worth, as far as it is known now. */
const knownNow = (entry: Entry, older: Standing | undefined, known: Known): Described | undefined => {
  if (older === undefined) return undefined;
  const offered = known.updates
    .get(entry.name)
    ?.find((update) => update.arch === older.arch && update.to === entry.version);
  if (offered !== undefined) return known.describe(offered);
  return describeSilent(known.describe, {
    name: entry.name,
    arch: older.arch,
    from: older.version,
    to: entry.version,
  });
};

type Standing = { is: 'same' | 'broken' | 'older' | 'newer'; version: string; arch: string };

/** An architecture's packages of one name against a version: several may stand side by side (kernels), then the exact one counts. */
const standingOf = (
  arch: string,
  here: InstalledPackage[],
  version: string,
  compare: (a: string, b: string) => number,
): Standing[] => {
  const [first, ...rest] = here;
  if (first === undefined) return [];
  const exact = here.find((one) => compare(one.version, version) === 0);
  if (exact !== undefined)
    return [{ is: exact.brokenState === undefined ? 'same' : 'broken', version: exact.version, arch }];
  const newest = rest.reduce((best, one) => (compare(one.version, best.version) > 0 ? one : best), first);
  return [{ is: compare(newest.version, version) < 0 ? 'older' : 'newer', version: newest.version, arch }];
};

const exceptionFor = (entry: Entry, standings: Standing[], known: Known): ExceptionView | undefined =>
  known.exceptions.find(
    (one) =>
      one.ecosystem === entry.ecosystem &&
      one.name === entry.name &&
      standings.length > 0 &&
      standings.every(({ arch, version }) => fits(one, arch) && version === one.version),
  );

const judgeEntry = (entry: Entry, known: Known): ComplianceRow => {
  const row = known.bases.get(entry);
  if (row === undefined) throw new Error('an entry that is not of this snapshot');
  const here = (known.installed.get(entry.name) ?? []).filter((one) => fits(entry, one.arch));
  if (entry.ecosystem !== known.ecosystem || here.length === 0)
    return { ...row, status: 'not-applicable', installed: [] };
  const installed = here.map(({ arch, version }) => ({ arch, version }));
  const compare = (a: string, b: string) => known.compare(entry.ecosystem, a, b);
  const standings = [...Map.groupBy(here, (one) => one.arch)].flatMap(([arch, some]) =>
    standingOf(arch, some, entry.version, compare),
  );
  const is = (what: Standing['is']) => standings.some((one) => one.is === what);
  const same = standings.filter((one) => one.is === 'same' || one.is === 'broken');
  if (entry.decision === 'reject' && same.length === 0) return { ...row, status: 'rejected', installed };
  // What somebody let through stands against what the entry says, wherever the host has exactly that.
  const exception = exceptionFor(
    entry,
    entry.decision === 'reject' ? same : standings.filter((one) => one.is !== 'same'),
    known,
  );
  if (exception !== undefined)
    return { ...row, status: 'excepted', installed, exception: exceptionView(exception) };
  if (entry.decision === 'reject') return { ...row, status: 'rejected-installed', installed };
  const run = failureOf(
    entry,
    standings.map((one) => one.arch),
    known.tasks,
  );
  const now = knownNow(
    entry,
    standings.find((one) => one.is === 'older'),
    known,
  );
  const lacking = now === undefined ? row : withKnown(row, now);
  if (is('broken') || (is('older') && run !== undefined))
    return { ...lacking, status: 'failed', installed, ...(run === undefined ? {} : { run }) };
  if (is('older')) return { ...lacking, status: 'missing', installed };
  if (is('newer')) return { ...row, status: 'installed-other', installed };
  return { ...row, status: known.pending(entry.name) ? 'pending-reboot' : 'installed', installed };
};

/** An exception that is installed here, where no entry's row says so already. */
const exceptedRows = (known: Known, rows: ComplianceRow[]): ComplianceRow[] =>
  known.exceptions.flatMap((one): ComplianceRow[] => {
    if (one.ecosystem !== known.ecosystem) return [];
    const here = (known.installed.get(one.name) ?? []).filter((each) => fits(one, each.arch));
    const told = rows.some((row) => row.status === 'excepted' && row.name === one.name);
    if (told || !here.some((each) => each.version === one.version)) return [];
    return [
      {
        ecosystem: one.ecosystem,
        name: one.name,
        ...(one.arch === undefined ? {} : { arch: one.arch }),
        version: one.version,
        status: 'excepted',
        installed: here.map(({ arch, version }) => ({ arch, version })),
        severity: 'unknown',
        advisories: [],
        cves: [],
        grounds: [],
        exception: exceptionView(one),
      },
    ];
  });

/** What is offered to the host and stands in no entry, in this version: the snapshot says nothing about it, unless an exception lets it through. */
const outsideRows = (
  updates: Update[],
  wanted: Wanted,
  ecosystem: Ecosystem,
  describe: Describe,
): ComplianceRow[] =>
  updates.flatMap((update): ComplianceRow[] => {
    const listed = (wanted.byName.get(update.name) ?? []).some(
      (entry) => entry.ecosystem === ecosystem && fits(entry, update.arch) && entry.version === update.to,
    );
    const letThrough = wanted.exceptions.find(
      (one) => one.active && one.name === update.name && fits(one, update.arch) && one.version === update.to,
    );
    if (listed) return [];
    const { severity, classification, advisories, cves, grounds } = describe(update);
    return [
      {
        ecosystem,
        name: update.name,
        arch: update.arch,
        version: update.to,
        ...(letThrough === undefined
          ? { status: 'outside' }
          : { status: 'excepted', exception: exceptionView(letThrough) }),
        installed: update.from === null ? [] : [{ arch: update.arch, version: update.from }],
        severity,
        classification,
        advisories,
        cves,
        grounds,
      },
    ];
  });

const LACKING: ReadonlySet<RowStatus> = new Set<RowStatus>(['missing', 'failed', 'rejected-installed']);
const APPLIES_NOT: ReadonlySet<RowStatus> = new Set<RowStatus>(['not-applicable', 'rejected']);

const levelOf = (counts: StatusCounts): HostLevel => {
  const any = (...statuses: EntryStatus[]) => statuses.some((status) => counts[status] > 0);
  if (any('unknown')) return 'unknown';
  if ([...LACKING].some((status) => counts[status] > 0)) return 'non-compliant';
  if (any('installed-other')) return 'deviating';
  if (any('pending-reboot')) return 'pending-reboot';
  return any('installed', 'excepted') ? 'compliant' : 'not-applicable';
};

const summed = (rows: ComplianceRow[]): Omit<Verdict, 'level'> => {
  const counts = noStatuses();
  const missingBySeverity = noSeverities();
  const outsideBySeverity = noSeverities();
  const byComplianceLevel = noLevels();
  for (const row of rows) {
    counts[row.status] += 1;
    if (row.complianceLevel !== undefined && !APPLIES_NOT.has(row.status)) {
      const level = byComplianceLevel[row.complianceLevel];
      level[row.status === 'unknown' ? 'unknown' : LACKING.has(row.status) ? 'lacking' : 'met'] += 1;
    }
    if (row.status === 'missing' || row.status === 'failed') missingBySeverity[row.severity] += 1;
    if (row.status === 'outside') outsideBySeverity[row.severity] += 1;
  }
  const lacks = ComplianceLevel.options.find((level) => byComplianceLevel[level].lacking > 0) ?? null;
  return { rows, counts, lacks, byComplianceLevel, missingBySeverity, outsideBySeverity };
};

/** `tasks`: newest first. A scan without facts is nothing that could be judged: see `judgeUnknown`. */
export const judgeHost = (
  wanted: Wanted,
  scan: ScanExcerpt,
  tasks: HostTask[],
  compare: CompareVersions,
  describe: Describe,
): Verdict => {
  const ecosystem = scan.facts.manager;
  const known: Known = {
    ecosystem,
    installed: Map.groupBy(scan.packages, (one) => one.name),
    pending: awaitsReboot(scan.facts, scan.has),
    exceptions: wanted.exceptions,
    tasks,
    compare,
    bases: wanted.bases,
    updates: Map.groupBy(scan.updates, (update) => update.name),
    describe,
  };
  const entries = wanted.entries.map((entry) => judgeEntry(entry, known));
  const offered = outsideRows(scan.updates, wanted, ecosystem, describe);
  const sums = summed([...entries, ...exceptedRows(known, entries), ...offered]);
  // What is only offered says nothing about how the host is.
  const waiting = offered.filter((row) => row.status === 'excepted').length;
  return { ...sums, level: levelOf({ ...sums.counts, excepted: sums.counts.excepted - waiting }) };
};

/** A host nothing is known of: every entry is unknown, and so is the host, also where the snapshot is empty. */
export const judgeUnknown = (wanted: Wanted): Verdict => ({
  ...summed([...wanted.bases.values()].map((base) => ({ ...base, status: 'unknown', installed: [] }))),
  level: 'unknown',
});

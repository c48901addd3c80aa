/** The compliance report: hosts one after the other, each judged by its last good scan, in memory that does not grow with them. */
import { FrostFault } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import {
  type ComplianceHost,
  type ComplianceTotals,
  HostLevel,
  type LevelCounts,
  type LevelTotals,
  REPORT_FORMAT,
  type ReportPart,
} from '../../../shared/model/report.ts';
import { ComplianceLevel } from '../../../shared/model/rule.ts';
import type { Task } from '../../../shared/model/run.ts';
import { compareVersions, createDescriber, type Describer } from '../advisories/describe.ts';
import { selectStored } from '../fleet/select.ts';
import type { Ports, ScanExcerpt, ScanSummaries } from '../ports.ts';
import { resolveRef } from '../snapshots/resolve.ts';
import { contextOf, viewOf } from '../snapshots/view.ts';
import {
  type HostTask,
  judgeHost,
  judgeUnknown,
  noSeverities,
  noStatuses,
  type Verdict,
  type Wanted,
  wantedOf,
} from './judge.ts';

export type ReportPorts = Pick<Ports, 'store' | 'clock' | 'hasher' | 'user'>;

/** Tasks of a host that are looked at: the last runs there. */
const TASKS = 8;
/** Hosts between two pauses in which other callers get their turn. */
const HOSTS_AT_ONCE = 2;

/** States that leave the host other than a scan before them said. */
const CHANGED: ReadonlySet<Task['state']> = new Set<Task['state']>([
  'succeeded',
  'failed',
  'rolled-back',
  'rollback-failed',
  'interrupted',
  'needs-attention',
]);
const CHANGING: ReadonlySet<Task['state']> = new Set<Task['state']>([
  'applying',
  'rebooting',
  'verifying',
  'rolling-back',
]);

type Summaries = ScanSummaries | undefined;
type Unknown = ComplianceHost['unknown'];

const unknownBecause = (summaries: Summaries, tasks: HostTask[], now: number, maxAgeMs: number): Unknown => {
  const good = summaries?.lastGood;
  if (good?.facts === undefined) return { cause: 'never-scanned', since: null };
  const since = good.finishedAt;
  if (now - Date.parse(since) > maxAgeMs) return { cause: 'scan-too-old', since };
  if (tasks.some(({ task }) => CHANGING.has(task.state))) return { cause: 'run-under-way', since };
  const changed = tasks.some(
    ({ task }) =>
      CHANGED.has(task.state) &&
      task.finishedAt !== undefined &&
      Date.parse(task.finishedAt) > Date.parse(good.startedAt),
  );
  return changed ? { cause: 'changed-since-scan', since } : undefined;
};

const describe = (
  host: Host,
  summaries: Summaries,
  unknown: Unknown,
  verdict: Verdict,
  now: number,
): ComplianceHost => {
  const good = summaries?.lastGood;
  const latest = summaries?.latest;
  return {
    host: host.name,
    hostId: host.id,
    ...(host.environment === undefined ? {} : { environment: host.environment }),
    ...(good?.facts === undefined ? {} : { os: `${good.facts.os} ${good.facts.release}` }),
    level: verdict.level,
    ...(unknown === undefined ? {} : { unknown }),
    scannedAt: good?.finishedAt ?? null,
    scanAgeSeconds:
      good === undefined ? null : Math.max(0, Math.round((now - Date.parse(good.finishedAt)) / 1000)),
    scanState: latest?.state ?? null,
    ...(latest?.state === 'failed'
      ? { failedScan: { at: latest.finishedAt, code: latest.error?.code ?? 'internal' } }
      : {}),
    listsUpdatedAt: good?.facts?.listsUpdatedAt ?? null,
    rebootRequired: unknown === undefined ? (good?.facts?.rebootRequired ?? null) : null,
    lacks: verdict.lacks,
    byComplianceLevel: verdict.byComplianceLevel,
    counts: verdict.counts,
    missingBySeverity: verdict.missingBySeverity,
    outsideBySeverity: verdict.outsideBySeverity,
    rows: verdict.rows,
  };
};

const older = (a: string | null, b: string | null): string | null =>
  a === null ? b : b === null ? a : a < b ? a : b;

const emptyTotals = (): ComplianceTotals => ({
  hosts: Object.fromEntries(HostLevel.options.map((level) => [level, 0])) as ComplianceTotals['hosts'],
  hostCount: 0,
  compliantPercent: null,
  byComplianceLevel: Object.fromEntries(
    ComplianceLevel.options.map((level) => [
      level,
      { hosts: { compliant: 0, 'non-compliant': 0, unknown: 0 }, lacking: 0, compliantPercent: null },
    ]),
  ) as LevelTotals,
  counts: noStatuses(),
  missingBySeverity: noSeverities(),
  outsideBySeverity: noSeverities(),
  oldestScan: null,
  oldestLists: null,
});

const addTo = <K extends string>(sums: Record<K, number>, more: Record<K, number>): void => {
  for (const key of Object.keys(more) as K[]) sums[key] += more[key];
};

const percent = (some: number, of: number): number | null =>
  of === 0 ? null : Math.floor((some * 1000) / of) / 10;

const addLevels = (totals: LevelTotals, counts: LevelCounts): void => {
  for (const level of ComplianceLevel.options) {
    const { met, lacking, unknown } = counts[level];
    if (met + lacking + unknown === 0) continue;
    const { hosts } = totals[level];
    hosts[unknown > 0 ? 'unknown' : lacking > 0 ? 'non-compliant' : 'compliant'] += 1;
    totals[level].lacking += lacking;
    totals[level].compliantPercent = percent(
      hosts.compliant,
      hosts.compliant + hosts['non-compliant'] + hosts.unknown,
    );
  }
};

const add = (totals: ComplianceTotals, host: ComplianceHost): void => {
  totals.hostCount += 1;
  totals.hosts[host.level] += 1;
  addTo(totals.counts, host.counts);
  addTo(totals.missingBySeverity, host.missingBySeverity);
  addTo(totals.outsideBySeverity, host.outsideBySeverity);
  totals.oldestScan = older(totals.oldestScan, host.scannedAt);
  totals.oldestLists = older(totals.oldestLists, host.listsUpdatedAt);
  addLevels(totals.byComplianceLevel, host.byComplianceLevel);
  totals.compliantPercent = percent(
    totals.hosts.compliant,
    totals.hostCount - totals.hosts['not-applicable'],
  );
};

/** The entries as updates of this host: what advisory data must be known about. */
const wantedHere = (
  wanted: Wanted,
  { packages, facts: { manager } }: ScanExcerpt,
): { name: string; arch: string; to: string }[] =>
  packages.flatMap(({ name, arch }) =>
    (wanted.byName.get(name) ?? [])
      .filter((entry) => entry.ecosystem === manager)
      .map((entry) => ({ name, arch, to: entry.version })),
  );

const judge = (scan: ScanExcerpt | undefined, wanted: Wanted, tasks: HostTask[], describer: Describer) => {
  // Between the summary and its lists a newer scan may have come, or the host may have been removed.
  if (scan === undefined) return judgeUnknown(wanted);
  const { facts } = scan;
  describer.learn([{ facts, updates: [...scan.updates, ...wantedHere(wanted, scan)] }]);
  return judgeHost(wanted, scan, tasks, compareVersions, (update) => describer.describe(facts, update));
};

/** Throws faults: `not-found` (snapshot), `input.invalid` (selector). No selector: every host. */
export async function* complianceReport(
  ports: ReportPorts,
  input: { snapshot: string; selectors: string[]; maxAgeSeconds: number },
  signal: AbortSignal,
): AsyncGenerator<ReportPart> {
  const { store, clock } = ports;
  const now = clock.now();
  const found = resolveRef(input.snapshot, store);
  if (!found.ok) throw new FrostFault(found.error);
  const hosts = selectStored(input.selectors.length === 0 ? ['all'] : input.selectors, store);
  if (!hosts.ok) throw new FrostFault(hosts.error);
  const view = viewOf(found.value.revision, contextOf(found.value.line, store.freezes(), now));
  const exceptions = view.exceptions ?? [];
  yield {
    type: 'head',
    head: {
      format: REPORT_FORMAT,
      kind: 'compliance',
      createdAt: new Date(now).toISOString(),
      createdBy: ports.user,
      snapshot: {
        name: view.name,
        revision: view.revision,
        id: view.id,
        state: view.state,
        createdAt: view.createdAt,
        entries: view.entries.length,
        ...(view.freeze === undefined ? {} : { freeze: view.freeze }),
      },
      exceptions,
      selectors: input.selectors,
      maxAgeSeconds: input.maxAgeSeconds,
    },
  };
  const wanted = wantedOf({
    entries: view.entries,
    exceptions,
    rules: view.rules ?? [],
    madeAt: view.createdAt,
  });
  const describer = createDescriber(store);
  const excerptOf = store.excerpts(wanted.names);
  const totals = emptyTotals();
  for (const [index, host] of hosts.value.entries()) {
    if (signal.aborted) return;
    if (index % HOSTS_AT_ONCE === HOSTS_AT_ONCE - 1) await clock.wait(0, signal);
    const known = store.summariesOf(host.id);
    const tasks = store.tasksOf(host.id, TASKS);
    const unknown = unknownBecause(known, tasks, now, input.maxAgeSeconds * 1000);
    const scan = unknown === undefined ? excerptOf(host.id) : undefined;
    const verdict = judge(scan, wanted, tasks, describer);
    const lost: Unknown =
      verdict.level === 'unknown' ? (unknown ?? { cause: 'never-scanned', since: null }) : undefined;
    const part = describe(host, known, lost, verdict, now);
    add(totals, part);
    yield { type: 'host', host: part };
  }
  yield { type: 'compliance-totals', totals };
}

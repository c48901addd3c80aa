/** Reports (docs/reports.md): what a fleet has of a snapshot, what runs did, what changed behind the console's back. */
import { z } from 'zod';
import { AuditHead, AuditLine } from './audit.ts';
import { HostDrift } from './drift.ts';
import { Grounds } from './grounds.ts';
import {
  Arch,
  Classification,
  ContentHash,
  Ecosystem,
  HostName,
  Id,
  Instant,
  PackageName,
  PackageVersion,
  Severity,
  SnapshotName,
} from './primitives.ts';
import { ComplianceLevel } from './rule.ts';
import { Run, Task } from './run.ts';
import { ScanState } from './scan.ts';
import { Entry, ExceptionView, SnapshotState, SnapshotView, Withdrawal } from './snapshot.ts';

export const REPORT_FORMAT = 'frostline.report/1';

export const ReportKind = z.enum(['compliance', 'drift', 'history', 'audit']);
export type ReportKind = z.infer<typeof ReportKind>;

export const ReportFileFormat = z.enum(['json', 'csv', 'html']);
export type ReportFileFormat = z.infer<typeof ReportFileFormat>;

/**
 * What a host has of an entry; every entry has exactly one on every host. Only `installed` (and `excepted`, which somebody
 * allowed) can make a host compliant.
 */
export const EntryStatus = z.enum([
  /** Exactly this version. */
  'installed',
  /** The same, but the host has to restart before it is in use. */
  'pending-reboot',
  /** An older version. */
  'missing',
  /** The last run that was to install it here failed, or it is there half-configured. */
  'failed',
  /** A newer version than the entry's. */
  'installed-other',
  /** The entry says reject, and it is installed all the same. */
  'rejected-installed',
  /** The entry says reject, and it is not installed. */
  'rejected',
  /** Let through by an exception: that version is installed. */
  'excepted',
  /** The package is not on the host, or the host has another package manager. */
  'not-applicable',
  /** Nothing is known, or nothing that is new enough. */
  'unknown',
]);
export type EntryStatus = z.infer<typeof EntryStatus>;

/** Statuses of a row: those of entries, and `outside`: offered to the host, and not in the snapshot. */
export const RowStatus = z.enum([...EntryStatus.options, 'outside']);
export type RowStatus = z.infer<typeof RowStatus>;

/**
 * `compliant`: all that applies is installed, exactly. `pending-reboot`: the same, but for a restart. `deviating`: nothing is missing, but
 * something is newer than the snapshot says. `not-applicable`: no entry is about it. `unknown` is never anything better.
 */
export const HostLevel = z.enum([
  'compliant',
  'pending-reboot',
  'deviating',
  'non-compliant',
  'unknown',
  'not-applicable',
]);
export type HostLevel = z.infer<typeof HostLevel>;

export const UnknownCause = z.enum([
  /** It was never scanned, or never with success. */
  'never-scanned',
  /** The last good scan is older than the report takes. */
  'scan-too-old',
  /** A run changed it after its last good scan. */
  'changed-since-scan',
  /** A run is changing it now. */
  'run-under-way',
]);
export type UnknownCause = z.infer<typeof UnknownCause>;

const Installed = z.object({ arch: Arch, version: PackageVersion });

export const ComplianceRow = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch.optional(),
  version: PackageVersion,
  status: RowStatus,
  /** Of rows that are an entry. */
  decision: Entry.shape.decision.optional(),
  stage: Entry.shape.stage.optional(),
  source: Entry.shape.source.optional(),
  /** What the rule that made the entry says; `unspecified` where no rule did. */
  complianceLevel: ComplianceLevel.optional(),
  /** What the host has of it; empty where nothing is known. */
  installed: z.array(Installed),
  severity: Severity,
  classification: Classification.optional(),
  advisories: z.array(z.string()),
  cves: z.array(z.string()),
  /** What severity, advisories and CVEs rest on. */
  grounds: Grounds,
  /** Of `failed`: the run. */
  run: z
    .object({ id: Id, state: Task.shape.state, at: Instant.optional(), code: z.string().optional() })
    .optional(),
  /** Of `excepted`. */
  exception: z
    .object({
      reason: z.string(),
      author: z.string(),
      until: Instant,
      active: z.boolean(),
      withdrawn: Withdrawal.optional(),
    })
    .optional(),
});
export type ComplianceRow = z.infer<typeof ComplianceRow>;

export const StatusCounts = z.record(RowStatus, z.int());
export type StatusCounts = z.infer<typeof StatusCounts>;
export const SeverityCounts = z.record(Severity, z.int());
export type SeverityCounts = z.infer<typeof SeverityCounts>;

/** Entries of one compliance level on one host. `lacking`: missing, failed, or rejected and installed all the same. */
export const LevelCounts = z.record(
  ComplianceLevel,
  z.object({ met: z.int(), lacking: z.int(), unknown: z.int() }),
);
export type LevelCounts = z.infer<typeof LevelCounts>;

/**
 * The fleet at one compliance level. A host is `compliant` at it where an entry of that level applies and none is lacking; `lacking`
 * counts entries on hosts.
 */
export const LevelTotals = z.record(
  ComplianceLevel,
  z.object({
    hosts: z.object({ compliant: z.int(), 'non-compliant': z.int(), unknown: z.int() }),
    lacking: z.int(),
    /** Of the hosts here, unknown ones among them; one decimal, rounded down. Null: of none. */
    compliantPercent: z.number().nullable(),
  }),
);
export type LevelTotals = z.infer<typeof LevelTotals>;

export const ComplianceHost = z.object({
  host: HostName,
  hostId: Id,
  environment: z.string().optional(),
  os: z.string().optional(),
  level: HostLevel,
  /** Why it is `unknown`, and since when: its last good scan, null where there is none. */
  unknown: z.object({ cause: UnknownCause, since: Instant.nullable() }).optional(),
  /** The last good scan, and how old it is. */
  scannedAt: Instant.nullable(),
  scanAgeSeconds: z.number().nullable(),
  scanState: ScanState.nullable(),
  /** The latest scan, where it failed after the good one. */
  failedScan: z.object({ at: Instant, code: z.string() }).optional(),
  /** When the host last read its repositories' lists: that old is what it knows of updates and advisories. */
  listsUpdatedAt: Instant.nullable(),
  rebootRequired: z.boolean().nullable(),
  /** The gravest compliance level of what it lacks; null: it lacks nothing, or is unknown. */
  lacks: ComplianceLevel.nullable(),
  byComplianceLevel: LevelCounts,
  counts: StatusCounts,
  missingBySeverity: SeverityCounts,
  outsideBySeverity: SeverityCounts,
  rows: z.array(ComplianceRow),
});
export type ComplianceHost = z.infer<typeof ComplianceHost>;

export const ComplianceTotals = z.object({
  hosts: z.record(HostLevel, z.int()),
  hostCount: z.int(),
  /** Compliant hosts of those that any entry applies to, unknown ones among them; one decimal, rounded down. Null: of none. */
  compliantPercent: z.number().nullable(),
  byComplianceLevel: LevelTotals,
  counts: StatusCounts,
  missingBySeverity: SeverityCounts,
  outsideBySeverity: SeverityCounts,
  oldestScan: Instant.nullable(),
  oldestLists: Instant.nullable(),
});
export type ComplianceTotals = z.infer<typeof ComplianceTotals>;

/** What a run did with a package on a host. */
export const PackageResult = z.enum(['done', 'unchanged', 'other', 'not-started', 'unknown']);

export const HistoryTask = z.object({
  host: HostName,
  state: Task.shape.state,
  proof: Task.shape.proof,
  startedAt: Instant.optional(),
  finishedAt: Instant.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  rebooted: z.boolean().optional(),
  packages: z.array(
    z.object({
      name: PackageName,
      arch: Arch,
      action: z.enum(['install', 'upgrade', 'downgrade', 'remove']),
      from: PackageVersion.nullable(),
      to: PackageVersion.nullable(),
      /** What was there afterwards; null: not installed. */
      now: PackageVersion.nullable(),
      result: PackageResult,
    }),
  ),
});
export type HistoryTask = z.infer<typeof HistoryTask>;

export const HistoryRun = Run.pick({
  id: true,
  state: true,
  verdict: true,
  planHash: true,
  snapshot: true,
  startedAt: true,
  finishedAt: true,
  acceptedAt: true,
  abortReason: true,
}).extend({ tasks: z.array(HistoryTask) });
export type HistoryRun = z.infer<typeof HistoryRun>;

export const HistoryTotals = z.object({
  runs: z.int(),
  tasks: z.int(),
  verdicts: z.record(z.string(), z.int()),
  states: z.record(z.string(), z.int()),
});
export type HistoryTotals = z.infer<typeof HistoryTotals>;

/** `drifted`: hosts with any package. `unknown`: hosts of which nothing, or not everything, is known; never to be taken for unchanged. */
export const DriftTotals = z.object({
  hosts: z.int(),
  drifted: z.int(),
  unknown: z.int(),
  packages: z.int(),
});
export type DriftTotals = z.infer<typeof DriftTotals>;

export const AuditTotals = z.object({ lines: z.int(), head: AuditHead, intact: z.boolean() });
export type AuditTotals = z.infer<typeof AuditTotals>;

const head = { format: z.literal(REPORT_FORMAT), createdAt: Instant, createdBy: z.string() };

export const ComplianceHead = z.object({
  ...head,
  kind: z.literal('compliance'),
  snapshot: z.object({
    name: SnapshotName,
    revision: z.int(),
    id: ContentHash,
    state: SnapshotState,
    createdAt: Instant,
    entries: z.int(),
    freeze: SnapshotView.shape.freeze,
  }),
  exceptions: z.array(ExceptionView),
  selectors: z.array(z.string()),
  maxAgeSeconds: z.number(),
});
export const HistoryHead = z.object({ ...head, kind: z.literal('history'), selectors: z.array(z.string()) });
export const DriftHead = z.object({ ...head, kind: z.literal('drift'), selectors: z.array(z.string()) });
export const AuditReportHead = z.object({ ...head, kind: z.literal('audit') });
export const ReportHead = z.discriminatedUnion('kind', [
  ComplianceHead,
  DriftHead,
  HistoryHead,
  AuditReportHead,
]);
export type ReportHead = z.infer<typeof ReportHead>;

/** A report as it comes: its head, then hosts, runs or lines, then the totals. */
export const ReportPart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('head'), head: ReportHead }),
  z.object({ type: z.literal('host'), host: ComplianceHost }),
  z.object({ type: z.literal('drift'), host: HostDrift }),
  z.object({ type: z.literal('run'), run: HistoryRun }),
  z.object({ type: z.literal('lines'), lines: z.array(AuditLine) }),
  z.object({ type: z.literal('compliance-totals'), totals: ComplianceTotals }),
  z.object({ type: z.literal('drift-totals'), totals: DriftTotals }),
  z.object({ type: z.literal('history-totals'), totals: HistoryTotals }),
  z.object({ type: z.literal('audit-totals'), totals: AuditTotals }),
]);
export type ReportPart = z.infer<typeof ReportPart>;

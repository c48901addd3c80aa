/**
 * CSV as in RFC 4180: commas, CRLF, cells in quotes where they need them, one line of headings. Spreadsheets take a cell that begins
 * with = + - @ tab or a line end for a formula (OWASP: CSV injection): such a cell gets an apostrophe in front.
 */

import type { AuditLine } from '../../../../shared/model/audit.ts';
import type { HostDrift } from '../../../../shared/model/drift.ts';
import type {
  ComplianceHost,
  ComplianceRow,
  HistoryRun,
  HistoryTask,
  ReportHead,
  ReportPart,
} from '../../../../shared/model/report.ts';

type Cell = string | number | boolean | null | undefined;

const FORMULA = /^[=+\-@\t\r\n]/;

export const csvCell = (value: Cell): string => {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const line = (cells: Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`;

const COLUMNS = {
  compliance: [
    'snapshot',
    'revision',
    'report_at',
    'host',
    'environment',
    'os',
    'host_level',
    'status',
    'ecosystem',
    'package',
    'arch',
    'version',
    'installed',
    'decision',
    'severity',
    'classification',
    'advisories',
    'cves',
    'data_sources',
    'data_as_of',
    'compliance_level',
    'stage',
    'why',
    'scanned_at',
    'scan_age_seconds',
    'lists_updated_at',
    'reboot_required',
  ],
  drift: [
    'host',
    'baseline_at',
    'baseline_source',
    'compared_at',
    'package',
    'arch',
    'kind',
    'from',
    'to',
    'by',
    'command',
    'at',
    'unknown',
  ],
  history: [
    'run',
    'snapshot',
    'revision',
    'plan_hash',
    'started_at',
    'finished_at',
    'verdict',
    'host',
    'task_state',
    'proof',
    'error',
    'package',
    'arch',
    'action',
    'from',
    'to',
    'now',
    'result',
  ],
  audit: [
    'seq',
    'at',
    'account',
    'actor',
    'action',
    'outcome',
    'reason',
    'detail',
    'plan',
    'run',
    'revisions',
    'prev',
    'hash',
    'begun',
    'hosts',
    'failed',
  ],
} as const satisfies Record<ReportHead['kind'], readonly string[]>;

const exceptionWords = (one: NonNullable<ComplianceRow['exception']>): string =>
  one.withdrawn === undefined
    ? `${one.reason} (${one.author}, ${one.active ? 'until' : 'was until'} ${one.until})`
    : `${one.reason} (${one.author}, withdrawn by ${one.withdrawn.author.name} at ${one.withdrawn.at}: ${one.withdrawn.reason})`;

/** Why a row is what it is, in words. */
export const whyOf = (host: ComplianceHost, row: ComplianceRow | undefined): string => {
  if (host.unknown !== undefined)
    return host.unknown.since === null
      ? host.unknown.cause
      : `${host.unknown.cause}: not known since ${host.unknown.since}`;
  if (row?.exception !== undefined) return exceptionWords(row.exception);
  if (row?.run !== undefined)
    return `run ${row.run.id}: ${row.run.state}${row.run.code === undefined ? '' : ` (${row.run.code})`}`;
  return '';
};

const versions = (row: ComplianceRow): string =>
  row.installed.map((one) => `${one.version}:${one.arch}`).join(' ');

const complianceLine = (
  snapshot: { name: string; revision: number },
  at: string,
  host: ComplianceHost,
  row: ComplianceRow | undefined,
): string =>
  line([
    snapshot.name,
    snapshot.revision,
    at,
    host.host,
    host.environment,
    host.os,
    host.level,
    row?.status,
    row?.ecosystem,
    row?.name,
    row?.arch,
    row?.version,
    row && versions(row),
    row?.decision,
    row?.severity,
    row?.classification,
    row?.advisories.join(' '),
    row?.cves.join(' '),
    row?.grounds.map((ground) => ground.source).join(' '),
    row?.grounds.map((ground) => ground.asOf ?? 'unknown').join(' '),
    row?.complianceLevel,
    row?.stage,
    whyOf(host, row),
    host.scannedAt,
    host.scanAgeSeconds,
    host.listsUpdatedAt,
    host.rebootRequired,
  ]);

const driftLine = (host: HostDrift, one: HostDrift['packages'][number] | undefined): string =>
  line([
    host.host,
    host.baseline?.at,
    host.baseline?.source,
    host.comparedAt,
    one?.name,
    one?.arch,
    one?.kind,
    one?.from,
    one?.to,
    one?.by,
    one?.command,
    one?.at,
    host.unknown,
  ]);

const historyLine = (
  run: HistoryRun,
  task: HistoryTask | undefined,
  one: HistoryTask['packages'][number] | undefined,
): string =>
  line([
    run.id,
    run.snapshot.name,
    run.snapshot.revision,
    run.planHash,
    run.startedAt,
    run.finishedAt,
    run.verdict ?? run.state,
    task?.host,
    task?.state,
    task?.proof,
    task?.error?.code,
    one?.name,
    one?.arch,
    one?.action,
    one?.from,
    one?.to,
    one?.now,
    one?.result,
  ]);

const auditLine = (entry: AuditLine): string =>
  line([
    entry.seq,
    entry.at,
    entry.account,
    entry.actor,
    entry.action,
    entry.outcome,
    entry.reason,
    entry.detail,
    entry.plan,
    entry.run,
    entry.revisions?.join(' '),
    entry.prev,
    entry.hash,
    entry.begun,
    entry.counts?.hosts,
    entry.counts?.failed,
  ]);

/** At least one: a host or run that has nothing is not left out. */
const orNone = <T>(all: T[]): (T | undefined)[] => (all.length === 0 ? [undefined] : all);

export const csvRenderer = () => {
  let head: ReportHead | undefined;
  return {
    part: (part: ReportPart): string[] => {
      switch (part.type) {
        case 'head':
          head = part.head;
          return [line([...COLUMNS[head.kind]])];
        case 'host': {
          if (head?.kind !== 'compliance') return [];
          const { snapshot, createdAt } = head;
          return orNone(part.host.rows).map((row) => complianceLine(snapshot, createdAt, part.host, row));
        }
        case 'drift':
          return orNone(part.host.packages).map((one) => driftLine(part.host, one));
        case 'run':
          return orNone(part.run.tasks).flatMap((task) =>
            orNone(task?.packages ?? []).map((one) => historyLine(part.run, task, one)),
          );
        case 'lines':
          return part.lines.map(auditLine);
        case 'compliance-totals':
        case 'drift-totals':
        case 'history-totals':
        case 'audit-totals':
          return [];
      }
    },
  };
};

/** The compliance report as a page: what is kept of a host are its line, and the rows that need somebody. */
import { ageText, groundsText } from '../../../../shared/grounds.ts';
import { Severity } from '../../../../shared/model/primitives.ts';
import {
  type ComplianceHost,
  type ComplianceRow,
  type ComplianceTotals,
  type EntryStatus,
  type HostLevel,
  type ReportHead,
  type RowStatus,
  RowStatus as RowStatuses,
} from '../../../../shared/model/report.ts';
import { ComplianceLevel } from '../../../../shared/model/rule.ts';
import { mergedGrounds } from '../../advisories/grounds.ts';
import { worse } from '../../advisories/verdict.ts';
import { whyOf } from './csv.ts';
import {
  type Column,
  type Content,
  code,
  facts,
  pageFoot,
  pageHead,
  TABLE_FOOT,
  table,
  tableHead,
  tableRow,
  word,
} from './page.ts';
import { CAUSE, LEVEL, STATUS, time } from './words.ts';

/** Rows of these are counted, not listed. */
const QUIET: ReadonlySet<RowStatus> = new Set<RowStatus>([
  'installed',
  'not-applicable',
  'rejected',
  'outside',
  'unknown',
]);

/**
 * Nobody reads more, and no browser shows much more; they are kept in memory until the summary, which stands before them, is
 * known.
 */
export const MAX_LISTED = 20_000;

const level = (value: HostLevel): Content => word(...LEVEL[value]);
const status = (value: RowStatus): Content => word(...STATUS[value]);

const needing = (host: ComplianceHost): string =>
  host.unknown === undefined
    ? ''
    : host.unknown.since === null
      ? CAUSE[host.unknown.cause]
      : `${CAUSE[host.unknown.cause]} ${time(host.unknown.since)}`;

const HOST_COLUMNS: Column[] = [
  { title: 'Host' },
  { title: 'Environment' },
  { title: 'State' },
  { title: 'Lacks' },
  { title: 'Last good scan' },
  { title: 'Lists read' },
  { title: 'Installed', number: true },
  { title: 'Missing', number: true },
  { title: 'Failed', number: true },
  { title: 'Newer', number: true },
  { title: 'Rejected', number: true },
  { title: 'Restart', number: true },
  { title: 'Excepted', number: true },
  { title: 'Outside', number: true },
  { title: 'Unknown', number: true },
];
const COUNTED = [
  'installed',
  'missing',
  'failed',
  'installed-other',
  'rejected-installed',
  'pending-reboot',
  'excepted',
  'outside',
  'unknown',
] as const satisfies (EntryStatus | 'outside')[];

/** Left out where no rule of the snapshot names a level. */
const levelTable = ({ byComplianceLevel }: ComplianceTotals): string => {
  const present = ComplianceLevel.options.filter((one) =>
    Object.values(byComplianceLevel[one].hosts).some((n) => n > 0),
  );
  if (present.every((one) => one === 'unspecified')) return '';
  return table(
    'By compliance level of the rules',
    [
      { title: 'Level' },
      { title: 'Hosts compliant', number: true },
      { title: 'Not compliant', number: true },
      { title: 'Unknown', number: true },
      { title: 'Compliant, %', number: true },
      { title: 'Entries lacking', number: true },
    ],
    present.map((one) => {
      const { hosts, lacking, compliantPercent } = byComplianceLevel[one];
      return [one, hosts.compliant, hosts['non-compliant'], hosts.unknown, compliantPercent, lacking];
    }),
    'none',
  );
};

/** Advisories and CVEs, each once. */
const saidOf = ({ advisories, cves }: ComplianceRow): string =>
  [...new Set([...advisories, ...cves])].join(', ');

const hostRow = (host: ComplianceHost): string =>
  tableRow(HOST_COLUMNS, [
    host.host,
    host.environment,
    level(host.level),
    host.lacks,
    host.unknown === undefined
      ? `${time(host.scannedAt)}${host.scanAgeSeconds === null ? '' : ` (${ageText(host.scanAgeSeconds)} ago)`}${host.scanState === 'partial' ? ', partial' : ''}`
      : needing(host),
    time(host.listsUpdatedAt),
    ...COUNTED.map((one) => host.counts[one]),
  ]);

const ROW_COLUMNS: Column[] = [
  { title: 'Host' },
  { title: 'Package' },
  { title: 'Status' },
  { title: 'Wanted' },
  { title: 'Installed' },
  { title: 'Level' },
  { title: 'Severity' },
  { title: 'Advisories' },
  { title: 'According to' },
  { title: 'Why' },
];

/** `now`: when the report was made. */
const entryRow = (host: ComplianceHost, row: ComplianceRow, now: number): string =>
  tableRow(ROW_COLUMNS, [
    host.host,
    row.arch === undefined ? row.name : `${row.name} (${row.arch})`,
    status(row.status),
    row.decision === 'reject' ? `not ${row.version}` : row.version,
    row.installed.map((one) => `${one.version} (${one.arch})`).join(', '),
    row.complianceLevel,
    row.severity,
    saidOf(row),
    groundsText(row.grounds, now),
    whyOf(host, row),
  ]);

type Outside = { row: ComplianceRow; hosts: number };

/** Of several hosts that are offered a version: the worst said of it, and how many there are. */
const joined = (known: Outside | undefined, row: ComplianceRow): Outside => {
  const bare = { ...row, installed: [] };
  if (known === undefined) return { row: bare, hosts: 1 };
  return {
    row: {
      ...known.row,
      severity: worse(known.row.severity, row.severity),
      advisories: [...new Set([...known.row.advisories, ...row.advisories])].sort(),
      cves: [...new Set([...known.row.cves, ...row.cves])].sort(),
      grounds: mergedGrounds([known.row, row]),
    },
    hosts: known.hosts + 1,
  };
};

export const compliancePage = () => {
  let now = 0;
  const hosts: string[] = [];
  const rows: string[] = [];
  let unlisted = 0;
  const outside = new Map<string, Outside>();
  return {
    head: (head: ReportHead) => {
      now = Date.parse(head.createdAt);
    },
    host: (host: ComplianceHost) => {
      hosts.push(hostRow(host));
      for (const row of host.rows) {
        if (!QUIET.has(row.status)) {
          if (rows.length < MAX_LISTED) rows.push(entryRow(host, row, now));
          else unlisted += 1;
        }
        if (row.status !== 'outside') continue;
        const key = [row.ecosystem, row.name, row.arch, row.version].join(' ');
        outside.set(key, joined(outside.get(key), row));
      }
    },
    page: (head: ReportHead & { kind: 'compliance' }, totals: ComplianceTotals): string[] => [
      pageHead(`Compliance with ${head.snapshot.name}, revision ${head.snapshot.revision}`),
      facts([
        ['Snapshot', code(head.snapshot.id)],
        ['State', head.snapshot.state],
        ['Revision made', time(head.snapshot.createdAt)],
        ...(head.snapshot.freeze === undefined
          ? []
          : [
              [
                'Freeze',
                `${time(head.snapshot.freeze.from)} to ${time(head.snapshot.freeze.to)}, on ${head.snapshot.freeze.hosts}`,
              ] as [string, Content],
            ]),
        ['Entries', head.snapshot.entries],
        [
          'Hosts',
          `${totals.hostCount}, ${head.selectors.length === 0 ? 'all' : head.selectors.join(' or ')}`,
        ],
        ['Made', `${time(head.createdAt)}, by ${head.createdBy}`],
        ['Scans count for', ageText(head.maxAgeSeconds)],
        ['Oldest scan', time(totals.oldestScan)],
        ['Oldest repository lists', time(totals.oldestLists)],
      ]),
      totals.hosts.unknown === 0
        ? ''
        : `<div class="box bad"><strong>${totals.hosts.unknown} of ${totals.hostCount} hosts are unknown.</strong> Nothing is said about them here but that: they count as not compliant.</div>\n`,
      totals.outsideBySeverity.critical === 0
        ? ''
        : `<div class="box warn"><strong>${totals.outsideBySeverity.critical} critical updates are offered and stand outside the snapshot</strong>, counted once for each host.</div>\n`,
      '<h2>Summary</h2>\n',
      `<p>${totals.compliantPercent === null ? 'No entry applies to any host.' : `${totals.compliantPercent} % of the hosts that an entry applies to are compliant.`}</p>\n`,
      table(
        'Hosts by state',
        [{ title: 'State' }, { title: 'Hosts', number: true }],
        (Object.keys(LEVEL) as HostLevel[]).map((one) => [level(one), totals.hosts[one]]),
        'none',
      ),
      table(
        'Entries by status, counted on every host',
        [{ title: 'Status' }, { title: 'Count', number: true }],
        RowStatuses.options.map((one) => [status(one), totals.counts[one]]),
        'none',
      ),
      table(
        'By severity',
        [
          { title: 'Severity' },
          { title: 'Missing or failed', number: true },
          { title: 'Outside', number: true },
        ],
        Severity.options.map((one) => [one, totals.missingBySeverity[one], totals.outsideBySeverity[one]]),
        'none',
      ),
      levelTable(totals),
      table(
        'Exceptions',
        [
          { title: 'Package' },
          { title: 'Version' },
          { title: 'Reason' },
          { title: 'By' },
          { title: 'Until' },
          { title: 'Now' },
        ],
        head.exceptions.map((one) => [
          one.arch === undefined ? one.name : `${one.name} (${one.arch})`,
          one.version,
          one.reason,
          one.author.name,
          time(one.until),
          one.withdrawn === undefined
            ? one.active
              ? 'in force'
              : 'over'
            : `withdrawn by ${one.withdrawn.author.name} at ${time(one.withdrawn.at)}: ${one.withdrawn.reason}`,
        ]),
        'none',
      ),
      '<h2>Hosts</h2>\n',
      ...(hosts.length === 0
        ? ['<p>The selector matches no host.</p>\n']
        : [tableHead('Hosts', HOST_COLUMNS), ...hosts, TABLE_FOOT]),
      '<h2>What is not as the snapshot says</h2>\n',
      ...(rows.length === 0
        ? ['<p>Nothing, on the hosts that are known.</p>\n']
        : [tableHead('Entries that are not installed as they should be', ROW_COLUMNS), ...rows, TABLE_FOOT]),
      unlisted === 0
        ? ''
        : `<div class="box warn"><strong>${unlisted} more are not listed here</strong>, but are counted above. The JSON and CSV forms list every one; a report of fewer hosts does, too.</div>\n`,
      table(
        'Outside the snapshot',
        [
          { title: 'Package' },
          { title: 'Version' },
          { title: 'Severity' },
          { title: 'Advisories' },
          { title: 'According to' },
          { title: 'Hosts', number: true },
        ],
        [...outside.values()]
          .sort(
            (a, b) =>
              Severity.options.indexOf(a.row.severity) - Severity.options.indexOf(b.row.severity) ||
              (a.row.name < b.row.name ? -1 : 1),
          )
          .map(({ row, hosts: n }) => [
            `${row.name} (${row.arch ?? row.ecosystem})`,
            row.version,
            row.severity,
            saidOf(row),
            groundsText(row.grounds, now),
            n,
          ]),
        'nothing is offered that the snapshot does not have',
      ),
      pageFoot(
        'Installed, not applicable and rejected entries are counted here; the JSON and CSV forms list every one.',
      ),
    ],
  };
};

/** What every host has of a snapshot: totals, the hosts, and the entries that need somebody. */
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { Severity } from '../../../shared/model/primitives.ts';
import type { ComplianceHost, ComplianceTotals, HostLevel, RowStatus } from '../../../shared/model/report.ts';
import { HostLevel as Levels } from '../../../shared/model/report.ts';
import { ComplianceLevel } from '../../../shared/model/rule.ts';
import { Badge, StatusDot } from '../../ui/Badge.tsx';
import { groundsColumn } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Field, Input, Select } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { Notice } from '../../ui/Notice.tsx';
import { severityLook } from '../../ui/states.ts';
import { Tabs } from '../../ui/Tabs.tsx';
import { RelativeTime } from '../../ui/Time.tsx';
import type { Made, RowOfHost } from './useReport.ts';
import { LEVELS, STATUSES, whyRow, whyUnknown } from './words.ts';

const missing = (host: ComplianceHost) => host.counts.missing + host.counts.failed;

const HOSTS: readonly Column<ComplianceHost>[] = [
  {
    id: 'host',
    header: 'Host',
    min: 8,
    grow: 1,
    sort: (host) => host.host,
    cell: (host, { tabIndex }) => (
      <Link href={`/fleet/${host.host}`} tabIndex={tabIndex}>
        {host.host}
      </Link>
    ),
  },
  {
    id: 'level',
    header: 'State',
    min: 10.5,
    sort: (host) => Levels.options.indexOf(host.level),
    cell: (host) => (
      <Badge tone={LEVELS[host.level].tone} title={whyUnknown(host)}>
        {LEVELS[host.level].label}
      </Badge>
    ),
  },
  {
    id: 'lacks',
    header: 'Lacks',
    min: 6.5,
    sort: (host) => (host.lacks === null ? undefined : ComplianceLevel.options.indexOf(host.lacks)),
    cell: (host) => host.lacks ?? <span className="muted">–</span>,
  },
  ...(
    [
      ['Installed', (host) => host.counts.installed + host.counts['pending-reboot']],
      ['Missing', missing],
      ['Newer', (host) => host.counts['installed-other']],
      ['Rejected', (host) => host.counts['rejected-installed']],
      ['Outside', (host) => host.counts.outside],
    ] as [string, (host: ComplianceHost) => number][]
  ).map(
    ([header, of]): Column<ComplianceHost> => ({
      id: header,
      header,
      min: 5.75,
      align: 'end',
      descFirst: true,
      sort: of,
      cell: (host) => (host.level === 'unknown' ? <span className="muted">?</span> : of(host)),
    }),
  ),
  {
    id: 'scanned',
    header: 'Scanned',
    min: 7,
    sort: (host) => host.scannedAt ?? undefined,
    cell: (host) => (host.scannedAt === null ? 'never' : <RelativeTime at={host.scannedAt} />),
  },
];

const ROWS: readonly Column<RowOfHost>[] = [
  { id: 'host', header: 'Host', min: 8, grow: 1, sort: (one) => one.host, cell: (one) => one.host },
  {
    id: 'package',
    header: 'Package',
    min: 9,
    grow: 2,
    sort: (one) => one.row.name,
    cell: (one) => <span className="mono truncate">{one.row.name}</span>,
  },
  {
    id: 'status',
    header: 'Status',
    min: 10,
    sort: (one) => STATUSES[one.row.status].label,
    cell: (one) => (
      <StatusDot tone={STATUSES[one.row.status].tone}>{STATUSES[one.row.status].label}</StatusDot>
    ),
  },
  {
    id: 'version',
    header: 'Wanted or offered',
    min: 9,
    grow: 1,
    cell: (one) => (
      <span className="mono truncate">{`${one.row.decision === 'reject' ? 'not ' : ''}${one.row.version}`}</span>
    ),
  },
  {
    id: 'installed',
    header: 'Installed',
    min: 9,
    grow: 1,
    cell: (one) => (
      <span className="mono truncate">{one.row.installed.map((each) => each.version).join(', ')}</span>
    ),
  },
  {
    id: 'severity',
    header: 'Severity',
    min: 7.25,
    sort: (one) => Severity.options.indexOf(one.row.severity),
    cell: (one) => (
      <StatusDot
        {...severityLook[one.row.severity]}
        title={[...one.row.advisories, ...one.row.cves].join(', ')}
      >
        {severityLook[one.row.severity].label}
      </StatusDot>
    ),
  },
  groundsColumn((one) => one.row.grounds),
  {
    id: 'complianceLevel',
    header: 'Level',
    min: 6.5,
    sort: (one) =>
      one.row.complianceLevel === undefined
        ? undefined
        : ComplianceLevel.options.indexOf(one.row.complianceLevel),
    cell: (one) => one.row.complianceLevel ?? <span className="muted">–</span>,
  },
];

const orNothing = (text: string): string | null => (text === '' ? null : text);

const contains = (text: string, word: string) => text.toLowerCase().includes(word.trim().toLowerCase());

const Totals = ({ totals }: { totals: ComplianceTotals }) => (
  <dl className="report-totals" aria-label="Totals">
    {Levels.options.map((level) => (
      <div key={level} data-tone={totals.hosts[level] === 0 ? 'neutral' : LEVELS[level].tone}>
        <dt>{LEVELS[level].label}</dt>
        <dd>
          {plural(totals.hosts[level], 'host')}
          {level === 'compliant' && totals.compliantPercent !== null && ` (${totals.compliantPercent} %)`}
        </dd>
      </div>
    ))}
    <div data-tone={totals.outsideBySeverity.critical === 0 ? 'neutral' : 'bad'}>
      <dt>outside, critical</dt>
      <dd>{totals.outsideBySeverity.critical}</dd>
    </div>
  </dl>
);

/** The fleet at each compliance level that a rule of the snapshot names. */
const Levelled = ({ totals }: { totals: ComplianceTotals }) => {
  const named = ComplianceLevel.options.filter(
    (level) => level !== 'unspecified' && totals.byComplianceLevel[level].compliantPercent !== null,
  );
  return named.length === 0 ? null : (
    <dl className="report-totals" aria-label="By compliance level">
      {named.map((level) => {
        const { hosts, lacking, compliantPercent } = totals.byComplianceLevel[level];
        const all = hosts.compliant + hosts['non-compliant'] + hosts.unknown;
        return (
          <div key={level} data-tone={hosts.compliant === all ? 'good' : 'bad'}>
            <dt>level {level}</dt>
            <dd>
              {hosts.compliant} of {plural(all, 'host')} ({compliantPercent} %)
              {lacking > 0 && `, ${lacking} lacking`}
            </dd>
          </div>
        );
      })}
    </dl>
  );
};

export const Compliance = ({ made }: { made: Made }) => {
  const [tab, setTab] = useState('hosts');
  const [word, setWord] = useState('');
  const [level, setLevel] = useState<HostLevel | ''>('');
  const [status, setStatus] = useState<RowStatus | ''>('');
  const { hosts: all, rows: allRows, totals } = made;
  const hosts = useMemo(
    () => all.filter((host) => contains(host.host, word) && (level === '' || host.level === level)),
    [all, word, level],
  );
  const rows = useMemo(
    () =>
      allRows.filter(
        ({ host, row }) =>
          (contains(host, word) || contains(row.name, word)) && (status === '' || row.status === status),
      ),
    [allRows, word, status],
  );
  if (totals === undefined) return null;
  const present = [...new Set(allRows.map(({ row }) => row.status))].sort();
  return (
    <>
      <Totals totals={totals} />
      <Levelled totals={totals} />
      {totals.hosts.unknown > 0 && (
        <Notice
          tone="warn"
          title={`${plural(totals.hosts.unknown, 'host')} of ${totals.hostCount}: nothing is known that still counts.`}
          hint="Scan them again. Until then they count as not compliant."
        />
      )}
      <div className="report-filter">
        <Field label="Find">
          <Input
            type="search"
            placeholder={tab === 'hosts' ? 'Host' : 'Host or package'}
            value={word}
            onChange={(event) => setWord(event.target.value)}
          />
        </Field>
        {tab === 'hosts' ? (
          <Field label="State">
            <Select value={level} onChange={(event) => setLevel(event.target.value as HostLevel | '')}>
              <option value="">every state</option>
              {Levels.options.map((each) => (
                <option key={each} value={each}>
                  {LEVELS[each].label}
                </option>
              ))}
            </Select>
          </Field>
        ) : (
          <Field label="Status">
            <Select value={status} onChange={(event) => setStatus(event.target.value as RowStatus | '')}>
              <option value="">every status</option>
              {present.map((each) => (
                <option key={each} value={each}>
                  {STATUSES[each].label}
                </option>
              ))}
            </Select>
          </Field>
        )}
      </div>
      <Tabs
        label="Parts of the report"
        value={tab}
        onChange={setTab}
        items={[
          {
            id: 'hosts',
            label: 'Hosts',
            count: all.length,
            content: (
              <DataTable
                label="Hosts"
                noun="host"
                columns={HOSTS}
                rows={hosts}
                rowKey={(host) => host.hostId}
                detail={(host) => orNothing(whyUnknown(host))}
                rowTone={(host) => (LEVELS[host.level].tone === 'bad' ? 'bad' : undefined)}
                initialSort={{ id: 'host' }}
                empty="No host is like that."
              />
            ),
          },
          {
            id: 'rows',
            label: 'What is not as it should be',
            count: allRows.length,
            content: (
              <DataTable
                label="Entries"
                noun="row"
                columns={ROWS}
                rows={rows}
                rowKey={(one) => one.key}
                detail={(one) => orNothing(whyRow(one.row))}
                empty="Nothing, on the hosts that are known."
              />
            ),
          },
        ]}
      />
    </>
  );
};

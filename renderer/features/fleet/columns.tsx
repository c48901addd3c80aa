/** The fleet table's columns. */
import { Play, Shield, ShieldAlert, ShieldCheck } from 'lucide-react';
import { Link } from 'wouter';
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import { groundText } from '../../../shared/grounds.ts';
import { Badge, StatusDot } from '../../ui/Badge.tsx';
import type { Column } from '../../ui/DataTable.tsx';
import { formatCount } from '../../ui/format.ts';
import { RelativeTime } from '../../ui/Time.tsx';
import { type GuardBrief, guardLook } from '../guard/words.ts';
import { goodScan, hostStatus, isStale } from './status.ts';

/** Not of a guard that somebody took off: its absence is what such a host has in common with all others. */
const GuardBadge = ({ guard }: { guard: GuardBrief }) => {
  if (guard.desired === 'off' && guard.state === 'off') return null;
  const look = guardLook(guard);
  const icon = look.tone === 'bad' ? ShieldAlert : look.tone === 'frozen' ? ShieldCheck : Shield;
  // What is wrong is said; that it is as it should be, its sign tells where there is little room.
  return (
    <Badge tone={look.tone} icon={icon} title={`${look.label}: ${look.text}`}>
      {look.tone === 'bad' ? look.label : <span className="visually-hidden">{look.label}</span>}
    </Badge>
  );
};

const tagText = (overview: HostOverview): string =>
  Object.entries(overview.host.tags)
    .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
    .join(' ');

/** Numbers from before a failed scan are marked, and say from when they are. */
const Counted = ({ overview, count }: { overview: HostOverview; count: number | undefined }) => {
  if (count === undefined) return <span className="muted">–</span>;
  return isStale(overview) ? (
    <span className="muted" title="From the last good scan; the latest one failed">
      {formatCount(count)} <span aria-hidden>*</span>
      <span className="visually-hidden">from the last good scan</span>
    </span>
  ) : (
    <span className={count === 0 ? 'muted' : ''}>{formatCount(count)}</span>
  );
};

/** Whose word it is which updates are security ones: imported data has no say in this number. */
const saidBy = (row: HostOverview): string | undefined => {
  const facts = goodScan(row)?.facts;
  return facts && groundText({ source: 'hosts', asOf: facts.listsUpdatedAt ?? null }, Date.now());
};

export const fleetColumns: readonly Column<HostOverview>[] = [
  {
    id: 'name',
    header: 'Host',
    min: 8.2,
    grow: 1.5,
    sort: (row) => row.host.name,
    cell: (row, { tabIndex }) => (
      <Link
        href={`/fleet/${encodeURIComponent(row.host.name)}`}
        className="cell-link"
        tabIndex={tabIndex}
        title={`${row.host.user}@${row.host.address}:${row.host.port}`}
      >
        {row.host.name}
      </Link>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    min: 8.6,
    grow: 0.7,
    sort: (row) => hostStatus(row).rank,
    cell: (row) => {
      const status = hostStatus(row);
      return (
        <StatusDot tone={status.tone} icon={status.icon} title={status.detail}>
          {status.label}
        </StatusDot>
      );
    },
  },
  {
    id: 'updates',
    header: 'Updates',
    min: 5.7,
    align: 'end',
    descFirst: true,
    sort: (row) => goodScan(row)?.updateCount,
    cell: (row) => <Counted overview={row} count={goodScan(row)?.updateCount} />,
  },
  {
    id: 'security',
    header: 'Security',
    min: 5.9,
    align: 'end',
    descFirst: true,
    sort: (row) => goodScan(row)?.securityCount,
    cell: (row) => {
      const count = goodScan(row)?.securityCount;
      return (
        <span title={saidBy(row)}>
          {count !== undefined && count > 0 && !isStale(row) ? (
            <strong className="count-strong">{formatCount(count)}</strong>
          ) : (
            <Counted overview={row} count={count} />
          )}
        </span>
      );
    },
  },
  {
    id: 'flags',
    header: 'Now',
    min: 7.6,
    grow: 1.4,
    sort: (row) =>
      `${row.activeRun === undefined ? 1 : 0}${row.frozenBy === undefined ? 1 : 0}${row.guard === undefined ? 1 : 0}${goodScan(row)?.facts?.rebootRequired === true ? 0 : 1}`,
    cell: (row, { tabIndex }) => {
      const reboot = goodScan(row)?.facts?.rebootRequired === true;
      return (
        <span className="cell-badges">
          {row.activeRun !== undefined && (
            <Link href={`/runs/${row.activeRun}`} tabIndex={tabIndex} className="cell-badge-link">
              <Badge tone="busy" title="A run under way takes this host in" icon={Play}>
                run
              </Badge>
            </Link>
          )}
          {row.frozenBy !== undefined && (
            <Badge tone="frozen" title={`Frozen by ${row.frozenBy}`}>
              {row.frozenBy}
            </Badge>
          )}
          {row.guard !== undefined && <GuardBadge guard={row.guard} />}
          {reboot && (
            <Badge tone="warn" title={goodScan(row)?.facts?.rebootReasons.join(', ')}>
              reboot
            </Badge>
          )}
        </span>
      );
    },
  },
  {
    id: 'scanned',
    header: 'Scanned',
    min: 5.9,
    align: 'end',
    sort: (row) => (row.latest === undefined ? undefined : Date.parse(row.latest.finishedAt)),
    cell: (row) =>
      row.latest === undefined ? (
        <span className="muted">never</span>
      ) : (
        <RelativeTime at={row.latest.finishedAt} />
      ),
  },
  {
    id: 'environment',
    header: 'Environment',
    min: 7.6,
    grow: 0.4,
    sort: (row) => row.host.environment,
    cell: (row) => row.host.environment ?? <span className="muted">–</span>,
  },
  {
    id: 'tags',
    header: 'Tags',
    min: 6,
    grow: 1.2,
    sort: (row) => (tagText(row) === '' ? undefined : tagText(row)),
    cell: (row) => (
      <span className="muted" title={tagText(row)}>
        {tagText(row)}
      </span>
    ),
  },
  {
    id: 'os',
    header: 'System',
    min: 6.1,
    grow: 0.5,
    sort: (row) => {
      const facts = goodScan(row)?.facts;
      return facts === undefined ? undefined : `${facts.os} ${facts.release}`;
    },
    cell: (row) => {
      const facts = goodScan(row)?.facts;
      return facts === undefined ? (
        <span className="muted">–</span>
      ) : (
        <span title={facts.osName}>
          {facts.os} {facts.release}
        </span>
      );
    },
  },
];

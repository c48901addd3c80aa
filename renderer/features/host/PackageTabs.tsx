/** Updates and installed packages of a host's last good scan. */
import { CircleCheck, Lock, OctagonX } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import type { InstalledPackage, Scan } from '../../../shared/model/scan.ts';
import { Badge, StatusDot } from '../../ui/Badge.tsx';
import { saidOf, verdictColumns } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Checkbox, Input } from '../../ui/Field.tsx';
import { formatBytes } from '../../ui/format.ts';
import { blockText } from '../../ui/states.ts';
import type { JudgedUpdate } from './store.ts';

const updateColumns: readonly Column<JudgedUpdate>[] = [
  {
    id: 'name',
    header: 'Package',
    min: 11,
    grow: 1.4,
    sort: (row) => row.name,
    cell: (row) => (
      <>
        <strong>{row.name}</strong> <span className="muted">{row.arch}</span>
      </>
    ),
  },
  {
    id: 'from',
    header: 'Installed',
    min: 9.5,
    grow: 1.2,
    sort: (row) => row.from ?? undefined,
    cell: (row) => (row.from === null ? <span className="muted">new</span> : <code>{row.from}</code>),
  },
  {
    id: 'to',
    header: 'Offered',
    min: 9.5,
    grow: 1.2,
    sort: (row) => row.to,
    cell: (row) => <code>{row.to}</code>,
  },
  ...verdictColumns<JudgedUpdate>(),
  {
    id: 'size',
    header: 'Size',
    min: 5.25,
    align: 'end',
    descFirst: true,
    sort: (row) => row.sizeBytes,
    cell: (row) =>
      row.sizeBytes === undefined ? <span className="muted">–</span> : formatBytes(row.sizeBytes),
  },
  {
    id: 'origin',
    header: 'From',
    min: 8.5,
    grow: 1,
    sort: (row) => row.origin,
    cell: (row) => (
      <span className="muted" title={row.origin}>
        {row.origin}
      </span>
    ),
  },
];

/** Why it cannot be installed, and every advisory: neither fits a column. */
const detail = (row: JudgedUpdate) => {
  const said = saidOf(row);
  if (row.blocked === undefined) return said === '' ? null : said;
  return (
    <>
      <StatusDot tone="warn" icon={Lock}>
        Not installable: {blockText[row.blocked]}
      </StatusDot>
      {said === '' ? '' : ` · ${said}`}
    </>
  );
};

const updateKey = (row: JudgedUpdate) => `${row.name}:${row.arch}:${row.to}`;

export const UpdatesTab = ({
  updates,
  removals,
}: {
  updates: readonly JudgedUpdate[];
  removals: Scan['removals'];
}) => {
  const [security, setSecurity] = useState(false);
  const rows = useMemo(
    () => updates.filter((update) => !security || update.classification === 'security'),
    [updates, security],
  );
  if (updates.length === 0)
    return (
      <EmptyState icon={CircleCheck} title="Nothing to update">
        <p>Every installed package has the newest version its repositories offer, as of this scan.</p>
      </EmptyState>
    );
  return (
    <div className="tab-fill">
      <Checkbox
        label="Security only"
        checked={security}
        onChange={(event) => setSecurity(event.target.checked)}
      />
      <DataTable
        label="Updates"
        noun="update"
        columns={updateColumns}
        rows={rows}
        rowKey={updateKey}
        detail={detail}
        initialSort={{ id: 'severity' }}
        empty={
          <EmptyState title="No security update among them">
            <p>The other updates show when “Security only” is off.</p>
          </EmptyState>
        }
        foot={
          removals.length > 0 ? (
            <span>Installing all of them would remove {removals.map((each) => each.name).join(', ')}.</span>
          ) : null
        }
      />
    </div>
  );
};

const packageColumns: readonly Column<InstalledPackage>[] = [
  {
    id: 'name',
    header: 'Package',
    min: 12,
    grow: 1.4,
    sort: (row) => row.name,
    cell: (row) => <strong>{row.name}</strong>,
  },
  {
    id: 'version',
    header: 'Version',
    min: 11,
    grow: 1.2,
    sort: (row) => row.version,
    cell: (row) => <code>{row.version}</code>,
  },
  { id: 'arch', header: 'Arch', min: 5, sort: (row) => row.arch, cell: (row) => row.arch },
  {
    id: 'source',
    header: 'Source',
    min: 10,
    grow: 1,
    sort: (row) => row.source,
    cell: (row) => <span className={row.source === row.name ? 'muted' : ''}>{row.source}</span>,
  },
  {
    id: 'mark',
    header: 'Mark',
    min: 7,
    sort: (row) => (row.auto ? 'automatic' : 'manual'),
    cell: (row) => <span className="muted">{row.auto ? 'automatic' : 'manual'}</span>,
  },
  {
    id: 'state',
    header: 'State',
    min: 8,
    grow: 0.6,
    sort: (row) => (row.brokenState !== undefined ? `a${row.brokenState}` : row.held ? 'b' : undefined),
    cell: (row) => (
      <span className="cell-badges">
        {row.brokenState !== undefined && (
          <Badge tone="bad" icon={OctagonX}>
            broken: {row.brokenState}
          </Badge>
        )}
        {row.held && (
          <Badge tone="warn" icon={Lock}>
            on hold
          </Badge>
        )}
      </span>
    ),
  },
];

const packageKey = (row: InstalledPackage) => `${row.name}:${row.arch}`;

export const PackagesTab = ({ scan }: { scan: Scan }) => {
  const [query, setQuery] = useState('');
  const wanted = useDeferredValue(query.trim().toLowerCase());
  const rows = useMemo(
    () =>
      wanted === ''
        ? scan.packages
        : scan.packages.filter(
            (each) =>
              each.name.includes(wanted) || each.source.includes(wanted) || each.version.includes(wanted),
          ),
    [scan.packages, wanted],
  );
  return (
    <div className="tab-fill">
      <Input
        type="search"
        aria-label="Search packages"
        placeholder="Name, source package or version"
        className="tab-search"
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      <DataTable
        label="Installed packages"
        noun="package"
        columns={packageColumns}
        rows={rows}
        rowKey={packageKey}
        initialSort={{ id: 'name' }}
        empty={<EmptyState title={`No installed package matches “${wanted}”`} />}
        foot={rows.length < scan.packages.length ? <span>of {scan.packages.length}</span> : null}
      />
    </div>
  );
};

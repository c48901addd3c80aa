/** Every package over all hosts of the plan that can run. */
import { useMemo } from 'react';
import type { HostPlan } from '../../../shared/model/plan.ts';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatList } from '../../ui/format.ts';
import { ActionMark } from './ActionTable.tsx';
import { ACTION_ORDER, byPackage, type PackageRow } from './model.ts';

const COLUMNS: readonly Column<PackageRow>[] = [
  {
    id: 'name',
    header: 'Package',
    min: 12.5,
    grow: 2,
    sort: (row) => row.name,
    cell: (row) => (
      <span className="mono" title={`${row.name}:${row.arch}`}>
        {row.name}
        <span className="muted">:{row.arch}</span>
      </span>
    ),
  },
  {
    id: 'action',
    header: 'Action',
    min: 11,
    sort: (row) => ACTION_ORDER[row.action] * 2 + (row.dependency ? 0 : 1),
    cell: (row) => <ActionMark action={row.action} dependency={row.dependency} />,
  },
  {
    id: 'from',
    header: 'From',
    min: 11.5,
    grow: 1,
    cell: (row) => (
      <span className="mono" title={row.from.join(', ')}>
        {row.from.length === 0 ? '–' : formatList(row.from, 2)}
      </span>
    ),
  },
  {
    id: 'to',
    header: 'To',
    min: 11.5,
    grow: 1,
    cell: (row) => (
      <span className="mono" title={row.to}>
        {row.to ?? '–'}
      </span>
    ),
  },
  {
    id: 'stage',
    header: 'Stage',
    min: 4.5,
    align: 'end',
    sort: (row) => row.stage,
    cell: (row) => row.stage,
  },
  {
    id: 'count',
    header: 'Hosts',
    min: 5.25,
    align: 'end',
    descFirst: true,
    sort: (row) => row.hosts.length,
    cell: (row) => row.hosts.length,
  },
  {
    id: 'hosts',
    header: 'On',
    min: 6,
    grow: 2,
    cell: (row) => <span title={row.hosts.join(', ')}>{formatList(row.hosts, 4)}</span>,
  },
];

export const ByPackage = ({ hosts }: { hosts: readonly HostPlan[] }) => {
  const rows = useMemo(() => byPackage(hosts), [hosts]);
  return (
    <div className="plan-packages">
      <DataTable
        label="Packages"
        noun="row"
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.key}
        initialSort={{ id: 'action' }}
        rowTone={(row) => (row.action === 'remove' ? 'bad' : row.dependency ? 'warn' : undefined)}
        empty={
          <EmptyState title="Nothing would be changed">
            <p>No host of this plan has anything to do, or none of them can be patched now.</p>
          </EmptyState>
        }
      />
    </div>
  );
};

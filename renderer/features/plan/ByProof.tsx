/** Every package's rollback proof over all hosts, before the run: what is not proven first. */
import { useMemo, useState } from 'react';
import type { HostPlan } from '../../../shared/model/plan.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Segmented } from '../../ui/Field.tsx';
import { formatCount, formatList } from '../../ui/format.ts';
import { proofLook } from '../../ui/states.ts';
import { PROOF_WORD } from './ProofTable.tsx';
import { PROOF_ORDER, type ProofRow, proofRows, sourceText } from './proof.ts';

const COLUMNS: readonly Column<ProofRow>[] = [
  {
    id: 'proof',
    header: 'Rollback',
    min: 6.75,
    sort: (row) => PROOF_ORDER[row.proof],
    cell: (row) => <StatusDot {...proofLook[row.proof]}>{PROOF_WORD[row.proof]}</StatusDot>,
  },
  {
    id: 'package',
    header: 'Package',
    min: 10,
    grow: 0.7,
    sort: (row) => row.package,
    cell: (row) => (
      <span className="mono" title={row.package}>
        {row.package ?? 'the host'}
        {row.arch !== undefined && <span className="muted">:{row.arch}</span>}
      </span>
    ),
  },
  {
    id: 'version',
    header: 'Back to',
    min: 9,
    grow: 0.6,
    cell: (row) => (
      <span className="mono" title={row.version}>
        {row.version ?? 'removed'}
      </span>
    ),
  },
  {
    id: 'source',
    header: 'Old version from',
    min: 8.25,
    sort: (row) => sourceText(row),
    cell: (row) => <span title={sourceText(row)}>{sourceText(row)}</span>,
  },
  {
    id: 'reason',
    header: 'Why',
    min: 15,
    grow: 4,
    cell: (row) => <span title={row.reason}>{row.reason}</span>,
  },
  {
    id: 'hosts',
    header: 'On',
    min: 7,
    grow: 0.8,
    descFirst: true,
    sort: (row) => row.hosts.length,
    cell: (row) => (
      <span title={row.hosts.join(', ')}>
        {row.hosts.length === 1 ? row.hosts[0] : `${row.hosts.length}: ${formatList(row.hosts, 3)}`}
      </span>
    ),
  },
];

type Shown = 'all' | 'short';

export const ByProof = ({ hosts }: { hosts: readonly HostPlan[] }) => {
  const [shown, setShown] = useState<Shown>('all');
  const rows = useMemo(() => proofRows(hosts), [hosts]);
  const short = useMemo(() => rows.filter((row) => row.proof !== 'proven'), [rows]);
  return (
    <div className="plan-packages stack">
      <Segmented<Shown>
        label="Packages shown"
        hideLabel
        value={shown}
        onChange={setShown}
        options={[
          { value: 'all', label: `All ${formatCount(rows.length)}, not proven first` },
          { value: 'short', label: `Only the ${formatCount(short.length)} not proven` },
        ]}
      />
      <DataTable
        label="Rollback proof"
        noun="row"
        columns={COLUMNS}
        rows={shown === 'all' ? rows : short}
        rowKey={(row) => row.key}
        initialSort={{ id: 'proof' }}
        rowTone={(row) => (row.proof === 'proven' ? undefined : proofLook[row.proof].tone)}
        empty={
          <EmptyState title={rows.length === 0 ? 'There is nothing to undo' : 'Everything is proven'}>
            <p>
              {rows.length === 0
                ? 'No host of this plan is changed.'
                : 'Every old version is at hand and checked, and going back was simulated on each host.'}
            </p>
          </EmptyState>
        }
      />
    </div>
  );
};

/** What changed on a host behind the console's back: by package, who, with which words, when. */
import { CheckCheck } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { FrostError } from '../../../shared/errors.ts';
import type { DriftPackage } from '../../../shared/model/drift.ts';
import { present } from '../../app/loadable.ts';
import { Button } from '../../ui/Button.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { formatDateTime } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { useGuards } from './store.ts';

const unknown = <span className="muted">not known</span>;

const columns: readonly Column<DriftPackage>[] = [
  {
    id: 'name',
    header: 'Package',
    min: 10,
    grow: 0.6,
    sort: (row) => row.name,
    cell: (row) => `${row.name}:${row.arch}`,
  },
  { id: 'kind', header: 'What', min: 7, sort: (row) => row.kind, cell: (row) => row.kind },
  { id: 'from', header: 'Was', min: 8, cell: (row) => row.from ?? '–' },
  { id: 'to', header: 'Is', min: 8, cell: (row) => row.to ?? '–' },
  { id: 'by', header: 'Who', min: 6, sort: (row) => row.by, cell: (row) => row.by ?? unknown },
  {
    id: 'at',
    header: 'When',
    min: 10,
    descFirst: true,
    sort: (row) => (row.at === undefined ? undefined : Date.parse(row.at)),
    cell: (row) => (row.at === undefined ? unknown : formatDateTime(row.at)),
  },
  { id: 'command', header: 'Command', min: 10, grow: 1, cell: (row) => row.command ?? unknown },
];

export const DriftTab = ({ host }: { host: string }) => {
  const { drift, readDrift, accept } = useGuards((state) => ({
    drift: state.drift,
    readDrift: state.readDrift,
    accept: state.accept,
  }));
  const [error, setError] = useState<FrostError>();
  const [busy, setBusy] = useState(false);
  useEffect(() => readDrift(host), [readDrift, host]);
  const found = present(drift);
  if (drift.status === 'error') return <ErrorState error={drift.error} onRetry={() => readDrift(host)} />;
  if (found === undefined || found.host !== host) return <Loading label="What changed is read" rows={4} />;
  const { baseline, packages } = found;
  const against =
    baseline === undefined ? null : (
      <p>
        Compared with{' '}
        {baseline.run === undefined ? 'a scan' : <Link href={`/runs/${baseline.run}`}>what a run left</Link>},{' '}
        {formatDateTime(baseline.at)}.
      </p>
    );
  if (packages.length === 0)
    return (
      <EmptyState
        icon={CheckCheck}
        title={baseline === undefined ? 'Nothing to compare with yet' : 'Nothing changed behind your back'}
      >
        {against ?? <p>{found.unknown ?? 'Scan it, and what changes from then on stands here.'}</p>}
      </EmptyState>
    );
  return (
    <div className="stack">
      {against}
      {found.unknown !== undefined && <Notice tone="warn" title={found.unknown} />}
      {error !== undefined && <ErrorState error={error} />}
      <DataTable
        label={`Packages of ${host} that changed`}
        columns={columns}
        rows={packages}
        rowKey={(row) => `${row.name} ${row.arch} ${row.from ?? ''} ${row.to ?? ''}`}
        noun="package"
        foot={
          <Button
            size="sm"
            busy={busy}
            onClick={async () => {
              setBusy(true);
              const done = await accept(host);
              setBusy(false);
              setError(done.ok ? undefined : done.error);
            }}
          >
            Accept as it is now
          </Button>
        }
      />
    </div>
  );
};

/** Scans and runs of a host. */
import { History } from 'lucide-react';
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import type { Run } from '../../../shared/model/run.ts';
import type { ScanSummary } from '../../../shared/model/scan.ts';
import { present } from '../../app/loadable.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { formatDateTime } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { taskLook } from '../../ui/states.ts';
import { Elapsed, RelativeTime } from '../../ui/Time.tsx';
import { useHost } from './store.ts';

const SCAN_LOOK = {
  ok: { tone: 'good', label: 'complete' },
  partial: { tone: 'warn', label: 'partial' },
  failed: { tone: 'bad', label: 'failed' },
} as const;

const counted = (row: ScanSummary, count: number) =>
  row.state === 'failed' ? <span className="muted">–</span> : count;

const scanColumns: readonly Column<ScanSummary>[] = [
  {
    id: 'at',
    header: 'When',
    min: 11,
    grow: 0.6,
    descFirst: true,
    sort: (row) => Date.parse(row.finishedAt),
    cell: (row) => <span className="num">{formatDateTime(row.finishedAt)}</span>,
  },
  {
    id: 'state',
    header: 'Result',
    min: 8,
    sort: (row) => row.state,
    cell: (row) => <StatusDot tone={SCAN_LOOK[row.state].tone}>{SCAN_LOOK[row.state].label}</StatusDot>,
  },
  {
    id: 'took',
    header: 'Took',
    min: 5,
    align: 'end',
    cell: (row) => <Elapsed from={row.startedAt} to={row.finishedAt} />,
  },
  { id: 'packages', header: 'Packages', min: 6, align: 'end', cell: (row) => counted(row, row.packageCount) },
  { id: 'updates', header: 'Updates', min: 6, align: 'end', cell: (row) => counted(row, row.updateCount) },
  {
    id: 'security',
    header: 'Security',
    min: 6,
    align: 'end',
    cell: (row) => counted(row, row.securityCount),
  },
  {
    id: 'why',
    header: 'Why',
    min: 14,
    grow: 3,
    cell: (row) => <span title={row.error?.message}>{row.error?.message ?? ''}</span>,
  },
];

const scanKey = (row: ScanSummary) => row.id;

export const HistoryTab = ({ history }: { history: readonly ScanSummary[] }) => (
  <DataTable
    label="Scans"
    noun="scan"
    columns={scanColumns}
    rows={history}
    rowKey={scanKey}
    initialSort={{ id: 'at', desc: true }}
  />
);

type Row = { run: Run; task: Run['tasks'][number] };

const runColumns: readonly Column<Row>[] = [
  {
    id: 'at',
    header: 'Started',
    min: 8,
    descFirst: true,
    sort: ({ run }) => Date.parse(run.startedAt),
    cell: ({ run }) => <RelativeTime at={run.startedAt} />,
  },
  {
    id: 'snapshot',
    header: 'Snapshot',
    min: 11,
    grow: 1,
    sort: ({ run }) => run.snapshot.name,
    cell: ({ run }, { tabIndex }) => (
      <Link href={`/runs/${run.id}`} className="cell-link" tabIndex={tabIndex}>
        {run.snapshot.name}, revision {run.snapshot.revision}
      </Link>
    ),
  },
  {
    id: 'state',
    header: 'On this host',
    min: 9,
    sort: ({ task }) => task.state,
    cell: ({ task }) => <StatusDot {...taskLook[task.state]}>{taskLook[task.state].label}</StatusDot>,
  },
  {
    id: 'changes',
    header: 'Packages',
    min: 6,
    align: 'end',
    sort: ({ task }) => task.actions.length,
    cell: ({ task }) => task.actions.length,
  },
  {
    id: 'why',
    header: 'Why',
    min: 12,
    grow: 2,
    cell: ({ task }) => <span title={task.error?.message}>{task.error?.message ?? ''}</span>,
  },
];

const runKey = ({ run }: Row) => run.id;

export const RunsTab = ({ name }: { name: string }) => {
  const { runs, readRuns } = useHost((state) => ({ runs: state.runs, readRuns: state.readRuns }));
  const [, navigate] = useLocation();
  useEffect(() => {
    void readRuns();
  }, [readRuns]);
  if (runs.status === 'error')
    return (
      <ErrorState error={runs.error} title="The runs could not be read" onRetry={() => void readRuns()} />
    );
  const list = present(runs);
  if (list === undefined) return <Loading label="The runs are read" rows={4} />;
  const rows = list.flatMap((run) => {
    const task = run.tasks.find((each) => each.host === name);
    return task === undefined ? [] : [{ run, task }];
  });
  if (rows.length === 0)
    return (
      <EmptyState icon={History} title="It took part in none of the latest runs">
        <p>
          Older ones are on the <Link href="/runs">runs page</Link>.
        </p>
      </EmptyState>
    );
  return (
    <DataTable
      label="Runs"
      noun="run"
      columns={runColumns}
      rows={rows}
      rowKey={runKey}
      initialSort={{ id: 'at', desc: true }}
      onOpen={({ run }) => navigate(`/runs/${run.id}`)}
    />
  );
};

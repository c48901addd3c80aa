/** All runs, newest first: what they were of, how they ended, how long they took. */
import { History } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import type { RunSummary } from '../../../shared/model/run.ts';
import { TaskState } from '../../../shared/model/run.ts';
import { present } from '../../app/loadable.ts';
import { Badge } from '../../ui/Badge.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { lookOfRun, taskLook } from '../../ui/states.ts';
import { Elapsed, RelativeTime } from '../../ui/Time.tsx';
import { useHistory } from './store.ts';
import './history.css';

const Counts = ({ counts }: { counts: RunSummary['counts'] }) => (
  <span className="history-counts">
    {TaskState.options.flatMap((state) => {
      const count = counts[state] ?? 0;
      if (count === 0) return [];
      const { icon: Icon, label, tone } = taskLook[state];
      return [
        <span key={state} data-tone={tone} title={`${count} ${label}`}>
          {Icon !== undefined && <Icon size={13} aria-hidden />}
          <span className="num">{count}</span> {label}
        </span>,
      ];
    })}
  </span>
);

const COLUMNS: readonly Column<RunSummary>[] = [
  {
    id: 'verdict',
    header: 'Verdict',
    min: 8,
    sort: (run) => lookOfRun(run).label,
    cell: (run) => <Badge {...lookOfRun(run)}>{lookOfRun(run).label}</Badge>,
  },
  {
    id: 'snapshot',
    header: 'Snapshot',
    min: 10,
    grow: 1,
    sort: (run) => run.snapshot.name,
    cell: (run, { tabIndex }) => (
      <Link href={`/runs/${run.id}`} tabIndex={tabIndex}>
        {run.snapshot.name}@{run.snapshot.revision}
      </Link>
    ),
  },
  {
    id: 'hosts',
    header: 'Hosts',
    min: 5.25,
    align: 'end',
    descFirst: true,
    sort: (run) => run.parameters.targets,
    cell: (run) => run.parameters.targets,
  },
  {
    id: 'counts',
    header: 'How they ended',
    min: 16,
    grow: 2,
    cell: (run) => <Counts counts={run.counts} />,
  },
  {
    id: 'started',
    header: 'Started',
    min: 7,
    descFirst: true,
    sort: (run) => run.startedAt,
    cell: (run) => <RelativeTime at={run.startedAt} />,
  },
  {
    id: 'took',
    header: 'Took',
    min: 7,
    align: 'end',
    sort: (run) =>
      run.finishedAt === undefined ? undefined : Date.parse(run.finishedAt) - Date.parse(run.startedAt),
    cell: (run) => <Elapsed from={run.startedAt} to={run.finishedAt} />,
  },
  {
    id: 'accepted',
    header: 'Accepted',
    min: 6.5,
    sort: (run) => run.acceptedAt,
    cell: (run) =>
      run.acceptedAt === undefined ? <span className="muted">no</span> : <RelativeTime at={run.acceptedAt} />,
  },
];

export const HistoryPage = () => {
  const { loadable, reload } = useHistory((s) => ({ loadable: s.runs, reload: s.reload }));
  const [, navigate] = useLocation();
  const runs = present(loadable);
  return (
    <div className="page">
      <PageHeader title="Runs" subtitle="Everything that was run from this console, newest first." />
      <div className="page-body">
        {loadable.status === 'error' && (
          <ErrorState title="The runs cannot be read" error={loadable.error} onRetry={() => void reload()} />
        )}
        {runs === undefined && loadable.status === 'loading' && <Loading label="Reading the runs" />}
        {runs?.length === 0 && (
          <EmptyState
            icon={History}
            title="Nothing was run yet"
            actions={
              <Link href="/snapshots" className="btn" data-variant="primary">
                To the snapshots
              </Link>
            }
          >
            <p>
              Make a snapshot of the updates, plan it on some hosts, and run the plan. Each run stays here
              with its verdict, its hosts and their output.
            </p>
          </EmptyState>
        )}
        {runs !== undefined && runs.length > 0 && (
          <DataTable
            label="Runs"
            noun="run"
            columns={COLUMNS}
            rows={runs}
            rowKey={(run) => run.id}
            rowLabel={(run) => `run of ${run.snapshot.name}`}
            initialSort={{ id: 'started', desc: true }}
            rowTone={(run) => (run.state === 'finished' ? undefined : 'busy')}
            onOpen={(run) => navigate(`/runs/${run.id}`)}
          />
        )}
      </div>
    </div>
  );
};

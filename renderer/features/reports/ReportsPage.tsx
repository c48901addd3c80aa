/** Reports: choose what is to be told, look at it, save it. */
import { ClipboardCheck } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { type Loadable, present } from '../../app/loadable.ts';
import { Button } from '../../ui/Button.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Field, Input, Segmented, Select } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { useSnapshots } from '../snapshots/store.ts';
import { Compliance } from './Compliance.tsx';
import { Downloads } from './Downloads.tsx';
import { RunHistory } from './RunHistory.tsx';
import { type Report, type Request, useReport } from './useReport.ts';
import './reports.css';

type Kind = 'compliance' | 'history';
const KINDS = [
  { value: 'compliance', label: 'Compliance' },
  { value: 'history', label: 'History' },
] as const;
const DAY = 86_400;
const AGES = [
  { seconds: DAY, label: '1 day' },
  { seconds: 7 * DAY, label: '7 days' },
  { seconds: 30 * DAY, label: '30 days' },
];

export const ReportsPage = () => {
  const { list, reload } = useSnapshots((state) => ({ list: state.list, reload: state.reload }));
  const snapshots = present(list);
  const [kind, setKind] = useState<Kind>('compliance');
  const [chosen, setChosen] = useState<string>();
  const [hosts, setHosts] = useState('');
  const [selector, setSelector] = useState('');
  const [maxAgeSeconds, setMaxAge] = useState(7 * DAY);
  const [attempt, setAttempt] = useState(0);
  const snapshot = chosen ?? snapshots?.[0]?.name;

  const request = useMemo((): Request | undefined => {
    const selectors = selector === '' ? [] : [selector];
    if (kind === 'history') return { kind, selectors };
    return snapshot === undefined ? undefined : { kind, snapshot, selectors, maxAgeSeconds };
  }, [kind, snapshot, selector, maxAgeSeconds]);
  const report = useReport(request, attempt);
  const again = () => setAttempt((n) => n + 1);

  return (
    <div className="page">
      <PageHeader
        title="Reports"
        subtitle="What the fleet has of a snapshot, and what runs did. From what is known; no host is asked."
        actions={
          request !== undefined && report?.state === 'ready' ? (
            <Downloads
              request={request}
              name={kind === 'compliance' ? `compliance-${snapshot}` : 'history'}
            />
          ) : undefined
        }
      />
      <div className="page-body">
        <form
          className="report-form"
          onSubmit={(event) => {
            event.preventDefault();
            setSelector(hosts.trim());
            again();
          }}
        >
          <Segmented label="Report" value={kind} options={KINDS} onChange={setKind} />
          {kind === 'compliance' && (
            <>
              <Field label="Snapshot">
                <Select value={snapshot ?? ''} onChange={(event) => setChosen(event.target.value)}>
                  {(snapshots ?? []).map((one) => (
                    <option key={one.name} value={one.name}>
                      {one.name}
                    </option>
                  ))}
                </Select>
              </Field>
              <Field label="Scans count for">
                <Select value={maxAgeSeconds} onChange={(event) => setMaxAge(Number(event.target.value))}>
                  {AGES.map(({ seconds, label }) => (
                    <option key={seconds} value={seconds}>
                      {label}
                    </option>
                  ))}
                </Select>
              </Field>
            </>
          )}
          <Field label="Hosts" optional>
            <Input
              placeholder="all, or tag=web and env=production"
              maxLength={2000}
              value={hosts}
              onChange={(event) => setHosts(event.target.value)}
            />
          </Field>
          <Button type="submit" variant="primary">
            Show
          </Button>
        </form>
        <Body kind={kind} list={list} report={report} onAgain={again} onReload={() => void reload()} />
      </div>
    </div>
  );
};

const Body = ({
  kind,
  list,
  report,
  onAgain,
  onReload,
}: {
  kind: Kind;
  list: Loadable<readonly unknown[]>;
  report: Report | undefined;
  onAgain: () => void;
  onReload: () => void;
}) => {
  if (kind === 'compliance' && list.status === 'error')
    return <ErrorState title="The snapshots cannot be read" error={list.error} onRetry={onReload} />;
  if (kind === 'compliance' && list.status === 'ready' && list.value.length === 0)
    return (
      <EmptyState
        icon={ClipboardCheck}
        title="There is no snapshot yet"
        actions={
          <Link href="/snapshots" className="btn" data-variant="primary">
            To the snapshots
          </Link>
        }
      >
        <p>Compliance is with a snapshot: make one first.</p>
      </EmptyState>
    );
  if (report?.state === 'error')
    return <ErrorState title="The report cannot be made" error={report.error} onRetry={onAgain} />;
  if (report === undefined || report.state === 'making')
    return (
      <>
        <Loading label="The report is made" />
        <Progressed hosts={report?.hosts ?? 0} />
      </>
    );
  if (kind === 'history')
    return report.made.runs.length === 0 ? (
      <EmptyState icon={ClipboardCheck} title="Nothing was run yet">
        <p>What runs did on which host stands here, package by package.</p>
      </EmptyState>
    ) : (
      <RunHistory runs={report.made.runs} />
    );
  return report.made.hosts.length === 0 ? (
    <EmptyState icon={ClipboardCheck} title="No host is meant">
      <p>The fleet is empty, or no host is like that.</p>
    </EmptyState>
  ) : (
    <Compliance made={report.made} />
  );
};

/** Said once it takes long enough to be wondered at. */
const Progressed = ({ hosts }: { hosts: number }) => {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 1500);
    return () => clearTimeout(timer);
  }, []);
  return late && hosts > 0 ? <p className="small muted">{plural(hosts, 'host')} so far</p> : null;
};

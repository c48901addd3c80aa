/** A plan: what would change on every host, before anything changes. What speaks against it comes first. */
import { Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { Plan } from '../../../shared/model/plan.ts';
import { Button } from '../../ui/Button.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { formatBytes, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { Tabs } from '../../ui/Tabs.tsx';
import { RelativeTime } from '../../ui/Time.tsx';
import { ByHost } from './ByHost.tsx';
import { ByPackage } from './ByPackage.tsx';
import { grouped, type RefusalRow, refusals, runnable, sentences } from './model.ts';
import { RunDialog } from './RunDialog.tsx';
import { usePlans } from './store.ts';
import './plan.css';

export const PlanPage = ({ id }: { id: string }) => {
  const { loadable, read } = usePlans((s) => ({ loadable: s.plans[id], read: s.read }));
  useEffect(() => void read(id), [id, read]);
  if (loadable?.status === 'ready') return <PlanView plan={loadable.value} />;
  return (
    <div className="page">
      <PageHeader title="Plan" crumb={<Link href="/snapshots">Snapshots</Link>} />
      <div className="page-body">
        {loadable?.status === 'error' ? (
          <ErrorState title="The plan cannot be shown" error={loadable.error} onRetry={() => void read(id)} />
        ) : (
          <Loading label="Reading the plan" />
        )}
      </div>
    </div>
  );
};

const PlanView = ({ plan }: { plan: Plan }) => {
  const [tab, setTab] = useState('hosts');
  const [asking, setAsking] = useState(false);
  const groups = grouped(plan);
  const can = runnable(plan);
  const refused = refusals(plan);
  const download = groups.ready.reduce((sum, host) => sum + host.bytes.download, 0);
  const weak = groups.ready.filter((host) => host.proof !== 'proven');
  const reboots = groups.ready.filter((host) => host.reboot).length;
  const { snapshot } = plan;

  return (
    <div className="page">
      <PageHeader
        title={`Plan for ${snapshot.name}@${snapshot.revision}`}
        crumb={<Link href={`/snapshots/${encodeURIComponent(snapshot.name)}`}>Snapshot {snapshot.name}</Link>}
        subtitle={
          <>
            for <code>{plan.selectors.join(' or ')}</code>, simulated on {plural(plan.hosts.length, 'host')}{' '}
            <RelativeTime at={plan.createdAt} /> · plan <code title={plan.hash}>{shortHash(plan.hash)}</code>
            {' · '}snapshot <code title={snapshot.id}>{shortHash(snapshot.id)}</code>
          </>
        }
        actions={
          <Button
            variant="primary"
            icon={<Play size={15} aria-hidden />}
            disabled={!can.ok}
            reason={can.ok ? undefined : can.reason}
            onClick={() => setAsking(true)}
          >
            {can.ok ? `Run on ${plural(can.hosts.length, 'host')}…` : 'Run…'}
          </Button>
        }
      />
      <div className="page-body">
        {!can.ok && (
          <Notice tone={groups.compliant.length === plan.hosts.length ? 'good' : 'warn'} title={can.reason} />
        )}
        <Refusals rows={refused} />
        <div className="plan-top">
          <section className="panel" aria-label="What it comes to">
            <h2 className="panel-title">What it comes to</h2>
            <dl className="facts">
              <dt>Hosts</dt>
              <dd>
                <strong>{groups.ready.length} to change</strong>
                {groups.compliant.length > 0 && `, ${groups.compliant.length} compliant`}
                {groups.refused.length > 0 && `, ${groups.refused.length} refused`}
                {groups.unreachable.length > 0 && `, ${groups.unreachable.length} unreachable`}
                {groups.failed.length > 0 && `, ${groups.failed.length} could not be planned`}
              </dd>
              <dt>To download</dt>
              <dd className="num">{formatBytes(download)} over all hosts</dd>
              <dt>Rollback</dt>
              <dd>
                {weak.length === 0
                  ? groups.ready.length === 0
                    ? 'nothing to undo'
                    : 'proven on every host'
                  : `not proven on ${plural(weak.length, 'host')}: the reasons stand at each host`}
              </dd>
              <dt>Reboot wanted after</dt>
              <dd>{reboots === 0 ? 'none foreseen' : `${plural(reboots, 'host')} foreseen`}</dd>
            </dl>
          </section>
          <section className="panel" aria-label="How it would run">
            <h2 className="panel-title">How it would run</h2>
            <ul className="plan-sentences">
              {sentences(plan.parameters).map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          </section>
        </div>
        <Tabs
          label="Actions"
          value={tab}
          onChange={setTab}
          items={[
            {
              id: 'hosts',
              label: 'By host',
              count: plan.hosts.length,
              content: <ByHost groups={groups} />,
            },
            { id: 'packages', label: 'By package', content: <ByPackage hosts={groups.ready} /> },
          ]}
        />
      </div>
      {can.ok && <RunDialog open={asking} onOpenChange={setAsking} plan={plan} hosts={can.hosts} />}
    </div>
  );
};

const REFUSALS_AT_FIRST = 4;

const Refusals = ({ rows }: { rows: readonly RefusalRow[] }) => {
  const [all, setAll] = useState(false);
  if (rows.length === 0) return null;
  const shown = all ? rows : rows.slice(0, REFUSALS_AT_FIRST);
  return (
    <section className="stack" aria-label="Refusals">
      {shown.map((row) => (
        <Notice
          key={row.key}
          tone="frozen"
          title={
            <>
              <strong>
                Refused on {row.hosts.length === 1 ? row.hosts[0] : plural(row.hosts.length, 'host')}:
              </strong>{' '}
              {row.message}
            </>
          }
          hint={<code>{row.code}</code>}
        >
          {(row.hosts.length > 1 || row.packages.length > 1) && (
            <details className="small">
              <summary>
                {plural(row.hosts.length, 'host')}
                {row.packages.length > 0 && `, ${plural(row.packages.length, 'package')}`}
              </summary>
              <p className="wrap-any">{row.hosts.join(', ')}</p>
              {row.packages.length > 0 && <p className="mono wrap-any">{row.packages.join(' ')}</p>}
            </details>
          )}
        </Notice>
      ))}
      {rows.length > shown.length && (
        <div>
          <Button size="sm" onClick={() => setAll(true)}>
            Show {rows.length - shown.length} more refusals
          </Button>
        </div>
      )}
    </section>
  );
};

const shortHash = (hash: string): string => hash.slice(0, 'sha256:'.length + 12);

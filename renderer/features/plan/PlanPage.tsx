/** A plan: what would change on every host, before anything changes. What speaks against it comes first. */
import { Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { Plan } from '../../../shared/model/plan.ts';
import { Button } from '../../ui/Button.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { formatBytes, formatDateTime, formatDuration, formatList, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { Tabs } from '../../ui/Tabs.tsx';
import { RelativeTime, useNow } from '../../ui/Time.tsx';
import { ByHost } from './ByHost.tsx';
import { ByPackage } from './ByPackage.tsx';
import { ByProof } from './ByProof.tsx';
import { grouped, REFUSAL_HELP, type RefusalRow, rebootFate, refusals, runnable } from './model.ts';
import { type ProofCounts, proofCounts } from './proof.ts';
import { RunDialog } from './RunDialog.tsx';
import { type Schedule, scheduleOf } from './schedule.ts';
import { usePlans } from './store.ts';
import { Topics } from './Topics.tsx';
import { topics } from './words.ts';
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
  const proof = proofCounts(groups.ready);
  const { snapshot, parameters } = plan;
  const fates = groups.ready.map((host) => rebootFate(host, parameters.reboot));
  const now = useNow();
  const schedule = scheduleOf(plan, now);
  const over = parameters.until !== undefined && Date.parse(parameters.until) <= now;
  const late = new Set((schedule?.late ?? []).map((host) => host.hostId));

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
        <WindowNotice schedule={schedule} until={parameters.until} over={over} hosts={groups.ready.length} />
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
                {proofText(proof)}
                {proof['best-effort'] + proof.impossible > 0 && (
                  <>
                    {' '}
                    <Button size="sm" onClick={() => setTab('proof')}>
                      Show what is not proven
                    </Button>
                  </>
                )}
              </dd>
              <dt>Reboot</dt>
              <dd>{rebootText(fates)}</dd>
              <dt>Takes</dt>
              <dd>{scheduleText(schedule)}</dd>
            </dl>
          </section>
          <section className="panel" aria-label="How it would run">
            <h2 className="panel-title">How it would run</h2>
            <Topics topics={topics(parameters, plan.hosts)} />
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
              content: <ByHost groups={groups} parameters={parameters} late={late} />,
            },
            { id: 'packages', label: 'By package', content: <ByPackage hosts={groups.ready} /> },
            { id: 'proof', label: 'Rollback proof', content: <ByProof hosts={groups.ready} /> },
          ]}
        />
      </div>
      {can.ok && <RunDialog open={asking} onOpenChange={setAsking} plan={plan} hosts={can.hosts} />}
    </div>
  );
};

const proofText = (proof: ProofCounts): string => {
  if (proof['best-effort'] + proof.impossible === 0)
    return proof.proven === 0
      ? 'nothing to undo'
      : `proven on ${plural(proof.proven, 'host')}, all there are`;
  const parts = [
    `proven on ${plural(proof.proven, 'host')}`,
    ...(proof['best-effort'] > 0 ? [`best effort on ${proof['best-effort']}`] : []),
    ...(proof.impossible > 0 ? [`impossible on ${proof.impossible}`] : []),
  ];
  return `${parts.join(', ')}.`;
};

const rebootText = (fates: readonly ReturnType<typeof rebootFate>[]): string => {
  const will = fates.filter((fate) => fate === 'will').length;
  const wanted = fates.filter((fate) => fate === 'wanted').length;
  if (will > 0) return `${plural(will, 'host is', 'hosts are')} rebooted, as far as it can be foreseen`;
  return wanted > 0 ? `${plural(wanted, 'host')} will want one; this run reboots none` : 'none foreseen';
};

const scheduleText = (schedule: Schedule | undefined): string => {
  if (schedule === undefined) return 'not known yet: no past run tells how long these hosts take';
  const gates =
    schedule.approvals === 0 ? '' : `, and ${plural(schedule.approvals, 'approval')} to wait for in between`;
  return `about ${formatDuration(schedule.seconds)}, if every host takes what it took before${gates}`;
};

/** Who would not fit the window, before it is run. */
const WindowNotice = ({
  schedule,
  until,
  over,
  hosts,
}: {
  schedule: Schedule | undefined;
  until: string | undefined;
  over: boolean;
  /** That would be changed. */
  hosts: number;
}) => {
  if (until === undefined || hosts === 0) return null;
  if (over)
    return (
      <Notice
        tone="bad"
        title={`The window of this plan ended at ${formatDateTime(until)}: no host would be started.`}
        hint="Make a plan with another window."
      />
    );
  if (schedule === undefined)
    return (
      <Notice
        tone="warn"
        title={`Whether every host fits the window until ${formatDateTime(until)} is not known: no past run tells how long they take.`}
        hint="Hosts are started as long as the window is open; those at work when it ends are finished."
      />
    );
  if (schedule.late.length === 0) return null;
  return (
    <Notice
      tone="warn"
      title={
        <>
          <strong>{plural(schedule.late.length, 'host does', 'hosts do')} not fit the window</strong> until{' '}
          {formatDateTime(until)}:{' '}
          {formatList(
            schedule.late.map((host) => host.host),
            8,
          )}
          .
        </>
      }
      hint="From what past runs took, they would not be done by then, so they would not be started. Begin earlier, allow more hosts at once, or let the window end later."
    />
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
          hint={
            <>
              {REFUSAL_HELP[row.code]} <code>{row.code}</code>
            </>
          }
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

/** One host: what it is, what it would take, what was done to it. */
import { KeyRound, ListChecks, MoreHorizontal, Pencil, RefreshCw, ScanSearch, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useCommand } from '../../app/commands.ts';
import { present } from '../../app/loadable.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { Tabs } from '../../ui/Tabs.tsx';
import { RelativeTime } from '../../ui/Time.tsx';
import { HostDialog } from '../fleet/HostDialog.tsx';
import { NewPlanDialog } from '../fleet/NewPlanDialog.tsx';
import { RemoveHostsDialog } from '../fleet/RemoveHostsDialog.tsx';
import { hostStatus } from '../fleet/status.ts';
import { useFleet } from '../fleet/store.ts';
import { TrustDialog } from '../fleet/TrustDialog.tsx';
import { DriftTab } from '../guard/DriftTab.tsx';
import { GuardCard } from '../guard/GuardCard.tsx';
import '../fleet/fleet.css';
import './host.css';
import { HistoryTab, RunsTab } from './HistoryTabs.tsx';
import { OverviewTab } from './OverviewTab.tsx';
import { PackagesTab, UpdatesTab } from './PackageTabs.tsx';
import { type HostView, useHost } from './store.ts';

export const HostPage = ({ name }: { name: string }) => {
  const { view, open, reload } = useHost((state) => ({
    view: state.view,
    open: state.open,
    reload: state.reload,
  }));
  useEffect(() => open(name), [open, name]);
  const value = present(view);
  return (
    <div className="page">
      {value === undefined || value.overview.host.name !== name ? (
        <>
          <PageHeader title={name} crumb={<Link href="/fleet">Fleet</Link>} />
          <div className="page-body">
            {view.status === 'error' ? (
              <ErrorState
                error={view.error}
                onRetry={view.error.code === 'not-found' ? undefined : () => void reload()}
                actions={
                  <Link href="/fleet" className="btn" data-size="sm">
                    To the fleet
                  </Link>
                }
              />
            ) : (
              <Loading label={`${name} is read`} />
            )}
          </div>
        </>
      ) : (
        <Host view={value} {...(view.status === 'error' ? { error: view.error } : {})} />
      )}
    </div>
  );
};

const Host = ({ view, error }: { view: HostView; error?: Parameters<typeof ErrorState>[0]['error'] }) => {
  const { overview, latest, lastGood, history } = view;
  const { host } = overview;
  const [, navigate] = useLocation();
  const [tab, setTab] = useState('overview');
  const [dialog, setDialog] = useState<'edit' | 'plan' | 'remove'>();
  const [trusting, setTrusting] = useState<readonly string[]>();
  const { scan } = useFleet((state) => ({ scan: state.scan }));
  const { reload } = useHost((state) => ({ reload: state.reload }));
  const status = hostStatus(overview);
  const selectors = [host.name];
  const close = (open: boolean) => {
    if (!open) setDialog(undefined);
  };
  useCommand({
    id: 'scan',
    label: `Scan ${host.name}`,
    group: 'Host',
    keys: 's',
    run: () => void scan(selectors, false),
  });
  useCommand({
    id: 'plan',
    label: `Plan a snapshot on ${host.name}`,
    group: 'Host',
    keys: 'p',
    run: () => setDialog('plan'),
  });
  useCommand({
    id: 'edit',
    label: `Change ${host.name}`,
    group: 'Host',
    keys: 'e',
    run: () => setDialog('edit'),
  });
  useCommand({
    id: 'up',
    label: 'Back to the fleet',
    group: 'Host',
    keys: 'u',
    run: () => navigate('/fleet'),
  });

  return (
    <>
      <PageHeader
        title={host.name}
        crumb={<Link href="/fleet">Fleet</Link>}
        badges={
          <>
            <Badge tone={status.tone} icon={status.icon}>
              {status.label}
            </Badge>
            {overview.frozenBy !== undefined && (
              <Link href={`/snapshots/${encodeURIComponent(overview.frozenBy)}`} className="badge-link">
                <Badge tone="frozen">frozen by {overview.frozenBy}</Badge>
              </Link>
            )}
            {overview.activeRun !== undefined && (
              <Link href={`/runs/${overview.activeRun}`} className="badge-link">
                <Badge tone="busy">in a run</Badge>
              </Link>
            )}
          </>
        }
        subtitle={
          <span className="wrap-any">
            {host.user}@{host.address}
            {host.port === 22 ? '' : `:${host.port}`}
            {host.jump !== undefined && ` through ${host.jump}`}
            {host.environment !== undefined && ` · ${host.environment}`}
            {latest !== null && (
              <>
                {' · scanned '}
                <RelativeTime at={latest.finishedAt} />
              </>
            )}
          </span>
        }
        actions={
          <>
            <Button icon={<ScanSearch size={15} aria-hidden />} onClick={() => void scan(selectors, false)}>
              Scan
            </Button>
            <Button
              variant="primary"
              icon={<ListChecks size={15} aria-hidden />}
              onClick={() => setDialog('plan')}
            >
              Plan a snapshot…
            </Button>
            <Menu
              label={`More for ${host.name}`}
              trigger={
                <Button aria-label={`More for ${host.name}`} data-icon-only="">
                  <MoreHorizontal size={16} aria-hidden />
                </Button>
              }
              items={[
                {
                  id: 'refresh',
                  label: 'Refresh package lists and scan',
                  note: 'apt-get update first; needs root',
                  icon: <RefreshCw size={15} aria-hidden />,
                  onSelect: () => void scan(selectors, true),
                },
                {
                  id: 'keys',
                  label: 'Check its host key',
                  icon: <KeyRound size={15} aria-hidden />,
                  onSelect: () => setTrusting(selectors),
                },
                {
                  id: 'edit',
                  label: 'Change…',
                  icon: <Pencil size={15} aria-hidden />,
                  onSelect: () => setDialog('edit'),
                },
                { kind: 'separator', id: 'line' },
                {
                  id: 'remove',
                  label: 'Remove…',
                  danger: true,
                  icon: <Trash2 size={15} aria-hidden />,
                  onSelect: () => setDialog('remove'),
                },
              ]}
            />
          </>
        }
      />
      <div className="page-body">
        {error !== undefined && (
          <ErrorState error={error} title="It could not be read again" onRetry={() => void reload()} />
        )}
        <ScanProblem
          view={view}
          onKeys={() => setTrusting(selectors)}
          onRetry={() => void scan(selectors, false)}
        />
        {lastGood === null ? (
          latest === null && (
            <EmptyState
              icon={ScanSearch}
              title={overview.trusted ? 'It was not scanned yet' : 'Its host key was not confirmed yet'}
              actions={
                <Button
                  variant="primary"
                  onClick={
                    overview.trusted ? () => void scan(selectors, false) : () => setTrusting(selectors)
                  }
                >
                  {overview.trusted ? 'Scan it' : 'Check its host key'}
                </Button>
              }
            >
              <p>
                {overview.trusted
                  ? 'A scan reads what is installed and what could be updated. It needs no root and changes nothing.'
                  : 'Before anything is read, you confirm that it is the right machine.'}
              </p>
            </EmptyState>
          )
        ) : (
          <Tabs
            label={`About ${host.name}`}
            value={tab}
            onChange={setTab}
            items={[
              {
                id: 'overview',
                label: 'Overview',
                content: (
                  <>
                    <GuardCard host={host.name} />
                    <OverviewTab host={host} scan={lastGood} />
                  </>
                ),
              },
              {
                id: 'updates',
                label: 'Updates',
                count: view.updates.length,
                content: <UpdatesTab updates={view.updates} removals={lastGood.removals} />,
              },
              {
                id: 'packages',
                label: 'Packages',
                count: lastGood.packages.length,
                content: <PackagesTab scan={lastGood} />,
              },
              {
                id: 'history',
                label: 'Scans',
                count: history.length,
                content: <HistoryTab history={history} />,
              },
              { id: 'drift', label: 'Drift', content: <DriftTab host={host.name} /> },
              { id: 'runs', label: 'Runs', content: <RunsTab name={host.name} /> },
            ]}
          />
        )}
      </div>
      <HostDialog
        open={dialog === 'edit'}
        host={host}
        onOpenChange={close}
        onDone={(changed) => {
          if (changed.name !== host.name)
            navigate(`/fleet/${encodeURIComponent(changed.name)}`, { replace: true });
        }}
      />
      <NewPlanDialog open={dialog === 'plan'} onOpenChange={close} selectors={selectors} names={selectors} />
      <RemoveHostsDialog
        open={dialog === 'remove'}
        onOpenChange={close}
        names={selectors}
        onRemoved={() => navigate('/fleet', { replace: true })}
      />
      <TrustDialog names={trusting} onClose={() => setTrusting(undefined)} />
    </>
  );
};

/** The latest scan failed or saw only a part: why, and from when the picture below is. */
const ScanProblem = ({
  view,
  onKeys,
  onRetry,
}: {
  view: HostView;
  onKeys: () => void;
  onRetry: () => void;
}) => {
  const { latest, lastGood } = view;
  if (latest === null || latest.state === 'ok') return null;
  if (latest.state === 'partial')
    return (
      <Notice
        tone="warn"
        title={latest.error?.message ?? 'The scan saw only a part.'}
        hint={latest.unseen.length > 0 ? `Not seen: ${latest.unseen.join(', ')}.` : latest.error?.hint}
      />
    );
  const keyed = latest.error?.code.startsWith('host.key-') === true;
  const stale = (
    <p>
      {lastGood === null ? (
        'There is no earlier scan to show.'
      ) : (
        <strong>
          Below is the last good scan, from <RelativeTime at={lastGood.finishedAt} />.
        </strong>
      )}
    </p>
  );
  return (
    <div className="stack">
      {latest.error === undefined ? (
        <Notice tone="bad" title="The latest scan failed." />
      ) : (
        <ErrorState
          error={latest.error}
          title="The latest scan failed"
          onRetry={keyed ? undefined : onRetry}
          actions={
            keyed ? (
              <Button size="sm" onClick={onKeys}>
                Look at its host key
              </Button>
            ) : undefined
          }
        />
      )}
      {stale}
    </div>
  );
};

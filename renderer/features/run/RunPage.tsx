/** One run, live: how far it is, every host, and what can be done about it. */
import { CircleCheckBig, OctagonX, RotateCcw, Undo2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { Run } from '../../../shared/model/run.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { lookOfRun } from '../../ui/states.ts';
import { RelativeTime } from '../../ui/Time.tsx';
import { AbortDialog } from './AbortDialog.tsx';
import { AcceptDialog, RetryDialog } from './AfterDialogs.tsx';
import { useAnnouncements } from './announce.ts';
import { AbortNotice, StoppedNotice } from './EndNotices.tsx';
import { GateNotice } from './GateNotice.tsx';
import { HostGrid } from './HostGrid.tsx';
import { HostPanel } from './HostPanel.tsx';
import { matching, type RunFilter, retryable, undoable } from './model.ts';
import { RollbackDialog } from './RollbackDialog.tsx';
import { RunDigest } from './RunDigest.tsx';
import { RunSummary } from './RunSummary.tsx';
import { useRunPage } from './store.ts';
import { WaveSteps } from './WaveSteps.tsx';
import './run.css';

type Open = 'abort' | 'retry' | 'rollback' | 'accept' | undefined;

export const RunPage = ({ id }: { id: string }) => {
  const { run, problem, link, lostBy, open } = useRunPage((s) => ({
    run: s.view?.run,
    problem: s.problem,
    link: s.link,
    lostBy: s.lostBy,
    open: s.open,
  }));
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` opens the run once more on request
  useEffect(() => open(id), [id, open, attempt]);

  if (problem !== undefined)
    return (
      <div className="page">
        <PageHeader title="Run" crumb={<Link href="/runs">Runs</Link>} />
        <div className="page-body">
          <ErrorState
            error={problem}
            title="The run cannot be shown"
            onRetry={() => setAttempt((count) => count + 1)}
          />
        </div>
      </div>
    );
  if (run === undefined)
    return (
      <div className="page">
        <PageHeader title="Run" crumb={<Link href="/runs">Runs</Link>} />
        <div className="page-body">
          {link === 'lost' && (
            <Notice
              tone="warn"
              title="The run cannot be read just now; it is tried again. The run itself goes on without this window."
              hint={lostBy?.message}
            />
          )}
          <Loading label="Reading the run" />
        </div>
      </div>
    );
  return <RunView key={run.id} run={run} stale={link === 'lost'} why={lostBy?.message} />;
};

/** Filter and open panel outlive a reload, not the window. */
const remembered = (id: string): { host?: string; filter?: RunFilter['state'] } => {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(`run:${id}`) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return {};
    return 'host' in kept && typeof kept.host === 'string' ? { host: kept.host } : {};
  } catch {
    return {};
  }
};

const RunView = ({ run, stale, why }: { run: Run; stale: boolean; why: string | undefined }) => {
  const { openHost, host, stopped } = useRunPage((s) => ({
    openHost: s.openHost,
    host: s.log?.host,
    stopped: s.view?.stopped,
  }));
  const [filter, setFilter] = useState<RunFilter>({ state: 'all', text: '' });
  const [dialog, setDialog] = useState<Open>();
  const announcement = useAnnouncements(run);
  const known = new Set(run.tasks.map((task) => task.host));

  // biome-ignore lint/correctness/useExhaustiveDependencies: only once, when the page opens
  useEffect(() => {
    const kept = remembered(run.id).host;
    if (kept !== undefined && known.has(kept)) openHost(kept);
  }, []);
  const show = (next: string | undefined) => {
    sessionStorage.setItem(`run:${run.id}`, JSON.stringify(next === undefined ? {} : { host: next }));
    openHost(next);
  };

  const shown = matching(run.tasks, filter);
  const task = run.tasks.find((each) => each.host === host);
  const close = (next: boolean) => setDialog(next ? dialog : undefined);
  const look = lookOfRun(run);
  const again = retryable(run);
  const back = undoable(run);
  const rebooting = run.tasks.filter((each) => each.rebootRequired === true).map((each) => each.host);

  return (
    <div className="page">
      <PageHeader
        title={`Run of ${run.snapshot.name}`}
        crumb={<Link href="/runs">Runs</Link>}
        badges={
          <>
            <Badge {...look}>{look.label}</Badge>
            {run.acceptedAt !== undefined && (
              <Badge tone="neutral" icon={CircleCheckBig}>
                accepted
              </Badge>
            )}
          </>
        }
        subtitle={
          <>
            <Link href={`/snapshots/${encodeURIComponent(run.snapshot.name)}`}>
              {run.snapshot.name}@{run.snapshot.revision}
            </Link>{' '}
            on {run.parameters.targets === 1 ? '1 host' : `${run.parameters.targets} hosts`}, started{' '}
            <RelativeTime at={run.startedAt} /> from <Link href={`/plan/${run.planId}`}>this plan</Link>
            <span className="muted mono"> · {run.id.slice(0, 8)}</span>
          </>
        }
        actions={
          <>
            {run.state !== 'finished' && (
              <Button
                variant="danger"
                icon={<OctagonX size={15} aria-hidden />}
                onClick={() => setDialog('abort')}
              >
                {run.state === 'aborting' ? 'Abort further…' : 'Abort…'}
              </Button>
            )}
            {again.length > 0 && (
              <Button icon={<RotateCcw size={15} aria-hidden />} onClick={() => setDialog('retry')}>
                Retry {again.length}…
              </Button>
            )}
            {back.length > 0 && (
              <Button icon={<Undo2 size={15} aria-hidden />} onClick={() => setDialog('rollback')}>
                {run.state === 'finished'
                  ? run.wave === undefined
                    ? 'Roll back all…'
                    : 'Roll back…'
                  : 'Abort and roll back…'}
              </Button>
            )}
            {run.state === 'finished' && run.acceptedAt === undefined && (
              <Button
                variant="primary"
                icon={<CircleCheckBig size={15} aria-hidden />}
                onClick={() => setDialog('accept')}
              >
                Accept…
              </Button>
            )}
          </>
        }
      />
      <div className="page-body run-body">
        {stale && (
          <Notice
            tone="warn"
            title="The run is not followed just now: what you see is what was known last. The run itself goes on."
            hint={why}
          />
        )}
        <AbortNotice run={run} onHost={show} />
        <StoppedNotice
          stopped={stopped}
          onHost={show}
          onRollBack={back.length > 0 && run.state === 'finished' ? () => setDialog('rollback') : undefined}
        />
        <GateNotice run={run} />
        {run.state === 'finished' && rebooting.length > 0 && (
          <Notice
            tone="warn"
            title={`${rebooting.length === 1 ? '1 host wants' : `${rebooting.length} hosts want`} a reboot: ${rebooting.join(', ')}`}
          />
        )}
        <WaveSteps run={run} />
        <RunSummary run={run} filter={filter} onFilter={setFilter} />
        <div className="run-split">
          <HostGrid tasks={shown} total={run.tasks.length} selected={host} onOpen={show} />
          {task === undefined ? (
            <RunDigest run={run} onOpen={show} />
          ) : (
            <HostPanel run={run} task={task} onClose={() => show(undefined)} />
          )}
        </div>
        <div className="visually-hidden" aria-live="polite">
          {announcement}
        </div>
      </div>
      <AbortDialog open={dialog === 'abort'} onOpenChange={close} run={run} />
      <RetryDialog open={dialog === 'retry'} onOpenChange={close} tasks={again} />
      <RollbackDialog open={dialog === 'rollback'} onOpenChange={close} run={run} hosts={undefined} />
      <AcceptDialog open={dialog === 'accept'} onOpenChange={close} run={run} />
    </div>
  );
};

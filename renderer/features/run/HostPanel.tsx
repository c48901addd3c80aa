/** One host of the run: what happened to it, what it printed, what changed, and what differs after a rollback. */
import { RotateCcw, Undo2, X } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import type { PlanAction } from '../../../shared/model/plan.ts';
import type { CaptureDifference, Run, Task } from '../../../shared/model/run.ts';
import { Badge, StatusDot } from '../../ui/Badge.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { formatDateTime, formatElapsed, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { ProgressBar } from '../../ui/Progress.tsx';
import { proofLook, taskLook } from '../../ui/states.ts';
import { Tabs } from '../../ui/Tabs.tsx';
import { Elapsed } from '../../ui/Time.tsx';
import { spell } from '../plan/words.ts';
import { RetryDialog } from './AfterDialogs.tsx';
import { type Advice, adviceFor } from './causes.ts';
import type { HostLog, Step } from './hostLog.ts';
import { isFinal, MEANING, progressOf, retryable, stepText, undoable } from './model.ts';
import { OutputView } from './OutputView.tsx';
import { RollbackDialog } from './RollbackDialog.tsx';
import { useRunPage } from './store.ts';

export const HostPanel = ({ run, task, onClose }: { run: Run; task: Task; onClose: () => void }) => {
  const log = useRunPage((s) => s.log);
  const [tab, setTab] = useState('output');
  const [dialog, setDialog] = useState<'retry' | 'rollback'>();
  const head = useRef<HTMLHeadingElement>(null);
  const look = taskLook[task.state];
  const proof = proofLook[task.proof];
  const advice = adviceFor(task);
  const { parameters } = run;
  const stepWords = useCallback(
    (step: Step) => `── ${formatDateTime(step.at).slice(11)} ${stepText(step.state, parameters)} ──`,
    [parameters],
  );
  const meaning = advice === undefined ? MEANING[task.state] : undefined;
  const canRetry = retryable(run).some((each) => each.host === task.host);
  const canUndo = undoable(run).some((each) => each.host === task.host);

  // The panel takes the focus from the cell that opened it; one that opens by itself after a reload does not.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the panel of another host takes the focus anew
  useEffect(() => {
    if (document.activeElement?.closest('.run-cell')) head.current?.focus();
  }, [task.host]);

  const close = () => {
    onClose();
    document.querySelector<HTMLElement>(`.run-cell[data-host="${CSS.escape(task.host)}"]`)?.focus();
  };

  return (
    <aside
      className="panel run-panel"
      aria-label={`Host ${task.host}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) close();
      }}
    >
      <div className="run-panel-head">
        <div className="grow">
          <h2 ref={head} tabIndex={-1} className="wrap-any">
            <Link href={`/fleet/${encodeURIComponent(task.host)}`}>{task.host}</Link>
          </h2>
          <div className="row">
            <Badge {...look}>{look.label}</Badge>
            <StatusDot {...proof}>{proof.label}</StatusDot>
            {task.wave !== undefined && run.wave !== undefined && (
              <span className="small muted">
                wave {task.wave} of {run.wave.of}
              </span>
            )}
            {task.attempt > 1 && <span className="small muted">attempt {task.attempt}</span>}
            {task.startedAt !== undefined && task.state !== 'queued' && (
              <span className="small muted">
                <Elapsed from={task.startedAt} to={task.finishedAt} />
              </span>
            )}
          </div>
        </div>
        {canRetry && (
          <Button size="sm" icon={<RotateCcw size={14} aria-hidden />} onClick={() => setDialog('retry')}>
            Retry…
          </Button>
        )}
        {canUndo && (
          <Button size="sm" icon={<Undo2 size={14} aria-hidden />} onClick={() => setDialog('rollback')}>
            Roll back…
          </Button>
        )}
        <IconButton size="sm" label="Close" icon={<X size={16} aria-hidden />} onClick={close} />
      </div>
      {!isFinal(task) && task.state !== 'queued' && (
        <div>
          <ProgressBar label={`Progress of ${task.host}`} percent={progressOf(task)} tone={look.tone} />
          <p className="small muted wrap-any">{activity(task)}</p>
        </div>
      )}
      {task.state === 'rebooting' && (
        <Notice
          tone="busy"
          title={
            <>
              <strong>Restarting.</strong> Waiting for {task.waitingFor ?? 'the host to go down'}.
            </>
          }
          hint={`It is back when another boot answers with the installed kernel and every service that ran before; after ${spell(run.parameters.rebootTimeoutSeconds)} it needs attention.`}
        />
      )}
      {meaning !== undefined && <p className="small">{`${look.label}: ${meaning}.`}</p>}
      {task.error !== undefined && <ErrorState error={task.error} />}
      {advice !== undefined && <AdviceNotice advice={advice} />}
      {task.difference !== undefined && isFinal(task) && (
        <RollbackResult difference={task.difference} onShow={() => setTab('difference')} />
      )}
      {task.rebooted === true && isFinal(task) && (
        <Notice tone="good" title="It was restarted and came back: another boot, its kernel, its services." />
      )}
      {task.rebootRequired === true && <Notice tone="warn" title="This host wants a reboot." />}
      <Tabs
        label={`About ${task.host}`}
        value={tab}
        onChange={setTab}
        items={[
          {
            id: 'output',
            label: 'Output',
            count: log === undefined ? undefined : log.lines.length + log.dropped,
            content: log?.host === task.host && (
              <OutputView key={log.host} log={log} running={!isFinal(task)} stepWords={stepWords} />
            ),
          },
          { id: 'timeline', label: 'Timeline', content: <Timeline log={log} task={task} /> },
          {
            id: 'packages',
            label: 'Packages',
            count: task.actions.length,
            content: <Packages task={task} />,
          },
          ...(task.difference === undefined
            ? []
            : [
                {
                  id: 'difference',
                  label: 'After rollback',
                  count: task.difference.versions.length + task.difference.marks.length,
                  content: <Difference difference={task.difference} />,
                },
              ]),
        ]}
      />
      <RetryDialog
        open={dialog === 'retry'}
        onOpenChange={(open) => setDialog(open ? 'retry' : undefined)}
        tasks={[task]}
      />
      <RollbackDialog
        open={dialog === 'rollback'}
        onOpenChange={(open) => setDialog(open ? 'rollback' : undefined)}
        run={run}
        hosts={[task.host]}
      />
    </aside>
  );
};

const AdviceNotice = ({ advice }: { advice: Advice }) => (
  <Notice tone="warn" title={<strong>{advice.what}</strong>}>
    <ol className="run-advice small">
      {advice.steps.map((step) => (
        <li key={step}>{step}</li>
      ))}
    </ol>
  </Notice>
);

const RollbackResult = ({ difference, onShow }: { difference: CaptureDifference; onShow: () => void }) => {
  const count = difference.versions.length + difference.marks.length;
  return difference.equal ? (
    <Notice tone="good" title="Rolled back: equal to its capture in every version, mark and hold." />
  ) : (
    <Notice
      tone="bad"
      title={`After the rollback ${plural(count, 'thing is', 'things are')} not as captured before.`}
      actions={
        <Button size="sm" onClick={onShow}>
          Show the difference
        </Button>
      }
    />
  );
};

const activity = (task: Task): string =>
  [
    task.waitingFor === undefined ? undefined : `waiting for ${task.waitingFor}`,
    task.phase,
    task.package,
    task.percent === undefined ? undefined : `${Math.round(task.percent)} %`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');

const Timeline = ({ log, task }: { log: HostLog | undefined; task: Task }) => {
  const steps = log?.steps ?? [];
  if (steps.length === 0) return <p className="muted">Its turn has not come yet.</p>;
  return (
    <ol className="run-timeline">
      {steps.map((step, index) => {
        const look = taskLook[step.state];
        const next = steps[index + 1];
        return (
          <li key={step.seq}>
            <StatusDot {...look}>{look.label}</StatusDot>
            <time className="num small muted" dateTime={step.at}>
              {formatDateTime(step.at)}
            </time>
            <span className="num small">
              {next === undefined
                ? !isFinal(task) && <Elapsed from={step.at} />
                : formatElapsed(step.at, next.at, 0)}
            </span>
            {step.error !== undefined && <span className="run-step-error small">{step.error.message}</span>}
          </li>
        );
      })}
    </ol>
  );
};

const VERB: Record<PlanAction['action'], string> = {
  install: 'install',
  upgrade: 'upgrade',
  downgrade: 'downgrade',
  remove: 'remove',
};

const Packages = ({ task }: { task: Task }) => {
  const now = new Map(task.to.map((each) => [`${each.name}:${each.arch}`, each.version]));
  if (task.actions.length === 0) return <p className="muted">Nothing is to be changed on this host.</p>;
  return (
    <ul className="run-packages">
      {task.actions.map((action) => {
        const seen = now.get(`${action.name}:${action.arch}`);
        return (
          <li key={`${action.stage}/${action.name}:${action.arch}`} data-action={action.action}>
            <span className="mono wrap-any">
              {action.name}
              <span className="muted">:{action.arch}</span>
            </span>
            <span className="small">
              {VERB[action.action]}
              {action.dependency && ', as a dependency'}, stage {action.stage}
            </span>
            <span className="mono small wrap-any">
              {action.from ?? 'not installed'} → {action.to ?? 'removed'}
            </span>
            {task.to.length > 0 && seen !== action.to && (
              <span className="small run-seen">now {seen ?? 'not installed'}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
};

const Difference = ({ difference }: { difference: CaptureDifference }) => {
  if (difference.equal)
    return <Notice tone="good" title="The host is equal to its capture: every version, mark and hold." />;
  return (
    <div className="stack">
      <Notice
        tone="bad"
        title={`${plural(difference.versions.length + difference.marks.length, 'difference')} to the capture taken before.`}
      />
      <ul className="run-packages">
        {difference.versions.map((each) => (
          <li key={`${each.name}:${each.arch}`}>
            <span className="mono wrap-any">
              {each.name}:{each.arch}
            </span>
            <span className="mono small wrap-any">
              had {each.captured ?? 'nothing'}, has {each.now ?? 'nothing'}
            </span>
          </li>
        ))}
        {difference.marks.map((each) => (
          <li key={`${each.name}:${each.arch}:${each.field}`}>
            <span className="mono wrap-any">
              {each.name}:{each.arch}
            </span>
            <span className="small">
              {each.field}: was {each.captured}, is {each.now}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
};

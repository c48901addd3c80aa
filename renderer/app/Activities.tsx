/** What is going on now: scans, plans and bundles with a way to stop them, and unfinished runs with a way to them. */
import { Play, Square } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Activity } from '../../shared/contract/system.ts';
import { FINAL_STATES, type RunSummary } from '../../shared/model/run.ts';
import { IconButton } from '../ui/Button.tsx';
import { formatBytes, formatCount, formatList, plural } from '../ui/format.ts';
import { ProgressBar } from '../ui/Progress.tsx';
import { lookOfRun } from '../ui/states.ts';
import { Elapsed, useNow } from '../ui/Time.tsx';
import { useSystem } from './systemStore.ts';

export const Activities = () => {
  const { activities, activeRuns } = useSystem((state) => ({
    activities: state.activities,
    activeRuns: state.activeRuns,
  }));
  const list = Object.values(activities).sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  if (list.length === 0 && activeRuns.length === 0) return null;
  return (
    <section aria-label="Going on now" className="stack">
      {activeRuns.map((run) => (
        <ActiveRun key={run.id} run={run} />
      ))}
      {list.map((activity) => (
        <ActivityCard key={activity.id} activity={activity} />
      ))}
    </section>
  );
};

const ActiveRun = ({ run }: { run: RunSummary }) => {
  const look = lookOfRun(run);
  const done = Object.entries(run.counts)
    .filter(([state]) => FINAL.has(state))
    .reduce((sum, [, count]) => sum + count, 0);
  const total = run.parameters.targets;
  return (
    <Link href={`/runs/${run.id}`} className="now-card" data-tone={look.tone}>
      <span className="now-title">
        <Play size={13} aria-hidden />
        <span className="truncate">{run.snapshot.name}</span>
      </span>
      <ProgressBar
        label={`Run of ${run.snapshot.name}`}
        percent={total === 0 ? undefined : (done / total) * 100}
        tone={look.tone}
      />
      <span className="small muted num">
        {look.label} · {formatCount(done)} of {plural(total, 'host')}
      </span>
    </Link>
  );
};

const FINAL: ReadonlySet<string> = FINAL_STATES;

export const ActivityCard = ({ activity }: { activity: Activity }) => {
  const cancel = useSystem((state) => state.cancel);
  const now = useNow({ fast: true });
  const [stopping, setStopping] = useState(false);
  const seconds = Math.max(1, (now - Date.parse(activity.startedAt)) / 1000);
  const rate = activity.done / seconds;
  return (
    <div className="now-card" data-tone="busy">
      <span className="now-title">
        <span className="grow truncate" title={activity.label}>
          {activity.label}
        </span>
        <IconButton
          label={stopping ? `${activity.label} is stopping` : `Stop: ${activity.label}`}
          size="sm"
          icon={<Square size={12} aria-hidden />}
          busy={stopping}
          onClick={() => {
            setStopping(true);
            void cancel(activity.id);
          }}
        />
      </span>
      <ProgressBar
        label={activity.label}
        percent={activity.total === 0 ? undefined : (activity.done / activity.total) * 100}
      />
      <span className="small muted num">
        {activity.done} of {activity.total}
        {activity.failed > 0 && <span className="now-failed">, {activity.failed} failed</span>}
        {activity.bytes !== undefined &&
          ` · ${formatBytes(activity.bytes.moved)}, ${formatBytes(activity.bytes.perSecond)}/s`}
        {activity.bytes === undefined &&
          rate >= 0.1 &&
          ` · ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`}{' '}
        · <Elapsed from={activity.startedAt} />
      </span>
      {activity.waitingFor.length > 0 && (
        <span className="small muted wrap-any">waiting for {formatList(activity.waitingFor, 3)}</span>
      )}
    </div>
  );
};

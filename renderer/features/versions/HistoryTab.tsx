/** The revisions of a snapshot as a graph, newest first: who made what from what, who vouches for it, and where it was promoted to. */
import { GitMerge, History, Rocket } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import type { Result } from '../../../shared/errors.ts';
import type { SnapshotDiff, SnapshotView } from '../../../shared/model/snapshot.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { snapshotLook } from '../../ui/states.ts';
import { toast } from '../../ui/Toast.tsx';
import { DiffView } from '../snapshots/DiffView.tsx';
import { useSnapshots } from '../snapshots/store.ts';
import { type LaneRow, lanesOf } from './lanes.ts';
import { PromoteDialog } from './PromoteDialog.tsx';
import { type GraphRevision, mergePath, shortId, useVersions } from './store.ts';
import './versions.css';

export const HistoryTab = ({ head, dirty }: { head: SnapshotView; dirty: boolean }) => {
  const { graph, restore } = useVersions((s) => ({ graph: s.graph, restore: s.restore }));
  const [, navigate] = useLocation();
  const [answer, setAnswer] = useState<Result<{ revisions: GraphRevision[] }>>();
  const [attempt, setAttempt] = useState(0);
  const [back, setBack] = useState<GraphRevision>();
  const [promoted, setPromoted] = useState<GraphRevision>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: another head or a retry asks anew
  useEffect(() => {
    let current = true;
    void graph(head.name).then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [graph, head, attempt]);

  if (answer === undefined) return <Loading label="Reading the revisions" rows={4} />;
  if (!answer.ok) return <ErrorState error={answer.error} onRetry={() => setAttempt((count) => count + 1)} />;
  const { revisions } = answer.value;
  const lanes = lanesOf(revisions);
  const width = Math.max(1, ...lanes.map(widthOf));
  const byId = new Map(revisions.map((one) => [one.id, one]));
  const unsaved = 'Save or discard the unsaved changes first';
  return (
    <>
      <ol className="ver-graph" aria-label="Revisions, newest first">
        {revisions.map((each, index) => (
          <li key={each.id} aria-label={`Revision ${each.revision}, ${shortId(each.id)}`}>
            <Lanes row={lanes[index]} width={width} head={each.head} />
            <div className="panel stack ver-revision">
              <div className="row spread">
                <div className="row">
                  <strong className="num">Revision {each.revision}</strong>
                  <Badge {...snapshotLook[each.state]}>{snapshotLook[each.state].label}</Badge>
                  {each.head && <span className="small muted">newest</span>}
                  {each.branch && (
                    <Badge tone="warn" title="It is not part of the newest revision's history.">
                      not merged
                    </Badge>
                  )}
                  <span className="small muted">
                    {each.author.name}, {formatDateTime(each.createdAt)},{' '}
                    {plural(each.entryCount, 'entry', 'entries')}
                  </span>
                </div>
                <div className="row">
                  {each.branch && each.tip && (
                    <Button
                      size="sm"
                      variant="primary"
                      icon={<GitMerge size={14} aria-hidden />}
                      disabled={dirty}
                      reason={unsaved}
                      onClick={() => navigate(mergePath(head.name, each.id))}
                    >
                      Merge…
                    </Button>
                  )}
                  <Button size="sm" icon={<Rocket size={14} aria-hidden />} onClick={() => setPromoted(each)}>
                    Promote…
                  </Button>
                  {!each.head && (
                    <Button
                      size="sm"
                      icon={<History size={14} aria-hidden />}
                      disabled={dirty}
                      reason={unsaved}
                      onClick={() => setBack(each)}
                    >
                      Restore…
                    </Button>
                  )}
                </div>
              </div>
              {each.message !== undefined && <p className="wrap-any snap-text">{each.message}</p>}
              {each.thaw !== undefined && <p className="wrap-any">Thawed: {each.thaw.reason}</p>}
              <Vouched revision={each} />
              <p className="small muted wrap-any">
                <code>{each.id}</code>
                {each.parents.length > 0 &&
                  ` from ${each.parents.map((id) => nameOf(byId.get(id), id)).join(' and ')}`}
              </p>
              {each.parents.map((id) => (
                <LazyDiff
                  key={id}
                  from={{ ref: id, label: nameOf(byId.get(id), id) }}
                  to={{ ref: each.id, label: `revision ${each.revision}` }}
                />
              ))}
            </div>
          </li>
        ))}
      </ol>
      {promoted !== undefined && (
        <PromoteDialog
          revision={promoted}
          onClose={() => setPromoted(undefined)}
          onDone={() => setAttempt((count) => count + 1)}
        />
      )}
      <ConfirmDialog
        open={back !== undefined}
        onOpenChange={(open) => {
          if (!open) setBack(undefined);
        }}
        tone="primary"
        size="lg"
        title={`Go back to revision ${back?.revision ?? ''}?`}
        confirmLabel={`Make it revision ${head.revision + 1}`}
        onConfirm={async () => {
          const result = await restore(back?.id ?? '');
          if (result.ok)
            toast({ tone: 'good', title: `Restored as ${head.name}@${result.value.snapshot.revision}` });
          return result;
        }}
      >
        <p>
          A new revision {head.revision + 1} is made with the entries of revision {back?.revision}. Nothing is
          removed from the history.
        </p>
        {back !== undefined && (
          <LazyDiff
            from={{ ref: head.id, label: `revision ${head.revision}` }}
            to={{ ref: back.id, label: `revision ${back.revision}` }}
            open
          />
        )}
      </ConfirmDialog>
    </>
  );
};

const nameOf = (revision: GraphRevision | undefined, id: string): string =>
  revision === undefined ? shortId(id) : `revision ${revision.revision} (${shortId(id)})`;

/** Who signed it, and into which environments it was let. */
const Vouched = ({ revision }: { revision: GraphRevision }) => {
  const { signatures, promotions } = revision;
  if (signatures.length + promotions.length === 0) return null;
  return (
    <ul className="ver-marks">
      {promotions.map((one) => (
        <li key={one.id}>
          <Badge tone="good" icon={Rocket}>
            promoted to {one.to}
          </Badge>{' '}
          <span className="small muted wrap-any">
            by {one.by}, {formatDateTime(one.at)}
            {one.evidence === null
              ? `, not tried before: ${one.reason ?? ''}`
              : `, tried in ${one.evidence.environment} on ${plural(one.evidence.hosts.length, 'host')}`}
          </span>
        </li>
      ))}
      {signatures.map((one) => (
        <li key={one.fingerprint}>
          <Badge tone={one.status === 'trusted' ? 'good' : 'warn'}>
            {one.status === 'trusted' ? 'signed' : `signature ${one.status}`}
          </Badge>{' '}
          <span className="small muted wrap-any">{one.signer ?? one.fingerprint}</span>
        </li>
      ))}
    </ul>
  );
};

const STEP = 16;
const DOT = 22;
const x = (lane: number): number => lane * STEP + STEP / 2;
const widthOf = (row: LaneRow): number =>
  Math.max(row.lane, ...row.incoming, ...row.through, ...row.outgoing) + 1;

/** The same is said in words beside it. */
const Lanes = ({ row, width, head }: { row: LaneRow | undefined; width: number; head: boolean }) =>
  row === undefined ? null : (
    <div className="ver-lanes" style={{ width: width * STEP }}>
      <svg width="100%" height="100%" aria-hidden>
        {row.through.map((lane) => (
          <line key={`t${lane}`} x1={x(lane)} y1="0" x2={x(lane)} y2="100%" />
        ))}
        {row.incoming.map((lane) => (
          <line key={`i${lane}`} x1={x(lane)} y1="0" x2={x(row.lane)} y2={DOT} />
        ))}
        {row.outgoing.map((lane) => (
          <line key={`o${lane}`} x1={x(row.lane)} y1={DOT} x2={x(lane)} y2="100%" />
        ))}
        <circle cx={x(row.lane)} cy={DOT} r={head ? 6 : 4.5} data-head={head ? '' : undefined} />
      </svg>
    </div>
  );

type End = { ref: string; label: string };

/** Reads the difference when it is first opened. */
const LazyDiff = ({ from, to, open: openAtFirst = false }: { from: End; to: End; open?: boolean }) => {
  const diff = useSnapshots((s) => s.diff);
  const [open, setOpen] = useState(openAtFirst);
  const [answer, setAnswer] = useState<Result<SnapshotDiff>>();
  useEffect(() => {
    if (!open) return;
    let current = true;
    void diff(from.ref, to.ref).then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [open, diff, from.ref, to.ref]);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="small">
        Difference from {from.label} to {to.label}
      </summary>
      {open &&
        (answer === undefined ? (
          <Loading label="Comparing" rows={2} />
        ) : answer.ok ? (
          <DiffView diff={answer.value} from={from.label} to={to.label} />
        ) : (
          <ErrorState error={answer.error} />
        ))}
    </details>
  );
};

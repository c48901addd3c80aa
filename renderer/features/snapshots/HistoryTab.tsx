/** The revisions of a snapshot, newest first: what each changed, and going back to one. */
import { History } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Result } from '../../../shared/errors.ts';
import type { SnapshotDiff, SnapshotSummary, SnapshotView } from '../../../shared/model/snapshot.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { snapshotLook } from '../../ui/states.ts';
import { toast } from '../../ui/Toast.tsx';
import { DiffView } from './DiffView.tsx';
import { useSnapshots } from './store.ts';

export const HistoryTab = ({ head, dirty }: { head: SnapshotView; dirty: boolean }) => {
  const { history, restore } = useSnapshots((s) => ({ history: s.history, restore: s.restore }));
  const [answer, setAnswer] = useState<Result<{ revisions: SnapshotSummary[] }>>();
  const [attempt, setAttempt] = useState(0);
  const [back, setBack] = useState<SnapshotSummary>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new head or a retry asks anew
  useEffect(() => {
    let current = true;
    void history(head.name).then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [history, head.name, head.id, attempt]);

  if (answer === undefined) return <Loading label="Reading the revisions" rows={4} />;
  if (!answer.ok) return <ErrorState error={answer.error} onRetry={() => setAttempt((count) => count + 1)} />;
  const { revisions } = answer.value;
  return (
    <ol className="snap-revisions">
      {revisions.map((each, index) => {
        const before = revisions[index + 1];
        return (
          <li key={each.id} className="panel">
            <div className="row spread">
              <div className="row">
                <strong className="num">Revision {each.revision}</strong>
                <Badge {...snapshotLook[each.state]}>{snapshotLook[each.state].label}</Badge>
                {each.head && <span className="small muted">newest</span>}
                <span className="small muted">
                  {each.author.name}, {formatDateTime(each.createdAt)},{' '}
                  {plural(each.entryCount, 'entry', 'entries')}
                </span>
              </div>
              {!each.head && (
                <Button
                  size="sm"
                  icon={<History size={14} aria-hidden />}
                  disabled={dirty}
                  reason="Save or discard the unsaved changes first"
                  onClick={() => setBack(each)}
                >
                  Restore…
                </Button>
              )}
            </div>
            {each.message !== undefined && <p className="wrap-any snap-text">{each.message}</p>}
            {each.thaw !== undefined && <p className="wrap-any">Thawed: {each.thaw.reason}</p>}
            <code className="small muted wrap-any">{each.id}</code>
            {before !== undefined && <LazyDiff name={head.name} from={before.revision} to={each.revision} />}
          </li>
        );
      })}
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
          const result = await restore(head.name, back?.revision ?? 0);
          if (result.ok) toast({ tone: 'good', title: `Restored as ${head.name}@${result.value.revision}` });
          return result;
        }}
      >
        <p>
          A new revision {head.revision + 1} is made with the entries of revision {back?.revision}. Nothing is
          removed from the history.
        </p>
        {back !== undefined && <LazyDiff name={head.name} from={head.revision} to={back.revision} open />}
      </ConfirmDialog>
    </ol>
  );
};

/** Reads the difference when it is first opened. */
const LazyDiff = ({
  name,
  from,
  to,
  open: openAtFirst = false,
}: {
  name: string;
  from: number;
  to: number;
  open?: boolean;
}) => {
  const diff = useSnapshots((s) => s.diff);
  const [open, setOpen] = useState(openAtFirst);
  const [answer, setAnswer] = useState<Result<SnapshotDiff>>();
  useEffect(() => {
    if (!open) return;
    let current = true;
    void diff(`${name}@${from}`, `${name}@${to}`).then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [open, diff, name, from, to]);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="small">
        Difference from revision {from} to {to}
      </summary>
      {open &&
        (answer === undefined ? (
          <Loading label="Comparing" rows={2} />
        ) : answer.ok ? (
          <DiffView diff={answer.value} from={`revision ${from}`} to={`revision ${to}`} />
        ) : (
          <ErrorState error={answer.error} />
        ))}
    </details>
  );
};

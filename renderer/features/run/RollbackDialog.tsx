/** Asks before a rollback, with what the host process says it will do on each host. */
import { useEffect, useState } from 'react';
import type { FrostError, Result } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { names } from './model.ts';
import { type RollbackPreview, useRunPage } from './store.ts';

export const RollbackDialog = ({
  open,
  onOpenChange,
  hosts,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Undefined: every host the run changed. */
  hosts: string[] | undefined;
}) => {
  const { preview, rollback } = useRunPage((s) => ({ preview: s.preview, rollback: s.rollback }));
  const [answer, setAnswer] = useState<Result<{ hosts: RollbackPreview }>>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const [attempt, setAttempt] = useState(0);
  const key = hosts?.join(' ');

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the hosts; `attempt` asks anew
  useEffect(() => {
    if (!open) return;
    let current = true;
    setAnswer(undefined);
    setError(undefined);
    void preview(hosts).then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [open, key, attempt, preview]);

  const list = answer?.ok === true ? answer.value.hosts : [];
  const possible = list.filter((each) => each.possible);
  const impossible = list.filter((each) => !each.possible);
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    const result = await rollback(possible.map((each) => each.host));
    setBusy(false);
    if (result.ok) onOpenChange(false);
    else setError(result.error);
  };

  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      size="lg"
      tone="bad"
      title={hosts?.length === 1 ? `Roll back ${hosts[0]}?` : 'Roll back this run?'}
      text="Puts back the versions, marks and holds each host had before its task, then compares it with its capture. The newest completed host comes first, under the run’s own limit."
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button
            variant="danger"
            busy={busy}
            disabled={possible.length === 0}
            reason={answer === undefined ? 'Still asking what it would do' : 'There is nothing to roll back'}
            onClick={() => void confirm()}
          >
            Roll back {plural(possible.length, 'host')}
          </Button>
        </>
      }
    >
      {answer === undefined && <Loading label="Asking what a rollback would do" rows={4} />}
      {answer?.ok === false && (
        <ErrorState error={answer.error} onRetry={() => setAttempt((count) => count + 1)} />
      )}
      {answer?.ok === true && list.length === 0 && (
        <Notice tone="neutral" title="No host was changed by this run: there is nothing to roll back." />
      )}
      {impossible.length > 0 && (
        <Notice
          tone="warn"
          title={`${names(
            impossible.map((each) => each.host),
            6,
          )} cannot be rolled back and ${impossible.length === 1 ? 'stays' : 'stay'} as now.`}
        >
          <ul className="small">
            {impossible.map((each) => (
              <li key={each.host}>
                <strong>{each.host}</strong>: {each.reason ?? 'no reason was given'}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {possible.map((each) => (
        <details key={each.host} className="run-preview" open={possible.length <= 3}>
          <summary>
            <strong>{each.host}</strong>: {plural(each.restores.length, 'package')}
            {each.reason !== undefined && <span className="muted small"> · {each.reason}</span>}
          </summary>
          <ul className="run-packages">
            {each.restores.map((change) => (
              <li key={`${change.name}:${change.arch}`}>
                <span className="mono wrap-any">
                  {change.name}
                  <span className="muted">:{change.arch}</span>
                </span>
                <span className="mono small wrap-any">{restored(change)}</span>
              </li>
            ))}
          </ul>
        </details>
      ))}
      {error !== undefined && <ErrorState error={error} />}
    </Dialog>
  );
};

const restored = (change: { from: string | null; to: string | null }): string => {
  if (change.to === null) return `${change.from ?? 'it'} is removed again`;
  if (change.from === null) return `${change.to} is installed again`;
  return `${change.from} → ${change.to}`;
};

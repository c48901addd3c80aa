/** Asks before a rollback, with what the host process says it will do on each host. */
import { useEffect, useState } from 'react';
import type { FrostError, Result } from '../../../shared/errors.ts';
import type { Run } from '../../../shared/model/run.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Select } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { type RollbackPreview, useRunPage, type Which } from './store.ts';
import { wavesOf } from './waves.ts';

export const RollbackDialog = ({
  open,
  onOpenChange,
  run,
  hosts,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  run: Run;
  /** Undefined: every host the run changed; a run that is not finished is aborted first. */
  hosts: string[] | undefined;
}) => {
  const { preview, rollback } = useRunPage((s) => ({ preview: s.preview, rollback: s.rollback }));
  const [answer, setAnswer] = useState<Result<{ hosts: RollbackPreview }>>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const [attempt, setAttempt] = useState(0);
  /** 0: the whole run. */
  const [wave, setWave] = useState(0);
  // Waves that changed nothing have nothing to undo.
  const waves = hosts === undefined ? wavesOf(run).filter((each) => each.standing !== 'skipped') : [];
  const key = `${hosts?.join(' ') ?? ''}/${wave}`;
  const which: Which = hosts !== undefined ? { hosts } : wave > 0 ? { wave } : {};

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for whom; `attempt` asks anew
  useEffect(() => {
    if (!open) return;
    let current = true;
    setAnswer(undefined);
    setError(undefined);
    void preview(which).then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [open, key, attempt, preview]);

  const list = answer?.ok === true ? answer.value.hosts : [];
  const possible = list.filter((each) => each.possible);
  const impossible = list.filter((each) => !each.possible);
  const aborts = hosts === undefined && wave === 0 && (run.state === 'running' || run.state === 'aborting');
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    const result = await rollback(aborts ? {} : { hosts: possible.map((each) => each.host) });
    setBusy(false);
    if (result.ok) onOpenChange(false);
    else setError(result.error);
  };

  return (
    <Dialog
      open={open}
      onClose={() => onOpenChange(false)}
      size="lg"
      tone="bad"
      title={
        hosts?.length === 1
          ? `Roll back ${hosts[0]}?`
          : wave > 0
            ? `Roll back wave ${wave}?`
            : 'Roll back this run?'
      }
      text="Puts back the versions, marks and holds each host had before its task, then compares it with its capture. The newest completed host comes first, under the run’s own limit."
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button
            variant="danger"
            busy={busy}
            disabled={answer?.ok !== true || (possible.length === 0 && !aborts)}
            reason={answer === undefined ? 'Still asking what it would do' : 'There is nothing to roll back'}
            onClick={() => void confirm()}
          >
            {aborts ? 'Abort and roll back' : 'Roll back'} {plural(possible.length, 'host')}
          </Button>
        </>
      }
    >
      {waves.length > 1 && (
        <Field label="What to roll back">
          <Select value={wave} onChange={(event) => setWave(Number(event.target.value))}>
            <option value={0}>the whole run</option>
            {waves.map((each) => (
              <option key={each.number} value={each.number}>
                wave {each.number}, {plural(each.tasks.length, 'host')}
              </option>
            ))}
          </Select>
        </Field>
      )}
      {answer === undefined && <Loading label="Asking what a rollback would do" rows={4} />}
      {answer?.ok === false && (
        <ErrorState error={answer.error} onRetry={() => setAttempt((count) => count + 1)} />
      )}
      {aborts && (
        <Notice
          tone="warn"
          title="The run is aborted first: queued hosts are not started, and hosts at work stop at the next safe point and are rolled back, too."
        />
      )}
      {answer?.ok === true && possible.length === 0 && !aborts && (
        <Notice tone="neutral" title="There is nothing to roll back; the reasons stand below." />
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
      {impossible.length > 0 && (
        <details className="run-preview" open={possible.length === 0}>
          <summary>{plural(impossible.length, 'host')} left as now</summary>
          <ul className="small">
            {impossible.map((each) => (
              <li key={each.host}>
                <strong>{each.host}</strong>: {each.reason ?? 'no reason was given'}
              </li>
            ))}
          </ul>
        </details>
      )}
      {error !== undefined && <ErrorState error={error} />}
    </Dialog>
  );
};

const restored = (change: { from: string | null; to: string | null }): string => {
  if (change.to === null) return `${change.from ?? 'it'} is removed again`;
  if (change.from === null) return `${change.to} is installed again`;
  return `${change.from} → ${change.to}`;
};

/** Ends a run early, saying what becomes of each host. */
import { useState } from 'react';
import type { Run } from '../../../shared/model/run.ts';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { Checkbox, Field, Input } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { groupOf, names } from './model.ts';
import { useRunPage } from './store.ts';

export const AbortDialog = ({
  open,
  onOpenChange,
  run,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  run: Run;
}) => {
  const abort = useRunPage((s) => s.abort);
  const [stopRunning, setStopRunning] = useState(false);
  const [reason, setReason] = useState('');
  const active = run.tasks.filter((task) => groupOf(task.state) === 'active').map((task) => task.host);
  const queued = run.tasks.filter((task) => task.state === 'queued').length;
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      title="Abort this run?"
      confirmLabel="Abort the run"
      onConfirm={() =>
        abort({ stopRunning, reason: reason.trim() === '' ? 'by the operator' : reason.trim() })
      }
    >
      <ul className="stack">
        <li>
          <strong>{plural(queued, 'queued host')}</strong> will not be started and end as “terminated”.
        </li>
        <li>
          <strong>{plural(active.length, 'host')}</strong> at work
          {active.length > 0 && ` (${names(active, 4)})`}{' '}
          {stopRunning
            ? 'stop at the next safe point: before anything is changed, or after the stage that is being applied.'
            : 'finish what they do.'}
        </li>
        <li>What was applied stays applied; it can be rolled back afterwards.</li>
      </ul>
      <Checkbox
        label="Also stop the hosts at work"
        hint="A package being installed is never interrupted: a host stops after the stage it is in."
        checked={stopRunning}
        onChange={(event) => setStopRunning(event.target.checked)}
      />
      <Field label="Reason" optional>
        <Input maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
      </Field>
    </ConfirmDialog>
  );
};

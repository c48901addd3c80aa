/** Asks why before something that stays on record is done. */
import { useState } from 'react';
import type { FrostError, Result } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Textarea } from '../../ui/Field.tsx';
import { ErrorState } from '../../ui/Notice.tsx';

export const ReasonDialog = ({
  title,
  text,
  missing,
  action,
  onReason,
  onClose,
}: {
  title: string;
  text: string;
  /** What is said where there is no reason. */
  missing: string;
  /** The button's label. */
  action: string;
  onReason: (reason: string) => Promise<Result<unknown>>;
  onClose: () => void;
}) => {
  const [reason, setReason] = useState('');
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const submit = async () => {
    setAsked(true);
    setError(undefined);
    if (reason.trim() === '') return;
    setBusy(true);
    const result = await onReason(reason.trim());
    setBusy(false);
    if (result.ok) onClose();
    else setError(result.error);
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      tone="bad"
      title={title}
      text={text}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="danger" busy={busy}>
            {action}
          </Button>
        </>
      }
    >
      <Field label="Reason" required error={asked && reason.trim() === '' ? missing : undefined}>
        <Textarea maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />
      </Field>
      {error !== undefined && <ErrorState error={error} />}
    </Dialog>
  );
};

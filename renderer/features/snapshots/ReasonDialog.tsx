/** Asks why before something that stays on record is done. */
import { useState } from 'react';
import type { Result } from '../../../shared/errors.ts';
import { Field, Textarea } from '../../ui/Field.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';

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
  const submit = async () => {
    setAsked(true);
    return reason.trim() === '' ? undefined : onReason(reason.trim());
  };
  return (
    <FormDialog onClose={onClose} tone="bad" title={title} text={text} onSubmit={submit} action={action}>
      <Field label="Reason" required error={asked && reason.trim() === '' ? missing : undefined}>
        <Textarea maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />
      </Field>
    </FormDialog>
  );
};

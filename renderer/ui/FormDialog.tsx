/** A dialog with one thing to do: what is filled in, what stood against it, and gone once it is done. */
import { type ReactNode, useState } from 'react';
import type { FrostError, Result } from '../../shared/errors.ts';
import { Button } from './Button.tsx';
import { Dialog, type DialogProps } from './Dialog.tsx';
import { ErrorState } from './Notice.tsx';

export const FormDialog = ({
  action,
  onSubmit,
  onClose,
  errorTitle,
  disabled,
  reason,
  tone,
  notice,
  children,
  ...dialog
}: Pick<DialogProps, 'title' | 'text' | 'size' | 'tone' | 'notice'> & {
  /** The button's label. */
  action: ReactNode;
  /** `undefined`: what was filled in cannot be sent yet, and the fields say why. With success the dialog closes. */
  onSubmit: () => Promise<Result<unknown> | undefined>;
  onClose: () => void;
  errorTitle?: string;
  disabled?: boolean;
  /** Why it is disabled. */
  reason?: string;
  children: ReactNode;
}) => {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const submit = async () => {
    setError(undefined);
    setBusy(true);
    const result = await onSubmit();
    setBusy(false);
    if (result === undefined) return;
    if (result.ok) onClose();
    else setError(result.error);
  };
  return (
    <Dialog
      {...dialog}
      {...(tone === undefined ? {} : { tone })}
      onClose={onClose}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      notice={
        <>
          {notice}
          {error !== undefined && (
            <ErrorState {...(errorTitle === undefined ? {} : { title: errorTitle })} error={error} />
          )}
        </>
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant={tone === 'bad' ? 'danger' : 'primary'}
            busy={busy}
            disabled={disabled === true}
            {...(reason === undefined ? {} : { reason })}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  );
};

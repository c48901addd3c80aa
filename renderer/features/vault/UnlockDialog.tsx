/** Opens the vault, or makes it: then the passphrase is asked twice, for nobody can recover it. */
import { type FormEvent, useState } from 'react';
import type { FrostError } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { useVault } from './store.ts';

/** Shorter ones are guessed in hours from a stolen laptop, whatever the key derivation. */
const MIN_NEW = 10;

export const UnlockDialog = ({ state }: { state: 'absent' | 'locked' | 'unlocked' }) => {
  const { asking, dismiss } = useVault((vault) => ({ asking: vault.asking, dismiss: vault.dismiss }));
  return (
    <Dialog
      open={asking}
      onClose={dismiss}
      title={state === 'absent' ? 'Create the vault' : 'Unlock the vault'}
      text={
        state === 'absent'
          ? 'Passwords and key passphrases of hosts are kept encrypted under one passphrase. It cannot be recovered: without it they must be typed in again.'
          : 'It keeps the passwords and key passphrases of your hosts. It is locked again when Frostline ends.'
      }
    >
      {asking && <UnlockForm create={state === 'absent'} />}
    </Dialog>
  );
};

const UnlockForm = ({ create }: { create: boolean }) => {
  const { unlock, dismiss } = useVault((vault) => ({ unlock: vault.unlock, dismiss: vault.dismiss }));
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ field: 'first' | 'second'; text: string }>();
  const [error, setError] = useState<FrostError>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(undefined);
    if (passphrase === '') return setProblem({ field: 'first', text: 'Type the passphrase.' });
    if (create && passphrase.length < MIN_NEW)
      return setProblem({ field: 'first', text: `At least ${MIN_NEW} characters; a few words are good.` });
    if (create && passphrase !== again)
      return setProblem({ field: 'second', text: 'The two are not the same.' });
    setProblem(undefined);
    setBusy(true);
    const result = await unlock(passphrase);
    setBusy(false);
    if (result.ok) return;
    if (result.error.code === 'vault.wrong-passphrase') {
      setProblem({ field: 'first', text: result.error.message });
      setPassphrase('');
    } else setError(result.error);
  };

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Field label="Passphrase" error={problem?.field === 'first' ? problem.text : undefined}>
        <Input
          type="password"
          autoFocus
          autoComplete={create ? 'new-password' : 'current-password'}
          maxLength={1024}
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
        />
      </Field>
      {create && (
        <Field label="The same again" error={problem?.field === 'second' ? problem.text : undefined}>
          <Input
            type="password"
            autoComplete="new-password"
            maxLength={1024}
            value={again}
            onChange={(event) => setAgain(event.target.value)}
          />
        </Field>
      )}
      {error !== undefined && <ErrorState error={error} title="The vault could not be opened" />}
      <div className="form-end">
        <Button onClick={dismiss}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {create ? 'Create' : 'Unlock'}
        </Button>
      </div>
    </form>
  );
};

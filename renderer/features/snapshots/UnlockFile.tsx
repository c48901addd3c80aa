/** An encrypted file wants a passphrase or an age identity before anything of it can be shown. Neither is kept. */
import { LockKeyhole } from 'lucide-react';
import { useRef, useState } from 'react';
import type { FrostError } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { Notice } from '../../ui/Notice.tsx';
import type { Incoming } from './store.ts';

export const isLocked = (error: FrostError): boolean =>
  error.code === 'exchange.encrypted' || error.code === 'exchange.wrong-key';

export const UnlockFile = ({
  error,
  wrong,
  onKey,
}: {
  error: FrostError;
  /** A key was tried already. */
  wrong: boolean;
  onKey: (key: NonNullable<Incoming['key']>) => void;
}) => {
  const [passphrase, setPassphrase] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const open = () => {
    if (passphrase !== '') onKey({ passphrase });
  };
  return (
    <section className="panel stack" aria-label="Encrypted file">
      <Notice tone={wrong ? 'bad' : 'neutral'} title={error.message} hint={error.hint} />
      <Field label="Passphrase of the file">
        <Input
          type="password"
          value={passphrase}
          onChange={(event) => setPassphrase(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') open();
          }}
        />
      </Field>
      <div className="row">
        <Button
          variant="primary"
          icon={<LockKeyhole size={15} aria-hidden />}
          disabled={passphrase === ''}
          reason="Type the passphrase first"
          onClick={open}
        >
          Open the file
        </Button>
        <input
          ref={input}
          type="file"
          className="visually-hidden"
          aria-label="age identity file"
          tabIndex={-1}
          onChange={(event) => {
            const [file] = event.target.files ?? [];
            event.target.value = '';
            if (file !== undefined)
              void file.text().then((identity) => onKey({ identity: identity.slice(0, 100_000) }));
          }}
        />
        <Button onClick={() => input.current?.click()}>Use an age identity file…</Button>
      </div>
    </section>
  );
};

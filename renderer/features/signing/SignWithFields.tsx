/** With what is signed: a key file or the agent of the machine the console runs on, or a signature made elsewhere. */
import { useState } from 'react';
import type { SignWith } from '../../../shared/contract/signatures.ts';
import { type FrostError, frostError, type Result } from '../../../shared/errors.ts';
import { Field, Input, Segmented, Textarea } from '../../ui/Field.tsx';

type Kind = SignWith['kind'];

export type SigningForm = {
  kind: Kind;
  file: string;
  passphrase: string;
  fingerprint: string;
  armor: string;
};

const EMPTY: SigningForm = {
  kind: 'file',
  file: '~/.ssh/id_ed25519',
  passphrase: '',
  fingerprint: '',
  armor: '',
};

/** What was filled in, as it is asked for. Errors: `input.invalid`. */
const signWithOf = ({ kind, file, passphrase, fingerprint, armor }: SigningForm): Result<SignWith> => {
  switch (kind) {
    case 'file':
      return file.trim() === ''
        ? { ok: false, error: frostError('input.invalid', 'Name the key file.') }
        : {
            ok: true,
            value: { kind, file: file.trim(), ...(passphrase === '' ? {} : { passphrase }) },
          };
    case 'agent':
      return {
        ok: true,
        value: { kind, ...(fingerprint.trim() === '' ? {} : { fingerprint: fingerprint.trim() }) },
      };
    case 'signature':
      return { ok: true, value: { kind, armor: armor.trim() } };
  }
};

/** The form, and signing with it; secrets are forgotten once they were used. */
export const useSignWith = () => {
  const [form, setForm] = useState(EMPTY);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  /** True: it was signed. */
  const sign = async <T,>(
    how: (signWith: SignWith) => Promise<Result<T>>,
    done: (signed: T) => void,
  ): Promise<void> => {
    const filled = signWithOf(form);
    if (!filled.ok) return setError(filled.error);
    setBusy(true);
    setError(undefined);
    const result = await how(filled.value);
    setBusy(false);
    if (!result.ok) return setError(result.error);
    setForm((now) => ({ ...now, passphrase: '', armor: '' }));
    done(result.value);
  };
  const change = (changed: Partial<SigningForm>): void => {
    if (changed.kind !== undefined) setError(undefined);
    setForm((now) => ({ ...now, ...changed }));
  };
  return {
    form,
    change,
    busy,
    error,
    setError,
    sign,
    label: form.kind === 'signature' ? 'Add the signature' : 'Sign',
  };
};

export const SignWithFields = ({
  form,
  change,
  text,
}: {
  form: SigningForm;
  change: (changed: Partial<SigningForm>) => void;
  /** What is signed. */
  text: string;
}) => (
  <>
    <Segmented
      label="Sign with"
      value={form.kind}
      onChange={(kind) => change({ kind })}
      options={[
        { value: 'file', label: 'A key file' },
        { value: 'agent', label: 'The SSH agent' },
        { value: 'signature', label: 'A signature made elsewhere' },
      ]}
    />
    {form.kind === 'file' && (
      <>
        <Field label="Private key" required hint="A path on the machine this console runs on.">
          <Input mono value={form.file} onChange={(event) => change({ file: event.target.value })} />
        </Field>
        <Field label="Its passphrase" optional hint="Used once, and not kept.">
          <Input
            type="password"
            value={form.passphrase}
            onChange={(event) => change({ passphrase: event.target.value })}
          />
        </Field>
      </>
    )}
    {form.kind === 'agent' && (
      <Field label="Fingerprint" optional hint="Which key, where the agent has several: SHA256:…">
        <Input
          mono
          value={form.fingerprint}
          onChange={(event) => change({ fingerprint: event.target.value })}
        />
      </Field>
    )}
    {form.kind === 'signature' && (
      <Field
        label="Signature"
        required
        hint={
          <>
            Made with{' '}
            <code className="wrap-any">printf %s {text} | ssh-keygen -Y sign -n frostline -f KEY</code>
          </>
        }
      >
        <Textarea
          mono
          rows={6}
          value={form.armor}
          placeholder="-----BEGIN SSH SIGNATURE-----"
          onChange={(event) => change({ armor: event.target.value })}
        />
      </Field>
    )}
  </>
);

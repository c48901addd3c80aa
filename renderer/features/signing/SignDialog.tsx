/** The signatures of a snapshot's newest revision, and adding one's own: with a key file or the agent of the machine the console runs on. */
import { type FormEvent, useEffect, useState } from 'react';
import type { SignWith } from '../../../shared/contract/signatures.ts';
import { type FrostError, frostError } from '../../../shared/errors.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Input, Segmented, Textarea } from '../../ui/Field.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { toast } from '../../ui/Toast.tsx';
import { SignatureList } from './SignatureList.tsx';
import { type Signed, useSigning } from './store.ts';

type Kind = SignWith['kind'];

export const SignDialog = ({
  snapshot,
  onClose,
}: {
  snapshot: { name: string; revision: number; id: string };
  onClose: () => void;
}) => {
  const { signatures, sign } = useSigning((s) => ({ signatures: s.signatures, sign: s.sign }));
  const [signed, setSigned] = useState<Signed>();
  const [kind, setKind] = useState<Kind>('file');
  const [file, setFile] = useState('~/.ssh/id_ed25519');
  const [passphrase, setPassphrase] = useState('');
  const [fingerprint, setFingerprint] = useState('');
  const [armor, setArmor] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const { id } = snapshot;

  useEffect(() => {
    let current = true;
    void signatures(id).then((result) => {
      if (!current) return;
      if (result.ok) setSigned(result.value);
      else setError(result.error);
    });
    return () => {
      current = false;
    };
  }, [id, signatures]);

  const how = (): SignWith => {
    switch (kind) {
      case 'file':
        return { kind, file: file.trim(), ...(passphrase === '' ? {} : { passphrase }) };
      case 'agent':
        return { kind, ...(fingerprint.trim() === '' ? {} : { fingerprint: fingerprint.trim() }) };
      case 'signature':
        return { kind, armor: armor.trim() };
    }
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (kind === 'file' && file.trim() === '')
      return setError(frostError('input.invalid', 'Name the key file.'));
    setBusy(true);
    setError(undefined);
    const result = await sign(id, how());
    setBusy(false);
    if (!result.ok) return setError(result.error);
    setSigned(result.value);
    setPassphrase('');
    setArmor('');
    toast({ tone: 'good', title: `Signed ${snapshot.name}@${snapshot.revision}` });
  };

  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      size="lg"
      title={`Signatures of ${snapshot.name}@${snapshot.revision}`}
      text="A signature vouches for exactly this revision, by its content hash. The next edit makes a revision without any."
      onSubmit={(event) => void submit(event)}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {kind === 'signature' ? 'Add the signature' : 'Sign'}
          </Button>
        </>
      }
    >
      {signed === undefined && error === undefined && <Loading label="Reading the signatures" rows={2} />}
      {signed !== undefined && (
        <section className="panel stack" aria-label="Signed by">
          <SignatureList signatures={signed.signatures} empty="Nobody has signed it yet." />
          {signed.wanted.map((one) => (
            <div key={`${one.environment} ${one.purpose}`} className="row">
              <Badge tone={one.suffices ? 'good' : 'warn'}>{one.suffices ? 'enough' : 'not enough'}</Badge>
              <span>
                {one.environment} wants {one.need} to {one.purpose}; {one.signers.length} so far
              </span>
            </div>
          ))}
        </section>
      )}
      <Segmented
        label="Sign with"
        value={kind}
        onChange={(next) => {
          setKind(next);
          setError(undefined);
        }}
        options={[
          { value: 'file', label: 'A key file' },
          { value: 'agent', label: 'The SSH agent' },
          { value: 'signature', label: 'A signature made elsewhere' },
        ]}
      />
      {kind === 'file' && (
        <>
          <Field label="Private key" required hint="A path on the machine this console runs on.">
            <Input mono value={file} onChange={(event) => setFile(event.target.value)} />
          </Field>
          <Field label="Its passphrase" optional hint="Used once, and not kept.">
            <Input
              type="password"
              value={passphrase}
              onChange={(event) => setPassphrase(event.target.value)}
            />
          </Field>
        </>
      )}
      {kind === 'agent' && (
        <Field label="Fingerprint" optional hint="Which key, where the agent has several: SHA256:…">
          <Input mono value={fingerprint} onChange={(event) => setFingerprint(event.target.value)} />
        </Field>
      )}
      {kind === 'signature' && (
        <Field
          label="Signature"
          required
          hint={
            <>
              Made with{' '}
              <code className="wrap-any">printf %s {id} | ssh-keygen -Y sign -n frostline -f KEY</code>
            </>
          }
        >
          <Textarea
            mono
            rows={6}
            value={armor}
            placeholder="-----BEGIN SSH SIGNATURE-----"
            onChange={(event) => setArmor(event.target.value)}
          />
        </Field>
      )}
      {error !== undefined && <ErrorState error={error} />}
    </Dialog>
  );
};

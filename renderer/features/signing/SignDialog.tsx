/** The signatures of a snapshot's newest revision, and adding one's own: with a key file or the agent of the machine the console runs on. */
import { type FormEvent, useEffect, useState } from 'react';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { toast } from '../../ui/Toast.tsx';
import { SignatureList } from './SignatureList.tsx';
import { SignWithFields, useSignWith } from './SignWithFields.tsx';
import { type Signed, useSigning } from './store.ts';

export const SignDialog = ({
  snapshot,
  onClose,
}: {
  snapshot: { name: string; revision: number; id: string };
  onClose: () => void;
}) => {
  const { signatures, sign } = useSigning((s) => ({ signatures: s.signatures, sign: s.sign }));
  const [signed, setSigned] = useState<Signed>();
  const own = useSignWith();
  const { busy, error, setError } = own;
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
  }, [id, signatures, setError]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void own.sign(
      (how) => sign(id, how),
      (added) => {
        setSigned(added);
        toast({ tone: 'good', title: `Signed ${snapshot.name}@${snapshot.revision}` });
      },
    );
  };

  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={`Signatures of ${snapshot.name}@${snapshot.revision}`}
      text="A signature vouches for exactly this revision, by its content hash. The next edit makes a revision without any."
      onSubmit={submit}
      notice={error !== undefined && <ErrorState error={error} />}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {own.label}
          </Button>
        </>
      }
    >
      <SignWithFields form={own.form} change={own.change} text={id} />
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
    </Dialog>
  );
};

/** Whose signatures are trusted on this console, and how many of them each environment wants. */
import { FileUp, KeyRound, Plus, ShieldCheck } from 'lucide-react';
import { useRef, useState } from 'react';
import type { SigningPolicy } from '../../../shared/model/signature.ts';
import { present } from '../../app/loadable.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { RelativeTime } from '../../ui/Time.tsx';
import { toast, toastError } from '../../ui/Toast.tsx';
import { AddSignerDialog, PolicyDialog } from './dialogs.tsx';
import { signatureLook } from './SignatureList.tsx';
import { type Known, type KnownSigner, useSigning } from './store.ts';
import './signing.css';

type Open =
  | { kind: 'add' }
  | { kind: 'policy'; policy: SigningPolicy | undefined }
  | { kind: 'revoke' | 'remove'; signer: KnownSigner }
  | undefined;

export const SigningPage = () => {
  const { loadable, reload, importSigners } = useSigning((s) => ({
    loadable: s.known,
    reload: s.reload,
    importSigners: s.importSigners,
  }));
  const [open, setOpen] = useState<Open>();
  const input = useRef<HTMLInputElement>(null);
  const known = present(loadable);

  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    const result = await importSigners(await file.text());
    if (!result.ok) return toastError('No signers were taken in', result.error);
    const { added, skipped } = result.value;
    toast({
      tone: skipped.length > 0 ? 'warn' : 'good',
      title: `${plural(added, 'signer')} taken in`,
      ...(skipped.length === 0
        ? {}
        : { text: skipped.map((one) => `Line ${one.line} was left out: ${one.reason}.`).join(' ') }),
    });
  };

  return (
    <div className="page">
      <PageHeader
        title="Signing"
        subtitle="Whose signatures of snapshots are trusted here, and how many of them an environment wants."
        actions={
          <>
            <input
              ref={input}
              type="file"
              className="visually-hidden"
              aria-label="Allowed signers file"
              tabIndex={-1}
              onChange={(event) => {
                void take(event.target.files?.[0]);
                event.target.value = '';
              }}
            />
            <Button icon={<FileUp size={15} aria-hidden />} onClick={() => input.current?.click()}>
              Import signers…
            </Button>
            <Button
              variant="primary"
              icon={<Plus size={15} aria-hidden />}
              onClick={() => setOpen({ kind: 'add' })}
            >
              Add a signer…
            </Button>
          </>
        }
      />
      <div className="page-body">
        {loadable.status === 'error' && (
          <ErrorState
            title="The signers cannot be read"
            error={loadable.error}
            onRetry={() => void reload()}
          />
        )}
        {known === undefined && loadable.status === 'loading' && <Loading label="Reading the signers" />}
        {known !== undefined && <Sections known={known} onOpen={setOpen} />}
      </div>
      {open?.kind === 'add' && <AddSignerDialog onClose={() => setOpen(undefined)} />}
      {open?.kind === 'policy' && <PolicyDialog policy={open.policy} onClose={() => setOpen(undefined)} />}
      {(open?.kind === 'revoke' || open?.kind === 'remove') && (
        <EndDialog kind={open.kind} signer={open.signer} onClose={() => setOpen(undefined)} />
      )}
    </div>
  );
};

const signerColumns = (onOpen: (open: Open) => void): readonly Column<KnownSigner>[] => [
  {
    id: 'signer',
    header: 'Signer',
    min: 14,
    grow: 1,
    sort: (one) => one.principals.join(),
    cell: (one) => <span className="wrap-any">{one.principals.join(', ')}</span>,
  },
  {
    id: 'status',
    header: 'Status',
    min: 7,
    sort: (one) => one.status,
    cell: (one) => <Badge {...signatureLook[one.status]}>{signatureLook[one.status].label}</Badge>,
  },
  {
    id: 'key',
    header: 'Key',
    min: 22,
    grow: 2,
    cell: (one) => (
      <span className="mono small wrap-any">
        {one.keyType} {one.fingerprint}
      </span>
    ),
  },
  {
    id: 'until',
    header: 'Valid until',
    min: 8,
    sort: (one) => one.validBefore,
    cell: (one) =>
      one.validBefore === undefined ? (
        <span className="muted">always</span>
      ) : (
        <RelativeTime at={one.validBefore} />
      ),
  },
  {
    id: 'actions',
    header: 'Actions',
    min: 12,
    cell: (one) => (
      <span className="row">
        {one.status !== 'revoked' && (
          <Button
            size="sm"
            aria-label={`Revoke ${one.principals[0]}`}
            onClick={() => onOpen({ kind: 'revoke', signer: one })}
          >
            Revoke…
          </Button>
        )}
        <Button
          size="sm"
          variant="ghost"
          aria-label={`Remove ${one.principals[0]}`}
          onClick={() => onOpen({ kind: 'remove', signer: one })}
        >
          Remove…
        </Button>
      </span>
    ),
  },
];

const Sections = ({ known, onOpen }: { known: Known; onOpen: (open: Open) => void }) => (
  <div className="signing-sections">
    <section className="stack" aria-label="Signers">
      {known.signers.length === 0 ? (
        <EmptyState icon={KeyRound} title="Nobody is trusted yet">
          <p>
            Files are taken in by their content hashes alone, signed or not. With the first signer that
            changes: then only files signed by one of them come in. An allowed signers file of OpenSSH can be
            imported.
          </p>
        </EmptyState>
      ) : (
        <DataTable
          label="Signers"
          noun="signer"
          columns={signerColumns(onOpen)}
          rows={known.signers}
          rowKey={(one) => `${one.fingerprint} ${one.principals.join()}`}
          rowLabel={(one) => one.principals[0] ?? ''}
        />
      )}
    </section>
    <section className="panel stack" aria-label="Policies">
      <div className="row">
        <ShieldCheck size={17} aria-hidden />
        <h2 className="grow">What environments want</h2>
        <Button
          icon={<Plus size={15} aria-hidden />}
          onClick={() => onOpen({ kind: 'policy', policy: undefined })}
        >
          Add a policy…
        </Button>
      </div>
      {known.policies.length === 0 && <p className="muted">No environment wants signatures.</p>}
      {known.policies.map((policy) => (
        <div key={policy.environment} className="row">
          <div className="grow">
            <strong>{policy.environment}</strong> wants {policy.freeze} to freeze, {policy.promote} to
            promote, {policy.deploy} to deploy
            {policy.fourEyes && '; the author does not count'}
            {policy.requirePromotion === true && '; only what was promoted into it is deployed'}
            {policy.requireEvidence === true && '; only what was tried is promoted'}
            {policy.signers.length > 0 && <span className="wrap-any">; of {policy.signers.join(', ')}</span>}.
          </div>
          <Button
            size="sm"
            aria-label={`Change the policy of ${policy.environment}`}
            onClick={() => onOpen({ kind: 'policy', policy })}
          >
            Change…
          </Button>
        </div>
      ))}
    </section>
    {known.revoked.length > 0 && (
      <section className="panel stack" aria-label="Revoked keys">
        <h2>Revoked keys</h2>
        <ul className="signatures">
          {known.revoked.map((key) => (
            <li key={key.fingerprint}>
              <Badge {...signatureLook.revoked}>revoked</Badge>
              <div className="grow">
                <div className="mono small wrap-any">{key.fingerprint}</div>
                <div className="small wrap-any">
                  <RelativeTime at={key.at} /> {key.reason}
                </div>
              </div>
            </li>
          ))}
        </ul>
      </section>
    )}
  </div>
);

const EndDialog = ({
  kind,
  signer,
  onClose,
}: {
  kind: 'revoke' | 'remove';
  signer: KnownSigner;
  onClose: () => void;
}) => {
  const { revoke, remove } = useSigning((s) => ({ revoke: s.revoke, remove: s.remove }));
  const [reason, setReason] = useState('');
  const name = signer.principals[0] ?? signer.fingerprint;
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={kind === 'revoke' ? `Revoke the key of ${name}?` : `Remove ${name}?`}
      confirmLabel={kind === 'revoke' ? 'Revoke the key' : 'Remove the signer'}
      onConfirm={() =>
        kind === 'revoke' ? revoke(signer.fingerprint, reason.trim()) : remove(signer.fingerprint)
      }
    >
      {kind === 'revoke' ? (
        <>
          <p>
            Nothing this key has signed counts any more, from now on and for ever: not in files, not for
            policies, not in runs that wait. This cannot be taken back.
          </p>
          <Field label="Reason" optional>
            <Input maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
          </Field>
        </>
      ) : (
        <p>What {name} has signed is then signed by an unknown key. It can be added again.</p>
      )}
    </ConfirmDialog>
  );
};

/** Letting one revision into an environment, with the run that tried it. What was not tried wants a reason, where the policy leaves it to one. */
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { FrostError, Result } from '../../../shared/errors.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { Checkbox, Field, Input, Textarea } from '../../ui/Field.tsx';
import { formatDateTime, formatList } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { verdictLook } from '../../ui/states.ts';
import { toast } from '../../ui/Toast.tsx';
import { type GraphRevision, type Promotable, useVersions } from './store.ts';

export const PromoteDialog = ({
  revision,
  onClose,
  onDone,
}: {
  revision: GraphRevision;
  onClose: () => void;
  onDone: () => void;
}) => {
  const { promotable, promote } = useVersions((s) => ({ promotable: s.promotable, promote: s.promote }));
  const [to, setTo] = useState('production');
  const [looked, setLooked] = useState<Result<Promotable>>();
  const [anyway, setAnyway] = useState(false);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const environment = to.trim();

  useEffect(() => {
    setLooked(undefined);
    setAnyway(false);
    setError(undefined);
    if (environment === '') return;
    let current = true;
    void promotable({ ref: revision.id, to: environment }).then((result) => {
      if (current) setLooked(result);
    });
    return () => {
      current = false;
    };
  }, [promotable, revision.id, environment]);

  const found = looked?.ok === true ? looked.value : undefined;
  const untried = found?.refusal?.code === 'policy.promotion';
  const offered = untried && found.withoutEvidence;
  const possible =
    found !== undefined && (found.refusal === undefined || (offered && anyway && reason.trim() !== ''));

  const confirm = async () => {
    setBusy(true);
    const result = await promote({
      ref: revision.id,
      to: environment,
      withoutEvidence: anyway,
      ...(reason.trim() === '' ? {} : { reason }),
    });
    setBusy(false);
    if (!result.ok) return setError(result.error);
    toast({
      tone: 'good',
      title: `${revision.name}@${revision.revision} was promoted to ${environment}`,
    });
    onDone();
    onClose();
  };

  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={`Promote revision ${revision.revision} of ${revision.name}`}
      text="Exactly this revision, by its content hash. One that is edited, merged or frozen anew is another one."
      notice={error !== undefined && <ErrorState error={error} />}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            variant="primary"
            busy={busy}
            disabled={!possible}
            reason={found === undefined ? 'Name the environment first' : 'It is refused as it stands'}
            onClick={() => void confirm()}
          >
            Promote to {environment === '' ? '…' : environment}
          </Button>
        </>
      }
    >
      <Field label="To environment">
        <Input mono value={to} onChange={(event) => setTo(event.target.value)} />
      </Field>
      {looked === undefined && environment !== '' && <Loading label="Looking for runs of it" rows={2} />}
      {looked?.ok === false && <ErrorState error={looked.error} />}
      {found?.evidence !== undefined && <Evidence evidence={found.evidence} />}
      {found?.refusal !== undefined && <ErrorState error={found.refusal} />}
      {offered && (
        <Checkbox
          label="Promote it although it was not tried"
          checked={anyway}
          onChange={(event) => setAnyway(event.target.checked)}
        />
      )}
      {found !== undefined && (found.refusal === undefined || anyway) && (
        <Field label="Reason" optional={!anyway} required={anyway} hint="Kept with the promotion.">
          <Textarea rows={2} value={reason} onChange={(event) => setReason(event.target.value)} />
        </Field>
      )}
      {found !== undefined && found.signatures.length > 0 && (
        <p className="small wrap-any">
          Signed by{' '}
          {formatList(found.signatures.map((one) => `${one.signer ?? one.fingerprint} (${one.status})`))}
        </p>
      )}
    </Dialog>
  );
};

const Evidence = ({ evidence }: { evidence: NonNullable<Promotable['evidence']> }) => {
  const look = verdictLook[evidence.verdict];
  return (
    <section className="panel stack" aria-label="The run that tried it">
      <div className="row">
        <Badge {...look}>{look.label}</Badge>
        <span>
          in <strong>{evidence.environment}</strong>, {formatDateTime(evidence.finishedAt)}
        </span>
        <Link href={`/runs/${evidence.run}`}>Show the run</Link>
      </div>
      <dl className="facts">
        <dt>Hosts</dt>
        <dd className="wrap-any">{formatList(evidence.hosts)}</dd>
        <dt>Tasks</dt>
        <dd>
          {Object.entries(evidence.counts)
            .filter(([, count]) => count > 0)
            .map(([state, count]) => `${count} ${state}`)
            .join(', ')}
        </dd>
      </dl>
    </section>
  );
};

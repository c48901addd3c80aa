/**
 * Host keys: an unknown one is shown with its fingerprint and asked about once; a changed or revoked one is a hard stop that
 * no single click gets past.
 */
import { useCallback, useEffect, useState } from 'react';
import { type FrostError, frostError, ok } from '../../../shared/errors.ts';
import type { HostTrust } from '../../../shared/model/host.ts';
import { useClient } from '../../transport/client.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/Dialog.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { formatList, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { toast } from '../../ui/Toast.tsx';
import { selectorsOf } from './selection.ts';
import { useFleet } from './store.ts';
import { groupTrust, switched } from './trust.ts';

export const TrustDialog = ({
  names,
  onClose,
}: {
  /** Hosts whose keys are asked for; undefined: closed. */
  names: readonly string[] | undefined;
  onClose: () => void;
}) => {
  const [hardStop, setHardStop] = useState(false);
  return (
    <Dialog
      open={names !== undefined}
      onClose={onClose}
      size="lg"
      {...(hardStop ? { tone: 'bad' as const } : {})}
      title={hardStop ? 'Stop: host keys are not what they were' : 'Host keys'}
      text="Who answers at a host's address proves it with its key. Compare the fingerprints with what the hosts themselves show before you trust them."
    >
      {names !== undefined && (
        <TrustBody key={names.join('\n')} names={names} close={onClose} onHardStop={setHardStop} />
      )}
    </Dialog>
  );
};

const TrustBody = ({
  names,
  close,
  onHardStop,
}: {
  names: readonly string[];
  close: () => void;
  onHardStop: (stop: boolean) => void;
}) => {
  const client = useClient();
  const scan = useFleet((state) => state.scan);
  const [answers, setAnswers] = useState<readonly HostTrust[]>();
  const [error, setError] = useState<FrostError>();
  const [busy, setBusy] = useState(false);
  const [forgetting, setForgetting] = useState<HostTrust>();

  const askAll = useCallback(
    async (signal?: AbortSignal) => {
      setError(undefined);
      setAnswers(undefined);
      const result = await client.call(
        'hosts.trust',
        { selectors: selectorsOf(names), acceptNew: false },
        signal,
      );
      if (signal?.aborted) return;
      if (!result.ok) return setError(result.error);
      setAnswers(result.value.hosts);
      onHardStop(result.value.hosts.some((each) => each.status === 'changed' || each.status === 'revoked'));
    },
    [client, names, onHardStop],
  );
  useEffect(() => {
    const abort = new AbortController();
    void askAll(abort.signal);
    return () => abort.abort();
  }, [askAll]);

  const accept = async (shown: readonly HostTrust[]) => {
    setBusy(true);
    const result = await client.call('hosts.trust', {
      selectors: selectorsOf(shown.map((each) => each.name)),
      acceptNew: true,
    });
    setBusy(false);
    if (!result.ok) return setError(result.error);
    const others = switched(shown, result.value.hosts);
    for (const host of others) await client.call('hosts.forgetKey', { hostId: host.hostId });
    if (others.length > 0) {
      onHardStop(true);
      return setError(
        frostError(
          'host.key-changed',
          `${formatList(others.map((each) => each.name))} offered another key when it was accepted than the one shown here. It was not kept.`,
          { hint: 'Somebody may sit between you and the host. Compare the fingerprint on the host itself.' },
        ),
      );
    }
    const trusted = result.value.hosts.filter((each) => each.status === 'trusted').map((each) => each.name);
    toast({
      tone: 'good',
      title: `Trusted the ${trusted.length === 1 ? 'key' : 'keys'} of ${plural(trusted.length, 'host')}`,
      action: { label: 'Scan now', run: () => void scan(selectorsOf(trusted), false) },
    });
    close();
  };

  if (error !== undefined)
    return (
      <>
        <ErrorState error={error} onRetry={() => void askAll()} />
        <div className="form-end">
          <Button onClick={close}>Close</Button>
        </div>
      </>
    );
  if (answers === undefined)
    return <Loading label={`Asking ${plural(names.length, 'host')} for their keys`} rows={4} />;
  const groups = groupTrust(answers);
  return (
    <>
      {groups.changed.map((each) => (
        <Changed key={each.hostId} trust={each} onForget={() => setForgetting(each)} />
      ))}
      {groups.revoked.map((each) => (
        <Notice
          key={each.hostId}
          tone="bad"
          title={
            <>
              <strong>{each.name}</strong> offers a key that was revoked. It is never trusted.
            </>
          }
          hint={each.detail ?? 'Give the host a new key, or remove the @revoked line if it was a mistake.'}
        >
          <Fingerprint trust={each} />
        </Notice>
      ))}
      {groups.unknown.length > 0 && (
        <section className="stack">
          <h3>{plural(groups.unknown.length, 'new key')}</h3>
          <ul className="keys-list">
            {groups.unknown.map((each) => (
              <li key={each.hostId}>
                <strong>{each.name}</strong>
                <Fingerprint trust={each} />
              </li>
            ))}
          </ul>
          <p className="small muted">
            On the host: <code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code>. You are asked once;
            later the key must be the same.
          </p>
        </section>
      )}
      {groups.unreachable.length > 0 && (
        <Notice
          tone="warn"
          title={`${formatList(groups.unreachable.map((each) => each.name))} could not be asked.`}
          hint={groups.unreachable[0]?.detail}
        />
      )}
      {groups.trusted.length > 0 && (
        <p>
          <Badge tone="good">trusted</Badge>{' '}
          {formatList(
            groups.trusted.map((each) => each.name),
            12,
          )}
        </p>
      )}
      <div className="form-end">
        <Button onClick={close}>{groups.unknown.length > 0 ? 'Not now' : 'Close'}</Button>
        {groups.unknown.length > 0 && (
          <Button variant="primary" busy={busy} onClick={() => void accept(groups.unknown)}>
            Trust {groups.unknown.length === 1 ? 'this key' : `these ${groups.unknown.length} keys`}
          </Button>
        )}
      </div>
      <ConfirmDialog
        open={forgetting !== undefined}
        onOpenChange={(open) => {
          if (!open) setForgetting(undefined);
        }}
        title={`Forget the old key of ${forgetting?.name ?? ''}?`}
        confirmLabel="Forget the old key"
        requireText={forgetting?.name ?? ''}
        onConfirm={async () => {
          if (forgetting === undefined) return ok(null);
          const result = await client.call('hosts.forgetKey', { hostId: forgetting.hostId });
          if (result.ok) void askAll();
          return result;
        }}
      >
        <p>
          Only if you know why it changed, for instance a reinstallation. The host is then unknown, and you
          are asked about its present key next.
        </p>
      </ConfirmDialog>
    </>
  );
};

const Fingerprint = ({ trust }: { trust: HostTrust }) => (
  <code className="fingerprint">
    {trust.keyType ?? ''} {trust.fingerprint ?? 'no fingerprint'}
  </code>
);

const Changed = ({ trust, onForget }: { trust: HostTrust; onForget: () => void }) => (
  <Notice
    tone="bad"
    title={
      <>
        <strong>{trust.name}: the host key has changed.</strong> Either it was reinstalled, or somebody else
        answers in its place. Frostline does not connect to it.
      </>
    }
    hint={trust.detail}
    actions={
      <Button size="sm" onClick={onForget}>
        Forget the old key…
      </Button>
    }
  >
    <dl className="facts small">
      <dt>Trusted</dt>
      <dd>
        {(trust.expected ?? []).map((each) => (
          <code key={each} className="fingerprint">
            {each}
          </code>
        ))}
      </dd>
      <dt>Offered now</dt>
      <dd>
        <Fingerprint trust={trust} />
      </dd>
    </dl>
  </Notice>
);

/** The guard of one host: how it is, since when, and what can be done. */
import { useState } from 'react';
import { Link } from 'wouter';
import type { FrostError } from '../../../shared/errors.ts';
import { present } from '../../app/loadable.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { formatDateTime } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { useGuards } from './store.ts';
import { guardLook } from './words.ts';

export const GuardCard = ({ host }: { host: string }) => {
  const { guards, turn } = useGuards((state) => ({ guards: state.guards, turn: state.turn }));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const guard = present(guards)?.find((one) => one.host === host);
  if (guard === undefined) return null;
  const look = guardLook(guard);
  const act = async (desired: 'on' | 'off') => {
    setBusy(true);
    setError(undefined);
    const done = await turn(host, desired);
    setBusy(false);
    if (!done.ok) setError(done.error);
  };
  const whole = guard.desired === 'on' && guard.state === 'on';
  return (
    <section className="panel" aria-labelledby="guard">
      <h2 id="guard" className="panel-title">
        Guard
      </h2>
      <p aria-live="polite">
        <StatusDot tone={look.tone}>{look.label}</StatusDot> {look.text}
      </p>
      <dl className="facts">
        <dt>For</dt>
        <dd>
          <Link href={`/snapshots/${encodeURIComponent(guard.snapshot)}`}>{guard.snapshot}</Link>, revision{' '}
          {guard.revision}
        </dd>
        {guard.since !== undefined && (
          <>
            <dt>Since</dt>
            <dd>{formatDateTime(guard.since)}</dd>
          </>
        )}
        {guard.until !== undefined && (
          <>
            <dt>Until</dt>
            <dd>{formatDateTime(guard.until)}</dd>
          </>
        )}
        {guard.nextTryAt !== undefined && (
          <>
            <dt>Next try</dt>
            <dd>{formatDateTime(guard.nextTryAt)}</dd>
          </>
        )}
        {guard.gaps?.map((gap) => (
          <div key={gap} className="wrap-any">
            {gap}
          </div>
        ))}
      </dl>
      {guard.error !== undefined && <ErrorState error={guard.error} />}
      {error !== undefined && <ErrorState error={error} />}
      <div className="row">
        {!whole && (
          <Button size="sm" busy={busy} onClick={() => void act('on')}>
            {guard.state === 'tampered' || guard.state === 'missing' ? 'Put it right' : 'Put it on'}
          </Button>
        )}
        {guard.desired === 'on' && (
          <Button size="sm" busy={busy} onClick={() => void act('off')}>
            Take it off
          </Button>
        )}
      </div>
    </section>
  );
};

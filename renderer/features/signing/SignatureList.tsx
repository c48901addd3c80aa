/** Who vouches for a revision: each signature with what it is worth here, in a word, an icon and a colour. */
import { CircleHelp, Clock, OctagonX, ShieldCheck, ShieldX } from 'lucide-react';
import type { SignatureStatus, SignatureView } from '../../../shared/model/signature.ts';
import { Badge, type StateLook } from '../../ui/Badge.tsx';
import { RelativeTime } from '../../ui/Time.tsx';
import './signing.css';

export const signatureLook: Record<SignatureStatus, StateLook> = {
  trusted: { tone: 'good', label: 'trusted', icon: ShieldCheck },
  expired: { tone: 'warn', label: 'expired', icon: Clock },
  unknown: { tone: 'warn', label: 'unknown', icon: CircleHelp },
  revoked: { tone: 'bad', label: 'revoked', icon: ShieldX },
  invalid: { tone: 'bad', label: 'invalid', icon: OctagonX },
};

export const SignatureList = ({
  signatures,
  empty,
  label = 'Signatures',
}: {
  signatures: readonly SignatureView[];
  empty: string;
  /** What they are of, where it is not plain to see. */
  label?: string;
}) =>
  signatures.length === 0 ? (
    <p className="muted">{empty}</p>
  ) : (
    <ul className="signatures" aria-label={label}>
      {signatures.map((one) => {
        const look = signatureLook[one.status];
        return (
          <li key={`${one.fingerprint} ${one.status}`}>
            <Badge {...look}>{look.label}</Badge>
            <div className="grow">
              <div>
                <strong className="wrap-any">{one.signer ?? 'Somebody unknown'}</strong>
                {one.seenAt !== undefined && (
                  <span className="muted">
                    {' '}
                    · here since <RelativeTime at={one.seenAt} />
                  </span>
                )}
              </div>
              <div className="mono small wrap-any">
                {one.keyType} {one.fingerprint}
              </div>
              {one.reason !== undefined && <div className="small wrap-any">{one.reason}</div>}
            </div>
          </li>
        );
      })}
    </ul>
  );

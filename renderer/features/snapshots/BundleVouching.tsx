/** Which of a bundle's packages the repositories' own metadata in it vouches for, and what its signatures are worth here. */
import { CircleHelp, Clock, OctagonX, ShieldCheck, ShieldX } from 'lucide-react';
import type { BundleMetadata, MetadataSignature } from '../../../shared/model/metadata.ts';
import { Badge, type StateLook } from '../../ui/Badge.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { RelativeTime } from '../../ui/Time.tsx';
import '../signing/signing.css';

const LOOKS: Record<MetadataSignature['status'], StateLook> = {
  none: { tone: 'warn', label: 'not signed', icon: ShieldX },
  unchecked: { tone: 'neutral', label: 'signature not checked', icon: CircleHelp },
  good: { tone: 'good', label: 'signature good', icon: ShieldCheck },
  expired: { tone: 'warn', label: 'signature expired', icon: Clock },
  'unknown-key': { tone: 'warn', label: 'key not in the keyring', icon: CircleHelp },
  bad: { tone: 'bad', label: 'signature not good', icon: OctagonX },
};
const NAMED = 10;

export const vouchedText = ({ vouched, notVouched }: BundleMetadata): string =>
  `${vouched} of ${plural(vouched + notVouched.length, 'package')} listed with their hashes in the repositories’ own metadata`;

/** The repositories, and the packages that none of them vouches for. Nothing where the bundle has no metadata. */
export const BundleVouching = ({ metadata }: { metadata: BundleMetadata }) => {
  const { repositories, notVouched } = metadata;
  if (repositories.length === 0) return null;
  return (
    <>
      <ul className="signatures" aria-label="Repositories">
        {repositories.map(({ ecosystem, repository, asOf, validUntil, outdated, packages, signature }) => {
          const look = LOOKS[signature.status];
          return (
            <li key={`${ecosystem} ${repository} ${signature.keys.join(' ')}`}>
              <Badge {...look}>{look.label}</Badge>
              <div className="grow">
                <div>
                  <strong className="wrap-any">{repository}</strong> vouches for {plural(packages, 'package')}
                  {asOf !== undefined && (
                    <span className="muted">
                      {' '}
                      · written <RelativeTime at={asOf} />
                    </span>
                  )}
                </div>
                {outdated === true && validUntil !== undefined && (
                  <div className="small">
                    <Badge tone="warn" icon={Clock}>
                      out of date
                    </Badge>{' '}
                    By its own word it was valid until {formatDateTime(validUntil)}: newer fixes may exist.
                  </div>
                )}
                {signature.keys.length > 0 && (
                  <div className="small wrap-any">
                    {signature.status === 'good' ? 'Signed with ' : 'Says it is signed with '}
                    <span className="mono">{signature.keys.join(', ')}</span>
                    {signature.status === 'unchecked' &&
                      '; nobody here checked that. The command line does, with --keyring.'}
                  </div>
                )}
              </div>
            </li>
          );
        })}
      </ul>
      {notVouched.length > 0 && (
        <details>
          <summary>{plural(notVouched.length, 'package')} that no repository in it vouches for</summary>
          <ul className="small">
            {notVouched.slice(0, NAMED).map((one) => (
              <li
                key={`${one.ecosystem} ${one.name} ${one.arch} ${one.version} ${one.role}`}
                className="wrap-any"
              >
                {one.name} {one.version}
                {one.role === 'rollback' && ' (to go back to)'}
              </li>
            ))}
          </ul>
          {notVouched.length > NAMED && <p className="small">and {notVouched.length - NAMED} more.</p>}
        </details>
      )}
    </>
  );
};

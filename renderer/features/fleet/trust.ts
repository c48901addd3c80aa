/** Judging host keys that were just asked for. Pure. */
import type { HostTrust } from '../../../shared/model/host.ts';

export type TrustGroups = {
  changed: HostTrust[];
  revoked: HostTrust[];
  unknown: HostTrust[];
  unreachable: HostTrust[];
  trusted: HostTrust[];
};

export const groupTrust = (answers: readonly HostTrust[]): TrustGroups => {
  const of = (status: HostTrust['status']) => answers.filter((each) => each.status === status);
  return {
    changed: of('changed'),
    revoked: of('revoked'),
    unknown: of('unknown'),
    unreachable: of('unreachable'),
    trusted: of('trusted'),
  };
};

/**
 * Hosts that became trusted under another fingerprint than the one that was shown: accepting asks the host once more, and
 * whoever sits in between may answer the second time only.
 */
export const switched = (shown: readonly HostTrust[], accepted: readonly HostTrust[]): HostTrust[] => {
  const before = new Map(shown.map((each) => [each.hostId, each.fingerprint]));
  return accepted.filter(
    (each) =>
      each.status === 'trusted' &&
      each.fingerprint !== undefined &&
      before.get(each.hostId) !== each.fingerprint,
  );
};

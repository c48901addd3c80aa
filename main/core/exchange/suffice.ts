/**
 * Whether a revision has the signatures an environment wants. Read anew at each call: a key revoked a moment ago no longer
 * counts, in a run that waits at a gate too.
 */
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Refusal } from '../../../shared/model/plan.ts';
import type { SignedPurpose, SigningPolicy } from '../../../shared/model/signature.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { Ports } from '../ports.ts';
import { type Judged, judgeSignature } from './judge.ts';
import { knownSigners, policyFor, trustOf } from './trusted.ts';

type SignaturePorts = Pick<Ports, 'store' | 'verifier'>;

/**
 * The signatures kept for a revision, judged: a key has to have been valid when its signature came here (an SSHSIG itself
 * tells no time), and must not be revoked now.
 */
export const keptSignatures = (revisionId: string, ports: SignaturePorts): Judged[] => {
  const kept = ports.store.signatures(revisionId);
  if (kept.length === 0) return [];
  const trust = trustOf(knownSigners(ports.store));
  return kept.map(({ armor, addedAt, fingerprint }) => ({
    ...judgeSignature(armor, {
      revisionId,
      claimed: fingerprint,
      trust,
      at: Date.parse(addedAt),
      verifier: ports.verifier,
    }),
    seenAt: addedAt,
  }));
};

/** `anna`, `anna@example.org` and the key a revision names as its author's are the same person. */
const isAuthor = (author: { name: string; fingerprint?: string | undefined }, signature: Judged): boolean => {
  const name = author.name.toLowerCase();
  const signer = signature.signer?.toLowerCase() ?? '';
  return author.fingerprint === signature.fingerprint || signer === name || signer.split('@')[0] === name;
};

/** The people whose signature counts, by principal: one with two keys is one person. */
export const countedSigners = (
  policy: Pick<SigningPolicy, 'signers' | 'fourEyes'>,
  signatures: readonly Judged[],
  author: Revision['content']['author'],
): string[] => [
  ...new Set(
    signatures.flatMap((signature) => {
      const { signer, status } = signature;
      if (status !== 'trusted' || signer === null) return [];
      if (policy.fourEyes && isAuthor(author, signature)) return [];
      const listed = policy.signers.some((name) => name.toLowerCase() === signer.toLowerCase());
      return policy.signers.length === 0 || listed ? [signer] : [];
    }),
  ),
];

const WORDS: Record<SignedPurpose, string> = {
  freeze: 'frozen there',
  promote: 'promoted there',
  deploy: 'deployed there',
};

const refusalFor = (
  revision: Revision,
  policy: SigningPolicy,
  purpose: SignedPurpose,
  counted: string[],
): FrostError => {
  const { line, number } = revision.content;
  const need = policy[purpose];
  const by = policy.signers.length === 0 ? 'trusted signers' : policy.signers.join(', ');
  return frostError(
    'policy.signatures',
    `${policy.environment} wants ${need} ${need === 1 ? 'signature' : 'signatures'} before a snapshot is ${WORDS[purpose]}; revision ${number} of '${line.name}' has ${counted.length}${counted.length === 0 ? '' : ` (${counted.join(', ')})`}.`,
    {
      hint: `It has to be signed by ${need - counted.length} more of ${by}${policy.fourEyes ? `, other than its author ${revision.content.author.name}` : ''}: snapshot sign '${line.name}@${number}'.`,
    },
  );
};

/** Errors: `policy.signatures`, saying who has signed and who is missing; `not-found`. An environment without a policy wants nothing. */
export const signaturesSuffice = (
  revisionId: string,
  environment: string | undefined,
  purpose: SignedPurpose,
  ports: SignaturePorts,
): Result<void> => {
  const policy = environment === undefined ? undefined : policyFor(ports.store, environment, purpose);
  if (policy === undefined) return ok(undefined);
  const revision = ports.store.revision(revisionId);
  if (revision === undefined) return fail('not-found', 'This revision is not here.');
  const counted = countedSigners(policy, keptSignatures(revisionId, ports), revision.content.author);
  return counted.length >= policy[purpose]
    ? ok(undefined)
    : { ok: false, error: refusalFor(revision, policy, purpose, counted) };
};

/** The first environment among the hosts' that wants more signatures than there are. */
export const signaturesSufficeFor = (
  revisionId: string,
  hosts: readonly Pick<Host, 'environment'>[],
  purpose: SignedPurpose,
  ports: SignaturePorts,
): Result<void> => {
  for (const environment of new Set(hosts.map((host) => host.environment))) {
    const suffices = signaturesSuffice(revisionId, environment, purpose, ports);
    if (!suffices.ok) return suffices;
  }
  return ok(undefined);
};

/** Beside the freeze's judge: at planning and at each task's start. Empty: it may be deployed on the host. */
export const createSignatureJudge =
  (ports: SignaturePorts) =>
  (host: Host, revision: Revision): Refusal[] => {
    const suffices = signaturesSuffice(revision.id, host.environment, 'deploy', ports);
    return suffices.ok
      ? []
      : [
          {
            code: suffices.error.code,
            message: [suffices.error.message, suffices.error.hint].join(' ').slice(0, 2000),
          },
        ];
  };

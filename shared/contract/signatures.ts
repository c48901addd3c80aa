/** Signatures of revisions, the signers this console trusts, and what each environment wants signed. */
import { z } from 'zod';
import { ContentHash, Instant, SnapshotName, Text } from '../model/primitives.ts';
import {
  Armor,
  Fingerprint,
  Principal,
  RevokedKey,
  SignatureStatus,
  SignatureView,
  SignedPurpose,
  Signer,
  SigningPolicy,
} from '../model/signature.ts';
import { SnapshotRef } from '../model/snapshot.ts';
import { command, query } from './define.ts';

/** Largest list of signers or revoked keys that is read. */
const ListText = z.string().max(2 * 1024 * 1024);

/** With what is signed: on this machine, by the host process; or a signature made elsewhere with `ssh-keygen -Y sign`. */
export const SignWith = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('signature'), armor: Armor }),
  z.strictObject({
    kind: z.literal('file'),
    file: z.string().min(1).max(4096),
    passphrase: z.string().max(1000).optional(),
  }),
  z.strictObject({ kind: z.literal('agent'), fingerprint: Fingerprint.optional() }),
]);
export type SignWith = z.infer<typeof SignWith>;

const Signed = z.object({
  snapshot: SnapshotName,
  revision: z.int(),
  id: ContentHash,
  signatures: z.array(SignatureView),
  /** What the environments with a policy want of it. `signers`: who counts so far. */
  wanted: z.array(
    z.object({
      environment: z.string(),
      purpose: SignedPurpose,
      need: z.int(),
      signers: z.array(z.string()),
      suffices: z.boolean(),
    }),
  ),
});

export const signatures = {
  list: query(z.object({ ref: SnapshotRef }), Signed),
  /** Adds a signature of the revision. A key that has signed it already changes nothing. `fingerprint`: of the key. */
  sign: command(
    z.object({ ref: SnapshotRef, with: SignWith }),
    Signed.extend({ fingerprint: z.string(), status: SignatureStatus }),
    { permission: 'edit' },
  ),
};

export const SignerView = Signer.extend({
  status: z.enum(['trusted', 'expired', 'revoked']),
  addedAt: Instant,
});
const Signers = z.object({ signers: z.array(SignerView), revoked: z.array(RevokedKey) });

export const signers = {
  list: query(z.object({}), Signers.extend({ /** As an allowed signers file. */ text: z.string() })),
  /** `publicKey`: a line of a `.pub` file. */
  add: command(
    z.object({
      principal: Principal,
      publicKey: z.string().max(10_000),
      validAfter: Instant.optional(),
      validBefore: Instant.optional(),
    }),
    Signers,
    { permission: 'admin' },
  ),
  /** An allowed signers file. Whole or not at all; lines with `cert-authority` are named in `skipped`. */
  import: command(
    z.object({ text: ListText }),
    Signers.extend({
      added: z.int(),
      skipped: z.array(z.object({ line: z.int(), reason: z.string() })),
    }),
    { permission: 'admin' },
  ),
  /** `which`: public keys or fingerprints, one a line, or the principal of a known signer. Their signatures never count again. */
  revoke: command(z.object({ which: ListText, reason: Text(500).optional() }), Signers, {
    permission: 'admin',
  }),
  /** `signer`: a principal or a fingerprint. What they signed is then by an unknown key. A revocation stays. */
  remove: command(z.object({ signer: z.string().min(1).max(300) }), Signers, { permission: 'admin' }),
};

const Policies = z.object({ policies: z.array(SigningPolicy) });
export const policies = {
  list: query(z.object({}), Policies),
  /** Replaces the environment's policy; with nothing wanted, there is none. */
  set: command(SigningPolicy, Policies, { permission: 'admin' }),
};

/** Who vouches for a revision: detached signatures, the signers this console trusts, and how many an environment wants. */
import { z } from 'zod';
import { Environment } from './host.ts';
import { Instant, Text } from './primitives.ts';

/** Of SSHSIG (OpenSSH's PROTOCOL.sshsig): a signature made for another purpose never counts here. */
export const SIGNATURE_NAMESPACE = 'frostline';

/** An armored SSHSIG. */
export const Armor = z.string().max(20_000);

/** `SHA256:` and 43 digits of base64, as `ssh-keygen -l` prints it. */
export const Fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'not a SHA256 key fingerprint');
export type Fingerprint = z.infer<typeof Fingerprint>;

/** Who signs, as in the allowed signers file: `anna@example.org`, or a pattern. No space, quote or comma. */
export const Principal = z
  .string()
  .regex(/^[^\s",\p{Cc}]{1,255}$/u, 'a name without spaces, quotes or commas, at most 255 characters');

/**
 * `trusted`: by a known signer. `expired`: by one whose key is not valid at that time. `unknown`: sound, by a key nobody here
 * vouches for. `revoked`: the key was revoked. `invalid`: not a signature of this revision at all.
 */
export const SignatureStatus = z.enum(['trusted', 'expired', 'unknown', 'revoked', 'invalid']);
export type SignatureStatus = z.infer<typeof SignatureStatus>;

/** `signer`: the first principal of the signer's line; null where the key is not known. `seenAt`: when it came to this console. */
export const SignatureView = z.object({
  signer: z.string().max(300).nullable(),
  fingerprint: z.string().max(100),
  keyType: z.string().max(100),
  status: SignatureStatus,
  reason: Text(500).optional(),
  seenAt: Instant.optional(),
});
export type SignatureView = z.infer<typeof SignatureView>;

/** One line of an allowed signers file. `publicKey`: base64 of the key's wire form. */
export const Signer = z.object({
  principals: z.array(z.string().max(256)).min(1).max(20),
  keyType: z.string().max(100),
  publicKey: z.string().max(8000),
  fingerprint: Fingerprint,
  /** Patterns; absent: any. */
  namespaces: z.array(z.string().max(256)).min(1).max(20).exactOptional(),
  validAfter: Instant.exactOptional(),
  validBefore: Instant.exactOptional(),
  comment: Text(300).exactOptional(),
});
export type Signer = z.infer<typeof Signer>;

export const RevokedKey = z.object({
  fingerprint: Fingerprint,
  reason: Text(500).exactOptional(),
  at: Instant,
});
export type RevokedKey = z.infer<typeof RevokedKey>;

/** What needs signatures: freezing a revision, promoting it into the environment, deploying it there. */
export const SignedPurpose = z.enum(['freeze', 'promote', 'deploy']);
export type SignedPurpose = z.infer<typeof SignedPurpose>;

const Needed = z.int().min(0).max(20);
/**
 * How many signers an environment wants. `signers`: of whom (principals); empty: of all that are trusted. `fourEyes`: the
 * author's own signature does not count. `requirePromotion`: only what was promoted into it is deployed there. `requireEvidence`:
 * nothing is promoted into it that no run has tried elsewhere, whatever the reason.
 */
export const SigningPolicy = z.object({
  environment: Environment,
  freeze: Needed,
  promote: Needed,
  deploy: Needed,
  signers: z.array(Principal).max(50),
  fourEyes: z.boolean(),
  requirePromotion: z.boolean().exactOptional(),
  requireEvidence: z.boolean().exactOptional(),
});
export type SigningPolicy = z.infer<typeof SigningPolicy>;

/**
 * A file that comes in, before anything of its content is believed: its size, what it is encrypted with, and who vouches for it.
 * The order of the checks is that of docs/snapshot-format.md §3.
 */
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { ExchangeFile } from '../../../shared/model/snapshot.ts';
import type { Ports } from '../ports.ts';
import { readAllowedSigners, readRevokedKeys } from './allowedSigners.ts';
import { type Judged, judgeSignature, type Trust } from './judge.ts';
import type { FileKey } from './ports.ts';
import { knownSigners, trustOf } from './trusted.ts';

const AGE_HEADER = '-----BEGIN AGE ENCRYPTED FILE-----';
/** Armor makes a file about 4/3 as long; the rest is for many recipients. */
const maxEncrypted = (maxBytes: number): number => Math.ceil(maxBytes * 1.4) + 256 * 1024;

export type Incoming = {
  /** An exchange file, or one encrypted with age and ASCII-armored. */
  text: string;
  key?: FileKey | undefined;
  /** Text of an allowed signers file: trusted for this file instead of the signers known here. */
  allowedSigners?: string | undefined;
  /** Revoked for this file, besides those revoked here. */
  revokedKeys?: string | undefined;
};

type Signatures = ExchangeFile['signatures'];

export type Vouched = {
  judged: Judged[];
  /** Why the file is refused for its signatures. */
  refusal: FrostError | undefined;
};

const trustFor = (
  input: Incoming,
  ports: Pick<Ports, 'store' | 'verifier'>,
): Result<{ trust: Trust; wanted: boolean }> => {
  const known = knownSigners(ports.store);
  const given =
    input.allowedSigners === undefined ? undefined : readAllowedSigners(input.allowedSigners, ports.verifier);
  if (given !== undefined && !given.ok) return given;
  const revoked =
    input.revokedKeys === undefined ? ok([]) : readRevokedKeys(input.revokedKeys, ports.verifier);
  if (!revoked.ok) return revoked;
  const own = trustOf(known);
  return ok({
    trust: {
      signers: given?.value.signers ?? own.signers,
      revoked: new Set([...own.revoked, ...revoked.value]),
    },
    wanted: given !== undefined || known.signers.length > 0,
  });
};

const whoOf = ({ signer, fingerprint }: Judged): string =>
  signer === null ? fingerprint : `${signer} (${fingerprint})`;

/** One trusted signature is enough; one that is false is one too many. */
const refusalOf = (judged: readonly Judged[], wanted: boolean): FrostError | undefined => {
  const invalid = judged.find((one) => one.status === 'invalid');
  if (invalid !== undefined)
    return frostError('signature.invalid', `A signature in the file is not valid: ${invalid.reason ?? ''}.`, {
      hint: 'Somebody changed the file, or signed something else. Ask its author for it again.',
    });
  if (judged.some((one) => one.status === 'trusted')) return undefined;
  const revoked = judged.find((one) => one.status === 'revoked');
  if (revoked !== undefined)
    return frostError('signature.revoked', `The file is signed with a revoked key: ${whoOf(revoked)}.`, {
      hint: 'Ask for a file signed with a key that is still trusted.',
    });
  if (!wanted) return undefined;
  if (judged.length === 0)
    return frostError('signature.missing', 'The file is not signed, and only signed files are taken here.', {
      hint: 'Ask its author to sign it (snapshot sign), and for the file again.',
    });
  return frostError(
    'signature.untrusted',
    `The file is signed, but by nobody who is trusted here: ${judged.map((one) => `${whoOf(one)}: ${one.reason ?? ''}`).join('; ')}.`.slice(
      0,
      2000,
    ),
    { hint: 'If you know whose key this is, and compared the fingerprint, add it to the signers.' },
  );
};

const decrypted = async (
  input: Incoming,
  maxBytes: number,
  ports: Pick<Ports, 'cipher'>,
): Promise<Result<string>> => {
  const text = input.text.trimStart();
  if (!text.startsWith(AGE_HEADER)) return ok(input.text);
  if (input.text.length > maxEncrypted(maxBytes))
    return fail(
      'exchange.too-large',
      `The encrypted file is larger than a file of ${maxBytes / 1024 / 1024} MiB can be.`,
    );
  if (input.key?.identity === undefined && input.key?.passphrase === undefined)
    return fail('exchange.encrypted', 'The file is encrypted with age.', {
      hint: 'Give the identity file of one of its recipients, or its passphrase.',
    });
  return ports.cipher.decrypt(text.trimEnd(), input.key);
};

/**
 * The file's text in clear, and `vouch`, which judges its signatures once the head is known to be what the content hashes to.
 * Errors: `exchange.too-large`, `exchange.encrypted`, `exchange.wrong-key`, `exchange.malformed`, `input.invalid`.
 */
export const openIncoming = async (
  input: Incoming,
  maxBytes: number,
  ports: Pick<Ports, 'store' | 'verifier' | 'cipher' | 'clock'>,
): Promise<Result<{ text: string; vouch(head: string, signatures: Signatures): Vouched }>> => {
  const trust = trustFor(input, ports);
  if (!trust.ok) return trust;
  const text = await decrypted(input, maxBytes, ports);
  if (!text.ok) return text;
  return ok({
    text: text.value,
    vouch: (head, signatures) => {
      const kept = new Map(ports.store.signatures(head).map((one) => [one.armor, one.addedAt]));
      const judged = signatures.map(({ armor, fingerprint }): Judged => {
        const seenAt = kept.get(armor);
        const one = judgeSignature(armor, {
          revisionId: head,
          claimed: fingerprint,
          trust: trust.value.trust,
          at: seenAt === undefined ? ports.clock.now() : Date.parse(seenAt),
          verifier: ports.verifier,
        });
        return seenAt === undefined ? one : { ...one, seenAt };
      });
      return { judged, refusal: refusalOf(judged, trust.value.wanted) };
    },
  });
};

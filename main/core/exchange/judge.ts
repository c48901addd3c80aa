/** What a signature is worth here: sound or not, by whom, and whether they are trusted at that time. */
import type { SignatureView, Signer } from '../../../shared/model/signature.ts';
import { SIGNATURE_NAMESPACE } from '../../../shared/model/signature.ts';
import { fingerprintOf, matchesPatterns, signedText } from './allowedSigners.ts';
import type { SignatureVerifier } from './ports.ts';
import { readSshSignature, type SshSignature, signedData } from './sshsig.ts';
import { toBase64 } from './sshWire.ts';

/** Who is trusted. A revoked key never counts, whatever else is said of it. */
export type Trust = { signers: readonly Signer[]; revoked: ReadonlySet<string> };

/** `sound`: it is a signature of this revision, by the key with this fingerprint. */
export type Judged = SignatureView & { sound: boolean };

/** Keys in their names; anything else a file may claim is cut and made printable. */
const plain = (text: string): string => text.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 100);

const isSound = (
  parsed: SshSignature,
  revisionId: string,
  verifier: SignatureVerifier,
): { sound: true } | { sound: false; reason: string } => {
  if (parsed.namespace !== SIGNATURE_NAMESPACE)
    return {
      sound: false,
      reason: `it was made for another purpose (namespace ${plain(parsed.namespace)}, not ${SIGNATURE_NAMESPACE})`,
    };
  const digest = verifier.digest(parsed.hash, signedText(revisionId));
  const data = signedData({ namespace: parsed.namespace, hash: parsed.hash, digest });
  const result = verifier.verify({ publicKey: parsed.publicKey, signature: parsed.signature, data });
  switch (result) {
    case 'valid':
      return { sound: true };
    case 'invalid':
      return { sound: false, reason: 'it is not a signature of this revision' };
    case 'unsupported':
      return {
        sound: false,
        reason: `its kind of key or signature (${plain(parsed.keyType)}) is not accepted`,
      };
  }
};

const dayOf = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

const verdict = (
  parsed: SshSignature,
  fingerprint: string,
  trust: Trust,
  at: number,
): Pick<Judged, 'signer' | 'status' | 'reason'> => {
  const key = toBase64(parsed.publicKey);
  const lines = trust.signers.filter((signer) => signer.publicKey === key);
  const meant = lines.filter(
    ({ namespaces }) => namespaces === undefined || matchesPatterns(namespaces, SIGNATURE_NAMESPACE),
  );
  const current = meant.find(
    ({ validAfter, validBefore }) =>
      (validAfter === undefined || at >= Date.parse(validAfter)) &&
      (validBefore === undefined || at < Date.parse(validBefore)),
  );
  const named = current ?? meant[0] ?? lines[0];
  const signer = named?.principals.find((name) => !name.startsWith('!')) ?? null;
  if (trust.revoked.has(fingerprint)) return { signer, status: 'revoked', reason: 'this key was revoked' };
  if (current !== undefined) return { signer, status: 'trusted' };
  const [early] = meant;
  if (early !== undefined)
    return {
      signer,
      status: 'expired',
      reason:
        early.validAfter !== undefined && at < Date.parse(early.validAfter)
          ? `the key is valid from ${dayOf(early.validAfter)} UTC on`
          : `the key was valid until ${dayOf(early.validBefore ?? '')} UTC`,
    };
  return {
    signer,
    status: 'unknown',
    reason:
      lines.length > 0 ? `the signer is trusted for other purposes only` : 'nobody here vouches for this key',
  };
};

/**
 * `claimed`: the fingerprint that stands beside the signature in a file; another key than that is not the signature it says.
 * `at` (milliseconds): when the key has to be valid.
 */
export const judgeSignature = (
  armor: string,
  o: { revisionId: string; claimed?: string; trust: Trust; at: number; verifier: SignatureVerifier },
): Judged => {
  const unreadable = plain(o.claimed ?? '');
  const parsed = readSshSignature(armor);
  if (!parsed.ok)
    return {
      signer: null,
      fingerprint: unreadable,
      keyType: '',
      status: 'invalid',
      reason: parsed.error.message.replace(/^The signature/, 'it').replace(/\.$/, ''),
      sound: false,
    };
  const fingerprint = fingerprintOf(parsed.value.publicKey, o.verifier);
  const keyType = plain(parsed.value.keyType);
  const invalid = (reason: string): Judged => ({
    signer: null,
    fingerprint,
    keyType,
    status: 'invalid',
    reason,
    sound: false,
  });
  if (o.claimed !== undefined && o.claimed !== fingerprint)
    return invalid(`it is by another key than the file says (${unreadable})`);
  const sound = isSound(parsed.value, o.revisionId, o.verifier);
  if (!sound.sound) return invalid(sound.reason);
  return { fingerprint, keyType, sound: true, ...verdict(parsed.value, fingerprint, o.trust, o.at) };
};

export const viewOfSignature = ({ sound: _, ...view }: Judged): SignatureView => view;

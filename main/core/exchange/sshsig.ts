/**
 * SSHSIG, the detached signatures of OpenSSH (PROTOCOL.sshsig in its sources): reading and writing them. Nothing is verified
 * here; what the key signs is `signedData`, which the verifier of ports.ts is given.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import {
  ascii,
  fromBase64,
  joinBytes,
  keyTypeOf,
  toBase64,
  uint32,
  WireReader,
  wireString,
} from './sshWire.ts';

const MAGIC = 'SSHSIG';
const VERSION = 1;
const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
const COLUMNS = 70;
/** As the exchange file's limit for one signature. */
const MAX_ARMOR = 20_000;

export type SignatureHash = 'sha256' | 'sha512';

export type SshSignature = {
  /** The type the public key names: `ssh-ed25519`, … */
  keyType: string;
  /** The key's wire form. */
  publicKey: Uint8Array;
  namespace: string;
  hash: SignatureHash;
  /** The SSH signature: type, then what belongs to it. */
  signature: Uint8Array;
};

const bad = (what: string): Result<never> => fail('signature.invalid', `The signature ${what}.`);

const readBlob = (blob: Uint8Array): Result<SshSignature> => {
  const reader = new WireReader(blob);
  const magic = reader.take(MAGIC.length);
  if (magic === undefined || !ascii(MAGIC).every((byte, index) => magic[index] === byte))
    return bad('is not an SSH signature');
  const version = reader.uint32();
  const publicKey = reader.string();
  const namespace = reader.name();
  const reserved = reader.string();
  const hash = reader.name();
  const signature = reader.string();
  if (version !== undefined && version !== VERSION) return bad(`has version ${version}, which is not known`);
  if (publicKey === undefined || namespace === undefined || reserved === undefined || signature === undefined)
    return bad('ends in the middle');
  if (!reader.done) return bad('has something behind its end');
  if (hash !== 'sha256' && hash !== 'sha512') return bad('uses a hash that is neither SHA-256 nor SHA-512');
  const keyType = keyTypeOf(publicKey);
  if (keyType === undefined) return bad('names no key');
  return ok({ keyType, publicKey, namespace, hash, signature });
};

/** Errors: `signature.invalid`, saying what is wrong with it. */
export const readSshSignature = (armor: string): Result<SshSignature> => {
  if (armor.length > MAX_ARMOR) return bad(`is longer than ${MAX_ARMOR} characters`);
  const lines = armor.trim().split(/\r?\n/);
  if (lines[0]?.trimEnd() !== BEGIN || lines.at(-1)?.trimEnd() !== END)
    return bad(`does not begin with ${BEGIN} and end with ${END}`);
  const blob = fromBase64(
    lines
      .slice(1, -1)
      .map((line) => line.trim())
      .join(''),
  );
  return blob === undefined ? bad('is not well-formed base64') : readBlob(blob);
};

export const writeSshSignature = (o: Omit<SshSignature, 'keyType'>): string => {
  const text = toBase64(
    joinBytes(
      ascii(MAGIC),
      uint32(VERSION),
      wireString(o.publicKey),
      wireString(o.namespace),
      wireString(''),
      wireString(o.hash),
      wireString(o.signature),
    ),
  );
  const lines = text.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
};

/** What is handed to the key. `digest`: of the message, by `hash`. */
export const signedData = (o: { namespace: string; hash: SignatureHash; digest: Uint8Array }): Uint8Array =>
  joinBytes(ascii(MAGIC), wireString(o.namespace), wireString(''), wireString(o.hash), wireString(o.digest));

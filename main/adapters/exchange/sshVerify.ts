/** Verifies SSH signatures with Node's crypto. Keys and signatures come from files anybody may have written. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { SignatureVerifier } from '../../core/exchange/ports.ts';
import { WireReader } from '../../core/exchange/sshWire.ts';

type Verdict = 'valid' | 'invalid' | 'unsupported';

/** RSA keys below are not worth their name any more; larger ones only cost time. */
const RSA_BITS = { least: 2048, most: 16_384 };
/** User presence: somebody touched the security key. Stricter than `ssh-keygen -Y verify`, which does not look at it. */
const SK_PRESENT = 0x01;

const CURVES: Readonly<Record<string, { name: string; curve: string; bytes: number; hash: string }>> = {
  nistp256: { name: 'P-256', curve: 'nistp256', bytes: 32, hash: 'sha256' },
  nistp384: { name: 'P-384', curve: 'nistp384', bytes: 48, hash: 'sha384' },
  nistp521: { name: 'P-521', curve: 'nistp521', bytes: 66, hash: 'sha512' },
};

const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** A positive mpint without its sign byte (RFC 4251 §5); undefined for others. */
const positive = (bytes: Uint8Array | undefined): Uint8Array | undefined => {
  if (bytes === undefined || bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) return undefined;
  return bytes[0] === 0 ? bytes.subarray(1) : bytes;
};

const padded = (bytes: Uint8Array, length: number): Buffer | undefined =>
  bytes.length > length ? undefined : Buffer.concat([Buffer.alloc(length - bytes.length), bytes]);

const edKey = (x: Uint8Array | undefined): KeyObject | undefined =>
  x?.length === 32
    ? createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: url(x) }, format: 'jwk' })
    : undefined;

const ecKey = (curve: string | undefined, point: Uint8Array | undefined): KeyObject | undefined => {
  const known = CURVES[curve ?? ''];
  if (known === undefined || point?.length !== 1 + 2 * known.bytes || point[0] !== 4) return undefined;
  const [x, y] = [point.subarray(1, 1 + known.bytes), point.subarray(1 + known.bytes)];
  return createPublicKey({ key: { kty: 'EC', crv: known.name, x: url(x), y: url(y) }, format: 'jwk' });
};

const rsaKey = (e: Uint8Array | undefined, n: Uint8Array | undefined): KeyObject | undefined => {
  const [exponent, modulus] = [positive(e), positive(n)];
  if (exponent === undefined || modulus === undefined || exponent.length > 8) return undefined;
  // clz32 counts over 32 bits, of which a byte has the last eight.
  const bits = modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24);
  if (bits < RSA_BITS.least || bits > RSA_BITS.most) return undefined;
  return createPublicKey({ key: { kty: 'RSA', e: url(exponent), n: url(modulus) }, format: 'jwk' });
};

/** `mpint r, mpint s` as the fixed-length pair that Node takes (IEEE P1363). */
const ecPair = (bytes: Uint8Array, length: number): Buffer | undefined => {
  const reader = new WireReader(bytes);
  const [r, s] = [positive(reader.string()), positive(reader.string())];
  const [first, second] = [r && padded(r, length), s && padded(s, length)];
  return reader.done && first !== undefined && second !== undefined
    ? Buffer.concat([first, second])
    : undefined;
};

const checked = (right: boolean): Verdict => (right ? 'valid' : 'invalid');

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();

/** What a security key signs (PROTOCOL.u2f): application, flags, counter and message, the first and last hashed. */
const securityKeyData = (application: Uint8Array, rest: WireReader, data: Uint8Array): Buffer | undefined => {
  const flags = rest.take(1);
  const counter = rest.take(4);
  if (flags === undefined || counter === undefined || !rest.done) return undefined;
  if (((flags[0] ?? 0) & SK_PRESENT) === 0) return undefined;
  return Buffer.concat([sha256(application), flags, counter, sha256(data)]);
};

const verifyEc = (key: KeyObject, curve: string, blob: Uint8Array, data: Uint8Array): Verdict => {
  const known = CURVES[curve];
  const pair = known && ecPair(blob, known.bytes);
  return known === undefined || pair === undefined
    ? 'invalid'
    : checked(verify(known.hash, data, { key, dsaEncoding: 'ieee-p1363' }, pair));
};

const judge = (publicKey: Uint8Array, signature: Uint8Array, data: Uint8Array): Verdict => {
  const key = new WireReader(publicKey);
  const keyType = key.name();
  const made = new WireReader(signature);
  const type = made.name();
  const blob = made.string();
  if (keyType === undefined || type === undefined || blob === undefined) return 'invalid';
  switch (keyType) {
    case 'ssh-ed25519': {
      const opened = edKey(key.string());
      if (opened === undefined || !key.done || !made.done || type !== keyType) return 'invalid';
      return checked(verify(null, data, opened, blob));
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521': {
      const curve = key.name() ?? '';
      const opened = keyType.endsWith(curve) ? ecKey(curve, key.string()) : undefined;
      if (opened === undefined || !key.done || !made.done || type !== keyType) return 'invalid';
      return verifyEc(opened, curve, blob, data);
    }
    case 'ssh-rsa': {
      // `ssh-rsa` as the signature's type would be SHA-1.
      if (type !== 'rsa-sha2-256' && type !== 'rsa-sha2-512') return 'unsupported';
      const opened = rsaKey(key.string(), key.string());
      if (opened === undefined || !key.done || !made.done) return 'unsupported';
      return checked(verify(type === 'rsa-sha2-512' ? 'sha512' : 'sha256', data, opened, blob));
    }
    case 'sk-ssh-ed25519@openssh.com': {
      const opened = edKey(key.string());
      const application = key.string();
      const signed = application && securityKeyData(application, made, data);
      if (opened === undefined || signed === undefined || !key.done || type !== keyType) return 'invalid';
      return checked(verify(null, signed, opened, blob));
    }
    case 'sk-ecdsa-sha2-nistp256@openssh.com': {
      const curve = key.name();
      const opened = curve === 'nistp256' ? ecKey(curve, key.string()) : undefined;
      const application = key.string();
      const signed = application && securityKeyData(application, made, data);
      if (opened === undefined || signed === undefined || !key.done || type !== keyType) return 'invalid';
      return verifyEc(opened, 'nistp256', blob, signed);
    }
    default:
      return 'unsupported';
  }
};

export const sshVerifier: SignatureVerifier = {
  digest: (hash, data) => createHash(hash).update(data).digest(),
  verify: ({ publicKey, signature, data }) => {
    try {
      return judge(publicKey, signature, data);
    } catch {
      // A point that is not on its curve, and whatever else OpenSSL does not take for a key.
      return 'invalid';
    }
  },
};

/**
 * Which keys an OpenPGP signature says it was made with (RFC 9580: 4.2 packets, 5.2.3 signatures, 6.2 armor). For people to
 * read: nothing is checked here but that it is a signature and nothing else, since programs that check one take a whole
 * message in its place.
 */

const MAX_SIGNATURES = 20;
const MAX_ARMOR = 256 * 1024;
const SIGNATURE = 2;
const ISSUER = 16;
const ISSUER_FINGERPRINT = 33;

/** What stands between the first and the last line of an armor, without its headers and checksum; undefined: it is none. */
export const armorBytes = (lines: readonly string[]): Uint8Array | undefined => {
  const blank = lines.indexOf('');
  if (blank < 0) return undefined;
  const body = lines.slice(blank + 1).filter((line) => !line.startsWith('='));
  try {
    return Uint8Array.from(atob(body.join('')), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
};

const unarmored = (text: string): Uint8Array | undefined => {
  const lines = text.split(/\r?\n/);
  const to = lines.indexOf('-----END PGP SIGNATURE-----');
  if (lines[0] !== '-----BEGIN PGP SIGNATURE-----' || to < 0) return undefined;
  return lines.slice(to + 1).some((line) => line !== '') ? undefined : armorBytes(lines.slice(1, to));
};

/** Takes bytes one after the other; undefined from the first that is not there. */
const cursor = (bytes: Uint8Array) => {
  let at = 0;
  const number = (length: number): number | undefined => {
    const part = take(length);
    return part?.reduce((sum, byte) => sum * 256 + byte, 0);
  };
  const take = (length: number | undefined): Uint8Array | undefined => {
    if (length === undefined || at + length > bytes.length) return undefined;
    at += length;
    return bytes.subarray(at - length, at);
  };
  /** A length as new packets and subpackets have it. */
  const length = (subpacket: boolean): number | undefined => {
    const first = number(1);
    if (first === undefined || first < 192) return first;
    if (first === 255) return number(4);
    if (!subpacket && first >= 224) return undefined;
    const second = number(1);
    return second === undefined ? undefined : (first - 192) * 256 + second + 192;
  };
  return { number, take, length, done: () => at >= bytes.length };
};

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');

/** The issuer in a list of subpackets, its fingerprint rather than its id. */
const issuerIn = (bytes: Uint8Array): { fingerprint?: string; id?: string } => {
  const found: { fingerprint?: string; id?: string } = {};
  const part = cursor(bytes);
  while (!part.done()) {
    const body = part.take(part.length(true));
    if (body === undefined) break;
    const type = (body[0] ?? 0) & 0x7f;
    if (type === ISSUER && body.length === 9) found.id = hex(body.subarray(1));
    if (type === ISSUER_FINGERPRINT && (body.length === 22 || body.length === 34))
      found.fingerprint = hex(body.subarray(2));
  }
  return found;
};

const signerOf = (packet: Uint8Array): string | undefined => {
  const part = cursor(packet);
  const version = part.number(1);
  if (version !== 4 && version !== 6) return undefined;
  part.take(3);
  const size = version === 4 ? 2 : 4;
  const hashed = part.take(part.number(size));
  const loose = part.take(part.number(size));
  const issuers = [hashed, loose].map((some) => (some === undefined ? {} : issuerIn(some)));
  return (
    issuers.find((one) => one.fingerprint !== undefined)?.fingerprint ??
    issuers.find((one) => one.id !== undefined)?.id
  );
};

/** Upper-case hex, each once; undefined: not an armored signature. */
export const claimedSigners = (signature: string): string[] | undefined => {
  const bytes = signature.length > MAX_ARMOR ? undefined : unarmored(signature);
  const found = new Set<string>();
  if (bytes === undefined || bytes.length === 0) return undefined;
  const part = cursor(bytes);
  for (let count = 0; !part.done(); count += 1) {
    const head = part.number(1) ?? 0;
    const isNew = (head & 0xc0) === 0xc0;
    const tag = isNew ? head & 0x3f : (head >> 2) & 0x0f;
    const body = part.take(isNew ? part.length(false) : part.number([1, 2, 4][head & 3] ?? 8));
    if (head < 0x80 || body === undefined || tag !== SIGNATURE || count >= MAX_SIGNATURES) return undefined;
    const signer = signerOf(body);
    if (signer !== undefined) found.add(signer);
  }
  return [...found];
};

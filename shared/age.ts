/** Encrypted files travel to the host process as text: binary age files are put in ASCII armor (age-encryption.org/v1). */

const BINARY = 'age-encryption.org/v1\n';
const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----';
const END = '-----END AGE ENCRYPTED FILE-----';

/** A file's bytes as text; undefined where they are neither UTF-8 nor a binary age file. */
export const fileText = (bytes: Uint8Array): string | undefined => {
  if (BINARY.length <= bytes.length && [...BINARY].every((c, at) => bytes[at] === c.charCodeAt(0)))
    return armored(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** A multiple of 48 bytes is a whole number of lines of 64 digits. */
const PIECE_BYTES = 48 * 1024;

const armored = (bytes: Uint8Array): string => {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const digits = btoa(String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES)));
    lines.push(...(digits.match(/.{1,64}/g) ?? []));
  }
  return [BEGIN, ...lines, END, ''].join('\n');
};

/**
 * What is offered to a host. Modern only: elliptic curves and SHA-2, authenticated or counter-mode ciphers. A host may be
 * given the old ones too (`legacyAlgorithms`); they come last, so that they are used only where nothing better is common.
 * curve25519 leads because it is by far the cheapest for both sides.
 */
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';

const KEX: KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group15-sha512',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group18-sha512',
  // Last: checking the host's own 8192-bit prime takes seconds of CPU.
  'diffie-hellman-group-exchange-sha256',
];
const OLD_KEX: KexAlgorithm[] = [
  'diffie-hellman-group14-sha1',
  'diffie-hellman-group-exchange-sha1',
  'diffie-hellman-group1-sha1',
];

const HOST_KEY: ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];
const OLD_HOST_KEY: ServerHostKeyAlgorithm[] = ['ssh-rsa', 'ssh-dss'];

const CIPHER: CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];
const OLD_CIPHER: CipherAlgorithm[] = ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'];

const MAC: MacAlgorithm[] = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
];
const OLD_MAC: MacAlgorithm[] = ['hmac-sha1-etm@openssh.com', 'hmac-sha1', 'hmac-md5'];

/** The type of key (as in known_hosts) that a host key algorithm shows. */
const keyTypeOf = (algorithm: ServerHostKeyAlgorithm): string =>
  algorithm === 'rsa-sha2-512' || algorithm === 'rsa-sha2-256' ? 'ssh-rsa' : algorithm;

/**
 * Host key algorithms whose type is already known for the host come first, as in OpenSSH: otherwise a host with several keys
 * would show one that was never accepted and look changed.
 */
export const algorithmsFor = (o: { legacy: boolean; knownKeyTypes: ReadonlySet<string> }): Algorithms => {
  const hostKeys = o.legacy ? [...HOST_KEY, ...OLD_HOST_KEY] : HOST_KEY;
  const known = (algorithm: ServerHostKeyAlgorithm) => o.knownKeyTypes.has(keyTypeOf(algorithm));
  return {
    kex: o.legacy ? [...KEX, ...OLD_KEX] : KEX,
    serverHostKey: [...hostKeys.filter(known), ...hostKeys.filter((algorithm) => !known(algorithm))],
    cipher: o.legacy ? [...CIPHER, ...OLD_CIPHER] : CIPHER,
    hmac: o.legacy ? [...MAC, ...OLD_MAC] : MAC,
    compress: ['none'],
  };
};

/** Whether turning old algorithms on would help with what a host offers of one kind. */
export const isLegacy = (algorithm: string): boolean =>
  [...OLD_KEX, ...OLD_HOST_KEY, ...OLD_CIPHER, ...OLD_MAC].some((old) => old === algorithm);

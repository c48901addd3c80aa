/** Judges the key a host shows. Pure: what is known about the host is collected before the connection is made. */
import { createHash } from 'node:crypto';
import { type FrostError, frostError } from '../../../shared/errors.ts';
import type { Host, TrustStatus } from '../../../shared/model/host.ts';
import type { TrustedKey } from '../../core/ports.ts';
import { type KnownHostLine, keyTypeOfBlob, knownHostName, namesMatch } from './knownHosts.ts';
import { place } from './words.ts';

/** `SHA256:` and unpadded base64 of a key blob, as OpenSSH prints it. */
export const fingerprintOf = (blob: Uint8Array): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

type KnownKey = { keyType: string; publicKey: string };

/** What is known of one host before it is asked. */
export type KnownKeys = {
  trusted: KnownKey[];
  /** Same address on the default port: good for recognising a key, not for calling one changed (as OpenSSH does). */
  elsewhere: KnownKey[];
  revoked: KnownKey[];
  /** A certificate authority vouches for the host; Frostline does not check host certificates. */
  certAuthority: boolean;
};

export const collectKnownKeys = (
  address: string,
  port: number,
  own: TrustedKey[],
  lines: KnownHostLine[],
): KnownKeys => {
  const name = knownHostName(address, port);
  const bare = knownHostName(address, 22);
  const known: KnownKeys = { trusted: [...own], elsewhere: [], revoked: [], certAuthority: false };
  for (const line of lines) {
    const here = namesMatch(name, line.names);
    if (line.marker === 'revoked') {
      if (here || namesMatch(bare, line.names)) known.revoked.push(line);
    } else if (line.marker === 'cert-authority') {
      if (here) known.certAuthority = true;
    } else if (here) known.trusted.push(line);
    else if (port !== 22 && namesMatch(bare, line.names)) known.elsewhere.push(line);
  }
  return known;
};

export const knownKeyTypes = (known: KnownKeys): Set<string> =>
  new Set((known.trusted.length > 0 ? known.trusted : known.elsewhere).map((key) => key.keyType));

export type KeyVerdict = {
  status: Exclude<TrustStatus, 'unreachable'>;
  keyType: string;
  publicKey: string;
  fingerprint: string;
  /** With `changed`: the fingerprints that were trusted. */
  expected: string[];
  certAuthority: boolean;
};

/** A known host that shows a key of a new type counts as changed: an attacker would do the same. */
export const judgeKey = (blob: Uint8Array, known: KnownKeys): KeyVerdict => {
  const publicKey = Buffer.from(blob).toString('base64');
  const same = (key: KnownKey) => key.publicKey === publicKey;
  const status = known.revoked.some(same)
    ? 'revoked'
    : known.trusted.some(same)
      ? 'trusted'
      : known.trusted.length > 0
        ? 'changed'
        : known.elsewhere.some(same)
          ? 'trusted'
          : 'unknown';
  const expected =
    status === 'changed'
      ? [...new Set(known.trusted.map((key) => fingerprintOf(Buffer.from(key.publicKey, 'base64'))))]
      : [];
  return {
    status,
    keyType: keyTypeOfBlob(blob) ?? 'unknown',
    publicKey,
    fingerprint: fingerprintOf(blob),
    expected,
    certAuthority: known.certAuthority,
  };
};

/** The hard stop for a key that is not trusted; undefined for one that is. */
export const refusalOf = (verdict: KeyVerdict, host: Host): FrostError | undefined => {
  const where = `${host.name} (${place(host.address, host.port)})`;
  const shown = `${verdict.keyType} ${verdict.fingerprint}`;
  switch (verdict.status) {
    case 'trusted':
      return undefined;
    case 'unknown':
      return frostError('host.key-unknown', `The key of ${where} is not known yet: ${shown}.`, {
        host: host.name,
        hint: `Compare the fingerprint with the host's own, then accept it: hosts trust ${host.name} --accept-new.${
          verdict.certAuthority
            ? ' A known_hosts file names a certificate authority for this host; host certificates are not used here.'
            : ''
        }`,
      });
    case 'changed':
      return frostError(
        'host.key-changed',
        `The key of ${where} has changed. It shows ${shown}; trusted ${
          verdict.expected.length === 1 ? 'is' : 'are'
        } ${verdict.expected.slice(0, 10).join(', ')}.`,
        {
          host: host.name,
          hint: 'Someone may be listening in, or the host was set up anew. Find out which; only then forget the old key and accept the new one. A key from known_hosts is removed with ssh-keygen -R.',
        },
      );
    case 'revoked':
      return frostError('host.key-revoked', `The key of ${where} is marked as revoked: ${shown}.`, {
        host: host.name,
        hint: 'A known_hosts file lists this key under @revoked. Give the host a new key.',
      });
  }
};

/** X.509 certificates made on the spot (RFC 5280, in DER by hand), so that tests need neither openssl nor files. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length =
    size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, Math.floor(size / 0x100), size % 0x100];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, 'latin1'));
const TRUE = der(0x01, Buffer.from([0xff]));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const SUBJECT_ALT_NAME = oid('551d11');
const BASIC_CONSTRAINTS = oid('551d13');

const named = (name: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, text(0x0c, name))));
/** UTCTime: the years 1950 to 2049. */
const instant = (at: Date): Buffer =>
  text(0x17, `${at.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`);
const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

type Identity = { certificate: string; key: KeyObject; name: string };
let serial = 1;

const issue = (o: {
  name: string;
  issuer: { name: string; key: KeyObject } | undefined;
  alternatives: string[];
  days: [number, number];
}): Identity => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = o.issuer ?? { name: o.name, key: privateKey };
  const day = (offset: number) => instant(new Date(Date.now() + offset * 86_400_000));
  const alternatives = o.alternatives.map((one) =>
    isIPv4(one) ? der(0x87, Buffer.from(one.split('.').map(Number))) : text(0x82, one),
  );
  const extensions = [
    ...(o.issuer === undefined
      ? [sequence(BASIC_CONSTRAINTS, TRUE, der(0x04, sequence(TRUE)))]
      : [sequence(SUBJECT_ALT_NAME, der(0x04, sequence(...alternatives)))]),
  ];
  serial += 1;
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial])),
    ECDSA_WITH_SHA256,
    named(issuer.name),
    sequence(day(o.days[0]), day(o.days[1])),
    named(o.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', content, issuer.key);
  const certificate = sequence(content, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  return { certificate: pem(certificate), key: privateKey, name: o.name };
};

/** An authority of its own, and what it vouches for. `days`: from when to when, from today. */
export const createAuthority = (name = 'Test authority') => {
  const authority = issue({ name, issuer: undefined, alternatives: [], days: [-1, 30] });
  return {
    certificate: authority.certificate,
    /** For a server; `names`: DNS names and IPv4 addresses. */
    server: (names: string[], days: [number, number] = [-1, 7]) => {
      const { certificate, key } = issue({
        name: names[0] ?? 'server',
        issuer: authority,
        alternatives: names,
        days,
      });
      return { cert: certificate, key: key.export({ type: 'pkcs8', format: 'pem' }) };
    },
  };
};

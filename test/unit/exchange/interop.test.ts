/** Signatures go both ways between this console and the ssh-keygen of OpenSSH, for every kind of key. */

import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSigningKeys } from '../../../main/adapters/exchange/sshSign.ts';
import { sshVerifier } from '../../../main/adapters/exchange/sshVerify.ts';
import { readAllowedSigners, writeSigner } from '../../../main/core/exchange/allowedSigners.ts';
import { judgeSignature } from '../../../main/core/exchange/judge.ts';
import { signRevision } from '../../../main/core/exchange/service.ts';
import { readSshSignature, signedData, writeSshSignature } from '../../../main/core/exchange/sshsig.ts';
import { ascii, joinBytes, toBase64, uint32, wireString } from '../../../main/core/exchange/sshWire.ts';
import { bad, good } from '../snapshots/support.ts';
import {
  acceptedElsewhere,
  allowedLine,
  folder,
  type KeyPair,
  makeKey,
  run,
  signElsewhere,
  signHere,
} from './rig.ts';

const ID = `sha256:${'ab'.repeat(32)}`;
const OTHER = `sha256:${'cd'.repeat(32)}`;
const NOBODY = { signers: [], revoked: new Set<string>() };
const judged = (armor: string, revisionId = ID, allowed = '') =>
  judgeSignature(armor, {
    revisionId,
    at: Date.UTC(2026, 10, 26),
    verifier: sshVerifier,
    trust:
      allowed === ''
        ? NOBODY
        : { ...NOBODY, signers: good(readAllowedSigners(allowed, sshVerifier)).signers },
  });

const kinds: [string, () => KeyPair][] = [
  ['Ed25519', () => makeKey('ed25519')],
  ['ECDSA P-256', () => makeKey('ecdsa', { bits: 256 })],
  ['ECDSA P-384', () => makeKey('ecdsa', { bits: 384 })],
  ['ECDSA P-521', () => makeKey('ecdsa', { bits: 521 })],
  ['RSA 3072', () => makeKey('rsa', { bits: 3072 })],
];

describe.each(kinds)('%s', (_, make) => {
  const key = make();
  const allowed = allowedLine('anna@example.org', key, 'namespaces="frostline"');

  test('what we sign, ssh-keygen accepts; for another id it does not', async () => {
    // r and s of ECDSA have leading zeros now and then.
    for (let round = 0; round < 4; round += 1) {
      const armor = await signHere(ID, key.file);
      expect(acceptedElsewhere(ID, armor, 'anna@example.org', allowed)).toBe(true);
      expect(acceptedElsewhere(OTHER, armor, 'anna@example.org', allowed)).toBe(false);
    }
  });

  test('what ssh-keygen signs, we accept; for another id we do not', () => {
    for (const hash of ['sha512', 'sha256']) {
      const armor = signElsewhere(ID, key, 'frostline', ['-O', `hashalg=${hash}`]);
      expect(judged(armor, ID, allowed)).toMatchObject({
        sound: true,
        status: 'trusted',
        signer: 'anna@example.org',
        fingerprint: key.fingerprint,
      });
      expect(judged(armor, OTHER, allowed)).toMatchObject({ sound: false, status: 'invalid' });
    }
  });

  test('a signature for another purpose is none here', () => {
    const armor = signElsewhere(ID, key, 'git');
    expect(judged(armor, ID, allowed)).toMatchObject({
      status: 'invalid',
      reason: expect.stringContaining('git'),
    });
  });

  test('the fingerprint is the one ssh-keygen prints', () => {
    expect(run('ssh-keygen', ['-l', '-f', key.file]).out.split(' ')[1]).toBe(key.fingerprint);
  });
});

test('the armor we write is, byte for byte, what ssh-keygen writes', () => {
  const key = makeKey('ed25519');
  const theirs = signElsewhere(ID, key);
  expect(writeSshSignature(good(readSshSignature(theirs)))).toBe(theirs);
});

describe('keys on a security device (the signature made as one would)', () => {
  const application = ascii('ssh:');
  const flagsAndCounter = (flags: number) => joinBytes(Uint8Array.of(flags), uint32(7));
  const hashed = (data: Uint8Array) => Uint8Array.from(createHash('sha256').update(data).digest());
  const armorOf = (
    keyType: string,
    fields: Uint8Array[],
    raw: (signed: Uint8Array) => Uint8Array,
    flags: number,
  ) => {
    const publicKey = joinBytes(wireString(keyType), ...fields, wireString(application));
    const digest = sshVerifier.digest('sha512', ascii(ID));
    const data = signedData({ namespace: 'frostline', hash: 'sha512', digest });
    const signed = joinBytes(hashed(application), flagsAndCounter(flags), hashed(data));
    const signature = joinBytes(wireString(keyType), wireString(raw(signed)), flagsAndCounter(flags));
    const armor = writeSshSignature({ publicKey, namespace: 'frostline', hash: 'sha512', signature });
    return { armor, allowed: `anna@example.org ${keyType} ${toBase64(publicKey)}\n` };
  };
  const ed = (flags: number) => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const x = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    return armorOf(
      'sk-ssh-ed25519@openssh.com',
      [wireString(x)],
      (data) => sign(null, data, privateKey),
      flags,
    );
  };
  const ec = (flags: number) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const point = joinBytes(Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'));
    const mpint = (half: Uint8Array) => {
      const short = half.subarray(half.findIndex((byte) => byte !== 0));
      return wireString((short[0] ?? 0) >= 0x80 ? joinBytes(Uint8Array.of(0), short) : short);
    };
    const raw = (data: Uint8Array) => {
      const pair = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return joinBytes(mpint(pair.subarray(0, 32)), mpint(pair.subarray(32)));
    };
    return armorOf(
      'sk-ecdsa-sha2-nistp256@openssh.com',
      [wireString('nistp256'), wireString(point)],
      raw,
      flags,
    );
  };

  test.each([
    ['Ed25519', ed],
    ['ECDSA', ec],
  ] as const)('%s: accepted here and by ssh-keygen', (_, make) => {
    const { armor, allowed } = make(1);
    expect(judged(armor, ID, allowed)).toMatchObject({ status: 'trusted' });
    expect(judged(armor, OTHER, allowed)).toMatchObject({ status: 'invalid' });
    expect(acceptedElsewhere(ID, armor, 'anna@example.org', allowed)).toBe(true);
  });

  test('without anybody having touched it, refused (ssh-keygen is less strict)', () => {
    const { armor, allowed } = ed(0);
    expect(judged(armor, ID, allowed)).toMatchObject({ status: 'invalid' });
    expect(acceptedElsewhere(ID, armor, 'anna@example.org', allowed)).toBe(true);
  });
});

describe('keys that are not relied on', () => {
  test('RSA under 2048 bits: not signed with, and its signatures do not count', async () => {
    const key = makeKey('rsa', { bits: 1024 });
    const keys = { verifier: sshVerifier, signingKeys: createSigningKeys({ agentSocket: undefined }) };
    expect(bad(await signRevision(ID, { kind: 'file', file: key.file }, keys)).code).toBe('signing.key');
    const strong = makeKey('rsa', { bits: 2048 });
    const parsed = good(readSshSignature(signElsewhere(ID, strong)));
    const weakened = writeSshSignature({
      ...parsed,
      publicKey: Buffer.from(key.publicLine.split(' ')[1] ?? '', 'base64'),
    });
    expect(judged(weakened)).toMatchObject({
      status: 'invalid',
      reason: expect.stringContaining('not accepted'),
    });
  });

  test('SHA-1 as the signature’s hash', () => {
    const key = makeKey('rsa', { bits: 2048 });
    const parsed = good(readSshSignature(signElsewhere(ID, key)));
    const privateKey = readFileSync(key.file, 'utf8');
    expect(privateKey).toContain('OPENSSH');
    const signature = joinBytes(wireString('ssh-rsa'), wireString(new Uint8Array(256)));
    expect(judged(writeSshSignature({ ...parsed, signature }))).toMatchObject({
      reason: expect.stringContaining('not accepted'),
    });
  });
});

test('an encrypted private key opens with its passphrase, and says so where it does not', async () => {
  const key = makeKey('ed25519', { passphrase: 'correct horse' });
  const allowed = allowedLine('anna', key);
  expect(judged(await signHere(ID, key.file, { passphrase: 'correct horse' }), ID, allowed).status).toBe(
    'trusted',
  );
  const keys = { verifier: sshVerifier, signingKeys: createSigningKeys({ agentSocket: undefined }) };
  const refused = async (passphrase?: string) =>
    bad(await signRevision(ID, { kind: 'file', file: key.file, passphrase }, keys)).message;
  expect(await refused()).toContain('is encrypted');
  expect(await refused('wrong')).toContain('does not open');
});

/** A real ssh-agent with these keys, for one test. */
const agentWith = async (...keys: KeyPair[]): Promise<string> => {
  const socket = join(folder, `agent-${Math.random().toString(36).slice(2)}`);
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void agent.kill());
  // It says where it listens once it does.
  await new Promise((resolve) => agent.stdout.once('data', resolve));
  for (const key of keys) {
    const added = run('ssh-add', ['-q', key.file], { env: { SSH_AUTH_SOCK: socket } });
    if (added.code !== 0) throw new Error(added.err);
  }
  return socket;
};

describe('an SSH agent', () => {
  test.each(kinds)('signs with %s', async (_, make) => {
    const key = make();
    const agentSocket = await agentWith(key);
    const keys = { verifier: sshVerifier, signingKeys: createSigningKeys({ agentSocket }) };
    const armor = good(await signRevision(ID, { kind: 'agent' }, keys));
    const allowed = allowedLine('anna', key);
    expect(judged(armor, ID, allowed)).toMatchObject({ status: 'trusted', fingerprint: key.fingerprint });
    expect(acceptedElsewhere(ID, armor, 'anna', allowed)).toBe(true);
  });

  test('with several keys wants to be told which; a .pub file says it too', async () => {
    const [one, two] = [makeKey('ed25519'), makeKey('ecdsa')];
    const agentSocket = await agentWith(one, two);
    const keys = { verifier: sshVerifier, signingKeys: createSigningKeys({ agentSocket }) };
    const error = bad(await signRevision(ID, { kind: 'agent' }, keys));
    expect(`${error.hint}`).toContain(one.fingerprint);
    const chosen = good(await signRevision(ID, { kind: 'agent', fingerprint: two.fingerprint }, keys));
    expect(judged(chosen).fingerprint).toBe(two.fingerprint);
    expect(judged(await signHere(ID, `${one.file}.pub`, { agentSocket })).fingerprint).toBe(one.fingerprint);
  });

  test('that is not there is said, with the way out', async () => {
    const keys = (agentSocket: string | undefined) => ({
      verifier: sshVerifier,
      signingKeys: createSigningKeys({ agentSocket }),
    });
    expect(bad(await signRevision(ID, { kind: 'agent' }, keys(undefined))).hint).toContain('ssh-add');
    expect(bad(await signRevision(ID, { kind: 'agent' }, keys(join(folder, 'none')))).code).toBe(
      'signing.key',
    );
    expect(bad(await signRevision(ID, { kind: 'agent' }, keys(await agentWith()))).message).toContain(
      'no keys',
    );
  });
});

test('the allowed signers we write, ssh-keygen reads', async () => {
  const key = makeKey('ed25519');
  const text = allowedLine(
    'anna@example.org,*@ops.example.org',
    key,
    'namespaces="frostline,x",valid-after="20200101Z",valid-before="20990101120000Z"',
  );
  const [signer] = good(readAllowedSigners(text, sshVerifier)).signers;
  if (signer === undefined) throw new Error('no signer');
  const armor = await signHere(ID, key.file);
  expect(acceptedElsewhere(ID, armor, 'anna@example.org', `${writeSigner(signer)}\n`)).toBe(true);
  const over = { ...signer, validBefore: '2021-01-01T00:00:00.000Z' };
  expect(acceptedElsewhere(ID, armor, 'anna@example.org', `${writeSigner(over)}\n`)).toBe(false);
});

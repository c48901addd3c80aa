import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sshVerifier } from '../../../main/adapters/exchange/sshVerify.ts';
import {
  matchesPatterns,
  readAllowedSigners,
  readRevokedKeys,
  writeSigner,
} from '../../../main/core/exchange/allowedSigners.ts';
import { bad, good } from '../snapshots/support.ts';

const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const FINGERPRINT = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';
const read = (text: string) => readAllowedSigners(text, sshVerifier);
const one = (line: string) => {
  const { signers } = good(read(line));
  expect(signers).toHaveLength(1);
  return signers[0];
};

describe('a line of an allowed signers file', () => {
  test('names principals and a key; comments and empty lines are passed over', () => {
    const { signers } = good(
      read(`# who may sign\n\n  anna@example.org ssh-ed25519 ${KEY} anna's laptop\r\n`),
    );
    expect(signers).toEqual([
      {
        principals: ['anna@example.org'],
        keyType: 'ssh-ed25519',
        publicKey: KEY,
        fingerprint: FINGERPRINT,
        comment: "anna's laptop",
      },
    ]);
  });

  test('may hold patterns, quotes and options', () => {
    expect(
      one(
        `"anna@x,*@ops.x,!eve@ops.x" namespaces="frostline,git*",valid-after="20260101Z",valid-before="202612312359Z" ssh-ed25519 ${KEY}`,
      ),
    ).toMatchObject({
      principals: ['anna@x', '*@ops.x', '!eve@ops.x'],
      namespaces: ['frostline', 'git*'],
      validAfter: '2026-01-01T00:00:00.000Z',
      validBefore: '2026-12-31T23:59:00.000Z',
    });
  });

  test('a time without Z is in this machine’s zone', () => {
    expect(one(`anna valid-before="20261231235930" ssh-ed25519 ${KEY}`)?.validBefore).toBe(
      new Date(2026, 11, 31, 23, 59, 30).toISOString(),
    );
  });

  test('with cert-authority is left out by name', () => {
    const { signers, skipped } = good(read(`*@x cert-authority ssh-ed25519 ${KEY}\nanna ssh-ed25519 ${KEY}`));
    expect(signers).toHaveLength(1);
    expect(skipped).toEqual([{ line: 1, reason: expect.stringContaining('cert-authority') }]);
  });

  test.each([
    ['no key', 'anna@x', 1],
    ['a key that is not what it says', `\nanna ssh-rsa ${KEY}`, 2],
    ['an unknown option', `anna no-such="1" ssh-ed25519 ${KEY}`, 1],
    ['a time that is none', `anna valid-after="20260231" ssh-ed25519 ${KEY}`, 1],
    ['an open quote', `anna valid-after="2026 ssh-ed25519 ${KEY}`, 1],
    ['base64 that is none', 'anna ssh-ed25519 AAAA!', 1],
    ['no names', `, ssh-ed25519 ${KEY}`, 1],
  ])('with %s refuses the whole list, and says where', (_, text, line) => {
    const error = bad(read(`${text}\nben ssh-ed25519 ${KEY}`));
    expect(error.code).toBe('input.invalid');
    expect(error.message).toContain(`Line ${line}`);
  });

  test('reads back as it was written', () => {
    const time = fc
      .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
      .map((date) => `${date.toISOString().slice(0, 19)}.000Z`);
    const word = fc.stringMatching(/^[a-z*?][a-z0-9@.*?_-]{0,20}$/);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.option(fc.array(word, { minLength: 1, maxLength: 3 }), { nil: undefined }),
        fc.option(time, { nil: undefined }),
        (principals, namespaces, validBefore) => {
          const signer = {
            principals,
            keyType: 'ssh-ed25519',
            publicKey: KEY,
            fingerprint: FINGERPRINT,
            ...(namespaces === undefined ? {} : { namespaces }),
            ...(validBefore === undefined ? {} : { validBefore }),
          };
          expect(one(writeSigner(signer))).toEqual(signer);
        },
      ),
    );
  });

  test('whatever is read, nothing is thrown', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          '"',
          ',',
          '=',
          ' ',
          '\n',
          'ssh-ed25519',
          KEY,
          'namespaces=',
          'valid-after=',
          'cert-authority',
          '!',
          '*',
        ),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        expect(typeof read(parts.join('')).ok).toBe('boolean');
        expect(typeof readRevokedKeys(parts.join(''), sshVerifier).ok).toBe('boolean');
      }),
      { numRuns: 2000 },
    );
  });
});

test('patterns: one must match, and none that is negated', () => {
  const list = ['*@example.org', '!eve@example.org'];
  expect(matchesPatterns(list, 'anna@example.org')).toBe(true);
  expect(matchesPatterns(list, 'eve@example.org')).toBe(false);
  expect(matchesPatterns(list, 'anna@example.com')).toBe(false);
  expect(matchesPatterns(['!eve'], 'anna')).toBe(false);
});

describe('a list of revoked keys', () => {
  test('holds keys and fingerprints', () => {
    const text = `# gone\nssh-ed25519 ${KEY} anna\nkey: ssh-ed25519 ${KEY}\nsha256: SHA256:${'A'.repeat(43)}\n`;
    expect(good(readRevokedKeys(text, sshVerifier))).toEqual([FINGERPRINT, `SHA256:${'A'.repeat(43)}`]);
  });

  test('a line that is neither refuses it: a revocation must not get lost', () => {
    expect(bad(readRevokedKeys('serial: 5', sshVerifier)).message).toContain('Line 1');
  });

  test('a binary KRL is refused as what it is', () => {
    expect(bad(readRevokedKeys('SSHKRL\n\0', sshVerifier)).message).toContain('KRL');
  });
});

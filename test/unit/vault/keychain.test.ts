import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeychainVault, type KeychainCipher } from '../../../main/adapters/vault/keychain.ts';
import type { SecretName } from '../../../main/core/ports.ts';
import type { Result } from '../../../shared/errors.ts';

const NAME: SecretName = 'host/1/password';
const OTHER: SecretName = 'host/2/password';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'frostline-keychain-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Stands in for the system's keychain: turns every byte around. */
const turn = (data: Buffer) => Buffer.from(data.map((byte) => byte ^ 0xff));
const cipher = (change: Partial<KeychainCipher> = {}): KeychainCipher => ({
  encrypt: async (text) => turn(Buffer.from(text)),
  decrypt: async (data) => turn(data).toString(),
  available: async () => true,
  plaintextBackend: false,
  ...change,
});
const make = (change: Partial<KeychainCipher> = {}) =>
  createKeychainVault({ file: join(dir, 'keychain.json'), cipher: cipher(change) });
const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const codeOf = (result: Result<unknown>) => (result.ok ? 'ok' : result.error.code);

describe('a keychain vault', () => {
  it('needs no passphrase and keeps secrets over a restart, not in clear', async () => {
    const vault = make();
    expect([vault.kind, vault.state()]).toEqual(['keychain', 'unlocked']);
    must(await vault.put(NAME, 'sécret'));
    expect(must(await make().get(NAME))).toBe('sécret');
    const file = join(dir, 'keychain.json');
    expect(readFileSync(file, 'utf8')).not.toContain('sécret');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    must(await vault.remove(NAME));
    expect(must(await vault.get(NAME))).toBeUndefined();
  });

  it('refuses a backend that stores in the open, for reading and writing', async () => {
    must(await make().put(NAME, 'x'));
    const vault = make({ plaintextBackend: true });
    expect(codeOf(await vault.unlock(''))).toBe('vault.unavailable');
    expect(codeOf(await vault.put(NAME, 'x'))).toBe('vault.unavailable');
    expect(codeOf(await vault.get(NAME))).toBe('vault.unavailable');
    must(await vault.remove(NAME));
  });

  it.each([
    ['is not available', { available: async () => false }],
    ['throws', { available: () => Promise.reject(new Error('no bus')) }],
  ])('says so when the keychain %s', async (_what, change) => {
    expect(codeOf(await make(change).put(NAME, 'x'))).toBe('vault.unavailable');
  });

  it('does not give one secret out under the name of another, nor garbage', async () => {
    const vault = make();
    must(await vault.put(NAME, 'x'));
    const file = join(dir, 'keychain.json');
    const content = JSON.parse(readFileSync(file, 'utf8'));
    content.secrets[OTHER] = content.secrets[NAME];
    content.secrets[NAME] = 'AAAA';
    writeFileSync(file, JSON.stringify(content));
    expect(codeOf(await vault.get(OTHER))).toBe('vault.unavailable');
    expect(codeOf(await vault.get(NAME))).toBe('vault.unavailable');
  });
});

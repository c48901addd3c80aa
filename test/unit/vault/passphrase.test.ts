import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPassphraseVault } from '../../../main/adapters/vault/passphrase.ts';
import type { SecretName } from '../../../main/core/ports.ts';
import type { Result } from '../../../shared/errors.ts';

/** The cost of each derivation that was asked for. */
const derivations = vi.hoisted(() => vi.fn<(N: number | undefined) => void>());
/** A key costs half a second of a processor, as it should: one test pays that, and the others take a thousandth of the cost. */
const cheap = vi.hoisted(() => ({ by: 1024 }));
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  type Args = Parameters<typeof crypto.scrypt>;
  const scrypt = (passphrase: Args[0], salt: Args[1], length: Args[2], o: Args[3], done: Args[4]) => {
    derivations(o.N);
    crypto.scrypt(passphrase, salt, length, { ...o, N: (o.N ?? 0) / cheap.by }, done);
  };
  return { ...crypto, scrypt };
});

const NAME: SecretName = 'host/1/password';
const OTHER: SecretName = 'host/2/sudoPassword';

let dir = '';
let file = '';
beforeEach(() => {
  cheap.by = 1024;
  dir = mkdtempSync(join(tmpdir(), 'frostline-vault-'));
  file = join(dir, 'data', 'vault.json');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
const codeOf = (result: Result<unknown>) => (result.ok ? 'ok' : result.error.code);

const filled = async () => {
  const vault = createPassphraseVault({ file });
  must(await vault.unlock('correct horse'));
  must(await vault.put(NAME, 'first sécret'));
  must(await vault.put(OTHER, ''));
  return vault;
};

describe('a passphrase vault', () => {
  it('is absent, is created by its first passphrase, and keeps secrets over a restart', async () => {
    cheap.by = 1;
    derivations.mockClear();
    const vault = createPassphraseVault({ file });
    expect(vault.state()).toBe('absent');
    expect(vault.kind).toBe('passphrase');
    await filled();
    const again = createPassphraseVault({ file });
    expect(again.state()).toBe('locked');
    must(await again.unlock('correct horse'));
    expect(again.state()).toBe('unlocked');
    expect(must(await again.get(NAME))).toBe('first sécret');
    expect(must(await again.get(OTHER))).toBe('');
    expect(must(await again.get('host/3/password'))).toBeUndefined();
    expect(derivations.mock.calls).toEqual([[2 ** 17], [2 ** 17]]);
  });

  it('derives no key again for the passphrase that has opened it, and does for any other', async () => {
    const vault = await filled();
    derivations.mockClear();
    must(await vault.unlock('correct horse'));
    expect(derivations).not.toHaveBeenCalled();
    expect(codeOf(await vault.unlock('correct horse '))).toBe('vault.wrong-passphrase');
    expect(derivations).toHaveBeenCalledTimes(1);
    expect(must(await vault.get(NAME))).toBe('first sécret');

    vault.lock();
    must(await vault.unlock('correct horse'));
    expect(derivations).toHaveBeenCalledTimes(2);

    // Another vault in its place, which the same passphrase made: what is open is not it.
    rmSync(file);
    must(await createPassphraseVault({ file }).unlock('correct horse'));
    derivations.mockClear();
    must(await vault.unlock('correct horse'));
    expect(derivations).toHaveBeenCalledTimes(1);
    expect(must(await vault.get(NAME))).toBeUndefined();
  });

  it('has nothing in clear but names, and belongs to its owner alone', async () => {
    await filled();
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain('sécret');
    expect(text).not.toContain('horse');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'data')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dir, 'data'))).toEqual(['vault.json']);
  });

  it('takes back permissions that were given too freely', async () => {
    const vault = await filled();
    chmodSync(file, 0o644);
    must(await vault.get(NAME));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('says wrong passphrase and stays locked', async () => {
    await filled();
    const vault = createPassphraseVault({ file });
    expect(codeOf(await vault.unlock('wrong horse'))).toBe('vault.wrong-passphrase');
    expect(vault.state()).toBe('locked');
    expect(codeOf(await vault.get(NAME))).toBe('vault.locked');
  });

  it('opens whichever Unicode form the passphrase is typed in', async () => {
    must(await createPassphraseVault({ file }).unlock('pa\u0308ss'));
    must(await createPassphraseVault({ file }).unlock('p\u00e4ss'));
  });

  it('gives and takes nothing while locked, except for removing', async () => {
    const vault = await filled();
    vault.lock();
    expect(vault.state()).toBe('locked');
    expect(codeOf(await vault.get(NAME))).toBe('vault.locked');
    expect(codeOf(await vault.put(NAME, 'x'))).toBe('vault.locked');
    must(await vault.remove(NAME));
    must(await vault.remove('host/9/password'));
    must(await vault.unlock('correct horse'));
    expect(must(await vault.get(NAME))).toBeUndefined();
    expect(must(await vault.get(OTHER))).toBe('');
  });

  it('does many changes at once without losing one', async () => {
    const vault = await filled();
    const names = Array.from({ length: 20 }, (_, i): SecretName => `host/n${i}/password`);
    await Promise.all(names.map(async (name, i) => must(await vault.put(name, `secret ${i}`))));
    for (const [i, name] of names.entries()) expect(must(await vault.get(name))).toBe(`secret ${i}`);
  });

  it('does not give one secret out under the name of another', async () => {
    const vault = await filled();
    const content = JSON.parse(readFileSync(file, 'utf8'));
    content.secrets[OTHER] = content.secrets[NAME];
    writeFileSync(file, JSON.stringify(content));
    expect(codeOf(await vault.get(OTHER))).toBe('vault.unavailable');
    expect(must(await vault.get(NAME))).toBe('first sécret');
  });

  it.each([
    ['empty', () => ''],
    ['cut off', (text: string) => text.slice(0, text.length / 2)],
    ['of an unknown version', (text: string) => text.replace('frostline.vault/1', 'frostline.vault/2')],
    ['asking for all memory', (text: string) => text.replace('"N":131072', '"N":1073741824')],
    ['with a cost that is no power of two', (text: string) => text.replace('"N":131072', '"N":131073')],
    ['something else', () => '[1,2,3]'],
  ])('names a file that is %s, and leaves it as it is', async (_what, damage) => {
    await filled();
    const damaged = damage(readFileSync(file, 'utf8'));
    writeFileSync(file, damaged);
    const vault = createPassphraseVault({ file });
    const opened = await vault.unlock('correct horse');
    expect(codeOf(opened)).toBe('vault.unavailable');
    expect(opened.ok ? '' : opened.error.message).toContain(file);
    expect(codeOf(await vault.remove(NAME))).toBe('vault.unavailable');
    expect(readFileSync(file, 'utf8')).toBe(damaged);
  });

  it('notices that its file was replaced or removed while it was open', async () => {
    const vault = await filled();
    rmSync(file);
    expect(codeOf(await vault.put(NAME, 'x'))).toBe('vault.unavailable');
    expect(existsSync(file)).toBe(false);
    must(await createPassphraseVault({ file }).unlock('another'));
    expect(codeOf(await vault.put(NAME, 'x'))).toBe('vault.unavailable');
  });

  it('says so when it cannot be written, and keeps what it had', async () => {
    writeFileSync(join(dir, 'data'), 'a file where the folder should be');
    const vault = createPassphraseVault({ file });
    const result = await vault.unlock('correct horse');
    expect(codeOf(result)).toBe('vault.unavailable');
    expect(vault.state()).not.toBe('unlocked');
  });
});

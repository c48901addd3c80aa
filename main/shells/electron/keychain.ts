/**
 * The system's keychain opens the vault: a random passphrase, kept encrypted by Electron's safeStorage in the data folder,
 * is handed to whichever host process serves it. A vault that was made with a passphrase elsewhere stays that person's.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Client } from '../../../shared/contract/contract.ts';

/** The part of safeStorage that is used. Its plaintext fallback (`basic_text`) is never. */
export type Cipher = {
  isAsyncEncryptionAvailable(): Promise<boolean>;
  encryptStringAsync(text: string): Promise<Buffer>;
  decryptStringAsync(data: Buffer): Promise<{ result: string }>;
  getSelectedStorageBackend(): string;
};

export type KeychainOutcome = 'opened' | 'created' | 'already-open' | 'not-ours' | 'no-keychain' | 'failed';

export const openWithKeychain = async (o: {
  client: Client;
  cipher: Cipher;
  file: string;
  linux: boolean;
}): Promise<KeychainOutcome> => {
  const status = await o.client.call('system.status', {});
  if (!status.ok) return 'failed';
  const { state } = status.value.vault;
  if (state === 'unlocked') return 'already-open';
  if (!(await usable(o.cipher, o.linux))) return 'no-keychain';
  if (state === 'locked') {
    if (!existsSync(o.file)) return 'not-ours';
    const { result } = await o.cipher.decryptStringAsync(readFileSync(o.file));
    return (await o.client.call('system.unlock', { passphrase: result })).ok ? 'opened' : 'failed';
  }
  const passphrase = randomBytes(32).toString('base64');
  const encrypted = await o.cipher.encryptStringAsync(passphrase);
  writeFileSync(`${o.file}.part`, encrypted, { mode: 0o600 });
  renameSync(`${o.file}.part`, o.file);
  return (await o.client.call('system.unlock', { passphrase })).ok ? 'created' : 'failed';
};

const usable = async (cipher: Cipher, linux: boolean): Promise<boolean> => {
  if (linux && cipher.getSelectedStorageBackend() === 'basic_text') return false;
  return cipher.isAsyncEncryptionAvailable();
};

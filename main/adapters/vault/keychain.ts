/** A vault whose key is kept by the operating system (Electron's safeStorage behind `cipher`). */
import { z } from 'zod';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Vault } from '../../core/ports.ts';
import { SecretFile } from './secretFile.ts';

export type KeychainCipher = {
  encrypt(text: string): Promise<Buffer>;
  decrypt(data: Buffer): Promise<string>;
  available(): Promise<boolean>;
  /** The system has no keychain and the backend would store secrets in the open. Never used then. */
  plaintextBackend: boolean;
};

const FORMAT = 'frostline.keychain/1';
const KeychainFile = z.object({
  format: z.literal(FORMAT),
  secrets: z.record(z.string().max(200), z.string().max(40_000)),
});
type KeychainFile = z.infer<typeof KeychainFile>;

/** What is encrypted: the name goes with the secret, so that a record cannot be passed off as another. */
const Content = z.object({ name: z.string(), secret: z.string() });

export const createKeychainVault = (o: { file: string; cipher: KeychainCipher }): Vault => {
  const file = new SecretFile<KeychainFile>(o.file, KeychainFile);

  const usable = async (): Promise<Result<void>> => {
    if (o.cipher.plaintextBackend)
      return fail('vault.unavailable', 'This system has no keychain; secrets would be stored in the open.', {
        hint: 'Set up a keychain (GNOME Keyring, KWallet), or use the passphrase vault.',
      });
    try {
      if (await o.cipher.available()) return ok(undefined);
    } catch {
      // Falls through to the same answer: a keychain that cannot say so is not available.
    }
    return fail('vault.unavailable', 'The keychain of this system is locked or not available.', {
      hint: 'Unlock it and try again, or use the passphrase vault.',
    });
  };

  return {
    kind: 'keychain',
    // The system asks for its own unlocking when the key is used.
    state: () => 'unlocked',
    unlock: () => usable(),
    lock: () => {},

    async get(name) {
      const ready = await usable();
      if (!ready.ok) return ready;
      const content = await file.read();
      if (!content.ok) return content;
      const record = content.value?.secrets[name];
      if (record === undefined) return ok(undefined);
      try {
        const opened = Content.safeParse(JSON.parse(await o.cipher.decrypt(Buffer.from(record, 'base64'))));
        if (opened.success && opened.data.name === name) return ok(opened.data.secret);
      } catch {
        // Falls through: whatever the keychain threw, the record cannot be read.
      }
      return file.unavailable(`the record ${name} cannot be opened with this keychain`);
    },

    async put(name, secret) {
      const ready = await usable();
      if (!ready.ok) return ready;
      let record: string;
      try {
        record = (await o.cipher.encrypt(JSON.stringify({ name, secret }))).toString('base64');
      } catch {
        return file.unavailable('the keychain did not encrypt the secret');
      }
      return file.update((now) =>
        ok({ format: FORMAT, secrets: { ...(now?.secrets ?? {}), [name]: record } }),
      );
    },

    remove(name) {
      return file.update((now) => {
        if (now === undefined || !Object.hasOwn(now.secrets, name)) return ok(undefined);
        const { [name]: _gone, ...secrets } = now.secrets;
        return ok({ ...now, secrets });
      });
    },
  };
};

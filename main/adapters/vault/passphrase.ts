/**
 * A vault opened by a passphrase: scrypt makes the key, every secret is a record of its own under AES-256-GCM with its name
 * as associated data, so that a record cannot be passed off as another and one can be removed without the key.
 * The names (host ids) stand in clear.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { z } from 'zod';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { SecretName, Vault } from '../../core/ports.ts';
import { SecretFile } from './secretFile.ts';

const FORMAT = 'frostline.vault/1';
/** 128 MiB and about half a second: dear for a guesser, bearable once per start. */
const COST = { N: 2 ** 17, r: 8, p: 1 };
const CHECK_NAME = 'frostline.vault/check';
const CHECK_TEXT = 'frostline';

const Base64 = z
  .string()
  .max(20_000)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/);
const Sealed = z.object({ nonce: Base64, data: Base64, tag: Base64 });
type Sealed = z.infer<typeof Sealed>;
const isPowerOfTwo = (n: number) => (n & (n - 1)) === 0;
const VaultFile = z.object({
  format: z.literal(FORMAT),
  kdf: z.object({
    name: z.literal('scrypt'),
    N: z
      .int()
      .min(2 ** 14)
      .max(2 ** 20)
      .refine(isPowerOfTwo),
    r: z.int().min(1).max(16),
    p: z.int().min(1).max(4),
    salt: Base64,
  }),
  /** A record of known content: tells a wrong passphrase from a damaged file. */
  check: Sealed,
  secrets: z.record(z.string().max(200), Sealed),
});
type VaultFile = z.infer<typeof VaultFile>;

const deriveKey = (passphrase: string, kdf: VaultFile['kdf']): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const { N, r, p } = kdf;
    // The same passphrase typed on another system may arrive in another Unicode form.
    scrypt(
      passphrase.normalize('NFC'),
      Buffer.from(kdf.salt, 'base64'),
      32,
      { N, r, p, maxmem: 128 * N * r * p + 32 * 1024 * 1024 },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });

const seal = (key: Buffer, name: string, text: string): Sealed => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  cipher.setAAD(Buffer.from(name));
  // One byte in front keeps an empty text from being an empty record.
  const data = Buffer.concat([cipher.update(`=${text}`, 'utf8'), cipher.final()]);
  return {
    nonce: nonce.toString('base64'),
    data: data.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
};

/** Undefined when the key does not fit, or the record was changed. */
const unseal = (key: Buffer, name: string, record: Sealed): string | undefined => {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(record.nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(Buffer.from(name));
    decipher.setAuthTag(Buffer.from(record.tag, 'base64'));
    const text = Buffer.concat([decipher.update(Buffer.from(record.data, 'base64')), decipher.final()]);
    return text.toString('utf8').slice(1);
  } catch {
    return undefined;
  }
};

const locked = (): Result<never> =>
  fail('vault.locked', 'The vault is locked.', {
    hint: 'Open it with its passphrase (in a terminal: --passphrase-file).',
  });
const wrongPassphrase = (): Result<never> =>
  fail('vault.wrong-passphrase', 'The passphrase does not open the vault.');

export const createPassphraseVault = (o: { file: string }): Vault => {
  const file = new SecretFile<VaultFile>(o.file, VaultFile);
  let key: Buffer | undefined;
  /** What opened it, keyed by a secret of this process. Goes with the key, which is worth more to whoever reads this memory. */
  let opener: { mac: Buffer; salt: string } | undefined;
  const ownSecret = randomBytes(32);
  const macOf = (passphrase: string) =>
    createHmac('sha256', ownSecret).update(passphrase.normalize('NFC')).digest();

  const setKey = (next: Buffer | undefined, by?: { passphrase: string; salt: string }) => {
    key?.fill(0);
    key = next;
    opener = by === undefined ? undefined : { mac: macOf(by.passphrase), salt: by.salt };
  };

  /** Every command of a script brings the passphrase: that of the vault which is open already needs no derivation. */
  const isOpenWith = (passphrase: string, content: VaultFile): boolean =>
    key !== undefined &&
    opener !== undefined &&
    opener.salt === content.kdf.salt &&
    timingSafeEqual(opener.mac, macOf(passphrase)) &&
    unseal(key, CHECK_NAME, content.check) === CHECK_TEXT;

  const create = async (passphrase: string): Promise<Result<void>> => {
    const kdf = { name: 'scrypt' as const, ...COST, salt: randomBytes(32).toString('base64') };
    const fresh = await deriveKey(passphrase, kdf);
    const check = seal(fresh, CHECK_NAME, CHECK_TEXT);
    const written = await file.update((now) =>
      now === undefined
        ? ok({ format: FORMAT, kdf, check, secrets: {} })
        : fail('state.conflict', 'Another process has just created the vault.', { hint: 'Try again.' }),
    );
    if (written.ok) setKey(fresh, { passphrase, salt: kdf.salt });
    else fresh.fill(0);
    return written;
  };

  return {
    kind: 'passphrase',
    state: () => (key !== undefined ? 'unlocked' : file.exists() ? 'locked' : 'absent'),

    async unlock(passphrase) {
      const content = await file.read();
      if (!content.ok) return content;
      try {
        if (content.value === undefined) return await create(passphrase);
        if (isOpenWith(passphrase, content.value)) return ok(undefined);
        const tried = await deriveKey(passphrase, content.value.kdf);
        if (unseal(tried, CHECK_NAME, content.value.check) !== CHECK_TEXT) {
          tried.fill(0);
          return wrongPassphrase();
        }
        setKey(tried, { passphrase, salt: content.value.kdf.salt });
        return ok(undefined);
      } catch {
        return file.unavailable('there is not enough memory to derive its key');
      }
    },

    lock: () => setKey(undefined),

    async get(name) {
      if (key === undefined) return file.exists() ? locked() : ok(undefined);
      const content = await file.read();
      if (!content.ok) return content;
      if (content.value === undefined) return file.unavailable('it is gone');
      const record = content.value.secrets[name];
      if (record === undefined) return ok(undefined);
      // Locked while the file was being read.
      if (key === undefined) return locked();
      const secret = unseal(key, name, record);
      return secret === undefined ? file.unavailable(`the record ${name} is damaged`) : ok(secret);
    },

    put(name: SecretName, secret: string) {
      return file.update((now) => {
        if (key === undefined) return locked();
        if (now === undefined) return file.unavailable('it is gone');
        if (unseal(key, CHECK_NAME, now.check) !== CHECK_TEXT)
          return file.unavailable('it was replaced by another vault; lock it and open it again');
        return ok({ ...now, secrets: { ...now.secrets, [name]: seal(key, name, secret) } });
      });
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

/**
 * Encryption with age (age-encryption.org/v1), as the `age` program reads and writes it. The passphrase's scrypt is Node's own:
 * the library's runs for seconds in JavaScript, and nothing else would.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { armor, Decrypter, Encrypter, type Identity, type Recipient, Stanza } from 'age-encryption';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { FileCipher, FileKey } from '../../core/exchange/ports.ts';
import { clean } from '../ssh/words.ts';

const LABEL = 'age-encryption.org/v1/scrypt';
const SALT_BYTES = 16;
const FILE_KEY_BYTES = 16;
const TAG_BYTES = 16;
/** As the `age` program writes; more than `most` in a file is not a passphrase but an attempt to keep this machine busy. */
const WORK = { ours: 18, most: 20 };

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

const wrappingKey = (passphrase: string, salt: Uint8Array, logN: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const memory = 128 * 8 * 2 ** logN;
    scrypt(
      passphrase,
      Buffer.concat([Buffer.from(LABEL), salt]),
      32,
      { N: 2 ** logN, r: 8, p: 1, maxmem: memory + 32 * 1024 * 1024 },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    );
  });

const byPassphrase = (passphrase: string): Recipient => ({
  wrapFileKey: async (fileKey) => {
    const salt = randomBytes(SALT_BYTES);
    const key = await wrappingKey(passphrase, salt, WORK.ours);
    const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: TAG_BYTES });
    const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
    return [new Stanza(['scrypt', base64(salt), String(WORK.ours)], Uint8Array.from(body))];
  },
});

class TooMuchWork extends Error {}

const withPassphrase = (passphrase: string): Identity => ({
  unwrapFileKey: async (stanzas) => {
    const [stanza] = stanzas;
    if (stanza === undefined || stanza.args[0] !== 'scrypt') return null;
    // Its authors allow it beside no other recipient: who knows the passphrase must be the only one to have made the file.
    if (stanzas.length !== 1 || stanza.args.length !== 3 || stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES)
      return null;
    const [, salt = '', logN = ''] = stanza.args;
    if (!/^[1-9][0-9]?$/.test(logN) || !/^[A-Za-z0-9+/]{22}$/.test(salt)) return null;
    if (Number(logN) > WORK.most) throw new TooMuchWork();
    const key = await wrappingKey(passphrase, Buffer.from(salt, 'base64'), Number(logN));
    const cipher = createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: TAG_BYTES });
    cipher.setAuthTag(stanza.body.subarray(FILE_KEY_BYTES));
    try {
      return Uint8Array.from(
        Buffer.concat([cipher.update(stanza.body.subarray(0, FILE_KEY_BYTES)), cipher.final()]),
      );
    } catch {
      return null;
    }
  },
});

/** Lines of an identity file (age(1)); comments and empty lines apart. */
const identitiesOf = (text: string): Result<string[]> => {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) return fail('input.invalid', 'The identity file holds no identity.');
  if (lines.length > 100) return fail('input.invalid', 'The identity file holds more than 100 identities.');
  return lines.every((line) => /^AGE-SECRET-KEY-[A-Z0-9-]+$/.test(line))
    ? ok(lines)
    : fail('input.invalid', 'The identity file holds something that is not an age secret key.', {
        hint: 'Native age identities (AGE-SECRET-KEY-1…) work; SSH keys, plugins and encrypted identity files do not.',
      });
};

const decrypterFor = (key: FileKey): Result<Decrypter> => {
  const decrypter = new Decrypter();
  if (key.passphrase !== undefined) decrypter.addIdentity(withPassphrase(key.passphrase));
  if (key.identity === undefined) return ok(decrypter);
  const identities = identitiesOf(key.identity);
  if (!identities.ok) return identities;
  try {
    for (const identity of identities.value) decrypter.addIdentity(identity);
    return ok(decrypter);
  } catch {
    return fail('input.invalid', 'The identity file holds an age secret key that is not sound.', {
      hint: 'It was cut or changed; age-keygen makes them.',
    });
  }
};

const refusalOf = (error: unknown): Result<never> => {
  if (error instanceof TooMuchWork)
    return fail(
      'exchange.malformed',
      `The file asks for more work to try a passphrase (over 2^${WORK.most}) than a passphrase needs.`,
    );
  const message = error instanceof Error ? error.message : '';
  return /no identity matched/i.test(message)
    ? fail('exchange.wrong-key', 'The file is encrypted, and not for this key.', {
        hint: 'Give the identity of one of its recipients, or the passphrase it was encrypted with.',
      })
    : fail(
        'exchange.malformed',
        `The encrypted file is cut or was changed: ${clean(message, 120) || 'it cannot be read'}.`,
        {
          hint: 'Copy it again.',
        },
      );
};

export const ageCipher: FileCipher = {
  encrypt: async (text, to) => {
    const encrypter = new Encrypter();
    if (to.passphrase !== undefined && to.recipients.length > 0)
      return fail('input.invalid', 'A file is encrypted for recipients or with a passphrase, not both.');
    if (to.passphrase === '') return fail('input.invalid', 'The passphrase is empty.');
    try {
      for (const recipient of to.recipients) encrypter.addRecipient(recipient);
    } catch {
      return fail('input.invalid', 'A recipient is not an age public key.', {
        hint: 'They look like age1… (age-keygen -y shows that of an identity).',
      });
    }
    if (to.passphrase !== undefined) encrypter.addRecipient(byPassphrase(to.passphrase));
    return ok(armor.encode(await encrypter.encrypt(text)));
  },
  decrypt: async (text, key) => {
    const decrypter = decrypterFor(key);
    if (!decrypter.ok) return decrypter;
    try {
      const bytes = await decrypter.value.decrypt(armor.decode(text));
      return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch (error) {
      return refusalOf(error);
    }
  },
};

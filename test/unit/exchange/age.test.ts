/** Encrypted files go both ways between this console and the `age` program. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ageCipher } from '../../../main/adapters/exchange/age.ts';
import { fileText } from '../../../shared/age.ts';
import { bad, good } from '../snapshots/support.ts';
import { fileOf, folder, run, signingWorld } from './rig.ts';

const TEXT = `{"grün":"☃ 😀"}\n${'x'.repeat(200_000)}`;
const PASSPHRASE = 'correct horse battery';

const identity = (): { file: string; text: string; recipient: string } => {
  const made = run('age-keygen', []);
  const recipient = /age1[0-9a-z]+/.exec(made.out)?.[0] ?? '';
  return { file: fileOf(made.out), text: made.out, recipient };
};

/** `age -p` talks to a terminal only: one that Python makes, which types the passphrase when it is asked. */
const TYPING = `
import os, pty, sys
phrase, args = sys.argv[1], sys.argv[2:]
pid, tty = pty.fork()
if pid == 0:
    os.execvp(args[0], args)
seen = b""
asked = 0
while True:
    try:
        data = os.read(tty, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if seen.lower().count(b"passphrase") > asked and seen.rstrip().endswith(b":"):
        asked = seen.lower().count(b"passphrase")
        os.write(tty, phrase.encode() + b"\\n")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
const typing = (args: string[]) => run('python3', ['-c', TYPING, PASSPHRASE, ...args]);

describe('recipients', () => {
  test('what we encrypt, age decrypts: each of them, and nobody else', async () => {
    const [one, two, other] = [identity(), identity(), identity()];
    const file = fileOf(good(await ageCipher.encrypt(TEXT, { recipients: [one.recipient, two.recipient] })));
    for (const { file: key } of [one, two]) expect(run('age', ['-d', '-i', key, file]).out).toBe(TEXT);
    expect(run('age', ['-d', '-i', other.file, file]).code).not.toBe(0);
  });

  test.each([
    ['binary', []],
    ['armored', ['-a']],
  ] as const)('what age encrypts (%s), we decrypt', async (_, more) => {
    const { recipient, text } = identity();
    const file = join(folder, `theirs-${more.length}.age`);
    expect(run('age', [...more, '-r', recipient, '-o', file], { input: TEXT }).code).toBe(0);
    const armor = fileText(readFileSync(file)) ?? '';
    expect(good(await ageCipher.decrypt(armor.trim(), { identity: text }))).toBe(TEXT);
    expect(bad(await ageCipher.decrypt(armor.trim(), { identity: identity().text })).code).toBe(
      'exchange.wrong-key',
    );
    expect(bad(await ageCipher.decrypt(armor.trim(), { passphrase: 'x' })).code).toBe('exchange.wrong-key');
  });
});

describe('a passphrase', () => {
  test('what we encrypt, age decrypts', async () => {
    const file = fileOf(good(await ageCipher.encrypt(TEXT, { recipients: [], passphrase: PASSPHRASE })));
    const out = join(folder, 'decrypted');
    expect(typing(['age', '-d', '-o', out, file]).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(TEXT);
  });

  test('what age encrypts, we decrypt', async () => {
    const [plain, file] = [fileOf(TEXT), join(folder, 'passphrase.age')];
    expect(typing(['age', '-p', '-a', '-o', file, plain]).code).toBe(0);
    const armor = readFileSync(file, 'utf8').trim();
    expect(good(await ageCipher.decrypt(armor, { passphrase: PASSPHRASE }))).toBe(TEXT);
  });
});

describe('hostile files', () => {
  const encrypted = async () => {
    const key = identity();
    return { key, armor: good(await ageCipher.encrypt(TEXT, { recipients: [key.recipient] })).trim() };
  };

  test('cut, changed or not age at all are refused', async () => {
    const { key, armor } = await encrypted();
    const lines = armor.split('\n');
    const middle = lines.length >> 1;
    const changed = [...lines];
    changed[middle] = `${lines[middle]?.startsWith('A') ? 'B' : 'A'}${lines[middle]?.slice(1)}`;
    for (const text of [
      changed.join('\n'),
      [...lines.slice(0, middle), lines.at(-1)].join('\n'),
      armor.slice(0, -40),
      '-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----',
      '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----',
    ])
      expect(bad(await ageCipher.decrypt(text, { identity: key.text })).code).toBe('exchange.malformed');
  });

  /** A header in proper form that no passphrase opens, of so much work. */
  const forPassphrase = (work: string): string => {
    const stanza = [`-> scrypt ${'A'.repeat(22)} ${work}`, 'A'.repeat(43)];
    const header = ['age-encryption.org/v1', ...stanza, `--- ${'A'.repeat(43)}`, ''];
    return (fileText(Buffer.concat([Buffer.from(header.join('\n')), Buffer.alloc(64)])) ?? '').trim();
  };

  test('one that wants hours of work for a passphrase is refused at once', async () => {
    const error = bad(await ageCipher.decrypt(forPassphrase('30'), { passphrase: 'x' }));
    expect(error.code).toBe('exchange.malformed');
    expect(error.message).toContain('work');
  });

  test('a wrong passphrase is told apart from a broken file', async () => {
    const refused = async (work: string) =>
      bad(await ageCipher.decrypt(forPassphrase(work), { passphrase: 'x' })).code;
    expect(await refused('4')).toBe('exchange.wrong-key');
    expect(await refused('04')).toBe('exchange.wrong-key');
  });

  test('an identity file that is none is said', async () => {
    const { armor } = await encrypted();
    for (const text of ['', '# nothing', 'ssh-ed25519 AAAA', 'AGE-SECRET-KEY-1XYZ'])
      expect(bad(await ageCipher.decrypt(armor, { identity: text })).code).toBe('input.invalid');
  });

  test('a recipient that is none is said', async () => {
    expect(bad(await ageCipher.encrypt(TEXT, { recipients: ['age1nonsense'] })).code).toBe('input.invalid');
    expect(
      bad(await ageCipher.encrypt(TEXT, { recipients: [identity().recipient], passphrase: 'x' })).code,
    ).toBe('input.invalid');
  });
});

test('a snapshot goes out encrypted and comes back in; without the key nothing is told of it', async () => {
  const world = await signingWorld();
  const key = identity();
  const made = good(await world.service.export({ ref: 'autumn', recipients: [key.recipient] }));
  expect(made).toMatchObject({
    encrypted: true,
    fileName: 'autumn-r2.frost.json.age',
    bytes: made.text.length,
  });
  expect(made.text).not.toContain('openssl');
  const file = join(folder, 'snapshot.age');
  writeFileSync(file, made.text);
  expect(run('age', ['-d', '-i', key.file, file]).out).toBe(
    good(await world.service.export({ ref: 'autumn' })).text,
  );
  const theirs = await signingWorld();
  theirs.store.removeLine(theirs.head.lineId);
  expect(bad(await theirs.service.verify({ text: made.text })).code).toBe('exchange.encrypted');
  expect(good(await theirs.service.import({ text: made.text, key: { identity: key.text } }))).toMatchObject({
    encrypted: true,
    outcome: 'new-line',
  });
});

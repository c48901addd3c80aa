/** Exchange files made to do harm. Each is refused with its reason, before its content is believed, and changes nothing. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../main/core/snapshots/canonical.ts';
import { readExchangeFile } from '../../main/shells/cli/files.ts';
import { FrostFault } from '../../shared/errors.ts';
import type { ExchangeFile } from '../../shared/model/snapshot.ts';
import {
  allowedLine,
  fileOf,
  folder,
  type KeyPair,
  makeKey,
  run,
  type SigningWorld,
  signHere,
  signingWorld,
} from '../unit/exchange/rig.ts';
import { bad, good } from '../unit/snapshots/support.ts';

let anna: KeyPair;
let eve: KeyPair;
let text: string;
let file: ExchangeFile;
let older: string;
let here: SigningWorld;

beforeAll(async () => {
  [anna, eve] = [makeKey('ed25519'), makeKey('ed25519')];
  const author = await signingWorld();
  await author.sign('autumn@1', anna);
  older = good(await author.service.export({ ref: 'autumn@1' })).text;
  await author.sign('autumn', anna);
  text = good(await author.service.export({ ref: 'autumn' })).text;
  file = JSON.parse(text);
});
beforeEach(async () => {
  here = await signingWorld();
  here.store.removeLine(here.head.lineId);
  await here.trust('anna@example.org', anna);
});

const everything = () =>
  JSON.stringify([here.store.lines(), here.store.freezes(), here.store.signatures(file.head)]);
const refusal = async (given: string, more: object = {}) => {
  const before = everything();
  const verified = await here.service.verify({ text: given, ...more });
  const said = verified.ok ? verified.value.refusal : verified.error;
  const error = bad(await here.service.import({ text: given, ...more }));
  expect(said).toMatchObject({ code: error.code });
  expect(everything()).toBe(before);
  // What happened, for a person: never a stack trace or a bare exception.
  expect(error.message).toMatch(/^[A-Z‘'].*\.$/s);
  return error;
};
const idOf = (content: unknown): string =>
  `sha256:${createHash('sha256').update(canonicalJson(content)).digest('hex')}`;
const withHead = (revisions: unknown[], signatures: unknown[] = []): string =>
  JSON.stringify({ format: file.format, head: idOf(revisions.at(-1)), revisions, signatures });

test('the sound one is taken in', async () => {
  expect(good(await here.service.import({ text }))).toMatchObject({
    ok: true,
    signatures: [{ signer: 'anna@example.org', status: 'trusted' }],
  });
});

describe('changed on the way', () => {
  test('one character, wherever it stands: refused or of no meaning', async () => {
    for (let at = 7; at < text.length; at += 41) {
      const changed = `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`;
      expect((await refusal(changed)).code).toMatch(/^(exchange|signature)\./);
    }
  });

  test('the content with its hash made right, and the old signature', async () => {
    const [first, second] = file.revisions;
    const forged = { ...second, entries: second?.entries.map((entry) => ({ ...entry, version: '0-evil' })) };
    expect((await refusal(withHead([first, forged], file.signatures))).code).toBe('signature.invalid');
  });

  test('cut anywhere', async () => {
    for (const share of [0.1, 0.5, 0.9, 0.999]) {
      const error = await refusal(text.slice(0, text.length * share));
      expect(error.code).toBe('exchange.malformed');
      expect(error.message).toContain('truncated');
    }
  });

  test('the signatures taken out', async () => {
    expect((await refusal(JSON.stringify({ ...file, signatures: [] }))).code).toBe('signature.missing');
  });
});

describe('signed by the wrong ones', () => {
  const signedBy = async (key: KeyPair, fingerprint = key.fingerprint) =>
    JSON.stringify({ ...file, signatures: [{ fingerprint, armor: await signHere(file.head, key.file) }] });

  test('by somebody unknown', async () => {
    const error = await refusal(await signedBy(eve));
    expect(error.code).toBe('signature.untrusted');
    expect(error.message).toContain(eve.fingerprint);
  });

  test('by somebody unknown who says to be somebody else', async () => {
    expect((await refusal(await signedBy(eve, anna.fingerprint))).code).toBe('signature.invalid');
  });

  test('with a revoked key', async () => {
    good(await here.signing['signers.revoke']({ which: anna.fingerprint }));
    const error = await refusal(text);
    expect(error.code).toBe('signature.revoked');
    expect(error.message).toContain('anna@example.org');
  });

  test('with a key whose time is over', async () => {
    const allowedSigners = allowedLine('anna@example.org', anna, 'valid-before="20200101Z"');
    expect((await refusal(text, { allowedSigners })).code).toBe('signature.untrusted');
  });

  test('with a signature of another file by the right one', async () => {
    const armor = await signHere(file.revisions[1]?.parents[0] ?? '', anna.file);
    const moved = JSON.stringify({ ...file, signatures: [{ fingerprint: anna.fingerprint, armor }] });
    expect((await refusal(moved)).code).toBe('signature.invalid');
  });

  test('what is not trusted is not read: a revision nobody could understand is not looked at', async () => {
    const strange = withHead([{ format: 'frostline.revision/1', anything: ['at', 'all'] }]);
    expect((await refusal(strange)).code).toBe('signature.missing');
  });
});

describe('too much', () => {
  test('1 GB is refused by its size: nothing of it is read', () => {
    const huge = join(folder, 'huge.frost.json');
    closeSync(openSync(huge, 'w'));
    truncateSync(huge, 1024 ** 3);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => readExchangeFile(huge, 45 * 1024 * 1024)).toThrow(FrostFault);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  test('a pipe that does not end is read up to the limit', () => {
    const pipe = join(folder, 'pipe');
    expect(run('mkfifo', [pipe]).code).toBe(0);
    run('sh', ['-c', `(head -c 3000000 /dev/zero > ${pipe} 2>/dev/null) >/dev/null 2>&1 &`]);
    expect(() => readExchangeFile(pipe, 1024 * 1024)).toThrow('larger than 1.0 MiB');
  });

  test('text of more than the limit', async () => {
    expect((await refusal(`${text}${' '.repeat(33 * 1024 * 1024)}`)).code).toBe('exchange.too-large');
  });

  test('a million entries', async () => {
    const [first] = file.revisions;
    const entries = new Array(1_000_000).fill(0);
    const error = await refusal(withHead([{ ...first, entries }]));
    expect(error.code).toBe('exchange.malformed');
    expect(error.message).toContain('20000 entries');
  });

  test('a million brackets, open or closed', async () => {
    expect((await refusal('['.repeat(1_000_000))).code).toBe('exchange.malformed');
    expect((await refusal('['.repeat(500_000) + ']'.repeat(500_000))).code).toBe('exchange.malformed');
    const deep = text.replace('"scope":{}', `"scope":${'{"a":'.repeat(100)}1${'}'.repeat(100)}`);
    expect(deep).not.toBe(text);
    expect((await refusal(deep)).code).toBe('exchange.malformed');
  });

  test('more signatures than anybody needs', async () => {
    const [one] = file.signatures;
    expect((await refusal(JSON.stringify({ ...file, signatures: new Array(51).fill(one) }))).code).toBe(
      'exchange.malformed',
    );
  });
});

describe('meaning two things', () => {
  test('a name twice in an object', async () => {
    const twice = text.replace('"number":2', '"number":2,"number":2');
    expect((await refusal(twice)).code).toBe('exchange.malformed');
  });

  test('half a character', async () => {
    const [first, second] = file.revisions;
    const half = JSON.stringify({ ...file, revisions: [first, { ...second, message: '\ud800' }] });
    expect((await refusal(half)).code).toBe('exchange.malformed');
    const bytes = Buffer.from(text.replace('openssl', 'o\u00e9nssl'), 'latin1');
    expect(() => readExchangeFile(fileOf(bytes), 1024 * 1024)).toThrow('not valid UTF-8');
  });

  test('names that reach into the program', async () => {
    expect((await refusal(text.replace('"scope":{}', '"scope":{"__proto__":{"x":1}}'))).code).toBe(
      'exchange.malformed',
    );
  });

  test('a later version of the format', async () => {
    expect((await refusal(text.replace('exchange/1', 'exchange/2'))).code).toBe('exchange.unknown-version');
  });
});

test('an older revision sent again: warned of, and nothing goes back', async () => {
  good(await here.service.import({ text }));
  const before = everything();
  expect(good(await here.service.verify({ text: older }))).toMatchObject({
    ok: true,
    outcome: 'older',
    fresh: 0,
  });
  const imported = good(await here.service.import({ text: older }));
  expect(imported).toMatchObject({ outcome: 'older', snapshot: { revision: 2 } });
  expect(everything()).toBe(before);
});

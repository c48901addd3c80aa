/** Signing, verifying and encrypting as a script does it, with the real ssh-keygen and age beside. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ExchangeFile } from '../../../shared/model/snapshot.ts';
import { Frostline } from './support.ts';

const frostline = new Frostline();
const other = new Frostline();
afterAll(() => {
  frostline.close();
  other.close();
});

const Signed = z.object({
  ok: z.boolean().optional(),
  signatures: z.array(
    z.object({ signer: z.string().nullable(), fingerprint: z.string(), status: z.string() }),
  ),
});
const path = (name: string) => frostline.path(name);
const good = async (...args: string[]) => {
  const { code, document } = await frostline.json(...args);
  expect(document).not.toHaveProperty('error');
  expect(code).toBe(0);
  return document;
};
const refused = async (code: string, exit: number, ...args: string[]) => {
  const answer = await other.json(...args);
  expect(answer).toMatchObject({ code: exit, document: { error: { code, message: expect.any(String) } } });
};

let fingerprint = '';
beforeAll(async () => {
  for (const name of ['anna', 'eve'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path(name)]);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'correct horse', '-f', path('locked')]);
  fingerprint =
    execFileSync('ssh-keygen', ['-l', '-f', path('anna')], { encoding: 'utf8' }).split(' ')[1] ?? '';
  for (const name of ['anna', 'eve'])
    writeFileSync(
      path(`allowed-${name}`),
      `${name}@example.org ${readFileSync(path(`${name}.pub`), 'utf8')}`,
    );
  await good('snapshot', 'create', 'autumn', '--empty');
  await good('snapshot', 'edit', 'autumn', '--add', 'openssl=3.0.15-1~deb12u1');
});

describe('snapshot export --sign', () => {
  test('writes a file that ssh-keygen -Y verify accepts, over the head’s id and nothing else', async () => {
    const file = path('autumn.frost.json');
    const made = Signed.parse(await good('snapshot', 'export', 'autumn', file, '--sign', path('anna')));
    expect(made.signatures).toMatchObject([{ fingerprint }]);
    const { head, signatures } = ExchangeFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    writeFileSync(path('armor'), signatures[0]?.armor ?? '');
    const who = [
      '-n',
      'frostline',
      '-I',
      'anna@example.org',
      '-f',
      path('allowed-anna'),
      '-s',
      path('armor'),
    ];
    expect(spawnSync('ssh-keygen', ['-Y', 'verify', ...who], { input: head }).status).toBe(0);
    expect(spawnSync('ssh-keygen', ['-Y', 'verify', ...who], { input: `${head}\n` }).status).not.toBe(0);
  });

  test('which another console verifies and imports with the allowed signers, and refuses with others', async () => {
    const file = path('autumn.frost.json');
    await refused(
      'signature.untrusted',
      3,
      'snapshot',
      'import',
      file,
      '--allowed-signers',
      path('allowed-eve'),
    );
    await refused(
      'signature.untrusted',
      3,
      'snapshot',
      'verify',
      file,
      '--allowed-signers',
      path('allowed-eve'),
    );
    writeFileSync(path('revoked'), readFileSync(path('anna.pub')));
    const trusting = ['--allowed-signers', path('allowed-anna')];
    await refused(
      'signature.revoked',
      3,
      'snapshot',
      'import',
      file,
      ...trusting,
      '--revoked-keys',
      path('revoked'),
    );
    writeFileSync(path('tampered'), readFileSync(file, 'utf8').replace('deb12u1', 'deb12u2'));
    await refused('exchange.tampered', 3, 'snapshot', 'import', path('tampered'), ...trusting);
    expect((await other.json('snapshot', 'list')).document).toEqual({ snapshots: [] });
    const verified = await other.json('snapshot', 'verify', file, ...trusting);
    expect(verified.code).toBe(0);
    expect(Signed.parse(verified.document)).toMatchObject({
      ok: true,
      signatures: [{ signer: 'anna@example.org', fingerprint, status: 'trusted' }],
    });
    expect((await other.json('snapshot', 'import', file, ...trusting)).code).toBe(0);
  });

  test('a gigabyte is refused by its size', async () => {
    closeSync(openSync(path('huge'), 'w'));
    truncateSync(path('huge'), 1024 ** 3);
    await refused('exchange.too-large', 3, 'snapshot', 'verify', path('huge'));
  });
});

describe('snapshot sign', () => {
  test('takes a signature made with ssh-keygen -Y sign, an encrypted key, and one way at a time', async () => {
    const shown = z
      .object({ snapshot: z.object({ id: z.string() }) })
      .parse(await good('snapshot', 'show', 'autumn'));
    const armor = execFileSync('ssh-keygen', ['-Y', 'sign', '-q', '-n', 'frostline', '-f', path('eve')], {
      input: shown.snapshot.id,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    writeFileSync(path('made'), armor);
    await good('snapshot', 'sign', 'autumn', '--signature', path('made'));
    writeFileSync(path('pass'), 'correct horse\n');
    const locked = ['--key', path('locked')];
    const signed = await good('snapshot', 'sign', 'autumn', ...locked, '--key-passphrase-file', path('pass'));
    expect(Signed.parse(signed).signatures).toHaveLength(3);
    expect(await frostline.json('snapshot', 'sign', 'autumn', ...locked)).toMatchObject({
      code: 2,
      document: { error: { code: 'signing.key' } },
    });
    expect((await frostline.json('snapshot', 'sign', 'autumn')).code).toBe(2);
    expect((await frostline.json('snapshot', 'sign', 'autumn', '--agent')).code).toBe(2);
  });
});

describe('signers and policy', () => {
  test('a freeze waits for its signatures', async () => {
    await good(
      'hosts',
      'add',
      'web-1',
      '--address',
      '192.0.2.1',
      '--user',
      'x',
      '--agent',
      '--environment',
      'production',
    );
    await good('signers', 'import', path('allowed-anna'));
    await good('policy', 'set', 'production', '--freeze', '2', '--four-eyes');
    const freeze = ['snapshot', 'freeze', 'autumn', '--hosts', 'env=production', '--to', '+1d'];
    expect(await frostline.json(...freeze)).toMatchObject({
      code: 3,
      document: { error: { code: 'policy.signatures' } },
    });
    await good('signers', 'add', 'eve@example.org', path('eve.pub'));
    expect(await good('snapshot', 'signatures', 'autumn')).toMatchObject({
      wanted: [{ environment: 'production', purpose: 'freeze', need: 2, suffices: true }],
    });
    await good(...freeze);
  });
});

describe('encryption', () => {
  test('for an age recipient: `age` opens ours, and we open its', async () => {
    const identity = execFileSync('age-keygen', [], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    writeFileSync(path('identity'), identity);
    const recipient = /age1[0-9a-z]+/.exec(identity)?.[0] ?? '';
    await good('snapshot', 'export', 'autumn@2', path('ours.age'), '--recipient', recipient);
    await good('snapshot', 'export', 'autumn@2', path('plain'));
    const opened = execFileSync('age', ['-d', '-i', path('identity'), path('ours.age')], {
      encoding: 'utf8',
    });
    expect(opened).toBe(readFileSync(path('plain'), 'utf8'));
    execFileSync('age', ['-r', recipient, '-o', path('theirs.age'), path('plain')]);
    await refused('exchange.encrypted', 2, 'snapshot', 'import', path('theirs.age'));
    for (const file of ['ours.age', 'theirs.age']) {
      const verified = await other.json('snapshot', 'verify', path(file), '--identity', path('identity'));
      expect(verified).toMatchObject({ code: 0, document: { ok: true, encrypted: true } });
    }
  });

  test('with a passphrase out of a file, which does not touch the vault', async () => {
    writeFileSync(path('phrase'), 'battery staple\n');
    await good('snapshot', 'export', 'autumn@2', path('phrase.age'), '--passphrase-file', path('phrase'));
    expect(readFileSync(path('phrase.age'), 'utf8')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/);
    const opened = await other.json(
      'snapshot',
      'verify',
      path('phrase.age'),
      '--passphrase-file',
      path('phrase'),
    );
    expect(opened).toMatchObject({ code: 0, document: { ok: true } });
    const status = await frostline.json('hosts', 'list');
    expect(status.code).toBe(0);
  });
});

/** Who signed what a repository says of itself: what counts as a signature, and what gpgv, the real one, makes of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGpgvSignature, readStatus } from '../../../main/adapters/metadata/gpgv.ts';
import { claimedSigners } from '../../../main/core/bundles/metadata/signers.ts';
import { bad } from '../snapshots/support.ts';
import { aptRepository, bundleWith, releaseFile, signingKey, verified } from './repositories.ts';
import { caller, createConsole, write } from './support.ts';

const verifyOf = async (bytes: Buffer) => {
  const there = createConsole();
  return there.bundles.verify({ file: write(there, 'a.frost.tar', bytes) }, caller);
};

describe('the signature of a repository', () => {
  it('is checked by gpgv where a keyring is given', async () => {
    const key = signingKey();
    const other = signingKey();
    const { index, indexes } = await aptRepository();
    const bytes = await bundleWith([{ root: key.inline(releaseFile(index)), indexes }]);
    const statusWith = async (keyring: Buffer) =>
      (await verified(bytes, keyring)).bundle.metadata.repositories[0]?.signature;
    expect(await statusWith(key.keyring)).toEqual({ status: 'good', keys: [key.fingerprint] });
    expect(await statusWith(key.armored)).toEqual({ status: 'good', keys: [key.fingerprint] });
    expect(await statusWith(other.keyring)).toMatchObject({ status: 'unknown-key' });
  });

  it('is refused where it is of something else', async () => {
    const key = signingKey();
    const { index, indexes } = await aptRepository();
    const root = key.inline(releaseFile(index)).replace('Origin: Lab', 'Origin: Bal');
    const bytes = await bundleWith([{ root, indexes }]);
    // Without a keyring nobody can tell.
    expect((await verified(bytes)).ok).toBe(true);
    expect(await verified(bytes, key.keyring)).toMatchObject({
      ok: false,
      refusal: { code: 'signature.invalid', message: expect.stringContaining('Bal lab') },
    });
    const there = createConsole();
    const file = write(there, 'a.frost.tar', bytes);
    const keyring = key.keyring.toString('base64');
    expect(bad(await there.bundles.import({ file, keyring }, caller)).code).toBe('signature.invalid');
    expect(there.store.lines()).toEqual([]);
  });

  it('counts for what stands inside it alone', async () => {
    const key = signingKey();
    const { index, indexes } = await aptRepository();
    const signed = key.inline(releaseFile('another list'));
    const more = releaseFile(index);
    for (const root of [
      `${more}${signed}`,
      `${signed}${more}`,
      signed.replace('\n\n', `\n${more}\n`),
      signed.replace(
        '-----BEGIN PGP SIGNATURE',
        `-----BEGIN PGP SIGNED MESSAGE-----\n\n${more}-----BEGIN PGP SIGNATURE`,
      ),
    ])
      expect(bad(await verifyOf(await bundleWith([{ root, indexes }]))).code).toBe('exchange.malformed');
  });

  it('is nothing but a signature, where it is a file of its own', async () => {
    const key = signingKey();
    const { index, indexes } = await aptRepository();
    const root = releaseFile(index);
    for (const signature of [key.message('anything'), key.inline('anything'), 'no', key.armored])
      expect(bad(await verifyOf(await bundleWith([{ root, signature, indexes }]))).code).toBe(
        'exchange.malformed',
      );
    const detached = await bundleWith([{ root, signature: key.detached(root), indexes }]);
    expect((await verified(detached, key.keyring)).bundle.metadata.repositories[0]?.signature).toEqual({
      status: 'good',
      keys: [key.fingerprint],
    });
  });

  it('is not taken for good where gpgv is missing, or the keyring is none', async () => {
    const one = { keyring: Buffer.from('no keys'), root: Buffer.from('x'), signature: undefined };
    expect(bad(await createGpgvSignature(['/nowhere/gpgv'])(one))).toMatchObject({
      code: 'input.invalid',
      hint: expect.stringContaining('--keyring'),
    });
    expect(bad(await createGpgvSignature(['/usr/bin/gpgv'])(one)).code).toBe('input.invalid');
  });

  it('is bad where any of several is, expired or unknown only where none is good', () => {
    const id = 'A'.repeat(16);
    const fingerprint = 'B'.repeat(40);
    const status = (...lines: string[]) =>
      readStatus(lines.map((line) => `[GNUPG:] ${line}\n`).join('')).status;
    const valid = `VALIDSIG ${fingerprint} 2026-11-23`;
    expect(status('NEWSIG', `GOODSIG ${id} Lab`, valid)).toBe('good');
    expect(status('NEWSIG', `ERRSIG ${id} 22 10 01 1 9`, 'NEWSIG', `GOODSIG ${id} Lab`, valid)).toBe('good');
    expect(status('NEWSIG', `GOODSIG ${id} Lab`, valid, 'NEWSIG', `BADSIG ${id} Lab`)).toBe('bad');
    expect(status('NEWSIG', `EXPKEYSIG ${id} Lab`, valid)).toBe('expired');
    expect(status('NEWSIG', `REVKEYSIG ${id} Lab`, valid)).toBe('bad');
    expect(status('NEWSIG', `ERRSIG ${id} 22 10 01 1 9`)).toBe('unknown-key');
    expect(status('NODATA 1')).toBe('bad');
    expect(readStatus(`GOODSIG ${id}\nVALIDSIG ${fingerprint}\n`).status).toBe('bad');
  });

  it('names no key, and breaks nothing, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const body = Buffer.from(bytes).toString('base64');
        const found = claimedSigners(
          `-----BEGIN PGP SIGNATURE-----\n\n${body}\n-----END PGP SIGNATURE-----\n`,
        );
        for (const one of found ?? []) expect(one).toMatch(/^[0-9A-F]{16,64}$/);
      }),
    );
  });
});

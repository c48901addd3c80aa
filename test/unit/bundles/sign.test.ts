/** Who vouches for a bundle: packages that no snapshot knows the hash of are as good as the signature over their manifest. */
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bundleText } from '../../../main/core/bundles/sign.ts';
import { createSignatureService, signRevision } from '../../../main/core/exchange/service.ts';
import { canonicalJson } from '../../../main/core/snapshots/canonical.ts';
import { makeKey, signElsewhere } from '../exchange/rig.ts';
import { bad, good } from '../snapshots/support.ts';
import {
  type Console,
  caller,
  createConsole,
  packed,
  pictureOf,
  read,
  sample,
  sha256,
  write,
} from './support.ts';

const anna = makeKey('ed25519');
const stranger = makeKey('ed25519');

/** A console that trusts Anna. */
const trusting = async (): Promise<Console> => {
  const there = createConsole();
  const signing = createSignatureService(there.ports);
  good(await signing['signers.add']({ principal: 'anna', publicKey: anna.publicLine }));
  return there;
};

/** The sample bundle, its snapshot signed by Anna, the bundle itself by nobody yet. */
const signedSample = async (there: Console, key = anna) => {
  const s = await sample();
  const plain = createConsole();
  const file = write(plain, 'a.frost.tar', await packed(s.entries));
  good(await plain.bundles.import({ file }, caller));
  const signing = createSignatureService(plain.ports);
  const armor = good(await signRevision(s.manifest.head, { kind: 'file', file: key.file }, plain.ports));
  good(await signing['signatures.sign']({ ref: s.manifest.head, with: { kind: 'signature', armor } }));
  const exchange = good(await plain.snapshots.export({ ref: s.manifest.head })).text;
  const manifest = {
    ...s.manifest,
    exchange: { sha256: sha256(exchange), bytes: Buffer.byteLength(exchange) },
  };
  return write(
    there,
    'signed.frost.tar',
    await packed([
      { name: 'bundle.json', content: canonicalJson(manifest) },
      { name: 'exchange.frost.json', content: exchange },
      ...s.entries.slice(2),
    ]),
  );
};

const signWith = async (there: Console, file: string, key: { file: string }) =>
  there.bundles.sign({ file, with: { kind: 'file', file: key.file } }, caller);

describe('the signature of a bundle', () => {
  it('is put into the file, which is otherwise the same, and judged when it is taken in', async () => {
    const there = await trusting();
    const file = await signedSample(there);
    const before = good(await there.bundles.verify({ file }, caller));
    const signed = good(await signWith(there, file, anna));
    expect(signed).toMatchObject({
      id: before.bundle.id,
      signatures: [{ signer: 'anna', status: 'trusted' }],
    });
    expect(read(file)).toHaveLength(signed.bytes);
    // Made by OpenSSH's own program it counts as well; twice by one key is once.
    const armor = signElsewhere(bundleText(signed.id), anna);
    good(await there.bundles.sign({ file, with: { kind: 'signature', armor } }, caller));
    expect(good(await signWith(there, file, anna)).signatures).toHaveLength(1);
    const taken = good(await there.bundles.import({ file }, caller));
    expect(taken.bundle).toMatchObject({
      id: before.bundle.id,
      bundleSignatures: [{ signer: 'anna', status: 'trusted' }],
    });
    expect(there.ports.artefacts.list()).toHaveLength(2);
  });

  it('is what packages without a hash in the snapshot need, where only signed files are taken', async () => {
    const there = await trusting();
    const file = await signedSample(there);
    const picture = pictureOf(there);
    expect(bad(await there.bundles.import({ file }, caller))).toMatchObject({
      code: 'signature.missing',
      message: expect.stringContaining('openssl 3.0.15-1'),
    });
    good(await signWith(there, file, stranger));
    expect(bad(await there.bundles.import({ file }, caller)).code).toBe('signature.untrusted');
    expect(pictureOf(there)).toEqual(picture);
  });

  it('is refused where it is of another bundle', async () => {
    const there = await trusting();
    const file = await signedSample(there);
    const armor = good(
      await signRevision(bundleText('0'.repeat(64)), { kind: 'file', file: anna.file }, there.ports),
    );
    const before = read(file);
    expect(bad(await there.bundles.sign({ file, with: { kind: 'signature', armor } }, caller)).code).toBe(
      'signature.invalid',
    );
    expect(read(file).equals(before)).toBe(true);

    good(await signWith(there, file, anna));
    const tar = read(file);
    // The same fingerprint, another signature: a byte in the middle of the armor.
    const at = tar.indexOf('-----BEGIN SSH SIGNATURE-----') + 200;
    tar[at] = tar[at] === 0x41 ? 0x42 : 0x41;
    writeFileSync(file, tar);
    expect(bad(await there.bundles.import({ file }, caller)).code).toMatch(/^(signature\.|exchange\.)/);
    expect(there.store.lines()).toEqual([]);
  });
});

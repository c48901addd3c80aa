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
const signedSample = async (there: Console, key = anna, only?: 'rollback', advisories = '') => {
  const s = await sample();
  const packages = s.manifest.packages.filter(({ role }) => only === undefined || role === only);
  const plain = createConsole();
  const file = write(plain, 'a.frost.tar', await packed(s.entries));
  good(await plain.bundles.import({ file }, caller));
  const signing = createSignatureService(plain.ports);
  const armor = good(await signRevision(s.manifest.head, { kind: 'file', file: key.file }, plain.ports));
  good(await signing['signatures.sign']({ ref: s.manifest.head, with: { kind: 'signature', armor } }));
  const exchange = good(await plain.snapshots.export({ ref: s.manifest.head })).text;
  const data =
    advisories === ''
      ? []
      : [{ name: 'a.osv.json', sha256: sha256(advisories), bytes: Buffer.byteLength(advisories) }];
  const manifest = {
    ...s.manifest,
    exchange: { sha256: sha256(exchange), bytes: Buffer.byteLength(exchange) },
    packages,
    advisories: data,
  };
  return write(
    there,
    'signed.frost.tar',
    await packed([
      { name: 'bundle.json', content: canonicalJson(manifest) },
      { name: 'exchange.frost.json', content: exchange },
      ...s.entries.slice(2, 2 + packages.length),
      ...data.map((one) => ({ name: `advisories/${one.sha256}`, content: advisories })),
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

  it('is what advisory data needs, where only signed files are taken: else it is left out, and that is said', async () => {
    const osv = JSON.stringify([
      {
        id: 'DSA-5764-1',
        modified: '2026-11-01T00:00:00Z',
        affected: [
          {
            package: { ecosystem: 'Debian:12', name: 'openssl' },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1' }] }],
          },
        ],
      },
    ]);
    const there = await trusting();
    // With nothing new in it, the snapshot's own signature is enough for the bundle.
    const file = await signedSample(there, anna, 'rollback', osv);
    const leftOut = { advisories: 0, advisoriesLeftOut: 1, bundleSignatures: [] };
    expect(good(await there.bundles.verify({ file }, caller)).bundle).toMatchObject(leftOut);
    expect(good(await there.bundles.import({ file }, caller)).bundle).toMatchObject(leftOut);
    expect(there.store.lines()).toHaveLength(1);
    expect(there.store.advisoryCount()).toBe(0);

    good(await signWith(there, file, anna));
    expect(good(await there.bundles.import({ file }, caller)).bundle).toMatchObject({
      advisories: 1,
      advisoriesLeftOut: 0,
    });
    expect(there.store.advisoriesNamed('DSA-5764-1')).toHaveLength(1);

    // A signature that does not count is no better than none: nothing comes in.
    const elsewhere = await trusting();
    const other = await signedSample(elsewhere, anna, 'rollback', osv);
    good(await signWith(elsewhere, other, stranger));
    expect(bad(await elsewhere.bundles.import({ file: other }, caller)).code).toBe('signature.untrusted');
    expect(elsewhere.store.lines()).toEqual([]);
    expect(elsewhere.store.advisoryCount()).toBe(0);
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

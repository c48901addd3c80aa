/** What repositories say of a bundle's packages: the chain from what is signed to the packages, and what is refused in it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createGpgvSignature, readStatus } from '../../../main/adapters/metadata/gpgv.ts';
import { metadataReader } from '../../../main/adapters/metadata/reader.ts';
import { claimedSigners } from '../../../main/core/bundles/metadata/signers.ts';
import { ok } from '../../../shared/errors.ts';
import type { BundleManifest, BundlePackage } from '../../../shared/model/bundle.ts';
import { bad, good } from '../snapshots/support.ts';
import {
  aptRepository,
  bundleWith,
  packagesFile,
  primaryFile,
  type Repository,
  releaseFile,
  repomdFile,
  signingKey,
  stanza,
} from './repositories.ts';
import { caller, createConsole, type Entry, pictureOf, sample, sha256, write } from './support.ts';

const verified = async (bytes: Buffer, keyring?: Buffer) => {
  const there = createConsole();
  const file = write(there, 'a.frost.tar', bytes);
  const more = keyring === undefined ? {} : { keyring: keyring.toString('base64') };
  return good(await there.bundles.verify({ file, ...more }, caller));
};

/** The same packages as rpm's. */
const dnfBundle = async (repository: (packages: BundlePackage[]) => Repository) => {
  const asRpm = (one: BundlePackage): BundlePackage => ({ ...one, ecosystem: 'dnf', arch: 'x86_64' });
  const { manifest } = await sample();
  return bundleWith([repository(manifest.packages.map(asRpm))], (made, metadata) => ({
    manifest: { ...made, packages: made.packages.map(asRpm) },
    metadata,
  }));
};

const hashesOf = (packages: readonly { sha256: string }[]): string[] =>
  packages.map((one) => one.sha256).sort();

describe('the metadata in a bundle', () => {
  it('vouches for the packages that its lists name, and says who signed it', async () => {
    const key = signingKey();
    const { index, indexes } = await aptRepository();
    const { bundle } = await verified(await bundleWith([{ root: key.inline(releaseFile(index)), indexes }]));
    expect(bundle.metadata).toEqual({
      repositories: [
        {
          ecosystem: 'apt',
          repository: 'Lab lab',
          packages: 2,
          signature: { status: 'unchecked', keys: [key.fingerprint] },
        },
      ],
      vouched: 2,
      notVouched: [],
    });
  });

  it('names the packages that no list has', async () => {
    const { manifest } = await sample();
    const some = await aptRepository({ list: (all) => all.slice(1) });
    const [, newer] = manifest.packages;
    const { bundle } = await verified(
      await bundleWith([
        { ...some, indexes: some.indexes.map((one) => ({ ...one, vouches: [newer?.sha256 ?? ''] })) },
      ]),
    );
    expect(bundle.metadata).toMatchObject({
      repositories: [{ packages: 1, signature: { status: 'none', keys: [] } }],
      vouched: 1,
      notVouched: [{ name: 'openssl', version: '3.0.14-1', role: 'rollback' }],
    });
  });

  it.each<[string, (index: string) => Uint8Array | string]>([
    ['plain', (index) => index],
    ['gzip', (index) => gzipSync(index)],
    ['zstd', (index) => zstdCompressSync(index)],
  ])('takes lists that are packed: %s', async (_how, zip) => {
    const { root, index, indexes } = await aptRepository();
    const { bundle } = await verified(
      await bundleWith([{ root, indexes: indexes.map((one) => ({ ...one, content: zip(index) })) }]),
    );
    expect(bundle.metadata.vouched).toBe(2);
  });

  it('holds for rpm: repomd.xml, primary.xml, packages', async () => {
    const key = signingKey();
    const bytes = await dnfBundle((packages) => {
      const index = primaryFile(packages);
      const root = repomdFile(gzipSync(index), index);
      return {
        ecosystem: 'dnf',
        root,
        signature: key.detached(root),
        // As it is handed out, or unpacked: both are named.
        indexes: [{ content: index, vouches: hashesOf(packages) }],
      };
    });
    expect((await verified(bytes, key.keyring)).bundle.metadata).toMatchObject({
      repositories: [
        {
          ecosystem: 'dnf',
          repository: 'a name',
          packages: 2,
          signature: { status: 'good', keys: [key.fingerprint] },
        },
      ],
      vouched: 2,
    });
  });

  it('counts for nothing but what is told: a package comes in with or without', async () => {
    const there = createConsole();
    const repository = await aptRepository();
    const file = write(there, 'a.frost.tar', await bundleWith([repository]));
    const imported = good(await there.bundles.import({ file }, caller));
    expect(imported.bundle).toMatchObject({ files: 2, metadata: { vouched: 2 } });
    expect(there.ports.artefacts.list()).toHaveLength(2);
  });
});

type Hostile = [string, string, () => Promise<Buffer>];
type Change = (manifest: BundleManifest, metadata: Entry[]) => { manifest: unknown; metadata: Entry[] };

const changedApt = async (change: Change): Promise<Buffer> => bundleWith([await aptRepository()], change);
/** The root says of the list what is true; the list is something else than a bundle's maker would put there. */
const withIndex = async (index: string | Uint8Array, vouches?: string[]): Promise<Buffer> => {
  const { indexes } = await aptRepository();
  const root = releaseFile('x').replace(
    / [0-9a-f]{64} 1 main/,
    ` ${sha256(index)} ${Buffer.byteLength(index)} main`,
  );
  return bundleWith([{ root, indexes: [{ content: index, vouches: vouches ?? indexes[0]?.vouches ?? [] }] }]);
};
const withRoot = async (root: (release: string) => string): Promise<Buffer> => {
  const made = await aptRepository();
  return bundleWith([{ ...made, root: root(String(made.root)) }]);
};

const HOSTILE: Hostile[] = [
  [
    'a list that was changed, its own hash with it',
    'exchange.tampered',
    async () => {
      const made = await aptRepository();
      const index = made.index.replace('libc6', 'evil6');
      return bundleWith([{ ...made, indexes: made.indexes.map((one) => ({ ...one, content: index })) }]);
    },
  ],
  [
    'a list that was changed, and nothing else',
    'exchange.tampered',
    async () =>
      changedApt((manifest, [root, list]) => ({
        manifest,
        metadata: [
          ...(root === undefined ? [] : [root]),
          { name: list?.name ?? '', content: Buffer.from(list?.content ?? '').fill(0, 20, 30) },
        ],
      })),
  ],
  [
    'a root that names another hash',
    'exchange.tampered',
    () =>
      withRoot((release) =>
        release.replace(
          / [0-9a-f]{64} (\d+) main\/binary-amd64\/P/,
          ` ${'d'.repeat(64)} $1 main/binary-amd64/P`,
        ),
      ),
  ],
  [
    'a root that names another size',
    'exchange.tampered',
    () => withRoot((release) => release.replaceAll(/ \d+ main\/binary-amd64\/P/g, ' 7 main/binary-amd64/P')),
  ],
  [
    'a list that the root names as something else',
    'exchange.tampered',
    () => withRoot((release) => release.replaceAll('binary-amd64/Packages', 'source/Sources')),
  ],
  [
    'a list that has another file for a package',
    'exchange.tampered',
    async () => {
      const { manifest } = await sample();
      const [older, newer] = manifest.packages as [BundlePackage, BundlePackage];
      const index = packagesFile([older, { ...newer, sha256: 'd'.repeat(64) }]);
      return withIndex(index, [older.sha256]);
    },
  ],
  [
    'packages vouched for that the list does not have',
    'exchange.tampered',
    async () => {
      const { manifest } = await sample();
      return withIndex(packagesFile(manifest.packages.slice(0, 1)));
    },
  ],
  [
    'packages not vouched for that the list has',
    'exchange.tampered',
    async () => {
      const { manifest } = await sample();
      return withIndex(packagesFile(manifest.packages), hashesOf(manifest.packages).slice(0, 1));
    },
  ],
  [
    'packages vouched for that are not in the bundle',
    'exchange.malformed',
    async () => withIndex('Package: x\n', ['e'.repeat(64)]),
  ],
  [
    'hashes out of order',
    'exchange.malformed',
    async () => {
      const { manifest } = await sample();
      return withIndex(packagesFile(manifest.packages), hashesOf(manifest.packages).toReversed());
    },
  ],
  [
    'a file left out',
    'exchange.malformed',
    () => changedApt((manifest, metadata) => ({ manifest, metadata: metadata.slice(0, 1) })),
  ],
  [
    'a file too many',
    'exchange.malformed',
    () =>
      changedApt((manifest, metadata) => ({
        manifest,
        metadata: [...metadata, { name: `metadata/${sha256('x')}`, content: 'x' }],
      })),
  ],
  [
    'files in another order',
    'exchange.malformed',
    () => changedApt((manifest, metadata) => ({ manifest, metadata: metadata.toReversed() })),
  ],
  [
    'a file listed twice',
    'exchange.malformed',
    () =>
      changedApt((manifest, metadata) => ({
        manifest: { ...manifest, metadata: [...manifest.metadata, ...manifest.metadata] },
        metadata,
      })),
  ],
  [
    'a root without lists',
    'exchange.malformed',
    () =>
      changedApt((manifest, metadata) => ({
        manifest: { ...manifest, metadata: manifest.metadata.map((one) => ({ ...one, indexes: [] })) },
        metadata: metadata.slice(0, 1),
      })),
  ],
  [
    'a member of its own in the manifest',
    'exchange.malformed',
    () =>
      changedApt((manifest, metadata) => ({
        manifest: { ...manifest, metadata: manifest.metadata.map((one) => ({ ...one, trusted: true })) },
        metadata,
      })),
  ],
  [
    'metadata as earlier versions would have had it',
    'exchange.malformed',
    () =>
      changedApt((manifest, metadata) => ({
        manifest: { ...manifest, metadata: manifest.metadata.map((one) => one.root) },
        metadata: metadata.slice(0, 1),
      })),
  ],
  [
    'a root that is announced as huge',
    'exchange.too-large',
    async () => {
      const made = await aptRepository();
      return bundleWith([{ ...made, root: `${made.root}X-Pad: ${'x'.repeat(9_000_000)}\n` }]);
    },
  ],
  [
    'a list that is a bomb',
    'exchange.too-large',
    () => withIndex(gzipSync(Buffer.alloc(30 * 1024 * 1024, `Tag: ${'x'.repeat(999)}\n`))),
  ],
  [
    'a list that is cut off',
    'exchange.malformed',
    () => withIndex(gzipSync('x'.repeat(9999)).subarray(0, 30)),
  ],
  [
    'a list with a line without an end',
    'exchange.malformed',
    () => withIndex(`Package: ${'x'.repeat(2_000_000)}`),
  ],
  [
    'a list that says something twice',
    'exchange.malformed',
    async () => {
      const { manifest } = await sample();
      const [first] = manifest.packages as [BundlePackage];
      return withIndex(`${stanza(first)}sha256: ${'d'.repeat(64)}\n`);
    },
  ],
  ['a list that is something else', 'exchange.malformed', () => withIndex('<html>no</html>')],
  ['a root that is something else', 'exchange.malformed', () => withRoot(() => '<html>no</html>')],
  ['a root with two lists of hashes', 'exchange.malformed', () => withRoot((one) => `${one}SHA256:\n`)],
  ['a root without hashes', 'exchange.malformed', () => withRoot((one) => one.replace('SHA256:', 'SHA1:'))],
  ['a root of bytes', 'exchange.malformed', () => withRoot(() => '\0\0\0')],
  [
    'a document type in repomd.xml',
    'exchange.malformed',
    () =>
      dnfBundle((packages) => {
        const index = primaryFile(packages);
        const root = repomdFile(gzipSync(index), index).replace(
          '<repomd',
          '<!DOCTYPE repomd [<!ENTITY a "b">]>\n<repomd',
        );
        return { ecosystem: 'dnf', root, indexes: [{ content: index, vouches: hashesOf(packages) }] };
      }),
  ],
  [
    'a repomd.xml that names two lists',
    'exchange.malformed',
    () =>
      dnfBundle((packages) => {
        const index = primaryFile(packages);
        const whole = repomdFile(gzipSync(index), index);
        const data = whole.slice(whole.indexOf('<data type="primary">'), whole.indexOf('</repomd>'));
        const root = whole.replace('</repomd>', `${data}</repomd>`);
        return { ecosystem: 'dnf', root, indexes: [{ content: index, vouches: hashesOf(packages) }] };
      }),
  ],
  [
    'a primary.xml that was changed',
    'exchange.tampered',
    () =>
      dnfBundle((packages) => {
        const index = primaryFile(packages);
        const root = repomdFile(gzipSync(index), index);
        const other = index.replace('/usr/bin', '/usr/sbin');
        return { ecosystem: 'dnf', root, indexes: [{ content: other, vouches: hashesOf(packages) }] };
      }),
  ],
  [
    'a primary.xml with two hashes of a package',
    'exchange.malformed',
    () =>
      dnfBundle((packages) => {
        const index = primaryFile(packages).replace(
          '<format>',
          `<checksum type="sha256" pkgid="YES">${'d'.repeat(64)}</checksum><format>`,
        );
        const root = repomdFile(gzipSync(index), index);
        return { ecosystem: 'dnf', root, indexes: [{ content: index, vouches: hashesOf(packages) }] };
      }),
  ],
  [
    'a primary.xml nested deep',
    'exchange.malformed',
    () =>
      dnfBundle((packages) => {
        const index = `<metadata>${'<a>'.repeat(100_000)}`;
        const root = repomdFile(gzipSync(index), index);
        return { ecosystem: 'dnf', root, indexes: [{ content: index, vouches: hashesOf(packages) }] };
      }),
  ],
];

describe('metadata that does not hold is refused, and nothing is changed', () => {
  test.each(HOSTILE)('%s', async (_what, code, make) => {
    const there = createConsole();
    const file = write(there, 'a.frost.tar', await make());
    const before = pictureOf(there);
    expect(bad(await there.bundles.import({ file }, caller)).code).toBe(code);
    expect(bad(await there.bundles.verify({ file }, caller)).code).toBe(code);
    expect(pictureOf(there)).toEqual(before);
    expect(existsSync(join(there.dir, 'artefacts'))).toBe(false);
  });

  it('with the package and the repository named, where they differ', async () => {
    const { manifest } = await sample();
    const [older, newer] = manifest.packages as [BundlePackage, BundlePackage];
    const there = createConsole();
    const file = write(
      there,
      'a.frost.tar',
      await withIndex(packagesFile([older, { ...newer, sha256: 'd'.repeat(64) }]), [older.sha256]),
    );
    expect(bad(await there.bundles.verify({ file }, caller)).message).toBe(
      'openssl 3.0.15-1 (amd64) in the bundle is another file than Lab lab lists.',
    );
  });
});

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

const verifyOf = async (bytes: Buffer) => {
  const there = createConsole();
  return there.bundles.verify({ file: write(there, 'a.frost.tar', bytes) }, caller);
};

it('a list is read the same wherever it is cut into pieces', async () => {
  const row = { name: 'openssl', arch: 'amd64', version: '1:3.0-1', sha256: 'a'.repeat(64) };
  for (const [ecosystem, index] of [
    ['apt', packagesFile([row, { ...row, name: 'päckage' }])],
    ['dnf', primaryFile([row, { ...row, name: 'päckage' }])],
  ] as const) {
    const bytes = Buffer.from(index);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.length }), async (size) => {
        const rows: unknown[] = [];
        const read = await metadataReader.index(
          ecosystem,
          {
            bytes: bytes.length,
            read: async (offset, length) => ok(bytes.subarray(offset, offset + Math.min(size, length))),
          },
          {
            max: bytes.length,
            names: new Set(['openssl']),
            take: (one) => rows.push(one),
            signal: caller.signal,
          },
        );
        expect(good(read)).toEqual({ sha256: sha256(bytes), bytes: bytes.length });
        expect(rows).toEqual([row]);
      }),
      { numRuns: 40 },
    );
  }
});

/** What repositories say of a bundle's packages: the chain from what is signed to the packages. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metadataReader } from '../../../main/adapters/metadata/reader.ts';
import { ok } from '../../../shared/errors.ts';
import { good } from '../snapshots/support.ts';
import {
  aptRepository,
  bundleWith,
  dnfBundle,
  hashesOf,
  packagesFile,
  primaryFile,
  releaseFile,
  repomdFile,
  signingKey,
  verified,
} from './repositories.ts';
import { caller, createConsole, sample, sha256, write } from './support.ts';

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
          asOf: '2026-11-23T14:00:00.000Z',
          packages: 2,
          signature: { status: 'unchecked', keys: [key.fingerprint] },
        },
      ],
      vouched: 2,
      notVouched: [],
    });
  });

  it.each([
    ['Mon, 23 Nov 2026 13:59:59 UTC', { validUntil: '2026-11-23T13:59:59.000Z', outdated: true }],
    ['Mon, 30 Nov 2026 14:00:00 UTC', { validUntil: '2026-11-30T14:00:00.000Z', outdated: false }],
    ['whenever', {}],
  ])('tells until when it asks to be believed, and comes in all the same: %s', async (date, told) => {
    const { index, indexes } = await aptRepository();
    const root = releaseFile(index, undefined, `Valid-Until: ${date}\n`);
    const bytes = await bundleWith([{ root, indexes }]);
    const checked = await verified(bytes);
    expect(checked).toMatchObject({ ok: true, bundle: { metadata: { vouched: 2, repositories: [told] } } });
    expect('outdated' in (checked.bundle.metadata.repositories[0] ?? {})).toBe('outdated' in told);
    const there = createConsole();
    const file = write(there, 'a.frost.tar', bytes);
    expect(good(await there.bundles.import({ file }, caller)).bundle.metadata.repositories).toMatchObject([
      told,
    ]);
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
          asOf: '2026-11-23T14:00:00.000Z',
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

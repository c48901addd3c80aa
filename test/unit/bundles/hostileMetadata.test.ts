/** Metadata in a bundle that does not hold, or is there to do harm: refused, and nothing is changed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { metadataReader } from '../../../main/adapters/metadata/reader.ts';
import { readRoot } from '../../../main/core/bundles/metadata/chain.ts';
import { Unreadable } from '../../../main/core/bundles/metadata/ports.ts';
import { ok } from '../../../shared/errors.ts';
import type { BundleManifest, BundlePackage } from '../../../shared/model/bundle.ts';
import { bad } from '../snapshots/support.ts';
import {
  aptRepository,
  bundleWith,
  dnfBundle,
  hashesOf,
  packagesFile,
  primaryFile,
  releaseFile,
  repomdFile,
  stanza,
} from './repositories.ts';
import { caller, createConsole, type Entry, pictureOf, sample, sha256, write } from './support.ts';

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

it('breaks nothing, whatever bytes a file of it is changed to', async () => {
  const { manifest } = await sample();
  const index = primaryFile(manifest.packages);
  const list = packagesFile(manifest.packages);
  const files = [releaseFile(list), repomdFile(gzipSync(index), index), list, index].map((one) =>
    Buffer.from(one),
  );
  const changes = fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.nat(files.length - 1), changes, fc.boolean(), async (which, some, cut) => {
      const bytes = Buffer.from(files[which] ?? '');
      for (const [at, value] of some) bytes[at % bytes.length] = value;
      const file = cut ? bytes.subarray(0, (some[0]?.[0] ?? 1) % bytes.length) : bytes;
      const content = {
        bytes: file.length,
        read: async (at: number, n: number) => ok(file.subarray(at, at + n)),
      };
      const about = { max: 1e6, names: new Set(['openssl']), take: () => {}, signal: caller.signal };
      for (const ecosystem of ['apt', 'dnf'] as const) {
        const read = await metadataReader.index(ecosystem, content, about);
        if (!read.ok) expect(read.error.code).toMatch(/^exchange\.(malformed|too-large)$/);
        try {
          readRoot(metadataReader, ecosystem, file, undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(Unreadable);
        }
      }
    }),
    { numRuns: 500 },
  );
});

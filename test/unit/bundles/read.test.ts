/** What a bundle must be to come in, and what comes in then. Bundles are packed here by tar-stream, not by our own writer. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { canonicalJson } from '../../../main/core/snapshots/canonical.ts';
import type { BundleManifest } from '../../../shared/model/bundle.ts';
import { bad, good } from '../snapshots/support.ts';
import { caller, createConsole, type Entry, packed, pictureOf, sample, sha256, write } from './support.ts';

describe('a sound bundle', () => {
  it('brings its packages into the pool and its snapshot beside them', async () => {
    const { entries, manifest, newer, older } = await sample();
    const there = createConsole();
    const file = write(there, 'a.frost.tar', await packed(entries));
    const verified = good(await there.bundles.verify({ file }, caller));
    expect(verified).toMatchObject({ ok: true, outcome: 'new-line', lacking: [], bundle: { files: 2 } });
    expect(pictureOf(there)).toEqual({ lines: [], artefacts: [], pool: { files: 0, bytes: 0 }, bundled: [] });

    const imported = good(await there.bundles.import({ file }, caller));
    expect(imported.snapshot.id).toBe(manifest.head);
    expect(imported.bundle.packages).toEqual(manifest.packages);
    const { artefacts } = there.ports;
    expect(artefacts.list()).toMatchObject([
      { name: 'openssl', version: '3.0.14-1', sha256: sha256(older), source: 'bundle' },
      { name: 'openssl', version: '3.0.15-1', sha256: sha256(newer), from: 'the bundle of autumn@2' },
    ]);
    expect(good(await artefacts.read(sha256(newer), 0, 100)).toString()).toBe(newer);
    expect(statSync(join(there.dir, 'artefacts', sha256(newer))).mode & 0o777).toBe(0o600);
    expect(there.store.bundled(imported.snapshot.lineId).map((one) => one.role)).toEqual(['rollback', 'new']);
  });

  it('comes in twice without a difference', async () => {
    const { entries } = await sample();
    const there = createConsole();
    const file = write(there, 'a.frost.tar', await packed(entries));
    good(await there.bundles.import({ file }, caller));
    const before = pictureOf(there);
    expect(good(await there.bundles.import({ file }, caller)).outcome).toBe('same');
    expect(pictureOf(there)).toEqual(before);
  });

  it('is kept from pruning as long as its snapshot is there', async () => {
    const { entries } = await sample();
    const there = createConsole();
    const { lineId } = good(
      await there.bundles.import({ file: write(there, 'a.frost.tar', await packed(entries)) }, caller),
    ).snapshot;
    expect(there.store.bundledVersions()).toEqual([
      { name: 'openssl', version: '3.0.14-1' },
      { name: 'openssl', version: '3.0.15-1' },
    ]);
    good(await there.snapshots.remove({ ref: 'autumn' }));
    expect(there.store.bundled(lineId)).toEqual([]);
    expect(there.store.bundledVersions()).toEqual([]);
  });

  it('carries advisories without taking them for packages', async () => {
    const { entries, manifest } = await sample();
    const data = '[{"id":"X-1","modified":"2026-01-01T00:00:00Z"}]';
    const file = { name: 'osv.json', sha256: sha256(data), bytes: data.length };
    const more = { ...manifest, advisories: [file] };
    const there = createConsole();
    const path = write(
      there,
      'a.frost.tar',
      await packed([
        { name: 'bundle.json', content: canonicalJson(more) },
        ...entries.slice(1),
        { name: `advisories/${file.sha256}`, content: data },
      ]),
    );
    good(await there.bundles.import({ file: path }, caller));
    expect(there.ports.artefacts.list()).toHaveLength(2);
  });
});

/** The members with the manifest changed; canonical unless it is text already. */
const withManifest = (entries: Entry[], manifest: unknown): Entry[] => [
  {
    name: 'bundle.json',
    content: typeof manifest === 'string' ? manifest : canonicalJson(manifest),
  },
  ...entries.slice(1),
];

type Sample = Awaited<ReturnType<typeof sample>>;
const changed = (s: Sample, change: Partial<Record<keyof BundleManifest | 'extra', unknown>>) =>
  packed(withManifest(s.entries, { ...s.manifest, ...change }));
const row = (s: Sample, index: number, change: object): unknown[] =>
  s.manifest.packages.map((one, at) => (at === index ? { ...one, ...change } : one));
const inserted = (s: Sample, name: string, content = 'x'): Entry[] => [
  ...s.entries.slice(0, 2),
  { name, content },
  ...s.entries.slice(2),
];
const edited = async (s: Sample, at: (tar: Buffer) => number, bytes: string): Promise<Buffer> => {
  const tar = await packed(s.entries);
  tar.write(bytes, at(tar), 'latin1');
  return tar;
};
/** Offset of the last member's header, its checksum mended afterwards. */
const lastHeader = (s: Sample, tar: Buffer): number => tar.indexOf(`packages/${sha256(s.newer)}`);
const reheadered = async (s: Sample, field: number, bytes: string): Promise<Buffer> => {
  const tar = await packed(s.entries);
  const at = lastHeader(s, tar);
  tar.write(bytes, at + field, 'latin1');
  tar.write('        ', at + 148, 'latin1');
  const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  return tar;
};

const HOSTILE: [string, string, (s: Sample) => Promise<Buffer>][] = [
  ['an empty file', 'exchange.malformed', async () => Buffer.alloc(0)],
  ['only zeros', 'exchange.malformed', async () => Buffer.alloc(10_240)],
  ['something else', 'exchange.malformed', async () => Buffer.from('PK\x03\x04'.repeat(1000))],
  [
    'one byte of a package changed',
    'exchange.tampered',
    (s) => edited(s, (tar) => tar.indexOf(s.newer), 'T'),
  ],
  [
    'one byte of the exchange file changed',
    'exchange.tampered',
    (s) => edited(s, (tar) => tar.lastIndexOf('"autumn"'), '"Autumn"'),
  ],
  ['truncated in a package', 'exchange.malformed', async (s) => (await packed(s.entries)).subarray(0, -2048)],
  ['without its end', 'exchange.malformed', async (s) => (await packed(s.entries)).subarray(0, -1024)],
  [
    'something behind its end',
    'exchange.malformed',
    async (s) => Buffer.concat([await packed(s.entries), Buffer.from('more')]),
  ],
  [
    'endless zeros behind its end',
    'exchange.malformed',
    async (s) => Buffer.concat([await packed(s.entries), Buffer.alloc(200_000)]),
  ],
  ['a second manifest', 'exchange.malformed', (s) => packed([...s.entries.slice(0, 1), ...s.entries])],
  ['no manifest first', 'exchange.malformed', (s) => packed(s.entries.toReversed())],
  ['an undeclared member', 'exchange.malformed', (s) => packed(inserted(s, 'readme'))],
  [
    'an undeclared member at the end',
    'exchange.malformed',
    (s) => packed([...s.entries, { name: 'readme', content: 'x' }]),
  ],
  ['a member twice', 'exchange.malformed', (s) => packed([...s.entries, ...s.entries.slice(-1)])],
  ['a member left out', 'exchange.malformed', (s) => packed(s.entries.slice(0, -1))],
  [
    'members in another order',
    'exchange.malformed',
    (s) => packed([...s.entries.slice(0, 2), ...s.entries.slice(2).toReversed()]),
  ],
  ['a way out of the folder', 'exchange.malformed', (s) => packed(inserted(s, '../../etc/cron.d/x'))],
  ['an absolute path', 'exchange.malformed', (s) => packed(inserted(s, '/etc/passwd'))],
  ['a long name', 'exchange.malformed', (s) => packed(inserted(s, 'n'.repeat(300)))],
  ['a name that is not ASCII', 'exchange.malformed', (s) => packed(inserted(s, 'pöckages'))],
  [
    'a symbolic link for a package',
    'exchange.malformed',
    (s) =>
      packed(s.entries, (name) =>
        name.startsWith('packages') ? { type: 'symlink', linkname: '/etc/passwd' } : {},
      ),
  ],
  [
    'a hard link for a package',
    'exchange.malformed',
    (s) =>
      packed(s.entries, (name) =>
        name.startsWith('packages') ? { type: 'link', linkname: 'bundle.json' } : {},
      ),
  ],
  [
    'a device for a package',
    'exchange.malformed',
    (s) => packed(s.entries, (name) => (name.startsWith('packages') ? { type: 'block-device' } : {})),
  ],
  [
    'a folder',
    'exchange.malformed',
    async (s) =>
      packed(inserted(s, 'packages'), (name) => (name === 'packages' ? { type: 'directory' } : {})),
  ],
  [
    'an extended header before a member',
    'exchange.malformed',
    (s) => packed(s.entries, (name) => (name === 'exchange.frost.json' ? { pax: { path: '../../x' } } : {})),
  ],
  ['a size beyond the manifest', 'exchange.malformed', (s) => reheadered(s, 124, '00000001000\0')],
  ['a size beyond the file', 'exchange.malformed', (s) => reheadered(s, 124, '77777777777\0')],
  ['a size in base 256', 'exchange.malformed', (s) => reheadered(s, 124, '\x80\0\0\0\0\0\0\0\0\0\0\x0f')],
  ['a prefix to the name', 'exchange.malformed', (s) => reheadered(s, 345, '/etc')],
  ['a link name on a file', 'exchange.malformed', (s) => reheadered(s, 157, '/etc')],
  ['a name hidden behind the name', 'exchange.malformed', (s) => reheadered(s, 80, 'x')],
  ['a wrong checksum', 'exchange.malformed', (s) => edited(s, (tar) => lastHeader(s, tar) + 148, '0000001')],
  ['another format version', 'exchange.unknown-version', (s) => changed(s, { format: 'frostline.bundle/2' })],
  [
    'a manifest of something else',
    'exchange.malformed',
    (s) => changed(s, { format: 'frostline.exchange/1' }),
  ],
  [
    'a manifest that is not canonical',
    'exchange.malformed',
    (s) => packed(withManifest(s.entries, JSON.stringify(s.manifest, null, 1))),
  ],
  [
    'a manifest with a name twice',
    'exchange.malformed',
    (s) => packed(withManifest(s.entries, canonicalJson(s.manifest).replace('{', `{"advisories":[],`))),
  ],
  ['a manifest with a member of its own', 'exchange.malformed', (s) => changed(s, { extra: true })],
  [
    'a million nested arrays',
    'exchange.malformed',
    (s) => packed(withManifest(s.entries, '['.repeat(1_000_000))),
  ],
  [
    'a package name that is a path',
    'exchange.malformed',
    (s) => changed(s, { packages: row(s, 1, { name: '../x' }) }),
  ],
  [
    'a version that is a shell word',
    'exchange.malformed',
    (s) => changed(s, { packages: row(s, 1, { version: '1;reboot' }) }),
  ],
  [
    'a package listed twice',
    'exchange.malformed',
    (s) => changed(s, { packages: [...s.manifest.packages, s.manifest.packages[1]] }),
  ],
  [
    'two sizes of one file',
    'exchange.malformed',
    (s) =>
      changed(s, {
        packages: [...s.manifest.packages, { ...s.manifest.packages[1], role: 'rollback', bytes: 99 }],
      }),
  ],
  [
    'packages left out of a whole bundle',
    'exchange.malformed',
    (s) => changed(s, { packages: row(s, 0, { carried: false }) }),
  ],
  [
    'the head of another snapshot',
    'exchange.malformed',
    (s) => changed(s, { head: `sha256:${'0'.repeat(64)}` }),
  ],
  [
    'the name of another snapshot',
    'exchange.malformed',
    (s) => changed(s, { snapshot: { name: 'spring', revision: 2 } }),
  ],
  [
    'an exchange file that is announced as huge',
    'exchange.too-large',
    (s) => changed(s, { exchange: { ...s.manifest.exchange, bytes: 900_000_000 } }),
  ],
];

describe('a hostile bundle is refused, and nothing is changed', () => {
  test.each(HOSTILE)('%s', async (_what, code, make) => {
    const there = createConsole();
    const bytes = await make(await sample());
    const file = write(there, 'a.frost.tar', bytes);
    const before = pictureOf(there);
    expect(bad(await there.bundles.import({ file }, caller)).code).toBe(code);
    expect(bad(await there.bundles.verify({ file }, caller)).code).toBe(code);
    expect(pictureOf(there)).toEqual(before);
    expect(existsSync(join(there.dir, 'artefacts'))).toBe(false);
  });

  it('whatever byte of it is changed', async () => {
    const s = await sample();
    const tar = await packed(s.entries);
    const content = canonicalJson(s.manifest);
    const there = createConsole();
    await fc.assert(
      fc.asyncProperty(fc.nat(tar.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const other = Buffer.from(tar);
        other[at] = (other[at] ?? 0) ^ by;
        const result = await there.bundles.verify({ file: write(there, 'b.frost.tar', other) }, caller);
        // Owner, mode and time of a member mean nothing. A manifest that says something else has another id, which no
        // signature is over.
        const inManifest = at >= 512 && at < 512 + content.length;
        if (result.ok) expect(result.value.bundle.id === sha256(content)).toBe(!inManifest);
        else expect(result.error.code).toMatch(/^exchange\./);
      }),
      { numRuns: 400 },
    );
  });

  it('where a new package is not the file whose hash the snapshot approves', async () => {
    const s = await sample();
    const there = createConsole();
    const { entries, head } = await withApprovedHash('f'.repeat(64));
    const manifest = {
      ...s.manifest,
      head: head.id,
      snapshot: { name: 'autumn', revision: head.revision },
      exchange: entries.exchange,
    };
    const file = write(
      there,
      'a.frost.tar',
      await packed([
        { name: 'bundle.json', content: canonicalJson(manifest) },
        { name: 'exchange.frost.json', content: entries.text },
        ...s.entries.slice(2),
      ]),
    );
    const error = bad(await there.bundles.import({ file }, caller));
    expect(error).toMatchObject({
      code: 'exchange.tampered',
      message: expect.stringContaining('openssl 3.0.15-1'),
    });
    expect(there.store.lines()).toEqual([]);
  });

  it('where it cannot all be kept: what came in by then goes again', async () => {
    const { entries } = await sample();
    const there = createConsole();
    const file = write(there, 'a.frost.tar', await packed(entries));
    there.ports.artefacts.receive = ((receive) => {
      let left = 1;
      return async (expected) => {
        if (left-- > 0) return receive(expected);
        return { ok: false, error: { code: 'store.full', message: 'full', retryable: true } };
      };
    })(there.ports.artefacts.receive);
    expect(bad(await there.bundles.import({ file }, caller)).code).toBe('store.full');
    expect(pictureOf(there)).toMatchObject({ lines: [], artefacts: [], bundled: [] });
    expect(readdirSync(join(there.dir, 'artefacts'))).toEqual([]);
  });

  it('where a file is larger than the console takes', async () => {
    const { entries } = await sample();
    const there = createConsole();
    there.store.putSetting('artefacts.max-file', '20');
    const file = write(there, 'a.frost.tar', await packed(entries));
    expect(bad(await there.bundles.import({ file }, caller))).toMatchObject({
      code: 'input.too-large',
      hint: expect.stringContaining('artefacts limits'),
    });
    expect(there.store.lines()).toEqual([]);
  });
});

/** The exchange file of a snapshot that knows the hash of what it approves. */
const withApprovedHash = async (hash: string) => {
  const { revisionId } = await import('../../../main/core/snapshots/canonical.ts');
  const { writeExchange } = await import('../../../main/core/snapshots/exchange.ts');
  const { nodeHasher } = await import('../../support/ports.ts');
  const { entry } = await import('../snapshots/support.ts');
  const content = {
    format: 'frostline.revision/1' as const,
    line: { id: '4b1d1e0a-6f2c-4c3d-9a57-0c8f5b1f2e11', name: 'autumn' },
    number: 1,
    parents: [],
    author: { name: 'anna' },
    createdAt: '2026-11-23T12:00:00.000Z',
    scope: {},
    rules: [],
    entries: [entry('openssl', { version: '3.0.15-1', sha256: hash })],
    exceptions: [],
  };
  const id = revisionId(content, nodeHasher);
  const { text, bytes } = good(writeExchange([{ id, content }], id));
  return { head: { id, revision: 1 }, entries: { text, exchange: { sha256: sha256(text), bytes } } };
};

/** Making a bundle through hosts, writing it, and what an increment leaves out. The hosts are played; disk and pool are real. */
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { manifestOf } from '../../../main/core/bundles/write.ts';
import { fail } from '../../../shared/errors.ts';
import type { BundleManifest } from '../../../shared/model/bundle.ts';
import { nodeHasher } from '../../support/ports.ts';
import { bad, good } from '../snapshots/support.ts';
import { bundleOf, connected, type Played, WEB, withSnapshot } from './played.ts';
import { packagesFile, releaseFile } from './repositories.ts';
import { caller, createConsole, read, sha256 } from './support.ts';

/** As a program sees it that is not ours. */
const unpacked = async (path: string): Promise<Map<string, string>> => {
  const found = new Map<string, string>();
  const tar = extract();
  tar.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream
      .on('data', (chunk) => chunks.push(chunk as Buffer))
      .on('end', () => {
        found.set(header.name, Buffer.concat(chunks).toString());
        next();
      });
  });
  const done = new Promise<void>((resolve, reject) => {
    tar.on('finish', () => resolve()).on('error', reject);
  });
  tar.end(read(path));
  await done;
  return found;
};

describe('making a bundle', () => {
  it('has new packages, what they need, and what the host had before, each as a file by its hash', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const bundle = good(await bundleOf(made));
    expect(bundle).toMatchObject({
      file: made.file('a.frost.tar'),
      missing: [],
      silent: [],
      packages: [
        { name: 'libnew', version: '1.0', sha256: sha256('libnew'), bytes: 6, role: 'new', carried: true },
        { name: 'openssl', version: '3.0.14', sha256: sha256('openssl, as it was'), role: 'rollback' },
        { name: 'openssl', version: '3.0.15', sha256: sha256('openssl, new'), role: 'new' },
      ],
    });
    expect(statSync(bundle.file)).toMatchObject({ size: bundle.bytes });
    expect(statSync(bundle.file).mode & 0o777).toBe(0o600);
    const members = await unpacked(bundle.file);
    expect([...members.keys()].slice(0, 2)).toEqual(['bundle.json', 'exchange.frost.json']);
    expect(members.get(`packages/${sha256('libnew')}`)).toBe('libnew');
    const manifest = JSON.parse(members.get('bundle.json') ?? '') as BundleManifest;
    expect(manifest.packages).toEqual(bundle.packages.map(({ via: _, ...one }) => one));
    expect(bundle.packages.map((one) => one.via)).toEqual(['host', 'host', 'host']);
    expect(bundle.id).toBe(sha256(members.get('bundle.json') ?? ''));
    expect(made.log).toContain('web clean');
    expect(made.activities.all).toMatchObject([
      { kind: 'bundle', label: 'Bundle of autumn@1', moved: 36, ended: true },
    ]);
  });

  it('comes in at another console as it went out', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const bundle = good(await bundleOf(made));
    const there = createConsole();
    const imported = good(await there.bundles.import({ file: bundle.file }, caller));
    expect(imported.bundle).toMatchObject({ id: bundle.id, files: 3 });
    expect(bundle.packages).toMatchObject(imported.bundle.packages);
    expect(there.ports.artefacts.size()).toEqual({ files: 3, bytes: 36 });
  });

  it('goes on where it was broken off, and fetches nothing twice', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    made.state.cut = 7;
    const first = good(await bundleOf(made));
    expect(first.missing.map((one) => one.name)).toEqual(['openssl', 'openssl']);
    expect(first.packages.map((one) => one.name)).toEqual(['libnew']);
    made.state.cut = Number.POSITIVE_INFINITY;
    made.log.length = 0;
    const second = good(await bundleOf(made));
    expect(second.missing).toEqual([]);
    expect(second.packages).toHaveLength(3);
    expect(made.log.filter((line) => line.includes('pull'))).toEqual([
      'web pull /cache/openssl_3.0.15_amd64.deb from 7',
      'web pull /old/openssl_3.0.14_amd64.deb from 7',
    ]);
    made.log.length = 0;
    good(await bundleOf(made));
    expect(made.log).toEqual(['web simulate', 'web metadata']);
  });

  it('does not take for a new package what merely lay in the pool under its name', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const key = { ecosystem: 'apt', name: 'libnew', arch: 'amd64', version: '1.0' } as const;
    const writer = good(
      await made.ports.artefacts.receive({
        key,
        bytes: 4,
        hash: { sha256: sha256('evil') },
        source: 'host',
        from: 'elsewhere',
      }),
    );
    writer.write(Buffer.from('evil'));
    good(await writer.finish());
    const { packages } = good(await bundleOf(made));
    expect(packages.find((one) => one.name === 'libnew')?.sha256).toBe(sha256('libnew'));
  });

  it('names what could not be had, and the hosts that said nothing', async () => {
    const made = await withSnapshot(
      connected({ web: { ...WEB, cached: { 'openssl_3.0.15_amd64.deb': 'openssl, new' }, secured: {} } }),
    );
    const bundle = good(await bundleOf(made, 'a.frost.tar', ['web', 'lost']));
    expect(bundle.missing).toMatchObject([
      { name: 'libnew', role: 'new', host: 'web', reason: expect.stringContaining('cache') },
      {
        name: 'openssl',
        version: '3.0.14',
        role: 'rollback',
        reason: expect.stringContaining('no exact copy'),
      },
    ]);
    expect(bundle.silent).toMatchObject([{ host: 'lost', error: { code: 'host.unreachable' } }]);
    expect(bad(await bundleOf(made, 'b.frost.tar', ['lost'])).code).toBe('host.unreachable');
    expect(existsSync(made.file('b.frost.tar'))).toBe(false);
  });

  it('says what a host objects to, instead of making half a bundle for it', async () => {
    const made = await withSnapshot(connected({ web: WEB }, { refused: 'libnew breaks lots' }));
    expect(bad(await bundleOf(made))).toMatchObject({
      code: 'host.dependency-conflict',
      message: 'libnew breaks lots',
      host: 'web',
    });
  });
});

describe('the metadata of repositories', () => {
  const LISTED = [
    { name: 'openssl', arch: 'amd64', version: '3.0.15', sha256: sha256('openssl, new') },
    { name: 'libnew', arch: 'amd64', version: '1.0', sha256: sha256('libnew') },
  ];
  const listsOf = (index: string, root = releaseFile(index)): NonNullable<Played['lists']> => ({
    root: 'lab_InRelease',
    index: 'lab_Packages',
    files: { lab_InRelease: root, lab_Packages: index },
  });

  it('goes along where the host has it, and vouches for what it lists', async () => {
    const index = packagesFile(LISTED);
    const made = await withSnapshot(connected({ web: { ...WEB, lists: listsOf(index) } }));
    const bundle = good(await bundleOf(made));
    const metadata = {
      repositories: [
        {
          ecosystem: 'apt',
          repository: 'Lab lab',
          asOf: '2026-11-23T14:00:00.000Z',
          packages: 2,
          signature: { status: 'none', keys: [] },
        },
      ],
      vouched: 2,
      notVouched: [{ ecosystem: 'apt', name: 'openssl', arch: 'amd64', version: '3.0.14', role: 'rollback' }],
    };
    expect(bundle.metadata).toEqual({ ...metadata, leftOut: [] });
    const members = await unpacked(bundle.file);
    expect([...members.keys()].slice(-2)).toEqual([
      `metadata/${sha256(releaseFile(index))}`,
      `metadata/${sha256(index)}`,
    ]);
    expect(JSON.parse(members.get('bundle.json') ?? '')).toMatchObject({
      metadata: [
        {
          ecosystem: 'apt',
          repository: 'Lab lab',
          root: { name: 'lab_InRelease' },
          indexes: [{ name: 'lab_Packages', vouches: LISTED.map((one) => one.sha256).sort() }],
        },
      ],
    });
    const there = createConsole();
    expect(good(await there.bundles.import({ file: bundle.file }, caller)).bundle.metadata).toEqual(metadata);
  });

  it('is asked of no further host for what is vouched for already', async () => {
    const lists = listsOf(packagesFile(LISTED));
    const web = { ...WEB, secured: {}, lists };
    const made = await withSnapshot(connected({ web, api: web }));
    const { metadata } = good(await bundleOf(made, 'a.frost.tar', ['api', 'web']));
    expect(metadata).toMatchObject({ vouched: 2, notVouched: [] });
    expect(made.log.filter((line) => line.endsWith(' metadata'))).toEqual(['api metadata']);
  });

  it('is left out, with the reason, where the chain does not hold', async () => {
    const index = packagesFile(LISTED);
    const made = await withSnapshot(
      connected({ web: { ...WEB, lists: listsOf(index, releaseFile('another list')) } }),
    );
    const bundle = good(await bundleOf(made));
    expect(bundle.metadata).toMatchObject({
      repositories: [],
      vouched: 0,
      leftOut: [{ host: 'web', repository: 'lab_Packages', reason: expect.stringContaining('root file') }],
    });
    expect(bundle.packages).toHaveLength(3);
    good(await createConsole().bundles.import({ file: bundle.file }, caller));
  });

  it('is left out where it is larger than a bundle takes', async () => {
    const index = packagesFile(LISTED);
    const made = await withSnapshot(
      connected({
        web: { ...WEB, lists: listsOf(index, `${releaseFile(index)}X: ${'x'.repeat(9_000_000)}`) },
      }),
    );
    expect(good(await bundleOf(made)).metadata).toMatchObject({
      vouched: 0,
      leftOut: [{ reason: expect.stringContaining('larger than a bundle takes') }],
    });
  });

  it('keeps out a package of which a repository has another file', async () => {
    const other = { name: 'openssl', arch: 'amd64', version: '3.0.14', sha256: 'd'.repeat(64) };
    const made = await withSnapshot(
      connected({ web: { ...WEB, lists: listsOf(packagesFile([...LISTED, other])) } }),
    );
    const bundle = good(await bundleOf(made));
    expect(bundle.missing).toMatchObject([
      { name: 'openssl', version: '3.0.14', host: 'web', reason: expect.stringContaining('Lab lab lists') },
    ]);
    expect(bundle.packages.map((one) => one.version)).toEqual(['1.0', '3.0.15']);
    const there = createConsole();
    expect(good(await there.bundles.verify({ file: bundle.file }, caller)).bundle.metadata).toMatchObject({
      vouched: 2,
      notVouched: [],
    });
  });
});

describe('an increment', () => {
  const more: Played = {
    actions: [...WEB.actions, { name: 'curl', from: '7.1', to: '7.2' }],
    cached: { ...WEB.cached, 'curl_7.2_amd64.deb': 'curl, new' },
    secured: { ...WEB.secured, 'curl_7.1_amd64.deb': 'curl, as it was' },
  };

  it('leaves out what the other side has, says so, and builds on that bundle', async () => {
    const hosts = { web: WEB };
    const made = await withSnapshot(connected(hosts));
    const whole = good(await bundleOf(made));
    hosts.web = more;
    const part = good(await bundleOf(made, 'b.frost.tar', ['web'], whole.file));
    expect(part.packages.filter((one) => one.carried).map((one) => `${one.name} ${one.version}`)).toEqual([
      'curl 7.1',
      'curl 7.2',
    ]);
    expect(part.packages).toHaveLength(5);
    const members = await unpacked(part.file);
    expect([...members.keys()].filter((name) => name.startsWith('packages/'))).toHaveLength(2);
    expect(JSON.parse(members.get('bundle.json') ?? '')).toMatchObject({ since: whole.id });

    const there = createConsole();
    const refused = bad(await there.bundles.import({ file: part.file }, caller));
    expect(refused).toMatchObject({
      code: 'exchange.broken-chain',
      message: expect.stringContaining('libnew 1.0'),
    });
    expect(there.store.lines()).toEqual([]);
    good(await there.bundles.import({ file: whole.file }, caller));
    good(await there.bundles.import({ file: part.file }, caller));
    expect(there.ports.artefacts.size().files).toBe(5);

    const third = good(await bundleOf(made, 'c.frost.tar', ['web'], part.file));
    expect(third.packages.every((one) => !one.carried)).toBe(true);
  });

  it('is not made on a bundle of another snapshot, or on what is none', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const { file } = good(await bundleOf(made));
    good(await made.snapshots.create({ name: 'spring', security: false }));
    const other = await made.bundles.make(
      { ref: 'spring', hosts: ['web'], file: made.file('b.frost.tar'), since: file },
      caller,
    );
    expect(bad(other).code).toBe('input.invalid');
    writeFileSync(made.file('c'), 'not a bundle at all');
    expect(bad(await bundleOf(made, 'b.frost.tar', ['web'], made.file('c'))).code).toBe('exchange.malformed');
    expect(existsSync(made.file('b.frost.tar'))).toBe(false);
  });
});

describe('the place of a bundle', () => {
  it('is checked before anything is fetched', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    mkdirSync(made.file('folder.frost.tar'));
    symlinkSync('/etc/passwd', made.file('link.frost.tar'));
    const at = (file: string) => made.bundles.make({ ref: 'autumn', hosts: ['web'], file }, caller);
    for (const [file, message] of [
      ['a.frost.tar', 'absolute'],
      [made.file('a.tar'), '.frost.tar'],
      [made.file('.frost.tar'), '.frost.tar'],
      [join(made.dir, 'nowhere', 'a.frost.tar'), 'not a folder'],
      [made.file('folder.frost.tar'), 'not a file'],
      [made.file('link.frost.tar'), 'not a file'],
    ] as const)
      expect(bad(await at(file)), file).toMatchObject({
        code: 'input.invalid',
        message: expect.stringContaining(message),
      });
    expect(made.log).toEqual([]);
  });

  it('is the data folder where none is named, and those there are listed', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    const { file, bytes } = good(await made.bundles.make({ ref: 'autumn', hosts: ['web'] }, caller));
    expect(file).toBe(join(made.dir, 'bundles', 'autumn-r1.frost.tar'));
    expect(statSync(join(made.dir, 'bundles')).mode & 0o777).toBe(0o700);
    expect(good(await made.bundles.list({})).bundles).toMatchObject([{ path: file, bytes }]);
  });

  it('holds no half file after a bundle that could not be written or was cancelled', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    good(await bundleOf(made));
    const before = read(made.file('a.frost.tar'));
    const { artefacts } = made.ports;
    const sound = artefacts.read;
    artefacts.read = async () => fail('store.damaged', 'gone');
    expect(bad(await bundleOf(made)).code).toBe('store.damaged');
    artefacts.read = async (...asked) => {
      made.activities.all.at(-1)?.cancel();
      return sound(...asked);
    };
    expect(bad(await bundleOf(made)).code).toBe('cancelled');
    expect(readdirSync(made.dir).filter((name) => name.includes('frost.tar'))).toEqual(['a.frost.tar']);
    expect(read(made.file('a.frost.tar')).equals(before)).toBe(true);
  });
});

it('is refused before anything is written, where its manifest is longer than anybody reads', () => {
  const sha = (n: number) => n.toString(16).padStart(64, '0');
  const root = { name: 'InRelease', sha256: sha(0), bytes: 1 };
  const vouches = Array.from({ length: 40_000 }, (_, n) => sha(n));
  const withIndexes = (count: number) =>
    manifestOf(
      {
        head: `sha256:${sha(0)}`,
        snapshot: { name: 'autumn', revision: 1 },
        createdAt: '2026-11-23T14:00:00.000Z',
        exchange: '{}',
        packages: [],
        metadata: [
          {
            ecosystem: 'apt',
            repository: 'Debian',
            root,
            indexes: Array.from({ length: count }, () => ({ ...root, vouches })),
          },
        ],
      },
      nodeHasher,
    );
  const made = withIndexes(10);
  expect(made.ok ? 'made' : made.error.code).toBe('input.too-large');
  expect(withIndexes(1).ok).toBe(true);
});

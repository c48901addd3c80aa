/** Advisory data that goes along with a bundle: what is written is what an import of OSV reads. */
import { describe, expect, it } from 'vitest';
import { advisoryReader } from '../../../main/adapters/advisories/reader.ts';
import { osvOf } from '../../../main/core/advisories/writeOsv.ts';
import { advisoriesFor } from '../../../main/core/bundles/advisories.ts';
import { canonicalJson } from '../../../main/core/snapshots/canonical.ts';
import type { Advisory } from '../../../shared/model/advisory.ts';
import { bad, good } from '../snapshots/support.ts';
import { bundleOf, connected, WEB, withSnapshot } from './played.ts';
import { caller, createConsole, packed, pictureOf, sample, sha256, write } from './support.ts';

const NOW = Date.parse('2026-11-26T00:00:00Z');
const AT = '2026-11-01T00:00:00.000Z';
const DSA: Advisory = {
  format: 'osv',
  id: 'DSA-5764-1',
  title: 'openssl - security update',
  severity: 'important',
  cves: ['CVE-2026-1111', 'CVE-2026-2222'],
  published: AT,
  modified: AT,
  affected: [
    { ecosystem: 'apt', distro: 'debian', release: '12', kind: 'source', name: 'openssl', fixed: '3.0.15-1' },
    { ecosystem: 'apt', distro: 'ubuntu', release: '22.04', kind: 'source', name: 'openssl' },
    {
      ecosystem: 'dnf',
      distro: 'rocky',
      release: '9',
      kind: 'either',
      name: 'openssl',
      introduced: '1:3.0.0-1',
      lastAffected: '1:3.0.7-2',
    },
    { ecosystem: 'dnf', distro: 'rhel', release: '9', kind: 'binary', name: 'openssl', fixed: '1:3.0.7-3' },
    { ecosystem: 'dnf', distro: 'almalinux', release: '9', kind: 'binary', name: 'openssl-libs', fixed: '1' },
  ],
};
const readBack = async (text: string) =>
  good(await advisoryReader.read(new TextEncoder().encode(text), { now: NOW, format: 'osv' })).advisories;

const keep = (console: Pick<ReturnType<typeof createConsole>, 'store'>, advisories: Advisory[]) =>
  console.store.putAdvisories(
    {
      format: 'osv',
      file: 'a.json',
      sha256: 'a'.repeat(64),
      importedAt: AT,
      asOf: AT,
      dated: true,
      skipped: 0,
    },
    advisories,
    false,
  );

describe('advisories as OSV', () => {
  it('are read again as they were', async () => {
    expect(await readBack(JSON.stringify([osvOf({ ...DSA, asOf: AT })]))).toEqual([DSA]);
  });

  it('leave out what OSV has no word for, and are none where nothing is left', () => {
    const [debian] = DSA.affected;
    if (debian === undefined) throw new Error('no sample');
    const { distro: _, ...anywhere } = debian;
    expect(osvOf({ ...DSA, asOf: AT, affected: [anywhere] })).toBeUndefined();
    expect(
      osvOf({ ...DSA, asOf: AT, affected: [{ ...debian, arch: 'amd64' }, debian] })?.affected,
    ).toHaveLength(1);
  });
});

describe('advisories of a bundle', () => {
  it('go out with it and come in at the other console', async () => {
    const made = await withSnapshot(connected({ web: WEB }));
    keep(made, [DSA]);
    const bundle = good(await bundleOf(made));
    expect(bundle.advisories).toBe(1);
    const there = createConsole();
    good(await there.bundles.import({ file: bundle.file }, caller));
    expect(there.store.advisoriesNamed('CVE-2026-1111')).toMatchObject([{ id: 'DSA-5764-1' }]);
  });

  it('are those about its packages, by their own names or their sources’', async () => {
    const console = createConsole();
    const [debian] = DSA.affected;
    if (debian === undefined) throw new Error('no sample');
    keep(console, [DSA, { ...DSA, id: 'DSA-1-1', affected: [{ ...debian, name: 'curl' }] }]);
    const about = (name: string) =>
      advisoriesFor(console.ports, [{ ecosystem: 'apt', name }], new Map([['libssl3', 'openssl']]));
    expect(about('nano')).toEqual({ carried: undefined, leftOut: 0 });
    for (const name of ['openssl', 'libssl3']) {
      const { carried } = about(name);
      expect((await readBack(carried?.text ?? '')).map((one) => one.id)).toEqual(['DSA-5764-1']);
      expect(carried?.file).toMatchObject({ sha256: sha256(carried?.text ?? '') });
    }
  });

  it('are left out where together they are too many, and how many that are is said', async () => {
    const console = createConsole();
    keep(console, [DSA, { ...DSA, id: 'DSA-5765-1' }]);
    const about = (most: number) =>
      advisoriesFor(console.ports, [{ ecosystem: 'apt', name: 'openssl' }], new Map(), most);
    const { carried } = about(100_000);
    const bytes = carried?.file.bytes ?? 0;
    expect(about(bytes)).toMatchObject({ carried: { count: 2 }, leftOut: 0 });
    expect(about(bytes - 1)).toEqual({ carried: undefined, leftOut: 2 });
  });

  const bundleWith = async (text: string) => {
    const { entries, manifest } = await sample();
    const file = { name: 'advisories.osv.json', sha256: sha256(text), bytes: Buffer.byteLength(text) };
    return packed([
      { name: 'bundle.json', content: canonicalJson({ ...manifest, advisories: [file] }) },
      ...entries.slice(1),
      { name: `advisories/${file.sha256}`, content: text },
    ]);
  };

  it('are taken in with the snapshot, and a check takes nothing in', async () => {
    const there = createConsole();
    const file = write(there, 'a.frost.tar', await bundleWith(JSON.stringify([osvOf({ ...DSA, asOf: AT })])));
    expect(good(await there.bundles.verify({ file }, caller)).bundle.advisories).toBe(1);
    expect(there.store.advisoryCount()).toBe(0);
    expect(good(await there.bundles.import({ file }, caller)).bundle.advisories).toBe(1);
    expect(there.store.advisoriesNamed('DSA-5764-1')).toMatchObject([
      { severity: 'important', cves: DSA.cves },
    ]);
    expect(there.store.advisoryImports(5)).toMatchObject([{ file: 'advisories.osv.json', advisories: 1 }]);
  });

  it.each(['{"id": 5}', 'no JSON', '<updates/>', `${'['.repeat(100_000)}`])(
    'that are not OSV refuse the whole bundle: %.20s',
    async (text) => {
      const there = createConsole();
      const file = write(there, 'a.frost.tar', await bundleWith(text));
      const before = pictureOf(there);
      expect(bad(await there.bundles.import({ file }, caller)).code).toBe('advisories.refused');
      expect(pictureOf(there)).toEqual(before);
      expect(there.store.advisoryCount()).toBe(0);
    },
  );
});

/** What the catalogue promises, over the store in memory and the one that is shipped. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HOSTS_OF_VERSION, VERSIONS_OF_PACKAGE } from '../../../main/adapters/sqlite/catalog.ts';
import type { Store } from '../../../main/core/ports.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { makeFacts, makeHost, makePackage, makeScan, makeUpdate } from '../fleet/make.ts';
import { opened, temporaryFolder } from './make.ts';

const kinds: [string, () => Store][] = [
  ['in memory', createMemoryStore],
  ['in SQLite', () => opened(join(temporaryFolder(), 'frostline.db'))],
];

const at = (minute: number): string => `2026-11-23T14:${String(minute).padStart(2, '0')}:00.000Z`;
const key = (name: string, version: string) => ({ ecosystem: 'apt', name, arch: 'amd64', version }) as const;

describe.each(kinds)('the catalogue of a store %s', (_, make) => {
  let store: Store;
  beforeEach(() => {
    store = make();
    onTestFinished(() => store.close());
  });

  const known = (name: string) => {
    const host = makeHost(name);
    store.putHost(host);
    return host;
  };
  const installed = (name: string) => store.catalogHosts(name).map((one) => `${one.host} ${one.version}`);

  it('remembers where and when a version was first seen, whoever shows it later', () => {
    const [a, b] = [known('a'), known('b')];
    store.putScan(makeScan(a, { finishedAt: at(1), packages: [makePackage('bash')], updates: [] }));
    store.putScan(
      makeScan(b, { finishedAt: at(2), packages: [makePackage('bash'), makePackage('zsh')], updates: [] }),
    );
    expect(store.catalogVersions('bash')).toEqual([
      {
        ...key('bash', '1.0-1'),
        source: 'bash',
        sourceVersion: '1.0-1',
        firstSeen: { at: at(1), host: 'a', distro: 'debian', release: '12' },
        offers: [],
        installedOn: 2,
      },
    ]);
    expect(store.firstSeen([key('zsh', '1.0-1'), key('zsh', '9'), key('bash', '1.0-1')])).toEqual([
      at(2),
      undefined,
      at(1),
    ]);
  });

  it('follows what is installed, and keeps what was', () => {
    const host = known('a');
    store.putScan(makeScan(host, { finishedAt: at(1), packages: [makePackage('bash')], updates: [] }));
    store.putScan(makeScan(host, { finishedAt: at(2), packages: [makePackage('bash', '2')], updates: [] }));
    expect(installed('bash')).toEqual(['a 2']);
    expect(store.catalogVersions('bash').map((one) => [one.version, one.installedOn])).toEqual([
      ['1.0-1', 0],
      ['2', 1],
    ]);
    store.putScan(makeScan(host, { finishedAt: at(3), packages: [makePackage('bash')], updates: [] }));
    expect(installed('bash')).toEqual(['a 1.0-1']);
    expect(store.firstSeen([key('bash', '1.0-1')])).toEqual([at(1)]);
  });

  it('learns nothing from a scan that failed', () => {
    const host = known('a');
    store.putScan(makeScan(host, { packages: [makePackage('bash')], updates: [] }));
    const { facts: _facts, ...failed } = makeScan(host, { state: 'failed', packages: [], updates: [] });
    store.putScan(failed);
    expect(installed('bash')).toEqual(['a 1.0-1']);
  });

  it('takes the leftovers of a removed package for no installed version', () => {
    const host = known('a');
    store.putScan(
      makeScan(host, {
        packages: [
          { ...makePackage('gone'), brokenState: 'rc' },
          { ...makePackage('half'), brokenState: 'iF' },
          { ...makePackage('twice'), brokenState: 'duplicate' },
        ],
        updates: [],
      }),
    );
    expect([installed('gone'), installed('half'), installed('twice')]).toEqual([
      [],
      ['a 1.0-1'],
      ['a 1.0-1'],
    ]);
  });

  it('has nothing installed on a host that was removed, and remembers what it was the first to show', () => {
    const host = known('a');
    store.putScan(makeScan(host, { finishedAt: at(1), packages: [makePackage('bash')], updates: [] }));
    store.removeHost(host.id);
    expect(installed('bash')).toEqual([]);
    expect(store.catalogVersions('bash')).toMatchObject([
      { firstSeen: { at: at(1), host: 'a' }, installedOn: 0 },
    ]);
  });

  it('tells offers apart by distribution, release and origin, and keeps when each was first seen', () => {
    const [a, b] = [known('a'), known('b')];
    const offer = (origin: string) => [makeUpdate('openssl', { origin })];
    store.putScan(makeScan(a, { finishedAt: at(1), updates: offer('Debian:12/stable') }));
    store.putScan(makeScan(b, { finishedAt: at(2), updates: offer('Debian:12/stable') }));
    store.putScan(
      makeScan(b, {
        finishedAt: at(3),
        facts: makeFacts({ release: '13' }),
        updates: offer('Debian:12/stable'),
      }),
    );
    store.putScan(makeScan(a, { finishedAt: at(4), updates: offer('Debian-Security:12/stable-security') }));
    const [, version] = store.catalogVersions('openssl');
    expect(version?.version).toBe('1.0-2');
    expect(version?.offers.map((one) => [one.release, one.origin, one.firstSeen.at])).toEqual([
      ['12', 'Debian:12/stable', at(1)],
      ['13', 'Debian:12/stable', at(3)],
      ['12', 'Debian-Security:12/stable-security', at(4)],
    ]);
    expect(store.offersSeen(at(1), at(3)).map((one) => [one.name, one.version, one.firstSeen])).toEqual([
      ['openssl', '1.0-2', { at: at(1), host: 'a' }],
    ]);
    expect(store.offersSeen(at(3), at(5))).toHaveLength(2);
  });

  it('takes over what is later said of an offer: severity, advisories, size and hash', () => {
    const host = known('a');
    store.putScan(makeScan(host, { finishedAt: at(1), updates: [makeUpdate('bash')] }));
    const later = {
      severity: 'critical',
      classification: 'security',
      advisories: ['DSA-1-1'],
      sizeBytes: 10,
      sha256: 'a'.repeat(64),
    } as const;
    store.putScan(
      makeScan(host, {
        finishedAt: at(2),
        updates: [makeUpdate('bash', { ...later, advisories: ['DSA-1-1'] })],
      }),
    );
    const offers = store.catalogVersions('bash').flatMap((one) => one.offers);
    expect(offers).toMatchObject([{ ...later, firstSeen: { at: at(1) } }]);
  });

  describe('how old what is said of an offer is', () => {
    const scan = (
      host: ReturnType<typeof known>,
      minute: number,
      listsAt: string | undefined,
      offers = true,
    ) =>
      store.putScan(
        makeScan(host, {
          finishedAt: at(minute),
          facts: makeFacts(listsAt === undefined ? {} : { listsUpdatedAt: listsAt }),
          updates: offers ? [makeUpdate('bash')] : [],
        }),
      );
    const age = () =>
      store.catalogVersions('bash').flatMap((one) => one.offers.map((offer) => offer.grounds));

    it('follows the lists of the host that says so, although it says nothing new', () => {
      const host = known('a');
      scan(host, 10, at(1));
      expect(age()).toEqual([[{ source: 'hosts', asOf: at(1) }]]);
      scan(host, 20, at(15));
      expect(age()).toEqual([[{ source: 'hosts', asOf: at(15) }]]);
    });

    it('stays what it was when the host was offered it last', () => {
      const host = known('a');
      scan(host, 10, at(1));
      scan(host, 20, at(15));
      scan(host, 30, at(25), false);
      expect(age()).toEqual([[{ source: 'hosts', asOf: at(15) }]]);
      store.removeHost(host.id);
      expect(age()).toEqual([[{ source: 'hosts', asOf: at(15) }]]);
    });

    it('is that of the host that said so last', () => {
      const [a, b] = [known('a'), known('b')];
      scan(a, 10, at(1));
      scan(b, 20, at(15));
      scan(a, 30, at(25), false);
      expect(age()).toEqual([[{ source: 'hosts', asOf: at(15) }]]);
    });

    it('is not known where the host does not tell when it read its lists', () => {
      scan(known('a'), 10, undefined);
      expect(age()).toEqual([[{ source: 'hosts', asOf: null }]]);
    });
  });

  it('finds packages by a part of their name, and says how many hosts have them', () => {
    const [a, b] = [known('a'), known('b')];
    const packages = [makePackage('libssl3'), makePackage('openssl'), makePackage('bash')];
    store.putScan(makeScan(a, { finishedAt: at(1), packages, updates: [] }));
    store.putScan(makeScan(b, { finishedAt: at(2), packages: [makePackage('openssl', '2')], updates: [] }));
    expect(store.catalogPackages('SSL', 10)).toEqual([
      { ecosystem: 'apt', name: 'libssl3', arch: 'amd64', versions: 1, lastNewAt: at(1), installedOn: 1 },
      { ecosystem: 'apt', name: 'openssl', arch: 'amd64', versions: 2, lastNewAt: at(2), installedOn: 2 },
    ]);
    expect(store.catalogPackages('', 1)).toHaveLength(1);
    expect(store.catalogPackages('%', 10)).toEqual([]);
  });

  it('knows the source package of a version, and of one that was never installed the package’s', () => {
    const host = known('a');
    store.putScan(
      makeScan(host, {
        packages: [{ ...makePackage('libssl3', '3.0-1'), source: 'openssl', sourceVersion: '3.0-1' }],
        updates: [makeUpdate('libssl3', { to: '3.0-2' })],
      }),
    );
    expect(store.sourceOf('apt', 'libssl3', 'amd64', '3.0-1')).toEqual({
      source: 'openssl',
      sourceVersion: '3.0-1',
    });
    expect(store.sourceOf('apt', 'libssl3', 'amd64', '3.0-2')).toEqual({ source: 'openssl' });
    expect(store.sourceOf('dnf', 'libssl3', 'amd64', '3.0-1')).toBeUndefined();
  });

  it('gives both packages of two ecosystems that share a name', () => {
    const [a, b] = [known('a'), known('b')];
    store.putScan(makeScan(a, { packages: [makePackage('bash')], updates: [] }));
    store.putScan(
      makeScan(b, {
        facts: makeFacts({ manager: 'dnf', os: 'rocky', release: '9.4' }),
        packages: [{ ...makePackage('bash', '5.1-2.el9'), arch: 'x86_64' }],
        updates: [],
      }),
    );
    expect(store.catalogHosts('bash', ({ ecosystem }) => ecosystem === 'dnf')).toMatchObject([
      { ecosystem: 'dnf' },
    ]);
    expect(store.catalogHosts('bash').map((one) => [one.host, one.ecosystem, one.arch])).toEqual([
      ['a', 'apt', 'amd64'],
      ['b', 'dnf', 'x86_64'],
    ]);
  });
});

describe('the catalogue on disk', () => {
  it('looks hosts up by package and version, and never goes through a whole table', () => {
    const file = join(temporaryFolder(), 'frostline.db');
    opened(file).close();
    const raw = new Database(file, { readonly: true });
    onTestFinished(() => {
      raw.close();
    });
    const steps = [VERSIONS_OF_PACKAGE, HOSTS_OF_VERSION].flatMap((sql) =>
      raw
        .prepare<[string | number], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all(sql === HOSTS_OF_VERSION ? 1 : 'openssl')
        .map((row) => row.detail),
    );
    expect(steps).toHaveLength(5);
    for (const step of steps) expect(step).toMatch(/^SEARCH .* USING /);
  });

  it('lets nobody change or remove when something was first seen', () => {
    const file = join(temporaryFolder(), 'frostline.db');
    const store = opened(file);
    const host = makeHost('a');
    store.putHost(host);
    store.putScan(makeScan(host));
    store.close();
    const raw = new Database(file);
    onTestFinished(() => {
      raw.close();
    });
    for (const table of ['catalog_versions', 'catalog_offers']) {
      expect(() => raw.exec(`UPDATE ${table} SET seen_at = '2020-01-01T00:00:00.000Z'`)).toThrow(
        'never changes',
      );
      expect(() => raw.exec(`DELETE FROM ${table}`)).toThrow('never forgotten');
    }
  });

  it('does not touch a row for a scan whose lists are those of the one before', () => {
    const file = join(temporaryFolder(), 'frostline.db');
    const store = opened(file);
    const host = makeHost('a');
    store.putHost(host);
    store.putScan(makeScan(host));
    const raw = new Database(file);
    onTestFinished(() => {
      raw.close();
      store.close();
    });
    // Had the list been gone through again, the row would be back.
    raw.exec('DELETE FROM catalog_installed');
    store.putScan(makeScan(host));
    expect(store.catalogHosts('bash')).toEqual([]);
    store.putScan(makeScan(host, { packages: [makePackage('bash'), makePackage('zsh')] }));
    expect(store.catalogHosts('bash')).toHaveLength(1);
  });
});

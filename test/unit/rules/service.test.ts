/** Rules, catalogue and advisories as the contract offers them, over a fleet in memory. */
import { beforeEach, describe, expect, it } from 'vitest';
import { advisoryReader } from '../../../main/adapters/advisories/reader.ts';
import { createAdvisoryService } from '../../../main/core/advisories/service.ts';
import { createCatalogService } from '../../../main/core/catalog/service.ts';
import type { Ports, Store } from '../../../main/core/ports.ts';
import { createRuleService } from '../../../main/core/rules/service.ts';
import { createSnapshotService } from '../../../main/core/snapshots/service.ts';
import type { Result } from '../../../shared/errors.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { fakeActivities, nodeHasher, seededRandom } from '../../support/ports.ts';
import { NOW, osvRecord, tracker } from '../advisories/files.ts';
import { makeFacts, makeHost, makePackage, makeScan, makeUpdate } from '../fleet/make.ts';

const TEXT = 'name: Baseline\nrules:\n  - id: week\n    approve: { afterDays: 7 }\n';
const at = (days: number): string => new Date(NOW - days * 86_400_000).toISOString();

let store: Store;
let now: number;
let announced: string[];
const make = () => {
  const ports = {
    store,
    clock: { now: () => now, wait: async () => true },
    random: seededRandom(3),
    hasher: nodeHasher,
    changes: { announce: ({ type }) => announced.push(type) },
    activities: fakeActivities(),
    user: 'anna',
  } satisfies Partial<Ports>;
  return {
    rules: createRuleService(ports),
    catalog: createCatalogService(ports),
    advisories: createAdvisoryService(ports, advisoryReader),
    snapshots: createSnapshotService(ports as unknown as Ports),
  };
};
let services: ReturnType<typeof make>;
beforeEach(() => {
  store = createMemoryStore();
  now = NOW;
  announced = [];
  services = make();
});

const caller = { signal: new AbortController().signal, actor: 'test' };
const value = async <T>(result: Promise<Result<T>>): Promise<T> => {
  const settled = await result;
  if (!settled.ok) throw new Error(`${settled.error.code}: ${settled.error.message}`);
  return settled.value;
};
const code = async (result: Promise<Result<unknown>>): Promise<string> => {
  const settled = await result;
  return settled.ok ? 'ok' : settled.error.code;
};

const libssl = (version: string) => ({
  ...makePackage('libssl3', version),
  source: 'openssl',
  sourceVersion: version,
});
const LISTS = { source: 'hosts', asOf: null };
const OLD = '3.0.14-1~deb12u2';
const NEW = '3.0.15-1~deb12u1';
const host = (name: string, seenDaysAgo: number, update = NEW) => {
  const made = makeHost(name);
  store.putHost(made);
  store.putScan(
    makeScan(made, {
      finishedAt: at(seenDaysAgo),
      packages: [libssl(OLD), makePackage('bash')],
      updates: [
        makeUpdate('libssl3', { from: OLD, to: update, classification: 'other' }),
        makeUpdate('bash', { classification: 'other' }),
      ],
    }),
  );
  return made;
};
const importFile = async (content: string, o: { fileName?: string; asOf?: string } = {}) => {
  const bytes = Buffer.from(content);
  const { upload } = await value(
    services.advisories.begin({ fileName: o.fileName ?? 'data.json', bytes: bytes.length }),
  );
  await value(services.advisories.put({ upload, offset: 0, data: bytes.toString('base64') }));
  return services.advisories.finish({ upload, ...(o.asOf === undefined ? {} : { asOf: o.asOf }) }, caller);
};

describe('a preview', () => {
  it('shows what rules would take now, why, and what they would take later', async () => {
    host('old', 10);
    host('new', 2, '3.0.16-1');
    const { rows, entries } = await value(services.rules.preview({ rules: { text: TEXT }, selectors: [] }));
    expect(rows.map((row) => [row.name, row.version, row.outcome.kind, row.hostCount, row.reason])).toEqual([
      ['bash', '1.0-2', 'approved', 2, 'approved by rule week'],
      ['libssl3', '3.0.16-1', 'waiting', 1, `waiting until ${at(-5)} by rule week`],
      ['libssl3', NEW, 'approved', 1, 'approved by rule week'],
    ]);
    expect(entries).toBe(2);
    expect(store.lines()).toEqual([]);
  });

  it('is of the selected hosts, and names those that were never scanned', async () => {
    host('old', 10);
    store.putHost(makeHost('mute'));
    const { rows, without } = await value(
      services.rules.preview({ rules: { text: TEXT }, selectors: ['old', 'mute'] }),
    );
    expect([rows.length, without]).toEqual([2, ['mute']]);
    expect(await code(services.rules.preview({ rules: { text: TEXT }, selectors: ['mute'] }))).toBe(
      'input.invalid',
    );
    expect(await code(services.rules.preview({ rules: { text: TEXT }, selectors: ['nobody'] }))).toBe(
      'input.invalid',
    );
  });

  it('judges by imported data as well, with its age', async () => {
    host('old', 10);
    await value(importFile(JSON.stringify(osvRecord())));
    const text =
      'name: a\nrules:\n  - id: sec\n    match: {severity: important, classification: security, advisory: CVE-2026-6119}\n';
    const { rows } = await value(services.rules.preview({ rules: { text }, selectors: [] }));
    expect(rows.map((row) => [row.name, row.outcome.kind, row.grounds])).toEqual([
      ['bash', 'no-rule', [LISTS]],
      ['libssl3', 'approved', [{ source: 'osv', asOf: '2026-11-01T10:00:00.500Z' }]],
    ]);
    const released = 'name: a\nrules:\n  - id: rel\n    approve: {afterDays: 30, since: release}\n';
    const aged = await value(services.rules.preview({ rules: { text: released }, selectors: [] }));
    expect(aged.rows.map((row) => row.outcome.kind)).toEqual(['waiting', 'approved']);
  });

  it('needs rules that can be read, and says where they cannot', async () => {
    host('old', 10);
    const result = await services.rules.preview({ rules: { text: 'name: a\nrules: 7\n' }, selectors: [] });
    expect(result).toMatchObject({ ok: false, error: { message: expect.stringContaining('line 2: rules') } });
    expect(await code(services.rules.preview({ rules: { name: 'none' }, selectors: [] }))).toBe('not-found');
  });
});

describe('a snapshot from rules', () => {
  it('holds what they take, the rule of each entry, and the rules themselves', async () => {
    host('old', 10);
    const { snapshot } = await value(
      services.snapshots.create({ name: 'november', security: false, rules: { text: TEXT } }),
    );
    expect(snapshot.entries.map((entry) => [entry.name, entry.decision, entry.source])).toEqual([
      ['bash', 'approve', 'rule:week'],
      ['libssl3', 'approve', 'rule:week'],
    ]);
    expect(snapshot.rules).toEqual([
      { name: 'Baseline', rules: [{ id: 'week', approve: { afterDays: 7 } }] },
    ]);
    expect(snapshot.scope).toMatchObject({ ecosystem: 'apt', distro: 'debian', release: '12' });
  });

  it('of a saved set names its version, keeps the rules when it is edited, and gets them back when restored', async () => {
    host('old', 10);
    await value(services.rules.save({ text: TEXT }));
    const made = await value(
      services.snapshots.create({ name: 'november', security: false, rules: { name: 'baseline' } }),
    );
    expect(made.snapshot.rules).toMatchObject([{ name: 'Baseline', version: 1 }]);
    const edited = await value(
      services.snapshots.edit({ ref: 'november', edits: [{ kind: 'remove', name: 'bash' }] }),
    );
    expect(edited.snapshot.rules).toEqual(made.snapshot.rules);
    const restored = await value(services.snapshots.restore({ ref: 'november@1' }));
    expect(restored.snapshot).toMatchObject({ rules: made.snapshot.rules, entries: made.snapshot.entries });
    const exported = await value(services.snapshots.export({ ref: 'november' }));
    expect(exported.text).toContain('"afterDays":7');
  });

  it('does not go with another way of choosing', async () => {
    expect(await code(services.snapshots.create({ name: 'x', security: true, rules: { text: TEXT } }))).toBe(
      'input.invalid',
    );
  });
});

describe('saved rules', () => {
  it('are versions: each stays, the newest counts, the same text again is none', async () => {
    await value(services.rules.save({ text: TEXT }));
    now += 1000;
    const changed = `${TEXT}reject:\n  - name: bash\n`;
    expect((await value(services.rules.save({ text: changed, message: 'no bash' }))).saved.version).toBe(2);
    expect((await value(services.rules.save({ text: changed }))).saved.version).toBe(2);
    const { versions } = await value(services.rules.history({ name: 'BASELINE' }));
    expect(versions.map((one) => [one.version, one.author, one.message])).toEqual([
      [2, 'anna', 'no bash'],
      [1, 'anna', undefined],
    ]);
    expect((await value(services.rules.show({ name: 'Baseline', version: 1 }))).saved.text).toBe(TEXT);
    expect((await value(services.rules.list({}))).ruleSets).toMatchObject([
      { name: 'Baseline', version: 2, ruleCount: 1 },
    ]);
    expect(announced).toEqual(['rules', 'rules']);
  });

  it('are not saved over a version the caller has not seen', async () => {
    await value(services.rules.save({ text: TEXT, expect: 0 }));
    expect(await code(services.rules.save({ text: `${TEXT}#\n`, expect: 0 }))).toBe('state.conflict');
    expect(await code(services.rules.save({ text: `${TEXT}#\n`, expect: 1 }))).toBe('ok');
  });

  it('are sound: others are not saved', async () => {
    expect(await code(services.rules.save({ text: 'name: a\n' }))).toBe('input.invalid');
    expect(await code(services.rules.show({ name: 'a' }))).toBe('not-found');
    expect(await code(services.rules.history({ name: 'a' }))).toBe('not-found');
  });
});

describe('the catalogue', () => {
  it('says which hosts have a package below a version, in the manager’s own order', async () => {
    host('old', 10);
    const other = makeHost('other');
    store.putHost(other);
    store.putScan(makeScan(other, { packages: [libssl('3.0.9-1')], updates: [] }));
    store.putHost(makeHost('mute'));
    const below = async (version: string, selectors: string[] = []) =>
      (await value(services.catalog.hosts({ name: 'libssl3', below: version, selectors }))).hosts.map(
        (one) => one.host,
      );
    // As text 3.0.9 would be above 3.0.14, and ~deb12u2 below nothing.
    expect(await below('3.0.14-1')).toEqual(['old', 'other']);
    expect(await below(OLD)).toEqual(['other']);
    expect(await below('3.0.14-1', ['old'])).toEqual(['old']);
    const exact = await value(services.catalog.hosts({ name: 'libssl3', version: OLD, selectors: [] }));
    expect([exact.hosts.map((one) => one.host), exact.unknown]).toEqual([['old'], ['mute']]);
    expect(await code(services.catalog.hosts({ name: 'nothing', selectors: [] }))).toBe('not-found');
  });

  it('shows versions highest first, with what is known to be wrong with each and how old that knowledge is', async () => {
    host('old', 10);
    await value(importFile(JSON.stringify(tracker), { fileName: 'tracker.json', asOf: at(3) }));
    const shown = await value(services.catalog.show({ name: 'libssl3' }));
    expect(shown.versions.map((one) => [one.version, one.faults.flatMap((fault) => fault.cves)])).toEqual([
      [NEW, []],
      [OLD, ['CVE-2026-6119']],
    ]);
    expect(shown.versions[1]?.faults[0]?.grounds).toEqual([{ source: 'debian-tracker', asOf: at(3) }]);
    expect(shown.advisoryData).toEqual({ source: 'tracker.json', asOf: at(3) });
    expect(await code(services.catalog.show({ name: 'nothing' }))).toBe('not-found');
  });

  it('searches by a part of a name', async () => {
    host('old', 10);
    const found = await value(services.catalog.search({ text: ' SSL ', limit: 1 }));
    expect([found.packages.map((one) => one.name), found.more]).toEqual([['libssl3'], false]);
    expect((await value(services.catalog.search({ text: '', limit: 1 }))).more).toBe(true);
  });
});

describe('importing advisories', () => {
  it('comes in pieces, each in its place, and is taken in at the end', async () => {
    const text = JSON.stringify(osvRecord());
    const { upload } = await value(services.advisories.begin({ fileName: 'a.json', bytes: text.length }));
    const put = (offset: number, end: number) =>
      services.advisories.put({
        upload,
        offset,
        data: Buffer.from(text.slice(offset, end)).toString('base64'),
      });
    expect((await value(put(0, 10))).received).toBe(10);
    expect(await code(put(11, 20))).toBe('state.conflict');
    expect(await code(services.advisories.finish({ upload }, caller))).toBe('state.conflict');
    await value(put(10, text.length));
    const made = (await value(services.advisories.finish({ upload }, caller))).import;
    expect(made).toMatchObject({ format: 'osv', file: 'a.json', advisories: 1, dated: true });
    expect(await code(services.advisories.finish({ upload }, caller))).toBe('not-found');
    expect((await value(services.advisories.list({}))).imports).toEqual([made]);
    expect((await value(services.advisories.show({ id: 'CVE-2026-6119' }))).advisories).toMatchObject([
      { id: 'DSA-5764-1', file: 'a.json', asOf: '2026-11-01T10:00:00.500Z' },
    ]);
    expect(announced).toEqual(['advisories']);
  });

  it('has the age of its import where the data has none', async () => {
    const made = (await value(importFile(JSON.stringify(tracker)))).import;
    expect(made).toMatchObject({ asOf: new Date(NOW).toISOString(), dated: false });
    expect(await code(importFile(JSON.stringify(tracker), { asOf: at(-1) }))).toBe('input.invalid');
  });

  it('that is refused changes nothing, and says which file and why', async () => {
    await value(importFile(JSON.stringify(osvRecord())));
    const before = await value(services.advisories.list({}));
    const refused = await importFile(JSON.stringify([osvRecord({ id: 'DSA-9' }), { id: 1 }]), {
      fileName: 'b.json',
    });
    expect(refused).toMatchObject({
      ok: false,
      error: {
        code: 'advisories.refused',
        message: expect.stringContaining('b.json was refused: it is no OSV record'),
      },
    });
    expect(await value(services.advisories.list({}))).toEqual(before);
    expect(await code(services.advisories.show({ id: 'DSA-9' }))).toBe('not-found');
  });

  it('has a limit in size and number, and forgets what nobody finished', async () => {
    expect(await code(services.advisories.begin({ fileName: 'a', bytes: 2 ** 40 }))).toBe('input.too-large');
    const { upload } = await value(services.advisories.begin({ fileName: 'a', bytes: 2 }));
    expect(await code(services.advisories.put({ upload, offset: 0, data: 'AAAA' }))).toBe('input.too-large');
    await value(services.advisories.begin({ fileName: 'a', bytes: 2 }));
    await value(services.advisories.begin({ fileName: 'a', bytes: 2 }));
    expect(await code(services.advisories.begin({ fileName: 'a', bytes: 2 }))).toBe('state.conflict');
    now += 11 * 60_000;
    expect(await code(services.advisories.begin({ fileName: 'a', bytes: 2 }))).toBe('ok');
  });
});

it('a scan whose facts changed its release is judged by the new one', async () => {
  const moved = host('old', 10);
  await value(importFile(JSON.stringify(osvRecord())));
  store.putScan(
    makeScan(moved, {
      facts: makeFacts({ release: '13' }),
      packages: [libssl(OLD)],
      updates: [makeUpdate('libssl3', { from: OLD, to: NEW, classification: 'other' })],
    }),
  );
  const { rows } = await value(services.rules.preview({ rules: { text: TEXT }, selectors: [] }));
  expect(rows.map((row) => [row.name, row.severity, row.grounds])).toEqual([['libssl3', 'unknown', [LISTS]]]);
});

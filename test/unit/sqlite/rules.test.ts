/** What a store promises about saved rules and imported advisories, over the one in memory and the one that is shipped. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../../main/adapters/sqlite/migrate.ts';
import { MIGRATIONS } from '../../../main/adapters/sqlite/migrations.ts';
import type { Store } from '../../../main/core/ports.ts';
import type { Advisory } from '../../../shared/model/advisory.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { collectingLog } from '../../support/ports.ts';
import { opened, temporaryFolder } from './make.ts';
import { AT } from './model.ts';

const kinds: [string, () => Store][] = [
  ['in memory', createMemoryStore],
  ['in SQLite', () => opened(join(temporaryFolder(), 'frostline.db'))],
];

const saved = (name: string, text: string) => ({
  name,
  savedAt: AT,
  author: 'anna',
  ruleSet: { name, rules: [{ id: 'all' }] },
  text,
});

const advisory = (id: string, change: Partial<Advisory> = {}): Advisory => ({
  format: 'osv',
  id,
  severity: 'important',
  cves: ['CVE-2026-0001'],
  affected: [
    { ecosystem: 'apt', distro: 'debian', release: '12', name: 'openssl', kind: 'source', fixed: '3-1' },
  ],
  ...change,
});
const made = (change: { format?: Advisory['format']; asOf?: string; file?: string } = {}) => ({
  format: 'osv' as const,
  file: 'all.zip',
  sha256: 'a'.repeat(64),
  importedAt: AT,
  asOf: AT,
  dated: true,
  skipped: 2,
  ...change,
});

describe.each(kinds)('a store %s', (_, make) => {
  let store: Store;
  beforeEach(() => {
    store = make();
    onTestFinished(() => store.close());
  });

  it('keeps every version of rules, under a name without regard to case', () => {
    expect(store.putRuleSet(saved('Base', 'one'), 0)).toMatchObject({ version: 1 });
    expect(store.putRuleSet({ ...saved('Base', 'two'), message: 'why' })).toMatchObject({ version: 2 });
    expect(store.putRuleSet(saved('Base', 'three'), 1)).toBeUndefined();
    store.putRuleSet(saved('another', 'x'));
    expect(store.ruleSet('base')).toEqual({ ...saved('Base', 'two'), version: 2, message: 'why' });
    expect(store.ruleSet('BASE', 1)?.text).toBe('one');
    expect(store.ruleSet('base', 9)).toBeUndefined();
    expect(store.ruleSets().map((one) => [one.name, one.version])).toEqual([
      ['another', 1],
      ['Base', 2],
    ]);
    expect(store.ruleSetVersions('base')).toEqual([
      { name: 'Base', version: 2, savedAt: AT, author: 'anna', message: 'why', ruleCount: 1 },
      { name: 'Base', version: 1, savedAt: AT, author: 'anna', ruleCount: 1 },
    ]);
  });

  it('gives advisories by id, by CVE and by package, with the data they come from', () => {
    const first = store.putAdvisories(made(), [advisory('DSA-1'), advisory('DSA-2', { cves: [] })], false);
    expect(first).toEqual({ ...made(), id: 1, advisories: 2 });
    expect(store.advisoriesNamed('CVE-2026-0001')).toEqual([
      { ...advisory('DSA-1'), asOf: AT, file: 'all.zip' },
    ]);
    expect(store.advisoriesNamed('DSA-2')).toHaveLength(1);
    expect(store.advisoriesNamed('DSA-3')).toEqual([]);
    expect(store.affected('apt', ['openssl', 'openssl', 'x']).map((row) => row.id)).toEqual([
      'DSA-1',
      'DSA-2',
    ]);
    expect(store.affected('dnf', ['openssl'])).toEqual([]);
    expect(store.advisoryCount()).toBe(2);
    expect(store.advisoryImports(5)).toEqual([first]);
  });

  it('replaces an advisory by its newer form, and keeps a newer one from an older file', () => {
    const at = (day: number): string => `2026-11-0${day}T00:00:00.000Z`;
    store.putAdvisories(made(), [advisory('DSA-1', { modified: at(2) })], false);
    const older = store.putAdvisories(
      made(),
      [advisory('DSA-1', { modified: at(1), severity: 'low' })],
      false,
    );
    expect(older).toMatchObject({ advisories: 0, skipped: 3 });
    expect(store.advisoriesNamed('DSA-1')).toMatchObject([{ severity: 'important' }]);
    store.putAdvisories(made(), [advisory('DSA-1', { modified: at(3), affected: [] })], false);
    expect(store.affected('apt', ['openssl'])).toEqual([]);
    expect(store.advisoryCount()).toBe(1);
  });

  it('lets those go that a whole list does not have any more, of that format only', () => {
    store.putAdvisories(made(), [advisory('DSA-1')], false);
    const all = made({ format: 'debian-tracker' });
    const one = (id: string) => advisory(id, { format: 'debian-tracker', cves: [] });
    store.putAdvisories(all, [one('CVE-2026-0001'), one('CVE-2026-0002')], true);
    store.putAdvisories(all, [one('CVE-2026-0002')], true);
    expect(
      store
        .affected('apt', ['openssl'])
        .map((row) => row.id)
        .sort(),
    ).toEqual(['CVE-2026-0002', 'DSA-1']);
  });

  it('shows nothing of an import before it is finished, and nothing of one that is discarded', () => {
    const at = (day: number): string => `2026-11-0${day}T00:00:00.000Z`;
    store.putAdvisories(made(), [advisory('DSA-1', { modified: at(2) }), advisory('DSA-2')], false);
    const shown = () => ({
      imports: store.advisoryImports(9).length,
      count: store.advisoryCount(),
      about: store
        .affected('apt', ['openssl'])
        .map((row) => `${row.id} ${row.severity}`)
        .sort(),
      cve: store.advisoriesNamed('CVE-2026-0001').map((one) => one.id),
    });
    const before = shown();
    const staged = store.stageAdvisories(made(), false);
    staged.add([advisory('DSA-1', { modified: at(3), severity: 'low' })]);
    staged.add([advisory('DSA-3'), advisory('DSA-2', { modified: at(1) })]);
    expect(shown()).toEqual(before);
    expect(store.sweepAdvisories(100)).toBe(false);
    expect(staged.finish()).toMatchObject({ advisories: 3, skipped: 2 });
    const after = {
      imports: 2,
      count: 3,
      about: ['DSA-1 low', 'DSA-2 important', 'DSA-3 important'],
      cve: ['DSA-1', 'DSA-2', 'DSA-3'],
    };
    expect(shown()).toEqual(after);
    const dropped = store.stageAdvisories(made(), false);
    dropped.add([advisory('DSA-4')]);
    dropped.discard();
    expect(shown()).toEqual(after);
    while (store.sweepAdvisories(1));
    expect(shown()).toEqual(after);
  });

  it('what came in meanwhile counts for an import that was on its way', () => {
    const at = (day: number): string => `2026-11-0${day}T00:00:00.000Z`;
    const slow = store.stageAdvisories(made(), false);
    slow.add([
      advisory('DSA-1', { modified: at(2) }),
      advisory('DSA-2', { modified: at(2), severity: 'low' }),
    ]);
    store.putAdvisories(
      made(),
      [advisory('DSA-1', { modified: at(3) }), advisory('DSA-2', { modified: at(1) })],
      false,
    );
    expect(slow.finish()).toMatchObject({ advisories: 1, skipped: 3 });
    expect(store.advisoriesNamed('DSA-1')).toMatchObject([{ modified: at(3) }]);
    expect(store.advisoriesNamed('DSA-2')).toMatchObject([{ modified: at(2), severity: 'low' }]);
    expect(store.advisoryCount()).toBe(2);
  });

  it('takes an import in whole or not at all', () => {
    store.putAdvisories(made(), [advisory('DSA-1')], false);
    const breaking = function* () {
      yield advisory('DSA-2');
      throw new Error('the file ends here');
    };
    expect(() => store.putAdvisories(made(), breaking(), true)).toThrow('ends here');
    expect(store.advisoriesNamed('DSA-2')).toEqual([]);
    expect(store.advisoriesNamed('DSA-1')).toHaveLength(1);
    expect(store.advisoryImports(5)).toHaveLength(1);
  });
});

it('a saved version on disk never changes', () => {
  const file = join(temporaryFolder(), 'frostline.db');
  const store = opened(file);
  store.putRuleSet(saved('Base', 'one'));
  store.close();
  const raw = new Database(file);
  onTestFinished(() => {
    raw.close();
  });
  expect(() => raw.exec("UPDATE rule_sets SET text = 'two'")).toThrow('never changes');
});

it('an import that ended with its process is not seen, and is removed by the next one, piece by piece', () => {
  const file = join(temporaryFolder(), 'frostline.db');
  const first = opened(file);
  first.putAdvisories(made(), [advisory('DSA-1')], false);
  const staged = first.stageAdvisories(made({ file: 'killed.zip' }), false);
  staged.add([advisory('DSA-1', { severity: 'low' }), advisory('DSA-2'), advisory('DSA-3')]);
  first.close();

  const second = opened(file);
  onTestFinished(() => second.close());
  expect(second.advisoriesNamed('DSA-1')).toMatchObject([{ severity: 'important' }]);
  expect(second.advisoryCount()).toBe(1);
  expect(second.advisoryImports(9)).toHaveLength(1);
  expect([second.sweepAdvisories(1), second.sweepAdvisories(1), second.sweepAdvisories(100)]).toEqual([
    true,
    true,
    false,
  ]);
  const raw = new Database(file, { readonly: true });
  const count = (table: string) => raw.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  expect(['advisories', 'advisory_imports', 'advisory_packages', 'advisory_cves'].map(count)).toEqual([
    1, 1, 1, 1,
  ]);
  raw.close();
});

it('advisories of a store from before imports were staged stay, and are replaced as before', () => {
  const file = join(temporaryFolder(), 'frostline.db');
  const raw = new Database(file);
  // `Frst`: ours.
  raw.pragma(`application_id = ${0x46727374}`);
  migrate(
    raw,
    file,
    MIGRATIONS.filter(({ version }) => version <= 13),
    collectingLog(),
  );
  raw.exec(`
    INSERT INTO advisory_imports VALUES (3, 'osv', 'old.zip', '${'a'.repeat(64)}', '${AT}', '${AT}', 1, 1, 0);
    INSERT INTO advisories VALUES (7, 'osv', 'DSA-1', 3, NULL, 'low', '["CVE-2026-0001"]', NULL, NULL);
    INSERT INTO advisory_cves VALUES ('CVE-2026-0001', 7);
    INSERT INTO advisory_packages (advisory, ecosystem, name, kind) VALUES (7, 'apt', 'openssl', 'source');
  `);
  raw.close();
  const store = opened(file);
  onTestFinished(() => store.close());
  expect(store.advisoriesNamed('CVE-2026-0001')).toMatchObject([
    { id: 'DSA-1', severity: 'low', file: 'old.zip', affected: [{ name: 'openssl' }] },
  ]);
  expect(store.advisoryImports(9)).toMatchObject([{ id: 3, file: 'old.zip' }]);
  store.putAdvisories(made(), [advisory('DSA-1')], false);
  expect(store.affected('apt', ['openssl'])).toMatchObject([{ id: 'DSA-1', severity: 'important' }]);
  expect(store.advisoryCount()).toBe(1);
});

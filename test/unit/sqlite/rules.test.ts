/** What a store promises about saved rules and imported advisories, over the one in memory and the one that is shipped. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../../main/core/ports.ts';
import type { Advisory } from '../../../shared/model/advisory.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
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
const made = (change: { format?: Advisory['format']; asOf?: string } = {}) => ({
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

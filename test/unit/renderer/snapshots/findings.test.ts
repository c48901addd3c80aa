import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../../../main/core/snapshots/edit.ts';
import { listChanges, rebase, toEdits } from '../../../../renderer/features/snapshots/changes.ts';
import { keyOf, setPinned } from '../../../../renderer/features/snapshots/entries.ts';
import {
  applyFix,
  byEntry,
  type Finding,
  nextWith,
} from '../../../../renderer/features/snapshots/findings.ts';
import { rowsOf } from '../../../../renderer/features/snapshots/rows.ts';
import type { Edit } from '../../../../shared/contract/snapshots.ts';
import { ok } from '../../../../shared/errors.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';

const entry = (name: string, rest: Partial<Entry> = {}): Entry => ({
  ecosystem: 'apt',
  name,
  version: '1',
  decision: 'approve',
  stage: 1,
  source: 'manual',
  ...rest,
});
const finding = (name: string, rest: Partial<Finding> = {}): Finding => ({
  ecosystem: 'apt',
  name,
  code: 'needs-package',
  level: 'error',
  message: `${name} needs something`,
  hosts: [],
  hostCount: 0,
  packages: [],
  ...rest,
});

describe('fixes in the window', () => {
  test('do to the list exactly what saving them would do', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const stage = fc.integer({ min: 1, max: 3 });
    const edit: fc.Arbitrary<Edit> = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        ecosystem: fc.constant('apt' as const),
        name,
        version: fc.constantFrom('1', '2'),
        stage,
      }),
      fc.record({ kind: fc.constant('remove' as const), name }),
      fc.record({ kind: fc.constant('stage' as const), name, stage }),
      fc.record({ kind: fc.constant('pin' as const), name, pinned: fc.boolean() }),
      fc.record({
        kind: fc.constant('decide' as const),
        name,
        decision: fc.constantFrom('approve' as const, 'reject' as const),
      }),
    );
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
        let list: Entry[] = [entry('a', { note: 'kept', pinned: true })];
        for (const one of edits) {
          const saved = applyEdits(list, [one], { ecosystemOf: () => ok('apt'), describe: () => ({}) });
          const here = applyFix(list, [one]);
          expect(here).toEqual(saved.ok ? saved.value : list);
          list = [...here];
        }
      }),
    );
  });

  test('a pin is an edit of its own, in words too, and survives somebody else’s revision', () => {
    const base = [entry('a'), entry('b', { pinned: true })];
    const mine = setPinned(setPinned(base, new Set([keyOf(entry('a'))]), true), new Set(['apt/b/']), false);
    expect(toEdits(base, mine)).toEqual([
      { kind: 'pin', ecosystem: 'apt', name: 'a', pinned: true },
      { kind: 'pin', ecosystem: 'apt', name: 'b', pinned: false },
    ]);
    expect(listChanges(base, mine).map((change) => `${change.name} ${change.what}`)).toEqual([
      'a pinned',
      'b no longer pinned',
    ]);
    const there = base.map((one) => ({ ...one, version: '2' }));
    expect(rebase(base, mine, there).entries).toEqual([
      entry('a', { version: '2', pinned: true }),
      entry('b', { version: '2' }),
    ]);
  });
});

describe('finding one’s way', () => {
  const entries = [
    entry('a'),
    entry('b', { decision: 'reject' }),
    entry('c', { pinned: true, source: 'rule:web', severity: 'critical' }),
    entry('d'),
  ];
  const findings = byEntry([finding('a', { level: 'warning' }), finding('c'), finding('c')]);

  test('the next finding comes after the row one is at, and begins again at the end', () => {
    expect(nextWith(entries, findings, undefined)).toBe('apt/a/');
    expect(nextWith(entries, findings, 'apt/a/')).toBe('apt/c/');
    expect(nextWith(entries, findings, 'apt/d/')).toBe('apt/a/');
    expect(nextWith(entries, byEntry([finding('c')]), 'apt/c/')).toBe('apt/c/');
    expect(nextWith(entries, byEntry([]), 'apt/a/')).toBeUndefined();
  });

  test.each([
    ['all', 'a b c d'],
    ['finding', 'a c'],
    ['error', 'c'],
    ['decision:reject', 'b'],
    ['pinned', 'c'],
    ['severity:critical', 'c'],
    ['severity:unknown', 'a b d'],
    ['source:rule:web', 'c'],
    ['source:manual', 'a b d'],
  ] as const)('%s shows %s', (show, expected) => {
    const shown = rowsOf(entries, '', show, findings).flatMap((row) =>
      row.kind === 'entry' ? [row.entry.name] : [],
    );
    expect(shown.join(' ')).toBe(expected);
  });
});

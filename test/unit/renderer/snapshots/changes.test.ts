import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../../main/core/snapshots/edit.ts';
import { listChanges, rebase, toEdits } from '../../../../renderer/features/snapshots/changes.ts';
import {
  addEntry,
  byStage,
  decide,
  keyOf,
  moveBy,
  placeBefore,
  removeEntries,
  setNote,
  setStage,
} from '../../../../renderer/features/snapshots/entries.ts';
import { ok } from '../../../../shared/errors.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  ecosystem: 'apt',
  name,
  arch: 'amd64',
  version: '1',
  decision: 'approve',
  stage: 1,
  source: 'scan',
  ...more,
});
const key = (name: string) => keyOf(entry(name));
const keys = (...names: string[]) => new Set(names.map(key));
const names = (entries: readonly Entry[]) => entries.map((each) => `${each.stage}:${each.name}`).join(' ');

/** What matters of an entry for the admin; the store fills in source and severity by itself. */
const gist = (entries: readonly Entry[]) =>
  entries.map(({ name, version, decision, stage, note }) => ({ name, version, decision, stage, note }));

const store = (base: readonly Entry[], now: readonly Entry[]): readonly Entry[] => {
  const done = applyEdits([...base], toEdits(base, now), {
    ecosystemOf: () => ok('apt'),
    describe: () => ({}),
  });
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
};

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const list = fc
  .uniqueArray(fc.constantFrom(...NAMES), { maxLength: NAMES.length })
  .chain((chosen) =>
    fc.tuple(
      ...chosen.map((name) =>
        fc
          .record({
            stage: fc.integer({ min: 0, max: 2 }),
            version: fc.constantFrom('1', '2'),
            decision: fc.constantFrom('approve' as const, 'reject' as const),
            note: fc.constantFrom(undefined, 'look', 'wait'),
          })
          .map(({ note, ...rest }) => entry(name, { ...rest, ...(note === undefined ? {} : { note }) })),
      ),
    ),
  )
  .map((entries) => byStage(entries));

describe('edits made of two lists', () => {
  it('lead the store from any list to any other, order and all', () => {
    fc.assert(
      fc.property(list, list, (base, now) => {
        expect(gist(store(base, now))).toEqual(gist(now));
      }),
      { numRuns: 500 },
    );
  });

  it('are none when nothing was changed', () => {
    fc.assert(
      fc.property(list, (base) => {
        expect(toEdits(base, base)).toEqual([]);
      }),
    );
  });

  it('move one entry when one entry was moved, in either direction', () => {
    const base = NAMES.map((name) => entry(name));
    expect(toEdits(base, placeBefore(base, keys('a'), null, 1))).toEqual([
      { kind: 'move', ecosystem: 'apt', name: 'a', arch: 'amd64', index: 8 },
    ]);
    expect(toEdits(base, placeBefore(base, keys('h'), key('a'), 1))).toEqual([
      { kind: 'move', ecosystem: 'apt', name: 'h', arch: 'amd64', index: 0 },
    ]);
  });
});

describe('changes in words', () => {
  it('name what was done to each entry, and only the entries that moved', () => {
    const base = [entry('a'), entry('b'), entry('c'), entry('d', { note: 'x' })];
    let now: Entry[] = decide(base, keys('a'), 'reject');
    now = setStage(now, keys('b'), 3);
    now = setNote(now, key('d'), '');
    now = moveBy(now, keys('d'), -1);
    now = addEntry(now, entry('e', { version: '5' }));
    now = removeEntries(now, keys('c'));
    expect(listChanges(base, now).map((change) => `${change.name}: ${change.what}`)).toEqual([
      'a: rejected',
      'd: note removed',
      'e: added 5, stage 1',
      'b: stage 1 → 3',
      'c: removed 1',
    ]);
    const swapped = moveBy(base, keys('d'), -1);
    expect(listChanges(base, swapped)).toEqual([expect.objectContaining({ what: 'moved within its stage' })]);
  });
});

describe('re-applying edits on a newer revision', () => {
  const base = [entry('a'), entry('b'), entry('c')];

  it('keeps what both sides did', () => {
    const mine = decide(base, keys('a'), 'reject');
    const head = addEntry(removeEntries(base, keys('c')), entry('d'));
    const { entries, clashes } = rebase(base, mine, head);
    expect(names(entries)).toBe('1:a 1:b 1:d');
    expect(entries[0]?.decision).toBe('reject');
    expect(clashes).toEqual([]);
  });

  it('lets mine stand and says so where both changed the same thing', () => {
    const mine = setStage(base, keys('a'), 2);
    const head = setStage(base, keys('a'), 5);
    const { entries, clashes } = rebase(base, mine, head);
    expect(names(entries)).toBe('1:b 1:c 2:a');
    expect(clashes.map((clash) => clash.name)).toEqual(['a']);
  });

  it('keeps an entry I changed although it was removed there, and says so', () => {
    const mine = setNote(base, key('b'), 'needed by the shop');
    const { entries, clashes } = rebase(base, mine, removeEntries(base, keys('b')));
    expect(names(entries)).toBe('1:a 1:b 1:c');
    expect(clashes).toHaveLength(1);
  });

  it('keeps my removal of what was changed there, and says so', () => {
    const { entries, clashes } = rebase(
      base,
      removeEntries(base, keys('b')),
      decide(base, keys('b'), 'reject'),
    );
    expect(names(entries)).toBe('1:a 1:c');
    expect(clashes).toHaveLength(1);
  });

  it('keeps my order and slots new entries of theirs in where they stood', () => {
    const mine = placeBefore(base, keys('c'), key('a'), 1);
    const head = [entry('a'), entry('n'), entry('b'), entry('c')];
    expect(names(rebase(base, mine, head).entries)).toBe('1:c 1:a 1:n 1:b');
  });

  it('gives mine when nothing happened there, and theirs when I did nothing', () => {
    fc.assert(
      fc.property(list, list, (one, other) => {
        expect(gist(rebase(one, other, one).entries)).toEqual(gist(other));
        expect(gist(rebase(one, one, other).entries)).toEqual(gist(other));
        expect(rebase(one, other, one).clashes).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('never loses an entry that either side added or changed, and says where the sides differ', () => {
    fc.assert(
      fc.property(list, list, list, (one, mine, theirs) => {
        const { entries, clashes } = rebase(one, mine, theirs);
        const old = new Map(one.map((each) => [keyOf(each), each]));
        const result = new Map(entries.map((each) => [keyOf(each), each]));
        for (const each of mine) {
          const before = old.get(keyOf(each));
          if (before?.version !== each.version) expect(result.get(keyOf(each))?.version).toBe(each.version);
        }
        const clashing = new Set(clashes.map((clash) => clash.key));
        for (const each of theirs) {
          const there = result.get(keyOf(each));
          const wasMine = mine.some((other) => keyOf(other) === keyOf(each));
          const before = old.get(keyOf(each));
          if (there?.version !== each.version && before?.version !== each.version && (wasMine || before))
            expect(clashing.has(keyOf(each))).toBe(true);
        }
        expect(new Set(result.keys()).size).toBe(entries.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('moving entries', () => {
  const base = [entry('a'), entry('b'), entry('c', { stage: 2 }), entry('d', { stage: 2 })];

  it('steps over into the next stage at the edge of a stage', () => {
    expect(names(moveBy(base, keys('b'), 1))).toBe('1:a 2:b 2:c 2:d');
    expect(names(moveBy(base, keys('c'), -1))).toBe('1:a 1:b 1:c 2:d');
    expect(names(moveBy(base, keys('a'), -1))).toBe('1:a 1:b 2:c 2:d');
  });

  it('moves several as they stand, and stops as a block at the end', () => {
    expect(names(moveBy(base, keys('a', 'b'), -1))).toBe('1:a 1:b 2:c 2:d');
    expect(names(moveBy([entry('x'), ...base.slice(0, 2)], keys('a', 'b'), -1))).toBe('1:a 1:b 1:x');
  });

  it('puts dragged entries where they are dropped, in their order, in that stage', () => {
    expect(names(placeBefore(base, keys('a', 'b'), key('d'), 2))).toBe('2:c 2:a 2:b 2:d');
    expect(names(placeBefore(base, keys('d'), null, 1))).toBe('1:a 1:b 1:d 2:c');
    expect(names(placeBefore(base, keys('d'), null, 0))).toBe('0:d 1:a 1:b 2:c');
  });
});

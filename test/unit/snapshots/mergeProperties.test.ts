/** What holds for every merge, over generated lists and over generated histories with branches, merges and crossings. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits, entryKey } from '../../../main/core/snapshots/edit.ts';
import { asBase, type Decide, type Mergeable, mergeContents } from '../../../main/core/snapshots/merge.ts';
import { mergeBaseOf } from '../../../main/core/snapshots/mergeBase.ts';
import type { Edit } from '../../../shared/contract/snapshots.ts';
import { ok } from '../../../shared/errors.ts';
import { type Entry, REVISION_FORMAT, type Revision } from '../../../shared/model/snapshot.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;
const target = fc.record(
  { name: fc.constantFrom(...names), arch: fc.constantFrom('amd64', 'i386') },
  { requiredKeys: ['name'] },
);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(target, fc.constantFrom('1', '2', '3'))
      .map(([t, version]): Edit => ({ kind: 'add', ...t, version })),
  },
  target.map((t): Edit => ({ kind: 'remove', ...t })),
  fc
    .tuple(target, fc.constantFrom('approve' as const, 'reject' as const))
    .map(([t, decision]): Edit => ({ kind: 'decide', ...t, decision })),
  fc
    .tuple(target, fc.integer({ min: 1, max: 2 }))
    .map(([t, stage]): Edit => ({ kind: 'stage', ...t, stage })),
  fc.tuple(target, fc.constantFrom('', 'x', 'y')).map(([t, note]): Edit => ({ kind: 'note', ...t, note })),
  {
    weight: 3,
    arbitrary: fc
      .tuple(target, fc.integer({ min: 0, max: 8 }))
      .map(([t, index]): Edit => ({ kind: 'move', ...t, index })),
  },
);
const edits = fc.array(edit, { maxLength: 6 });
const first = fc.array(fc.constantFrom(...names), { maxLength: 7 }).map((all) =>
  [...new Set(all)].map(
    (name): Entry => ({
      ecosystem: 'apt',
      name,
      version: '1',
      decision: 'approve',
      stage: 1,
      source: 'scan',
    }),
  ),
);

/** Those of the edits that are possible. */
const edited = (entries: Entry[], all: Edit[]): Entry[] =>
  all.reduce((list, one) => {
    const next = applyEdits(list, [one], { ecosystemOf: () => ok('apt'), describe: () => ({}) });
    return next.ok ? next.value : list;
  }, entries);
const holding = (entries: Entry[]): Mergeable => ({ scope: {}, rules: [], entries, exceptions: [] });
const branches = fc.tuple(first, edits, edits).map(([base, mine, other]) => ({
  base: holding(base),
  ours: holding(edited(base, mine)),
  theirs: holding(edited(base, other)),
}));

const merge = (o: { base: Mergeable; ours: Mergeable; theirs: Mergeable }, decide?: Decide) =>
  mergeContents({ ...o, base: asBase(o.base) }, decide);
const swapped = <T extends { ours: unknown; theirs: unknown }>(one: T): T => ({
  ...one,
  ours: one.theirs,
  theirs: one.ours,
});
const stands = (entries: Entry[], a: string, b: string): boolean | undefined => {
  const at = (key: string) => entries.findIndex((entry) => entryKey(entry) === key);
  return at(a) < 0 || at(b) < 0 ? undefined : at(a) < at(b);
};

describe('any three lists', () => {
  test('the sides can change places', () => {
    fc.assert(
      fc.property(branches, (o) => {
        const [one, other] = [merge(o), merge(swapped(o))];
        expect(other.content).toEqual(one.content);
        expect(other.conflicts).toEqual(one.conflicts.map(swapped));
      }),
      { numRuns: 2000 },
    );
  });

  test('merging what is unchanged gives the other, and merging the same gives the same', () => {
    fc.assert(
      fc.property(branches, ({ base, ours }) => {
        for (const three of [
          { base, ours: base, theirs: ours },
          { base, ours, theirs: base },
          { base, ours, theirs: ours },
        ]) {
          const merged = merge(three);
          expect([merged.content, merged.conflicts]).toEqual([ours, []]);
        }
      }),
      { numRuns: 600 },
    );
  });

  test('no entry is lost, none comes from nowhere, and none is there twice', () => {
    fc.assert(
      fc.property(branches, (o) => {
        const keys = (side: Mergeable) => new Set(side.entries.map(entryKey));
        const merged = merge(o);
        const [base, ours, theirs] = [keys(o.base), keys(o.ours), keys(o.theirs)];
        const result = merged.content.entries.map(entryKey);
        expect(new Set(result).size).toBe(result.length);
        for (const key of result) expect(ours.has(key) || theirs.has(key)).toBe(true);
        // Only what one side took off the list is not on it any more.
        for (const key of new Set([...ours, ...theirs]))
          if (!result.includes(key)) expect(base.has(key) && !(ours.has(key) && theirs.has(key))).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  test('where both sides agree on the order of two entries, the result agrees', () => {
    fc.assert(
      fc.property(branches, (o) => {
        const merged = merge(o);
        if (merged.conflicts.length > 0) return;
        const { entries } = merged.content;
        const stage = new Map(entries.map((entry) => [entryKey(entry), entry.stage]));
        const stays = (side: Mergeable, key: string) =>
          side.entries.some((entry) => entryKey(entry) === key && entry.stage === stage.get(key));
        for (const a of stage.keys())
          for (const b of stage.keys()) {
            if (a >= b || stage.get(a) !== stage.get(b)) continue;
            if (![o.ours, o.theirs].every((side) => stays(side, a) && stays(side, b))) continue;
            const agreed = stands(o.ours.entries, a, b);
            if (agreed === stands(o.theirs.entries, a, b)) expect(stands(entries, a, b)).toBe(agreed);
          }
      }),
      { numRuns: 1000 },
    );
  });

  test('taking one side everywhere leaves no conflict, and what was in conflict is that side’s', () => {
    fc.assert(
      fc.property(branches, fc.constantFrom('ours' as const, 'theirs' as const), (o, take) => {
        const merged = merge(o, () => ({ take }));
        expect(merged.conflicts).toEqual([]);
        for (const { conflict } of merged.decided) {
          if (conflict.field === 'order' || conflict.field === 'arch') continue;
          const mine = (side: Mergeable) =>
            side.entries.find((entry) => entry.name === conflict.name && entry.arch === conflict.arch);
          const [got, wanted] = [mine(merged.content), mine(o[take])];
          if (conflict.field === 'entry') expect(got === undefined).toBe(wanted === undefined);
          else expect(got?.[conflict.field as keyof Entry]).toEqual(wanted?.[conflict.field as keyof Entry]);
        }
      }),
      { numRuns: 600 },
    );
  });
});

/** A step of a history: an edit of some revision, or a merge of two, whose conflicts are decided one way or the other. */
const step = fc.record({
  on: fc.nat(),
  with: fc.option(fc.nat()),
  edits,
  sides: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
});

const line = { id: '4b1d1e0a-6f2c-4c3d-9a57-0c8f5b1f2e11', name: 'history' };
const revision = (id: number, parents: Revision[], content: Mergeable): Revision => ({
  id: `r${String(id).padStart(3, '0')}`,
  content: {
    ...content,
    format: REVISION_FORMAT,
    line,
    number: Math.max(0, ...parents.map((parent) => parent.content.number)) + 1,
    parents: parents.map((parent) => parent.id),
    author: { name: 'a' },
    createdAt: '2026-11-20T09:30:00.000Z',
  },
});

const history = fc.tuple(first, fc.array(step, { minLength: 2, maxLength: 14 })).map(([base, steps]) => {
  const all = [revision(0, [], holding(base))];
  const lookUp = (id: string) => all.find((one) => one.id === id);
  steps.forEach((one, index) => {
    const ours = all[one.on % all.length];
    const theirs = one.with === null ? undefined : all[one.with % all.length];
    if (ours === undefined) return;
    if (theirs === undefined || theirs === ours) {
      all.push(revision(index + 1, [ours], holding(edited(ours.content.entries, one.edits))));
      return;
    }
    let asked = 0;
    const { content } = mergeContents(
      { base: mergeBaseOf(ours, theirs, lookUp).base, ours: ours.content, theirs: theirs.content },
      () => ({ take: one.sides[asked++ % one.sides.length] === true ? 'ours' : 'theirs' }),
    );
    all.push(revision(index + 1, [ours, theirs], content));
  });
  return { all, lookUp };
});

describe('any history', () => {
  const mergeOf = (ours: Revision, theirs: Revision, lookUp: (id: string) => Revision | undefined) =>
    mergeContents({
      base: mergeBaseOf(ours, theirs, lookUp).base,
      ours: ours.content,
      theirs: theirs.content,
    });

  test('the sides can change places, however the branches cross', () => {
    let crossed = 0;
    fc.assert(
      fc.property(history, fc.nat(), ({ all, lookUp }, seed) => {
        const [ours, theirs] = [all.at(-1), all[seed % all.length]];
        if (ours === undefined || theirs === undefined) return;
        if (mergeBaseOf(ours, theirs, lookUp).revisions.length > 1) crossed += 1;
        const [one, other] = [mergeOf(ours, theirs, lookUp), mergeOf(theirs, ours, lookUp)];
        expect(other.content).toEqual(one.content);
        expect(other.conflicts).toEqual(one.conflicts.map(swapped));
      }),
      { numRuns: 1200 },
    );
    expect(crossed).toBeGreaterThan(8);
  });

  test('merged with an ancestor, a revision stays what it is', () => {
    fc.assert(
      fc.property(history, ({ all, lookUp }) => {
        const newest = all.at(-1);
        if (newest === undefined) return;
        for (const id of newest.content.parents) {
          const parent = lookUp(id);
          if (parent === undefined) continue;
          const merged = mergeOf(newest, parent, lookUp);
          expect([merged.content.entries, merged.conflicts]).toEqual([newest.content.entries, []]);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('crossing histories', () => {
  const listed = (version: string) =>
    holding([{ ecosystem: 'apt', name: 'a', version, decision: 'approve', stage: 1, source: 'scan' }]);
  const cross = (root: string, left: string, right: string, first: string, second: string) => {
    const r0 = revision(0, [], listed(root));
    const [a, b] = [revision(1, [r0], listed(left)), revision(2, [r0], listed(right))];
    const [m, n] = [revision(3, [a, b], listed(first)), revision(4, [b, a], listed(second))];
    const all = [r0, a, b, m, n];
    const lookUp = (id: string) => all.find((one) => one.id === id);
    const found = mergeBaseOf(m, n, lookUp);
    const merged = mergeContents({ base: found.base, ours: m.content, theirs: n.content });
    return {
      bases: found.revisions.map((one) => one.id),
      version: merged.content.entries[0]?.version,
      conflicts: merged.conflicts.map((one) => one.field),
    };
  };

  test('have two bases; what these agree on when merged is the base', () => {
    expect(cross('1', '2', '1', '2', '3')).toEqual({ bases: ['r001', 'r002'], version: '3', conflicts: [] });
  });

  test('what these disagree on was decided twice: in different ways is a conflict, even back to the old value', () => {
    expect(cross('1', '2', '3', '2', '3').conflicts).toEqual(['version']);
    expect(cross('1', '2', '3', '2', '1').conflicts).toEqual(['version']);
    expect(cross('1', '2', '3', '3', '3')).toMatchObject({ version: '3', conflicts: [] });
  });

  test('that cross at every step, three ways, still end', () => {
    let row = [revision(0, [], listed('1'))];
    const all = [...row];
    let n = 0;
    const push = (parents: Revision[]) => {
      n += 1;
      const made = revision(n, parents, listed(`${n}`));
      all.push(made);
      return made;
    };
    row = [0, 1, 2].map(() => push(row));
    for (let step = 0; step < 30; step++) {
      const [a, b, c] = row;
      if (a === undefined || b === undefined || c === undefined) return;
      // Each has all three below it: a merge of a merge.
      row = [0, 1, 2].map(() => push([push([a, b]), c]));
    }
    const byId = new Map(all.map((one) => [one.id, one]));
    const [ours, theirs] = row;
    if (ours === undefined || theirs === undefined) return;
    const found = mergeBaseOf(ours, theirs, (id) => byId.get(id));
    expect(found.revisions).toHaveLength(3);
    const { conflicts } = mergeContents({ base: found.base, ours: ours.content, theirs: theirs.content });
    expect(conflicts.map((one) => one.field)).toEqual(['version']);
  });
});

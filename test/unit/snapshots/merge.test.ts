import { describe, expect, test } from 'vitest';
import { asBase, EMPTY_BASE, type Mergeable, mergeContents } from '../../../main/core/snapshots/merge.ts';
import { createChoices } from '../../../main/core/snapshots/mergeChoices.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { type Resolution, ResolutionFile } from '../../../shared/model/versions.ts';
import { entry } from './support.ts';

const holding = (...entries: Entry[]): Mergeable => ({ scope: {}, rules: [], entries, exceptions: [] });
const merge = (base: Entry[] | null, ours: Entry[], theirs: Entry[], resolutions: Resolution[] = []) => {
  const choices = createChoices(resolutions, undefined);
  const merged = mergeContents(
    {
      base: base === null ? EMPTY_BASE : asBase(holding(...base)),
      ours: holding(...ours),
      theirs: holding(...theirs),
    },
    choices.decide,
  );
  return { ...merged, entries: merged.content.entries, fault: choices.fault() };
};
const order = (base: string, ours: string, theirs: string, resolutions: Resolution[] = []) => {
  const list = (names: string) => [...names].map((name) => entry(name));
  const merged = merge(list(base), list(ours), list(theirs), resolutions);
  return { names: merged.entries.map((one) => one.name).join(''), conflicts: merged.conflicts };
};

describe('merging entries', () => {
  test('each side’s changes of different fields come together', () => {
    const { entries, conflicts } = merge(
      [entry('a'), entry('b'), entry('c')],
      [entry('a', { version: '2.0' }), entry('b'), entry('d')],
      [entry('a', { decision: 'reject', note: 'no' }), entry('b', { stage: 2 }), entry('c')],
    );
    expect(conflicts).toEqual([]);
    expect(entries).toEqual([
      entry('a', { version: '2.0', decision: 'reject', note: 'no' }),
      entry('d'),
      entry('b', { stage: 2 }),
    ]);
  });

  test('the same change on both sides is no conflict', () => {
    const changed = [entry('a', { version: '2.0' })];
    expect(merge([entry('a')], changed, changed)).toMatchObject({ entries: changed, conflicts: [] });
  });

  test.each([
    ['version', { version: '2.0' }, { version: '3.0' }, '1.0', '2.0', '3.0'],
    ['stage', { stage: 2 }, { stage: 3 }, 1, 2, 3],
    ['note', { note: 'x' }, { note: 'y' }, null, 'x', 'y'],
  ])('both changed the %s: a conflict that names the three values', (field, ours, theirs, b, o, t) => {
    const { conflicts } = merge([entry('a')], [entry('a', ours)], [entry('a', theirs)]);
    expect(conflicts).toEqual([{ ecosystem: 'apt', name: 'a', field, base: b, ours: o, theirs: t }]);
  });

  test('both added the package with different decisions: a conflict without a base', () => {
    const { conflicts } = merge([], [entry('a')], [entry('a', { decision: 'reject' })]);
    expect(conflicts).toMatchObject([{ field: 'decision', base: null, ours: 'approve', theirs: 'reject' }]);
  });

  test('one removed what the other changed: a conflict; what the other left alone is removed', () => {
    const changed = entry('a', { version: '2.0', arch: 'amd64' });
    const { entries, conflicts } = merge(
      [entry('a', { arch: 'amd64' }), entry('b')],
      [],
      [changed, entry('b', { severity: 'critical' })],
    );
    expect(conflicts).toEqual([
      {
        ecosystem: 'apt',
        name: 'a',
        arch: 'amd64',
        field: 'entry',
        base: entry('a', { arch: 'amd64' }),
        ours: null,
        theirs: changed,
      },
    ]);
    expect(entries).toEqual([changed]);
  });

  test('a package for any architecture beside one for a single one is a conflict', () => {
    const [any, one] = [entry('a'), entry('a', { arch: 'amd64', version: '2.0' })];
    expect(merge([], [any], [one]).conflicts).toEqual([
      { ecosystem: 'apt', name: 'a', field: 'arch', base: [], ours: [any], theirs: [one] },
    ]);
    expect(merge([any], [any, one], [entry('a', { version: '3.0' })]).conflicts).toEqual([]);
    const take = { name: 'a', field: 'arch', take: 'theirs' } as const;
    expect(merge([], [any], [one], [take])).toMatchObject({ entries: [one], conflicts: [] });
  });

  test('what is known of a version comes with it; of one version the graver', () => {
    const two = entry('a', { version: '2.0', severity: 'critical', sha256: 'b'.repeat(64), source: 'scan' });
    const noted = entry('a', { severity: 'low', note: 'n', sha256: 'a'.repeat(64) });
    expect(merge([entry('a')], [two], [noted]).entries).toEqual([{ ...two, note: 'n' }]);
    expect(
      merge(
        [entry('a')],
        [entry('a', { severity: 'low', advisories: ['DSA-2'] })],
        [entry('a', { severity: 'important', advisories: ['DSA-1'] })],
      ).entries,
    ).toEqual([entry('a', { severity: 'important', advisories: ['DSA-1', 'DSA-2'] })]);
  });

  test('two hashes of one version are a conflict', () => {
    const [x, y] = ['a'.repeat(64), 'b'.repeat(64)];
    const { conflicts } = merge([entry('a')], [entry('a', { sha256: x })], [entry('a', { sha256: y })]);
    expect(conflicts).toMatchObject([{ field: 'sha256', base: null, ours: x, theirs: y }]);
  });

  test('without a common ancestor everything counts as added', () => {
    const { entries, conflicts } = merge(null, [entry('a'), entry('b')], [entry('b'), entry('c')]);
    expect(conflicts).toEqual([]);
    expect(entries.map((one) => one.name)).toEqual(['a', 'b', 'c']);
  });
});

describe('merging the order', () => {
  test.each([
    ['abcd', 'bacd', 'abdc', 'badc'],
    ['abcd', 'abcd', 'dcba', 'dcba'],
    ['abcd', 'dabc', 'abcd', 'dabc'],
    ['abc', 'axbc', 'abyc', 'axbyc'],
    ['abc', 'abcy', 'abcx', 'abcxy'],
    ['abc', 'acx', 'bac', 'acx'],
    ['abc', 'cab', 'cab', 'cab'],
    ['abcde', 'bacde', 'baced', 'baced'],
  ])('%s: %s and %s make %s', (base, ours, theirs, merged) => {
    expect(order(base, ours, theirs)).toEqual({ names: merged, conflicts: [] });
    expect(order(base, theirs, ours)).toEqual({ names: merged, conflicts: [] });
  });

  test('a circle and a thing moved to two places are conflicts, with the orders of what is concerned', () => {
    expect(order('zabc', 'zbac', 'zacb').conflicts).toEqual([
      {
        ecosystem: 'apt',
        name: 'a',
        field: 'order',
        base: ['a', 'b', 'c'],
        ours: ['b', 'a', 'c'],
        theirs: ['a', 'c', 'b'],
      },
    ]);
    expect(order('abcx', 'xabc', 'axbc').conflicts).toMatchObject([{ field: 'order' }]);
  });

  test('and are decided by a side', () => {
    const take = (side: 'ours' | 'theirs' | 'base') =>
      order('zabc', 'zbac', 'zacb', [{ name: 'a', field: 'order', take: side }]).names;
    expect([take('ours'), take('theirs'), take('base')]).toEqual(['zbac', 'zacb', 'zabc']);
  });

  test('what one side moved to another stage stands there as that side has it', () => {
    const { entries, conflicts } = merge(
      [entry('a'), entry('b'), entry('c', { stage: 2 })],
      [entry('b'), entry('c', { stage: 2 }), entry('a', { stage: 2 })],
      [entry('b'), entry('a'), entry('c', { stage: 2 })],
    );
    expect(conflicts).toEqual([]);
    expect(entries.map((one) => `${one.name}${one.stage}`)).toEqual(['b1', 'c2', 'a2']);
  });
});

describe('merging what is not an entry', () => {
  const whole = (base: Partial<Mergeable>, ours: Partial<Mergeable>, theirs: Partial<Mergeable>) =>
    mergeContents({
      base: asBase({ ...holding(), ...base }),
      ours: { ...holding(), ...ours },
      theirs: { ...holding(), ...theirs },
    });

  test('a scope that both changed is left out: the entries are not for one any more', () => {
    expect(
      whole(
        { scope: { release: '12', arch: 'amd64' } },
        { scope: { release: '13', arch: 'amd64' } },
        { scope: { release: '11', arch: 'amd64', distro: 'debian' } },
      ).content.scope,
    ).toEqual({ arch: 'amd64', distro: 'debian' });
  });
});

describe('resolutions', () => {
  const base = [entry('a'), entry('b')];
  const ours = [entry('a', { version: '2.0', stage: 2 }), entry('b', { note: 'o' })];
  const theirs = [entry('a', { version: '3.0', stage: 3 }), entry('b', { note: 't' })];
  const told = merge(base, ours, theirs);

  test('a side, or a value of one’s own', () => {
    const { entries, conflicts, fault } = merge(base, ours, theirs, [
      { name: 'a', field: 'version', value: '4.0' },
      { name: 'a', field: 'stage', take: 'theirs' },
      { name: 'b', field: 'note', take: 'base' },
    ]);
    expect([conflicts, fault]).toEqual([[], undefined]);
    expect(entries).toEqual([entry('b'), entry('a', { version: '4.0', stage: 3 })]);
  });

  test('the conflicts as they were told, each with a side added, are a file of resolutions', () => {
    const file = { conflicts: told.conflicts.map((one) => ({ ...one, take: 'ours' })) };
    const { entries, fault } = merge(
      base,
      ours,
      theirs,
      ResolutionFile.parse(JSON.parse(JSON.stringify(file))),
    );
    expect(fault).toBeUndefined();
    expect(entries).toEqual([entry('b', { note: 'o' }), entry('a', { version: '2.0', stage: 2 })]);
  });

  test('what nobody decided stays a conflict', () => {
    const { conflicts } = merge(base, ours, theirs, [{ name: 'a', field: 'version', take: 'ours' }]);
    expect(conflicts.map((one) => one.field)).toEqual(['stage', 'note']);
  });

  test.each([
    ['about nothing', [{ name: 'a', field: 'decision', take: 'ours' }], /not in conflict/],
    ['twice', [0, 1].map(() => ({ name: 'a', field: 'stage', take: 'ours' })), /twice/],
    ['a stage that is none', [{ name: 'a', field: 'stage', value: 'x' }], /cannot be the stage/],
    ['a version that is none', [{ name: 'a', field: 'version', value: '-!' }], /cannot be the version/],
    [
      'for other values',
      [{ name: 'a', field: 'version', take: 'ours', ours: '9.0' }],
      /other values than there are now/,
    ],
  ])('%s: refused', (_, resolutions, message) => {
    const file = ResolutionFile.parse({ resolutions });
    expect(merge(base, ours, theirs, file).fault?.message).toMatch(message);
  });

  test.each([
    [{ resolutions: [{ name: 'a', field: 'stage' }] }],
    [{ resolutions: [{ name: 'a', field: 'stage', take: 'mine' }] }],
    [{ resolutions: [{ name: 'a', field: 'stage', take: 'ours', extra: 1 }] }],
    [[]],
  ])('a file that is none is refused: %j', (file) => {
    expect(ResolutionFile.safeParse(file).success).toBe(false);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits, type EditContext, entryKey } from '../../../main/core/snapshots/edit.ts';
import type { Edit } from '../../../shared/contract/snapshots.ts';
import { fail, ok } from '../../../shared/errors.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';

const entry = (name: string, rest: Partial<Entry> = {}): Entry => ({
  ecosystem: 'apt',
  name,
  version: '1.0',
  decision: 'approve',
  stage: 1,
  source: 'scan',
  ...rest,
});

const context: EditContext = { ecosystemOf: () => ok('apt'), describe: () => ({}) };
const run = (entries: Entry[], ...edits: Edit[]) => applyEdits(entries, edits, context);
const names = (entries: Entry[], ...edits: Edit[]): string[] => {
  const result = run(entries, ...edits);
  if (!result.ok) throw new Error(result.error.message);
  return result.value.map((one) => `${one.name}/${one.stage}`);
};
const edited = (entries: Entry[], ...edits: Edit[]): Entry[] => {
  const result = run(entries, ...edits);
  return result.ok ? result.value : [];
};

const three = [entry('a'), entry('b'), entry('c', { stage: 2 }), entry('d', { stage: 2 })];

describe('editing entries', () => {
  test('a new entry is approved, by hand, in stage 1, for every architecture', () => {
    expect(edited([], { kind: 'add', name: 'curl', version: '7.88.1-10' })).toEqual([
      entry('curl', { version: '7.88.1-10', source: 'manual' }),
    ]);
  });

  test('adding what is listed replaces the version and what belonged to it, and keeps place, stage and note', () => {
    const old = entry('b', {
      arch: 'amd64',
      decision: 'reject',
      severity: 'critical',
      sizeBytes: 10,
      sha256: 'a'.repeat(64),
      advisories: ['DSA-1'],
      note: 'careful',
    });
    expect(edited([entry('a'), old, entry('c')], { kind: 'add', name: 'b', version: '2.0' })[1]).toEqual(
      entry('b', { arch: 'amd64', version: '2.0', source: 'manual', note: 'careful' }),
    );
  });

  test('a name that two kinds of hosts have is added to the list of the one that knows the version', () => {
    const mixed: EditContext = {
      ecosystemOf: () => fail('input.invalid', 'apt or dnf'),
      exactly: (_, version) => (version === '5.1-9.el9' ? 'dnf' : undefined),
      describe: () => ({}),
    };
    const listed = [entry('bash', { version: '5.1-2', arch: 'amd64' })];
    const added = applyEdits(listed, [{ kind: 'add', name: 'bash', version: '5.1-9.el9' }], mixed);
    expect(added.ok && added.value.map((one) => `${one.ecosystem} ${one.version}`)).toEqual([
      'apt 5.1-2',
      'dnf 5.1-9.el9',
    ]);
    expect(applyEdits([], [{ kind: 'add', name: 'bash', version: '5.1' }], mixed)).toMatchObject({
      ok: false,
      error: { code: 'input.invalid' },
    });
  });

  test('versions are checked by the rules of their manager', () => {
    const add = (ecosystem: 'apt' | 'dnf', version: string) =>
      run([], { kind: 'add', name: 'a', ecosystem, version }).ok;
    expect(add('apt', '1.0')).toBe(true);
    expect(add('dnf', '1.0')).toBe(false);
    expect(add('dnf', '2:1.0-1.el9')).toBe(true);
  });

  test('what scans know of the version describes it', () => {
    const known: EditContext = {
      ecosystemOf: () => ok('apt'),
      describe: (ecosystem, name, arch, version) => ({
        advisories: [`${ecosystem} ${name} ${arch} ${version}`],
      }),
    };
    const result = applyEdits([], [{ kind: 'add', name: 'a', arch: 'i386', version: '2' }], known);
    expect(result.ok && result.value[0]?.advisories).toEqual(['apt a i386 2']);
  });

  test('order is by stage; a new entry and a changed stage go to the end of theirs', () => {
    expect(names(three, { kind: 'add', name: 'e', version: '1', stage: 1 })).toEqual([
      'a/1',
      'b/1',
      'e/1',
      'c/2',
      'd/2',
    ]);
    expect(names(three, { kind: 'stage', name: 'a', stage: 2 })).toEqual(['b/1', 'c/2', 'd/2', 'a/2']);
    expect(names(three, { kind: 'stage', name: 'd', stage: 0 })).toEqual(['d/0', 'a/1', 'b/1', 'c/2']);
    expect(names(three, { kind: 'stage', name: 'a', stage: 1 })).toEqual(['a/1', 'b/1', 'c/2', 'd/2']);
  });

  test('a move puts the entry before the one at the index, and never leaves its stage', () => {
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => entry(name));
    const order = (index: number) =>
      edited(five, { kind: 'move', name: 'b', index })
        .map((one) => one.name)
        .join('');
    expect([0, 1, 2, 3, 5, 20].map(order)).toEqual(['bacde', 'abcde', 'abcde', 'acbde', 'acdeb', 'acdeb']);
    expect(names(three, { kind: 'move', name: 'a', index: 4 })).toEqual(['b/1', 'a/1', 'c/2', 'd/2']);
    expect(names(three, { kind: 'move', name: 'd', index: 0 })).toEqual(['a/1', 'b/1', 'd/2', 'c/2']);
  });

  test('decide, note and remove', () => {
    expect(edited(three, { kind: 'decide', name: 'b', decision: 'reject' })[1]?.decision).toBe('reject');
    expect(edited(three, { kind: 'note', name: 'b', note: 'why' })[1]).toEqual(entry('b', { note: 'why' }));
    expect(
      edited(edited(three, { kind: 'note', name: 'b', note: 'why' }), {
        kind: 'note',
        name: 'b',
        note: '',
      })[1],
    ).toEqual(entry('b'));
    expect(names(three, { kind: 'remove', name: 'c' })).toEqual(['a/1', 'b/1', 'd/2']);
  });

  test.each<Edit>([
    { kind: 'remove', name: 'zsh' },
    { kind: 'decide', name: 'zsh', decision: 'reject' },
    { kind: 'stage', name: 'zsh', stage: 2 },
    { kind: 'note', name: 'zsh', note: 'x' },
    { kind: 'move', name: 'zsh', index: 0 },
  ])('$kind of an entry that is not there names it, and nothing of the list is done', (edit) => {
    const result = run(three, { kind: 'remove', name: 'a' }, edit);
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'not-found', message: 'zsh is not in this snapshot.', packages: ['zsh'] },
    });
  });

  test('a name that is listed twice wants its architecture', () => {
    const two = [entry('libc6', { arch: 'amd64' }), entry('libc6', { arch: 'i386' })];
    expect(run(two, { kind: 'remove', name: 'libc6' })).toMatchObject({
      ok: false,
      error: { code: 'input.invalid', hint: 'Say which: libc6:amd64 (apt), libc6:i386 (apt)' },
    });
    expect(run(two, { kind: 'add', name: 'libc6', version: '2' })).toMatchObject({ ok: false });
    expect(edited(two, { kind: 'remove', name: 'libc6', arch: 'i386' })).toEqual([two[0]]);
    expect(run(two, { kind: 'remove', name: 'libc6', arch: 'arm64' })).toMatchObject({
      error: { message: 'libc6:arm64 is not in this snapshot.' },
    });
  });

  test('an entry for one architecture beside one for all of them would be ambiguous on a host', () => {
    expect(run([entry('a')], { kind: 'add', name: 'a', arch: 'i386', version: '2' })).toMatchObject({
      ok: false,
      error: { code: 'input.invalid', message: 'a is already listed for every architecture.' },
    });
  });

  test('any sequence of edits keeps the order by stage and every package once, and leaves its input alone', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const stage = fc.integer({ min: 0, max: 3 });
    const edit: fc.Arbitrary<Edit> = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), name, version: fc.constantFrom('1', '2'), stage }),
      fc.record({ kind: fc.constant('remove' as const), name }),
      fc.record({ kind: fc.constant('stage' as const), name, stage }),
      fc.record({ kind: fc.constant('move' as const), name, index: fc.nat(6) }),
      fc.record({
        kind: fc.constant('decide' as const),
        name,
        decision: fc.constantFrom('approve' as const, 'reject' as const),
      }),
    );
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 30 }), (edits) => {
        let list: Entry[] = [];
        for (const one of edits) {
          const before = structuredClone(list);
          const result = run(list, one);
          expect(list).toEqual(before);
          if (!result.ok) {
            expect(list.some((other) => other.name === one.name)).toBe(false);
            continue;
          }
          list = result.value;
          expect(list.map((other) => other.stage)).toEqual(
            list.map((other) => other.stage).toSorted((x, y) => x - y),
          );
          expect(new Set(list.map(entryKey)).size).toBe(list.length);
          expect(list.some((other) => other.name === one.name)).toBe(one.kind !== 'remove');
        }
      }),
    );
  });

  test('a move changes nothing but the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        fc.nat(9),
        (stages, which, index) => {
          const list = stages.toSorted((x, y) => x - y).map((stage, i) => entry(`p${i}`, { stage }));
          const moved = list[which % list.length];
          if (moved === undefined) return;
          const result = edited(list, { kind: 'move', name: moved.name, index });
          expect(result.filter((one) => one !== moved)).toEqual(list.filter((one) => one !== moved));
          expect(result).toContain(moved);
        },
      ),
    );
  });
});

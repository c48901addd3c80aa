import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffEntries, diffRevisions, diffVersions } from '../../../main/core/snapshots/diff.ts';
import { REVISION_FORMAT, type RevisionContent } from '../../../shared/model/snapshot.ts';
import { entry } from './support.ts';

describe('the difference of two lists of entries', () => {
  test('names what came, what went, and each field that changed', () => {
    const a = [entry('a'), entry('b', { note: 'old' }), entry('c')];
    const b = [entry('b', { version: '2.0', decision: 'reject', stage: 3 }), entry('d'), entry('c')];
    expect(diffEntries(a, b)).toEqual({
      added: [entry('d')],
      removed: [entry('a')],
      changed: [
        { name: 'b', field: 'version', from: '1.0', to: '2.0' },
        { name: 'b', field: 'decision', from: 'approve', to: 'reject' },
        { name: 'b', field: 'stage', from: '1', to: '3' },
        { name: 'b', field: 'note', from: 'old', to: '' },
      ],
    });
  });

  test('tells architectures apart, and pairs an entry for all of them with the only other one', () => {
    const amd64 = entry('libc6', { arch: 'amd64' });
    const i386 = entry('libc6', { arch: 'i386' });
    expect(diffEntries([amd64, i386], [amd64, { ...i386, version: '2.0' }]).changed).toEqual([
      { name: 'libc6', arch: 'i386', field: 'version', from: '1.0', to: '2.0' },
    ]);
    expect(diffEntries([entry('libc6')], [amd64])).toEqual({
      added: [],
      removed: [],
      changed: [{ name: 'libc6', arch: 'amd64', field: 'arch', from: '', to: 'amd64' }],
    });
    expect(diffEntries([entry('libc6')], [amd64, i386])).toMatchObject({
      added: [amd64, i386],
      removed: [entry('libc6')],
    });
    expect(diffEntries([amd64], [i386])).toMatchObject({ added: [i386], removed: [amd64] });
  });

  test('a change of order names the fewest entries that were moved, with their places', () => {
    const list = ['a', 'b', 'c', 'd', 'e'].map((name) => entry(name));
    const moved = ['b', 'c', 'd', 'a', 'e'].map((name) => entry(name));
    expect(diffEntries(list, moved).changed).toEqual([{ name: 'a', field: 'order', from: '1', to: '4' }]);
    expect(diffEntries(list, list.slice(1)).changed).toEqual([]);
  });

  test('nothing differs from itself, and the reverse swaps the sides', () => {
    const list = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        version: fc.constantFrom('1', '2'),
        stage: fc.integer({ min: 0, max: 2 }),
      }),
      { selector: (one) => one.name },
    );
    fc.assert(
      fc.property(list, list, (x, y) => {
        const a = x.map(({ name, ...rest }) => entry(name, rest));
        const b = y.map(({ name, ...rest }) => entry(name, rest));
        expect(diffEntries(a, a)).toEqual({ added: [], removed: [], changed: [] });
        const there = diffEntries(a, b);
        const back = diffEntries(b, a);
        expect(new Set(back.added)).toEqual(new Set(there.removed));
        expect(new Set(back.removed)).toEqual(new Set(there.added));
        const plain = (changes: typeof there.changed) => changes.filter((one) => one.field !== 'order');
        expect(
          new Set(plain(back.changed).map(({ from, to, ...rest }) => ({ ...rest, from: to, to: from }))),
        ).toEqual(new Set(plain(there.changed)));
      }),
    );
  });

  test('against scans only packages and versions count', () => {
    const a = [entry('a', { decision: 'reject', stage: 4 }), entry('b')];
    expect(diffVersions(a, [entry('b', { version: '2' }), entry('a')]).changed).toEqual([
      { name: 'b', field: 'version', from: '1.0', to: '2' },
    ]);
  });
});

describe('the difference of two revisions', () => {
  const revision = (rest: Partial<RevisionContent>): RevisionContent => ({
    format: REVISION_FORMAT,
    line: { id: '4b1d1e0a-6f2c-4c3d-9a57-0c8f5b1f2e11', name: 'autumn 2026' },
    number: 1,
    parents: [],
    author: { name: 'anna' },
    createdAt: '2026-11-20T09:30:00.000Z',
    scope: {},
    rules: [],
    entries: [],
    exceptions: [],
    ...rest,
  });

  test('names freeze and scope under the snapshot, and exceptions under their package', () => {
    const exception = {
      ecosystem: 'apt',
      name: 'openssl',
      version: '3.1',
      reason: 'exploited',
      author: { name: 'anna' },
      at: '2026-11-20T10:00:00.000Z',
      until: '2026-11-22T10:00:00.000Z',
    } as const;
    const before = revision({ scope: { release: '12' } });
    const after = revision({
      entries: [entry('a')],
      scope: { release: '13' },
      exceptions: [exception],
      freeze: {
        hosts: 'all',
        from: '2026-11-20T10:00:00.000Z',
        to: '2026-11-23T10:00:00.000Z',
        zone: 'UTC',
        policy: 'listed-only',
        guard: false,
      },
    });
    expect(diffRevisions(before, after)).toEqual({
      added: [entry('a')],
      removed: [],
      changed: [
        {
          name: 'autumn 2026',
          field: 'freeze',
          from: '',
          to: 'all from 2026-11-20T10:00:00.000Z to 2026-11-23T10:00:00.000Z (listed-only)',
        },
        { name: 'autumn 2026', field: 'scope.release', from: '12', to: '13' },
        {
          name: 'openssl',
          field: 'exception',
          from: '',
          to: '3.1 until 2026-11-22T10:00:00.000Z: exploited',
        },
      ],
    });
    expect(diffRevisions(after, after)).toEqual({ added: [], removed: [], changed: [] });
  });
});

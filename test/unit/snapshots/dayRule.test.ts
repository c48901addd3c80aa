/** Daily and weekly rules by arithmetic say what the library says of them, which knows all rules. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayStarts } from '../../../main/core/snapshots/dayRule.ts';
import { libraryStarts, MAX_YEARS } from '../../../main/core/snapshots/recurrence.ts';
import type { Rule } from '../../../main/core/snapshots/rule.ts';

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const months = some([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const common = {
  interval: fc.integer({ min: 1, max: 40 }),
  count: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
  byMonth: fc.option(months, { nil: undefined }),
  byDay: fc.option(some<string>(WEEKDAYS), { nil: undefined }),
};
const daily = fc.record({
  freq: fc.constant('DAILY' as const),
  ...common,
  byMonthDay: fc.option(some([1, 2, 13, 28, 29, 30, 31, -1, -2, -31]), { nil: undefined }),
});
const weekly = fc.record({
  freq: fc.constant('WEEKLY' as const),
  ...common,
  wkst: fc.option(fc.constantFrom(...WEEKDAYS), { nil: undefined }),
});
const defined = (rule: object): Rule =>
  Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as Rule;
const endOf = (start: number): number => {
  const end = new Date(start);
  return end.setUTCFullYear(end.getUTCFullYear() + MAX_YEARS);
};

test('daily and weekly rules are followed as the library follows them', () => {
  fc.assert(
    fc.property(
      fc.oneof(daily, weekly),
      fc.integer({ min: Date.UTC(2026, 0, 1) / 3_600_000, max: Date.UTC(2028, 0, 1) / 3_600_000 }),
      (loose, hour) => {
        const rule = defined(loose);
        const start = hour * 3_600_000;
        // A rule that does not recur at its start is refused whatever it says later.
        const [first] = libraryStarts({ ...rule, count: 1 }, start);
        const from = first ?? start;
        expect(dayStarts(rule, from, endOf(from))).toEqual(libraryStarts(rule, from));
      },
    ),
    { numRuns: 30 },
  );
});

test('of the days of a week BYSETPOS takes some, and of a day all or nothing', () => {
  const monday = Date.UTC(2027, 0, 4);
  const days = (rule: Partial<Rule>) =>
    dayStarts({ freq: 'WEEKLY', interval: 1, ...rule }, monday, monday + 14 * 86_400_000).map(
      (start) => (start - monday) / 86_400_000,
    );
  expect(days({ byDay: ['MO', 'WE', 'FR'], bySetPos: [1, -1] })).toEqual([0, 4, 7, 11]);
  expect(days({ byDay: ['MO', 'WE', 'FR'], bySetPos: [2], count: 1 })).toEqual([2]);
  expect(days({ freq: 'DAILY', byDay: ['TU'], bySetPos: [-1] })).toEqual([1, 8]);
  expect(days({ freq: 'DAILY', bySetPos: [2] })).toEqual([]);
});

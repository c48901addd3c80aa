/** Rules by arithmetic mean what a library means by them that was written by others after RFC 5545. */
import fc from 'fast-check';
import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { expect, test } from 'vitest';
import { dayStarts } from '../../../main/core/snapshots/dayRule.ts';
import { MAX_YEARS } from '../../../main/core/snapshots/recurrence.ts';
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
const monthDays = some([1, 2, 13, 28, 29, 30, 31, -1, -2, -31]);
const numbered = some(WEEKDAYS.flatMap((day) => [`1${day}`, `2${day}`, `5${day}`, `-1${day}`, `-5${day}`]));
const slow = {
  ...common,
  interval: fc.integer({ min: 1, max: 5 }),
  byDay: fc.option(fc.oneof(numbered, some<string>(WEEKDAYS)), { nil: undefined, freq: 2 }),
  byMonthDay: fc.option(monthDays, { nil: undefined, freq: 1 }),
  bySetPos: fc.option(some([1, 2, 3, -1, -2]), { nil: undefined, freq: 1 }),
  wkst: fc.option(fc.constantFrom(...WEEKDAYS), { nil: undefined }),
};
const monthly = fc.record({ freq: fc.constant('MONTHLY' as const), ...slow });
const yearly = fc.record({
  freq: fc.constant('YEARLY' as const),
  ...slow,
  byYearDay: fc.option(some([1, 59, 60, 61, 100, 365, 366, -1, -100, -366]), { nil: undefined, freq: 1 }),
});
const { byDay: _, ...slowOnly } = slow;
const weeks = fc.record({
  freq: fc.constant('YEARLY' as const),
  ...slowOnly,
  byDay: common.byDay,
  byWeekNo: some([1, 2, 10, 51, 52, 53, -1, -2, -52, -53]),
});
const defined = (rule: object): Rule =>
  Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as Rule;
/** Local starts, from `start` on. */
const libraryStarts = (rule: Rule, start: number): number[] => {
  const { until: _, ...rest } = rule;
  const dtstart = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO('UTC');
  const end = dtstart.add({ years: MAX_YEARS });
  return new RRuleTemporal({
    ...rest,
    dtstart,
    cache: false,
    maxIterations: 5000,
    maxCandidateEvaluations: 500_000,
  })
    .between(dtstart, end, true)
    .map((one) => one.epochMilliseconds)
    .filter((one) => one < end.epochMilliseconds);
};
const endOf = (start: number): number => {
  const end = new Date(start);
  return end.setUTCFullYear(end.getUTCFullYear() + MAX_YEARS);
};

test('rules are followed as the library follows them', () => {
  fc.assert(
    fc.property(
      fc.oneof(daily, weekly, monthly, yearly, weeks),
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
    { numRuns: 120 },
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

test('a weekday with a number and one without are both meant, where the library forgets the latter', () => {
  const first = Date.UTC(2027, 0, 1);
  const days = dayStarts(
    { freq: 'MONTHLY', interval: 1, byDay: ['MO', '1FR'] },
    first,
    first + 31 * 86_400_000,
  );
  expect(days.map((start) => new Date(start).getUTCDate())).toEqual([1, 4, 11, 18, 25]);
});

test('the first week of a year may begin in the one before, and belongs to its year where years are left out', () => {
  const start = Date.UTC(2024, 11, 30);
  const mondays = dayStarts({ freq: 'YEARLY', interval: 1, byWeekNo: [1] }, start, endOf(start));
  expect(mondays.slice(0, 3).map((one) => new Date(one).toISOString().slice(0, 10))).toEqual([
    '2024-12-30',
    '2025-12-29',
    '2027-01-04',
  ]);
});

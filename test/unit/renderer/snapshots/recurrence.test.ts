import { describe, expect, test } from 'vitest';
import { parseRule } from '../../../../main/core/snapshots/rule.ts';
import { byDay, dayWords, partWords } from '../../../../renderer/features/freezes/days.ts';
import {
  ONCE,
  type RecurrenceForm,
  recurrenceOf,
} from '../../../../renderer/features/snapshots/recurrence.ts';
import type { FreezeWindow } from '../../../../shared/contract/freezes.ts';

describe('the rule that is chosen', () => {
  test.each<[Partial<RecurrenceForm>, string, string]>([
    [{ repeats: 'daily' }, '2026-11-27', 'FREQ=DAILY'],
    [{ repeats: 'weekly', every: '2' }, '2026-11-27', 'FREQ=WEEKLY;BYDAY=FR;INTERVAL=2'],
    [
      { repeats: 'monthly-day', end: 'count', count: '6' },
      '2026-11-27',
      'FREQ=MONTHLY;BYMONTHDAY=27;COUNT=6',
    ],
    [{ repeats: 'monthly-weekday' }, '2026-11-10', 'FREQ=MONTHLY;BYDAY=2TU'],
    // The fourth Friday of that month is its last: that is what people mean by it.
    [{ repeats: 'monthly-weekday' }, '2026-11-27', 'FREQ=MONTHLY;BYDAY=-1FR'],
    [{ repeats: 'yearly', end: 'until', until: '2030-12-31' }, '2026-12-24', 'FREQ=YEARLY;UNTIL=20301231'],
    [{ repeats: 'rule', rule: 'rrule:freq=daily' }, '2026-11-27', 'rrule:freq=daily'],
  ])('%o from %s is %s', (form, first, rule) => {
    const asked = recurrenceOf({ ...ONCE, ...form }, first);
    expect(asked).toEqual({ rule, exclude: [] });
    if (form.repeats !== 'rule') expect(parseRule(rule).ok).toBe(true);
  });

  test('is none for a freeze that holds once', () =>
    expect(recurrenceOf(ONCE, '2026-11-27')).toBeUndefined());

  test.each<[Partial<RecurrenceForm>, string, RegExp]>([
    [{ repeats: 'weekly', every: 'often' }, '2026-11-27', /Every how many/],
    [{ repeats: 'weekly', end: 'count', count: '' }, '2026-11-27', /How many times/],
    [{ repeats: 'weekly', end: 'until', until: 'May' }, '2026-11-27', /Until which day/],
    [{ repeats: 'weekly', exclude: '2026-12-25, soon' }, '2026-11-27', /soon is not a day/],
    [{ repeats: 'weekly' }, 'tomorrow', /first window begins/],
    [{ repeats: 'rule', rule: ' ' }, '2026-11-27', /Write the rule/],
  ])('%o is asked for again', (form, first, words) => {
    expect(recurrenceOf({ ...ONCE, ...form }, first)).toMatch(words);
  });

  test('leaves out days, however they are separated', () => {
    expect(
      recurrenceOf({ ...ONCE, repeats: 'daily', exclude: '2026-12-25 2027-01-01,2027-01-06' }, '2026-11-27'),
    ).toEqual({
      rule: 'FREQ=DAILY',
      exclude: ['2026-12-25', '2027-01-01', '2027-01-06'],
    });
  });
});

describe('the days of a calendar', () => {
  const window = (from: string, to: string): FreezeWindow => ({
    from,
    to,
    snapshot: 'autumn',
    lineId: '00000003-0000-4000-8000-000000000001',
    revision: 2,
    id: `sha256:${'1'.repeat(64)}`,
    selector: 'all',
    zone: 'UTC',
    recurring: false,
    state: 'coming',
  });
  const days = ['2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29', '2026-11-30', '2026-12-01'];
  const told = (one: FreezeWindow, zone: string) =>
    days.map((day) => (byDay([one], days, zone).get(day) ?? []).map(partWords).join());

  test('tell when a window begins and ends on them, in the zone that is shown', () => {
    const weekend = window('2026-11-27T17:00:00.000Z', '2026-11-30T05:00:00.000Z');
    expect(told(weekend, 'Europe/Berlin')).toEqual([
      '',
      'from 18:00',
      'all day',
      'all day',
      'until 06:00',
      '',
    ]);
    expect(told(weekend, 'Pacific/Auckland')).toEqual(['', '', 'from 06:00', 'all day', 'until 18:00', '']);
  });

  test('do not hold what ends as they begin', () => {
    expect(told(window('2026-11-27T00:00:00.000Z', '2026-11-29T00:00:00.000Z'), 'UTC')).toEqual([
      '',
      'all day',
      'all day',
      '',
      '',
      '',
    ]);
    expect(told(window('2026-11-27T10:00:00.000Z', '2026-11-27T12:30:00.000Z'), 'UTC')[1]).toBe(
      '10:00 to 12:30',
    );
  });

  test('show the part that is in them of a window of years', () => {
    expect(told(window('2020-01-01T00:00:00.000Z', '2036-01-01T00:00:00.000Z'), 'UTC')).toEqual(
      days.map(() => 'all day'),
    );
  });

  test('are read out with what is frozen on them', () => {
    const parts = byDay([window('2026-11-27T17:00:00.000Z', '2026-11-30T05:00:00.000Z')], days, 'UTC');
    expect(dayWords(parts.get('2026-11-27') ?? [])).toBe('frozen: autumn from 17:00, to come');
    expect(dayWords([])).toBe('no freeze');
  });
});

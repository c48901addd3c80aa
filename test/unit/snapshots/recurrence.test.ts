import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { holdsAt } from '../../../main/core/snapshots/freeze.ts';
import { localClock } from '../../../main/core/snapshots/localClock.ts';
import {
  begunAt,
  endOf,
  firstOverlap,
  occurrencesOf,
  type Span,
  windowAt,
  windowsOf,
  windowsWithin,
} from '../../../main/core/snapshots/recurrence.ts';
import { parseRule, tidyRule, wordsOf } from '../../../main/core/snapshots/rule.ts';
import { parseTime } from '../../../main/core/snapshots/time.ts';
import { bad, good } from './support.ts';

const HOUR = 3_600_000;
const time = (text: string, zone: string) => good(parseTime(text, { zone, now: 0 }));
const span = (from: string, to: string, zone: string, rule?: string, exclude: string[] = []): Span => ({
  from: time(from, zone),
  to: time(to, zone),
  zone,
  ...(rule === undefined ? {} : { recurrence: { rule, exclude } }),
});
/** `2026-10-24 18:00` as the clocks of the zone show it. */
const local = (at: number, zone: string): string =>
  new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(at);
const shown = (one: Span, count = 4): string[] =>
  windowsOf(one)
    .slice(0, count)
    .map(({ from, to }) => `${local(from, one.zone)} – ${local(to, one.zone)}`);

describe('the windows of a recurring freeze', () => {
  test('are at the same local times, whatever the clocks do', () => {
    const weekend = span('2026-10-16T18:00', '2026-10-19T06:00', 'Europe/Berlin', 'FREQ=WEEKLY;BYDAY=FR');
    expect(shown(weekend, 3)).toEqual([
      '2026-10-16 18:00 – 2026-10-19 06:00',
      '2026-10-23 18:00 – 2026-10-26 06:00',
      '2026-10-30 18:00 – 2026-11-02 06:00',
    ]);
    // The clocks go back on 25 October: that weekend is an hour longer.
    expect(
      windowsOf(weekend)
        .slice(0, 3)
        .map(({ from, to }) => (to - from) / HOUR),
    ).toEqual([60, 61, 60]);
  });

  test('begin later where the clocks skip their time, and at the first of two', () => {
    const night = span('2026-03-28T02:30', '2026-03-28T04:00', 'Europe/Berlin', 'FREQ=DAILY');
    expect(shown(night, 3)).toEqual([
      '2026-03-28 02:30 – 2026-03-28 04:00',
      '2026-03-29 03:30 – 2026-03-29 04:00',
      '2026-03-30 02:30 – 2026-03-30 04:00',
    ]);
    const autumn = windowsOf(span('2026-10-24T02:30', '2026-10-24T04:00', 'Europe/Berlin', 'FREQ=DAILY'));
    expect(autumn[1]?.from).toBe(Date.parse('2026-10-25T00:30:00Z'));
    expect(autumn[1]?.to).toBe(Date.parse('2026-10-25T03:00:00Z'));
  });

  test('that the clocks skip as a whole are left out', () => {
    const night = span('2026-03-28T02:30', '2026-03-28T03:00', 'Europe/Berlin', 'FREQ=DAILY;COUNT=3');
    expect(shown(night)).toEqual([
      '2026-03-28 02:30 – 2026-03-28 03:00',
      '2026-03-30 02:30 – 2026-03-30 03:00',
    ]);
  });

  test.each([
    ['FREQ=MONTHLY;BYDAY=2TU', '2026-11-10', ['2026-11-10', '2026-12-08', '2027-01-12']],
    ['FREQ=MONTHLY;BYDAY=-1FR', '2026-11-27', ['2026-11-27', '2026-12-25', '2027-01-29']],
    ['FREQ=MONTHLY;BYMONTHDAY=31', '2026-10-31', ['2026-10-31', '2026-12-31', '2027-01-31']],
    ['FREQ=YEARLY', '2028-02-29', ['2028-02-29', '2032-02-29', '2036-02-29']],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE', '2026-11-02', ['2026-11-02', '2026-11-04', '2026-11-16']],
    [
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
      '2026-11-30',
      ['2026-11-30', '2026-12-31', '2027-01-29'],
    ],
    ['FREQ=DAILY;INTERVAL=10;COUNT=2', '2026-11-30', ['2026-11-30', '2026-12-10']],
    ['FREQ=DAILY;UNTIL=20261202', '2026-11-30', ['2026-11-30', '2026-12-01', '2026-12-02']],
    ['FREQ=DAILY;UNTIL=20261201T170000Z', '2026-11-30', ['2026-11-30', '2026-12-01']],
    ['FREQ=DAILY;UNTIL=20261201T165959Z', '2026-11-30', ['2026-11-30']],
    ['FREQ=DAILY;UNTIL=20261201T180000', '2026-11-30', ['2026-11-30', '2026-12-01']],
  ])('%s', (rule, first, days) => {
    const one = span(`${first}T18:00`, `${first}T20:00`, 'Europe/Berlin', rule);
    expect(
      windowsOf(one)
        .slice(0, 3)
        .map(({ date }) => date),
    ).toEqual(days);
  });

  test('leave out excluded days, the first one too', () => {
    const one = span('2026-12-04T18:00', '2026-12-07T06:00', 'UTC', 'FREQ=WEEKLY;COUNT=4', [
      '2026-12-04',
      '2026-12-18',
    ]);
    expect(windowsOf(one).map(({ date }) => date)).toEqual(['2026-12-11', '2026-12-25']);
    expect(holdsAt(one, Date.parse('2026-12-05T00:00:00Z'))).toBe(false);
    expect(holdsAt(one, Date.parse('2026-12-12T00:00:00Z'))).toBe(true);
  });

  test('end after ten years where the rule has no end', () => {
    const one = span('2026-01-01T00:00', '2026-01-02T00:00', 'America/New_York', 'FREQ=DAILY');
    expect(windowsOf(one)).toHaveLength(3652);
    expect(windowsOf(one).at(-1)?.date).toBe('2035-12-31');
  });

  test.each([
    ['FREQ=SECONDLY', 'a freeze recurs DAILY'],
    ['FREQ=HOURLY', 'a freeze recurs DAILY'],
    ['INTERVAL=2', 'has no FREQ'],
    ['FREQ=DAILY;BYHOUR=1,2,3', 'BYHOUR'],
    ['FREQ=DAILY;BYSECOND=0', 'BYSECOND'],
    ['FREQ=DAILY;COUNT=5;UNTIL=20270101', 'COUNT and UNTIL'],
    ['FREQ=DAILY;COUNT=99999', 'COUNT=99999'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL=0'],
    ['FREQ=DAILY;FREQ=WEEKLY', 'twice'],
    ['FREQ=WEEKLY;BYDAY=2FR', 'BYDAY=2FR'],
    ['FREQ=WEEKLY;BYDAY=XX', 'BYDAY=XX'],
    ['FREQ=MONTHLY;BYMONTHDAY=32', 'BYMONTHDAY=32'],
    ['FREQ=MONTHLY;BYMONTHDAY=0', 'BYMONTHDAY=0'],
    ['FREQ=DAILY;UNTIL=20261345', 'UNTIL=20261345'],
    ['FREQ=DAILY;X-MINE=1', 'X-MINE'],
    ['FREQ=DAILY;CONSTRUCTOR=1', 'CONSTRUCTOR'],
    ['FREQ=DAILY;BYSETPOS=1', 'nothing to choose from'],
    ['FREQ=MONTHLY;RSCALE=HEBREW', 'RSCALE'],
  ])('%s is refused', (rule, why) => {
    expect(bad(parseRule(rule)).message).toContain(why);
    expect(bad(occurrencesOf(span('2026-12-04T18:00', '2026-12-04T20:00', 'UTC', rule))).code).toBe(
      'input.invalid',
    );
  });

  test('a rule that does not recur at the first window is refused, and says when it would', () => {
    const error = bad(
      occurrencesOf(span('2026-12-03T18:00', '2026-12-03T20:00', 'UTC', 'FREQ=WEEKLY;BYDAY=FR')),
    );
    expect(error.hint).toContain('2026-12-04 18:00 UTC');
    const never = bad(
      occurrencesOf(
        span('2026-12-03T18:00', '2026-12-03T20:00', 'UTC', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'),
      ),
    );
    expect(never.hint).toContain('never');
  });

  test('windows that would run into each other are refused; touching ones are fine', () => {
    const error = bad(occurrencesOf(span('2026-12-04T18:00', '2026-12-05T19:00', 'UTC', 'FREQ=DAILY')));
    expect(error.message).toContain('would still hold');
    const touching = span('2026-03-27T02:30', '2026-03-28T02:30', 'Europe/Berlin', 'FREQ=DAILY;COUNT=5');
    const all = windowsOf(touching);
    expect(all.slice(1).map(({ from }, index) => from === all[index]?.to)).toEqual([true, true, true, true]);
  });

  test('an excluded day without a window, an unknown zone, and nothing left are refused', () => {
    const days = (exclude: string[]) =>
      bad(occurrencesOf(span('2026-12-04T18:00', '2026-12-05T19:00', 'UTC', 'FREQ=WEEKLY;COUNT=2', exclude)));
    expect(days(['2026-12-05']).message).toContain('No window begins on 2026-12-05');
    expect(days(['2026-12-04', '2026-12-11']).message).toContain('Every window is excluded');
    const lost = { ...span('2026-12-04T18:00', '2026-12-05T19:00', 'UTC', 'FREQ=WEEKLY'), zone: 'Mars/Base' };
    expect(bad(occurrencesOf(lost)).message).toContain('Mars/Base');
    // One that is here already and cannot be followed holds all the time.
    expect(holdsAt(lost, Date.parse('2027-06-01T00:00:00Z'))).toBe(true);
  });
});

/** Zones whose clocks change by an hour, by half an hour, at midnight, and never; and one south of the equator. */
const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Asia/Kolkata',
  'America/Santiago',
];
const twoDigits = (n: number) => String(n).padStart(2, '0');
const anySpan = fc
  .record({
    zone: fc.constantFrom(...zones),
    // Around the changes of the clocks of 2026, north and south.
    day: fc.oneof(
      ...[88, 67, 295, 304, 94, 276, 246, 113].map((day) => fc.integer({ min: day - 12, max: day })),
    ),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.constantFrom(0, 15, 30, 45),
    hours: fc.integer({ min: 1, max: 23 }),
    rule: fc.constantFrom(
      'FREQ=DAILY;COUNT=20',
      'FREQ=WEEKLY;COUNT=9',
      'FREQ=DAILY;INTERVAL=3;COUNT=9',
      undefined,
    ),
  })
  .map(({ zone, day, hour, minute, hours, rule }): Span => {
    const date = new Date(Date.UTC(2026, 0, 1) + day * 24 * HOUR).toISOString().slice(0, 10);
    const text = `${date}T${twoDigits(hour)}:${twoDigits(minute)}`;
    const from = parseTime(text, { zone, now: 0 });
    // Midday exists everywhere.
    const start = from.ok ? from.value : time(`${date}T12:00`, zone);
    return {
      from: start,
      to: new Date(Date.parse(start) + hours * HOUR).toISOString(),
      zone,
      ...(rule === undefined ? {} : { recurrence: { rule, exclude: [] } }),
    };
  })
  .filter((one) => occurrencesOf(one).ok);

describe('at the edges of every window, in any zone', () => {
  test('it holds from the first instant, and not at the last', () => {
    fc.assert(
      fc.property(anySpan, fc.nat(), (one, pick) => {
        const all = windowsOf(one);
        const window = all[pick % all.length];
        if (window === undefined) throw new Error('a freeze has a window');
        const before = all[(pick % all.length) - 1];
        const after = all[(pick % all.length) + 1];
        expect(holdsAt(one, window.from)).toBe(true);
        expect(holdsAt(one, window.to - 1)).toBe(true);
        expect(holdsAt(one, window.from - 1)).toBe(before?.to === window.from);
        expect(holdsAt(one, window.to)).toBe(after?.from === window.to);
        expect(windowAt(one, window.from)).toEqual(window);
        expect(begunAt(one, window.to - 1)).toEqual(window);
      }),
      { numRuns: 200 },
    );
  });

  test('every window begins at the same local time, unless the clocks skip it', () => {
    fc.assert(
      fc.property(anySpan, (one) => {
        const clock = (at: number) => local(at, one.zone).slice(11);
        const wanted = clock(Date.parse(one.from));
        for (const { from, date } of windowsOf(one).slice(0, 400))
          if (clock(from) !== wanted)
            expect(parseTime(`${date}T${wanted}`, { zone: one.zone, now: 0 }).ok).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  test('whether two freezes meet agrees with asking at every edge', () => {
    fc.assert(
      fc.property(anySpan, anySpan, (a, b) => {
        const edges = [...windowsOf(a), ...windowsOf(b)].map(({ from }) => from);
        const meet = edges.filter((at) => holdsAt(a, at) && holdsAt(b, at));
        expect(firstOverlap(a, b)?.from).toBe(meet.length === 0 ? undefined : Math.min(...meet));
        expect(firstOverlap(b, a)).toEqual(firstOverlap(a, b));
      }),
      { numRuns: 150 },
    );
  });
});

test('windows within a time are those that hold at some moment of it', () => {
  const one = span('2026-12-04T18:00', '2026-12-07T06:00', 'UTC', 'FREQ=WEEKLY');
  const days = (from: string, to: string) =>
    windowsWithin(one, Date.parse(from), Date.parse(to)).map(({ date }) => date);
  expect(days('2026-12-07T05:59:59.999Z', '2026-12-18T18:00:00.001Z')).toEqual([
    '2026-12-04',
    '2026-12-11',
    '2026-12-18',
  ]);
  expect(days('2026-12-07T06:00:00.000Z', '2026-12-18T18:00:00.000Z')).toEqual(['2026-12-11']);
  expect(endOf(span('2026-12-04T18:00', '2026-12-07T06:00', 'UTC', 'FREQ=WEEKLY;COUNT=3'))).toBe(
    Date.parse('2026-12-21T06:00:00Z'),
  );
});

test.each([
  ['FREQ=DAILY', 'every day'],
  ['FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SA', 'every 2 weeks on Friday and Saturday'],
  ['FREQ=MONTHLY;BYDAY=2TU;COUNT=12', 'every month on the 2nd Tuesday, 12 times'],
  ['FREQ=MONTHLY;BYMONTHDAY=-1', 'every month on the last day of the month'],
  ['FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=23', 'every year on the 23rd day of the month in December'],
  ['FREQ=WEEKLY;UNTIL=20270101', 'every week, until 2027-01-01'],
  ['FREQ=MONTHLY;BYDAY=MO,FR;BYSETPOS=1', 'every month on the 1st of Monday and Friday'],
])('%s reads: %s', (rule, words) => {
  expect(wordsOf(rule)).toBe(words);
});

test('a rule is kept in the form in which RFC 5545 writes it', () => {
  expect(tidyRule(' rrule:freq=weekly; byday=fr;\n')).toBe('FREQ=WEEKLY;BYDAY=FR');
});

test('the local clock agrees with Temporal on every quarter of an hour around a change, in any zone', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones, 'America/St_Johns', 'Africa/Casablanca', 'Pacific/Apia', 'Europe/Dublin'),
      fc.integer({ min: 2026, max: 2035 }),
      fc.integer({ min: 0, max: 366 * 96 }),
      (zone, year, quarter) => {
        const wanted = Date.UTC(year, 0, 1) + quarter * 900_000;
        const clocks = localClock(zone, Date.UTC(2026, 0, 1), Date.UTC(2037, 0, 1));
        const plain = Temporal.PlainDateTime.from(new Date(wanted).toISOString().slice(0, -1));
        const zoned = plain.toZonedDateTime(zone, { disambiguation: 'compatible' });
        expect(clocks.instantOf(wanted)).toBe(zoned.epochMilliseconds);
        expect(clocks.offsetAt(zoned.epochMilliseconds)).toBe(zoned.offsetNanoseconds / 1_000_000);
      },
    ),
    { numRuns: 100 },
  );
  // And on the changes themselves, which chance would miss.
  for (const zone of [...zones, 'America/St_Johns', 'Africa/Casablanca']) {
    const clocks = localClock(zone, Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1));
    let change = Temporal.Instant.from('2026-01-01T00:00:00Z').toZonedDateTimeISO(zone);
    for (;;) {
      const next = change.getTimeZoneTransition('next');
      if (next === null || next.year > 2026) break;
      change = next;
      for (let minutes = -150; minutes <= 150; minutes += 15) {
        const plain = change.toPlainDateTime().add({ minutes });
        const zoned = plain.toZonedDateTime(zone, { disambiguation: 'compatible' });
        expect(clocks.instantOf(Date.parse(`${plain.toString()}Z`))).toBe(zoned.epochMilliseconds);
      }
    }
  }
});

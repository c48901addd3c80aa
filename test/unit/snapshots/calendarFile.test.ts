import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseEvent, readCalendarFile } from '../../../main/core/snapshots/calendarFile.ts';
import { windowsOf } from '../../../main/core/snapshots/recurrence.ts';
import { bad, good } from './support.ts';

const event = (...lines: string[]): string => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n');
const file = (...events: string[]): string =>
  `${['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...events, 'END:VCALENDAR'].join('\r\n')}\r\n`;
const BERLIN = [
  'UID:weekend@example.org',
  'SUMMARY:Weekend freeze',
  'DTSTART;TZID=Europe/Berlin:20261016T180000',
  'DTEND;TZID=Europe/Berlin:20261019T060000',
];
const read = (text: string) => good(readCalendarFile(text, 'America/New_York'));
const only = (...lines: string[]) => {
  const [one] = read(file(event(...lines)));
  if (one === undefined) throw new Error('no event');
  return one;
};

describe('an event of a calendar file', () => {
  test('gives the window, with its zone', () => {
    expect(only(...BERLIN)).toEqual({
      uid: 'weekend@example.org',
      summary: 'Weekend freeze',
      window: { from: '2026-10-16T16:00:00.000Z', to: '2026-10-19T04:00:00.000Z', zone: 'Europe/Berlin' },
    });
  });

  test('gives the recurrence, without the days that are taken out', () => {
    const one = only(
      ...BERLIN,
      'RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=4',
      'EXDATE;TZID=Europe/Berlin:20261023T180000,20261024T180000',
      'EXDATE;VALUE=DATE:20261030',
    );
    // The 24th is a Saturday: no window begins then, so it means nothing.
    expect(one.window?.recurrence).toEqual({
      rule: 'FREQ=WEEKLY;COUNT=4;BYDAY=FR',
      exclude: ['2026-10-23', '2026-10-30'],
    });
    expect(one.words).toBe('every week on Friday, 4 times');
    expect(one.window && windowsOf(one.window).map(({ date }) => date)).toEqual(['2026-10-16', '2026-11-06']);
  });

  test.each<[string, string[], { from: string; to: string; zone: string }]>([
    [
      'a whole day is one in the zone asked for',
      ['UID:a', 'DTSTART;VALUE=DATE:20261224', 'DTEND;VALUE=DATE:20261227'],
      { from: '2026-12-24T05:00:00.000Z', to: '2026-12-27T05:00:00.000Z', zone: 'America/New_York' },
    ],
    [
      'a day without an end is one day',
      ['UID:a', 'DTSTART;VALUE=DATE:20261224'],
      { from: '2026-12-24T05:00:00.000Z', to: '2026-12-25T05:00:00.000Z', zone: 'America/New_York' },
    ],
    [
      'UTC',
      ['UID:a', 'DTSTART:20261224T120000Z', 'DTEND:20261224T130000Z'],
      { from: '2026-12-24T12:00:00.000Z', to: '2026-12-24T13:00:00.000Z', zone: 'UTC' },
    ],
    [
      'a duration of a day across a change of the clocks is a day on the calendar',
      ['UID:a', 'DTSTART;TZID=Europe/Berlin:20261024T180000', 'DURATION:P1D'],
      { from: '2026-10-24T16:00:00.000Z', to: '2026-10-25T17:00:00.000Z', zone: 'Europe/Berlin' },
    ],
    [
      'what Outlook calls a zone',
      [
        'UID:a',
        'DTSTART;TZID=W. Europe Standard Time:20261224T120000',
        'DTEND;TZID=W. Europe Standard Time:20261224T130000',
      ],
      { from: '2026-12-24T11:00:00.000Z', to: '2026-12-24T12:00:00.000Z', zone: 'Europe/Berlin' },
    ],
    [
      'a path that ends in a zone',
      ['UID:a', 'DTSTART;TZID=/example.org/2026/Europe/Berlin:20261224T120000', 'DURATION:PT1H'],
      { from: '2026-12-24T11:00:00.000Z', to: '2026-12-24T12:00:00.000Z', zone: 'Europe/Berlin' },
    ],
  ])('%s', (_, lines, window) => {
    expect(only(...lines).window).toEqual(window);
  });

  test.each<[string, string[], string]>([
    ['by the second', ['RRULE:FREQ=SECONDLY'], 'SECONDLY'],
    [
      'by a rule that does not recur when it begins',
      ['RRULE:FREQ=WEEKLY;BYDAY=MO'],
      'does not recur at the beginning',
    ],
    ['longer than its interval', ['RRULE:FREQ=DAILY'], 'would still hold'],
    ['by two rules', ['RRULE:FREQ=WEEKLY', 'RRULE:FREQ=MONTHLY'], 'more than one rule'],
    ['on single dates too', ['RRULE:FREQ=WEEKLY', 'RDATE:20261225T120000Z'], 'RDATE'],
  ])('that recurs %s is refused, with the reason', (_, lines, why) => {
    const one = only(...BERLIN, ...lines);
    expect(one.window).toBeUndefined();
    expect(one.refusal).toContain(why);
  });

  test.each<[string, string[], string]>([
    ['cancelled', [...BERLIN, 'STATUS:CANCELLED'], 'cancelled'],
    ['without an end', ['UID:a', 'DTSTART:20261224T120000Z'], 'no end'],
    ['in a zone nobody knows', ['UID:a', 'DTSTART;TZID=Mars:20261224T120000', 'DURATION:PT1H'], 'Mars'],
    ['that ends first', ['UID:a', 'DTSTART:20261224T120000Z', 'DTEND:20261224T110000Z'], 'ends before'],
    ['at a time that is none', ['UID:a', 'DTSTART:20261399T120000Z', 'DTEND:20261224T110000Z'], 'not a time'],
  ])('%s is refused, with the reason', (_, lines, why) => {
    expect(only(...lines).refusal).toContain(why);
  });

  test('of which single occurrences were moved is refused', () => {
    const [one, ...more] = read(
      file(
        event(...BERLIN, 'RRULE:FREQ=WEEKLY'),
        event(...BERLIN, 'RECURRENCE-ID;TZID=Europe/Berlin:20261023T180000'),
      ),
    );
    expect(more).toEqual([]);
    expect(one?.refusal).toContain('RECURRENCE-ID');
  });
});

describe('of several events', () => {
  const two = read(
    file(event(...BERLIN), event('UID:other', 'SUMMARY:Year end', 'DTSTART;VALUE=DATE:20261224')),
  );
  test('one is chosen by its UID', () => {
    expect(good(chooseEvent(two, 'other')).event.summary).toBe('Year end');
  });
  test('none is taken without, and the error lists them', () => {
    const error = bad(chooseEvent(two, undefined));
    expect(error.message).toContain('2 events');
    expect(error.hint).toContain('weekend@example.org Weekend freeze; other Year end');
    expect(bad(chooseEvent(two, 'nobody')).hint).toContain('other');
  });
});

describe('a hostile calendar file is refused, and quickly:', () => {
  test.each<[string, string]>([
    ['nothing', ''],
    ['no calendar', 'hello'],
    ['cut off', file(event(...BERLIN)).slice(0, 150)],
    ['no event', file()],
    ['a rule that is none', file(event(...BERLIN, 'RRULE:FREQ=SOMETIMES'))],
    ['nested without end', 'BEGIN:VCALENDAR\n'.repeat(50_000)],
    ['a line of a million parameters', file(event(`X${';A=B'.repeat(200_000)}:x`))],
    ['a folded line as long', file(event(`X:${'a\r\n '.repeat(50_000)}`))],
    ['ten thousand events', file(...Array.from({ length: 10_000 }, () => event('UID:a')))],
    [
      'a million members in a rule',
      file(event(...BERLIN, `RRULE:FREQ=DAILY;BYDAY=${'MO,'.repeat(10_000)}TU`)),
    ],
  ])('%s', (_, text) => {
    expect(bad(readCalendarFile(text, 'UTC')).code).toBe('input.invalid');
  });

  test('larger than 1 MiB', () => {
    expect(bad(readCalendarFile('x'.repeat(1024 * 1024 + 1), 'UTC')).code).toBe('input.too-large');
  });

  test('whatever is in it, the answer is a value', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'BEGIN:VCALENDAR',
        'END:VCALENDAR',
        'BEGIN:VEVENT',
        'END:VEVENT',
        ...BERLIN,
        'RRULE:FREQ=WEEKLY',
      ),
      fc.string({ maxLength: 40 }),
      fc
        .tuple(
          fc.constantFrom('DTSTART', 'DTEND', 'RRULE', 'EXDATE', 'DURATION', 'UID', 'STATUS'),
          fc.string({ maxLength: 30 }),
        )
        .map(([a, b]) => `${a}:${b}`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        readCalendarFile(lines.join('\r\n'), 'Europe/Berlin');
        readCalendarFile(file(event(...lines)), 'Europe/Berlin');
      }),
      { numRuns: 500 },
    );
  });
});

import { describe, expect, test } from 'vitest';
import { isZone, parseTime, showTime } from '../../../main/core/snapshots/time.ts';

const BERLIN = { zone: 'Europe/Berlin', now: Date.parse('2026-03-28T12:00:00.000Z') };

const time = (text: string, context = BERLIN): string => {
  const result = parseTime(text, context);
  return result.ok
    ? result.value
    : `${result.error.code}: ${result.error.message} ${result.error.hint ?? ''}`;
};

describe('times as people write them', () => {
  test.each([
    ['now', '2026-03-28T12:00:00.000Z'],
    ['+90m', '2026-03-28T13:30:00.000Z'],
    ['+2h', '2026-03-28T14:00:00.000Z'],
    ['  2026-02-03T14:00Z ', '2026-02-03T14:00:00.000Z'],
    ['2026-02-03T14:00:30.5+01:00', '2026-02-03T13:00:30.500Z'],
    ['2026-02-03 14:00-0330', '2026-02-03T17:30:00.000Z'],
    ['2026-02-03T14:00', '2026-02-03T13:00:00.000Z'],
    ['2026-07-03 14:00', '2026-07-03T12:00:00.000Z'],
    ['2026-02-03', '2026-02-02T23:00:00.000Z'],
    ['2026-10-25T02:30[America/New_York]', '2026-10-25T06:30:00.000Z'],
  ])('%s', (text, instant) => expect(time(text)).toBe(instant));

  test('days and weeks keep the time of day across a change of the clocks', () => {
    expect(time('+1d')).toBe('2026-03-29T11:00:00.000Z');
    expect(time('+24h')).toBe('2026-03-29T12:00:00.000Z');
    expect(time('+1w')).toBe('2026-04-04T11:00:00.000Z');
  });

  test('a time the clocks skip is refused with its nearest neighbours', () => {
    expect(time('2026-03-29T02:30')).toBe(
      'input.invalid: 2026-03-29T02:30 does not exist in Europe/Berlin: the clocks go forward over it. ' +
        'The nearest times there are 2026-03-29T01:59 and 2026-03-29T03:00.',
    );
    expect(time('2026-03-29T01:59')).toBe('2026-03-29T00:59:00.000Z');
    expect(time('2026-03-29T03:00')).toBe('2026-03-29T01:00:00.000Z');
    expect(time('2011-12-30T10:00', { zone: 'Pacific/Apia', now: 0 })).toContain(
      '2011-12-29T23:59 and 2011-12-31T00:00',
    );
  });

  test('a time that comes twice is the earlier one, unless its offset is given', () => {
    expect(time('2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z');
    expect(time('2026-10-25T02:30+02:00')).toBe('2026-10-25T00:30:00.000Z');
    expect(time('2026-10-25T02:30+01:00')).toBe('2026-10-25T01:30:00.000Z');
    expect(time('2026-10-25T02:30+01:00[Europe/Berlin]')).toBe('2026-10-25T01:30:00.000Z');
  });

  test('a date whose midnight does not exist begins when its day does', () => {
    expect(time('2024-09-08', { zone: 'America/Santiago', now: 0 })).toBe('2024-09-08T04:00:00.000Z');
  });

  test('zones with half hours, and beyond the date line', () => {
    expect(time('2026-11-23T14:00', { zone: 'Asia/Kolkata', now: 0 })).toBe('2026-11-23T08:30:00.000Z');
    expect(time('2026-11-23T00:00', { zone: 'Pacific/Kiritimati', now: 0 })).toBe('2026-11-22T10:00:00.000Z');
    // Lord Howe's clocks move by half an hour.
    expect(time('2026-10-04T02:15', { zone: 'Australia/Lord_Howe', now: 0 })).toContain(
      '2026-10-04T01:59 and 2026-10-04T02:30',
    );
  });

  test.each([
    '',
    'tomorrow',
    '+3',
    '+3y',
    '-2h',
    '2026-02-30',
    '2026-13-01',
    '2026-02-03T25:00',
    '2026-02-03T14:00:60',
    '2026-02-03T14',
    '2026-02-03Z',
    '2026-10-25T02:30+05:00[Europe/Berlin]',
    '2026-02-03T14:00[Nowhere/Atall]',
    '1969-01-01',
    '+999999w',
    'x'.repeat(1000),
  ])('refuses %s', (text) => expect(time(text)).toMatch(/^input\.invalid: /));

  test('refuses a zone that is none', () => {
    expect(time('2026-02-03T14:00', { zone: 'Mars/Olympus', now: 0 })).toContain(
      "'Mars/Olympus' is not a time zone",
    );
    expect([isZone('UTC'), isZone('Europe/Berlin'), isZone('+01:00'), isZone('')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('instants as people read them', () => {
  test('in their zone, with the offset that held then', () => {
    expect(showTime('2026-11-23T14:00:00.000Z', 'Europe/Berlin')).toBe(
      '2026-11-23 15:00 Europe/Berlin (+01:00)',
    );
    expect(showTime('2026-07-23T14:00:00.000Z', 'Europe/Berlin')).toBe(
      '2026-07-23 16:00 Europe/Berlin (+02:00)',
    );
    expect(showTime(0, 'UTC')).toBe('1970-01-01 00:00 UTC');
  });

  test('in UTC where the zone is not known here', () => {
    expect(showTime('2026-11-23T14:00:00.000Z', 'Mars/Olympus')).toBe('2026-11-23 14:00 UTC');
  });
});

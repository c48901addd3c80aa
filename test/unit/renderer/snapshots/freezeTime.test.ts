import { describe, expect, it } from 'vitest';
import {
  dayAfterKey,
  inZone,
  isDate,
  lengthOf,
  momentOf,
  spanOf,
  wallOf,
  weeksOf,
  zones,
} from '../../../../renderer/features/snapshots/freezeTime.ts';

const at = (text: string) => ({ date: text.slice(0, 10), time: text.slice(11) });

describe('the instants of a freeze', () => {
  it('are those of the wall clock in the zone', () => {
    expect(momentOf(at('2026-12-24 14:00'), 'Europe/Berlin')).toEqual({
      instant: '2026-12-24T13:00:00.000Z',
    });
    expect(momentOf(at('2026-07-24 14:00'), 'Europe/Berlin')?.instant).toBe('2026-07-24T12:00:00.000Z');
    expect(momentOf(at('2026-07-24 14:00'), 'Asia/Kathmandu')?.instant).toBe('2026-07-24T08:15:00.000Z');
  });

  it('say what is meant by a time the clocks jump over', () => {
    const moment = momentOf(at('2027-03-28 02:30'), 'Europe/Berlin');
    expect(moment?.instant).toBe('2027-03-28T01:30:00.000Z');
    expect(moment?.note).toContain('03:30');
  });

  it('say which one is meant of a time that comes twice', () => {
    const moment = momentOf(at('2026-10-25 02:30'), 'Europe/Berlin');
    expect(moment?.instant).toBe('2026-10-25T00:30:00.000Z');
    expect(moment?.note).toContain('first');
  });

  it('come back as the same wall clock', () => {
    expect(wallOf('2026-12-24T13:00:00.000Z', 'Europe/Berlin')).toEqual(at('2026-12-24 14:00'));
    expect(inZone('2026-12-24T13:00:00.000Z', 'Europe/Berlin')).toBe('Thu 24 Dec 2026, 14:00');
    expect(inZone('2026-12-24T13:00:00.000Z', 'No/Where')).toBe('Thu 24 Dec 2026, 13:00');
  });

  it.each([
    [at('2026-12-24 '), 'Europe/Berlin'],
    [at('2026-02-30 10:00'), 'Europe/Berlin'],
    [at('2026-12-24 14:00'), 'Mars/Olympus'],
  ])('are not made of %o in %s', (wall, zone) => {
    expect(momentOf(wall, zone)).toBeUndefined();
  });
});

describe('the span of a freeze', () => {
  const now = '2026-11-23T12:00:00.000Z';

  it('is counted in days of the zone, so a day with a clock change is one day', () => {
    const span = spanOf(at('2027-03-27 12:00'), at('2027-03-28 12:00'), 'Europe/Berlin', now);
    expect(span).toMatchObject({ ok: true, length: '1 day', started: false });
    expect(lengthOf('2027-03-27T11:00:00.000Z', '2027-03-28T11:30:00.000Z', 'UTC')).toBe('1 day 30 minutes');
  });

  it('of a zone nobody here knows is counted, and shown, in UTC', () => {
    expect(lengthOf('2027-03-27T11:00:00.000Z', '2027-03-28T11:30:00.000Z', 'Mars/X')).toBe(
      '1 day 30 minutes',
    );
  });

  it('wants the end after the beginning, and not over', () => {
    expect(spanOf(at('2026-12-24 12:00'), at('2026-12-24 12:00'), 'UTC', now)).toMatchObject({
      ok: false,
      field: 'to',
    });
    expect(spanOf(at('2026-11-01 12:00'), at('2026-11-02 12:00'), 'UTC', now)).toMatchObject({
      ok: false,
      field: 'to',
    });
    expect(spanOf(at('2026-11-01 12:00'), at('2026-11-23 12:00'), 'UTC', now)).toMatchObject({ ok: false });
    expect(spanOf(at('2026-11-01 12:00'), at('2026-11-23 12:01'), 'UTC', now)).toMatchObject({
      ok: true,
      started: true,
    });
  });

  it('names the field that is wrong', () => {
    expect(spanOf(at('2026-12-24 '), at('2026-12-25 12:00'), 'UTC', now)).toMatchObject({ field: 'from' });
    expect(spanOf(at('2026-12-24 10:00'), at(''), 'UTC', now)).toMatchObject({ field: 'to' });
    expect(spanOf(at('2026-12-24 10:00'), at('2026-12-25 10:00'), 'x', now)).toMatchObject({ field: 'zone' });
  });
});

describe('the month grid', () => {
  it('has whole weeks from Monday that cover the month', () => {
    const weeks = weeksOf('2026-11');
    expect(weeks).toHaveLength(6);
    expect(weeks[0]?.[0]).toBe('2026-10-26');
    expect(weeks[5]?.[6]).toBe('2026-12-06');
    expect(weeksOf('2027-02')).toHaveLength(4);
  });

  it.each([
    ['ArrowLeft', false, '2026-11-30'],
    ['ArrowRight', false, '2026-12-02'],
    ['ArrowUp', false, '2026-11-24'],
    ['ArrowDown', false, '2026-12-08'],
    ['Home', false, '2026-11-30'],
    ['End', false, '2026-12-06'],
    ['PageUp', false, '2026-11-01'],
    ['PageDown', true, '2027-12-01'],
    ['x', false, undefined],
  ])('goes with %s from 1 December to %s', (key, shift, day) => {
    expect(dayAfterKey('2026-12-01', key, shift)).toBe(day);
  });

  it('knows dates from other text, and UTC first among the zones', () => {
    expect(isDate('2026-02-29')).toBe(false);
    expect(isDate('2028-02-29')).toBe(true);
    expect(zones()[0]).toBe('UTC');
    expect(zones()).toContain('Europe/Berlin');
  });
});

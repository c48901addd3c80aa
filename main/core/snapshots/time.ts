/** Times as people write them, into instants; and instants as people read them. Zones and DST are Temporal's business. */
import { Temporal } from 'temporal-polyfill';
import { fail, ok, type Result } from '../../../shared/errors.ts';

const WAYS =
  'Write now, +2h, +3d, 2026-11-23, 2026-11-23T14:00 (in your zone) or 2026-11-23T14:00+01:00 (with an offset).';
const LAST_YEAR = 9999;

/** `time`: IANA name, e.g. `Europe/Berlin`, or `UTC`. */
export const isZone = (zone: string): boolean => {
  // Temporal takes bare offsets for zones too; an offset knows no DST, so it is not a place people live in.
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
};

const instant = (ms: number, written: string): Result<string> => {
  const date = new Date(ms);
  if (Number.isNaN(ms) || date.getUTCFullYear() > LAST_YEAR || ms < 0)
    return fail('input.invalid', `'${written}' is outside the years 1970 to ${LAST_YEAR}.`);
  return ok(date.toISOString());
};

/** `2026-11-23 14:00 Europe/Berlin (+01:00)`; falls back to UTC for a zone this machine does not know. */
export const showTime = (at: string | number, zone: string): string => {
  const known = isZone(zone) ? zone : 'UTC';
  const time = Temporal.Instant.fromEpochMilliseconds(
    typeof at === 'number' ? at : Date.parse(at),
  ).toZonedDateTimeISO(known);
  const local = time.toPlainDateTime().toString({ smallestUnit: 'minute' }).replace('T', ' ');
  return known === 'UTC' ? `${local} UTC` : `${local} ${known} (${time.offset})`;
};

/** The day on which an instant is in a known zone, `2026-12-25`. */
export const localDateOf = (at: string, zone: string): string =>
  Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDate().toString();

const relative = (text: string, zone: string, now: number): Result<string> | undefined => {
  const parts = /^\+(\d{1,6})(m|h|d|w)$/.exec(text);
  if (parts === null) return undefined;
  const amount = Number(parts[1]);
  const start = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone);
  switch (parts[2]) {
    case 'm':
      return instant(now + amount * 60_000, text);
    case 'h':
      return instant(now + amount * 3_600_000, text);
    // Days and weeks are days on the calendar: the same time of day, also across a DST change.
    case 'd':
      return instant(start.add({ days: amount }).epochMilliseconds, text);
    default:
      return instant(start.add({ weeks: amount }).epochMilliseconds, text);
  }
};

const local = (written: string, text: string, zone: string): Result<string> => {
  const plain = Temporal.PlainDateTime.from(text, { overflow: 'reject' });
  try {
    return instant(plain.toZonedDateTime(zone, { disambiguation: 'reject' }).epochMilliseconds, written);
  } catch {
    const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
    const later = plain.toZonedDateTime(zone, { disambiguation: 'later' });
    // A time that comes twice: the earlier one, unless an offset says otherwise.
    if (earlier.toPlainDateTime().equals(plain)) return instant(earlier.epochMilliseconds, written);
    const jump = earlier.getTimeZoneTransition('next') ?? later;
    const before = jump.toInstant().subtract({ minutes: 1 }).toZonedDateTimeISO(zone);
    const say = (time: Temporal.ZonedDateTime) => time.toPlainDateTime().toString({ smallestUnit: 'minute' });
    return fail(
      'input.invalid',
      `${say(plain.toZonedDateTime('UTC'))} does not exist in ${zone}: the clocks go forward over it.`,
      { hint: `The nearest times there are ${say(before)} and ${say(jump)}.` },
    );
  }
};

/**
 * `now`, `+90m`, `+2h`, `+3d`, `+1w`; a date (its start) or a date and time in `zone`; or a date and time with an offset, `Z`
 * or a bracketed zone. A local time that the clocks skip is `input.invalid` and names the nearest two; one that comes twice is
 * the earlier one.
 */
export const parseTime = (text: string, context: { zone: string; now: number }): Result<string> => {
  const { zone, now } = context;
  const written = text.trim();
  if (written.length > 100) return fail('input.invalid', 'The time is too long.', { hint: WAYS });
  if (!isZone(zone))
    return fail('input.invalid', `'${zone.slice(0, 64)}' is not a time zone this machine knows.`);
  if (written === 'now') return instant(now, written);
  const plus = relative(written, zone, now);
  if (plus !== undefined) return plus;
  const shape =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::[0-5]\d(?:\.\d{1,9})?)?)(Z|[+-]\d{2}(?::?\d{2})?)?(\[[A-Za-z][A-Za-z0-9_+/-]*\])?)?$/.exec(
      written,
    );
  if (shape === null) return fail('input.invalid', `'${written}' is not a time.`, { hint: WAYS });
  const [, date = '', time, offset, bracket] = shape;
  try {
    if (time === undefined)
      return instant(
        Temporal.PlainDate.from(date, { overflow: 'reject' }).toZonedDateTime(zone).epochMilliseconds,
        written,
      );
    if (bracket !== undefined && offset !== undefined)
      return instant(
        Temporal.ZonedDateTime.from(`${date}T${time}${offset}${bracket}`).epochMilliseconds,
        written,
      );
    if (bracket !== undefined) {
      const named = bracket.slice(1, -1);
      if (!isZone(named)) return fail('input.invalid', `'${named}' is not a time zone this machine knows.`);
      return local(written, `${date}T${time}`, named);
    }
    if (offset !== undefined)
      return instant(Temporal.Instant.from(`${date}T${time}${offset}`).epochMilliseconds, written);
    return local(written, `${date}T${time}`, zone);
  } catch {
    return fail('input.invalid', `'${written}' is not a time.`, { hint: WAYS });
  }
};

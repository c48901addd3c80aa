/**
 * The span of a freeze as it is written (date and wall clock in a zone) and what it means: two instants, a length, and what
 * the zone's clock does at these moments.
 */
import { Temporal } from 'temporal-polyfill';

/** `date`: `2026-11-23`. `time`: `14:00`. */
export type WallTime = { date: string; time: string };

export type Moment = {
  /** UTC with milliseconds, as the contract wants it. */
  instant: string;
  /** The clock of the zone jumps here: the time given does not exist, or comes twice. Says which one is meant. */
  note?: string;
};

export type Span =
  | { ok: true; from: Moment; to: Moment; length: string; started: boolean; over: boolean }
  | { ok: false; field: 'from' | 'to' | 'zone'; reason: string };

export const momentOf = (wall: WallTime, zone: string): Moment | undefined => {
  try {
    if (!isDate(wall.date) || !/^([01]\d|2[0-3]):[0-5]\d$/.test(wall.time)) return undefined;
    const plain = Temporal.PlainDateTime.from(`${wall.date}T${wall.time}`);
    const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
    const later = plain.toZonedDateTime(zone, { disambiguation: 'later' });
    const chosen = plain.toZonedDateTime(zone, { disambiguation: 'compatible' });
    const instant = new Date(chosen.epochMilliseconds).toISOString();
    if (earlier.epochMilliseconds === later.epochMilliseconds) return { instant };
    if (!chosen.toPlainDateTime().equals(plain))
      return {
        instant,
        note: `${wall.time} does not exist on that day in ${zone} (clocks go forward): ${clock(chosen)} is meant.`,
      };
    return {
      instant,
      note: `${wall.time} comes twice on that day in ${zone} (clocks go back): the first one is meant, UTC${chosen.offset}.`,
    };
  } catch {
    return undefined;
  }
};

const two = (value: number): string => String(value).padStart(2, '0');
const clock = (at: Temporal.ZonedDateTime): string => `${two(at.hour)}:${two(at.minute)}`;

/** An instant on the wall of a zone. */
export const wallOf = (instant: string, zone: string): WallTime => {
  const at = Temporal.Instant.from(instant).toZonedDateTimeISO(zone);
  return { date: at.toPlainDate().toString(), time: clock(at) };
};

/** Reads both ends and checks that they make a freeze. `now`: UTC instant. */
export const spanOf = (from: WallTime, to: WallTime, zone: string, now: string): Span => {
  if (!isZone(zone)) return { ok: false, field: 'zone', reason: 'Choose a time zone.' };
  const start = momentOf(from, zone);
  if (start === undefined)
    return {
      ok: false,
      field: 'from',
      reason: 'Give the day and the time it begins, as 2026-12-24 and 14:00.',
    };
  const end = momentOf(to, zone);
  if (end === undefined)
    return { ok: false, field: 'to', reason: 'Give the day and the time it ends, as 2026-12-31 and 14:00.' };
  if (end.instant <= start.instant)
    return { ok: false, field: 'to', reason: 'The end has to be after the beginning.' };
  if (end.instant <= now) return { ok: false, field: 'to', reason: 'The end is already over.' };
  return {
    ok: true,
    from: start,
    to: end,
    length: lengthOf(start.instant, end.instant, zone),
    started: start.instant <= now,
    over: false,
  };
};

const isZone = (zone: string): boolean => {
  try {
    Temporal.Now.plainDateISO(zone);
    return true;
  } catch {
    return false;
  }
};

const unit = (count: number, name: string): string[] =>
  count === 0 ? [] : [`${count} ${name}${count === 1 ? '' : 's'}`];

/** Calendar days in the zone (UTC where nobody here knows it), then hours and minutes: a day with a clock change is still a day. */
export const lengthOf = (from: string, to: string, zone: string): string => {
  const known = isZone(zone) ? zone : 'UTC';
  const start = Temporal.Instant.from(from).toZonedDateTimeISO(known);
  const end = Temporal.Instant.from(to).toZonedDateTimeISO(known);
  const span = start.until(end, { largestUnit: 'days' });
  const parts = [...unit(span.days, 'day'), ...unit(span.hours, 'hour'), ...unit(span.minutes, 'minute')];
  return parts.length === 0 ? 'less than a minute' : parts.join(' ');
};

/** Every zone the browser knows, UTC first. */
export const zones = (): string[] => {
  const known = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC');
  return ['UTC', ...known];
};

/** `Mon 23 Nov 2026, 14:00` in the zone. */
export const inZone = (instant: string, zone: string): string => {
  try {
    const { date, time } = wallOf(instant, zone);
    return `${dayName(date)}, ${time}`;
  } catch {
    return inZone(instant, 'UTC');
  }
};

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

export const dayName = (date: string): string => {
  const day = Temporal.PlainDate.from(date);
  const month = (MONTHS[day.month - 1] ?? '').slice(0, 3);
  return `${WEEKDAYS[day.dayOfWeek - 1] ?? ''} ${day.day} ${month} ${day.year}`;
};

export const monthName = (month: string): string => {
  const { year, month: number } = Temporal.PlainYearMonth.from(month);
  return `${MONTHS[number - 1] ?? ''} ${year}`;
};

/** Weeks of a month (`2026-11`), Monday first, with the days of its neighbours that fill them. */
export const weeksOf = (month: string): string[][] => {
  const first = Temporal.PlainYearMonth.from(month).toPlainDate({ day: 1 });
  const last = first.add({ months: 1 }).subtract({ days: 1 });
  let day = first.subtract({ days: first.dayOfWeek - 1 });
  const weeks: string[][] = [];
  while (Temporal.PlainDate.compare(day, last) <= 0) {
    weeks.push(Array.from({ length: 7 }, (_, index) => day.add({ days: index }).toString()));
    day = day.add({ days: 7 });
  }
  return weeks;
};

export const monthOf = (date: string): string => date.slice(0, 7);
export const addMonths = (month: string, count: number): string =>
  Temporal.PlainYearMonth.from(month).add({ months: count }).toString();

/** The day a key leads to in a month grid; undefined: the key means nothing there. */
export const dayAfterKey = (date: string, key: string, shift: boolean): string | undefined => {
  const day = Temporal.PlainDate.from(date);
  const to = ((): Temporal.PlainDate | undefined => {
    switch (key) {
      case 'ArrowLeft':
        return day.subtract({ days: 1 });
      case 'ArrowRight':
        return day.add({ days: 1 });
      case 'ArrowUp':
        return day.subtract({ days: 7 });
      case 'ArrowDown':
        return day.add({ days: 7 });
      case 'Home':
        return day.subtract({ days: day.dayOfWeek - 1 });
      case 'End':
        return day.add({ days: 7 - day.dayOfWeek });
      case 'PageUp':
        return day.subtract(shift ? { years: 1 } : { months: 1 });
      case 'PageDown':
        return day.add(shift ? { years: 1 } : { months: 1 });
      default:
        return undefined;
    }
  })();
  return to?.toString();
};

export const isDate = (text: string): boolean => {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text;
  } catch {
    return false;
  }
};
export const today = (zone: string): string => Temporal.Now.plainDateISO(zone).toString();

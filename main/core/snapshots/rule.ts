/**
 * Recurrence rules (RFC 5545, 3.3.10) of freezes: what of them is understood, and how they read.
 *
 * A freeze recurs by the day or slower and at one time of day, its own; so `FREQ` is DAILY, WEEKLY, MONTHLY or YEARLY, and
 * BYHOUR, BYMINUTE and BYSECOND are not taken. An imported file may hold any rule: every list and number has a limit, so that
 * what it means is found in bounded time.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';

const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const;
export type Frequency = (typeof FREQUENCIES)[number];
const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
type Weekday = (typeof WEEKDAYS)[number];

/** The last start: on this local date; at this instant (milliseconds); or at this local time. */
export type Until =
  | { kind: 'date'; date: string }
  | { kind: 'instant'; at: number }
  | { kind: 'local'; time: string };

export type Rule = {
  freq: Frequency;
  interval: number;
  count?: number;
  until?: Until;
  byDay?: string[];
  byMonth?: number[];
  byMonthDay?: number[];
  byYearDay?: number[];
  byWeekNo?: number[];
  bySetPos?: number[];
  wkst?: Weekday;
};

const bad = (what: string): Result<never> =>
  fail('input.invalid', `The recurrence rule ${what}.`, {
    hint: 'Write it as in RFC 5545, for example FREQ=WEEKLY;BYDAY=FR or FREQ=MONTHLY;BYDAY=2TU;COUNT=12.',
  });

const isOneOf = <T extends string>(all: readonly T[], text: string): text is T =>
  (all as readonly string[]).includes(text);

const whole = (text: string, from: number, to: number): number | undefined => {
  if (!/^[+-]?\d{1,5}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= from && value <= to ? value : undefined;
};

/** Lists are as long as they can have different members, at most. */
const numbers = (text: string, max: number, signed: boolean): number[] | undefined => {
  const parts = text.split(',');
  const values = parts.map((part) => whole(part, signed ? -max : 1, max));
  const sound = values.every((value) => value !== undefined && value !== 0);
  const sum = new Set(values);
  return sound && sum.size === parts.length ? values.filter((value) => value !== undefined) : undefined;
};

const weekdays = (text: string, ordinals: boolean): string[] | undefined => {
  const parts = text.split(',');
  const sound = parts.every((part) => {
    const found = /^([+-]?[1-9]\d?)?([A-Z]{2})$/.exec(part);
    if (found?.[2] === undefined || !isOneOf(WEEKDAYS, found[2])) return false;
    return found[1] === undefined || (ordinals && Math.abs(Number(found[1])) <= 53);
  });
  return sound && parts.length <= 60 && new Set(parts).size === parts.length ? parts : undefined;
};

const parseUntil = (text: string): Until | undefined => {
  const found = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, utc] = found;
  const date = `${year}-${month}-${day}`;
  const time = `${hour ?? '00'}:${minute ?? '00'}:${second ?? '00'}`;
  const at = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(`${date}T${time}`)) return undefined;
  if (hour === undefined) return { kind: 'date', date };
  return utc === 'Z' ? { kind: 'instant', at } : { kind: 'local', time: `${date}T${time}` };
};

/** How each part is read into the rule; undefined: it cannot be. */
const PARTS: Record<string, (text: string, rule: Rule) => Partial<Rule> | undefined> = {
  INTERVAL: (text) => {
    const interval = whole(text, 1, 1000);
    return interval === undefined ? undefined : { interval };
  },
  COUNT: (text) => {
    const count = whole(text, 1, 10_000);
    return count === undefined ? undefined : { count };
  },
  UNTIL: (text) => {
    const until = parseUntil(text);
    return until === undefined ? undefined : { until };
  },
  BYDAY: (text, { freq }) => {
    const byDay = weekdays(text, freq === 'MONTHLY' || freq === 'YEARLY');
    return byDay === undefined ? undefined : { byDay };
  },
  BYMONTH: (text) => {
    const byMonth = numbers(text, 12, false);
    return byMonth === undefined ? undefined : { byMonth };
  },
  BYMONTHDAY: (text, { freq }) => {
    const byMonthDay = freq === 'WEEKLY' ? undefined : numbers(text, 31, true);
    return byMonthDay === undefined ? undefined : { byMonthDay };
  },
  BYYEARDAY: (text, { freq }) => {
    const byYearDay = freq === 'YEARLY' ? numbers(text, 366, true) : undefined;
    return byYearDay === undefined || byYearDay.length > 100 ? undefined : { byYearDay };
  },
  BYWEEKNO: (text, { freq }) => {
    const byWeekNo = freq === 'YEARLY' ? numbers(text, 53, true) : undefined;
    return byWeekNo === undefined ? undefined : { byWeekNo };
  },
  BYSETPOS: (text) => {
    const bySetPos = numbers(text, 366, true);
    return bySetPos === undefined || bySetPos.length > 50 ? undefined : { bySetPos };
  },
  WKST: (text) => (isOneOf(WEEKDAYS, text) ? { wkst: text } : undefined),
};

/** As written: upper case, without the property's name. Error: `input.invalid`, with the part that is the matter. */
export const parseRule = (text: string): Result<Rule> => {
  const parts = text.split(';').map((part) => part.split('='));
  const names = parts.map(([name]) => name ?? '');
  if (new Set(names).size !== names.length) return bad('has a part twice');
  const freq = parts.find(([name]) => name === 'FREQ')?.[1] ?? '';
  if (!isOneOf(FREQUENCIES, freq))
    return bad(
      freq === ''
        ? 'has no FREQ'
        : `recurs ${freq.slice(0, 20)}; a freeze recurs DAILY, WEEKLY, MONTHLY or YEARLY`,
    );
  let rule: Rule = { freq, interval: 1 };
  for (const [name = '', value = '', ...more] of parts) {
    if (name === 'FREQ') continue;
    const read = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (read === undefined) return bad(`has a part that is not understood here: ${name.slice(0, 40)}`);
    const part = more.length > 0 ? undefined : read(value, rule);
    if (part === undefined)
      return bad(`has a value that is not possible here: ${name}=${value.slice(0, 40)}`);
    rule = { ...rule, ...part };
  }
  if (rule.count !== undefined && rule.until !== undefined)
    return bad('has COUNT and UNTIL; it can have one');
  const ordinal = rule.byDay?.some((day) => day.length > 2) === true;
  if (ordinal && rule.byWeekNo !== undefined) return bad('counts weekdays and weeks at once');
  const filters = [rule.byDay, rule.byMonth, rule.byMonthDay, rule.byYearDay, rule.byWeekNo];
  if (rule.bySetPos !== undefined && filters.every((one) => one === undefined))
    return bad('has BYSETPOS and nothing to choose from');
  return ok(rule);
};

/** `RRULE:freq=weekly;byday=fr ` as people copy it, to the form that is kept. */
export const tidyRule = (text: string): string =>
  text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .replace(/\s+/g, '')
    .replace(/;$/, '');

const DAY_NAMES: Record<Weekday, string> = {
  MO: 'Monday',
  TU: 'Tuesday',
  WE: 'Wednesday',
  TH: 'Thursday',
  FR: 'Friday',
  SA: 'Saturday',
  SU: 'Sunday',
};
const MONTH_NAMES =
  'January February March April May June July August September October November December'.split(' ');
const UNITS: Record<Frequency, string> = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' };

const list = (words: string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** `1st`, `2nd`, `last`, `2nd to last`. */
const ordinalWord = (n: number): string => {
  if (n === -1) return 'last';
  const size = Math.abs(n);
  const tens = size % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][size % 10] ?? 'th');
  return `${size}${ending}${n < 0 ? ' to last' : ''}`;
};

const dayWord = (text: string): string => {
  const name = DAY_NAMES[text.slice(-2) as Weekday];
  return text.length === 2 ? name : `the ${ordinalWord(Number(text.slice(0, -2)))} ${name}`;
};

const untilWord = (until: Until): string => {
  if (until.kind === 'date') return until.date;
  return until.kind === 'local'
    ? until.time.replace('T', ' ')
    : `${new Date(until.at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
};

/** `every 2 weeks on Friday, 12 times`. */
export const ruleWords = (rule: Rule): string => {
  const unit = UNITS[rule.freq];
  const every = rule.interval === 1 ? `every ${unit}` : `every ${rule.interval} ${unit}s`;
  const positions = rule.bySetPos && `the ${list(rule.bySetPos.map(ordinalWord))} of`;
  const days = [
    rule.byDay && list(rule.byDay.map(dayWord)),
    rule.byMonthDay && `the ${list(rule.byMonthDay.map(ordinalWord))} day of the month`,
    rule.byYearDay && `the ${list(rule.byYearDay.map(ordinalWord))} day of the year`,
  ].filter((part) => part !== undefined);
  const where = [
    days.length > 0 &&
      ['on', positions, days.join(', if it is ')].filter((part) => part !== undefined).join(' '),
    rule.byWeekNo && `in week ${list(rule.byWeekNo.map(String))}`,
    rule.byMonth && `in ${list(rule.byMonth.map((month) => MONTH_NAMES[month - 1] ?? ''))}`,
  ].filter((part) => typeof part === 'string');
  const end = [
    rule.count && `, ${rule.count} ${rule.count === 1 ? 'time' : 'times'}`,
    rule.until && `, until ${untilWord(rule.until)}`,
  ].filter((part) => typeof part === 'string');
  return [every, ...where].join(' ') + end.join('');
};

/** The words of a rule as it is written; one that cannot be read is shown as it is. */
export const wordsOf = (text: string): string => {
  const rule = parseRule(text);
  return rule.ok ? ruleWords(rule.value) : text;
};

/**
 * Recurrence rules by arithmetic on a calendar without zones (RFC 5545, 3.3.10): the days of each period are gone through, and those
 * taken that fit every part of the rule. Thousands of days cost a general library up to a tenth of a second, and a file that
 * somebody else wrote may have a hundred such rules; here they cost a few milliseconds. The tests hold it against such a library.
 */
import type { Rule } from './rule.ts';

const DAY = 86_400_000;
const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/** 0: Monday. The first day of 1970 was a Thursday. */
const weekdayOf = (local: number): number => (((Math.floor(local / DAY) + 3) % 7) + 7) % 7;

/** A day: its place in its month and year, from 1, and how many days these have. */
type Day = {
  local: number;
  weekday: number;
  month: number;
  inMonth: { place: number; length: number };
  inYear: { place: number; length: number };
};

/** `place` as the rule counts: from the front, or from the end below 0. */
const isAt = (wanted: readonly number[], { place, length }: Day['inMonth']): boolean =>
  wanted.includes(place) || wanted.includes(place - length - 1);

/** The n-th of its weekday: `2TU`, `-1FR`; `TU` is each of them. */
const isWeekday = (
  wanted: readonly string[],
  { weekday }: Day,
  { place, length }: Day['inMonth'],
): boolean => {
  const name = WEEKDAYS[weekday] ?? '';
  return wanted.some((text) => {
    if (!text.endsWith(name)) return false;
    if (text.length === 2) return true;
    const nth = Number(text.slice(0, -2));
    return nth > 0 ? Math.ceil(place / 7) === nth : Math.ceil((length - place + 1) / 7) === -nth;
  });
};

/** The first day of a year's first week, at midnight: that is the first week with four days or more in the year. */
const firstWeekOf = (year: number, { wkst = 'MO' }: Rule): number => {
  const fourth = Date.UTC(year, 0, 4);
  return fourth - ((weekdayOf(fourth) - WEEKDAYS.indexOf(wkst) + 7) % 7) * DAY;
};

const matches = (rule: Rule, day: Day): boolean => {
  const { byMonth, byMonthDay, byYearDay, byDay } = rule;
  if (byMonth !== undefined && !byMonth.includes(day.month)) return false;
  if (byMonthDay !== undefined && !isAt(byMonthDay, day.inMonth)) return false;
  if (byYearDay !== undefined && !isAt(byYearDay, day.inYear)) return false;
  // Weekdays of a year are counted within its months where the rule names some (3.3.10, note 2).
  const within = rule.freq === 'YEARLY' && byMonth === undefined ? day.inYear : day.inMonth;
  return byDay === undefined || isWeekday(byDay, day, within);
};

/** What the rule leaves open is as it is on the day of the start. */
const completed = (rule: Rule, start: Day): Rule => {
  const { freq, byDay, byMonth, byMonthDay, byYearDay } = rule;
  if (freq === 'DAILY' || byDay !== undefined || byMonthDay !== undefined || byYearDay !== undefined)
    return rule;
  if (freq === 'WEEKLY' || rule.byWeekNo !== undefined)
    return { ...rule, byDay: [WEEKDAYS[start.weekday] ?? ''] };
  const monthDay = { byMonthDay: [start.inMonth.place] };
  return freq === 'YEARLY' && byMonth === undefined
    ? { ...rule, ...monthDay, byMonth: [start.month] }
    : { ...rule, ...monthDay };
};

/** BYSETPOS: of the days of one period, in order. */
const chosen = ({ bySetPos }: Rule, days: number[]): number[] =>
  bySetPos === undefined
    ? days
    : days.filter((_, index) => bySetPos.includes(index + 1) || bySetPos.includes(index - days.length));

const dayAt = (local: number): Day => {
  const date = new Date(local);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const began = Date.UTC(year, 0, 1);
  return {
    local,
    weekday: weekdayOf(local),
    month: month + 1,
    inMonth: { place: date.getUTCDate(), length: new Date(Date.UTC(year, month + 1, 0)).getUTCDate() },
    inYear: {
      place: Math.floor((local - began) / DAY) + 1,
      length: Math.round((Date.UTC(year + 1, 0, 1) - began) / DAY),
    },
  };
};

type Period = { begin: number; days: number };

/** The n-th period from that of the start on, at the start's time of day. Where the rule names weeks, a year is its weeks. */
const periodAt = (rule: Rule, start: number, n: number): Period => {
  const { freq, wkst = 'MO' } = rule;
  const date = new Date(start);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const steps = n * rule.interval;
  const between = (from: number, to: number): Period => ({
    begin: from + (start - Math.floor(start / DAY) * DAY),
    days: Math.round((to - from) / DAY),
  });
  switch (freq) {
    case 'DAILY':
      return { begin: start + steps * DAY, days: 1 };
    case 'WEEKLY':
      return {
        begin: start - ((weekdayOf(start) - WEEKDAYS.indexOf(wkst) + 7) % 7) * DAY + steps * 7 * DAY,
        days: 7,
      };
    case 'MONTHLY':
      return between(Date.UTC(year, month + steps, 1), Date.UTC(year, month + steps + 1, 1));
    case 'YEARLY':
      return rule.byWeekNo === undefined
        ? between(Date.UTC(year + steps, 0, 1), Date.UTC(year + steps + 1, 0, 1))
        : between(firstWeekOf(year + steps, rule), firstWeekOf(year + steps + 1, rule));
  }
};

/** The days of a period that fit, in order. */
const fitting = (rule: Rule, { begin, days }: Period): number[] => {
  const { byWeekNo } = rule;
  return Array.from({ length: days }, (_, index) => begin + index * DAY).filter((local, index) => {
    const week = { place: Math.floor(index / 7) + 1, length: days / 7 };
    return (byWeekNo === undefined || isAt(byWeekNo, week)) && matches(rule, dayAt(local));
  });
};

/**
 * Starts from `start` on and before `end`: local times, as the milliseconds they would be in UTC; none after `rule.count` of them.
 * `until` is left to the caller.
 */
export const dayStarts = (loose: Rule, start: number, end: number): number[] => {
  const rule = completed(loose, dayAt(start));
  const most = rule.count ?? Number.POSITIVE_INFINITY;
  const found: number[] = [];
  for (let n = 0; found.length < most; n += 1) {
    const period = periodAt(rule, start, n);
    if (period.begin >= end) break;
    for (const day of chosen(rule, fitting(rule, period)))
      if (day >= start && day < end && found.length < most) found.push(day);
  }
  return found;
};

/**
 * Daily and weekly recurrence rules (RFC 5545, 3.3.10) by arithmetic. Ten years of days cost the general way half a second of work, and
 * a file that somebody else wrote may have a hundred such rules; here they cost a few milliseconds.
 */
import type { Rule } from './rule.ts';

const DAY = 86_400_000;
const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/** 0: Monday. The first day of 1970 was a Thursday. */
const weekdayOf = (local: number): number => (((Math.floor(local / DAY) + 3) % 7) + 7) % 7;

const matches = ({ byMonth, byMonthDay, byDay }: Rule, local: number): boolean => {
  const date = new Date(local);
  const [month, day] = [date.getUTCMonth(), date.getUTCDate()];
  if (byMonth !== undefined && !byMonth.includes(month + 1)) return false;
  if (byDay !== undefined && !byDay.includes(WEEKDAYS[weekdayOf(local)] ?? '')) return false;
  if (byMonthDay === undefined) return true;
  const length = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return byMonthDay.includes(day) || byMonthDay.includes(day - length - 1);
};

/** BYSETPOS: of the days of one period, in order. */
const chosen = ({ bySetPos }: Rule, days: number[]): number[] =>
  bySetPos === undefined
    ? days
    : days.filter((_, index) => bySetPos.includes(index + 1) || bySetPos.includes(index - days.length));

/** The days of the period that begins at `begin`: a day, or a week. */
const periodOf = (rule: Rule, begin: number, start: number): number[] => {
  if (rule.freq === 'DAILY') return matches(rule, begin) ? [begin] : [];
  const weekly = rule.byDay === undefined ? { ...rule, byDay: [WEEKDAYS[weekdayOf(start)] ?? ''] } : rule;
  return WEEKDAYS.map((_, index) => begin + index * DAY).filter((day) => matches(weekly, day));
};

/**
 * Starts from `start` on and before `end`: local times, as the milliseconds they would be in UTC; none after `rule.count` of them. `rule.freq` is DAILY or
 * WEEKLY; `until` is left to the caller.
 */
export const dayStarts = (rule: Rule, start: number, end: number): number[] => {
  const days = rule.freq === 'DAILY' ? 1 : 7;
  const first =
    rule.freq === 'DAILY'
      ? start
      : start - ((weekdayOf(start) - WEEKDAYS.indexOf(rule.wkst ?? 'MO') + 7) % 7) * DAY;
  const most = rule.count ?? Number.POSITIVE_INFINITY;
  const found: number[] = [];
  for (let begin = first; begin < end && found.length < most; begin += days * rule.interval * DAY)
    for (const day of chosen(rule, periodOf(rule, begin, start)))
      if (day >= start && day < end && found.length < most) found.push(day);
  return found;
};

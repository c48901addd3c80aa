/** How a freeze recurs, as it is chosen in the dialog, and the rule (RFC 5545) that makes it. */
import { Temporal } from 'temporal-polyfill';
import { isDate } from './freezeTime.ts';

export type Repeats = 'once' | 'daily' | 'weekly' | 'monthly-day' | 'monthly-weekday' | 'yearly' | 'rule';
/** `every`: as it is typed. `end`: how it ends; `count` and `until` as typed. `exclude`: days, with commas or blanks between them. */
export type RecurrenceForm = {
  repeats: Repeats;
  every: string;
  end: 'never' | 'count' | 'until';
  count: string;
  until: string;
  rule: string;
  exclude: string;
};
export const ONCE: RecurrenceForm = {
  repeats: 'once',
  every: '1',
  end: 'never',
  count: '10',
  until: '',
  rule: '',
  exclude: '',
};

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

/** The weekday of a date in its month: the last one counts from the end, as people mean it. */
const nthWeekday = (day: Temporal.PlainDate): string => {
  const name = WEEKDAYS[day.dayOfWeek - 1] ?? 'MO';
  const isLast = day.day + 7 > day.daysInMonth;
  return `${isLast ? -1 : Math.ceil(day.day / 7)}${name}`;
};

const RULES: Record<Exclude<Repeats, 'once' | 'rule'>, (day: Temporal.PlainDate) => string> = {
  daily: () => 'FREQ=DAILY',
  weekly: (day) => `FREQ=WEEKLY;BYDAY=${WEEKDAYS[day.dayOfWeek - 1] ?? 'MO'}`,
  'monthly-day': (day) => `FREQ=MONTHLY;BYMONTHDAY=${day.day}`,
  'monthly-weekday': (day) => `FREQ=MONTHLY;BYDAY=${nthWeekday(day)}`,
  yearly: () => 'FREQ=YEARLY',
};

/** What is asked for; `first`: the day on which the first window begins. Undefined: once. A text: what has to be mended. */
export const recurrenceOf = (
  form: RecurrenceForm,
  first: string,
): { rule: string; exclude: string[] } | string | undefined => {
  if (form.repeats === 'once') return undefined;
  const exclude = form.exclude.split(/[\s,;]+/).filter((day) => day !== '');
  const wrong = exclude.find((day) => !isDate(day));
  if (wrong !== undefined) return `${wrong} is not a day: write it as 2026-12-25.`;
  if (form.repeats === 'rule')
    return form.rule.trim() === ''
      ? 'Write the rule, as FREQ=WEEKLY;BYDAY=FR.'
      : { rule: form.rule, exclude };
  if (!isDate(first)) return 'Give the day on which the first window begins.';
  const every = /^[1-9]\d{0,2}$/.test(form.every.trim()) ? Number(form.every) : undefined;
  if (every === undefined) return 'Every how many? Write a number from 1 to 999.';
  const parts = [RULES[form.repeats](Temporal.PlainDate.from(first))];
  if (every > 1) parts.push(`INTERVAL=${every}`);
  if (form.end === 'count') {
    if (!/^[1-9]\d{0,3}$/.test(form.count.trim())) return 'How many times? Write a number.';
    parts.push(`COUNT=${Number(form.count)}`);
  }
  if (form.end === 'until') {
    if (!isDate(form.until.trim())) return 'Until which day? Write it as 2027-03-31.';
    parts.push(`UNTIL=${form.until.trim().replaceAll('-', '')}`);
  }
  return { rule: parts.join(';'), exclude };
};

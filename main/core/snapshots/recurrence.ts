/**
 * When a freeze holds: its one window, or every occurrence of a recurring one.
 *
 * The rule is followed on the calendar of the freeze's zone. Every occurrence begins at the local time of day at which `from`
 * is, and ends as much later on the local calendar as `to` is after `from`: a weekend from Friday 18:00 to Monday 06:00 is that in summer
 * and in winter, whatever the clocks do in between. A local time that the clocks skip is as much later as they skip, one that
 * comes twice is the earlier one (`compatible`, RFC 5545 3.3.5). `[from, to)` itself is the first occurrence, exactly.
 *
 * The work is bounded: an occurrence begins less than ten years after `from`, so there are at most 3,653.
 */
import { Temporal } from 'temporal-polyfill';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Freeze } from '../../../shared/model/snapshot.ts';
import { dayStarts } from './dayRule.ts';
import { localClock } from './localClock.ts';
import { parseRule, type Rule } from './rule.ts';
import { isZone, showTime } from './time.ts';

/** `[from, to)` in milliseconds; `date`: the local day on which it begins. */
export type Occurrence = { from: number; to: number; date: string };
export type Span = Pick<Freeze, 'from' | 'to' | 'zone' | 'recurrence'>;

export const MAX_YEARS = 10;
/** In the history of one snapshot: each may cost a file's reader some hundredths of a second. */
export const MAX_RECURRING = 100;
const DAY = 86_400_000;

/** A local time, as the milliseconds it would be in UTC. */
const plain = (local: number): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(local).toZonedDateTimeISO('UTC');

const dateOf = (local: number): string => new Date(local).toISOString().slice(0, 10);

const startsOf = (rule: Rule, start: number): number[] =>
  dayStarts(rule, start, plain(start).add({ years: MAX_YEARS }).epochMilliseconds);

const withinUntil = ({ until }: Rule, local: number, from: number): boolean => {
  if (until === undefined) return true;
  if (until.kind === 'instant') return from <= until.at;
  if (until.kind === 'date') return dateOf(local) <= until.date;
  return local <= Date.parse(`${until.time}Z`);
};

/** Every occurrence, excluded ones too, in order. */
const expand = (span: Span, rule: Rule): Result<Occurrence[]> => {
  const { zone } = span;
  const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
  const clocks = localClock(zone, from, to + MAX_YEARS * 366 * DAY);
  const start = clocks.localAt(from);
  const length = clocks.localAt(to) - start;
  if (length <= 0)
    return fail('input.invalid', 'On the local calendar, the first window would end before it begins.');
  const starts = startsOf(rule, start);
  const [first] = starts;
  if (first !== start || !withinUntil(rule, start, from))
    return fail(
      'input.invalid',
      `The rule does not recur at the beginning of the first window, ${showTime(from, zone)}.`,
      {
        hint:
          first === undefined
            ? 'It never does within ten years.'
            : `The first time that it does is ${showTime(clocks.instantOf(first), zone)}: let the first window begin there.`,
      },
    );
  const all = starts.flatMap((local, index): Occurrence[] => {
    const date = dateOf(local);
    if (index === 0) return [{ from, to, date }];
    const begins = clocks.instantOf(local);
    const ends = clocks.instantOf(local + length);
    // Where the clocks skip all of it there is nothing to hold.
    return ends <= begins || !withinUntil(rule, local, begins) ? [] : [{ from: begins, to: ends, date }];
  });
  for (const [index, one] of all.entries()) {
    const next = all[index + 1];
    if (next !== undefined && next.from < one.to)
      return fail(
        'input.invalid',
        `The window that begins on ${one.date} would still hold when the next one begins on ${next.date}.`,
        { hint: 'Make the window shorter, or one freeze without recurrence.' },
      );
  }
  return ok(all);
};

/** The day is only looked up by who asks for it: one window is compared with others thousands of times. */
const single = ({ from, to, zone }: Span): Occurrence => ({
  from: Date.parse(from),
  to: Date.parse(to),
  get date() {
    return isZone(zone)
      ? dateOf(localClock(zone, this.from, this.from).localAt(this.from))
      : from.slice(0, 10);
  },
});

const work = (span: Span): Result<Occurrence[]> => {
  const { recurrence, zone } = span;
  if (recurrence === undefined) {
    return ok([single(span)]);
  }
  if (!isZone(zone)) return fail('input.invalid', `'${zone}' is not a time zone this machine knows.`);
  const rule = parseRule(recurrence.rule);
  if (!rule.ok) return rule;
  let all: Result<Occurrence[]>;
  try {
    all = expand(span, rule.value);
  } catch {
    return fail('input.invalid', 'The recurrence rule cannot be followed.');
  }
  if (!all.ok) return all;
  const days = new Set(all.value.map((one) => one.date));
  const idle = recurrence.exclude.find((date) => !days.has(date));
  if (idle !== undefined)
    return fail('input.invalid', `No window begins on ${idle}, which is excluded.`, {
      hint: 'Exclude the days on which windows begin.',
    });
  const left = all.value.filter((one) => !recurrence.exclude.includes(one.date));
  return left.length > 0 ? ok(left) : fail('input.invalid', 'Every window is excluded.');
};

/** Occurrences of a rule cost milliseconds, and a judge asks for each host and step. As many as one file may have, and more. */
const known = new Map<string, Result<Occurrence[]>>();
const MAX_KNOWN = 128;

/**
 * All occurrences, in order, at least one; they may touch but never overlap. Errors (`input.invalid`): a rule that cannot be
 * read, does not recur at `from`, or whose windows would overlap; an excluded day on which none begins; an unknown zone.
 */
export const occurrencesOf = (span: Span): Result<Occurrence[]> => {
  if (span.recurrence === undefined) return work(span);
  const { rule, exclude } = span.recurrence;
  const key = JSON.stringify([span.from, span.to, span.zone, rule, exclude]);
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = work(span);
  const [oldest] = known.keys();
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  known.set(key, made);
  return made;
};

/** As above; a freeze that is here and cannot be followed any more (another machine's zones) holds all the time: it fails closed. */
export const windowsOf = (span: Span): Occurrence[] => {
  const found = occurrencesOf(span);
  if (found.ok) return found.value;
  const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
  return [{ from, to: to + MAX_YEARS * 366 * 86_400_000, date: span.from.slice(0, 10) }];
};

/** Index of the first occurrence that ends after `at`. */
const firstEndingAfter = (all: Occurrence[], at: number): number => {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.to ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The occurrence that holds at `at`, else the next one; undefined: it is over. */
export const windowAt = (span: Span, at: number): Occurrence | undefined => {
  const all = windowsOf(span);
  return all[firstEndingAfter(all, at)];
};

/** The latest occurrence that has begun at `at`; undefined: none has. */
export const begunAt = (span: Span, at: number): Occurrence | undefined => {
  const all = windowsOf(span);
  const index = firstEndingAfter(all, at);
  const here = all[index];
  return here !== undefined && here.from <= at ? here : all[index - 1];
};

/** End of the last occurrence, in milliseconds. */
export const endOf = (span: Span): number =>
  span.recurrence === undefined ? Date.parse(span.to) : (windowsOf(span).at(-1)?.to ?? Date.parse(span.to));

/** Occurrences that hold at some time within `[from, to)` (milliseconds), at most `limit`. */
export const windowsWithin = (span: Span, from: number, to: number, limit = 4000): Occurrence[] => {
  const all = windowsOf(span);
  const begin = firstEndingAfter(all, from);
  const found: Occurrence[] = [];
  for (let index = begin; index < all.length && found.length < limit; index += 1) {
    const one = all[index];
    if (one === undefined || one.from >= to) break;
    found.push(one);
  }
  return found;
};

/** The first time both hold; undefined: they never do. */
export const firstOverlap = (a: Span, b: Span): { from: number; to: number } | undefined => {
  const [ours, theirs] = [windowsOf(a), windowsOf(b)];
  let [i, j] = [0, 0];
  for (;;) {
    const [one, other] = [ours[i], theirs[j]];
    if (one === undefined || other === undefined) return undefined;
    const both = { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) };
    if (both.from < both.to) return both;
    if (one.to <= other.to) i += 1;
    else j += 1;
  }
};

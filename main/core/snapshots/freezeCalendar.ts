/** When freezes hold: over all of them, and for one that is only thought of. Changes nothing. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import type { FreezeWindow } from '../../../shared/contract/freezes.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { Recurrence } from '../../../shared/model/snapshot.ts';
import type { Ports, StoredFreeze } from '../ports.ts';
import { readCalendarFile } from './calendarFile.ts';
import { endOf, type Occurrence, occurrencesOf, type Span, windowsWithin } from './recurrence.ts';
import { tidyRule, wordsOf } from './rule.ts';
import { isZone, showTime } from './time.ts';

const MAX_WINDOWS = 5000;
const LONGEST_MS = 10 * 366 * 86_400_000;

const instant = (at: number): string => new Date(at).toISOString();

/** A window as it turned out: lifting a freeze cuts the one that held, and takes away those to come. */
const turnedOut = (stored: StoredFreeze, { from, to }: Occurrence, now: number): FreezeWindow[] => {
  const lifted = stored.thawed === undefined ? Number.POSITIVE_INFINITY : Date.parse(stored.thawed.at);
  if (lifted <= from) return [];
  const state = lifted < to ? 'lifted' : to <= now ? 'past' : from <= now ? 'active' : 'coming';
  return [
    {
      from: instant(from),
      to: instant(Math.min(to, lifted)),
      snapshot: stored.snapshot,
      lineId: stored.lineId,
      revision: stored.revision,
      id: stored.revisionId,
      selector: stored.freeze.hosts,
      zone: stored.freeze.zone,
      recurring: stored.freeze.recurrence !== undefined,
      state,
    },
  ];
};

/** Errors: `input.invalid`. What freezing checks too, before it looks at hosts. */
export const checkSpan = (span: Span): Result<Occurrence[]> => {
  if (!isZone(span.zone))
    return fail('input.invalid', `'${span.zone}' is not a time zone this machine knows.`);
  if (Date.parse(span.to) <= Date.parse(span.from))
    return fail(
      'input.invalid',
      `The freeze would end (${showTime(span.to, span.zone)}) before it begins (${showTime(span.from, span.zone)}).`,
    );
  return occurrencesOf(span);
};

/** The rule as it is kept: in the form RFC 5545 writes it, the excluded days in order, each once. */
export const tidyRecurrence = (given: { rule: string; exclude: string[] }): Result<Recurrence> => {
  const read = Recurrence.safeParse({
    rule: tidyRule(given.rule),
    exclude: [...new Set(given.exclude)].sort(),
  });
  return read.success
    ? ok(read.data)
    : fail('input.invalid', `'${given.rule.slice(0, 80)}' is not a recurrence rule.`, {
        hint: 'Write it as in RFC 5545, for example FREQ=WEEKLY;BYDAY=FR.',
      });
};

const calendar =
  ({ store, clock }: Pick<Ports, 'store' | 'clock'>) =>
  (input: HandlerInput<'freezes.calendar'>): Result<Output<'freezes.calendar'>> => {
    const [from, to] = [Date.parse(input.from), Date.parse(input.to)];
    if (to <= from) return fail('input.invalid', 'The time asked for would end before it begins.');
    if (to - from > LONGEST_MS) return fail('input.invalid', 'At most ten years can be asked for at once.');
    const now = clock.now();
    const all = store
      .freezes()
      .flatMap((stored) =>
        windowsWithin(stored.freeze, from, to).flatMap((one) => turnedOut(stored, one, now)),
      )
      .filter((window) => Date.parse(window.to) > from)
      .sort((a, b) => a.from.localeCompare(b.from) || a.snapshot.localeCompare(b.snapshot));
    return ok({ windows: all.slice(0, MAX_WINDOWS), truncated: all.length > MAX_WINDOWS });
  };

const preview =
  ({ clock }: Pick<Ports, 'clock'>) =>
  (input: HandlerInput<'freezes.preview'>): Result<Output<'freezes.preview'>> => {
    const recurrence = input.recurrence === undefined ? ok(undefined) : tidyRecurrence(input.recurrence);
    if (!recurrence.ok) return recurrence;
    const { from, to, zone } = input;
    const span: Span = { from, to, zone, ...(recurrence.value && { recurrence: recurrence.value }) };
    const all = checkSpan(span);
    if (!all.ok) return all;
    const now = clock.now();
    return ok({
      windows: all.value
        .filter((one) => one.to > now)
        .slice(0, input.count)
        .map((one) => ({ from: instant(one.from), to: instant(one.to) })),
      total: all.value.length,
      ends: instant(endOf(span)),
      ...(recurrence.value && { recurrence: recurrence.value, words: wordsOf(recurrence.value.rule) }),
    });
  };

export type FreezeCalendar = ReturnType<typeof createFreezeCalendar>;

export const createFreezeCalendar = (ports: Pick<Ports, 'store' | 'clock'>) => ({
  calendar: async (input: HandlerInput<'freezes.calendar'>) => calendar(ports)(input),
  preview: async (input: HandlerInput<'freezes.preview'>) => preview(ports)(input),
  readCalendar: async ({
    text,
    zone,
  }: HandlerInput<'freezes.readCalendar'>): Promise<Result<Output<'freezes.readCalendar'>>> => {
    const events = readCalendarFile(text, zone);
    return events.ok ? ok({ events: events.value }) : events;
  },
});

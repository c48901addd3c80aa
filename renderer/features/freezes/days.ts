/** Windows of freezes by the days of a calendar, in one zone for all of them. */
import { Temporal } from 'temporal-polyfill';
import type { FreezeWindow } from '../../../shared/contract/freezes.ts';

/** What a window is on one day. `from`, `to`: `18:00` where it begins or ends on that day. */
export type DayPart = { window: FreezeWindow; from?: string; to?: string };

const at = (instant: string, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.from(instant).toZonedDateTimeISO(zone);
const clock = (time: Temporal.ZonedDateTime): string =>
  time.toPlainTime().toString({ smallestUnit: 'minute' });

/** Up to, but not including, the end: a window that ends at midnight is not on the day that begins then. */
export const byDay = (
  windows: readonly FreezeWindow[],
  days: readonly string[],
  zone: string,
): Map<string, DayPart[]> => {
  const wanted = new Set(days);
  const found = new Map<string, DayPart[]>();
  for (const window of windows) {
    const [from, to] = [at(window.from, zone), at(window.to, zone)];
    const last = to.subtract({ milliseconds: 1 }).toPlainDate();
    const [lowest, highest] = [days[0] ?? '', days.at(-1) ?? ''];
    let day = from.toPlainDate();
    if (day.toString() < lowest) day = Temporal.PlainDate.from(lowest);
    for (
      ;
      Temporal.PlainDate.compare(day, last) <= 0 && day.toString() <= highest;
      day = day.add({ days: 1 })
    ) {
      const date = day.toString();
      if (!wanted.has(date)) continue;
      const begins = day.equals(from.toPlainDate()) && clock(from) !== '00:00';
      const midnight = clock(to) === '00:00';
      const ends = day.equals(to.toPlainDate()) && !midnight;
      found.set(date, [
        ...(found.get(date) ?? []),
        { window, ...(begins ? { from: clock(from) } : {}), ...(ends ? { to: clock(to) } : {}) },
      ]);
    }
  }
  return found;
};

/** `all day`, `from 18:00`, `until 06:00`, `18:00 to 20:00`. */
export const partWords = ({ from, to }: DayPart): string => {
  if (from !== undefined && to !== undefined) return `${from} to ${to}`;
  if (from !== undefined) return `from ${from}`;
  return to === undefined ? 'all day' : `until ${to}`;
};

const STATES: Record<FreezeWindow['state'], string> = {
  past: 'over',
  active: 'holds now',
  coming: 'to come',
  lifted: 'thawed early',
};
export const stateWords = (window: FreezeWindow): string => STATES[window.state];

/** What a screen reader says of a day, after its name. */
export const dayWords = (parts: readonly DayPart[]): string =>
  parts.length === 0
    ? 'no freeze'
    : `frozen: ${parts.map((part) => `${part.window.snapshot} ${partWords(part)}, ${stateWords(part.window)}`).join('; ')}`;

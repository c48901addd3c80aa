/**
 * The clocks of a zone, for converting thousands of local times: Temporal says once when they change, the rest is arithmetic.
 * A local time is written as the milliseconds it would be in UTC.
 */
import { Temporal } from 'temporal-polyfill';

const DAY = 86_400_000;

export type LocalClock = {
  /** Milliseconds the zone is ahead of UTC at an instant. */
  offsetAt(at: number): number;
  /** What the clocks show. */
  localAt(at: number): number;
  /**
   * When they show it. A time they skip is as much later as they skip, one that comes twice is the earlier (`compatible`: RFC
   * 5545 3.3.5, and Temporal's default).
   */
  instantOf(local: number): number;
};

/** Right from `from` to `to`, with two days to either side. `zone`: a known one. */
export const localClock = (zone: string, from: number, to: number): LocalClock => {
  let time = Temporal.Instant.fromEpochMilliseconds(from - 2 * DAY).toZonedDateTimeISO(zone);
  const steps = [{ at: Number.NEGATIVE_INFINITY, offset: time.offsetNanoseconds / 1_000_000 }];
  for (;;) {
    const next = time.getTimeZoneTransition('next');
    if (next === null || next.epochMilliseconds > to + 2 * DAY) break;
    steps.push({ at: next.epochMilliseconds, offset: next.offsetNanoseconds / 1_000_000 });
    time = next;
  }
  const offsetAt = (at: number): number => steps.findLast((step) => step.at <= at)?.offset ?? 0;
  return {
    offsetAt,
    localAt: (at) => at + offsetAt(at),
    instantOf: (local) => {
      // No zone changes its clocks twice within two days.
      const [before, after] = [offsetAt(local - DAY), offsetAt(local + DAY)];
      const fitting = [before, after].filter((offset) => offsetAt(local - offset) === offset);
      return local - (fitting.length > 0 ? Math.max(...fitting) : before);
    },
  };
};

/** When freezes hold: the calendar over all of them, and what a recurrence or a calendar file would give. */
import { z } from 'zod';
import { ContentHash, Id, Instant, SnapshotName, Text } from '../model/primitives.ts';
import { LocalDate, Recurrence } from '../model/snapshot.ts';
import { query } from './define.ts';

const Zone = z.string().min(1).max(64);
const Window = z.object({ from: Instant, to: Instant });

/** One occurrence of one freeze. `state`: `lifted` ends when the freeze was thawed. */
export const FreezeWindow = Window.extend({
  snapshot: SnapshotName,
  lineId: Id,
  revision: z.int(),
  id: ContentHash,
  selector: z.string(),
  zone: Zone,
  recurring: z.boolean(),
  state: z.enum(['past', 'active', 'coming', 'lifted']),
});
export type FreezeWindow = z.infer<typeof FreezeWindow>;

/** `window`: what a freeze would be made of; absent: `refusal` says why none can be. */
export const CalendarEvent = z.object({
  uid: z.string(),
  summary: z.string(),
  window: Window.extend({ zone: Zone, recurrence: Recurrence.optional() }).optional(),
  words: z.string().optional(),
  refusal: z.string().optional(),
});
export type CalendarEvent = z.infer<typeof CalendarEvent>;

export const freezes = {
  /** Windows of all freezes that hold at some time within `[from, to)`, by their beginning. Errors: `input.invalid` (more than ten years). */
  calendar: query(Window, z.object({ windows: z.array(FreezeWindow), truncated: z.boolean() })),
  /**
   * What a window and its recurrence come to: the rule in words and tidied, and the first `count` windows that are not over.
   * Errors: `input.invalid`, as freezing would.
   */
  preview: query(
    Window.extend({
      zone: Zone,
      recurrence: z.object({ rule: Text(600), exclude: z.array(LocalDate).max(500) }).optional(),
      count: z.int().min(1).max(50).default(5),
    }),
    z.object({
      windows: z.array(Window),
      /** How many there are, those that are over included. */
      total: z.int(),
      ends: Instant,
      recurrence: Recurrence.optional(),
      words: z.string().optional(),
    }),
  ),
  /** Reads a calendar file (`.ics`). `zone`: of times in it that name none. Errors: `input.too-large`, `input.invalid`. */
  readCalendar: query(
    z.object({ text: z.string().max(2_000_000), zone: Zone }),
    z.object({ events: z.array(CalendarEvent) }),
  ),
};

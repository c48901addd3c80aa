/**
 * Events of a calendar file (`.ics`, RFC 5545) as windows of a freeze. Anybody may have written the file: its size, its lines and
 * its nesting have limits before a parser sees it, and an event that a freeze cannot stand for is named with the reason, never
 * bent into something near it.
 */
import ICAL from 'ical.js';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import type { CalendarEvent } from '../../../shared/contract/freezes.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { Recurrence } from '../../../shared/model/snapshot.ts';
import { occurrencesOf, type Span } from './recurrence.ts';
import { tidyRule, wordsOf } from './rule.ts';
import { isZone, parseTime } from './time.ts';

export const MAX_CALENDAR_CHARACTERS = 1024 * 1024;
/** The parser needs the square of it. */
const MAX_LINE = 20_000;
const MAX_DEPTH = 5;
const MAX_EVENTS = 500;

/** jCal (RFC 7265): a property is its name, parameters, type and values; a component its name, properties and components. */
type Property = [string, Record<string, string | string[]>, string, ...unknown[]];
type Component = [string, Property[], Component[]];
const Property: z.ZodType<Property> = z
  .tuple([z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())])), z.string()])
  .rest(z.unknown());
const Component: z.ZodType<Component> = z.lazy(() =>
  z.tuple([z.string(), z.array(Property), z.array(Component)]),
);

const unsound = (why: string): Result<never> =>
  fail('input.invalid', `This is not a calendar file that can be read: ${why}.`, {
    hint: 'Export the calendar again, as iCalendar (.ics).',
  });

/** What the parser would take too long over. */
const checkShape = (text: string): Result<void> => {
  if (text.length > MAX_CALENDAR_CHARACTERS)
    return fail('input.too-large', 'The calendar file is larger than 1 MiB.', {
      hint: 'Export only the calendar with the freezes.',
    });
  let [depth, events, length] = [0, 0, 0];
  for (const line of text.split(/\r?\n/)) {
    length = /^[ \t]/.test(line) ? length + line.length : line.length;
    if (length > MAX_LINE) return unsound(`a line is longer than ${MAX_LINE} characters`);
    if (/^BEGIN:/i.test(line)) depth += 1;
    if (/^END:/i.test(line)) depth -= 1;
    if (/^BEGIN:VEVENT/i.test(line)) events += 1;
    if (depth > MAX_DEPTH) return unsound('its parts are nested too deeply');
    if (events > MAX_EVENTS) return unsound(`it has more than ${MAX_EVENTS} events`);
  }
  return ok(undefined);
};

/** What Outlook calls the zones people here are likely to live in (CLDR, windowsZones). */
const WINDOWS_ZONES: Record<string, string> = {
  'W. Europe Standard Time': 'Europe/Berlin',
  'Romance Standard Time': 'Europe/Paris',
  'Central Europe Standard Time': 'Europe/Budapest',
  'Central European Standard Time': 'Europe/Warsaw',
  'GMT Standard Time': 'Europe/London',
  'GTB Standard Time': 'Europe/Bucharest',
  'FLE Standard Time': 'Europe/Kiev',
  'Eastern Standard Time': 'America/New_York',
  'Central Standard Time': 'America/Chicago',
  'Mountain Standard Time': 'America/Denver',
  'Pacific Standard Time': 'America/Los_Angeles',
  'Tokyo Standard Time': 'Asia/Tokyo',
  'China Standard Time': 'Asia/Shanghai',
  'India Standard Time': 'Asia/Calcutta',
  'AUS Eastern Standard Time': 'Australia/Sydney',
  'E. South America Standard Time': 'America/Sao_Paulo',
};

/** `Europe/Berlin`; a Windows name; or a path of some calendar that ends in a zone. */
const zoneOf = (id: string): string | undefined => {
  const windows = Object.hasOwn(WINDOWS_ZONES, id) ? WINDOWS_ZONES[id] : undefined;
  const parts = id.split('/');
  const endings = [parts.slice(-3), parts.slice(-2), parts.slice(-1)].map((ending) => ending.join('/'));
  return [windows, id, ...endings].find((one) => one !== undefined && one.length <= 64 && isZone(one));
};

const refused = (why: string): Result<never> => fail('input.invalid', why);

type When = { at: string; zone: string; day: boolean };

/** A moment of the file. Times without a zone, and days, are in `zone`. */
const readTime = (value: unknown, property: Property, zone: string): Result<When> => {
  if (typeof value !== 'string') return refused('a time in it cannot be read');
  const id = property[1].tzid;
  const named = typeof id === 'string' ? zoneOf(id) : undefined;
  if (typeof id === 'string' && named === undefined)
    return refused(`its time zone '${id.slice(0, 60)}' is not known here`);
  const day = /^\d{4}-\d{2}-\d{2}$/.test(value);
  if (!day && !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z?$/.test(value))
    return refused('a time in it cannot be read');
  const own = value.endsWith('Z') ? 'UTC' : (named ?? zone);
  const read = parseTime(value, { zone: own, now: 0 });
  return read.ok ? ok({ at: read.value, zone: own, day }) : refused(read.error.message);
};

const endOfEvent = (all: (name: string) => Property[], start: When, zone: string): Result<string> => {
  const [end] = all('dtend');
  if (end !== undefined) {
    const read = readTime(end[3], end, zone);
    return read.ok ? ok(read.value.at) : read;
  }
  const [duration] = all('duration');
  if (duration === undefined && !start.day) return refused('it has no end');
  const text = duration === undefined ? 'P1D' : duration[3];
  try {
    const length = Temporal.Duration.from(typeof text === 'string' ? text : '');
    const from = Temporal.Instant.from(start.at).toZonedDateTimeISO(start.zone);
    return ok(new Date(from.add(length).epochMilliseconds).toISOString());
  } catch {
    return refused('its duration cannot be read');
  }
};

/** The rule, without the days that are taken out. */
const ruleOf = (all: (name: string) => Property[]): Result<string | undefined> => {
  const [rule, ...more] = all('rrule');
  if (more.length > 0 || all('exrule').length > 0) return refused('it recurs by more than one rule');
  if (all('rdate').length > 0) return refused('it has single dates beside its rule (RDATE)');
  if (rule === undefined) return ok(undefined);
  const data = z.record(z.string(), z.unknown()).safeParse(rule[3]);
  return data.success
    ? ok(tidyRule(ICAL.Recur.fromData(data.data).toString()))
    : refused('its rule cannot be read');
};

/** Days on which a window begins and is taken out; others mean nothing (RFC 5545, 3.8.5.1). */
const excludedDays = (properties: Property[], span: Span, zone: string): Result<string[]> => {
  const windows = occurrencesOf(span);
  if (!windows.ok) return windows;
  const days = new Set<string>();
  for (const property of properties)
    for (const value of property.slice(3)) {
      const read = readTime(value, property, zone);
      if (!read.ok) return read;
      const { at, day } = read.value;
      const found = windows.value.find((one) => (day ? one.date === value : one.from === Date.parse(at)));
      if (found !== undefined) days.add(found.date);
    }
  return ok([...days].sort());
};

const text = (property: Property | undefined, max: number): string =>
  typeof property?.[3] === 'string'
    ? property[3]
        .replace(/\p{Cc}+/gu, ' ')
        .trim()
        .slice(0, max)
        .toWellFormed()
    : '';

type Window = Pick<Span, 'from' | 'to' | 'zone' | 'recurrence'>;

const windowOf = (all: (name: string) => Property[], moved: boolean, zone: string): Result<Window> => {
  if (text(all('status')[0], 20).toUpperCase() === 'CANCELLED') return refused('it is cancelled');
  if (moved) return refused('single occurrences of it were moved (RECURRENCE-ID)');
  const [begin] = all('dtstart');
  if (begin === undefined) return refused('it has no beginning');
  const start = readTime(begin[3], begin, zone);
  if (!start.ok) return start;
  const to = endOfEvent(all, start.value, zone);
  if (!to.ok) return to;
  const span = { from: start.value.at, to: to.value, zone: start.value.zone };
  if (span.to <= span.from) return refused('it ends before it begins');
  const rule = ruleOf(all);
  if (!rule.ok) return rule;
  if (rule.value === undefined) return ok(span);
  const recurrence = Recurrence.safeParse({ rule: rule.value, exclude: [] });
  if (!recurrence.success) return refused('its rule cannot be read');
  const recurring = { ...span, recurrence: recurrence.data };
  const exclude = excludedDays(all('exdate'), recurring, zone);
  if (!exclude.ok) return exclude;
  const whole = Recurrence.safeParse({ rule: rule.value, exclude: exclude.value });
  if (!whole.success) return refused('too many days are taken out of it');
  const sound = occurrencesOf({ ...span, recurrence: whole.data });
  return sound.ok ? ok({ ...span, recurrence: whole.data }) : sound;
};

const eventsIn = (component: Component): Component[] =>
  component[0] === 'vevent' ? [component] : component[2].flatMap(eventsIn);

const propertiesOf =
  (event: Component) =>
  (name: string): Property[] =>
    event[1].filter((property) => property[0] === name);

/**
 * The events of a file, in its order. `zone`: of times that name none. Errors: `input.too-large`, `input.invalid` (no calendar
 * file, none with an event). An event that no freeze can stand for has a `refusal`.
 */
export const readCalendarFile = (file: string, zone: string): Result<CalendarEvent[]> => {
  if (!isZone(zone)) return fail('input.invalid', `'${zone}' is not a time zone this machine knows.`);
  const shape = checkShape(file);
  if (!shape.ok) return shape;
  let parsed: unknown;
  try {
    parsed = ICAL.parse(file);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : 'it is damaged';
    return unsound(why.replace(/[\p{Cc}]+/gu, ' ').slice(0, 120));
  }
  const whole = z.union([Component, z.array(Component)]).safeParse(parsed);
  if (!whole.success) return unsound('it is damaged');
  const roots = typeof whole.data[0] === 'string' ? [whole.data as Component] : (whole.data as Component[]);
  const events = roots.flatMap(eventsIn).map(propertiesOf);
  const uidOf = (all: (name: string) => Property[]) => text(all('uid')[0], 500);
  const moved = new Set(events.filter((all) => all('recurrence-id').length > 0).map(uidOf));
  const found = events
    .filter((all) => all('recurrence-id').length === 0)
    .map((all): CalendarEvent => {
      const uid = uidOf(all);
      const names = { uid, summary: text(all('summary')[0], 200) };
      const window = windowOf(all, moved.has(uid), zone);
      if (!window.ok) return { ...names, refusal: window.error.message.slice(0, 500) };
      const { recurrence } = window.value;
      return {
        ...names,
        window: window.value,
        ...(recurrence === undefined ? {} : { words: wordsOf(recurrence.rule) }),
      };
    });
  return found.length > 0 ? ok(found) : unsound('it holds no event');
};

const listed = (events: CalendarEvent[]): string =>
  events
    .slice(0, 10)
    .map((event) => `${event.uid || '(no UID)'} ${event.summary}`.trim())
    .join('; ');

/** The one event that is meant. Errors: `input.invalid` (several and no `uid`; none with it; one that no freeze can stand for). */
export const chooseEvent = (
  events: CalendarEvent[],
  uid: string | undefined,
): Result<{ window: Window; event: CalendarEvent }> => {
  const meant = uid === undefined ? events : events.filter((event) => event.uid === uid);
  const [event, ...others] = meant;
  if (event === undefined)
    return fail('input.invalid', `The file has no event with the UID ${uid?.slice(0, 100)}.`, {
      hint: `It has: ${listed(events)}.`,
    });
  if (others.length > 0)
    return fail('input.invalid', `The file has ${meant.length} events; a freeze is made of one.`, {
      hint: `Choose one by its UID: ${listed(meant)}.`,
    });
  return event.window === undefined
    ? fail('input.invalid', `A freeze cannot stand for '${event.summary || event.uid}': ${event.refusal}.`)
    : ok({ window: event.window, event });
};

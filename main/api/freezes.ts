import type { Handlers } from '../../shared/contract/contract.ts';
import type { FreezeCalendar } from '../core/snapshots/freezeCalendar.ts';

type FreezeNames = Extract<keyof Handlers, `freezes.${string}`>;

export const freezeHandlers = (calendar: FreezeCalendar): Pick<Handlers, FreezeNames> => ({
  'freezes.calendar': calendar.calendar,
  'freezes.preview': calendar.preview,
  'freezes.readCalendar': calendar.readCalendar,
});

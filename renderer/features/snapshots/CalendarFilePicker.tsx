/** Takes the times of a freeze from an event of a calendar file. */
import { CalendarPlus } from 'lucide-react';
import { useRef, useState } from 'react';
import type { CalendarEvent } from '../../../shared/contract/freezes.ts';
import type { FrostError } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { tooLarge, useSnapshots } from './store.ts';

const MAX_BYTES = 1024 * 1024;
export type EventWindow = NonNullable<CalendarEvent['window']>;

export const CalendarFilePicker = ({
  zone,
  onWindow,
}: {
  /** Of times in the file that name none. */
  zone: string;
  onWindow: (window: EventWindow) => void;
}) => {
  const readCalendar = useSnapshots((s) => s.readCalendar);
  const input = useRef<HTMLInputElement>(null);
  const [events, setEvents] = useState<readonly CalendarEvent[]>([]);
  const [taken, setTaken] = useState<string>();
  const [error, setError] = useState<FrostError>();
  const take = (event: CalendarEvent) => {
    if (event.window === undefined) return;
    setTaken(event.summary || event.uid);
    onWindow(event.window);
  };
  const read = async (file: File) => {
    setEvents([]);
    setTaken(undefined);
    setError(undefined);
    if (file.size > MAX_BYTES) return setError(tooLarge(file.size, MAX_BYTES));
    const result = await readCalendar(await file.text(), zone);
    if (!result.ok) return setError(result.error);
    setEvents(result.value.events);
    const [only, ...others] = result.value.events;
    if (only !== undefined && others.length === 0) take(only);
  };
  return (
    <div className="snap-ics">
      <input
        ref={input}
        type="file"
        accept=".ics,text/calendar"
        hidden
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          event.target.value = '';
          if (file !== undefined) void read(file);
        }}
      />
      <Button size="sm" icon={<CalendarPlus size={15} aria-hidden />} onClick={() => input.current?.click()}>
        Times from a calendar file…
      </Button>
      <p role="status" className="small">
        {taken !== undefined && `Taken from the file: ${taken}.`}
      </p>
      {error !== undefined && <ErrorState title="This file is refused" error={error} />}
      {events.length > 0 && (events.length > 1 || events[0]?.window === undefined) && (
        <ul className="snap-events" aria-label="Events of the file">
          {events.map((event, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a file may hold two events with the same UID
            <li key={index}>
              <Button size="sm" disabled={event.window === undefined} onClick={() => take(event)}>
                Take {event.summary || event.uid || 'this event'}
              </Button>{' '}
              <span className="small">{event.refusal ?? event.words ?? 'once'}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
};

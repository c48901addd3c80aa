/** A month with what is frozen on each of its days. One tab stop: arrows go by day and week, Page Up/Down by month (with Shift by year). */
// biome-ignore-all lint/a11y/useSemanticElements: the date grid pattern; a table's own roles are overridden by it anyway
// biome-ignore-all lint/a11y/useFocusableInteractive: days take the focus, rows and headings do not
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid takes the keys of its days
import { Repeat } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import { dayAfterKey, dayName, monthName, monthOf, weeksOf } from '../snapshots/freezeTime.ts';
import { type DayPart, dayWords, partWords } from './days.ts';

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;
/** More of them are told as a number. */
const SHOWN = 3;

export const CalendarGrid = ({
  day,
  today,
  parts,
  onDay,
}: {
  /** The day that is chosen, and has the focus when the grid has; its month is shown. */
  day: string;
  today: string;
  parts: ReadonlyMap<string, readonly DayPart[]>;
  onDay: (day: string) => void;
}) => {
  const grid = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  const month = monthOf(day);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the day of the new focus may be in another month
  useEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }, [day]);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = dayAfterKey(day, event.key, event.shiftKey);
    if (next === undefined) return;
    event.preventDefault();
    moved.current = true;
    onDay(next);
  };
  return (
    <div
      ref={grid}
      role="grid"
      className="frz-grid"
      aria-label={`Freezes, ${monthName(month)}`}
      onKeyDown={onKeyDown}
    >
      <div role="row" className="frz-week">
        {DAYS.map((name) => (
          <span key={name} role="columnheader" className="frz-head" aria-label={name}>
            {name.slice(0, 3)}
          </span>
        ))}
      </div>
      {weeksOf(month).map((week) => (
        <div key={week[0]} role="row" className="frz-week">
          {week.map((each) => {
            const all = parts.get(each) ?? [];
            return (
              <div
                key={each}
                role="gridcell"
                className="frz-day"
                tabIndex={each === day ? 0 : -1}
                aria-selected={each === day}
                aria-current={each === today ? 'date' : undefined}
                data-other={monthOf(each) === month ? undefined : ''}
                onClick={() => onDay(each)}
              >
                <span className="visually-hidden">{`${dayName(each)}, ${dayWords(all)}`}</span>
                <span className="frz-number" aria-hidden>
                  {Number(each.slice(8))}
                </span>
                {all.slice(0, SHOWN).map((part) => (
                  <span
                    key={`${part.window.id}${part.window.from}`}
                    className="frz-bar"
                    data-state={part.window.state}
                    title={`${part.window.snapshot}: ${partWords(part)}`}
                    aria-hidden
                  >
                    {part.window.recurring && <Repeat size={11} />}
                    <span>{part.window.snapshot}</span>
                  </span>
                ))}
                {all.length > SHOWN && (
                  <span className="frz-more" aria-hidden>
                    and {all.length - SHOWN} more
                  </span>
                )}
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
};

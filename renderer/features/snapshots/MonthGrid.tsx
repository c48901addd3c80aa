/** A month to choose a day from. One tab stop: arrows go by day and week, Page Up/Down by month (with Shift by year). */
// biome-ignore-all lint/a11y/useSemanticElements: the date grid pattern; a table's own roles are overridden by it anyway
// biome-ignore-all lint/a11y/useFocusableInteractive: days take the focus, rows and headings do not
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid takes the keys of its days
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { IconButton } from '../../ui/Button.tsx';
import { addMonths, dayAfterKey, dayName, isDate, monthName, monthOf, weeksOf } from './freezeTime.ts';

const DAYS = [
  ['Mo', 'Monday'],
  ['Tu', 'Tuesday'],
  ['We', 'Wednesday'],
  ['Th', 'Thursday'],
  ['Fr', 'Friday'],
  ['Sa', 'Saturday'],
  ['Su', 'Sunday'],
] as const;

export const MonthGrid = ({
  label,
  value,
  today,
  range,
  onChange,
}: {
  label: string;
  /** `2026-11-23`; anything else: no day chosen. */
  value: string;
  today: string;
  /** Days from … to, both included, that are marked as part of the span. */
  range: { from: string; to: string };
  onChange: (date: string) => void;
}) => {
  const chosen = isDate(value) ? value : undefined;
  const [focus, setFocus] = useState(chosen ?? today);
  const grid = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  const month = monthOf(focus);

  useEffect(() => {
    if (chosen !== undefined) setFocus(chosen);
  }, [chosen]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the day of the new focus may be in another month
  useEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  }, [focus]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      return onChange(focus);
    }
    const next = dayAfterKey(focus, event.key, event.shiftKey);
    if (next === undefined) return;
    event.preventDefault();
    moved.current = true;
    setFocus(next);
  };
  const turn = (count: number) => setFocus(`${addMonths(month, count)}-01`);

  return (
    <div className="snap-month">
      <div className="row spread">
        <IconButton
          size="sm"
          label="Month before"
          icon={<ChevronLeft size={15} aria-hidden />}
          onClick={() => turn(-1)}
        />
        <span className="snap-month-name" aria-live="polite">
          {monthName(month)}
        </span>
        <IconButton
          size="sm"
          label="Month after"
          icon={<ChevronRight size={15} aria-hidden />}
          onClick={() => turn(1)}
        />
      </div>
      <div ref={grid} role="grid" aria-label={`${label}, ${monthName(month)}`} onKeyDown={onKeyDown}>
        <div role="row" className="snap-week">
          {DAYS.map(([short, long]) => (
            <span key={long} role="columnheader" aria-label={long}>
              {short}
            </span>
          ))}
        </div>
        {weeksOf(month).map((week) => (
          <div key={week[0]} role="row" className="snap-week">
            {week.map((day) => (
              <span
                key={day}
                role="gridcell"
                className="snap-day"
                tabIndex={day === focus ? 0 : -1}
                aria-selected={day === chosen}
                aria-current={day === today ? 'date' : undefined}
                aria-label={dayName(day)}
                data-other={monthOf(day) === month ? undefined : ''}
                data-in={day >= range.from && day <= range.to ? '' : undefined}
                onClick={() => {
                  setFocus(day);
                  onChange(day);
                }}
              >
                {Number(day.slice(8))}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
};

/** The filter of the fleet: a word, or a selector that the host process judges. */
import { Search, X } from 'lucide-react';
import { type Ref, useEffect, useId, useState } from 'react';
import { IconButton } from '../../ui/Button.tsx';
import { Input } from '../../ui/Field.tsx';
import { useFleet } from './store.ts';

/** Typing is not interrupted by a request for every letter. */
const WAIT_MS = 180;

export const FilterBox = ({ ref }: { ref: Ref<HTMLInputElement> }) => {
  const { filter, setFilter, error } = useFleet((state) => ({
    filter: state.filter,
    setFilter: state.setFilter,
    error: state.filterError,
  }));
  const [text, setText] = useState(filter);
  const helpId = useId();
  useEffect(() => setText(filter), [filter]);
  useEffect(() => {
    if (text === filter) return;
    const timer = setTimeout(() => setFilter(text), WAIT_MS);
    return () => clearTimeout(timer);
  }, [text, filter, setFilter]);
  return (
    <div className="filter">
      <div className="filter-box">
        <Search size={15} aria-hidden />
        <Input
          ref={ref}
          type="search"
          aria-label="Filter hosts"
          aria-describedby={helpId}
          aria-invalid={error !== undefined || undefined}
          placeholder="Name, or tag=web and env=production"
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') setFilter(text);
            if (event.key === 'Escape' && text !== '') {
              event.stopPropagation();
              setText('');
              setFilter('');
            }
          }}
        />
        {text !== '' && (
          <IconButton
            label="Clear the filter"
            size="sm"
            icon={<X size={14} aria-hidden />}
            onClick={() => {
              setText('');
              setFilter('');
            }}
          />
        )}
      </div>
      <div id={helpId} className={error === undefined ? 'visually-hidden' : 'field-error'} aria-live="polite">
        {error === undefined
          ? 'A word finds names that contain it; tag=, env=, os= with and, or, not find more.'
          : [error.message, error.hint].filter(Boolean).join(' ')}
      </div>
    </div>
  );
};

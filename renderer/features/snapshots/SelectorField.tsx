/** Which hosts, with those that match said below it. */
import { Field, Input } from '../../ui/Field.tsx';
import { type Matches, matchText } from './useMatches.ts';

export const SelectorField = ({
  label,
  value,
  onChange,
  matches,
  what,
  required = false,
  disabled = false,
  error,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Of the same selector: see `useMatches`. */
  matches: Matches;
  /** In the place of "hosts match". */
  what?: string;
  required?: boolean;
  disabled?: boolean;
  /** What else is wrong with it. */
  error?: string | undefined;
}) => (
  <Field
    label={label}
    required={required}
    hint={matchText(matches, what)}
    className="selector-field"
    error={matches.status === 'error' ? matches.error.message : error}
  >
    <Input mono value={value} disabled={disabled} onChange={(event) => onChange(event.target.value)} />
  </Field>
);

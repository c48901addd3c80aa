/** Whether and how a freeze recurs, with its next windows as the host process works them out. */
import { useEffect, useState } from 'react';
import type { Output } from '../../../shared/contract/contract.ts';
import type { FrostError } from '../../../shared/errors.ts';
import { Field, Input, Select } from '../../ui/Field.tsx';
import { ErrorState } from '../../ui/Notice.tsx';
import { inZone, type Span } from './freezeTime.ts';
import { type RecurrenceForm, type Repeats, recurrenceOf } from './recurrence.ts';
import { useSnapshots } from './store.ts';

const CHOICES: readonly [Repeats, string][] = [
  ['once', 'Once'],
  ['daily', 'Every day'],
  ['weekly', 'Every week, on that weekday'],
  ['monthly-day', 'Every month, on that day'],
  ['monthly-weekday', 'Every month, on that weekday of the month'],
  ['yearly', 'Every year'],
  ['rule', 'By a rule (RFC 5545)'],
];
const DELAY_MS = 250;

export const RecurrenceFields = ({
  form,
  first,
  span,
  zone,
  onChange,
}: {
  form: RecurrenceForm;
  /** Day on which the first window begins. */
  first: string;
  span: Span;
  zone: string;
  onChange: (form: RecurrenceForm) => void;
}) => {
  const set = (part: Partial<RecurrenceForm>) => onChange({ ...form, ...part });
  return (
    <fieldset className="group">
      <legend>Recurrence</legend>
      <div className="snap-recur">
        <Field label="Repeats">
          <Select value={form.repeats} onChange={(event) => set({ repeats: event.target.value as Repeats })}>
            {CHOICES.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        </Field>
        {form.repeats === 'rule' && (
          <Field label="Rule">
            <Input
              mono
              placeholder="FREQ=WEEKLY;BYDAY=FR"
              value={form.rule}
              onChange={(event) => set({ rule: event.target.value })}
            />
          </Field>
        )}
        {form.repeats !== 'once' && form.repeats !== 'rule' && (
          <>
            <Field label="Every" hint="1: each one, 2: every other">
              <Input
                inputMode="numeric"
                value={form.every}
                onChange={(event) => set({ every: event.target.value })}
              />
            </Field>
            <Field label="Ends">
              <Select
                value={form.end}
                onChange={(event) => set({ end: event.target.value as RecurrenceForm['end'] })}
              >
                <option value="never">After ten years</option>
                <option value="count">After a number of times</option>
                <option value="until">On a day</option>
              </Select>
            </Field>
          </>
        )}
        {form.repeats !== 'once' && form.repeats !== 'rule' && form.end === 'count' && (
          <Field label="Times">
            <Input
              inputMode="numeric"
              value={form.count}
              onChange={(event) => set({ count: event.target.value })}
            />
          </Field>
        )}
        {form.repeats !== 'once' && form.repeats !== 'rule' && form.end === 'until' && (
          <Field label="Last day">
            <Input
              mono
              placeholder="2027-03-31"
              value={form.until}
              onChange={(event) => set({ until: event.target.value })}
            />
          </Field>
        )}
        {form.repeats !== 'once' && (
          <Field label="Not on" hint="Days on which no window begins, with commas" optional>
            <Input
              mono
              placeholder="2026-12-25, 2027-01-01"
              value={form.exclude}
              onChange={(event) => set({ exclude: event.target.value })}
            />
          </Field>
        )}
      </div>
      {form.repeats !== 'once' && <Preview form={form} first={first} span={span} zone={zone} />}
    </fieldset>
  );
};

type Looked = { value: Output<'freezes.preview'> } | { error: FrostError } | undefined;

const Preview = ({
  form,
  first,
  span,
  zone,
}: {
  form: RecurrenceForm;
  first: string;
  span: Span;
  zone: string;
}) => {
  const preview = useSnapshots((s) => s.preview);
  const [looked, setLooked] = useState<Looked>();
  const recurrence = recurrenceOf(form, first);
  const asked =
    span.ok && typeof recurrence === 'object'
      ? JSON.stringify({ from: span.from.instant, to: span.to.instant, zone, recurrence })
      : undefined;
  useEffect(() => {
    setLooked(undefined);
    if (asked === undefined) return;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const result = await preview(JSON.parse(asked), stop.signal);
      if (!stop.signal.aborted) setLooked(result.ok ? { value: result.value } : { error: result.error });
    }, DELAY_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [asked, preview]);
  return (
    <div className="panel snap-words" role="status" aria-label="Next windows">
      {typeof recurrence === 'string' && <p className="muted">{recurrence}</p>}
      {looked !== undefined && 'error' in looked && <ErrorState error={looked.error} />}
      {looked !== undefined && 'value' in looked && (
        <>
          <p>
            <strong>{capital(looked.value.words ?? '')}</strong>: {looked.value.total}{' '}
            {looked.value.total === 1 ? 'window' : 'windows'}, the last one ends{' '}
            {inZone(looked.value.ends, zone)}. The next ones:
          </p>
          <ol className="snap-windows num small">
            {looked.value.windows.map((window) => (
              <li key={window.from}>
                {inZone(window.from, zone)} to {inZone(window.to, zone)}
              </li>
            ))}
          </ol>
        </>
      )}
    </div>
  );
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

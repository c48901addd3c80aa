/** Freezes a snapshot on hosts for a time, saying in words what that means. */
import { useMemo, useState } from 'react';
import type { FrostError } from '../../../shared/errors.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx';
import { formatList, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { useNow } from '../../ui/Time.tsx';
import { CalendarFilePicker, type EventWindow } from './CalendarFilePicker.tsx';
import { inZone, momentOf, type Span, spanOf, today, type WallTime, wallOf, zones } from './freezeTime.ts';
import { MonthGrid } from './MonthGrid.tsx';
import { RecurrenceFields } from './RecurrenceFields.tsx';
import { ONCE, type RecurrenceForm, recurrenceOf } from './recurrence.ts';
import { SelectorField } from './SelectorField.tsx';
import { useSnapshots } from './store.ts';
import { useMatches } from './useMatches.ts';

type Policy = 'listed-only' | 'listed-or-dependency';
const DAY_MS = 86_400_000;
const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** From the next full hour for a week: a proposal, to be changed. */
const proposal = (zone: string): { from: WallTime; to: WallTime } => {
  const hour = Math.ceil(Date.now() / 3_600_000) * 3_600_000;
  const wall = (ms: number) => wallOf(new Date(ms).toISOString(), zone);
  return { from: wall(hour), to: { ...wall(hour + 7 * DAY_MS), time: wall(hour).time } };
};

/** What hosts call their environments. The field stands there from the start: one that came in later would push others from under the pointer. */
const useEnvironments = (): { names: readonly string[]; hint: string } => {
  const everywhere = useMatches('all');
  switch (everywhere.status) {
    case 'none':
    case 'asking':
      return { names: [], hint: 'Looking up the environments of the hosts…' };
    case 'error':
      return { names: [], hint: `The environments are not known: ${everywhere.error.message}` };
    case 'matched': {
      const names = [...new Set(everywhere.hosts.flatMap((each) => each.host.environment ?? []))].sort();
      return names.length === 0
        ? { names, hint: 'No host names an environment. One can be given to each host.' }
        : { names, hint: 'Sets the hosts above to all of one environment.' };
    }
  }
};

export const FreezeDialog = ({ snapshot, onClose }: { snapshot: SnapshotView; onClose: () => void }) => {
  const freeze = useSnapshots((s) => s.freeze);
  const [zone, setZone] = useState(ownZone);
  const [first] = useState(() => proposal(zone));
  const [from, setFrom] = useState(first.from);
  const [to, setTo] = useState(first.to);
  const [hosts, setHosts] = useState(snapshot.freeze?.hosts ?? 'all');
  const [policy, setPolicy] = useState<Policy>('listed-only');
  const [guard, setGuard] = useState(false);
  const [recurs, setRecurs] = useState<RecurrenceForm>(ONCE);
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const now = new Date(useNow()).toISOString();
  const matches = useMatches(hosts);
  const allZones = useMemo(() => [...new Set([ownZone(), ...zones()])], []);
  const span = spanOf(from, to, zone, now);
  const day = today(zone);
  const matched = matches.status === 'matched' ? matches.hosts : undefined;
  const elsewhere = (matched ?? []).filter(
    (each) => each.frozenBy !== undefined && each.frozenBy !== snapshot.name,
  );
  const environments = useEnvironments();
  const recurrence = recurrenceOf(recurs, from.date);
  const takeEvent = (event: EventWindow) => {
    setZone(event.zone);
    setFrom(wallOf(event.from, event.zone));
    setTo(wallOf(event.to, event.zone));
    setRecurs(
      event.recurrence === undefined
        ? ONCE
        : {
            ...ONCE,
            repeats: 'rule',
            rule: event.recurrence.rule,
            exclude: event.recurrence.exclude.join(', '),
          },
    );
  };
  const range = { from: from.date, to: to.date };
  const wrong = (field: 'from' | 'to' | 'zone') => {
    if (span.ok || span.field !== field) return undefined;
    return asked || (field === 'to' && momentOf(to, zone) !== undefined) ? span.reason : undefined;
  };
  const noHosts = asked && (hosts.trim() === '' || matched?.length === 0);

  const submit = async () => {
    setAsked(true);
    setError(undefined);
    if (typeof recurrence === 'string') return;
    if (!span.ok || matched === undefined || matched.length === 0) return;
    setBusy(true);
    const result = await freeze(snapshot.name, {
      hosts: hosts.trim(),
      from: span.from.instant,
      to: span.to.instant,
      zone,
      policy,
      guard,
      ...(recurrence === undefined ? {} : { recurrence }),
    });
    setBusy(false);
    if (result.ok) onClose();
    else setError(result.error);
  };

  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={`Freeze ${snapshot.name}@${snapshot.revision}`}
      text="While it is frozen, only what stands in this revision may be deployed on these hosts. Anything else is refused, from wherever it is asked for."
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      notice={
        <>
          {elsewhere.length > 0 && (
            <Notice
              tone="warn"
              title={`${formatList(
                elsewhere.map((each) => `${each.host.name} (frozen by ${each.frozenBy})`),
                4,
              )}: two snapshots cannot be frozen on one host at the same time.`}
            />
          )}
          {error !== undefined && <ErrorState error={error} />}
        </>
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Freeze{matched !== undefined && matched.length > 0 ? ` on ${plural(matched.length, 'host')}` : ''}
          </Button>
        </>
      }
    >
      <div className="snap-where">
        <SelectorField
          label="Hosts"
          matches={matches}
          value={hosts}
          onChange={setHosts}
          required
          what="hosts match now"
          error={noHosts ? 'Choose at least one host.' : undefined}
        />
        <Field label="Time zone" required error={wrong('zone')}>
          <Select value={zone} onChange={(event) => setZone(event.target.value)}>
            {allZones.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <Field label="Environment" hint={environments.hint}>
        <Select
          disabled={environments.names.length === 0}
          value={environments.names.find((each) => hosts.trim() === `env=${each}`) ?? ''}
          onChange={(event) => setHosts(event.target.value === '' ? 'all' : `env=${event.target.value}`)}
        >
          <option value="">None in particular</option>
          {environments.names.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </Select>
      </Field>
      <CalendarFilePicker zone={zone} onWindow={takeEvent} />
      <div className="snap-ends">
        <End legend="Begins" wall={from} onChange={setFrom} error={wrong('from')} today={day} range={range} />
        <End legend="Ends" wall={to} onChange={setTo} error={wrong('to')} today={day} range={range} />
      </div>
      <InWords span={span} zone={zone} />
      <RecurrenceFields form={recurs} first={from.date} span={span} zone={zone} onChange={setRecurs} />
      <fieldset className="group">
        <legend>What else may come along</legend>
        <PolicyChoice
          value="listed-only"
          now={policy}
          onChange={setPolicy}
          label="Nothing: listed entries only"
          hint="A host that needs an unlisted package for an entry is refused, naming the package."
        />
        <PolicyChoice
          value="listed-or-dependency"
          now={policy}
          onChange={setPolicy}
          label="Dependencies of listed entries"
          hint="Unlisted packages that an entry needs are allowed, and reported."
        />
      </fieldset>
      <Checkbox
        label="Enforce on the hosts too (guard)"
        hint="Each host's own package manager then refuses what is not listed, and its own updaters rest. Needs root there; everything is put back when the freeze ends."
        checked={guard}
        onChange={(event) => setGuard(event.target.checked)}
      />
    </Dialog>
  );
};

const End = ({
  legend,
  wall,
  onChange,
  error,
  today: day,
  range,
}: {
  legend: string;
  wall: WallTime;
  onChange: (wall: WallTime) => void;
  error: string | undefined;
  today: string;
  range: { from: string; to: string };
}) => (
  <fieldset className="group snap-end">
    <legend>{legend}</legend>
    <div className="snap-end-fields">
      <Field label="Day" error={error}>
        <Input
          mono
          placeholder="2026-12-24"
          value={wall.date}
          onChange={(event) => onChange({ ...wall, date: event.target.value.trim() })}
        />
      </Field>
      <Field label="Time">
        <Input
          mono
          placeholder="14:00"
          inputMode="numeric"
          value={wall.time}
          onChange={(event) => onChange({ ...wall, time: event.target.value.trim() })}
        />
      </Field>
    </div>
    <MonthGrid
      label={legend}
      value={wall.date}
      today={day}
      range={range}
      onChange={(date) => onChange({ ...wall, date })}
    />
  </fieldset>
);

const PolicyChoice = ({
  value,
  now,
  label,
  hint,
  onChange,
}: {
  value: Policy;
  now: Policy;
  label: string;
  hint: string;
  onChange: (policy: Policy) => void;
}) => (
  <label className="snap-radio">
    <input type="radio" name="freeze-policy" checked={now === value} onChange={() => onChange(value)} />
    <span>
      {label}
      <span className="check-hint">{hint}</span>
    </span>
  </label>
);

const utc = (instant: string): string => instant.slice(0, 16).replace('T', ' ');

const InWords = ({ span, zone }: { span: Span; zone: string }) => (
  <div className="panel snap-words" aria-live="polite">
    {span.ok ? (
      <>
        <p>
          Frozen from <strong>{inZone(span.from.instant, zone)}</strong>
          {span.started && ' (already begun: it holds at once)'} up to, but not including,{' '}
          <strong>{inZone(span.to.instant, zone)}</strong>, {zone}: <strong>{span.length}</strong>.
        </p>
        <p className="num small">
          In UTC: {utc(span.from.instant)} ≤ time &lt; {utc(span.to.instant)}. At the end exactly, normal
          rules apply again.
        </p>
        {[span.from.note, span.to.note].map((note) =>
          note === undefined ? null : (
            <p key={note} className="small snap-clock">
              {note}
            </p>
          ),
        )}
      </>
    ) : (
      <p className="muted">{span.reason}</p>
    )}
  </div>
);

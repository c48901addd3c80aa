/** Every freeze there is: a month of them, the chosen day in words, and the list of those that hold or will. */
import { ChevronLeft, ChevronRight, Snowflake } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { present } from '../../app/loadable.ts';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { Button, IconButton } from '../../ui/Button.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Field, Select } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { ErrorState } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import {
  addMonths,
  dayName,
  inZone,
  momentOf,
  monthName,
  monthOf,
  today as todayIn,
  weeksOf,
  zones,
} from '../snapshots/freezeTime.ts';
import { OutsideCounts } from '../snapshots/OutsideCounts.tsx';
import { type FreezeInfo, useSnapshots } from '../snapshots/store.ts';
import { CalendarGrid } from './CalendarGrid.tsx';
import { byDay, type DayPart, partWords, stateWords } from './days.ts';
import { useFreezeCalendar } from './store.ts';
import './freezes.css';

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
const TONES: Record<DayPart['window']['state'], Tone> = {
  active: 'frozen',
  coming: 'busy',
  past: 'neutral',
  lifted: 'neutral',
};

export const CalendarPage = () => {
  const [zone, setZone] = useState(ownZone);
  const today = todayIn(zone);
  const [day, setDay] = useState(today);
  const { loadable, show, reload } = useFreezeCalendar((s) => ({
    loadable: s.windows,
    show: s.show,
    reload: s.reload,
  }));
  const freezes = useSnapshots((s) => s.freezes);
  const allZones = useMemo(() => [...new Set([ownZone(), ...zones()])], []);
  const month = monthOf(day);
  const days = useMemo(() => weeksOf(month).flat(), [month]);
  useEffect(() => {
    const start = momentOf({ date: days[0] ?? '', time: '00:00' }, zone);
    const end = momentOf({ date: days.at(-1) ?? '', time: '00:00' }, zone);
    if (start === undefined || end === undefined) return;
    // A day of 25 hours is the longest there is.
    show(start.instant, new Date(Date.parse(end.instant) + 25 * 3_600_000).toISOString());
  }, [days, zone, show]);
  const windows = present(loadable);
  const parts = useMemo(() => byDay(windows ?? [], days, zone), [windows, days, zone]);
  const turn = (count: number) => setDay(`${addMonths(month, count)}-01`);
  return (
    <div className="page">
      <PageHeader
        title="Freezes"
        subtitle="While a freeze holds, only its snapshot may be deployed on its hosts. The times here are in the zone you choose."
      />
      <div className="page-body frz-page">
        <div className="row spread">
          <div className="row">
            <IconButton
              label="Month before"
              icon={<ChevronLeft size={16} aria-hidden />}
              onClick={() => turn(-1)}
            />
            <h2 className="frz-month" aria-live="polite">
              {monthName(month)}
            </h2>
            <IconButton
              label="Month after"
              icon={<ChevronRight size={16} aria-hidden />}
              onClick={() => turn(1)}
            />
            <Button size="sm" onClick={() => setDay(today)}>
              Today
            </Button>
          </div>
          <Field label="Time zone">
            <Select value={zone} onChange={(event) => setZone(event.target.value)}>
              {allZones.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        {loadable.status === 'error' && (
          <ErrorState
            title="The freezes cannot be read"
            error={loadable.error}
            onRetry={() => void reload()}
          />
        )}
        {windows === undefined && loadable.status === 'loading' && <Loading label="Reading the freezes" />}
        {windows !== undefined && <CalendarGrid day={day} today={today} parts={parts} onDay={setDay} />}
        {windows !== undefined && <DayList day={day} zone={zone} parts={parts.get(day) ?? []} />}
        <FreezeList freezes={freezes} />
      </div>
    </div>
  );
};

const DayList = ({ day, zone, parts }: { day: string; zone: string; parts: readonly DayPart[] }) => (
  <section aria-label={`On ${dayName(day)}`} aria-live="polite" className="panel frz-daylist">
    <h2>{dayName(day)}</h2>
    {parts.length === 0 ? (
      <p className="muted">No freeze on that day.</p>
    ) : (
      <ul>
        {parts.map((part) => (
          <li key={`${part.window.id}${part.window.from}`}>
            <Badge tone={TONES[part.window.state]}>{stateWords(part.window)}</Badge>
            <Link href={`/snapshots/${encodeURIComponent(part.window.snapshot)}`}>
              {part.window.snapshot}@{part.window.revision}
            </Link>
            <span>
              {partWords(part)}, on <code>{part.window.selector}</code>
              {part.window.recurring && ', recurring'}
            </span>
            <span className="muted small num">
              {inZone(part.window.from, zone)} to {inZone(part.window.to, zone)}
            </span>
          </li>
        ))}
      </ul>
    )}
  </section>
);

const FreezeList = ({ freezes }: { freezes: readonly FreezeInfo[] }) => (
  <section aria-labelledby="frz-list">
    <h2 id="frz-list">Holding now, or to come</h2>
    {freezes.length === 0 ? (
      <EmptyState icon={Snowflake} title="Nothing is frozen">
        <p>
          Freeze a <Link href="/snapshots">snapshot</Link> on some hosts: until its end nothing else can be
          deployed there.
        </p>
      </EmptyState>
    ) : (
      <ul className="frz-list">
        {freezes.map((freeze) => (
          <li key={freeze.id} className="panel">
            <div className="row">
              <Badge tone={freeze.active ? 'frozen' : 'busy'}>
                {freeze.active ? 'holds now' : 'to come'}
              </Badge>
              <Link href={`/snapshots/${encodeURIComponent(freeze.snapshot)}`}>
                <strong>
                  {freeze.snapshot}@{freeze.revision}
                </strong>
              </Link>
              <span>
                {plural(freeze.hosts.length, 'host')} (<code>{freeze.selector}</code>)
              </span>
            </div>
            <p>
              {freeze.active ? 'Until' : 'From'}{' '}
              {inZone((freeze.active ? freeze.window?.to : freeze.window?.from) ?? freeze.from, freeze.zone)}{' '}
              ({freeze.zone}){freeze.words === undefined ? '' : `, ${freeze.words}`}.
            </p>
            <OutsideCounts outside={freeze.outside} />
          </li>
        ))}
      </ul>
    )}
  </section>
);

/** What runs did, package by package and host by host. */
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { HistoryRun, HistoryTask } from '../../../shared/model/report.ts';
import { StatusDot, type Tone } from '../../ui/Badge.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { taskLook } from '../../ui/states.ts';
import { RelativeTime } from '../../ui/Time.tsx';

type Package = HistoryTask['packages'][number];
type Line = { key: string; run: HistoryRun; task: HistoryTask; one: Package | undefined };

const RESULTS: Record<Package['result'], { tone: Tone; label: string }> = {
  done: { tone: 'good', label: 'done' },
  unchanged: { tone: 'warn', label: 'unchanged' },
  other: { tone: 'bad', label: 'another version' },
  'not-started': { tone: 'neutral', label: 'not started' },
  unknown: { tone: 'bad', label: 'unknown' },
};

const COLUMNS: readonly Column<Line>[] = [
  {
    id: 'started',
    header: 'Run',
    min: 7,
    descFirst: true,
    sort: (line) => line.run.startedAt,
    cell: (line, { tabIndex }) => (
      <Link href={`/runs/${line.run.id}`} tabIndex={tabIndex}>
        <RelativeTime at={line.run.startedAt} />
      </Link>
    ),
  },
  {
    id: 'snapshot',
    header: 'Snapshot',
    min: 9,
    grow: 1,
    sort: (line) => line.run.snapshot.name,
    cell: (line) => (
      <span className="truncate">{`${line.run.snapshot.name}@${line.run.snapshot.revision}`}</span>
    ),
  },
  {
    id: 'host',
    header: 'Host',
    min: 8,
    grow: 1,
    sort: (line) => line.task.host,
    cell: (line) => line.task.host,
  },
  {
    id: 'state',
    header: 'State',
    min: 9,
    sort: (line) => taskLook[line.task.state].label,
    cell: (line) => {
      const { tone, icon, label } = taskLook[line.task.state];
      return (
        <StatusDot tone={tone} icon={icon}>
          {label}
        </StatusDot>
      );
    },
  },
  {
    id: 'package',
    header: 'Package',
    min: 9,
    grow: 1,
    sort: (line) => line.one?.name,
    cell: (line) => <span className="mono truncate">{line.one?.name ?? '–'}</span>,
  },
  {
    id: 'versions',
    header: 'From, to',
    min: 12,
    grow: 2,
    cell: (line) => (
      <span className="mono truncate">
        {line.one === undefined ? '' : `${line.one.from ?? 'nothing'} → ${line.one.to ?? 'removed'}`}
      </span>
    ),
  },
  {
    id: 'result',
    header: 'Result',
    min: 9,
    sort: (line) => line.one?.result,
    cell: (line) =>
      line.one === undefined ? (
        <span className="muted">nothing to do</span>
      ) : (
        <StatusDot tone={RESULTS[line.one.result].tone}>{RESULTS[line.one.result].label}</StatusDot>
      ),
  },
];

const linesOf = (runs: readonly HistoryRun[]): Line[] =>
  runs.flatMap((run) =>
    run.tasks.flatMap((task): Line[] =>
      task.packages.length === 0
        ? [{ key: `${run.id} ${task.host}`, run, task, one: undefined }]
        : task.packages.map((one) => ({
            key: `${run.id} ${task.host} ${one.name} ${one.arch} ${one.to}`,
            run,
            task,
            one,
          })),
    ),
  );

export const RunHistory = ({ runs }: { runs: readonly HistoryRun[] }) => {
  const [word, setWord] = useState('');
  const all = useMemo(() => linesOf(runs), [runs]);
  const shown = useMemo(() => {
    const wanted = word.trim().toLowerCase();
    return all.filter(({ run, task, one }) =>
      `${run.snapshot.name} ${task.host} ${one?.name ?? ''}`.toLowerCase().includes(wanted),
    );
  }, [all, word]);
  return (
    <>
      <div className="report-filter">
        <Field label="Find">
          <Input
            type="search"
            placeholder="Snapshot, host or package"
            value={word}
            onChange={(event) => setWord(event.target.value)}
          />
        </Field>
      </div>
      <DataTable
        label="History of runs"
        noun="row"
        columns={COLUMNS}
        rows={shown}
        rowKey={(line) => line.key}
        initialSort={{ id: 'started', desc: true }}
        empty="There was no run like that."
      />
    </>
  );
};

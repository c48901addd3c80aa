/** What rules would take, version by version, and why. */
import { Ban, CircleDashed, Clock, Filter, Lock } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { PreviewedRow } from '../../../shared/contract/rules.ts';
import { EXPLICIT_APPROVE, EXPLICIT_REJECT } from '../../../shared/model/rule.ts';
import { type StateLook, StatusDot } from '../../ui/Badge.tsx';
import { severityColumn, timeColumn } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Segmented } from '../../ui/Field.tsx';
import { formatDateTime } from '../../ui/format.ts';
import { GroundsWords } from '../../ui/Grounds.tsx';

type Kind = PreviewedRow['outcome']['kind'];

const LOOKS: Record<Kind, StateLook> = {
  approved: { tone: 'good', label: 'Approved' },
  rejected: { tone: 'bad', label: 'Rejected', icon: Ban },
  held: { tone: 'warn', label: 'On hold', icon: Lock },
  waiting: { tone: 'busy', label: 'Waiting', icon: Clock },
  superseded: { tone: 'neutral', label: 'Older version' },
  'too-late': { tone: 'neutral', label: 'Too late', icon: Clock },
  filtered: { tone: 'neutral', label: 'Filtered out', icon: Filter },
  'no-rule': { tone: 'neutral', label: 'No rule', icon: CircleDashed },
};
const ORDER: readonly Kind[] = [
  'approved',
  'rejected',
  'held',
  'waiting',
  'too-late',
  'superseded',
  'no-rule',
  'filtered',
];

const named = (rule: string): string =>
  rule === EXPLICIT_APPROVE
    ? 'the list approve'
    : rule === EXPLICIT_REJECT
      ? 'the list reject'
      : `rule ${rule}`;

/** What the outcome does not say already, with times of this machine. */
const why = ({ outcome, reason }: PreviewedRow): string => {
  switch (outcome.kind) {
    case 'approved':
    case 'rejected':
      return `by ${named(outcome.rule)}`;
    case 'waiting':
      return `until ${formatDateTime(outcome.until)} by ${named(outcome.rule)}`;
    default:
      return reason;
  }
};

const columns: readonly Column<PreviewedRow>[] = [
  {
    id: 'name',
    header: 'Package',
    min: 8,
    grow: 1.2,
    sort: (row) => row.name,
    cell: (row) => (
      <>
        <strong>{row.name}</strong> <span className="muted">{row.arch}</span>
      </>
    ),
  },
  {
    id: 'version',
    header: 'Version',
    min: 8,
    grow: 1.1,
    sort: (row) => row.version,
    cell: (row) => <code title={row.version}>{row.version}</code>,
  },
  {
    id: 'outcome',
    header: 'Outcome',
    min: 7.25,
    sort: (row) => ORDER.indexOf(row.outcome.kind),
    cell: (row) => <StatusDot {...LOOKS[row.outcome.kind]}>{LOOKS[row.outcome.kind].label}</StatusDot>,
  },
  severityColumn<PreviewedRow>(),
  timeColumn({ id: 'seen', header: 'First seen', min: 6.25, of: (row) => row.firstSeen }),
  {
    id: 'hosts',
    header: 'Hosts',
    min: 4,
    align: 'end',
    descFirst: true,
    sort: (row) => row.hostCount,
    cell: (row) => <span title={row.hosts.join(', ')}>{row.hostCount}</span>,
  },
];

/** Why, and on whose word its severity rests: sentences, for which beside the rules there is no column wide enough. */
const detail = (row: PreviewedRow) => (
  <>
    {why(row).replace(/^[a-z]/, (first) => first.toUpperCase())}
    {row.grounds.length > 0 && (
      <span className="muted">
        {' · severity according to '}
        <GroundsWords grounds={row.grounds} />
      </span>
    )}
  </>
);

type Shown = 'all' | 'taken' | 'waiting';

export const PreviewTable = ({ rows }: { rows: readonly PreviewedRow[] }) => {
  const [shown, setShown] = useState<Shown>('all');
  const taken = (row: PreviewedRow) => ['approved', 'rejected', 'held'].includes(row.outcome.kind);
  const waiting = (row: PreviewedRow) => row.outcome.kind === 'waiting';
  // biome-ignore lint/correctness/useExhaustiveDependencies: the two filters never change
  const visible = useMemo(
    () => rows.filter((row) => shown === 'all' || (shown === 'taken' ? taken(row) : waiting(row))),
    [rows, shown],
  );
  return (
    <>
      <Segmented
        label="Show"
        hideLabel
        value={shown}
        onChange={setShown}
        options={[
          { value: 'all', label: `All ${rows.length}` },
          { value: 'taken', label: `Taken ${rows.filter(taken).length}` },
          { value: 'waiting', label: `Waiting ${rows.filter(waiting).length}` },
        ]}
      />
      <DataTable
        label="What the rules would take"
        noun="version"
        columns={columns}
        rows={visible}
        rowKey={(row) => `${row.ecosystem}:${row.name}:${row.arch}:${row.version}`}
        rowLabel={(row) => row.name}
        detail={detail}
        initialSort={{ id: 'outcome' }}
        empty={<p className="muted">Nothing of this kind.</p>}
      />
    </>
  );
};

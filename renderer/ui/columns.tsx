/** Columns that several tables have. */
import type { Ground } from '../../shared/model/grounds.ts';
import type { Classification, Severity } from '../../shared/model/primitives.ts';
import type { Column } from './DataTable.tsx';
import { formatCount } from './format.ts';
import { GroundsCell } from './Grounds.tsx';
import { SeverityCell } from './Severity.tsx';
import { severityRank } from './states.ts';
import { RelativeTime } from './Time.tsx';

type Of<Row, Value> = { id: string; header: string; min: number; of: (row: Row) => Value };

export const countColumn = <Row,>({
  of,
  title,
  ...rest
}: Of<Row, number> & { title?: string }): Column<Row> => ({
  ...rest,
  align: 'end',
  descFirst: true,
  sort: of,
  cell: (row) => <span title={title}>{formatCount(of(row))}</span>,
});

export const timeColumn = <Row,>({ of, ...rest }: Of<Row, string>): Column<Row> => ({
  ...rest,
  descFirst: true,
  sort: of,
  cell: (row) => <RelativeTime at={of(row)} />,
});

/** Wide enough for the longest of them: who says it is no less than how old it is. */
export const groundsColumn = <Row,>(of: (row: Row) => readonly Ground[]): Column<Row> => ({
  id: 'grounds',
  header: 'According to',
  min: 12.75,
  sort: (row) => of(row)[0]?.asOf ?? undefined,
  cell: (row) => <GroundsCell grounds={of(row)} />,
});

type Patch = {
  severity: Severity;
  classification: Classification;
  advisories: string[];
  cves: string[];
  grounds: Ground[];
};

/** Advisories and CVEs, each once. */
export const saidOf = ({ advisories, cves }: Pick<Patch, 'advisories' | 'cves'>): string =>
  [...new Set([...advisories, ...cves])].join(', ');

export const severityColumn = <Row extends Patch>(): Column<Row> => ({
  id: 'severity',
  header: 'Severity',
  min: 7.25,
  sort: severityRank,
  cell: (row) => (
    <SeverityCell severity={row.severity} classification={row.classification} title={saidOf(row)} />
  ),
});

/** How bad what a patch mends is, and who says so. */
export const verdictColumns = <Row extends Patch>(): readonly Column<Row>[] => [
  severityColumn(),
  groundsColumn((row) => row.grounds),
];

/** Follows a report as it is made. A new request, or a lost connection, begins anew; an old one never shows through. */
import { useEffect, useState } from 'react';
import type { CallInput } from '../../../shared/contract/contract.ts';
import type { FrostError } from '../../../shared/errors.ts';
import type {
  ComplianceHost,
  ComplianceRow,
  ComplianceTotals,
  HistoryRun,
  ReportHead,
  ReportPart,
} from '../../../shared/model/report.ts';
import { useDeps } from '../../transport/client.tsx';
import { followStream } from '../../transport/followStream.ts';

export type Request = CallInput<'reports.read'>['report'];

/** Rows of these statuses are counted and not kept: there are as many as entries times hosts. */
const COUNTED = new Set(['installed', 'not-applicable', 'rejected']);

export type RowOfHost = { key: string; host: string; row: ComplianceRow };
export type Made = {
  head: ReportHead | undefined;
  hosts: ComplianceHost[];
  rows: RowOfHost[];
  runs: HistoryRun[];
  totals: ComplianceTotals | undefined;
};
export type Report =
  | { state: 'making'; hosts: number }
  | { state: 'ready'; made: Made }
  | { state: 'error'; error: FrostError };

const empty = (): Made => ({ head: undefined, hosts: [], rows: [], runs: [], totals: undefined });

const take = (made: Made, part: ReportPart): void => {
  switch (part.type) {
    case 'head':
      made.head = part.head;
      return;
    case 'host': {
      const { rows, ...host } = part.host;
      made.hosts.push({ ...host, rows: [] });
      // Of a host that is unknown every row says the same; the host itself says why.
      if (host.level === 'unknown') return;
      for (const [index, row] of rows.entries())
        if (!COUNTED.has(row.status))
          made.rows.push({ key: `${host.hostId} ${index}`, host: host.host, row });
      return;
    }
    case 'run':
      made.runs.push(part.run);
      return;
    case 'compliance-totals':
      made.totals = part.totals;
      return;
    case 'drift':
    case 'drift-totals':
    case 'lines':
    case 'history-totals':
    case 'audit-totals':
      return;
  }
};

/** `undefined`: nothing was asked for yet. `attempt`: another number makes it again. */
export const useReport = (request: Request | undefined, attempt: number): Report | undefined => {
  const { client, connection } = useDeps();
  const [report, setReport] = useState<Report>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the attempt is what asks again
  useEffect(() => {
    if (request === undefined) return setReport(undefined);
    const ending = new AbortController();
    let made = empty();
    void followStream({
      client,
      connection,
      name: 'reports.read',
      input: () => ({ report: request }),
      signal: ending.signal,
      onOpen: () => {
        made = empty();
        setReport({ state: 'making', hosts: 0 });
      },
      onItem: (part) => {
        take(made, part);
        if (part.type === 'host' && made.hosts.length % 100 === 0)
          setReport({ state: 'making', hosts: made.hosts.length });
      },
      onEnd: () => setReport({ state: 'ready', made }),
      onError: (error) => setReport({ state: 'error', error }),
    });
    return () => ending.abort();
  }, [client, connection, request, attempt]);
  return report;
};

/**
 * Reports as a page for people. The summary stands first, so the parts are kept until the totals are there; what is kept is what is
 * shown: rows that need somebody, and of what is outside the snapshot one line for each version, not for each host.
 */

import { type AuditLine, auditOutcome } from '../../../../shared/model/audit.ts';
import type { HostDrift } from '../../../../shared/model/drift.ts';
import type { HistoryRun, ReportHead, ReportPart } from '../../../../shared/model/report.ts';
import { compliancePage } from './compliancePage.ts';
import {
  type Column,
  type Content,
  code,
  escapeHtml,
  facts,
  pageFoot,
  pageHead,
  TABLE_FOOT,
  table,
  tableHead,
  tableRow,
  word,
} from './page.ts';
import { time } from './words.ts';

const RUN_COLUMNS: Column[] = [
  { title: 'Host' },
  { title: 'State' },
  { title: 'Finished' },
  { title: 'Package' },
  { title: 'From' },
  { title: 'To' },
  { title: 'Afterwards' },
  { title: 'Result' },
];

const RESULT = {
  done: word('good', 'done'),
  unchanged: word('bad', 'unchanged'),
  other: word('bad', 'another version'),
  'not-started': word('plain', 'not started'),
  unknown: word('bad', 'unknown'),
};

const runSection = (run: HistoryRun): string => {
  const rows = run.tasks.flatMap((task): Content[][] => {
    const lead = [
      task.host,
      task.error === undefined ? task.state : `${task.state} (${task.error.code})`,
      time(task.finishedAt),
    ];
    return task.packages.length === 0
      ? [[...lead, '', '', '', '', '']]
      : task.packages.map((one) => [
          ...lead,
          `${one.name} (${one.arch})`,
          one.from,
          one.to,
          one.now,
          RESULT[one.result],
        ]);
  });
  return `<h2>${escapeHtml(`${run.snapshot.name}, revision ${run.snapshot.revision}: ${run.verdict ?? run.state}`)}</h2>\n${facts(
    [
      ['Run', code(run.id)],
      ['Plan', code(run.planHash)],
      ['Started', time(run.startedAt)],
      ['Finished', time(run.finishedAt)],
      ...(run.abortReason === undefined ? [] : [['Ended early', run.abortReason] as [string, Content]]),
    ],
  )}${table(`Run of ${time(run.startedAt)}`, RUN_COLUMNS, rows, 'no task')}`;
};

const DRIFT_COLUMNS: Column[] = [
  { title: 'Host' },
  { title: 'Compared with' },
  { title: 'Package' },
  { title: 'What' },
  { title: 'From' },
  { title: 'To' },
  { title: 'By' },
  { title: 'Command' },
  { title: 'At' },
];

/** A host without drift is one line too; one that is unknown says why. */
const driftRows = (host: HostDrift): string[] => {
  const lead: Content[] = [
    host.host,
    host.baseline === undefined
      ? ''
      : `${host.baseline.source === 'capture' ? 'a run' : 'a scan'}, ${time(host.baseline.at)}`,
  ];
  const rows = host.packages.map((one) =>
    tableRow(DRIFT_COLUMNS, [
      ...lead,
      `${one.name} (${one.arch})`,
      word('warn', one.kind),
      one.from,
      one.to,
      one.by,
      one.command,
      time(one.at),
    ]),
  );
  if (host.unknown !== undefined)
    rows.push(tableRow(DRIFT_COLUMNS, [...lead, '', word('bad', 'unknown'), host.unknown, '', '', '', '']));
  else if (rows.length === 0)
    rows.push(tableRow(DRIFT_COLUMNS, [...lead, '', word('good', 'unchanged'), '', '', '', '', '']));
  return rows;
};

const AUDIT_COLUMNS: Column[] = [
  { title: 'Number', number: true },
  { title: 'At' },
  { title: 'Who' },
  { title: 'What' },
  { title: 'Outcome' },
  { title: 'Why' },
  { title: 'Details' },
];

const auditRow = (line: AuditLine): string =>
  tableRow(AUDIT_COLUMNS, [
    line.seq,
    `${line.at.slice(0, 10)} ${line.at.slice(11, 19)} UTC`,
    line.account === undefined ? line.actor : `${line.account} (${line.actor})`,
    line.action,
    line.begun === undefined ? auditOutcome(line) : `${auditOutcome(line)} (number ${line.begun})`,
    line.reason,
    code(line.plan === undefined ? line.detail : `${line.detail} plan ${line.plan}`),
  ]);

const counted = (sums: Record<string, number>): string =>
  Object.entries(sums)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ');

export const htmlRenderer = () => {
  let head: ReportHead | undefined;
  const compliance = compliancePage();
  const kept: string[] = [];
  const made = () => (head === undefined ? '' : `${time(head.createdAt)}, by ${head.createdBy}`);
  return {
    part: (part: ReportPart): string[] => {
      switch (part.type) {
        case 'head':
          head = part.head;
          compliance.head(head);
          return [];
        case 'host':
          compliance.host(part.host);
          return [];
        case 'drift':
          kept.push(...driftRows(part.host));
          return [];
        case 'run':
          kept.push(runSection(part.run));
          return [];
        case 'lines':
          for (const line of part.lines) kept.push(auditRow(line));
          return [];
        case 'compliance-totals':
          return head?.kind === 'compliance' ? compliance.page(head, part.totals) : [];
        case 'drift-totals':
          return [
            pageHead('Drift: what changed behind the console’s back'),
            facts([
              ['Made', made()],
              ['Hosts', part.totals.hosts],
              ['Changed', `${part.totals.drifted}, ${part.totals.packages} packages`],
              ['Unknown', part.totals.unknown],
            ]),
            ...(kept.length === 0
              ? ['<p>The selector matches no host.</p>\n']
              : [tableHead('Hosts and packages', DRIFT_COLUMNS), ...kept, TABLE_FOOT]),
            pageFoot('Who and when is the host’s own word. As of each host’s last good scan.'),
          ];
        case 'history-totals':
          return [
            pageHead('History of runs'),
            facts([
              ['Made', made()],
              [
                'Hosts',
                head?.kind === 'history' && head.selectors.length > 0 ? head.selectors.join(' or ') : 'all',
              ],
              ['Runs', `${part.totals.runs}: ${counted(part.totals.verdicts)}`],
              ['Tasks', `${part.totals.tasks}: ${counted(part.totals.states)}`],
            ]),
            ...(kept.length === 0 ? ['<p>There was no run.</p>\n'] : kept),
            pageFoot('Runs are never overwritten: this is what each of them found and left.'),
          ];
        case 'audit-totals':
          return [
            pageHead('Audit log'),
            facts([
              ['Made', made()],
              ['Lines', part.totals.lines],
              ['Head', code(part.totals.head.hash)],
              [
                'Chain',
                part.totals.intact ? word('good', 'holds') : word('bad', 'broken: audit verify tells where'),
              ],
            ]),
            ...(kept.length === 0
              ? ['<p>Nothing was done yet.</p>\n']
              : [tableHead('What was done, oldest first', AUDIT_COLUMNS), ...kept, TABLE_FOOT]),
            pageFoot('Note the head’s hash elsewhere: with it, a missing end can be found.'),
          ];
      }
    },
  };
};

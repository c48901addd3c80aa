/** What changed behind the console's back, as JSON, CSV or a page of its own. */
import type { HostDrift } from '../../../../shared/model/drift.ts';
import type { ReportFileFormat } from '../../../../shared/model/report.ts';
import { csvCell } from './csv.ts';
import { code, pageFoot, pageHead, table } from './page.ts';
import { time } from './words.ts';

const COLUMNS = [
  'host',
  'baseline_at',
  'baseline_source',
  'package',
  'arch',
  'kind',
  'from',
  'to',
  'by',
  'command',
  'at',
  'unknown',
];

const csv = (drift: readonly HostDrift[]): string => {
  const lines = drift.flatMap(({ host, baseline, packages, unknown }): (string | null | undefined)[][] => {
    const head = [host, baseline?.at, baseline?.source];
    return packages.length === 0
      ? unknown === undefined
        ? []
        : [[...head, ...Array<undefined>(8), unknown]]
      : packages.map((one) => [
          ...head,
          one.name,
          one.arch,
          one.kind,
          one.from,
          one.to,
          one.by,
          one.command,
          one.at,
          unknown,
        ]);
  });
  return [COLUMNS, ...lines].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
};

const html = (drift: readonly HostDrift[], at: string): string => {
  const rows = drift.flatMap(({ host, packages }) =>
    packages.map((one) => [
      host,
      `${one.name}:${one.arch}`,
      one.kind,
      one.from ?? '–',
      one.to ?? '–',
      one.by ?? 'not known',
      one.command === undefined ? 'not known' : code(one.command),
      time(one.at),
    ]),
  );
  const unknown = drift.flatMap(({ host, unknown: why }) => (why === undefined ? [] : [[host, why]]));
  const columns = ['Host', 'Package', 'What', 'Was', 'Is', 'Who', 'Command', 'When'].map((title) => ({
    title,
  }));
  return [
    pageHead('Drift'),
    table('Changed behind the console’s back', columns, rows, 'nothing on these hosts'),
    table('Not known', [{ title: 'Host' }, { title: 'Why' }], unknown, 'nothing'),
    pageFoot(`Frostline, ${time(at)}`),
  ].join('');
};

/** `at`: when the report is made, ISO. */
export const driftReport = (drift: readonly HostDrift[], format: ReportFileFormat, at: string): string => {
  if (format === 'csv') return csv(drift);
  if (format === 'html') return html(drift, at);
  return `${JSON.stringify({ drift: drift.map(({ hostId: _hostId, ...rest }) => rest) })}\n`;
};

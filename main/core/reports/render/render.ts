/**
 * A report as the text of a file, in pieces as its parts come. Pure: the same parts give the same text. JSON and CSV hold every row;
 * HTML is for people, and tells what needs one (docs/reports.md).
 */
import type { ReportFileFormat, ReportPart } from '../../../../shared/model/report.ts';
import { csvRenderer } from './csv.ts';
import { htmlRenderer } from './html.ts';

export type ReportRenderer = {
  /** Pieces to be put after those before. */
  part(part: ReportPart): string[];
};

/** One object: the head's members, the hosts, runs or lines, and the totals. Each of them stands on a line of its own. */
const jsonRenderer = (): ReportRenderer => {
  let first = true;
  const item = (value: unknown): string => {
    const text = `${first ? '' : ','}\n${JSON.stringify(value)}`;
    first = false;
    return text;
  };
  return {
    part: (part) => {
      switch (part.type) {
        case 'head': {
          const list = { compliance: 'hosts', drift: 'drift', history: 'runs', audit: 'lines' }[
            part.head.kind
          ];
          return [`{"report":${JSON.stringify(part.head).slice(0, -1)},"${list}":[`];
        }
        case 'host':
          return [item(part.host)];
        case 'drift':
          return [item(part.host)];
        case 'run':
          return [item(part.run)];
        case 'lines':
          return part.lines.map(item);
        case 'compliance-totals':
        case 'drift-totals':
        case 'history-totals':
        case 'audit-totals':
          return [`\n],"totals":${JSON.stringify(part.totals)}}}\n`];
      }
    },
  };
};

export const createReportRenderer = (format: ReportFileFormat): ReportRenderer => {
  switch (format) {
    case 'json':
      return jsonRenderer();
    case 'csv':
      return csvRenderer();
    case 'html':
      return htmlRenderer();
  }
};

export const renderReport = (parts: Iterable<ReportPart>, format: ReportFileFormat): string => {
  const renderer = createReportRenderer(format);
  return [...parts].flatMap((part) => renderer.part(part)).join('');
};

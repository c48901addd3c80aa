/** `report`: what the fleet has of a snapshot, what runs did, the audit log; for people, as JSON, CSV or HTML, to the terminal or a file. */
import { type Command, Option } from 'commander';
import type { ReportRequest } from '../../../../shared/contract/reports.ts';
import { groundLabel } from '../../../../shared/grounds.ts';
import { auditOutcome } from '../../../../shared/model/audit.ts';
import type { Ground } from '../../../../shared/model/grounds.ts';
import type {
  ComplianceHost,
  ComplianceTotals,
  ReportFileFormat,
  ReportPart,
} from '../../../../shared/model/report.ts';
import { ComplianceLevel } from '../../../../shared/model/rule.ts';
import { mergedGrounds } from '../../../core/advisories/grounds.ts';
import { type Context, invalid } from '../context.ts';
import { checkSelectors, requireHosts } from '../fleet.ts';
import { OutputFile } from '../outputFile.ts';
import type { Register } from '../register.ts';
import { bytes, count, safe, table } from '../terminal.ts';

type FileOptions = { format?: ReportFileFormat; output?: string };

/** One piece after the other: a reader that is slow (a pager) is waited for, not buffered for. */
const toStdout = (text: string): Promise<void> =>
  new Promise((resolve) => {
    if (process.stdout.write(text)) resolve();
    else process.stdout.once('drain', resolve);
  });

const write = async (context: Context, report: ReportRequest, format: ReportFileFormat, o: FileOptions) => {
  const client = await context.client();
  const pieces = client.stream('reports.write', { report, format });
  if (o.output === undefined) {
    for await (const { text } of pieces) {
      context.begun = true;
      await toStdout(text);
    }
    return;
  }
  const output = new OutputFile(o.output);
  try {
    for await (const { text } of pieces) output.write(text);
    output.finish();
  } finally {
    output.discard();
  }
  context.result(
    { file: output.path, bytes: output.bytes, format },
    () => `Wrote ${safe(output.path)} (${bytes(output.bytes)})`,
  );
};

/** Without a format: a table for people, JSON for programs; a file needs to know. */
const tell = async (
  context: Context,
  report: ReportRequest,
  o: FileOptions,
  human: (parts: AsyncIterable<ReportPart>) => Promise<string>,
): Promise<void> => {
  const guessed = /\.(json|csv|html)$/.exec(o.output ?? '')?.[1] as ReportFileFormat | undefined;
  const format = o.format ?? (o.output === undefined ? (context.json ? 'json' : undefined) : guessed);
  if (format !== undefined) return write(context, report, format, o);
  if (o.output !== undefined)
    throw invalid(`The form of ${o.output} is not known.`, 'Give --format json, csv or html.');
  const client = await context.client();
  process.stdout.write(`${await human(client.stream('reports.read', { report }))}\n`);
};

const why = (host: ComplianceHost): string => {
  if (host.unknown !== undefined)
    return `${host.unknown.cause}${host.unknown.since === null ? '' : `, last known ${host.unknown.since}`}`;
  const named = host.rows.filter(
    (row) => !['installed', 'not-applicable', 'rejected', 'outside'].includes(row.status),
  );
  const told = named.slice(0, 3).map((row) => `${row.name} ${row.status}`);
  return named.length > 3 ? `${told.join(', ')} and ${named.length - 3} more` : told.join(', ');
};

/** Left out where no rule of the snapshot names a level. */
const levelLines = ({ byComplianceLevel }: ComplianceTotals): string[] =>
  ComplianceLevel.options.flatMap((level) => {
    const { hosts, lacking, compliantPercent } = byComplianceLevel[level];
    return level === 'unspecified' || compliantPercent === null
      ? []
      : [
          `${level}: ${hosts.compliant} compliant, ${hosts['non-compliant']} not compliant, ${hosts.unknown} unknown (${compliantPercent} % compliant), ${count(lacking, 'entry')} lacking`,
        ];
  });

const complianceText =
  (context: Context) =>
  async (parts: AsyncIterable<ReportPart>): Promise<string> => {
    const rows: string[][] = [];
    const text: string[] = [];
    let sources: Ground[] = [];
    for await (const part of parts) {
      if (part.type === 'head' && part.head.kind === 'compliance')
        text.push(
          `${part.head.snapshot.name}@${part.head.snapshot.revision} (${part.head.snapshot.state}), ${count(part.head.snapshot.entries, 'entry')}`,
        );
      if (part.type === 'host') {
        for (const row of part.host.rows)
          if (row.status === 'outside')
            sources = mergedGrounds([
              { severity: 'unknown', grounds: sources },
              { severity: 'unknown', grounds: row.grounds },
            ]);
        rows.push([
          part.host.host,
          part.host.level,
          part.host.lacks ?? '',
          `${part.host.counts.installed}`,
          `${part.host.counts.missing + part.host.counts.failed}`,
          `${part.host.counts.outside}`,
          part.host.scannedAt ?? 'never',
          why(part.host),
        ]);
      }
      if (part.type === 'compliance-totals') {
        const { totals } = part;
        text.push(
          table(
            ['HOST', 'STATE', 'LACKS', 'INSTALLED', 'MISSING', 'OUTSIDE', 'SCANNED', 'WHY'],
            rows,
            context.paint,
          ),
          `${count(totals.hostCount, 'host')}: ${totals.hosts.compliant} compliant, ${totals.hosts['pending-reboot']} wait for a restart, ${totals.hosts.deviating} deviating, ${totals.hosts['non-compliant']} not compliant, ${totals.hosts.unknown} unknown, ${totals.hosts['not-applicable']} not concerned${totals.compliantPercent === null ? '' : ` (${totals.compliantPercent} % compliant)`}`,
          ...levelLines(totals),
          `Outside the snapshot: ${totals.counts.outside}, of them ${totals.outsideBySeverity.critical} critical${sources.length === 0 ? '' : ` (severities from ${sources.map(groundLabel).join(', ')})`}`,
        );
      }
    }
    return text.join('\n');
  };

const historyText =
  (context: Context) =>
  async (parts: AsyncIterable<ReportPart>): Promise<string> => {
    const rows: string[][] = [];
    for await (const part of parts) {
      if (part.type !== 'run') continue;
      for (const task of part.run.tasks)
        rows.push([
          part.run.startedAt,
          `${part.run.snapshot.name}@${part.run.snapshot.revision}`,
          part.run.verdict ?? part.run.state,
          task.host,
          task.error === undefined ? task.state : `${task.state} (${task.error.code})`,
          `${task.packages.filter((one) => one.result === 'done').length} of ${task.packages.length}`,
        ]);
    }
    return rows.length === 0
      ? 'No runs yet.'
      : table(['STARTED', 'SNAPSHOT', 'VERDICT', 'HOST', 'STATE', 'PACKAGES DONE'], rows, context.paint);
  };

const driftText =
  (context: Context) =>
  async (parts: AsyncIterable<ReportPart>): Promise<string> => {
    const rows: string[][] = [];
    let end = '';
    for await (const part of parts) {
      if (part.type === 'drift') {
        const { host, packages, unknown } = part.host;
        for (const one of packages)
          rows.push([
            host,
            one.name,
            one.kind,
            one.from ?? '',
            one.to ?? '',
            one.by ?? '',
            one.at ?? '',
            one.command ?? '',
          ]);
        if (unknown !== undefined) rows.push([host, '', 'unknown', unknown]);
      }
      if (part.type === 'drift-totals')
        end = `${count(part.totals.hosts, 'host')}: ${part.totals.drifted} changed, ${part.totals.unknown} unknown`;
    }
    return [
      ...(rows.length === 0
        ? []
        : [table(['HOST', 'PACKAGE', 'WHAT', 'FROM', 'TO', 'BY', 'AT', 'COMMAND'], rows, context.paint)]),
      end,
    ].join('\n');
  };

const auditText =
  (context: Context) =>
  async (parts: AsyncIterable<ReportPart>): Promise<string> => {
    const rows: string[][] = [];
    let end = '';
    for await (const part of parts) {
      if (part.type === 'lines')
        for (const line of part.lines)
          rows.push([
            `${line.seq}`,
            line.at,
            line.account ?? line.actor,
            line.action,
            auditOutcome(line),
            line.reason ?? '',
          ]);
      if (part.type === 'audit-totals')
        end = `${count(part.totals.lines, 'line')}; the chain ${part.totals.intact ? 'holds' : 'is BROKEN'}. Head: ${part.totals.head.hash}`;
    }
    return [table(['NUMBER', 'AT', 'WHO', 'WHAT', 'OUTCOME', 'WHY'], rows, context.paint), end].join('\n');
  };

const seconds = (text: string): number => {
  const [, digits, unit] = /^([1-9]\d{0,5})(m|h|d)$/.exec(text) ?? [];
  const factor = { m: 60, h: 3600, d: 86_400 }[unit ?? ''];
  if (digits === undefined || factor === undefined)
    throw invalid(`--max-age ${text} is not a time.`, 'For instance 12h or 7d.');
  return Number(digits) * factor;
};

const files = (command: Command): Command =>
  command
    .addOption(new Option('--format <format>', 'how it is written').choices(['json', 'csv', 'html']))
    .option('--output <file>', 'to a file instead of the terminal');

export const registerReport = (program: Command, action: Register): void => {
  const report = program
    .command('report')
    .description('compliance, history and audit; also as JSON, CSV, HTML');

  files(
    report
      .command('compliance [selector...]')
      .description('what each host has of a snapshot')
      .requiredOption('--snapshot <name>', 'NAME, NAME@REVISION or an id')
      .option('--max-age <duration>', 'scans that are older say nothing any more', '7d'),
  ).action(
    action<FileOptions & { snapshot: string; maxAge: string }>(async (context, _words, o, selectors) => {
      const maxAgeSeconds = seconds(o.maxAge);
      if (selectors.length > 0) await requireHosts(context, selectors);
      await tell(
        context,
        { kind: 'compliance', snapshot: o.snapshot, selectors, maxAgeSeconds },
        o,
        complianceText(context),
      );
    }),
  );

  files(
    report.command('drift [selector...]').description('what changed on hosts behind the console’s back'),
  ).action(
    action<FileOptions>(async (context, _words, o, selectors) => {
      if (selectors.length > 0) await requireHosts(context, selectors);
      await tell(context, { kind: 'drift', selectors }, o, driftText(context));
    }),
  );

  files(
    report
      .command('history [selector...]')
      .description('what runs did, by host and package')
      .option('--limit <n>', 'how many runs, the newest', '100'),
  ).action(
    action<FileOptions & { limit: string }>(async (context, _words, o, selectors) => {
      if (!/^[1-9]\d{0,4}$/.test(o.limit) || Number(o.limit) > 10_000)
        throw invalid(`--limit ${o.limit}: expected a number from 1 to 10000.`);
      if (selectors.length > 0) await requireHosts(context, selectors);
      await tell(context, { kind: 'history', selectors, limit: Number(o.limit) }, o, historyText(context));
    }),
  );

  files(
    report.command('audit [selector...]').description('the whole audit log, with the state of its chain'),
  ).action(
    action<FileOptions>(async (context, _words, o, selectors) => {
      checkSelectors(selectors);
      if (selectors.some((selector) => selector.trim() !== 'all'))
        throw invalid(
          'The audit log is not kept by host: an excerpt of it could leave out what concerns them.',
          'Leave the selector out, or search with: frostline audit list --search TEXT',
        );
      await tell(context, { kind: 'audit' }, o, auditText(context));
    }),
  );
};

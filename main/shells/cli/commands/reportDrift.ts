/** `report drift`: what changed on hosts behind the console's back. */
import type { Command } from 'commander';
import type { ReportFileFormat } from '../../../../shared/model/report.ts';
import { driftReport } from '../../../core/reports/render/drift.ts';
import { invalid, unwrap } from '../context.ts';
import { OutputFile } from '../outputFile.ts';
import type { Register } from '../register.ts';
import { bytes, safe, table } from '../terminal.ts';

const FORMATS: readonly string[] = ['json', 'csv', 'html'];
const isFormat = (text: string | undefined): text is ReportFileFormat => FORMATS.includes(text ?? '');

export const registerDrift = (program: Command, action: Register): void => {
  program.commands
    .find((command) => command.name() === 'report')
    ?.command('drift [selector...]')
    .description('what changed behind the back of the console: by package, who, and when')
    .option('--format <format>', 'json, csv or html')
    .option('--output <file>', 'to a file instead of the terminal')
    .action(
      action<{ format?: string; output?: string }>(async (context, _words, o, selectors) => {
        const guessed = /\.(json|csv|html)$/.exec(o.output ?? '')?.[1];
        const format = o.format ?? (o.output === undefined ? (context.json ? 'json' : undefined) : guessed);
        if (format !== undefined && !isFormat(format))
          throw invalid(`--format ${format} is none of json, csv, html.`);
        if (o.output !== undefined && format === undefined)
          throw invalid(`The form of ${o.output} is not known.`, 'Give --format json, csv or html.');
        const client = await context.client();
        const { drift } = unwrap(await client.call('drift.list', { selectors }));
        if (format === undefined) {
          const rows = drift.flatMap(({ host, packages }) =>
            packages.map((one) =>
              [
                host,
                one.name,
                one.kind,
                one.from ?? '',
                one.to ?? '',
                one.by ?? '',
                one.at ?? '',
                one.command ?? '',
              ].map(safe),
            ),
          );
          const titles = ['HOST', 'PACKAGE', 'WHAT', 'WAS', 'IS', 'WHO', 'WHEN', 'COMMAND'];
          process.stdout.write(
            `${rows.length === 0 ? 'Nothing changed behind your back.' : table(titles, rows, context.paint)}\n`,
          );
          for (const { host, unknown } of drift)
            if (unknown !== undefined) context.note(`${host}: ${unknown}`);
          return;
        }
        const text = driftReport(drift, format, new Date().toISOString());
        if (o.output === undefined) {
          process.stdout.write(text);
          return;
        }
        const output = new OutputFile(o.output);
        try {
          output.write(text);
          output.finish();
        } finally {
          output.discard();
        }
        context.result(
          { file: output.path, bytes: output.bytes, format },
          () => `Wrote ${safe(output.path)} (${bytes(output.bytes)})`,
        );
      }),
    );
};

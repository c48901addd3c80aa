/** The console's store of old packages, for going back to versions that no repository has any more. */
import type { Command } from 'commander';
import { invalid, unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { safe, table } from '../terminal.ts';

const UNITS: Record<string, number> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** `200M`, `5G`, or bytes. */
const bytesOf = (text: string | undefined, option: string): number | undefined => {
  if (text === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,9})([KMGT]?)$/i.exec(text) ?? [];
  const factor = UNITS[(unit ?? '').toUpperCase()];
  if (digits === undefined || factor === undefined)
    throw invalid(`${option} ${text} is not a size.`, 'For instance 200M or 5G.');
  return Number(digits) * factor;
};

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;

export const registerArtefacts = (program: Command, action: Register): void => {
  const artefacts = program
    .command('artefacts')
    .description('old packages kept on this machine, to go back to what no repository has any more');

  artefacts
    .command('list')
    .description('what is kept, for which version, and what still needs it')
    .action(
      action<object>(async (context) => {
        const client = await context.client();
        const document = unwrap(await client.call('artefacts.list', {}));
        context.result(document, () => {
          const { limits, files, bytes, archive } = document;
          const rows = document.artefacts.map((one) => [
            one.name,
            one.version,
            one.arch,
            size(one.bytes),
            one.from,
            one.needed ? 'yes' : 'no',
          ]);
          return [
            ...(rows.length === 0
              ? []
              : [
                  table(
                    ['package', 'version', 'arch', 'size', 'from', 'needed'],
                    rows.map((row) => row.map(safe)),
                    context.paint,
                  ),
                ]),
            `${files} files, ${size(bytes)} of ${size(limits.pool)}; at most ${size(limits.file)} each. Archive: ${safe(archive ?? 'none')}.`,
          ].join('\n');
        });
      }),
    );

  artefacts
    .command('prune')
    .description('remove what no run that is not accepted, and no plan of today, counts on')
    .action(
      action<object>(async (context) => {
        const client = await context.client();
        const document = unwrap(await client.call('artefacts.prune', {}));
        context.result(
          document,
          () =>
            `${document.removed.length} removed, ${document.kept} kept, ${size(document.freedBytes)} freed.`,
        );
      }),
    );

  artefacts
    .command('limits')
    .description('how much may be kept')
    .option('--max-file <size>', 'largest file that is taken in, e.g. 200M')
    .option('--max-pool <size>', 'all files together, e.g. 5G')
    .action(
      action<{ maxFile?: string; maxPool?: string }>(async (context, _words, o) => {
        const file = bytesOf(o.maxFile, '--max-file');
        const pool = bytesOf(o.maxPool, '--max-pool');
        const client = await context.client();
        const document = unwrap(
          await client.call('artefacts.limits', {
            ...(file !== undefined && { file }),
            ...(pool !== undefined && { pool }),
          }),
        );
        context.result(
          document,
          () => `At most ${size(document.limits.file)} each, ${size(document.limits.pool)} together.`,
        );
      }),
    );

  artefacts
    .command('archive <address>')
    .description('the archive that is asked for old Debian packages (an https address), or off')
    .action(
      action<object>(async (context, [address = '']) => {
        const client = await context.client();
        const document = unwrap(
          await client.call('artefacts.archive', { address: address === 'off' ? null : address }),
        );
        context.result(document, () => `Archive: ${safe(document.archive ?? 'none')}.`);
      }),
    );
};

/** Snapshots out to files and in from them. */
import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { invalid, readText, unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { diffText } from '../snapshotText.ts';
import { bytes } from '../terminal.ts';

export const registerExchange = (snapshot: Command, action: Register): void => {
  snapshot
    .command('export <name> <file>')
    .description('write an exchange file (*.frost.json)')
    .action(
      action(async (context, [ref, file]) => {
        const client = await context.client();
        const made = unwrap(await client.call('snapshots.export', { ref: ref ?? '' }));
        const path = resolve(file ?? '');
        try {
          writeFileSync(`${path}.part`, made.text);
          renameSync(`${path}.part`, path);
        } catch (thrown) {
          throw invalid(
            `${path} cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
          );
        }
        context.result(
          { file: path, bytes: made.bytes, signatures: [] },
          () => `Wrote ${path} (${bytes(made.bytes)})`,
        );
      }),
    );

  for (const kind of ['verify', 'import'] as const) {
    snapshot
      .command(`${kind} <file>`)
      .description(
        kind === 'verify'
          ? 'check an exchange file; changes nothing'
          : 'check an exchange file and take it in',
      )
      .action(
        action(async (context, [file]) => {
          const client = await context.client();
          const outcome = unwrap(
            await client.call(`snapshots.${kind}`, { text: readText(file ?? '', 'exchange.too-large') }),
          );
          context.result(outcome, () =>
            [
              `${outcome.revisions.length} revisions, ${outcome.fresh} of them new here; content hashes agree, signatures are not checked in this version`,
              ...(outcome.diff === undefined ? [] : [diffText(outcome.diff)]),
            ].join('\n'),
          );
        }),
      );
  }
};

/** `snapshot check`, `refresh` and `apply-rules`: a snapshot against what the scans know. */
import type { Command } from 'commander';
import type { Client } from '../../../../shared/contract/contract.ts';
import type { EntryWarning } from '../../../../shared/contract/snapshots.ts';
import type { SnapshotView } from '../../../../shared/model/snapshot.ts';
import { type Context, unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { diffText, snapshotDocument } from '../snapshotText.ts';
import { count, safe } from '../terminal.ts';
import { rulesSource } from './rules.ts';

/** One line for each finding, errors first, with the way out below it. */
export const findingLines = (findings: EntryWarning[]): string[] =>
  findings
    .toSorted((a, b) => Number(b.level === 'error') - Number(a.level === 'error'))
    .flatMap(({ level, code, message, fixLabel }) => [
      `${level} ${code}: ${safe(message)}`,
      ...(fixLabel === undefined ? [] : [`  fix: ${safe(fixLabel)}`]),
    ]);

/** After an edit: what is wrong now, for people. That it cannot be told is no reason to have the edit look failed. */
export const noteFindings = async (
  context: Context,
  client: Client,
  snapshot: SnapshotView,
): Promise<void> => {
  const checked = await client.call('snapshots.check', { ref: snapshot.id, edits: [], fix: false });
  for (const line of checked.ok ? findingLines(checked.value.findings) : [checked.error.message])
    context.note(line);
};

const collect = (value: string, all: string[]) => [...all, value];

export const registerCheck = (snapshot: Command, action: Register): void => {
  snapshot
    .command('check <name>')
    .description('whether it will go as listed, from what the scans know')
    .option('--fix', 'make the edits offered for errors, as one revision')
    .action(
      action<{ fix?: boolean }>(async (context, [ref = ''], o) => {
        const client = await context.client();
        const fix = o.fix === true;
        const checked = unwrap(await client.call('snapshots.check', { ref, edits: [], fix }));
        const { findings, fixes } = checked;
        const fixed =
          fixes.length === 0
            ? undefined
            : unwrap(
                await client.call('snapshots.edit', {
                  ref,
                  edits: fixes,
                  message: `Fixed what a check found: ${count(fixes.length, 'edit')}.`,
                }),
              ).snapshot;
        const document = {
          findings,
          ...(fix ? { fixes } : {}),
          ...(fixed === undefined ? {} : { snapshot: snapshotDocument(fixed) }),
        };
        context.result(document, () =>
          [
            ...(fixed === undefined
              ? []
              : [`${count(fixes.length, 'edit')} made, revision ${fixed.revision} of ${fixed.name}`]),
            ...(findings.length === 0 ? ['Nothing was found.'] : findingLines(findings)),
          ].join('\n'),
        );
        if (findings.some((finding) => finding.level === 'error')) context.exitCode = 1;
      }),
    );

  snapshot
    .command('refresh <name>')
    .description('take newer versions and new updates from the last scans; pinned and rejected entries stay')
    .option('--from <selector>', 'again and again', collect, [])
    .option('--security', 'security updates only')
    .option('--message <text>', 'on the revision')
    .action(
      action<{ from: string[]; security?: boolean; message?: string }>(async (context, [ref = ''], o) => {
        const client = await context.client();
        const made = unwrap(
          await client.call('snapshots.refresh', {
            ref,
            from: o.from.length === 0 ? ['all'] : o.from,
            security: o.security === true,
            ...(o.message === undefined ? {} : { message: o.message }),
          }),
        );
        await noteFindings(context, client, made.snapshot);
        context.result({ snapshot: snapshotDocument(made.snapshot), diff: made.diff }, () =>
          [`${made.snapshot.name} @${made.snapshot.revision}`, diffText(made.diff)].join('\n'),
        );
      }),
    );

  snapshot
    .command('apply-rules <name>')
    .description(
      'the rules it holds once more, on what the hosts are offered now; what was decided by hand stays',
    )
    .option('--rules <file>', 'these in the place of those of their name: FILE, or saved:NAME[@VERSION]')
    .option('--from <selector>', 'again and again', collect, [])
    .option('--message <text>', 'on the revision')
    .option('--dry-run', 'only show what would change')
    .action(
      action<{ from: string[]; rules?: string; message?: string; dryRun?: boolean }>(
        async (context, [ref = ''], o) => {
          const asked = {
            ref,
            from: o.from,
            ...(o.rules === undefined ? {} : { rules: rulesSource(o.rules) }),
          };
          const client = await context.client();
          if (o.dryRun === true) {
            const found = unwrap(await client.call('snapshots.previewRules', asked));
            const { diff, remarks, rules, same } = found;
            context.result({ diff, remarks, rules, same }, () =>
              [same ? 'Nothing would change.' : diffText(diff), ...remarks.map(safe)].join('\n'),
            );
            return;
          }
          const made = unwrap(
            await client.call('snapshots.applyRules', {
              ...asked,
              ...(o.message === undefined ? {} : { message: o.message }),
            }),
          );
          await noteFindings(context, client, made.snapshot);
          context.result({ snapshot: snapshotDocument(made.snapshot), diff: made.diff }, () =>
            [`${made.snapshot.name} @${made.snapshot.revision}`, diffText(made.diff)].join('\n'),
          );
        },
      ),
    );
};

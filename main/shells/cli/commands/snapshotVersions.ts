/** `snapshot merge`: two revisions of one snapshot into one. */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Client } from '../../../../shared/contract/contract.ts';
import { frostError } from '../../../../shared/errors.ts';
import { type MergeConflict, type Resolution, ResolutionFile } from '../../../../shared/model/versions.ts';
import { type Context, invalid, tellError, unwrap } from '../context.ts';
import { readText } from '../files.ts';
import type { Register } from '../register.ts';
import { show } from '../snapshotText.ts';
import { table } from '../terminal.ts';
import { type IncomingOptions, incoming } from './snapshotExchange.ts';

/** YAML 1.2 reads JSON too. */
const readResolutions = async (path: string): Promise<Resolution[]> => {
  const text = readText(path);
  const { parse: parseYaml } = await import('yaml');
  const parsed = ((): unknown => {
    try {
      return parseYaml(text, { maxAliasCount: 0, strict: true });
    } catch (thrown) {
      throw invalid(
        `${path} is neither YAML nor JSON: ${thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown)}`,
      );
    }
  })();
  const read = ResolutionFile.safeParse(parsed);
  if (read.success) return read.data;
  // Of a union the schema that was meant is the one whose name the file has.
  const named = parsed instanceof Object && 'conflicts' in parsed ? 1 : 0;
  const [issue] = read.error.issues;
  const own = issue?.code === 'invalid_union' ? issue.errors[named]?.[0] : issue;
  throw invalid(
    `${path} is no file of resolutions: ${own === undefined ? '' : `${own.path.map(String).join('.') || 'its top'}: ${own.message}`}.`,
    'It holds "resolutions", each with "name", "field" and "take" (ours, theirs or base) or "value".',
  );
};

/** A revision as it is, or the newest one of a file, which is imported first. */
const importedRef = async (
  context: Context,
  client: Client,
  theirs: string,
  o: IncomingOptions,
): Promise<string> => {
  if (!/\.(json|age)$|[\\/]/.test(theirs) || !existsSync(theirs)) return theirs;
  const taken = unwrap(await client.call('snapshots.import', incoming(context, theirs, o)));
  context.note(
    `${theirs}: ${taken.fresh} of its ${taken.revisions.length} revisions were new here and are kept as ${taken.head.slice(0, 19)}`,
  );
  return taken.head;
};

const word = (value: MergeConflict['ours']): string => {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.map(word).join(' ');
  if (typeof value !== 'object') return String(value);
  const { version, decision, stage } = value;
  return typeof version === 'string'
    ? `${version} ${String(decision)} stage ${String(stage)}`
    : JSON.stringify(value);
};

/** Conflicts are a refusal, but a document of their own. */
export const tellConflicts = (context: Context, conflicts: MergeConflict[], hint: string): void => {
  const error = frostError(
    'merge.conflicts',
    `Nothing was merged: ${conflicts.length === 1 ? 'one thing was' : `${conflicts.length} things were`} changed on both sides.`,
    { hint },
  );
  if (context.json) {
    const { code, message } = error;
    context.result({ conflicts, error: { code, message, hint } }, () => '');
    context.exitCode = 3;
    return;
  }
  context.result({}, () =>
    table(
      ['PACKAGE', 'FIELD', 'BASE', 'OURS', 'THEIRS'],
      conflicts.map((one) => [
        one.arch === undefined ? one.name : `${one.name}:${one.arch}`,
        one.field,
        word(one.base),
        word(one.ours),
        word(one.theirs),
      ]),
      context.paint,
    ),
  );
  context.exitCode = tellError(error, false);
};

type PromoteOptions = { to: string; from?: string; withoutEvidence?: true; reason?: string };

const registerPromote = (snapshot: Command, action: Register): void => {
  snapshot
    .command('promote <name>')
    .description('let exactly this revision into an environment, on the run that tried it elsewhere')
    .requiredOption('--to <environment>', 'the environment it is let into')
    .option('--from <environment>', 'where it has to have been tried (any other, if not given)')
    .option('--without-evidence', 'though no run has tried it; wants --reason')
    .option('--reason <text>', 'kept with the promotion')
    .action(
      action<PromoteOptions>(async (context, [ref], o) => {
        const client = await context.client();
        const { snapshot: promoted } = unwrap(
          await client.call('versions.promote', {
            ref: ref ?? '',
            to: o.to,
            withoutEvidence: o.withoutEvidence === true,
            ...(o.from === undefined ? {} : { from: o.from }),
            ...(o.reason === undefined ? {} : { reason: o.reason }),
          }),
        );
        show(context, promoted, { first: `Promoted to ${o.to}: ` });
      }),
    );
};

export const registerVersions = (snapshot: Command, action: Register): void => {
  registerPromote(snapshot, action);
  snapshot
    .command('merge <ours> <theirs>')
    .description('bring two revisions of one snapshot together; THEIRS may be an exchange file')
    .addOption(
      new Option('--prefer <side>', 'what both changed is taken from this side').choices(['ours', 'theirs']),
    )
    .option('--resolve <file>', 'how each conflict is decided (YAML or JSON)')
    .option('--note <text>', 'on the merged revision')
    .option('--allowed-signers <file>', 'of a file: trust these for it, not the signers known here')
    .option('--revoked-keys <file>', 'of a file: keys that do not count, besides those revoked here')
    .option('--identity <file>', 'of a file: age identity file that opens it')
    .action(
      action<IncomingOptions & { prefer?: 'ours' | 'theirs'; resolve?: string; note?: string }>(
        async (context, [ours, theirs], o) => {
          const resolutions = o.resolve === undefined ? [] : await readResolutions(o.resolve);
          const client = await context.client();
          const merged = unwrap(
            await client.call('versions.merge', {
              ours: ours ?? '',
              theirs: await importedRef(context, client, theirs ?? '', o),
              resolutions,
              ...(o.prefer === undefined ? {} : { prefer: o.prefer }),
              ...(o.note === undefined ? {} : { message: o.note }),
            }),
          );
          if (merged.snapshot === undefined)
            return tellConflicts(
              context,
              merged.conflicts,
              'Decide with --prefer ours or theirs, or save this with --json, add "take" to each conflict, and give the file with --resolve.',
            );
          if (merged.outcome === 'same') context.note(`${ours} has all of ${theirs} already.`);
          if (merged.outcome === 'forward')
            context.note(`${theirs} was made from ${ours}, and is the newest revision now.`);
          show(context, merged.snapshot);
        },
      ),
    );
};

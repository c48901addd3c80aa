/** `rules`: approval rules in files and in saved versions. `snapshot create --rules` makes a snapshot from them. */
import type { Command } from 'commander';
import { MAX_RULES_CHARS, type Preview, type RulesSource } from '../../../../shared/contract/rules.ts';
import { frostError } from '../../../../shared/errors.ts';
import { groundLabel } from '../../../../shared/grounds.ts';
import type { PreviewRow, RuleSetSummary } from '../../../../shared/model/rule.ts';
import type { Context } from '../context.ts';
import { invalid, unwrap } from '../context.ts';
import { readText } from '../files.ts';
import type { Register } from '../register.ts';
import { count, safe, table } from '../terminal.ts';

/** What is larger is refused before it is sent; below that, the check itself has the word. */
const rulesText = (path: string): string => readText(path, MAX_RULES_CHARS);

/** A file's text; a saved set where there is no such file but the word is `NAME` or `NAME@VERSION` after `saved:`. */
export const rulesSource = (word: string): RulesSource => {
  const saved = /^saved:(.+?)(?:@(\d{1,7}))?$/.exec(word);
  if (saved?.[1] !== undefined)
    return {
      name: saved[1],
      ...(saved[2] === undefined ? {} : { version: Number(saved[2]) }),
    };
  return { text: rulesText(word), fileName: word.replace(/^.*[/\\]/, '').slice(0, 255) };
};

/** NAME or NAME@VERSION. */
const namedVersion = (word: string): { name: string; version?: number } => {
  const found = /^(.+?)(?:@(\d{1,7}))?$/.exec(word);
  if (found?.[1] === undefined) throw invalid(`${word} is no name of rules.`);
  return { name: found[1], ...(found[2] === undefined ? {} : { version: Number(found[2]) }) };
};

const summaries = (sets: RuleSetSummary[], context: Context): string =>
  table(
    ['NAME', 'VERSION', 'RULES', 'BY', 'AT', 'MESSAGE'],
    sets.map((one) => [
      one.name,
      `${one.version}`,
      `${one.ruleCount}`,
      one.author,
      one.savedAt,
      one.message ?? '',
    ]),
    context.paint,
  );

const label = (row: PreviewRow): string => {
  switch (row.outcome.kind) {
    case 'approved':
      return 'approve';
    case 'rejected':
    case 'held':
      return 'reject';
    default:
      return '-';
  }
};

const previewText = (preview: Preview, context: Context): string => {
  const p = context.paint;
  const { ruleSet, version, rows, unused, without, remarks } = preview;
  const taken = rows.filter((row) => label(row) === 'approve').length;
  const head = `${p.bold(safe(ruleSet.name))}${version === undefined ? '' : ` @${version}`}  ${taken} of ${count(rows.length, 'offered version')} approved, ${count(preview.entries, 'entry')} in all`;
  return [
    head,
    ...(rows.length === 0
      ? ['The selected hosts are offered no updates.']
      : [
          table(
            ['PACKAGE', 'VERSION', 'DECISION', 'SEVERITY', 'CLASS', 'DATA', 'HOSTS', 'REASON'],
            rows.map((row) => [
              `${row.name}:${row.arch}`,
              row.version,
              label(row),
              row.severity,
              row.classification,
              row.grounds.map(groundLabel).join(', '),
              `${row.hostCount}`,
              row.reason,
            ]),
            p,
          ),
        ]),
    ...unused.map(
      ({ list, item }) =>
        `${list}: ${item.name}${item.version === undefined ? '' : ` ${item.version}`} matches nothing that is offered.`,
    ),
    ...(without.length === 0 || remarks.length > 0 ? [] : [`Never scanned: ${without.join(', ')}.`]),
    ...remarks.map(safe),
  ].join('\n');
};

export const registerRules = (program: Command, action: Register): void => {
  const rules = program.command('rules').description('approval rules: check, preview, save in versions');

  rules
    .command('check <file>')
    .description('is the file a sound set of rules? every fault with its line; exit code 2 where not')
    .action(
      action(async (context, [file]) => {
        const client = await context.client();
        const outcome = unwrap(await client.call('rules.check', { text: rulesText(file ?? '') }));
        if (!outcome.ok) context.exitCode = 2;
        const [first] = outcome.issues;
        const error =
          first === undefined
            ? {}
            : {
                error: frostError(
                  'input.invalid',
                  `The rules cannot be used: line ${first.line}: ${first.path === '' ? '' : `${first.path}: `}${first.message}.`,
                ),
              };
        context.result({ ...outcome, ...error }, () =>
          outcome.ok
            ? `${safe(file ?? '')}: ${count(outcome.ruleSet?.rules.length ?? 0, 'rule')}, no fault.`
            : outcome.issues
                .map(({ line, column, path, message }) =>
                  safe(`${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`),
                )
                .join('\n'),
        );
      }),
    );

  rules
    .command('preview <file> [selectors...]')
    .description(
      'what the rules would take of what the hosts are offered now; changes nothing. FILE, or saved:NAME[@VERSION]',
    )
    .action(
      action(async (context, [file], _options, selectors) => {
        const client = await context.client();
        const preview = unwrap(
          await client.call('rules.preview', { rules: rulesSource(file ?? ''), selectors }),
        );
        context.result(preview, () => previewText(preview, context));
      }),
    );

  rules
    .command('list')
    .description('saved rules')
    .action(
      action(async (context) => {
        const client = await context.client();
        const { ruleSets } = unwrap(await client.call('rules.list', {}));
        context.result({ ruleSets }, () =>
          ruleSets.length === 0
            ? 'No saved rules yet. Save some with: frostline rules save FILE'
            : summaries(ruleSets, context),
        );
      }),
    );

  rules
    .command('save <file>')
    .description('save the next version of the rules that the file names')
    .option('--message <text>', 'why')
    .action(
      action<{ message?: string }>(async (context, [file], o) => {
        const client = await context.client();
        const { saved } = unwrap(
          await client.call('rules.save', {
            text: rulesText(file ?? ''),
            ...(o.message === undefined ? {} : { message: o.message }),
          }),
        );
        context.result({ saved }, () => `${safe(saved.name)}: version ${saved.version}`);
      }),
    );

  rules
    .command('show <name>')
    .description('saved rules as they were written: NAME or NAME@VERSION')
    .action(
      action(async (context, [name]) => {
        const client = await context.client();
        const { saved } = unwrap(await client.call('rules.show', namedVersion(name ?? '')));
        context.result({ saved }, () => saved.text.split('\n').map(safe).join('\n').trimEnd());
      }),
    );

  rules
    .command('history <name>')
    .description('every saved version')
    .action(
      action(async (context, [name]) => {
        const client = await context.client();
        const { versions } = unwrap(await client.call('rules.history', { name: name ?? '' }));
        context.result({ versions }, () => summaries(versions, context));
      }),
    );
};

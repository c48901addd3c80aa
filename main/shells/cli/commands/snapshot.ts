import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Edit } from '../../../../shared/contract/snapshots.ts';
import type { SnapshotDiff, SnapshotView } from '../../../../shared/model/snapshot.ts';
import { parseTime } from '../../../core/snapshots/time.ts';
import { type Context, invalid, readText, unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { bytes, safe, table } from '../terminal.ts';

const collect = (value: string, all: string[]) => [...all, value];

/** What cli.md lists without a question mark is always there: null where an entry goes for every architecture. */
const snapshotDocument = (snapshot: SnapshotView) => ({
  ...snapshot,
  entries: snapshot.entries.map(({ ecosystem, name, arch, ...entry }) => ({
    ecosystem,
    name,
    arch: arch ?? null,
    ...entry,
  })),
});

const show = (context: Context, snapshot: SnapshotView, first = '') =>
  context.result({ snapshot: snapshotDocument(snapshot) }, () => {
    const p = context.paint;
    const head = `${first}${p.bold(snapshot.name)} @${snapshot.revision}  ${snapshot.state}  ${p.dim(snapshot.id)}`;
    const freeze =
      snapshot.freeze === undefined
        ? []
        : [
            `frozen on ${snapshot.freeze.hosts} from ${snapshot.freeze.from} to ${snapshot.freeze.to} (${snapshot.freeze.policy})`,
          ];
    const held =
      snapshot.frozenRevision === undefined
        ? []
        : [
            `revision ${snapshot.frozenRevision.revision} of it is frozen until ${snapshot.frozenRevision.to}; this one cannot be deployed there`,
          ];
    const entries =
      snapshot.entries.length === 0
        ? 'No entries yet. Add one with: frostline snapshot edit NAME --add PACKAGE=VERSION'
        : table(
            ['STAGE', 'PACKAGE', 'VERSION', 'DECISION', 'SOURCE', 'CLASS', 'NOTE'],
            snapshot.entries.map((e) => [
              `${e.stage}`,
              e.arch === undefined ? e.name : `${e.name}:${e.arch}`,
              e.version,
              e.decision,
              e.source,
              e.classification ?? '',
              e.note ?? '',
            ]),
            p,
          );
    return [head, ...freeze, ...held, entries].join('\n');
  });

/** `PKG=VERSION[:ARCH]`. Versions hold colons (epochs), so an architecture is only what follows the last colon and looks like one. */
const ARCH_SUFFIX =
  /:(all|amd64|arm64|armhf|armel|i386|ppc64el|s390x|riscv64|mips64el|x86_64|aarch64|noarch|i686)$/;

const parseAdd = (text: string): Edit => {
  const at = text.indexOf('=');
  if (at < 1) throw invalid(`--add ${text}: expected PACKAGE=VERSION or PACKAGE=VERSION:ARCH.`);
  const rest = text.slice(at + 1);
  const arch = ARCH_SUFFIX.exec(rest)?.[1];
  const version = arch === undefined ? rest : rest.slice(0, -arch.length - 1);
  return { kind: 'add', ...named(text.slice(0, at)), version, ...(arch === undefined ? {} : { arch }) };
};

const named = (text: string): { name: string; arch?: string } => {
  const at = text.lastIndexOf(':');
  return at < 1 ? { name: text } : { name: text.slice(0, at), arch: text.slice(at + 1) };
};

const parseStage = (text: string): Edit => {
  const found = /^(.+)=(\d{1,2})$/.exec(text);
  if (found?.[1] === undefined || found[2] === undefined)
    throw invalid(`--stage ${text}: expected PACKAGE=NUMBER (0 to 99).`);
  return { kind: 'stage', ...named(found[1]), stage: Number(found[2]) };
};

type EditOptions = {
  add: string[];
  remove: string[];
  approve: string[];
  reject: string[];
  stage: string[];
  note?: string;
  message?: string;
};

const editsOf = (o: EditOptions): Edit[] => [
  ...o.add.map(parseAdd),
  ...o.remove.map((text): Edit => ({ kind: 'remove', ...named(text) })),
  ...o.approve.map((text): Edit => ({ kind: 'decide', ...named(text), decision: 'approve' })),
  ...o.reject.map((text): Edit => ({ kind: 'decide', ...named(text), decision: 'reject' })),
  ...o.stage.map(parseStage),
];

/** A note belongs to the entries that the same command names; without any, to the revision. */
const notesOf = (edits: Edit[], note: string | undefined): Edit[] =>
  note === undefined
    ? []
    : edits
        .filter((edit) => edit.kind !== 'remove')
        .map(
          (edit): Edit => ({
            kind: 'note',
            name: edit.name,
            ...(edit.arch === undefined ? {} : { arch: edit.arch }),
            note,
          }),
        );

const diffText = (diff: SnapshotDiff): string =>
  [
    ...diff.added.map((e) => `+ ${e.name} ${e.version}`),
    ...diff.removed.map((e) => `- ${e.name} ${e.version}`),
    ...diff.changed.map((c) => `~ ${c.name} ${c.field}: ${safe(c.from)} → ${safe(c.to)}`),
  ].join('\n') || 'No difference.';

export const registerSnapshot = (program: Command, action: Register): void => {
  const snapshot = program
    .command('snapshot')
    .description('lists of approved patches: make, edit, freeze, exchange');

  snapshot
    .command('create <name>')
    .description('make a snapshot from the last scans of a selector, or an empty one')
    .option('--from <selector>', 'again and again', collect, [])
    .option('--security', 'security updates only')
    .option('--empty', 'without entries')
    .addOption(new Option('--rules <file>').hideHelp())
    .action(
      action<{ from: string[]; security?: boolean; empty?: boolean; rules?: string }>(
        async (context, [name], o) => {
          if (o.rules !== undefined) throw invalid('Rules are not available in this version.');
          if (o.empty ? o.from.length > 0 : o.from.length === 0)
            throw invalid('Give either --from SELECTOR or --empty.');
          const client = await context.client();
          const made = unwrap(
            await client.call('snapshots.create', {
              name: name ?? '',
              security: o.security === true,
              ...(o.empty ? {} : { from: o.from }),
            }),
          );
          if (made.snapshot.message !== undefined) context.note(made.snapshot.message);
          show(context, made.snapshot);
        },
      ),
    );

  snapshot
    .command('edit <name>')
    .description('edit the entries; all edits of one call become one new revision')
    .option('--add <package=version>', 'PACKAGE=VERSION or PACKAGE=VERSION:ARCH', collect, [])
    .option('--remove <package>', 'take it off the list', collect, [])
    .option('--approve <package>', 'let it be deployed', collect, [])
    .option('--reject <package>', 'keep it listed, never deploy it', collect, [])
    .option('--stage <package=n>', 'the stage it is applied in', collect, [])
    .option('--note <text>', 'on the entries named, or on the revision')
    .action(
      action<EditOptions>(async (context, [ref], o) => {
        const edits = editsOf(o);
        if (edits.length === 0 && o.note === undefined)
          throw invalid('Nothing to edit: give --add, --remove, --approve, --reject, --stage or --note.');
        const client = await context.client();
        const made = unwrap(
          await client.call('snapshots.edit', {
            ref: ref ?? '',
            edits: [...edits, ...notesOf(edits, o.note)],
            ...(o.note === undefined ? {} : { message: o.note }),
          }),
        );
        show(context, made.snapshot);
      }),
    );

  snapshot
    .command('show <name>')
    .description('NAME, NAME@REVISION or an id')
    .action(
      action(async (context, [ref]) => {
        const client = await context.client();
        const found = unwrap(await client.call('snapshots.show', { ref: ref ?? '' }));
        for (const warning of found.warnings) context.note(`${warning.name}: ${warning.message}`);
        show(context, found.snapshot);
      }),
    );

  snapshot
    .command('list')
    .description('every snapshot')
    .action(
      action(async (context) => {
        const client = await context.client();
        const { snapshots } = unwrap(await client.call('snapshots.list', {}));
        const documents = [];
        // The list has no entries; programs get them as they do from `show`.
        for (const summary of context.json ? snapshots : []) {
          const shown = unwrap(await client.call('snapshots.show', { ref: summary.id })).snapshot;
          documents.push({ ...summary, ...snapshotDocument(shown) });
        }
        context.result({ snapshots: documents }, () =>
          snapshots.length === 0
            ? 'No snapshots yet. Make one with: frostline snapshot create NAME --from all'
            : table(
                ['NAME', 'REVISION', 'STATE', 'ENTRIES', 'FROZEN UNTIL'],
                snapshots.map((s) => [
                  s.name,
                  `${s.revision}`,
                  s.state,
                  `${s.entryCount}`,
                  s.freeze?.to ?? s.frozenRevision?.to ?? '',
                ]),
                context.paint,
              ),
        );
      }),
    );

  snapshot
    .command('history <name>')
    .description('the revisions of a snapshot')
    .action(
      action(async (context, [ref]) => {
        const client = await context.client();
        const { revisions } = unwrap(await client.call('snapshots.history', { ref: ref ?? '' }));
        context.result({ revisions }, () =>
          table(
            ['REVISION', 'STATE', 'ENTRIES', 'BY', 'AT', 'MESSAGE'],
            revisions.map((r) => [
              `${r.revision}`,
              r.state,
              `${r.entryCount}`,
              r.author.name,
              r.createdAt,
              r.message ?? '',
            ]),
            context.paint,
          ),
        );
      }),
    );

  snapshot
    .command('restore <name@revision>')
    .description('make an older revision the newest one')
    .action(
      action(async (context, [ref]) => {
        const client = await context.client();
        show(context, unwrap(await client.call('snapshots.restore', { ref: ref ?? '' })).snapshot);
      }),
    );

  snapshot
    .command('freeze <name>')
    .description('from FROM until TO, nothing else may be deployed on these hosts')
    .requiredOption('--hosts <selector>', 'the hosts it holds on')
    .option('--from <time>', 'ISO time, date, "now" or +2h', 'now')
    .requiredOption('--to <time>', 'ISO time, date, "now" or +2h')
    .addOption(
      new Option('--policy <policy>').choices(['listed-only', 'listed-or-dependency']).default('listed-only'),
    )
    .option('--guard', 'enforce it on the hosts too')
    .option(
      '--zone <zone>',
      'IANA time zone of times without offset',
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .action(
      action<{
        hosts: string;
        from: string;
        to: string;
        policy: 'listed-only' | 'listed-or-dependency';
        guard?: boolean;
        zone: string;
      }>(async (context, [ref], o) => {
        const now = Date.now();
        const frozen = unwrap(
          await (await context.client()).call('snapshots.freeze', {
            ref: ref ?? '',
            hosts: o.hosts,
            from: unwrap(parseTime(o.from, { zone: o.zone, now })),
            to: unwrap(parseTime(o.to, { zone: o.zone, now })),
            zone: o.zone,
            policy: o.policy,
            guard: o.guard === true,
          }),
        );
        show(context, frozen.snapshot);
      }),
    );

  snapshot
    .command('thaw <name>')
    .description('lift a freeze early')
    .requiredOption('--reason <text>', 'kept with the snapshot')
    .action(
      action<{ reason: string }>(async (context, [ref], o) => {
        const client = await context.client();
        show(
          context,
          unwrap(await client.call('snapshots.thaw', { ref: ref ?? '', reason: o.reason })).snapshot,
        );
      }),
    );

  snapshot
    .command('diff <a> <b>')
    .description('what B has other than A')
    .action(
      action(async (context, [a, b]) => {
        const client = await context.client();
        const diff = unwrap(await client.call('snapshots.diff', { a: a ?? '', b: b ?? '' }));
        context.result(diff, () => diffText(diff));
      }),
    );

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

  snapshot
    .command('remove <name>')
    .description('remove a snapshot with all its revisions')
    .option('--yes', 'do not ask')
    .action(
      action<{ yes?: boolean }>(async (context, [ref], o) => {
        await context.confirm(`Remove the snapshot ${ref} with all its revisions?`, o.yes);
        const client = await context.client();
        const outcome = unwrap(await client.call('snapshots.remove', { ref: ref ?? '' }));
        context.result(outcome, () => `Removed ${outcome.removed}`);
      }),
    );
};

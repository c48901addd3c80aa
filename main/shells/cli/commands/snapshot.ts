/** `snapshot`: lists of approved patches. Freezing is in snapshotFreeze.ts, files in snapshotExchange.ts. */
import { type Command, Option } from 'commander';
import type { Output } from '../../../../shared/contract/contract.ts';
import type { Edit } from '../../../../shared/contract/snapshots.ts';
import { Ecosystem } from '../../../../shared/model/primitives.ts';
import { invalid, unwrap } from '../context.ts';
import { named, packageVersion } from '../packageWords.ts';
import type { Register } from '../register.ts';
import { diffText, show, snapshotDocument } from '../snapshotText.ts';
import { table } from '../terminal.ts';
import { rulesSource } from './rules.ts';
import { findingLines, noteFindings, registerCheck } from './snapshotCheck.ts';
import { registerExchange } from './snapshotExchange.ts';
import { registerFreeze } from './snapshotFreeze.ts';
import { registerVersions } from './snapshotVersions.ts';

const collect = (value: string, all: string[]) => [...all, value];

const parseAdd = (text: string): Edit => ({ kind: 'add', ...packageVersion(text) });

const shortId = (id: string): string => id.slice('sha256:'.length, 'sha256:'.length + 12);

const signersOf = ({ signatures }: Output<'versions.graph'>['revisions'][number]): string =>
  signatures
    .filter((one) => one.status === 'trusted')
    .map((one) => one.signer ?? one.fingerprint)
    .join(', ');

const parseStage = (text: string): Edit => {
  const found = /^(.+)=(\d{1,2})$/.exec(text);
  if (found?.[1] === undefined || found[2] === undefined)
    throw invalid(`--stage ${text}: expected PACKAGE=NUMBER (0 to 99).`);
  return { kind: 'stage', ...named(found[1]), stage: Number(found[2]) };
};

const parseMove = (text: string): Edit => {
  const found = /^(.+)=(\d{1,5})$/.exec(text);
  if (found?.[1] === undefined || found[2] === undefined)
    throw invalid(`--move ${text}: expected PACKAGE=INDEX (0 is the first place of the list).`);
  return { kind: 'move', ...named(found[1]), index: Number(found[2]) };
};

type EditOptions = {
  add: string[];
  remove: string[];
  approve: string[];
  reject: string[];
  stage: string[];
  move: string[];
  pin: string[];
  unpin: string[];
  ecosystem?: Ecosystem;
  note?: string;
  message?: string;
};

const editsOf = (o: EditOptions): Edit[] => {
  const edits: Edit[] = [
    ...o.add.map(parseAdd),
    ...o.remove.map((text): Edit => ({ kind: 'remove', ...named(text) })),
    ...o.approve.map((text): Edit => ({ kind: 'decide', ...named(text), decision: 'approve' })),
    ...o.reject.map((text): Edit => ({ kind: 'decide', ...named(text), decision: 'reject' })),
    ...o.stage.map(parseStage),
    ...o.pin.map((text): Edit => ({ kind: 'pin', ...named(text), pinned: true })),
    ...o.unpin.map((text): Edit => ({ kind: 'pin', ...named(text), pinned: false })),
    ...o.move.map(parseMove),
  ];
  return o.ecosystem === undefined ? edits : edits.map((edit) => ({ ...edit, ecosystem: o.ecosystem }));
};

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
            ...(edit.ecosystem === undefined ? {} : { ecosystem: edit.ecosystem }),
            note,
          }),
        );

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
    .option(
      '--rules <file>',
      'what these rules approve, of what --from (default: all) is offered; or saved:NAME[@VERSION]',
    )
    .action(
      action<{ from: string[]; security?: boolean; empty?: boolean; rules?: string }>(
        async (context, [name], o) => {
          if (o.rules !== undefined && (o.empty || o.security))
            throw invalid('--rules says itself what is taken: --empty and --security do not go with it.');
          if (o.rules === undefined && (o.empty ? o.from.length > 0 : o.from.length === 0))
            throw invalid('Give either --from SELECTOR, --rules FILE or --empty.');
          const client = await context.client();
          const made = unwrap(
            await client.call('snapshots.create', {
              name: name ?? '',
              security: o.security === true,
              ...(o.empty ? {} : { from: o.from }),
              ...(o.rules === undefined ? {} : { rules: rulesSource(o.rules) }),
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
    .option('--move <package=index>', 'its place in the list, within its stage (0: first)', collect, [])
    .option('--pin <package>', 'keep its version when the snapshot is refreshed', collect, [])
    .option('--unpin <package>', 'let it be refreshed again', collect, [])
    .addOption(
      new Option(
        '--ecosystem <name>',
        'whose packages are meant, where several kinds of hosts have the name',
      ).choices(Ecosystem.options),
    )
    .option('--note <text>', 'on the entries named, or on the revision')
    .action(
      action<EditOptions>(async (context, [ref], o) => {
        const edits = editsOf(o);
        if (edits.length === 0 && o.note === undefined)
          throw invalid(
            'Nothing to edit: give --add, --remove, --approve, --reject, --stage, --move, --pin, --unpin or --note.',
          );
        const client = await context.client();
        const made = unwrap(
          await client.call('snapshots.edit', {
            ref: ref ?? '',
            edits: [...edits, ...notesOf(edits, o.note)],
            ...(o.note === undefined ? {} : { message: o.note }),
          }),
        );
        await noteFindings(context, client, made.snapshot);
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
        const { verdicts } = unwrap(await client.call('snapshots.verdicts', { ref: found.snapshot.id }));
        for (const line of findingLines(found.warnings)) context.note(line);
        show(context, found.snapshot, { verdicts });
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
                  s.freeze?.window?.to ?? s.freeze?.ends ?? s.frozenRevision?.to ?? '',
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
        const { revisions } = unwrap(await client.call('versions.graph', { ref: ref ?? '' }));
        context.result({ revisions }, () =>
          table(
            ['REVISION', 'ID', 'FROM', 'STATE', 'ENTRIES', 'BY', 'SIGNED BY', 'PROMOTED TO', 'AT', 'MESSAGE'],
            revisions.map((r) => [
              `${r.revision}${r.head ? ' (newest)' : r.branch ? ' (branch)' : ''}`,
              shortId(r.id),
              r.parents.map(shortId).join(' '),
              r.state,
              `${r.entryCount}`,
              r.author.name,
              signersOf(r),
              r.promotions.map((one) => one.to).join(', '),
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

  registerCheck(snapshot, action);
  registerFreeze(snapshot, action);
  registerExchange(snapshot, action);
  registerVersions(snapshot, action);
};

/** A snapshot and a difference as the command line shows them. */
import type { EntryVerdict } from '../../../shared/contract/snapshots.ts';
import { groundLabel, isJudgedOtherwise, judgementText } from '../../../shared/grounds.ts';
import { Severity } from '../../../shared/model/primitives.ts';
import type { Entry, SnapshotDiff, SnapshotView } from '../../../shared/model/snapshot.ts';
import { wordsOf } from '../../core/snapshots/rule.ts';
import type { Context } from './context.ts';
import { safe, table } from './terminal.ts';

type Verdicts = readonly EntryVerdict[];

const entryKey = ({ ecosystem, name, arch }: Pick<Entry, 'ecosystem' | 'name' | 'arch'>): string =>
  `${ecosystem} ${name} ${arch ?? ''}`;

const verdictOf = (verdicts: Verdicts): ((entry: Entry) => EntryVerdict | undefined) => {
  const known = new Map(verdicts.map((verdict) => [entryKey(verdict), verdict]));
  return (entry) => known.get(entryKey(entry));
};

/** What cli.md lists without a question mark is always there: null where an entry goes for every architecture. */
export const snapshotDocument = (snapshot: SnapshotView) => ({
  ...snapshot,
  promotions: snapshot.promotions ?? [],
  entries: snapshot.entries.map(({ ecosystem, name, arch, ...entry }) => ({
    ecosystem,
    name,
    arch: arch ?? null,
    ...entry,
  })),
});

/** `outside the freeze: 1 critical (openssl 3.0.16-1), 4 moderate`. */
const outsideLines = ({ outside }: SnapshotView): string[] => {
  if (outside === undefined) return [];
  const { packages, grounds } = outside;
  const words = Severity.options
    .filter((severity) => outside[severity] > 0)
    .map((severity) => `${outside[severity]} ${severity}`);
  const sources = grounds.length === 0 ? '' : ` (severities from ${grounds.map(groundLabel).join(', ')})`;
  const critical = packages
    .filter((one) => one.severity === 'critical')
    .map((one) => `${one.name} ${one.version} on ${one.hosts} ${one.hosts === 1 ? 'host' : 'hosts'}`);
  return [
    `came out during the freeze and outside it: ${words.length === 0 ? 'nothing' : words.join(', ')}${sources}`,
    ...critical.slice(0, 10).map((one) => `CRITICAL, outside the freeze: ${safe(one)}`),
  ];
};

/** `same, Debian tracker 2026-11-20`; empty where nothing is known of it today. */
const nowText = (entry: Entry, now: EntryVerdict | undefined): string =>
  now === undefined
    ? ''
    : [
        isJudgedOtherwise(entry, now) ? judgementText(now) : 'same',
        ...now.grounds.slice(0, 2).map(groundLabel),
      ].join(', ');

const otherwiseLines = (snapshot: SnapshotView, verdicts: Verdicts): string[] => {
  const verdict = verdictOf(verdicts);
  const names = snapshot.entries.flatMap((entry) => {
    const now = verdict(entry);
    return now !== undefined && isJudgedOtherwise(entry, now)
      ? [`${entry.name} ${judgementText(entry)}, now ${judgementText(now)}`]
      : [];
  });
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return [
    `SEVERITY is what this revision says (${snapshot.createdAt.slice(0, 10)}), NOW what is known today`,
    ...(names.length === 0
      ? []
      : [`judged otherwise now than in this revision: ${safe(names.slice(0, 10).join('; '))}${more}`]),
  ];
};

/** Beside the snapshot, not in it: what a revision says never changes, and what is known today does. */
const knownToday = (verdicts: Verdicts | undefined) =>
  verdicts === undefined || verdicts.length === 0 ? {} : { verdicts };

/** `verdicts`: what is known today of the entries, where that was asked for. */
export const show = (
  context: Context,
  snapshot: SnapshotView,
  { first = '', verdicts }: { first?: string; verdicts?: Verdicts } = {},
) =>
  context.result({ snapshot: snapshotDocument(snapshot), ...knownToday(verdicts) }, () => {
    const p = context.paint;
    const verdict = verdicts && verdictOf(verdicts);
    const head = `${first}${p.bold(snapshot.name)} @${snapshot.revision}  ${snapshot.state}  ${p.dim(snapshot.id)}`;
    const { freeze: own } = snapshot;
    const freeze =
      own === undefined
        ? []
        : [
            `frozen on ${own.hosts} from ${own.from} to ${own.to} (${own.policy})`,
            ...(own.recurrence === undefined
              ? []
              : [
                  `${wordsOf(own.recurrence.rule)}${own.recurrence.exclude.length === 0 ? '' : `, not on ${own.recurrence.exclude.join(', ')}`}; ${own.window === undefined ? 'over' : `${own.active ? 'now' : 'next'} from ${own.window.from} to ${own.window.to}`}`,
                ]),
          ];
    const exceptions = (snapshot.exceptions ?? []).map(
      (one) =>
        `exception: ${one.name}${one.arch === undefined ? '' : `:${one.arch}`} ${one.version} until ${one.until}${one.active || one.withdrawn !== undefined ? '' : ' (over)'}, by ${safe(one.author.name)}: ${safe(one.reason)}${one.withdrawn === undefined ? '' : `; withdrawn at ${one.withdrawn.at} by ${safe(one.withdrawn.author.name)}: ${safe(one.withdrawn.reason)}`}`,
    );
    const held =
      snapshot.frozenRevision === undefined
        ? []
        : [
            `revision ${snapshot.frozenRevision.revision} of it is frozen until ${snapshot.frozenRevision.to}; this one cannot be deployed there`,
          ];
    const promoted = (snapshot.promotions ?? []).map(
      (one) =>
        `promoted to ${one.to} by ${one.by} at ${one.at}${one.evidence === null ? ` without having been tried: ${safe(one.reason ?? '')}` : ` on run ${one.evidence.run} in ${one.evidence.environment} (${one.evidence.verdict})`}`,
    );
    const entries =
      snapshot.entries.length === 0
        ? 'No entries yet. Add one with: frostline snapshot edit NAME --add PACKAGE=VERSION'
        : table(
            [
              'STAGE',
              'PACKAGE',
              'VERSION',
              'DECISION',
              'SOURCE',
              'CLASS',
              'SEVERITY',
              ...(verdict === undefined ? [] : ['NOW']),
              'NOTE',
            ],
            snapshot.entries.map((e) => [
              `${e.stage}`,
              e.arch === undefined ? e.name : `${e.name}:${e.arch}`,
              e.version,
              e.decision,
              e.source,
              e.classification ?? '',
              e.severity ?? '',
              ...(verdict === undefined ? [] : [nowText(e, verdict(e))]),
              e.note ?? '',
            ]),
            p,
          );
    return [
      head,
      ...freeze,
      ...outsideLines(snapshot),
      ...exceptions,
      ...held,
      ...promoted,
      ...(verdicts === undefined || snapshot.entries.length === 0 ? [] : otherwiseLines(snapshot, verdicts)),
      entries,
    ].join('\n');
  });
export const diffText = (diff: SnapshotDiff): string =>
  [
    ...diff.added.map((e) => `+ ${e.name} ${e.version}`),
    ...diff.removed.map((e) => `- ${e.name} ${e.version}`),
    ...diff.changed.map((c) => `~ ${c.name} ${c.field}: ${safe(c.from)} → ${safe(c.to)}`),
  ].join('\n') || 'No difference.';

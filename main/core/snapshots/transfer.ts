/** Snapshots out to a file and in from one. An import is done whole or not at all. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import type { ImportOutcome } from '../../../shared/contract/snapshots.ts';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Revision, SnapshotDiff, SnapshotSummary } from '../../../shared/model/snapshot.ts';
import type { Ports, SnapshotLine, StoredFreeze } from '../ports.ts';
import { diffEntries } from './diff.ts';
import { chainOf, type ReadExchange, readExchange, writeExchange } from './exchange.ts';
import { isLive } from './freeze.ts';
import { checkOverlap, hostsUnder } from './freezing.ts';
import type { Lines } from './lines.ts';
import { contextOf, summaryOf } from './view.ts';

/** What importing a file would do here. `refusal`: why it may not, although the file is sound. */
type Assessment = {
  file: ReadExchange;
  local: SnapshotLine | undefined;
  fresh: Revision[];
  outcome: ImportOutcome;
  diff: SnapshotDiff | undefined;
  freezes: StoredFreeze[];
  refusal: FrostError | undefined;
};

const lookUp = (store: Ports['store']) => (id: string) => store.revision(id);

/** Freezes the chain of the file brings, with the hosts they match here; lifted where a later revision lifts them. */
const freezesOf = (file: ReadExchange, ports: Ports): Result<StoredFreeze[]> => {
  const { store } = ports;
  const own = new Map(file.revisions.map((revision) => [revision.id, revision]));
  const chain = chainOf(file.head, (id) => own.get(id) ?? store.revision(id));
  const present = new Map(store.freezes().map((stored) => [stored.revisionId, stored]));
  const thaws = new Map(
    chain.flatMap(({ content: { thaw } }) => (thaw === undefined ? [] : [[thaw.revision, thaw] as const])),
  );
  // Oldest first: of several the newest revision that continues a freeze is the one that counts.
  const excepted = new Map(
    chain.flatMap(({ content: { continues, exceptions } }) =>
      continues === undefined ? [] : [[continues, exceptions] as const],
    ),
  );
  const all: StoredFreeze[] = [];
  for (const { id, content } of chain) {
    if (content.freeze === undefined) continue;
    const known = present.get(id);
    const thaw = thaws.get(id);
    const exceptions = excepted.get(id);
    const news = thaw !== undefined || JSON.stringify(exceptions) !== JSON.stringify(known?.exceptions);
    if (known !== undefined && (known.thawed !== undefined || !news)) continue;
    const hosts = hostsUnder(content.freeze.hosts, store);
    if (!hosts.ok) return hosts;
    all.push({
      lineId: content.line.id,
      snapshot: content.line.name,
      revisionId: id,
      revision: content.number,
      freeze: content.freeze,
      hostIds: known?.hostIds ?? hosts.value.map((host) => host.id),
      ...(exceptions === undefined ? {} : { exceptions }),
      ...(thaw === undefined ? {} : { thawed: { at: thaw.at, reason: thaw.reason } }),
    });
  }
  return ok(all);
};

const refusalOf = (
  file: ReadExchange,
  outcome: ImportOutcome | 'diverged',
  freezes: StoredFreeze[],
  ports: Ports,
): FrostError | undefined => {
  const { store, clock } = ports;
  const { line } = file.head.content;
  const namesake = store.line(line.name);
  if (namesake !== undefined && namesake.id !== line.id)
    return frostError('already-exists', `There is another snapshot named '${namesake.name}' here.`, {
      hint: 'The two have nothing in common but the name. Export and remove the one here, then import again.',
    });
  if (outcome === 'diverged')
    return frostError(
      'state.conflict',
      `'${line.name}' was changed both here and in the file since they were the same; neither contains the other.`,
      {
        hint: 'Nothing was imported. Agree on one of the two: remove the one here and import again, or export this one.',
      },
    );
  for (const stored of freezes) {
    if (!isLive(stored, clock.now())) continue;
    const hosts = store.hosts().filter((host) => stored.hostIds.includes(host.id));
    const free = checkOverlap({ lineId: stored.lineId, freeze: stored.freeze, hosts }, ports);
    if (!free.ok) return free.error;
  }
  return undefined;
};

const assess = (text: string, ports: Ports): Result<Assessment> => {
  const { store, hasher } = ports;
  const read = readExchange(text, { hasher, stored: lookUp(store) });
  if (!read.ok) return read;
  const file = read.value;
  const local = store.line(file.head.content.line.id);
  const localHead = local && store.revision(local.headId);
  const own = new Map(file.revisions.map((revision) => [revision.id, revision]));
  const includes = (head: Revision, id: string) =>
    chainOf(head, (parent) => own.get(parent) ?? store.revision(parent)).some(
      (revision) => revision.id === id,
    );
  const outcome = ((): ImportOutcome | 'diverged' => {
    if (localHead === undefined) return 'new-line';
    if (localHead.id === file.head.id) return 'same';
    if (includes(file.head, localHead.id)) return 'forward';
    return includes(localHead, file.head.id) ? 'older' : 'diverged';
  })();
  const moves = outcome === 'new-line' || outcome === 'forward';
  const freezes = moves ? freezesOf(file, ports) : ok([]);
  if (!freezes.ok) return freezes;
  return ok({
    file,
    local,
    fresh: file.revisions.filter((revision) => store.revision(revision.id) === undefined),
    outcome: outcome === 'diverged' ? 'forward' : outcome,
    diff: localHead && diffEntries(localHead.content.entries, file.head.content.entries),
    freezes: freezes.value,
    refusal: refusalOf(file, outcome, freezes.value, ports),
  });
};

/** The file's revisions as they would stand here after the import. */
const summaries = ({ file, freezes }: Assessment, ports: Ports): SnapshotSummary[] => {
  const { line } = file.head.content;
  const fresh = new Set(freezes.map((stored) => stored.revisionId));
  const all = [...freezes, ...ports.store.freezes().filter((stored) => !fresh.has(stored.revisionId))];
  const context = contextOf({ id: line.id, headId: file.head.id }, all, ports.clock.now());
  return file.revisions.map((revision) => summaryOf(revision, context, file.revisions.length));
};

const report = (assessment: Assessment, ports: Ports) => ({
  signatures: assessment.file.signatures.map(({ fingerprint }) => ({ fingerprint, checked: false })),
  revisions: summaries(assessment, ports),
  fresh: assessment.fresh.length,
  ...(assessment.diff === undefined ? {} : { diff: assessment.diff }),
});

const exportFile =
  (ports: Ports, lines: Lines) =>
  (input: HandlerInput<'snapshots.export'>): Result<Output<'snapshots.export'>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { revision } = found.value;
    const written = writeExchange(chainOf(revision, lookUp(ports.store)), revision.id);
    if (!written.ok) return written;
    const { line, number } = revision.content;
    const fileName = `${line.name.replaceAll(' ', '-')}-r${number}.frost.json`;
    return ok({ fileName, ...written.value });
  };

const verify =
  (ports: Ports) =>
  (input: HandlerInput<'snapshots.verify'>): Result<Output<'snapshots.verify'>> => {
    const assessed = assess(input.text, ports);
    if (!assessed.ok) return assessed;
    const { refusal, outcome } = assessed.value;
    return ok({
      ...report(assessed.value, ports),
      ok: refusal === undefined,
      ...(refusal === undefined ? { outcome } : { refusal }),
    });
  };

const importFile =
  (ports: Ports, lines: Lines) =>
  (input: HandlerInput<'snapshots.import'>): Result<Output<'snapshots.import'>> => {
    const { store, changes } = ports;
    const assessed = assess(input.text, ports);
    if (!assessed.ok) return assessed;
    const { file, local, fresh, freezes, outcome, refusal } = assessed.value;
    if (refusal !== undefined) return { ok: false, error: refusal };
    const { line } = file.head.content;
    const answer = report(assessed.value, ports);
    if (outcome === 'new-line' || outcome === 'forward') {
      const stored = store.putRevisions(
        fresh,
        {
          lineId: line.id,
          name: line.name,
          revisionId: file.head.id,
          ...(local === undefined ? {} : { expectHead: local.headId }),
        },
        freezes,
      );
      if (!stored)
        return fail('state.conflict', `'${line.name}' was changed in the meantime; nothing was imported.`);
      changes.announce({ type: 'snapshots' });
    }
    const head = store.revision(store.line(line.id)?.headId ?? '');
    if (head === undefined) return fail('internal', `'${line.name}' was imported and is not there.`);
    return ok({ ...answer, ok: true, outcome, snapshot: lines.view(head) });
  };

export const createTransfer = (ports: Ports, lines: Lines) => ({
  export: async (input: HandlerInput<'snapshots.export'>) => exportFile(ports, lines)(input),
  verify: async (input: HandlerInput<'snapshots.verify'>) => verify(ports)(input),
  import: async (input: HandlerInput<'snapshots.import'>) => importFile(ports, lines)(input),
});

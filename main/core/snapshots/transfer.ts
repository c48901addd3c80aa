/** Snapshots out to a file and in from one. An import is done whole or not at all. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import type { ImportOutcome } from '../../../shared/contract/snapshots.ts';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type {
  Revision,
  SnapshotDiff,
  SnapshotSummary,
  SnapshotView,
} from '../../../shared/model/snapshot.ts';
import type { MergeConflict } from '../../../shared/model/versions.ts';
import { type Incoming, openIncoming, type Vouched } from '../exchange/incoming.ts';
import { viewOfSignature } from '../exchange/judge.ts';
import type { StoredSignature } from '../exchange/ports.ts';
import { keptSignatures } from '../exchange/suffice.ts';
import type { Ports, SnapshotLine, StoredFreeze, WrittenRevision } from '../ports.ts';
import { inTurns, type Turn } from '../turns.ts';
import { ancestry, ancestrySteps, chainOf, chainSteps, type LookUp } from './ancestry.ts';
import { diffEntries } from './diff.ts';
import { MAX_EXCHANGE_BYTES, READ_PASSES, type ReadExchange, readSteps, writeSteps } from './exchange.ts';
import { isLive } from './freeze.ts';
import { checkOverlap, hostsUnder } from './freezing.ts';
import type { Lines } from './lines.ts';
import { longWork } from './longWork.ts';
import { contextOf, summaryOf } from './view.ts';

/** Merging what diverged (merging.ts). */
export type Join = {
  conflicts(ours: Revision, theirs: Revision, lookUp: LookUp): MergeConflict[];
  merge(ours: Revision, theirs: Revision): Result<SnapshotView>;
};

/** What importing a file would do here. `refusal`: why it may not, although the file is sound. */
type Assessment = {
  file: ReadExchange;
  local: SnapshotLine | undefined;
  fresh: WrittenRevision[];
  outcome: ImportOutcome;
  diff: SnapshotDiff | undefined;
  freezes: StoredFreeze[];
  /** With `diverged`. */
  conflicts: MergeConflict[];
  refusal: FrostError | undefined;
  vouched: Vouched;
  encrypted: boolean;
};

/** A snapshot has one freeze at a time, and one more for each branch: no more than so many of a file can be live. */
const MAX_LIVE = 20;

/** The file is refused for its signatures: of what it holds, nothing was read. */
type Unvouched = { vouched: Vouched; refusal: FrostError; encrypted: boolean };

/** Revisions that are here, each read once. */
const remembering = (store: Ports['store']): LookUp => {
  const known = new Map<string, Revision>();
  return (id) => {
    const found = known.get(id) ?? store.revision(id);
    if (found !== undefined) known.set(id, found);
    return found;
  };
};

/** Freezes the chain of the file brings, with the hosts they match here; lifted where a later revision lifts them. */
export const freezesOf = (
  head: Revision,
  lookUp: LookUp,
  { store }: Pick<Ports, 'store'>,
): Result<StoredFreeze[]> => {
  const chain = chainOf(head, lookUp);
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

const refusalOf = (file: ReadExchange, freezes: StoredFreeze[], ports: Ports): FrostError | undefined => {
  const { store, clock } = ports;
  const { line } = file.head.content;
  const namesake = store.line(line.name);
  if (namesake !== undefined && namesake.id !== line.id)
    return frostError('already-exists', `There is another snapshot named '${namesake.name}' here.`, {
      hint: 'The two have nothing in common but the name. Export and remove the one here, then import again.',
    });
  const live = freezes.filter((stored) => isLive(stored, clock.now()));
  if (live.length > MAX_LIVE)
    return frostError('exchange.too-large', `The file has ${live.length} freezes that are not over yet.`, {
      hint: `At most ${MAX_LIVE} can be taken in.`,
    });
  const all = live.length === 0 ? [] : store.hosts();
  for (const stored of live) {
    const hosts = all.filter((host) => stored.hostIds.includes(host.id));
    const free = checkOverlap({ lineId: stored.lineId, freeze: stored.freeze, hosts }, ports);
    if (!free.ok) return free.error;
  }
  return undefined;
};

/** What the file would do here, as things are now: in one go, so that nothing changes meanwhile. */
const weigh = (
  file: ReadExchange,
  stored: LookUp,
  ports: Ports,
  join: Join,
): Result<Omit<Assessment, 'vouched' | 'encrypted'>> => {
  const { store } = ports;
  const own = new Map<string, Revision>(file.revisions.map((revision) => [revision.id, revision]));
  const lookUp: LookUp = (id) => own.get(id) ?? stored(id);
  const outside = new Set(
    file.revisions.flatMap(({ content }) => content.parents.filter((id) => !own.has(id))),
  );
  const present = store.present([...own.keys(), ...outside]);
  if ([...outside].some((id) => !present.has(id)))
    return fail(
      'state.conflict',
      `'${file.head.content.line.name}' was removed in the meantime; nothing was changed.`,
    );
  const local = store.line(file.head.content.line.id);
  const localHead = local && store.revision(local.headId);
  const outcome = ((): ImportOutcome => {
    if (localHead === undefined) return 'new-line';
    if (localHead.id === file.head.id) return 'same';
    if (ancestry([file.head.id], lookUp).has(localHead.id)) return 'forward';
    return ancestry([localHead.id], lookUp).has(file.head.id) ? 'older' : 'diverged';
  })();
  const moves = outcome === 'new-line' || outcome === 'forward';
  const freezes = moves ? freezesOf(file.head, lookUp, ports) : ok([]);
  if (!freezes.ok) return freezes;
  return ok({
    file,
    local,
    fresh: file.revisions.filter((revision) => !present.has(revision.id)),
    outcome,
    diff: localHead && diffEntries(localHead.content.entries, file.head.content.entries),
    freezes: freezes.value,
    conflicts:
      outcome === 'diverged' && localHead !== undefined ? join.conflicts(localHead, file.head, lookUp) : [],
    refusal: refusalOf(file, freezes.value, ports),
  });
};

const assess = async (
  input: Incoming,
  ports: Ports,
  join: Join,
  turn: Turn,
): Promise<Result<Assessment | Unvouched>> => {
  const { store, hasher } = ports;
  const opened = await openIncoming(input, MAX_EXCHANGE_BYTES, ports);
  if (!opened.ok) return opened;
  const encrypted = opened.value.text !== input.text;
  let vouched: Vouched = { judged: [], refusal: undefined };
  const stored = remembering(store);
  const read = await inTurns(
    readSteps(opened.value.text, {
      hasher,
      stored,
      vouch: (head, signatures) => {
        vouched = opened.value.vouch(head, signatures);
        return vouched.refusal;
      },
    }),
    turn,
  );
  if (!read.ok)
    return vouched.refusal === undefined ? read : ok({ vouched, refusal: vouched.refusal, encrypted });
  const file = read.value;
  // What the newest revision here was made from may have to be gone through: read here, where others have their turns.
  const local = store.line(file.head.content.line.id);
  if (local !== undefined && !file.revisions.some(({ id }) => id === local.headId))
    await inTurns(ancestrySteps([local.headId], stored), turn);
  const weighed = weigh(file, stored, ports, join);
  return weighed.ok ? ok({ ...weighed.value, vouched, encrypted }) : weighed;
};

/** The file's revisions as they would stand here after the import. */
const summaries = ({ file, freezes }: Assessment, ports: Ports): SnapshotSummary[] => {
  const { line } = file.head.content;
  const fresh = new Set(freezes.map((stored) => stored.revisionId));
  const all = [...freezes, ...ports.store.freezes().filter((stored) => !fresh.has(stored.revisionId))];
  const context = contextOf({ id: line.id, headId: file.head.id }, all, ports.clock.now());
  return file.revisions.map((revision) => summaryOf(revision, context, file.revisions.length));
};

/** Signatures of the file that are not kept here yet. All of them are sound; who made them is judged anew whenever it matters. */
const signaturesIn = ({ file, vouched }: Assessment, ports: Ports): StoredSignature[] => {
  const revisionId = file.head.id;
  const kept = new Set(ports.store.signatures(revisionId).map((one) => one.fingerprint));
  const addedAt = new Date(ports.clock.now()).toISOString();
  return file.signatures.flatMap(({ armor }, index) => {
    const fingerprint = vouched.judged[index]?.fingerprint;
    if (fingerprint === undefined || kept.has(fingerprint)) return [];
    kept.add(fingerprint);
    return [{ revisionId, fingerprint, armor, addedAt }];
  });
};

const report = (assessment: Assessment, ports: Ports) => ({
  signatures: assessment.vouched.judged.map(viewOfSignature),
  encrypted: assessment.encrypted,
  freshSignatures: signaturesIn(assessment, ports).length,
  revisions: summaries(assessment, ports),
  fresh: assessment.fresh.length,
  ...(assessment.diff === undefined ? {} : { diff: assessment.diff }),
  ...(assessment.outcome === 'diverged' ? { conflicts: assessment.conflicts } : {}),
});

const exportFile =
  (ports: Ports, lines: Lines) =>
  async (
    input: HandlerInput<'snapshots.export'>,
    caller?: Caller,
  ): Promise<Result<Output<'snapshots.export'>>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { revision } = found.value;
    const { line, number } = revision.content;
    const kept = ports.store
      .signatures(revision.id)
      .map(({ fingerprint, armor }) => ({ fingerprint, armor }));
    const written = await longWork(
      ports,
      {
        label: `Writing ${line.name}`,
        characters: 3 * number * JSON.stringify(revision.content).length,
        stopped: 'The export was stopped.',
        signal: caller?.signal,
      },
      async (turn) => {
        const chain = await inTurns(
          chainSteps(revision, (id) => ports.store.revision(id)),
          turn,
        );
        return inTurns(writeSteps(chain, revision.id, kept), turn);
      },
    );
    if (!written.ok) return written;
    const { recipients = [], passphrase } = input;
    const encrypted = recipients.length > 0 || passphrase !== undefined;
    const text = encrypted
      ? await ports.cipher.encrypt(written.value.text, { recipients, passphrase })
      : ok(written.value.text);
    if (!text.ok) return text;
    return ok({
      fileName: `${line.name.replaceAll(' ', '-')}-r${number}.frost.json${encrypted ? '.age' : ''}`,
      text: text.value,
      bytes: encrypted ? text.value.length : written.value.bytes,
      encrypted,
      signatures: keptSignatures(revision.id, ports).map(viewOfSignature),
    });
  };

const verify =
  (ports: Ports, join: Join) =>
  async (
    input: HandlerInput<'snapshots.verify'>,
    caller?: Caller,
  ): Promise<Result<Output<'snapshots.verify'>>> => {
    const assessed = await longWork(
      ports,
      {
        label: 'Checking a snapshot file',
        characters: READ_PASSES * input.text.length,
        stopped: 'The check of the file was stopped.',
        signal: caller?.signal,
      },
      (turn) => assess(input, ports, join, turn),
    );
    if (!assessed.ok) return assessed;
    if (!('file' in assessed.value)) {
      const { refusal, vouched, encrypted } = assessed.value;
      const signatures = vouched.judged.map(viewOfSignature);
      return ok({ ok: false, signatures, encrypted, freshSignatures: 0, revisions: [], fresh: 0, refusal });
    }
    const { refusal, outcome } = assessed.value;
    return ok({
      ...report(assessed.value, ports),
      ok: refusal === undefined,
      ...(refusal === undefined ? { outcome } : { refusal }),
    });
  };

/** Stores what is new of the file; false: nothing is. The newest revision here moves only forward; what diverged stands beside it. */
const take = (assessment: Assessment, ports: Ports): Result<boolean> => {
  const { file, local, fresh, freezes, outcome } = assessment;
  const { store } = ports;
  const { line } = file.head.content;
  const signatures = signaturesIn(assessment, ports);
  const moves = outcome === 'new-line' || outcome === 'forward';
  if (moves || outcome === 'diverged') {
    const stored = store.putRevisions(
      fresh,
      {
        lineId: line.id,
        name: line.name,
        revisionId: moves || local === undefined ? file.head.id : local.headId,
        expectHead: local?.headId ?? null,
      },
      freezes,
      signatures,
    );
    if (!stored)
      return fail('state.conflict', `'${line.name}' was changed in the meantime; nothing was imported.`);
  } else if (signatures.length > 0) store.putSignatures(signatures);
  return ok(moves || fresh.length > 0 || signatures.length > 0);
};

/** What else is to be stored with an imported file, in the same transaction; may throw, and then nothing is. */
export type Along = (lineId: string) => void;

const importFile =
  (ports: Ports, lines: Lines, join: Join) =>
  async (
    input: HandlerInput<'snapshots.import'>,
    { along, signal }: { along?: Along; signal?: AbortSignal | undefined },
  ): Promise<Result<Output<'snapshots.import'>>> => {
    const { store, changes } = ports;
    const assessed = await longWork(
      ports,
      {
        label: 'Importing a snapshot file',
        characters: READ_PASSES * input.text.length,
        stopped: 'The import was stopped; nothing was changed.',
        signal,
      },
      (turn) => assess(input, ports, join, turn),
    );
    if (!assessed.ok) return assessed;
    const assessment = assessed.value;
    if (!('file' in assessment)) return { ok: false, error: assessment.refusal };
    const { file, outcome, refusal, conflicts } = assessment;
    if (refusal !== undefined) return { ok: false, error: refusal };
    const { line } = file.head.content;
    const answer = { ...report(assessment, ports), ok: true, outcome, head: file.head.id };
    const taken = store.atomically(() => {
      const stored = take(assessment, ports);
      if (stored.ok) along?.(line.id);
      return stored;
    });
    if (!taken.ok) return taken;
    if (taken.value) changes.announce({ type: 'snapshots' });
    const head = store.revision(store.line(line.id)?.headId ?? '');
    if (head === undefined) return fail('internal', `'${line.name}' was imported and is not there.`);
    if (input.merge !== true || outcome !== 'diverged' || conflicts.length > 0)
      return ok({ ...answer, merged: false, snapshot: lines.view(head) });
    const merged = join.merge(head, file.head);
    return merged.ok ? ok({ ...answer, merged: true, snapshot: merged.value }) : merged;
  };

export const createTransfer = (ports: Ports, lines: Lines, join: Join) => ({
  export: exportFile(ports, lines),
  verify: verify(ports, join),
  import: (input: HandlerInput<'snapshots.import'>, caller?: Caller) =>
    importFile(ports, lines, join)(input, { signal: caller?.signal }),
  importAlong: (input: HandlerInput<'snapshots.import'>, along: Along, signal: AbortSignal) =>
    importFile(ports, lines, join)(input, { along, signal }),
});

/** Merging two revisions of a line, and the graph of a line's revisions. The merge itself is merge.ts. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import { REVISION_FORMAT, type Revision } from '../../../shared/model/snapshot.ts';
import { MergeConflict } from '../../../shared/model/versions.ts';
import { viewOfSignature } from '../exchange/judge.ts';
import { keptSignatures } from '../exchange/suffice.ts';
import type { Ports, SnapshotLine, StoredFreeze } from '../ports.ts';
import { createTurns } from '../turns.ts';
import { ancestry, type LookUp } from './ancestry.ts';
import { diffEntries } from './diff.ts';
import { isLive } from './freeze.ts';
import { checkOverlap } from './freezing.ts';
import type { Lines } from './lines.ts';
import { revisionsInTurns, SLICE_CHARACTERS } from './longWork.ts';
import { type Decide, type Mergeable, type Merged, mergeContents } from './merge.ts';
import { mergeBaseOf } from './mergeBase.ts';
import { createChoices } from './mergeChoices.ts';
import { freezesOf, type Join } from './transfer.ts';
import { contextOf, summaryOf } from './view.ts';

type MergeInput = HandlerInput<'versions.preview'>;

type Pair = { ours: Revision; theirs: Revision };
type Sides = Pair & { line: SnapshotLine };
type Computed = Merged & {
  bases: Revision[];
  /** The freeze to lift, where somebody decided which of two goes on. */
  lift: StoredFreeze | undefined;
  fault: FrostError | undefined;
};

const MAX_ENTRIES = 20_000;
const MAX_RULE_SETS = 10;
/** What asking for a revision's signatures and promotions costs, in characters of a slice. */
const LOOK = 1000;

const short = (id: string): string => id.slice('sha256:'.length, 'sha256:'.length + 12);

/** Live freezes that only one of the two histories has: a freeze there, and what would lift it here. */
const liveFreezes = (sides: Pair, now: number, lookUp: LookUp): Record<'ours' | 'theirs', StoredFreeze[]> => {
  const [mine, other] = [ancestry([sides.ours.id], lookUp), ancestry([sides.theirs.id], lookUp)];
  const lifted = new Set(
    [...mine.values(), ...other.values()].flatMap(({ content }) => content.thaw?.revision ?? []),
  );
  const live = (own: Map<string, Revision>, elsewhere: Map<string, Revision>): StoredFreeze[] =>
    [...own.values()].flatMap(({ id, content }) => {
      if (content.freeze === undefined || elsewhere.has(id) || lifted.has(id)) return [];
      const stored: StoredFreeze = {
        lineId: content.line.id,
        snapshot: content.line.name,
        revisionId: id,
        revision: content.number,
        freeze: content.freeze,
        hostIds: [],
      };
      return isLive(stored, now) ? [stored] : [];
    });
  return { ours: live(mine, other), theirs: live(other, mine) };
};

/** Two freezes that were not lifted: a line has one at a time. */
const freezeConflict = (
  { ours }: Pair,
  freezes: Record<'ours' | 'theirs', StoredFreeze[]>,
): MergeConflict | undefined => {
  const [mine, other] = [freezes.ours[0], freezes.theirs[0]];
  if (mine === undefined || other === undefined) return undefined;
  const told = ({ revision, revisionId, freeze }: StoredFreeze) => ({ revision, id: revisionId, ...freeze });
  return MergeConflict.parse({
    name: ours.content.line.name,
    field: 'freeze',
    base: null,
    ours: told(mine),
    theirs: told(other),
  });
};

/** The freeze that both sides continue; what they let through it is then merged too, and the result goes on continuing it. */
const continued = ({ ours, theirs }: Pair): string | undefined =>
  ours.content.continues === theirs.content.continues ? ours.content.continues : undefined;

/** Exceptions belong to a freeze, and are handed on with it alone. */
const mergeable = (content: Mergeable, freeze: string | undefined): Mergeable =>
  freeze === undefined ? { ...content, exceptions: [] } : content;

const compute = (sides: Pair, decide: Decide, now: number, lookUp: LookUp): Omit<Computed, 'fault'> => {
  const { ours, theirs } = sides;
  const found = mergeBaseOf(ours, theirs, lookUp);
  const merged = mergeContents(
    {
      base: found.base,
      ours: mergeable(ours.content, continued(sides)),
      theirs: mergeable(theirs.content, continued(sides)),
    },
    decide,
  );
  const freezes = liveFreezes(sides, now, lookUp);
  const conflict = freezeConflict(sides, freezes);
  const choice = conflict && decide(conflict);
  if (conflict === undefined) return { ...merged, bases: found.revisions, lift: undefined };
  if (choice === undefined || !('take' in choice) || choice.take === 'base')
    return {
      ...merged,
      conflicts: [...merged.conflicts, conflict],
      bases: found.revisions,
      lift: undefined,
    };
  return {
    ...merged,
    decided: [...merged.decided, { conflict, choice }],
    bases: found.revisions,
    lift: freezes[choice.take === 'ours' ? 'theirs' : 'ours'][0],
  };
};

/** The two revisions, of one line, the newest one among them or before one of them. */
const findSides = (o: { ours: string; theirs: string }, ports: Ports, lines: Lines): Result<Sides> => {
  const ours = lines.find(o.ours);
  if (!ours.ok) return ours;
  const theirs = lines.find(o.theirs);
  if (!theirs.ok) return theirs;
  const { line } = ours.value;
  if (line.id !== theirs.value.line.id)
    return fail(
      'input.invalid',
      `'${line.name}' and '${theirs.value.line.name}' are two snapshots that were never one: there is no revision both were made from.`,
      {
        hint: `See what differs with snapshot diff, and take it over into '${line.name}' with snapshot edit.`,
      },
    );
  const sides = { ours: ours.value.revision, theirs: theirs.value.revision, line };
  if (!ancestry([sides.ours.id, sides.theirs.id], (id) => ports.store.revision(id)).has(line.headId))
    return fail(
      'state.conflict',
      `The newest revision of '${line.name}' is part of neither, and would be left aside.`,
      { hint: `Merge into the newest one: snapshot merge '${line.name}' ${o.theirs}` },
    );
  return ok(sides);
};

const relation = ({ ours, theirs }: Sides, ports: Ports): 'same' | 'forward' | 'apart' => {
  const has = (of: Revision, id: string) => ancestry([of.id], (each) => ports.store.revision(each)).has(id);
  if (has(ours, theirs.id)) return 'same';
  return has(theirs, ours.id) ? 'forward' : 'apart';
};

/** Puts freezes in force that the new newest revision brings; refuses where one meets another line's. */
const store = (head: Revision, fresh: Revision[], line: SnapshotLine, ports: Ports): Result<Revision> => {
  const freezes = freezesOf(head, (id) => ports.store.revision(id), ports);
  if (!freezes.ok) return freezes;
  for (const stored of freezes.value) {
    if (!isLive(stored, ports.clock.now())) continue;
    const hosts = ports.store.hosts().filter((host) => stored.hostIds.includes(host.id));
    const free = checkOverlap({ lineId: line.id, freeze: stored.freeze, hosts }, ports);
    if (!free.ok) return free;
  }
  const done = ports.store.putRevisions(
    fresh,
    { lineId: line.id, name: line.name, revisionId: head.id, expectHead: line.headId },
    freezes.value,
  );
  if (!done)
    return fail('state.conflict', `'${line.name}' was changed in the meantime; nothing was merged.`, {
      hint: 'Merge again: the newest revision is another one now.',
    });
  ports.changes.announce({ type: 'snapshots' });
  return ok(head);
};

const mergedRevision = (
  { ours, theirs, line }: Sides,
  { content, lift }: Computed,
  message: string | undefined,
  lines: Lines,
): Revision => {
  const said = message?.trim();
  const numbers = `revision ${theirs.content.number} (${short(theirs.id)}) into revision ${ours.content.number} (${short(ours.id)})`;
  const text = said === undefined || said === '' ? `Merged ${numbers}.` : said;
  const freeze = continued({ ours, theirs });
  return lines.build({
    ...content,
    ...(freeze === undefined || content.exceptions.length === 0
      ? {}
      : { continues: freeze, entries: ours.content.entries }),
    format: REVISION_FORMAT,
    line: { id: line.id, name: line.name },
    number: Math.max(ours.content.number, theirs.content.number) + 1,
    parents: [ours.id, theirs.id],
    author: lines.author(),
    createdAt: lines.instant(),
    message: text,
    ...(lift === undefined
      ? {}
      : { thaw: { revision: lift.revisionId, at: lines.instant(), reason: `Given up in a merge. ${text}` } }),
  });
};

const check = (computed: Omit<Computed, 'fault'>): FrostError | undefined =>
  computed.content.entries.length > MAX_ENTRIES
    ? frostError('input.invalid', `A snapshot holds at most ${MAX_ENTRIES} entries.`)
    : computed.content.rules.length > MAX_RULE_SETS
      ? frostError('input.invalid', `A snapshot comes from at most ${MAX_RULE_SETS} rule sets.`)
      : undefined;

const computeWith = (sides: Sides, input: MergeInput, ports: Ports): Computed => {
  const choices = createChoices(input.resolutions, input.prefer);
  const computed = compute(sides, choices.decide, ports.clock.now(), (id) => ports.store.revision(id));
  return { ...computed, fault: choices.fault() ?? check(computed) };
};

const preview =
  (ports: Ports, lines: Lines) =>
  (input: MergeInput): Result<Output<'versions.preview'>> => {
    const found = findSides(input, ports, lines);
    if (!found.ok) return found;
    const sides = found.value;
    const { ours, theirs, line } = sides;
    const context = contextOf(line, ports.store.freezes(), ports.clock.now());
    const summary = (revision: Revision) => summaryOf(revision, context, line.revisions);
    const relative = relation(sides, ports);
    const computed = computeWith(sides, input, ports);
    const entries =
      relative === 'apart' ? computed.content.entries : (relative === 'same' ? ours : theirs).content.entries;
    return ok({
      outcome: relative !== 'apart' ? relative : computed.conflicts.length > 0 ? 'conflicts' : 'merged',
      ours: summary(ours),
      theirs: summary(theirs),
      bases: computed.bases.map(summary),
      conflicts: computed.conflicts,
      decided: computed.decided.map(({ conflict, choice }) => ({ conflict, ...choice })),
      entries,
      diffOurs: diffEntries(ours.content.entries, entries),
      diffTheirs: diffEntries(theirs.content.entries, entries),
      ...(computed.fault === undefined ? {} : { fault: computed.fault }),
    });
  };

const merge =
  (ports: Ports, lines: Lines) =>
  (input: HandlerInput<'versions.merge'>): Result<Output<'versions.merge'>> => {
    if (input.message?.isWellFormed() === false)
      return fail('input.invalid', 'The text holds a character that is not valid Unicode.');
    const found = findSides(input, ports, lines);
    if (!found.ok) return found;
    const sides = found.value;
    const { ours, theirs, line } = sides;
    const { expect } = input;
    if (expect !== undefined && (expect.ours !== ours.id || expect.theirs !== theirs.id))
      return fail('state.conflict', `'${line.name}' was changed in the meantime; nothing was merged.`, {
        hint: 'Look at the merge again.',
      });
    const relative = relation(sides, ports);
    if (relative === 'same') return ok({ outcome: 'same', snapshot: lines.view(ours), conflicts: [] });
    if (relative === 'forward') {
      const moved = store(theirs, [], line, ports);
      return moved.ok ? ok({ outcome: 'forward', snapshot: lines.view(theirs), conflicts: [] }) : moved;
    }
    const computed = computeWith(sides, input, ports);
    if (computed.fault !== undefined) return { ok: false, error: computed.fault };
    if (computed.conflicts.length > 0) return ok({ outcome: 'conflicts', conflicts: computed.conflicts });
    const made = mergedRevision(sides, computed, input.message, lines);
    const stored = store(made, [made], line, ports);
    return stored.ok ? ok({ outcome: 'merged', snapshot: lines.view(made), conflicts: [] }) : stored;
  };

const graph =
  (ports: Ports, lines: Lines) =>
  async (
    input: HandlerInput<'versions.graph'>,
    caller?: Caller,
  ): Promise<Result<Output<'versions.graph'>>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { line } = found.value;
    const turn = createTurns(ports.clock, SLICE_CHARACTERS, caller?.signal);
    const all = await revisionsInTurns(ports.store, line.id, turn);
    const own = new Map(all.map((revision) => [revision.id, revision]));
    const trunk = ancestry([line.headId], (id) => own.get(id));
    const parents = new Set(all.flatMap(({ content }) => content.parents));
    const context = contextOf(line, ports.store.freezes(), ports.clock.now());
    const revisions: Output<'versions.graph'>['revisions'] = [];
    for (const revision of all) {
      const { id } = revision;
      revisions.push({
        ...summaryOf(revision, context, line.revisions),
        promotions: ports.store.promotions(id),
        signatures: keptSignatures(id, ports).map(viewOfSignature),
        branch: !trunk.has(id),
        tip: !parents.has(id),
      });
      await turn(LOOK);
    }
    return ok({ revisions });
  };

export const createMerging = (ports: Ports, lines: Lines) => ({
  graph: graph(ports, lines),
  preview: async (input: MergeInput) => preview(ports, lines)(input),
  merge: async (input: HandlerInput<'versions.merge'>) => merge(ports, lines)(input),
});

/** For files whose revisions diverged from those here; transfer.ts. */
export const createJoin = (ports: Ports, lines: Lines): Join => ({
  conflicts: (ours, theirs, lookUp) =>
    compute({ ours, theirs }, () => undefined, ports.clock.now(), lookUp).conflicts,
  merge: (ours, theirs) => {
    const merged = merge(ports, lines)({ ours: ours.id, theirs: theirs.id, resolutions: [] });
    if (!merged.ok) return merged;
    const { snapshot } = merged.value;
    return snapshot === undefined
      ? fail('state.conflict', `'${ours.content.line.name}' was changed in the meantime; nothing was merged.`)
      : ok(snapshot);
  },
});

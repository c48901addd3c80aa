/**
 * From two lists to what was changed between them: as the edits that `snapshots.edit` takes, as words, and re-applied to a
 * list somebody else changed meanwhile.
 */
import type { Edit } from '../../../shared/contract/snapshots.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { byStage, type EntryKey, indexOf, keyOf } from './entries.ts';

export type Change = { key: EntryKey; name: string; what: string };

const target = (entry: Entry) => ({
  name: entry.name,
  ecosystem: entry.ecosystem,
  ...(entry.arch === undefined ? {} : { arch: entry.arch }),
});

/**
 * The edits that turn `base` into `now`. They count on what `snapshots.edit` does with places: an added or restaged entry
 * goes to the end of its stage, a new version takes the place of the old one, and a move puts the entry before the one that
 * stands at `index` before the move. Only the fewest entries that have to move are moved.
 */
export const toEdits = (base: readonly Entry[], now: readonly Entry[]): Edit[] => {
  const old = indexOf(base);
  const fresh = indexOf(now);
  const edits: Edit[] = [];
  const arriving: Entry[] = [];
  for (const entry of base) if (!fresh.has(keyOf(entry))) edits.push({ kind: 'remove', ...target(entry) });
  for (const entry of now) {
    const before = old.get(keyOf(entry));
    const name = target(entry);
    if (before === undefined || before.stage !== entry.stage) arriving.push(entry);
    if (before === undefined || before.version !== entry.version) {
      const note = entry.note ?? (before?.note === undefined ? undefined : '');
      edits.push({
        kind: 'add',
        ...name,
        version: entry.version,
        stage: entry.stage,
        ...(note === undefined ? {} : { note }),
      });
      if (entry.decision === 'reject') edits.push({ kind: 'decide', ...name, decision: 'reject' });
      if (before?.pinned !== entry.pinned)
        edits.push({ kind: 'pin', ...name, pinned: entry.pinned === true });
      continue;
    }
    if (before.decision !== entry.decision) edits.push({ kind: 'decide', ...name, decision: entry.decision });
    if (before.stage !== entry.stage) edits.push({ kind: 'stage', ...name, stage: entry.stage });
    if ((before.note ?? '') !== (entry.note ?? ''))
      edits.push({ kind: 'note', ...name, note: entry.note ?? '' });
    if (before.pinned !== entry.pinned) edits.push({ kind: 'pin', ...name, pinned: entry.pinned === true });
  }
  const arrived = new Set(arriving.map(keyOf));
  const staying = base.flatMap((entry) => (arrived.has(keyOf(entry)) ? [] : (fresh.get(keyOf(entry)) ?? [])));
  return [...edits, ...moves(byStage([...staying, ...arriving]), byStage(now))];
};

/** From one order of the same entries to another, both sorted by stage. */
const moves = (from: readonly Entry[], to: readonly Entry[]): Edit[] => {
  const place = new Map(from.map((entry, index) => [keyOf(entry), index]));
  const stay = longestIncreasing(to.map((entry) => place.get(keyOf(entry)) ?? 0));
  if (stay.size === to.length) return [];
  const list = from.map(keyOf);
  const edits: Edit[] = [];
  to.forEach((entry, at) => {
    if (stay.has(at)) return;
    const before = to[at - 1];
    const index = before === undefined ? 0 : list.indexOf(keyOf(before)) + 1;
    const was = list.indexOf(keyOf(entry));
    edits.push({ kind: 'move', ...target(entry), index });
    list.splice(was, 1);
    list.splice(index > was ? index - 1 : index, 0, keyOf(entry));
  });
  return edits;
};

/** Keys whose place among the entries both lists have is another one: the fewest that must have moved. */
const movedKeys = (base: readonly Entry[], now: readonly Entry[]): EntryKey[] => {
  const stages = indexOf(now);
  const place = new Map(
    base.filter((entry) => stages.get(keyOf(entry))?.stage === entry.stage).map((e, i) => [keyOf(e), i]),
  );
  const common = now.map(keyOf).filter((key) => place.has(key));
  const stay = longestIncreasing(common.map((key) => place.get(key) ?? 0));
  return common.filter((_key, index) => !stay.has(index));
};

/** Indexes of one longest strictly increasing subsequence. */
const longestIncreasing = (values: readonly number[]): ReadonlySet<number> => {
  const tails: number[] = [];
  const before: number[] = [];
  values.forEach((value, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : (tails[low - 1] ?? -1);
    tails[low] = index;
  });
  const kept = new Set<number>();
  for (let index = tails.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) kept.add(index);
  return kept;
};

/** What was changed, entry by entry, in words. */
export const listChanges = (base: readonly Entry[], now: readonly Entry[]): Change[] => {
  const old = indexOf(base);
  const fresh = indexOf(now);
  const changes: Change[] = [];
  const say = (entry: Entry, what: string) => changes.push({ key: keyOf(entry), name: entry.name, what });
  for (const entry of now) {
    const before = old.get(keyOf(entry));
    if (before === undefined) {
      say(
        entry,
        `added ${entry.version}${entry.decision === 'reject' ? ', rejected' : ''}, stage ${entry.stage}`,
      );
      continue;
    }
    if (before.version !== entry.version) say(entry, `version ${before.version} → ${entry.version}`);
    if (before.decision !== entry.decision)
      say(entry, entry.decision === 'approve' ? 'approved' : 'rejected');
    if (before.stage !== entry.stage) say(entry, `stage ${before.stage} → ${entry.stage}`);
    if ((before.note ?? '') !== (entry.note ?? ''))
      say(entry, entry.note === undefined ? 'note removed' : 'note changed');
    if (before.pinned !== entry.pinned) say(entry, entry.pinned === true ? 'pinned' : 'no longer pinned');
  }
  for (const entry of base) if (!fresh.has(keyOf(entry))) say(entry, `removed ${entry.version}`);
  for (const key of movedKeys(byStage(base), byStage(now))) {
    const entry = fresh.get(key);
    if (entry !== undefined) say(entry, 'moved within its stage');
  }
  return changes;
};

export type Rebased = { entries: Entry[]; clashes: Change[] };

/**
 * Makes the edits that led from `base` to `mine` on `head`, which somebody else made of `base` meanwhile. Nothing of either
 * side is lost: where both changed the same thing differently, mine stands and is listed under `clashes`.
 */
export const rebase = (base: readonly Entry[], mine: readonly Entry[], head: readonly Entry[]): Rebased => {
  const old = indexOf(base);
  const my = indexOf(mine);
  const theirs = indexOf(head);
  const clashes: Change[] = [];
  const clash = (entry: Entry, what: string) => clashes.push({ key: keyOf(entry), name: entry.name, what });
  const result = new Map<EntryKey, Entry>();

  for (const entry of head) {
    const key = keyOf(entry);
    const before = old.get(key);
    const wish = my.get(key);
    if (before !== undefined && wish === undefined) {
      if (!equal(before, entry)) clash(entry, 'changed there, removed by you: it stays removed');
      continue;
    }
    result.set(key, wish === undefined ? entry : merged(before, wish, entry, clash));
  }
  for (const entry of mine) {
    const key = keyOf(entry);
    if (theirs.has(key)) continue;
    const before = old.get(key);
    if (before !== undefined && equal(before, entry)) continue;
    if (before !== undefined) clash(entry, 'removed there, changed by you: it is kept');
    result.set(key, entry);
  }

  const [lead, follow] = mineLeads(base, mine, head) ? [mine, head] : [head, mine];
  return { entries: byStage(arrange(result, lead, follow)), clashes };
};

/** Whose order the result has: of the one who changed it, mine where both did. */
const mineLeads = (base: readonly Entry[], mine: readonly Entry[], head: readonly Entry[]): boolean => {
  if (placing(mine) === placing(base)) return false;
  if (placing(head) === placing(base)) return true;
  return movedKeys(byStage(base), byStage(mine)).length > 0;
};

/** Which entry stands where. */
const placing = (entries: readonly Entry[]): string =>
  byStage(entries)
    .map((entry) => `${entry.stage} ${keyOf(entry)}`)
    .join('\n');

const FIELDS = ['version', 'decision', 'stage', 'note', 'pinned'] as const;

/** Same entries in the same order, as far as an admin can edit them. */
export const sameEntries = (a: readonly Entry[], b: readonly Entry[]): boolean =>
  a.length === b.length &&
  a.every((entry, index) => {
    const other = b[index];
    return entry === other || (other !== undefined && keyOf(entry) === keyOf(other) && equal(entry, other));
  });

const equal = (a: Entry, b: Entry): boolean => FIELDS.every((field) => (a[field] ?? '') === (b[field] ?? ''));

const merged = (
  before: Entry | undefined,
  mine: Entry,
  theirs: Entry,
  clash: (entry: Entry, what: string) => void,
): Entry => {
  if (before === undefined) {
    if (!equal(mine, theirs)) clash(mine, `added there as ${theirs.version}: yours, ${mine.version}, stands`);
    return equal(mine, theirs) ? theirs : mine;
  }
  const changed = FIELDS.filter((field) => (mine[field] ?? '') !== (before[field] ?? ''));
  for (const field of changed) {
    const there = theirs[field] ?? '';
    if (there !== (before[field] ?? '') && there !== (mine[field] ?? ''))
      clash(mine, `${field}: “${there}” there, “${mine[field] ?? ''}” by you: yours stands`);
  }
  const { note: _note, pinned: _pinned, ...rest } = changed.includes('version') ? mine : theirs;
  const pick = <F extends (typeof FIELDS)[number]>(field: F): Entry[F] =>
    changed.includes(field) ? mine[field] : theirs[field];
  const note = pick('note');
  const pinned = pick('pinned');
  return {
    ...rest,
    decision: pick('decision'),
    stage: pick('stage'),
    ...(note === undefined ? {} : { note }),
    ...(pinned === undefined ? {} : { pinned }),
  };
};

/** The entries in the order of `lead`; those only `follow` has come after the one they follow there. */
const arrange = (
  entries: ReadonlyMap<EntryKey, Entry>,
  lead: readonly Entry[],
  follow: readonly Entry[],
): Entry[] => {
  const order = lead.map(keyOf).filter((key) => entries.has(key));
  const placed = new Set(order);
  let previous: EntryKey | undefined;
  for (const entry of follow) {
    const key = keyOf(entry);
    if (!entries.has(key)) continue;
    if (!placed.has(key)) {
      order.splice(previous === undefined ? 0 : order.indexOf(previous) + 1, 0, key);
      placed.add(key);
    }
    previous = key;
  }
  return order.flatMap((key) => entries.get(key) ?? []);
};

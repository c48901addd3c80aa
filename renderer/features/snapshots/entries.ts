/**
 * The entry list as the editor works on it: plain functions over immutable lists. A list is always sorted by stage; within a
 * stage the order is the one given.
 */
import type { Entry } from '../../../shared/model/snapshot.ts';

/** Names an entry within a revision. */
export type EntryKey = string;
export const keyOf = (entry: Pick<Entry, 'ecosystem' | 'name' | 'arch'>): EntryKey =>
  `${entry.ecosystem}/${entry.name}/${entry.arch ?? ''}`;

export const MAX_STAGE = 99;

/** Sorted by stage; within a stage as it was. */
export const byStage = (entries: readonly Entry[]): Entry[] =>
  entries.every((entry, index) => index === 0 || (entries[index - 1]?.stage ?? 0) <= entry.stage)
    ? [...entries]
    : [...entries].sort((a, b) => a.stage - b.stage);

export const stagesOf = (entries: readonly Entry[]): number[] => [
  ...new Set(byStage(entries).map((entry) => entry.stage)),
];

export const indexOf = (entries: readonly Entry[]): Map<EntryKey, Entry> =>
  new Map(entries.map((entry) => [keyOf(entry), entry]));

export const removeEntries = (entries: readonly Entry[], keys: ReadonlySet<EntryKey>): Entry[] =>
  entries.filter((entry) => !keys.has(keyOf(entry)));

const patch = (
  entries: readonly Entry[],
  keys: ReadonlySet<EntryKey>,
  how: (entry: Entry) => Entry,
): Entry[] => entries.map((entry) => (keys.has(keyOf(entry)) ? how(entry) : entry));

export const decide = (
  entries: readonly Entry[],
  keys: ReadonlySet<EntryKey>,
  decision: Entry['decision'],
): Entry[] => patch(entries, keys, (entry) => (entry.decision === decision ? entry : { ...entry, decision }));

export const setNote = (entries: readonly Entry[], key: EntryKey, note: string): Entry[] =>
  patch(entries, new Set([key]), ({ note: _old, ...entry }) => (note === '' ? entry : { ...entry, note }));

export const setPinned = (entries: readonly Entry[], keys: ReadonlySet<EntryKey>, pinned: boolean): Entry[] =>
  patch(entries, keys, (entry) => {
    if ((entry.pinned === true) === pinned) return entry;
    const { pinned: _old, ...bare } = entry;
    return pinned ? { ...bare, pinned: true } : bare;
  });

/** The entries keep their order and come last in the stage they move to. */
export const setStage = (entries: readonly Entry[], keys: ReadonlySet<EntryKey>, stage: number): Entry[] => {
  const moving = entries.filter((entry) => keys.has(keyOf(entry)) && entry.stage !== stage);
  const moved = new Set(moving.map(keyOf));
  return byStage([...removeEntries(entries, moved), ...moving.map((entry) => ({ ...entry, stage }))]);
};

/** Adds an entry last in its stage; one of the same name is replaced where it stands. */
export const addEntry = (entries: readonly Entry[], entry: Entry): Entry[] => {
  const key = keyOf(entry);
  const old = entries.find((other) => keyOf(other) === key);
  if (old === undefined) return byStage([...entries, entry]);
  if (old.stage === entry.stage) return patch(entries, new Set([key]), () => entry);
  return byStage([...removeEntries(entries, new Set([key])), entry]);
};

/** Puts entries, in their order, before the entry `before` (null: at the end of the stage). They take the stage given. */
export const placeBefore = (
  entries: readonly Entry[],
  keys: ReadonlySet<EntryKey>,
  before: EntryKey | null,
  stage: number,
): Entry[] => {
  if (before !== null && keys.has(before)) return [...entries];
  const moving = entries.filter((entry) => keys.has(keyOf(entry))).map((entry) => restaged(entry, stage));
  const rest = removeEntries(entries, keys);
  const found = before === null ? -1 : rest.findIndex((entry) => keyOf(entry) === before);
  const at = found >= 0 ? found : lastOf(rest, stage) + 1;
  return byStage([...rest.slice(0, at), ...moving, ...rest.slice(at)]);
};

const restaged = (entry: Entry, stage: number): Entry =>
  entry.stage === stage ? entry : { ...entry, stage };

/** Index of the last entry of a stage or of an earlier one; -1 when there is none. */
const lastOf = (entries: readonly Entry[], stage: number): number =>
  entries.findLastIndex((entry) => entry.stage <= stage);

/**
 * Moves entries one place up (-1) or down (1). At the edge of a stage they step over into the next stage there is, on its
 * near side; entries already at the end of the list stay.
 */
export const moveBy = (entries: readonly Entry[], keys: ReadonlySet<EntryKey>, step: -1 | 1): Entry[] => {
  const list = [...entries];
  const order = step === -1 ? list.keys() : [...list.keys()].reverse();
  for (const index of order) {
    const entry = list[index];
    const other = list[index + step];
    if (entry === undefined || other === undefined || !keys.has(keyOf(entry)) || keys.has(keyOf(other)))
      continue;
    if (entry.stage === other.stage) {
      list[index] = other;
      list[index + step] = entry;
    } else list[index] = { ...entry, stage: other.stage };
  }
  return list;
};

/**
 * Three-way merge of what two revisions hold, on what both were made from (docs/snapshot-format.md). Pure, and the same whichever side
 * is named first. A field that one side changed has that side's value; one that both changed, each in its own way, is a conflict, and
 * nothing is ever chosen silently. A freeze and a thaw belong to their revision and are no part of this.
 */
import { Entry, type RevisionContent } from '../../../shared/model/snapshot.ts';
import { MergeConflict, type Side } from '../../../shared/model/versions.ts';
import { canonicalJson } from './canonical.ts';
import { byStage, entryKey, entryLabel } from './edit.ts';
import { itemKey, itemName, mergeFacts, same, threeWay, withoutFacts } from './mergeFields.ts';
import { mergeOrder } from './mergeOrder.ts';

export type Mergeable = Pick<RevisionContent, 'scope' | 'rules' | 'entries' | 'exceptions'>;
/** `contested`: fields of it (`key#field`) that are in dispute themselves, in a base that had to be merged. */
export type MergeBase = Mergeable & { contested: ReadonlySet<string> };
export type Choice = { take: Side } | { value: string | number };
/** Undefined: nobody has decided it yet. */
export type Decide = (conflict: MergeConflict) => Choice | undefined;
export type Merged = {
  content: Mergeable;
  /** Not decided. `content` then holds the base's value, or where there is none the one that sorts first. */
  conflicts: MergeConflict[];
  decided: { conflict: MergeConflict; choice: Choice }[];
  contested: Set<string>;
};

export const EMPTY_BASE: MergeBase = {
  scope: {},
  rules: [],
  entries: [],
  exceptions: [],
  contested: new Set(),
};
export const asBase = (content: Mergeable): MergeBase => ({ ...content, contested: new Set() });

type Three<T> = { base: T; ours: T; theirs: T };
type Told = Three<unknown> &
  Pick<MergeConflict, 'name' | 'field'> &
  Partial<Pick<Entry, 'arch' | 'ecosystem'>>;

/** What is found on the way: conflicts by the key they are about, and what was decided. */
const createFindings = (decide: Decide) => {
  let open: { key: string; conflict: MergeConflict }[] = [];
  let decided: { key: string; conflict: MergeConflict; choice: Choice }[] = [];
  const contested = new Set<string>();
  return {
    /** The choice somebody made, or undefined, and the conflict is noted. */
    meet: (key: string, told: Told): Choice | undefined => {
      const conflict = MergeConflict.parse({
        ...told,
        base: told.base ?? null,
        ours: told.ours ?? null,
        theirs: told.theirs ?? null,
      });
      contested.add(`${key}#${told.field}`);
      const choice = decide(conflict);
      if (choice === undefined) open.push({ key, conflict });
      else decided.push({ key, conflict, choice });
      return choice;
    },
    /** In dispute, told with another conflict. */
    contest: (mark: string) => contested.add(mark),
    /** What was found about these keys does not matter any more. */
    forget: (keys: ReadonlySet<string>) => {
      open = open.filter(({ key }) => !keys.has(key));
      decided = decided.filter(({ key }) => !keys.has(key));
    },
    result: () => ({
      conflicts: open.map(({ conflict }) => conflict),
      decided: decided.map(({ conflict, choice }) => ({ conflict, choice })),
      contested,
    }),
  };
};
type Findings = ReturnType<typeof createFindings>;

const identity = (entry: Entry) => ({
  ecosystem: entry.ecosystem,
  name: entry.name,
  ...(entry.arch === undefined ? {} : { arch: entry.arch }),
});

/** Whatever side is named first: the base's value, else the one that sorts first. */
const meanwhile = <T>({ base, ours, theirs }: Three<T>): T =>
  base !== undefined
    ? base
    : ([ours, theirs]
        .filter((value) => value !== undefined)
        .sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1))[0] ?? ours);

type Loose = Record<string, unknown>;

/** Both sides have it. Every member that is not the package itself or a fact about its version is merged on its own. */
const mergeBoth = (
  { base, ours, theirs }: { base: Entry | undefined; ours: Entry; theirs: Entry },
  contested: ReadonlySet<string>,
  findings: Findings,
): Entry => {
  if (same(ours, theirs)) return ours;
  const key = entryKey(ours);
  const sides: { base: Loose; ours: Loose; theirs: Loose } = { base: base ?? {}, ours, theirs };
  const settle = (field: string, three: Three<unknown>): unknown => {
    const result = threeWay(three, contested.has(`${key}#${field}`) || contested.has(`${key}#entry`));
    if (result.kind === 'clean') return result.value;
    const choice = findings.meet(key, { ...identity(ours), field, ...three });
    if (choice === undefined) return meanwhile(three);
    return 'take' in choice ? three[choice.take] : choice.value;
  };
  const fields = new Set([base ?? {}, ours, theirs].flatMap((side) => Object.keys(withoutFacts(side))));
  const merged: Loose = identity(ours);
  for (const field of fields) {
    if (field in merged) continue;
    const value = settle(field, {
      base: sides.base[field],
      ours: sides.ours[field],
      theirs: sides.theirs[field],
    });
    // An empty note is none.
    if (value !== undefined && value !== '') merged[field] = value;
  }
  const facts = mergeFacts({ base, ours, theirs, version: merged.version });
  const sha256 =
    facts.sha256 === 'conflict'
      ? settle('sha256', { base: undefined, ours: ours.sha256, theirs: theirs.sha256 })
      : facts.sha256;
  return Entry.parse({ ...merged, ...facts.rest, ...(sha256 === undefined ? {} : { sha256 }) });
};

/** One side has it, the other has not. */
const mergeOne = (
  { base, ours, theirs }: Three<Entry | undefined>,
  disputed: boolean,
  findings: Findings,
): Entry | undefined => {
  const there = ours ?? theirs;
  if (there === undefined) return undefined;
  if (base === undefined && !disputed) return there;
  if (base !== undefined && !disputed && same(withoutFacts(there), withoutFacts(base))) return undefined;
  const choice = findings.meet(entryKey(there), { ...identity(there), field: 'entry', base, ours, theirs });
  // Nothing is lost while nobody has decided.
  if (choice === undefined || !('take' in choice)) return there;
  return { base, ours, theirs }[choice.take];
};

const byKey = (entries: Entry[]): Map<string, Entry> =>
  new Map(entries.map((entry) => [entryKey(entry), entry]));

const nameOf = (entry: Entry): string => `${entry.ecosystem}/${entry.name}`;
const isMixed = (entries: Entry[]): boolean =>
  entries.some((entry) => entry.arch === undefined) && entries.some((entry) => entry.arch !== undefined);

/** A package listed for any architecture by one side and for single ones by the other: both together would say two things. */
const settleArch = (merged: Map<string, Entry>, sides: Three<Entry[]>, findings: Findings): void => {
  const names = Map.groupBy(merged.values(), nameOf);
  const mixed = [...names].filter(([, entries]) => isMixed(entries));
  if (mixed.length === 0) return;
  const of = (side: Entry[]) => Map.groupBy(side, nameOf);
  const [base, ours, theirs] = [of(sides.base), of(sides.ours), of(sides.theirs)];
  for (const [name, entries] of mixed) {
    const three = { base: base.get(name) ?? [], ours: ours.get(name) ?? [], theirs: theirs.get(name) ?? [] };
    const [first] = entries;
    if (first === undefined || isMixed(three.ours) || isMixed(three.theirs)) continue;
    findings.forget(new Set([...entries, ...three.ours, ...three.theirs].map(entryKey)));
    const told = { ecosystem: first.ecosystem, name: first.name, field: 'arch' };
    const choice = findings.meet(name, { ...told, ...three });
    for (const entry of entries) findings.contest(`${entryKey(entry)}#entry`);
    if (choice === undefined || !('take' in choice)) continue;
    for (const entry of entries) merged.delete(entryKey(entry));
    for (const entry of three[choice.take]) merged.set(entryKey(entry), entry);
  }
};

/** In the order of their stages; within one, as mergeOrder.ts says. */
const arrange = (
  merged: Map<string, Entry>,
  sides: Three<Entry[]>,
  contested: ReadonlySet<string>,
  findings: Findings,
): Entry[] => {
  const stages = Map.groupBy(merged.keys(), (key) => merged.get(key)?.stage ?? 0);
  // A place says something only in the stage the side has it in.
  const within = (side: Entry[]) =>
    Map.groupBy(
      side.filter((entry) => merged.get(entryKey(entry))?.stage === entry.stage),
      (entry) => entry.stage,
    );
  const [base, ours, theirs] = [within(sides.base), within(sides.ours), within(sides.theirs)];
  const label = (key: string): string => {
    const entry = merged.get(key);
    return entry === undefined ? key : entryLabel(entry);
  };
  const all = [...stages].sort(([a], [b]) => a - b);
  return all.flatMap(([stage, keys]) => {
    const order = mergeOrder({
      keys: new Set(keys),
      base: (base.get(stage) ?? []).map(entryKey),
      ours: (ours.get(stage) ?? []).map(entryKey),
      theirs: (theirs.get(stage) ?? []).map(entryKey),
      contested: new Set(keys.filter((key) => contested.has(`${key}#order`))),
      decide: (tangle) => {
        const [first = ''] = tangle.ours.toSorted();
        const entry = merged.get(first);
        const choice =
          entry &&
          findings.meet(first, {
            ...identity(entry),
            field: 'order',
            base: tangle.base.map(label),
            ours: tangle.ours.map(label),
            theirs: tangle.theirs.map(label),
          });
        for (const key of tangle.ours) findings.contest(`${key}#order`);
        return choice !== undefined && 'take' in choice ? choice.take : 'base';
      },
    });
    return order.flatMap((key) => merged.get(key) ?? []);
  });
};

/** Rules or exceptions: each is merged as a whole. */
const mergeItems = <T>(
  field: 'rule' | 'exception',
  sides: Three<T[]>,
  contested: ReadonlySet<string>,
  findings: Findings,
): T[] => {
  const of = (items: T[]) => new Map(items.map((item) => [itemKey(item), item]));
  const [base, ours, theirs] = [of(sides.base), of(sides.ours), of(sides.theirs)];
  const merged = new Map<string, T>();
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const three = { base: base.get(key), ours: ours.get(key), theirs: theirs.get(key) };
    const mark = `${field}/${key}`;
    const result = threeWay(three, contested.has(`${mark}#${field}`));
    let value = result.kind === 'clean' ? result.value : meanwhile(three);
    if (result.kind === 'conflict') {
      const choice = findings.meet(mark, { name: itemName(three.ours ?? three.theirs), field, ...three });
      if (choice !== undefined && 'take' in choice) value = three[choice.take];
    }
    if (value !== undefined) merged.set(key, value);
  }
  const order = mergeOrder({
    keys: new Set(merged.keys()),
    base: sides.base.map(itemKey),
    ours: sides.ours.map(itemKey),
    theirs: sides.theirs.map(itemKey),
    contested: new Set(),
    decide: () => 'base',
  });
  return order.flatMap((key) => merged.get(key) ?? []);
};

/** What the entries were made for, as far as it is one: a member that both sides changed, each in its own way, is left out. */
const mergeScope = ({ base, ours, theirs }: Three<Mergeable['scope']>): Mergeable['scope'] => {
  const one = <K extends keyof Mergeable['scope']>(member: K): Pick<Mergeable['scope'], K> | undefined => {
    const result = threeWay({ base: base[member], ours: ours[member], theirs: theirs[member] }, false);
    if (result.kind === 'conflict' || result.value === undefined) return undefined;
    return { [member]: result.value } as Pick<Mergeable['scope'], K>;
  };
  return {
    ...one('ecosystem'),
    ...one('distro'),
    ...one('release'),
    ...one('arch'),
    ...one('environment'),
  };
};

export const mergeContents = (
  o: { base: MergeBase; ours: Mergeable; theirs: Mergeable },
  decide: Decide = () => undefined,
): Merged => {
  const findings = createFindings(decide);
  const { contested } = o.base;
  const sides = {
    base: byStage(o.base.entries),
    ours: byStage(o.ours.entries),
    theirs: byStage(o.theirs.entries),
  };
  const [base, ours, theirs] = [byKey(sides.base), byKey(sides.ours), byKey(sides.theirs)];
  const disputed = new Set([...contested].map((mark) => mark.slice(0, mark.lastIndexOf('#'))));
  const merged = new Map<string, Entry>();
  for (const key of [...new Set([...ours.keys(), ...theirs.keys()])].sort()) {
    const three = { base: base.get(key), ours: ours.get(key), theirs: theirs.get(key) };
    const entry =
      three.ours === undefined || three.theirs === undefined
        ? mergeOne(three, disputed.has(key), findings)
        : mergeBoth({ base: three.base, ours: three.ours, theirs: three.theirs }, contested, findings);
    if (entry !== undefined) merged.set(key, entry);
  }
  settleArch(merged, sides, findings);
  const entries = arrange(merged, sides, contested, findings);
  const of = <K extends keyof Mergeable>(member: K): Three<Mergeable[K]> => ({
    base: o.base[member],
    ours: o.ours[member],
    theirs: o.theirs[member],
  });
  const content = {
    scope: mergeScope(of('scope')),
    rules: mergeItems('rule', of('rules'), contested, findings),
    entries,
    exceptions: mergeItems('exception', of('exceptions'), contested, findings),
  };
  return { content, ...findings.result() };
};

/** What differs between two lists of entries. Pure. */
import type {
  Entry,
  Exception,
  Freeze,
  RevisionContent,
  SnapshotDiff,
} from '../../../shared/model/snapshot.ts';
import { canonicalJson } from './canonical.ts';
import { entryKey } from './edit.ts';
import { itemKey, itemName } from './mergeFields.ts';
import { longestAscending } from './mergeOrder.ts';

type Pair = { a: Entry; b: Entry };

/**
 * The same package in both lists: same ecosystem, name and arch; or same ecosystem and name where one side leaves the arch
 * open and there is no other candidate.
 */
const pairUp = (a: Entry[], b: Entry[]): { pairs: Pair[]; onlyA: Entry[]; onlyB: Entry[] } => {
  const pairs: Pair[] = [];
  const inB = new Map(b.map((entry) => [entryKey(entry), entry]));
  const restA: Entry[] = [];
  for (const entry of a) {
    const same = inB.get(entryKey(entry));
    if (same === undefined) restA.push(entry);
    else {
      pairs.push({ a: entry, b: same });
      inB.delete(entryKey(entry));
    }
  }
  const byName = (entry: Entry) => `${entry.ecosystem}/${entry.name}`;
  const countA = Map.groupBy(restA, byName);
  const countB = Map.groupBy(inB.values(), byName);
  const onlyA: Entry[] = [];
  for (const entry of restA) {
    const others = countB.get(byName(entry)) ?? [];
    const other = others[0];
    const alone = countA.get(byName(entry))?.length === 1 && others.length === 1;
    if (other !== undefined && alone && (entry.arch === undefined || other.arch === undefined)) {
      pairs.push({ a: entry, b: other });
      inB.delete(entryKey(other));
    } else onlyA.push(entry);
  }
  return { pairs, onlyA, onlyB: [...inB.values()] };
};

const shown = (value: string | number | true | undefined): string =>
  value === undefined ? '' : String(value);

/**
 * `changed` fields: `version`, `decision`, `stage`, `arch`, `note`, `pinned` (`true` or empty), and `order` (1-based places in the lists) for the fewest
 * entries that must have been moved to get from one order to the other. A value that is absent is the empty text.
 */
export const diffEntries = (a: Entry[], b: Entry[]): SnapshotDiff => {
  const { pairs, onlyA, onlyB } = pairUp(a, b);
  const placeA = new Map(a.map((entry, index) => [entry, index]));
  const placeB = new Map(b.map((entry, index) => [entry, index]));
  pairs.sort((x, y) => (placeA.get(x.a) ?? 0) - (placeA.get(y.a) ?? 0));
  const staying = pairs.filter((pair) => pair.a.stage === pair.b.stage);
  const kept = longestAscending(staying.map((pair) => placeB.get(pair.b) ?? 0));
  const moved = new Set(staying.filter((_, index) => !kept.has(index)));

  const changed: SnapshotDiff['changed'] = [];
  for (const pair of pairs) {
    const note = (field: string, from: string, to: string) => {
      if (from === to) return;
      const arch = pair.b.arch ?? pair.a.arch;
      changed.push({ name: pair.b.name, ...(arch === undefined ? {} : { arch }), field, from, to });
    };
    for (const field of ['version', 'decision', 'stage', 'arch', 'note', 'pinned'] as const)
      note(field, shown(pair.a[field]), shown(pair.b[field]));
    if (moved.has(pair))
      note('order', shown((placeA.get(pair.a) ?? 0) + 1), shown((placeB.get(pair.b) ?? 0) + 1));
  }
  return { added: onlyB, removed: onlyA, changed };
};

const freezeText = (freeze: Freeze | undefined): string =>
  freeze === undefined
    ? ''
    : [
        `${freeze.hosts} from ${freeze.from} to ${freeze.to} (${freeze.policy}${freeze.guard ? ', guard' : ''})`,
        ...(freeze.recurrence === undefined ? [] : [`again: ${freeze.recurrence.rule}`]),
      ].join(', ');

type Change = SnapshotDiff['changed'][number];

/** Things with a key on both sides, each shown as one text; absent: the empty text. */
const changedItems = <T>(
  field: string,
  a: readonly T[],
  b: readonly T[],
  o: { name(item: T): string; key(item: T): string; text(item: T): string },
): Change[] => {
  const [before, after] = [a, b].map((all) => new Map(all.map((item) => [o.key(item), item])));
  return [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].flatMap((key) => {
    const [from, to] = [before?.get(key), after?.get(key)];
    const named = to ?? from;
    const texts = { from: from === undefined ? '' : o.text(from), to: to === undefined ? '' : o.text(to) };
    return named === undefined || texts.from === texts.to ? [] : [{ name: o.name(named), field, ...texts }];
  });
};

const SCOPE = ['ecosystem', 'distro', 'release', 'arch', 'environment'] as const;

/**
 * What differs between two revisions: their entries, and under the snapshot's name `freeze` and `scope.…`, under a rule's `rule`,
 * under a package's `exception`.
 */
export const diffRevisions = (a: RevisionContent, b: RevisionContent): SnapshotDiff => {
  const { added, removed, changed } = diffEntries(a.entries, b.entries);
  const { name } = b.line;
  const whole = (field: string, from: string, to: string): Change[] =>
    from === to ? [] : [{ name, field, from, to }];
  return {
    added,
    removed,
    changed: [
      ...changed,
      ...whole('freeze', freezeText(a.freeze), freezeText(b.freeze)),
      ...SCOPE.flatMap((member) => whole(`scope.${member}`, shown(a.scope[member]), shown(b.scope[member]))),
      ...changedItems<unknown>('rule', a.rules, b.rules, {
        name: itemName,
        key: itemKey,
        text: (rule) => canonicalJson(rule),
      }),
      ...changedItems<Exception>('exception', a.exceptions, b.exceptions, {
        name: (one) => one.name,
        key: entryKey,
        text: (one) =>
          one.withdrawn === undefined
            ? `${one.version} until ${one.until}: ${one.reason}`
            : `${one.version} withdrawn at ${one.withdrawn.at}: ${one.withdrawn.reason}`,
      }),
    ],
  };
};

/** The same, but only which packages and versions: for comparing with what scans offer, which knows no decisions. */
export const diffVersions = (a: Entry[], b: Entry[]): SnapshotDiff => {
  const { added, removed, changed } = diffEntries(a, b);
  return { added, removed, changed: changed.filter((change) => change.field === 'version') };
};

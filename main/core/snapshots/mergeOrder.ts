/**
 * Merging two orders of the same things on the order both came from. Pure, and the same whichever side is named first.
 *
 * What both sides have keeps the order they agree on. Where they disagree, the side that changed the order of a pair wins over the one
 * that left it as it was; where that gives no order, or both moved the same thing or put something new in different places,
 * it is a conflict. What only one side has stands behind what it stands behind there.
 */

/** Indexes of a longest ascending run, in order: what is not in it was moved. */
export const longestAscending = (numbers: number[]): Set<number> => {
  const tails: number[] = [];
  const before: number[] = [];
  numbers.forEach((value, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[tails[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : (tails[low - 1] ?? -1);
    tails[low] = index;
  });
  const kept = new Set<number>();
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) kept.add(at);
  return kept;
};

/** The same keys in three orders; `base` may lack some. */
export type Tangle = { base: string[]; ours: string[]; theirs: string[] };

export type OrderInput = Tangle & {
  /** All keys of the result; those that neither side has come last. */
  keys: ReadonlySet<string>;
  /** Keys whose order in `base` is itself in dispute. */
  contested: ReadonlySet<string>;
  /** Decides a tangle that has no answer of its own. */
  decide(tangle: Tangle): 'ours' | 'theirs' | 'base';
};

/** Comparing every pair of more than these would take too long; nobody untangles them in two ways at once by hand. */
const LARGEST_TANGLE = 1000;

const places = (keys: string[]): Map<string, number> => new Map(keys.map((key, index) => [key, index]));
const sameOrder = (a: string[], b: string[]): boolean =>
  a.length === b.length && a.every((key, index) => key === b[index]);

/** Keys of `side` that must have been moved to get there from `base`. */
const movedIn = (side: string[], base: ReadonlyMap<string, number>): Set<string> => {
  const known = side.filter((key) => base.has(key));
  const kept = longestAscending(known.map((key) => base.get(key) ?? 0));
  return new Set(known.filter((_, index) => !kept.has(index)));
};

/** The order of a tangle by who changed what; undefined: there is none. */
const untangle = ({ base, ours, theirs }: Tangle): string[] | undefined => {
  if (sameOrder(base, ours)) return theirs;
  if (sameOrder(base, theirs)) return ours;
  if (ours.length > LARGEST_TANGLE) return undefined;
  const [inBase, inTheirs] = [places(base), places(theirs)];
  const before = new Map(ours.map((key) => [key, 0]));
  for (const [index, first] of ours.entries())
    for (const second of ours.slice(index + 1)) {
      // `first` stands before `second` in ours.
      const agreed = (inTheirs.get(first) ?? 0) < (inTheirs.get(second) ?? 0);
      const [a, b] = [inBase.get(first), inBase.get(second)];
      if (!agreed && (a === undefined || b === undefined)) return undefined;
      // Disagreement about a pair that stood in base: exactly one side changed it, and that one is right.
      const wins = agreed || (a ?? 0) > (b ?? 0) ? first : second;
      before.set(wins, (before.get(wins) ?? 0) + 1);
    }
  // Each stands before a different number of others, or there is a circle.
  const order = ours.toSorted((a, b) => (before.get(b) ?? 0) - (before.get(a) ?? 0));
  return order.every((key, index) => before.get(key) === order.length - 1 - index) ? order : undefined;
};

/** Cuts two orders of the same keys where everything before is the same on both sides. */
const cut = (ours: string[], theirs: string[]): { ours: string[]; theirs: string[] }[] => {
  const inTheirs = places(theirs);
  const pieces: { ours: string[]; theirs: string[] }[] = [];
  let start = 0;
  let furthest = -1;
  ours.forEach((key, index) => {
    furthest = Math.max(furthest, inTheirs.get(key) ?? 0);
    if (furthest !== index) return;
    pieces.push({ ours: ours.slice(start, index + 1), theirs: theirs.slice(start, index + 1) });
    start = index + 1;
  });
  return pieces;
};

/** What stands behind each shared key (or, under '', before the first), of what only this side has. */
const followers = (side: string[], shared: ReadonlySet<string>): Map<string, string[]> => {
  const behind = new Map<string, string[]>();
  let anchor = '';
  for (const key of side)
    if (shared.has(key)) anchor = key;
    else {
      const run = behind.get(anchor);
      if (run === undefined) behind.set(anchor, [key]);
      else run.push(key);
    }
  return behind;
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const mergeOrder = (o: OrderInput): string[] => {
  const kept = (side: string[]) => side.filter((key) => o.keys.has(key));
  const [base, ours, theirs] = [kept(o.base), kept(o.ours), kept(o.theirs)];
  const mine = new Set(ours);
  const shared = new Set(theirs.filter((key) => mine.has(key)));
  const inBase = places(base);
  const movedThere = movedIn(theirs, inBase);
  const movedTwice = new Set([...movedIn(ours, inBase)].filter((key) => movedThere.has(key)));
  const spine = cut(
    ours.filter((key) => shared.has(key)),
    theirs.filter((key) => shared.has(key)),
  ).flatMap((piece) => {
    if (piece.ours.length === 1) return piece.ours;
    const own = new Set(piece.ours);
    const tangle = { base: base.filter((key) => own.has(key)), ...piece };
    const disputed = piece.ours.filter((key) => o.contested.has(key)).length > 1;
    const order = disputed || piece.ours.some((key) => movedTwice.has(key)) ? undefined : untangle(tangle);
    if (order !== undefined) return order;
    const side = tangle[o.decide(tangle)];
    const there = new Set(side);
    return [...side, ...piece.ours.filter((key) => !there.has(key)).sort(byText)];
  });
  const [here, there] = [followers(ours, shared), followers(theirs, shared)];
  const order = ['', ...spine].flatMap((anchor) => {
    const runs = [here.get(anchor) ?? [], there.get(anchor) ?? []].filter((run) => run.length > 0);
    const sorted = runs.sort((a, b) => byText(a[0] ?? '', b[0] ?? '')).flat();
    return anchor === '' ? sorted : [anchor, ...sorted];
  });
  const placed = new Set(order);
  return [...order, ...[...o.keys].filter((key) => !placed.has(key)).sort(byText)];
};

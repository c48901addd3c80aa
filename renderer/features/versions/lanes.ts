/** Where the lines of a history run: which lane a revision stands in, and which lanes lead to it, past it and on. Pure. */

export type LaneRow = {
  lane: number;
  /** Lanes that end in this revision from above: those of the revisions made from it. */
  incoming: number[];
  /** Lanes that pass it. */
  through: number[];
  /** Lanes that go on below it: those of what it was made from. */
  outgoing: number[];
};

/** `revisions`: each before what it was made from. */
export const lanesOf = (revisions: readonly { id: string; parents: readonly string[] }[]): LaneRow[] => {
  const known = new Set(revisions.map((one) => one.id));
  /** The revision each lane waits for; null: free. */
  const lanes: (string | null)[] = [];
  const free = (): number => {
    const at = lanes.indexOf(null);
    return at < 0 ? lanes.push(null) - 1 : at;
  };
  return revisions.map(({ id, parents }) => {
    const incoming = lanes.flatMap((waits, lane) => (waits === id ? [lane] : []));
    const lane = incoming[0] ?? free();
    for (const one of incoming) lanes[one] = null;
    const through = lanes.flatMap((waits, at) => (waits === null ? [] : [at]));
    lanes[lane] = null;
    const outgoing = parents
      .filter((parent) => known.has(parent))
      .map((parent, index) => {
        const shared = lanes.indexOf(parent);
        if (shared >= 0) return shared;
        const at = index === 0 || lanes[lane] === null ? lane : free();
        lanes[at] = parent;
        return at;
      });
    return { lane, incoming, through, outgoing };
  });
};

/** Whether the freezes in the history of an exchange file can have been made as it says. */
import type { Freeze, Revision } from '../../../shared/model/snapshot.ts';
import type { Steps } from '../turns.ts';
import { canonicalJson } from './canonical.ts';
import { stop } from './exchangeStop.ts';
import { endOf, firstOverlap } from './recurrence.ts';

/** What things cost, in characters of text gone through. */
const LOOK = 50;
const OPEN = 5;
const PAIR = 20_000;

/** A freeze that was not lifted yet, with the freezes that were open when it was made. */
type OpenFreeze = { freeze: Freeze; entries: string; over: ReadonlySet<string> };

/** At a revision: freezes that are open, and those that it or an ancestor lifted. Shared where nothing changes. */
type FreezeState = { open: ReadonlyMap<string, OpenFreeze>; lifted: ReadonlySet<string> };
const NO_FREEZES: FreezeState = { open: new Map(), lifted: new Set() };

/** What was open at the parents and lifted at none of them. */
const joinStates = (parents: FreezeState[]): FreezeState => {
  const [first = NO_FREEZES, second = first] = parents;
  if (first.open === second.open && first.lifted === second.lifted) return first;
  const lifted = new Set([...first.lifted, ...second.lifted]);
  const open = [...first.open, ...second.open].filter(([id]) => !lifted.has(id));
  return { open: new Map(open), lifted };
};

/** How many revisions of the chain were made from each. */
const countChildren = (chain: Revision[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { content } of chain)
    for (const parent of content.parents) counts.set(parent, (counts.get(parent) ?? 0) + 1);
  return counts;
};

/** From the beginning of its first window to the end of its last one, in milliseconds. */
const hullOf = (freeze: Freeze) => ({ from: Date.parse(freeze.from), to: endOf(freeze) });

/** Two freezes of which one was made on the other must not hold at the same time, unless one was lifted. */
function* checkApart(open: FreezeState['open']): Steps<void> {
  const hulls = new Map([...open].map(([id, { freeze }]) => [id, hullOf(freeze)]));
  for (const [id, { freeze, over }] of open) {
    const hull = hulls.get(id);
    if (hull === undefined) continue;
    for (const below of over) {
      const [other, near] = [open.get(below), hulls.get(below)];
      if (other === undefined || near === undefined || hull.from >= near.to || near.from >= hull.to) continue;
      if (firstOverlap(other.freeze, freeze) !== undefined)
        stop('exchange.malformed', 'Two freezes of this snapshot hold at the same time.');
      yield PAIR;
    }
    yield over.size;
  }
}

/**
 * Thaws must lift a freeze of an ancestor, and what continues a freeze must have its entries and come before it is lifted; two
 * freezes of which one was made on the other must not hold at the same time. `chain`: oldest first, each after its parents.
 * Those of branches that a merge joined may, in the past: whoever takes the chain in sees to those that hold now.
 */
export function* checkFreezes(chain: Revision[]): Steps<void> {
  const states = new Map<string, FreezeState>();
  // A state is forgotten with the last revision that was made from its own: a file can have ten thousand with a thousand freezes each.
  const children = countChildren(chain);
  let state = NO_FREEZES;
  for (const { id, content } of chain) {
    const { parents, thaw, freeze, continues } = content;
    state = joinStates(parents.flatMap((parent) => states.get(parent) ?? []));
    for (const parent of parents) {
      const left = (children.get(parent) ?? 0) - 1;
      children.set(parent, left);
      if (left <= 0) states.delete(parent);
    }
    if (thaw !== undefined) {
      if (!state.open.has(thaw.revision))
        stop('exchange.malformed', `Revision ${content.number} lifts a freeze that is not there.`);
      const open = new Map(state.open);
      open.delete(thaw.revision);
      state = { open, lifted: new Set([...state.lifted, thaw.revision]) };
    }
    if (freeze !== undefined) {
      const own = { freeze, entries: canonicalJson(content.entries), over: new Set(state.open.keys()) };
      state = { ...state, open: new Map([...state.open, [id, own]]) };
      yield own.entries.length;
    }
    states.set(id, state);
    yield LOOK + (parents.length > 1 || thaw !== undefined ? state.open.size * OPEN : 0);
    if (continues === undefined) continue;
    const continued = state.open.get(continues);
    if (continued === undefined)
      stop('exchange.malformed', `Revision ${content.number} continues a freeze that is not there.`);
    const entries = canonicalJson(content.entries);
    if (continued?.entries !== entries)
      stop('exchange.malformed', `Revision ${content.number} continues a freeze with other entries.`);
    yield entries.length;
  }
  // `state` is that of the head.
  yield* checkApart(state.open);
}

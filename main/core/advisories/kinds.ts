/** Hosts that are judged alike: each kind once, however many hosts are of it. Pure. */
import type { Where } from './describe.ts';

/** `where`: with the age of the oldest of their lists; as everywhere, what tells none does not count against what does. */
export type Kind = { where: Where; hosts: number };

export const kindsOf = (hosts: Iterable<Where>): Kind[] => {
  const kinds = new Map<string, Kind>();
  for (const { manager, os, release, codename, listsUpdatedAt } of hosts) {
    const key = [manager, os, release, codename ?? ''].join('\n');
    const known = kinds.get(key);
    if (known === undefined) {
      kinds.set(key, { where: { manager, os, release, codename, listsUpdatedAt }, hosts: 1 });
      continue;
    }
    known.hosts += 1;
    const { listsUpdatedAt: oldest } = known.where;
    if (listsUpdatedAt !== undefined && (oldest === undefined || listsUpdatedAt < oldest))
      known.where = { ...known.where, listsUpdatedAt };
  }
  return [...kinds.values()];
};

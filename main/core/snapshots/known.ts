/** What scans tell about packages, to check and to judge entries by. */
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { RevisionContent } from '../../../shared/model/snapshot.ts';
import type { Clock, HostStore, ScanStore } from '../ports.ts';
import { createTurns, inTurns, type Turn } from '../turns.ts';
import { type HostWorld, inScope, learn, nameKey, Shared, type World, worldSteps } from './world.ts';

export type Knowledge = {
  /** The managers of the hosts that have, or are offered, a package of this name, and in this version where one is given. */
  ecosystems(name: string, version: string | undefined): Ecosystem[];
  /** The managers of all scanned hosts. */
  all: Ecosystem[];
  /** All hosts there are. */
  everything: World;
  /** The hosts a snapshot of this scope is for. The same scope has the same world until there is a newer scan. */
  world(scope: RevisionContent['scope']): Promise<World>;
};

const ECOSYSTEMS: readonly Ecosystem[] = ['apt', 'dnf', 'zypper', 'apk', 'windows'];

const knowledgeOf = async (hosts: readonly HostWorld[], turn: Turn): Promise<Knowledge> => {
  const everything = await inTurns(worldSteps(hosts), turn);
  const worlds = new Map<string, Promise<World>>();
  const managers = (some: readonly HostWorld[]) => [...new Set(some.map((host) => host.ecosystem))].sort();
  return {
    all: managers(hosts),
    ecosystems: (name, version) =>
      managers(
        ECOSYSTEMS.flatMap((ecosystem) => everything.having(nameKey(ecosystem, name))).filter(
          (host) =>
            version === undefined ||
            host.installed.get(name)?.some((one) => one.version === version) === true ||
            host.updates.get(name)?.some((update) => update.to === version) === true,
        ),
      ),
    everything,
    world: async (scope) => {
      const members = hosts.filter((host) => inScope(scope, host));
      if (members.length === hosts.length) return everything;
      const key = members.map((host) => host.scanId).join(' ');
      const known = worlds.get(key) ?? inTurns(worldSteps(members), turn);
      worlds.set(key, known);
      return known;
    },
  };
};

/** So many packages are filed in one go; reading a scan costs about five times that. */
const SLICE_PACKAGES = 5000;
const READING = 5;

/**
 * Reads last good scans, each one once: a scan never changes, so what was learned of it holds until there is a newer one. On a
 * large fleet this takes seconds, in which others get their turn; whoever asks meanwhile waits for the same reading.
 */
export const createKnowledge = (
  store: HostStore & ScanStore,
  clock: Pick<Clock, 'wait'>,
): { read(): Promise<Knowledge> } => {
  const learned = new Map<string, HostWorld>();
  const turn = createTurns(clock, SLICE_PACKAGES);
  let current: { ids: ReadonlyMap<string, string>; knowledge: Knowledge } | undefined;
  let reading: Promise<Knowledge> | undefined;
  let shared = new Shared();

  const isCurrent = (ids: ReadonlyMap<string, string>): boolean =>
    current?.ids.size === ids.size &&
    [...ids].every(([hostId, scanId]) => current?.ids.get(hostId) === scanId);

  const readScans = async (ids: ReadonlyMap<string, string>): Promise<Knowledge> => {
    // What no host shares any more would pile up otherwise.
    if (learned.size === 0) shared = new Shared();
    for (const hostId of learned.keys()) if (!ids.has(hostId)) learned.delete(hostId);
    for (const [hostId, scanId] of ids) {
      if (learned.get(hostId)?.scanId === scanId) continue;
      const scan = store.lastGoodScan(hostId);
      const host = scan && learn(scan, shared);
      if (host === undefined) learned.delete(hostId);
      else learned.set(hostId, host);
      await turn(READING * (1 + (host?.installed.size ?? 0)));
    }
    const hosts = [...learned.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
    const knowledge = await knowledgeOf(hosts, turn);
    current = { ids, knowledge };
    return knowledge;
  };

  return {
    read: async () => {
      // It began before this question, and may lack what was scanned in between. Its failure is told to whoever began it.
      await reading?.catch(() => undefined);
      const ids = store.lastGoodScanIds();
      if (current !== undefined && isCurrent(ids)) return current.knowledge;
      reading ??= readScans(ids).finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
};

/** The parts of the store in memory that are no more than rows. */
import type { ArtefactIndex, ArtefactKey, PooledArtefact } from '../../main/core/artefacts/ports.ts';
import type { DriftStore, GuardStore } from '../../main/core/ports.ts';
import type { StoredDrift } from '../../shared/model/drift.ts';
import type { StoredGuard } from '../../shared/model/guard.ts';

const copy = <T>(value: T): T => structuredClone(value);

export const memoryArtefactIndex = (): ArtefactIndex => {
  let all: PooledArtefact[] = [];
  const text = (a: ArtefactKey): string => `${a.ecosystem} ${a.name} ${a.arch} ${a.version}`;
  return {
    putArtefact: (artefact) => {
      const there = all.some((one) => text(one) === text(artefact) && one.sha256 === artefact.sha256);
      if (!there) all.push(copy(artefact));
    },
    artefactsOf: (key) =>
      copy(
        all
          .filter((one) => text(one) === text(key))
          .sort((a, b) => b.addedAt.localeCompare(a.addedAt) || a.sha256.localeCompare(b.sha256)),
      ),
    artefacts: () => copy(all.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))),
    removeArtefact: (sha256) => {
      all = all.filter((one) => one.sha256 !== sha256);
    },
  };
};
const sortKey = (a: PooledArtefact): string => [a.name, a.version, a.arch, a.ecosystem, a.sha256].join('\0');

export const memoryGuards = (): GuardStore => {
  const rows = new Map<string, StoredGuard>();
  return {
    guards: () => copy([...rows.values()].toSorted((a, b) => (a.hostId < b.hostId ? -1 : 1))),
    putGuard: (guard) => void rows.set(guard.hostId, copy(guard)),
    removeGuard: (hostId) => void rows.delete(hostId),
  };
};

export const memoryDrift = (): DriftStore => {
  const rows = new Map<string, StoredDrift>();
  return {
    drift: (hostId) => copy(rows.get(hostId)),
    putDrift: (drift) => void rows.set(drift.hostId, copy(drift)),
  };
};

/** Whether each package could be put back, over hosts: what is shown before the run. Pure. */
import type { ArtefactSource, HostPlan, Proof, ProofReason } from '../../../shared/model/plan.ts';

export const PROOF_ORDER: Record<Proof, number> = { impossible: 0, 'best-effort': 1, proven: 2 };

export const SOURCE: Record<ArtefactSource, string> = {
  host: 'host cache',
  console: 'console store',
  repository: 'repository',
  archive: 'archive',
  repack: 'repacked',
  none: 'nowhere',
};

/** Where the old version comes from, in a word; a package that is only removed again needs none. */
export const sourceText = (reason: Pick<ProofReason, 'source'>): string =>
  reason.source === undefined ? 'not needed' : SOURCE[reason.source];

/** The ones that fall short first, then by name. */
export const byProof = (reasons: readonly ProofReason[]): ProofReason[] =>
  reasons.toSorted(
    (a, b) =>
      PROOF_ORDER[a.proof] - PROOF_ORDER[b.proof] || (a.package ?? '').localeCompare(b.package ?? '', 'en'),
  );

export type ProofRow = ProofReason & { key: string; hosts: string[] };

/** One row for each package, version, proof, source and reason, with the hosts it is so on. */
export const proofRows = (hosts: readonly HostPlan[]): ProofRow[] => {
  const rows = new Map<string, ProofRow>();
  for (const host of hosts)
    for (const reason of host.reasons) {
      const key = JSON.stringify([
        reason.package,
        reason.arch,
        reason.version,
        reason.proof,
        reason.source,
        reason.reason,
      ]);
      const row = rows.get(key) ?? { ...reason, key, hosts: [] };
      row.hosts.push(host.host);
      rows.set(key, row);
    }
  return [...rows.values()];
};

export type ProofCounts = Record<Proof, number>;
/** Hosts by what their rollback is worth. */
export const proofCounts = (hosts: readonly HostPlan[]): ProofCounts => {
  const counts: ProofCounts = { proven: 0, 'best-effort': 0, impossible: 0 };
  for (const host of hosts) counts[host.proof] += 1;
  return counts;
};

/**
 * The contract for who needs little of it: a group's schemas are read when one of its procedures is first called. Most of the time
 * a command takes to start goes into making schemas.
 */
import type { FrostContract } from './contract.ts';
import { type Group, type Procedure, procedureOf } from './define.ts';

const groups: { readonly [G in keyof FrostContract]: () => Promise<FrostContract[G]> } = {
  hosts: async () => (await import('./fleet.ts')).hosts,
  scans: async () => (await import('./fleet.ts')).scans,
  snapshots: async () => (await import('./snapshots.ts')).snapshots,
  versions: async () => (await import('./versions.ts')).versions,
  signatures: async () => (await import('./signatures.ts')).signatures,
  signers: async () => (await import('./signatures.ts')).signers,
  policies: async () => (await import('./signatures.ts')).policies,
  freezes: async () => (await import('./freezes.ts')).freezes,
  plans: async () => (await import('./runs.ts')).plans,
  runs: async () => (await import('./runs.ts')).runs,
  guards: async () => (await import('./guards.ts')).guards,
  drift: async () => (await import('./drift.ts')).drift,
  artefacts: async () => (await import('./artefacts.ts')).artefacts,
  audit: async () => (await import('./audit.ts')).audit,
  bundles: async () => (await import('./bundles.ts')).bundles,
  rules: async () => (await import('./rules.ts')).rules,
  catalog: async () => (await import('./catalog.ts')).catalog,
  advisories: async () => (await import('./advisories.ts')).advisories,
  reports: async () => (await import('./reports.ts')).reports,
  system: async () => (await import('./system.ts')).system,
};

/** As `procedure` of contract.ts. */
export const loadProcedure = async (name: string): Promise<Procedure | undefined> => {
  const group = name.slice(0, name.indexOf('.'));
  const load: (() => Promise<Group>) | undefined = Object.hasOwn(groups, group)
    ? groups[group as keyof FrostContract]
    : undefined;
  return load === undefined ? undefined : procedureOf(await load(), name);
};

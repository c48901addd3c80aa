/** What changed on a host behind the console's back: its packages now against the last state that is known to be ours. */
import { z } from 'zod';
import { Arch, HostName, Id, Instant, PackageName, PackageVersion, Text } from './primitives.ts';

export const DriftKind = z.enum(['installed', 'upgraded', 'downgraded', 'removed']);
export type DriftKind = z.infer<typeof DriftKind>;

/** `by`, `command` and `at` are the host's own word (apt's and dpkg's logs, dnf's history), where it still has one. */
export const DriftPackage = z.object({
  name: PackageName,
  arch: Arch,
  from: PackageVersion.nullable(),
  to: PackageVersion.nullable(),
  kind: DriftKind,
  by: Text(200).optional(),
  command: Text(1000).optional(),
  at: Instant.optional(),
});
export type DriftPackage = z.infer<typeof DriftPackage>;

/** `capture`: what a run left, known from its capture and its verification. `scan`: the first scan, or one that was accepted. */
export const DriftBaseline = z.object({
  at: Instant,
  source: z.enum(['capture', 'scan']),
  run: Id.optional(),
});
export type DriftBaseline = z.infer<typeof DriftBaseline>;

export const HostDrift = z.object({
  host: HostName,
  hostId: Id,
  baseline: DriftBaseline.optional(),
  /** When the host was last compared with it. */
  comparedAt: Instant.optional(),
  packages: z.array(DriftPackage),
  /** Why nothing, or not everything, is known. */
  unknown: Text(1000).optional(),
});
export type HostDrift = z.infer<typeof HostDrift>;

const Version = z.object({ name: PackageName, arch: Arch, version: PackageVersion });

/** What the store keeps: the baseline with its packages, and what was found last. */
export const StoredDrift = z.object({
  hostId: Id,
  baseline: DriftBaseline,
  versions: z.array(Version).max(100_000),
  comparedAt: Instant,
  packages: z.array(DriftPackage).max(100_000),
  unknown: Text(1000).optional(),
});
export type StoredDrift = z.infer<typeof StoredDrift>;

/** A bundle's manifest (docs/snapshot-format.md §4): what a `*.frost.tar` carries, each file by its SHA-256. */
import { z } from 'zod';
import {
  Arch,
  ContentHash,
  Ecosystem,
  Instant,
  PackageName,
  PackageVersion,
  Sha256,
  SnapshotName,
  Text,
} from './primitives.ts';

export const BUNDLE_FORMAT = 'frostline.bundle/1';

/** `new`: what the snapshot brings or needs. `rollback`: what a host had before, to go back to. */
export const BundleRole = z.enum(['new', 'rollback']);
export type BundleRole = z.infer<typeof BundleRole>;

/** `bytes`: size of the package file. `carried`: false in an increment where the other side's bundle had the file already. */
export const BundlePackage = z.strictObject({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  sha256: Sha256,
  bytes: z.int().min(1).max(8_000_000_000),
  role: BundleRole,
  carried: z.boolean(),
});
export type BundlePackage = z.infer<typeof BundlePackage>;

/** A file of another kind: `name` is for people and never a path. */
export const BundleFile = z.strictObject({
  name: Text(300).min(1),
  sha256: Sha256,
  bytes: z.int().min(0).max(1_000_000_000),
});
export type BundleFile = z.infer<typeof BundleFile>;

/** How a package file came into a bundle: it was in the console's store, the console fetched it itself, or from a host. */
export const BundleVia = z.enum(['pool', 'direct', 'host']);
export type BundleVia = z.infer<typeof BundleVia>;

export const MAX_BUNDLE_PACKAGES = 40_000;

export const BundleManifest = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  /** Id of the revision it was made for: the head of the exchange file. */
  head: ContentHash,
  snapshot: z.strictObject({ name: SnapshotName, revision: z.int().min(1) }),
  createdAt: Instant,
  exchange: z.strictObject({ sha256: Sha256, bytes: z.int().min(1) }),
  packages: z.array(BundlePackage).max(MAX_BUNDLE_PACKAGES),
  metadata: z.array(BundleFile).max(1000),
  advisories: z.array(BundleFile).max(1000),
  /** SHA-256 of the manifest of the bundle that the other side has; in increments only. */
  since: Sha256.optional(),
});
export type BundleManifest = z.infer<typeof BundleManifest>;

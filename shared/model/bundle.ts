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

/** A list of packages: `Packages` of apt, `primary.xml` of rpm; plain, or packed with gzip or zstd. */
export const BundleIndex = BundleFile.extend({
  /** SHA-256 of the bundle's packages that it lists by name, architecture, version and hash; ascending. */
  vouches: z.array(Sha256).min(1).max(40_000),
});
export type BundleIndex = z.infer<typeof BundleIndex>;

/**
 * What a repository says of itself, word for word. `root`: the file that names the others by their hashes, which is what
 * repositories sign: apt's `InRelease` (or `Release`, whose signature is a file of its own), rpm's `repomd.xml`.
 */
export const BundleRepository = z.strictObject({
  ecosystem: z.enum(['apt', 'dnf', 'zypper']),
  /** For people: what it calls itself, or the host's name for it. */
  repository: Text(300).min(1),
  root: BundleFile,
  /** Detached, as armored OpenPGP. */
  signature: BundleFile.optional(),
  indexes: z.array(BundleIndex).min(1).max(100),
});
export type BundleRepository = z.infer<typeof BundleRepository>;

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
  metadata: z.array(BundleRepository).max(200),
  advisories: z.array(BundleFile).max(1000),
  /** SHA-256 of the manifest of the bundle that the other side has; in increments only. */
  since: Sha256.optional(),
});
export type BundleManifest = z.infer<typeof BundleManifest>;

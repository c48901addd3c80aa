/** The catalogue: every package version the scans ever saw, with where and when it was first seen. Nothing is ever taken out. */
import { z } from 'zod';
import { Grounds } from './grounds.ts';
import {
  Arch,
  Classification,
  Ecosystem,
  HostName,
  Id,
  Instant,
  PackageName,
  PackageVersion,
  Severity,
  Sha256,
  Text,
} from './primitives.ts';

/** What a version is known by. */
export const VersionKey = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
});
export type VersionKey = z.infer<typeof VersionKey>;

/** When a scan saw something for the first time, on which host, and what that host ran then. */
export const FirstSeen = z.object({
  at: Instant,
  /** The host's name at that time. */
  host: HostName,
  /** os-release ID and VERSION_ID. */
  distro: Text(64),
  release: Text(64),
});
export type FirstSeen = z.infer<typeof FirstSeen>;

/** A version as an origin offers it to hosts of one distribution and release: as the newest scan that saw it says. */
export const CatalogOffer = z.object({
  distro: Text(64),
  release: Text(64),
  /** As in `Update.origin`. */
  origin: Text(300),
  /** The first time it was offered there: installed versions may be older than that. */
  firstSeen: z.object({ at: Instant, host: HostName }),
  severity: Severity,
  classification: Classification,
  advisories: z.array(Text(100)).max(200),
  /** Whose word that is: the lists of that host, as old as they are there now, or were when it was last offered this. */
  grounds: Grounds,
  sizeBytes: z.number().nonnegative().optional(),
  sha256: Sha256.optional(),
});
export type CatalogOffer = z.infer<typeof CatalogOffer>;

export const CatalogVersion = VersionKey.extend({
  /** The source package, where a host has or had this version installed. */
  source: PackageName.optional(),
  sourceVersion: PackageVersion.optional(),
  firstSeen: FirstSeen,
  offers: z.array(CatalogOffer).max(2000),
  /** Hosts that have it installed by their last good scan. */
  installedOn: z.int().nonnegative(),
});
export type CatalogVersion = z.infer<typeof CatalogVersion>;

/** A package of the catalogue, for searching. */
export const CatalogPackage = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  versions: z.int().positive(),
  /** When the newest of its versions was first seen. */
  lastNewAt: Instant,
  installedOn: z.int().nonnegative(),
});
export type CatalogPackage = z.infer<typeof CatalogPackage>;

/** A host that has a version of a package. A package can be there in several (kernels): one row each. */
export const CatalogHost = z.object({
  hostId: Id,
  host: HostName,
  ecosystem: Ecosystem,
  arch: Arch,
  version: PackageVersion,
});
export type CatalogHost = z.infer<typeof CatalogHost>;

/** The catalogue: every package version ever seen, and who has which. */
import { z } from 'zod';
import { CatalogHost, CatalogPackage, CatalogVersion } from '../model/catalog.ts';
import { Grounds } from '../model/grounds.ts';
import { Ecosystem, Instant, PackageName, PackageVersion, Severity } from '../model/primitives.ts';
import { query } from './define.ts';
import { Selectors } from './fleet.ts';

/** What imported data says is wrong with a version, on each kind of host it was seen on. */
export const KnownFaults = z.object({
  distro: z.string(),
  release: z.string(),
  severity: Severity,
  advisories: z.array(z.string()),
  cves: z.array(z.string()),
  grounds: Grounds,
});
export type KnownFaults = z.infer<typeof KnownFaults>;

export const ShownVersion = CatalogVersion.extend({ faults: z.array(KnownFaults) });
export type ShownVersion = z.infer<typeof ShownVersion>;

export const catalog = {
  /** Packages whose name has `text` in it. `more`: there are others beyond the limit. */
  search: query(
    z.object({ text: z.string().max(200).default(''), limit: z.int().min(1).max(5000).default(500) }),
    z.object({ packages: z.array(CatalogPackage), more: z.boolean() }),
  ),
  /**
   * Every version of the packages of this name, the highest first. `advisoryData`: the newest data imported, where there is
   * any. Errors: `not-found` (no scan ever showed one).
   */
  show: query(
    z.object({ name: PackageName }),
    z.object({
      name: PackageName,
      versions: z.array(ShownVersion),
      /** `source`: the file's name. */
      advisoryData: z.object({ source: z.string(), asOf: Instant }).optional(),
    }),
  ),
  /**
   * Hosts that have the package installed, by their last good scan: below a version, in exactly one, or in any. Versions are
   * compared in the ecosystem's own order; a host that has several (kernels) counts by each. Errors: `not-found`,
   * `input.invalid` (selector).
   */
  hosts: query(
    z.object({
      name: PackageName,
      below: PackageVersion.optional(),
      version: PackageVersion.optional(),
      ecosystem: Ecosystem.optional(),
      selectors: Selectors.default([]),
    }),
    z.object({
      name: PackageName,
      hosts: z.array(CatalogHost),
      /** Selected hosts that were never scanned with success: what they have is not known. */
      unknown: z.array(z.string()),
    }),
  ),
};

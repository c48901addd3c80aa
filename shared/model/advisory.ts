/** Advisories out of imported data files. What hosts' own metadata says stands in scans. */
import { z } from 'zod';
import {
  Arch,
  Ecosystem,
  Instant,
  PackageName,
  PackageVersion,
  Severity,
  Sha256,
  Text,
} from './primitives.ts';

/** `osv`: one advisory, an array or a zip of them. `debian-tracker`: the security tracker's JSON. `usn`: Ubuntu's database. */
export const AdvisoryFormat = z.enum(['osv', 'debian-tracker', 'usn', 'updateinfo']);
export type AdvisoryFormat = z.infer<typeof AdvisoryFormat>;

export const AdvisoryId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:+-]{0,99}$/, 'not the id of an advisory');
export const CveId = z.string().regex(/^CVE-\d{4}-\d{4,12}$/);

/**
 * A package that an advisory is about. `kind`: what `name` names. A version is affected from `introduced` on (absent: from the
 * first) and before `fixed`, or up to `lastAffected`; with neither, every version is, as far as is known.
 */
export const Affected = z.object({
  ecosystem: Ecosystem,
  /** os-release ID; absent: any of this ecosystem. */
  distro: Text(64).optional(),
  /** os-release VERSION_ID, or its first part; absent: any. */
  release: Text(64).optional(),
  name: PackageName,
  kind: z.enum(['source', 'binary', 'either']),
  arch: Arch.optional(),
  introduced: PackageVersion.optional(),
  fixed: PackageVersion.optional(),
  lastAffected: PackageVersion.optional(),
});
export type Affected = z.infer<typeof Affected>;

export const Advisory = z.object({
  format: AdvisoryFormat,
  /** In the form of its source: `DSA-5764-1`, `USN-7000-1`, `RHSA-2026:1234`; of the Debian tracker the CVE's. */
  id: AdvisoryId,
  title: Text(500).optional(),
  severity: Severity,
  cves: z.array(CveId).max(2000),
  published: Instant.optional(),
  modified: Instant.optional(),
  affected: z.array(Affected).max(20_000),
});
export type Advisory = z.infer<typeof Advisory>;

/** One imported file. `asOf`: the newest date the data itself carries, or that of the import (`dated` tells which). */
export const AdvisoryImport = z.object({
  id: z.int().positive(),
  format: AdvisoryFormat,
  file: Text(255),
  sha256: Sha256,
  importedAt: Instant,
  asOf: Instant,
  dated: z.boolean(),
  /** Of the file: taken in, and left alone because what is here is newer or withdrawn, or is about nothing Frostline manages. */
  advisories: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
});
export type AdvisoryImport = z.infer<typeof AdvisoryImport>;

/** An advisory as it is shown: with the data it comes from. */
export const AdvisoryView = Advisory.extend({
  asOf: Instant,
  file: Text(255),
});
export type AdvisoryView = z.infer<typeof AdvisoryView>;

/** Where a host's package manager would get its packages from: asked for, so that the console can fetch them over its own connection. */
import { z } from 'zod';
import { Arch, PackageName, PackageVersion, Sha256, Text } from '../../../shared/model/primitives.ts';

/**
 * One package file of a repository, as the host's lists have it. `bytes`: its size. `sha256`: of the file; one whose hash the
 * lists do not give is not told at all. `url`: the host's word, believed by nobody.
 */
export const Location = z.strictObject({
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  url: Text(2000),
  bytes: z.int().min(1).max(8_000_000_000),
  sha256: Sha256,
});
export type Location = z.infer<typeof Location>;

/** More files than any transaction has. */
export const MAX_LOCATIONS = 40_000;

/** What rpm has installed, whatever works above it: its rows, and what they are as packages. Pure. */
import { z } from 'zod';
import { Arch, PackageName, PackageVersion } from '../../../../shared/model/primitives.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { InstalledPackage } from '../../../../shared/model/scan.ts';

export const Row = z.object({
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  /** File name of the source package. */
  source: z.string().max(500),
  /** Install-only: several versions may be there at once. */
  multi: z.boolean(),
  auto: z.boolean(),
  held: z.boolean(),
});
export type Row = z.infer<typeof Row>;

/** `name:arch`. */
export const keyOf = (p: { name: string; arch: string }): string => `${p.name}:${p.arch}`;

/** `lab-app-1.0-1.src.rpm` names the source package and its version. */
function sourceOf(row: Row): { source: string; sourceVersion: string } {
  const [, name, version] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(row.source) ?? [];
  const source = PackageName.safeParse(name);
  const sourceVersion = PackageVersion.safeParse(version);
  return source.success && sourceVersion.success
    ? { source: source.data, sourceVersion: sourceVersion.data }
    : { source: row.name, sourceVersion: row.version };
}

/** `name:arch` of packages that are there in two versions though they should not be. */
export function doubled(rows: Row[]): Set<string> {
  const counts = new Map<string, number>();
  for (const row of rows.filter((one) => !one.multi))
    counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count > 1).map(([key]) => key));
}

export function installedPackages(rows: Row[]): InstalledPackage[] {
  const twice = doubled(rows);
  return rows.map((row) => ({
    name: row.name,
    arch: row.arch,
    version: row.version,
    ...sourceOf(row),
    auto: row.auto,
    held: row.held,
    ...(twice.has(keyOf(row)) ? { brokenState: 'duplicate' } : {}),
  }));
}

/**
 * States are dpkg's two letters. rpm knows no half-installed packages; but one that is there in two versions is what a cut-off
 * transaction leaves, and counts as half installed (`iH`). All others are `ii`.
 */
export const capturedPackages = (rows: Row[]): Capture['packages'] => {
  const twice = doubled(rows);
  return rows.map((row) => {
    const { name, arch, version, auto, held } = row;
    return { name, arch, version, auto, held, state: twice.has(keyOf(row)) ? 'iH' : 'ii' };
  });
};

/** rpm's convention, without the epoch. One host has no two packages that differ in nothing but the epoch. */
export const artefactFile = (a: { name: string; arch: string; version: string }): string =>
  `${a.name}-${a.version.replace(/^\d+:/, '')}.${a.arch}.rpm`;

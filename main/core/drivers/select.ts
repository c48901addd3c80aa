/** Which entries of a snapshot apply to what is installed. Pure; the same for every manager but for its order of versions. */
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { InstalledPackage } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import type { StageRequest } from './driver.ts';

export type Skipped = { name: string; version: string; reason: string };

/** What sets a manager apart here. `anyArch`: the architecture of packages for all of them (`all`, `noarch`). */
export type Selection = { ecosystem: Ecosystem; anyArch: string; compare(a: string, b: string): number };

/**
 * An entry's architecture against an installed package's. A package that became, or ceased to be, for all architectures is
 * still the same package.
 */
export const archMatches = (wanted: string | undefined, has: string, anyArch: string): boolean =>
  wanted === undefined || wanted === has || wanted === anyArch || has === anyArch;

type Wanted = { entry: Entry; arch: string };

/** All installed architectures of a package move together; an entry for one takes the exact match when there is one. */
function targetsOf(entry: Entry, installed: InstalledPackage[], how: Selection): InstalledPackage[] {
  const exact = installed.filter((one) => one.arch === entry.arch);
  const found =
    exact.length > 0 ? exact : installed.filter((one) => archMatches(entry.arch, one.arch, how.anyArch));
  // Of a package that is there in several versions the newest counts: an older kernel beside it is no reason to install.
  const newest = new Map<string, InstalledPackage>();
  for (const one of found) {
    const other = newest.get(one.arch);
    if (!other || how.compare(one.version, other.version) > 0) newest.set(one.arch, one);
  }
  return [...newest.values()];
}

/** Stages ascending; within a stage by name. The highest version wins where several entries mean one package. */
export function selectEntries(
  entries: Entry[],
  installed: InstalledPackage[],
  how: Selection,
): { stages: StageRequest[]; skipped: Skipped[] } {
  const byName = Map.groupBy(installed, (one) => one.name);
  const skipped: Skipped[] = [];
  const wanted = new Map<string, Wanted>();
  const skip = (entry: Entry, reason: string) =>
    skipped.push({ name: entry.name, version: entry.version, reason });

  for (const entry of entries) {
    if (entry.ecosystem !== how.ecosystem) skip(entry, `for ${entry.ecosystem}`);
    else if (entry.decision === 'reject') skip(entry, 'rejected');
    else {
      const here = byName.get(entry.name) ?? [];
      const targets = targetsOf(entry, here, how);
      const older = targets.filter((one) => how.compare(one.version, entry.version) < 0);
      if (older.length > 0) {
        for (const target of older) {
          const key = `${target.name}:${target.arch}`;
          const other = wanted.get(key);
          const better = !other || how.compare(entry.version, other.entry.version) > 0;
          if (better) wanted.set(key, { entry, arch: target.arch });
          if (other) skip(better ? other.entry : entry, 'another entry asks for a newer version');
        }
      } else if (targets.length > 0) {
        const equal = targets.some((one) => how.compare(one.version, entry.version) === 0);
        skip(entry, equal ? 'already installed' : 'newer installed');
      } else
        skip(
          entry,
          here.length > 0 ? `not installed for ${entry.arch ?? 'this architecture'}` : 'not installed',
        );
    }
  }
  const byStage = Map.groupBy([...wanted.values()], ({ entry }) => entry.stage);
  const stages = [...byStage]
    .sort(([a], [b]) => a - b)
    .map(([stage, members]) => ({
      stage,
      packages: members
        .map(({ entry, arch }) => ({ name: entry.name, arch, version: entry.version }))
        .sort((a, b) => (`${a.name}:${a.arch}` < `${b.name}:${b.arch}` ? -1 : 1)),
    }));
  return { stages, skipped };
}

/** Which kernel runs, and which one a restart should bring. Pure. */
import { plainLine } from '../shell.ts';
import { isPresent } from '../states.ts';
import type { Row } from './inventory.ts';
import { compareDebianVersions } from './version.ts';

/** `6.1.0-21-cloud-amd64` → version `6.1.0-21`, flavour `cloud-amd64`. */
function splitKernel(release: string): { version: string; flavour: string } | undefined {
  const [, version, flavour] = /^(\d[\d.]*(?:[~+]\w+)*(?:-\d[\w.~+]*)*)-([a-z][\w.-]*)$/.exec(release) ?? [];
  return version === undefined || flavour === undefined ? undefined : { version, flavour };
}

/** Newest installed kernel of the running one's flavour; a new ABI is a new package. */
export function newestKernel(running: string, rows: Row[]): string | undefined {
  const now = splitKernel(running);
  if (!now) return undefined;
  let newest: string | undefined;
  for (const row of rows) {
    const release = /^linux-image-(?:unsigned-)?(\d.*)$/.exec(row.name)?.[1];
    const kernel = release === undefined ? undefined : splitKernel(release);
    if (!isPresent(row) || release === undefined || kernel?.flavour !== now.flavour) continue;
    if (newest === undefined || compareDebianVersions(release, newest) > 0) newest = release;
  }
  return newest;
}

/** `expected` is there only where a kernel newer than the running one is installed. */
export function kernelState(running: string, rows: Row[]): { running: string; expected?: string } {
  const newest = newestKernel(running, rows);
  const newer = newest !== undefined && compareDebianVersions(newest, running) > 0;
  return { running: plainLine(running, 255), ...(newer ? { expected: newest } : {}) };
}

/** Which kernel runs, and which one a restart should bring. Pure. */
import { compareRpmVersions } from '../rpm/version.ts';
import { plainLine } from '../shell.ts';

/** A kernel's package, and its name as `uname -r` would tell it: SUSE's leaves the rebuild count of the release out. */
export type Kernel = { name: string; arch: string; version: string; uname: string };

/** Newest installed kernel of the running one's package; undefined where that cannot be told. */
export function newestKernel(running: string, kernels: readonly Kernel[]): string | undefined {
  const own = kernels.find((one) => one.uname === running)?.name;
  if (own === undefined) return undefined;
  return kernels
    .filter((one) => one.name === own)
    .toSorted((a, b) => compareRpmVersions(b.version, a.version))[0]?.uname;
}

/** `expected` is there only where another, newer kernel than the running one is installed. */
export function kernelState(
  running: string,
  kernels: readonly Kernel[],
): { running: string; expected?: string } {
  const newest = newestKernel(running, kernels);
  return {
    running: plainLine(running, 255),
    ...(newest === undefined || newest === running ? {} : { expected: newest }),
  };
}

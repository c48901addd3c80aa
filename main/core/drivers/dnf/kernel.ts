/** Which kernel runs, and which one a restart should bring. Pure. */
import type { Row } from '../rpm/rows.ts';
import { compareRpmVersions } from '../rpm/version.ts';
import { plainLine } from '../shell.ts';

/** Packages that hold a kernel itself; `kernel` alone only where nothing else does. */
const KERNEL = /^kernel(-(?:rt|debug|64k|uek|ml|lt|16k|zfcpdump|rt-debug|64k-debug))?(-core)?$/;

const releaseOf = (row: Row): string => `${row.version.replace(/^\d+:/, '')}.${row.arch}`;

/** Newest installed kernel of the running one's flavour, as `uname -r` would call it; undefined where that cannot be told. */
export function newestKernel(running: string, rows: Row[]): string | undefined {
  const [base = '', flavour = ''] = running.split('+');
  const kernels = rows.filter((row) => KERNEL.test(row.name));
  const own = kernels.filter((row) => releaseOf(row) === base);
  // `5.14.0-427.el9.x86_64+rt` is of kernel-rt-core; without a suffix the plain one is meant, where both have that version.
  const flavoured = own.filter((row) => flavour !== '' && row.name.includes(`-${flavour}`));
  const candidates = flavoured.length > 0 ? flavoured : own;
  const name =
    candidates.find((row) => row.name.endsWith('-core'))?.name ??
    candidates.sort((a, b) => a.name.length - b.name.length)[0]?.name;
  if (name === undefined) return undefined;
  const [newest] = kernels
    .filter((row) => row.name === name)
    .sort((a, b) => compareRpmVersions(b.version, a.version));
  return newest === undefined ? undefined : `${releaseOf(newest)}${flavour === '' ? '' : `+${flavour}`}`;
}

/** `expected` is there only where another, newer kernel than the running one is installed. */
export function kernelState(running: string, rows: Row[]): { running: string; expected?: string } {
  const newest = newestKernel(running, rows);
  return {
    running: plainLine(running, 255),
    ...(newest === undefined || newest === running ? {} : { expected: newest }),
  };
}

/** What dpkg has installed and what apt marked, read from `dpkg-query` and `apt-mark showauto`. Pure. */
import { z } from 'zod';
import { Arch, PackageName, PackageVersion } from '../../../../shared/model/primitives.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { InstalledPackage } from '../../../../shared/model/scan.ts';
import type { Sections } from '../shell.ts';
import { isPresent } from '../states.ts';

/** Needs the section functions. Prints sections `inventory` and `auto`. No root. */
export const INVENTORY_BODY = `fl_sec inventory dpkg-query -W -f='\${binary:Package}\\t\${Version}\\t\${db:Status-Abbrev}\\t\${Architecture}\\t\${source:Package}\\t\${source:Version}\\t\${Installed-Size}\\n'
fl_sec auto apt-mark showauto
`;

const MAX_PACKAGES = 100_000;

const Row = z.object({
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  /** Without the desired state: `ii`, `iF`, `rc`… a hold is in `held`. */
  state: z.string().regex(/^[a-zA-Z][a-zA-Z]R?$/),
  held: z.boolean(),
  source: PackageName,
  sourceVersion: PackageVersion,
  installedKiB: z.number().int().nonnegative().catch(0),
  auto: z.boolean(),
});
/** One package dpkg knows, well installed or not. */
export type Row = z.infer<typeof Row>;

export type Inventory = {
  rows: Row[];
  /** Lines that were not understood; they are not in `rows`. */
  malformed: number;
};

/** dpkg's word for each state but the good ones. */
const STATE_NAMES: Record<string, string> = {
  H: 'half-installed',
  U: 'unpacked, not configured',
  F: 'half-configured',
  W: 'waits for triggers',
  t: 'triggers pending',
};

/** What is wrong with a state; undefined when nothing is. */
export function faultOf(state: string): string | undefined {
  const word = STATE_NAMES[state[1] ?? ''];
  if (state.endsWith('R')) return `must be reinstalled (${state})`;
  return word === undefined ? undefined : `${word} (${state})`;
}

function readAuto(sections: Sections): (name: string, arch: string, native: string) => boolean {
  const marked = new Set(sections.lines('auto', MAX_PACKAGES).map((line) => line.trim()));
  return (name, arch, native) =>
    marked.has(`${name}:${arch}`) || ((arch === native || arch === 'all') && marked.has(name));
}

/** Rows of the sections `inventory` and `auto`. `native`: dpkg's own architecture. */
export function readInventory(sections: Sections, native: string): Inventory {
  const isAuto = readAuto(sections);
  const rows: Row[] = [];
  let malformed = 0;
  for (const line of sections.lines('inventory', MAX_PACKAGES)) {
    const [binary = '', version = '', abbrev = '', arch = '', source = '', sourceVersion = '', size = ''] =
      line.split('\t');
    const name = binary.split(':')[0] ?? '';
    // Known to dpkg but never installed (asked for, or only recommended by a list): has no version.
    if (version === '' && /^.n/.test(abbrev)) continue;
    const desired = abbrev[0] ?? '';
    const row = Row.safeParse({
      name,
      arch,
      version,
      state: `${desired === 'h' ? 'i' : desired}${abbrev.slice(1).trim()}`,
      held: desired === 'h',
      source: source === '' ? name : source,
      sourceVersion: sourceVersion === '' ? version : sourceVersion,
      installedKiB: Number(size) || 0,
      auto: isAuto(name, arch, native),
    });
    if (row.success) rows.push(row.data);
    else malformed++;
  }
  return { rows, malformed };
}

/** What is on the disk; leftovers of removed packages (`rc`) are not. */
export function installedPackages(rows: Row[]): InstalledPackage[] {
  return rows.filter(isPresent).map((row) => ({
    name: row.name,
    arch: row.arch,
    version: row.version,
    source: row.source,
    sourceVersion: row.sourceVersion,
    auto: row.auto,
    held: row.held,
    ...(row.state === 'ii' ? {} : { brokenState: row.state }),
  }));
}

/** Everything dpkg knows, `rc` included, since a rollback must bring that back too. */
export const capturedPackages = (rows: Row[]): Capture['packages'] =>
  rows.map(({ name, arch, version, auto, held, state }) => ({ name, arch, version, auto, held, state }));

/** A request in apt's words. Packages for all architectures live under the native one's name. */
export const nameArch = (name: string, arch: string): string => (arch === 'all' ? name : `${name}:${arch}`);
export const packageSpec = (p: { name: string; arch: string; version: string }): string =>
  `${nameArch(p.name, p.arch)}=${p.version}`;

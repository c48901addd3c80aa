/** What rpm has installed and what dnf marked, out of a program's records. Pure. */
import { z } from 'zod';
import { Arch, PackageName, PackageVersion, Text } from '../../../../shared/model/primitives.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import { Facts, type InstalledPackage } from '../../../../shared/model/scan.ts';
import { plainLine } from '../shell.ts';
import type { Answer, Line } from './program.ts';

const Row = z.object({
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

export type Inventory = {
  rows: Row[];
  /** Records that were not understood; they are not in `rows`. */
  malformed: number;
  /** dnf told marks and locks too; else every package counts as wanted and free. */
  marks: boolean;
};

/** `name:arch`. */
export const keyOf = (p: { name: string; arch: string }): string => `${p.name}:${p.arch}`;

export function readInventory(answer: Answer): Inventory {
  const rows: Row[] = [];
  let malformed = 0;
  for (const line of answer.of('pkg')) {
    const row = Row.safeParse(line);
    if (row.success) rows.push(row.data);
    else malformed++;
  }
  rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.arch < b.arch ? -1 : 1));
  const failed = (line: Line) => line.what === 'dnf' || line.what === 'history';
  return { rows, malformed, marks: ![...answer.of('fault'), ...answer.of('unread')].some(failed) };
}

/** `lab-app-1.0-1.src.rpm` names the source package and its version. */
function sourceOf(row: Row): { source: string; sourceVersion: string } {
  const [, name, version] = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(row.source) ?? [];
  const source = PackageName.safeParse(name);
  const sourceVersion = PackageVersion.safeParse(version);
  return source.success && sourceVersion.success
    ? { source: source.data, sourceVersion: sourceVersion.data }
    : { source: row.name, sourceVersion: row.version };
}

/** Packages that are there in two versions though they should not be. */
function doubled(rows: Row[]): Set<string> {
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

const Broken = Facts.shape.broken.element;

/** Packages in two versions, and a transaction that never ended; not while another process is at work. */
export function readBroken(answer: Answer, lock: Facts['lock']): Facts['broken'] {
  if (lock.held) return [];
  return answer.of('broken').flatMap((line) => {
    const one = Broken.safeParse({ name: line.name, state: plainLine(String(line.state), 200) });
    return one.success ? [one.data] : [];
  });
}

const Holder = z.object({ pid: z.int().positive(), command: z.string() });

export function readLock(answer: Answer): Facts['lock'] {
  const found = Holder.safeParse(answer.of('lock')[0]);
  if (!found.success) return { held: false };
  const command = plainLine(found.data.command, 400);
  return { held: true, holder: `pid ${found.data.pid}${command === '' ? '' : ` (${command})`}` };
}

const Restart = z.object({ code: z.int(), names: z.array(Text(300)).max(500) });

/** needs-restarting's word: only exit code 1 means yes. Undefined where it was not there to be asked. */
export function readRestart(answer: Answer): { required: boolean; reasons: string[] } | undefined {
  const found = Restart.safeParse(answer.of('restart')[0]);
  if (!found.success || found.data.code > 1 || found.data.code < 0) return undefined;
  const required = found.data.code === 1;
  return { required, reasons: required ? [...new Set(found.data.names)] : [] };
}

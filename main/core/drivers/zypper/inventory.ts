/** What rpm has installed, what libzypp marked and locked, and who holds its lock, out of a script's sections. Pure. */
import { z } from 'zod';
import type { Facts } from '../../../../shared/model/scan.ts';
import { doubled, keyOf, Row } from '../rpm/rows.ts';
import { plainLine, type Sections } from '../shell.ts';
import type { Kernel } from './kernel.ts';
import { elementsOf } from './xml.ts';

export type Inventory = {
  rows: Row[];
  /** `name:arch` → vendor. */
  vendors: Map<string, string>;
  /** `name arch version` → bytes installed. */
  sizes: Map<string, number>;
  kernels: Kernel[];
  /** Lines that were not understood; they are not in `rows`. */
  malformed: number;
  /** libzypp told its locks; else every package counts as free. */
  locks: boolean;
};

/** rpm shows an epoch of nought where a package names it. */
export const plainVersion = (version: string): string => version.replace(/^0:/, '');

const MAX_PACKAGES = 100_000;

export function readInventory(sections: Sections): Inventory {
  const multi = new Set(sections.lines('multi', MAX_PACKAGES));
  const autos = new Set(sections.lines('auto', MAX_PACKAGES).map((line) => line.trim()));
  const held = new Set(
    elementsOf(sections.text('locks'), 'match')
      .filter(({ attributes }) => attributes.get('installed') === 'true')
      .map(({ attributes }) => `${attributes.get('name') ?? ''}:${attributes.get('arch') ?? ''}`),
  );
  const rows: Row[] = [];
  const vendors = new Map<string, string>();
  const sizes = new Map<string, number>();
  let malformed = 0;
  for (const line of sections.lines('rows', MAX_PACKAGES)) {
    const [name = '', arch = '', version = '', source = '', vendor = '', bytes = ''] = line.split('\t');
    const row = Row.safeParse({
      name,
      arch,
      version: plainVersion(version),
      source: source.slice(0, 500),
      multi: multi.has(name),
      auto: autos.has(name),
      held: held.has(`${name}:${arch}`),
    });
    if (row.success) {
      rows.push(row.data);
      vendors.set(keyOf(row.data), vendor === '(none)' ? '' : vendor);
      sizes.set(`${name} ${arch} ${row.data.version}`, Number(bytes) || 0);
    } else malformed++;
  }
  rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.arch < b.arch ? -1 : 1));
  const kernels = sections.lines('kernels', 1000).flatMap((line) => {
    const [name = '', arch = '', version = '', uname = ''] = line.split('\t');
    return uname === '' ? [] : [{ name, arch, version: plainVersion(version), uname: plainLine(uname, 200) }];
  });
  return { rows, vendors, sizes, kernels, malformed, locks: sections.text('locks').includes('<locks ') };
}

const Holder = z.object({ pid: z.coerce.number().int().positive(), command: z.string() });

export function readLock(sections: Sections): Facts['lock'] {
  const [pid, command = ''] = (sections.lines('lock', 2)[0] ?? '').split('\t');
  const holder = Holder.safeParse({ pid, command });
  if (!holder.success) return { held: false };
  const said = plainLine(holder.data.command, 300);
  return { held: true, holder: `pid ${holder.data.pid}${said === '' ? '' : ` (${said})`}` };
}

/** Packages in two versions, as a transaction that was cut off leaves them; not while another process is at work. */
export const readBroken = ({ rows }: Inventory, lock: Facts['lock']): Facts['broken'] =>
  lock.held
    ? []
    : [...doubled(rows)].map((key) => {
        const twice = rows.filter((row) => keyOf(row) === key);
        return {
          name: twice[0]?.name ?? key,
          state: `installed more than once: ${twice.map((row) => row.version).join(', ')}`.slice(0, 200),
        };
      });

const YES = 102;

/** zypper needs-rebooting's word, and the file that libzypp leaves. Undefined where neither could be asked. */
export function readRestart(sections: Sections): { required: boolean; reasons: string[] } | undefined {
  const lines = sections.lines('restart', 5);
  const code = Number(lines.find((line) => line.startsWith('code\t'))?.slice(5));
  if (lines.includes('file') || code === YES)
    return { required: true, reasons: ['zypper needs-rebooting: core libraries or services were updated'] };
  return code === 0 ? { required: false, reasons: [] } : undefined;
}

/** Relations of updates (`apt-cache show`) and of what is installed (`dpkg-query`), in Debian's words (Policy 7.1). Pure. */
import type { PackageRelations, Relation, RelationOp } from '../../../../shared/model/scan.ts';
import { reduceRelations, type Stated } from '../relations.ts';
import type { Sections } from '../shell.ts';
import type { Row } from './inventory.ts';
import { compareDebianVersions } from './version.ts';

const OPS: Record<string, RelationOp> = {
  '<<': '<',
  '<=': '<=',
  '=': '=',
  '>=': '>=',
  '>>': '>',
  // Obsolete spellings, which mean "or equal" (Policy 7.1).
  '<': '<=',
  '>': '>=',
};

const MAX_FIELD = 100_000;
const ONE =
  /^([A-Za-z0-9][A-Za-z0-9.+_-]*)(?::[a-z0-9-]+)?(?:\s*\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s()]+)\s*\))?$/;

/** `libc6:any (>= 2.36)`; restrictions for architectures and build profiles do not occur in binary packages. */
const readOne = (text: string): Relation | undefined => {
  const [, name, op, version] = ONE.exec(text.trim()) ?? [];
  if (name === undefined) return undefined;
  const known = op === undefined ? undefined : OPS[op];
  return known === undefined || version === undefined ? { name } : { name, op: known, version };
};

/** `a, b | c`: groups of alternatives. A group of which one cannot be read is left out: it might be met by that one. */
const readGroups = (field: string | undefined): Relation[][] =>
  (field ?? '')
    .slice(0, MAX_FIELD)
    .split(',')
    .filter((group) => group.trim() !== '')
    .flatMap((group) => {
      const read = group.split('|').map(readOne);
      return read.includes(undefined) ? [] : [read.filter((one) => one !== undefined)];
    });

const readList = (field: string | undefined): Relation[] => readGroups(field).flat();

const providesOf = (field: string | undefined): Stated['provides'] =>
  readList(field).map(({ name, op, version }) => ({
    name,
    ...(op === '=' && version !== undefined ? { version } : {}),
  }));

/** Conflicts and Breaks are one to us; with Replaces of the same name the other gives way (Policy 7.6.2). */
const statedOf = (
  named: Pick<Stated, 'name' | 'arch' | 'version'>,
  field: (name: string) => string | undefined,
): Stated => {
  const against = [...readList(field('Conflicts')), ...readList(field('Breaks'))];
  const replaced = new Set(readList(field('Replaces')).map((one) => one.name));
  return {
    ...named,
    requires: [...readGroups(field('Pre-Depends')), ...readGroups(field('Depends'))],
    conflicts: against.filter((one) => !replaced.has(one.name)),
    replaces: against.filter((one) => replaced.has(one.name)),
    provides: providesOf(field('Provides')),
  };
};

const readCandidates = (text: string): Stated[] => {
  const found = new Map<string, Stated>();
  for (const stanza of text.split(/\n\s*\n/)) {
    const fields = new Map(
      stanza.split('\n').flatMap((line) => {
        const colon = line.indexOf(': ');
        return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 2)] as const];
      }),
    );
    const name = fields.get('Package')?.trim();
    const arch = fields.get('Architecture')?.trim();
    const version = fields.get('Version')?.trim();
    if (!name || !arch || !version) continue;
    const key = `${name} ${arch} ${version}`;
    if (!found.has(key))
      found.set(
        key,
        statedOf({ name, arch, version }, (field) => fields.get(field)),
      );
  }
  return [...found.values()];
};

const readInstalled = (lines: string[]): Stated[] =>
  lines.flatMap((line) => {
    const [binary = '', arch = '', version = '', depends, conflicts, provides] = line.split('\t');
    const name = binary.split(':')[0] ?? '';
    if (name === '' || version === '') return [];
    const fields: Record<string, string | undefined> = {
      Depends: depends,
      Conflicts: conflicts,
      Provides: provides,
    };
    return [statedOf({ name, arch, version }, (field) => fields[field])];
  });

/** Undefined: the host did not tell. `updates`: those of the scan; other versions that `details` may hold do not count. */
export function readRelations(
  sections: Sections,
  present: Row[],
  updates: { name: string; arch: string; to: string }[],
): PackageRelations[] | undefined {
  if (!sections.has('relations') || sections.rc('relations') !== 0 || sections.has('noroom'))
    return undefined;
  const wanted = new Set(updates.map((one) => `${one.name} ${one.arch} ${one.to}`));
  return reduceRelations({
    present,
    installed: readInstalled(sections.lines('relations')),
    candidates: readCandidates(sections.text('details')).filter((one) =>
      wanted.has(`${one.name} ${one.arch} ${one.version}`),
    ),
    compare: compareDebianVersions,
  });
}

/**
 * What the updates ask of other packages, and what installed ones ask of those that would be replaced. Requirements name
 * sonames and files; who provides them is known here, so they are told as packages. What stays installed meets most of them,
 * and those are left out; so are requirements of files, rich dependencies and rpm's own features. Pure.
 */
import type { PackageRelations, Relation, RelationOp } from '../../../../shared/model/scan.ts';
import { compareRpmVersions } from '../rpm/version.ts';
import { plainVersion } from './inventory.ts';
import type { Dependency, Offer } from './lists.ts';
import { unescapeXml } from './xml.ts';

type Package = { name: string; arch: string; version: string };

/** Of an installed package: only what bears on the updates is asked of the host. */
export type Installed = Package & { provides: Dependency[]; requires: Dependency[]; conflicts: Dependency[] };

const OPS: Record<string, RelationOp> = { EQ: '=', LT: '<', LE: '<=', GT: '>', GE: '>=' };
const opOf = (flags: string): RelationOp | undefined => (Object.hasOwn(OPS, flags) ? OPS[flags] : undefined);

/** A version without a release stands for all its releases. */
function order(a: string, b: string): number {
  const bare = (text: string) => text.replace(/-[^-]*$/, '');
  return a.includes('-') && b.includes('-') ? compareRpmVersions(a, b) : compareRpmVersions(bare(a), bare(b));
}

/** Whether what is provided meets what is asked; one of the two without a version meets any (rpm, lib/rpmds.c, rpmdsCompare). */
export function meets(provided: Dependency, asked: Dependency): boolean {
  if (provided.name !== asked.name) return false;
  const op = opOf(asked.flags);
  if (op === undefined || provided.flags === '' || provided.version === '') return true;
  const sign = order(provided.version, asked.version);
  if (sign < 0) return op === '<' || op === '<=' || provided.flags === 'GE' || provided.flags === 'GT';
  if (sign > 0) return op === '>' || op === '>=' || provided.flags === 'LE' || provided.flags === 'LT';
  return op !== '<' && op !== '>';
}

const isPlain = ({ name }: Dependency): boolean =>
  !name.startsWith('(') &&
  !name.startsWith('/') &&
  !name.startsWith('rpmlib(') &&
  !name.startsWith('config(');

const keyOf = (p: Package): string => `${p.name}:${p.arch}`;

const relation = ({ name, flags, version }: Dependency): Relation => {
  const op = opOf(flags);
  return op === undefined || version === '' ? { name } : { name, op, version };
};

/** What each of these packages is asked for, as few words as say it: by its own name as it stands, else by what provides it. */
const named = (asked: Dependency, packages: readonly Package[]): Relation[] =>
  [...new Set(packages.map((one) => one.name))].sort().map((name) => {
    if (name === asked.name) return relation(asked);
    const lowest = packages
      .filter((one) => one.name === name)
      .map((one) => one.version)
      .toSorted(compareRpmVersions)[0];
    return lowest === undefined ? { name } : { name, op: '>=', version: lowest };
  });

const MOST = 500;

/** `coming`: the updates; `multi`: names of which a new version comes beside the old one. */
export function relationsOf(
  coming: readonly Offer[],
  installed: readonly Installed[],
  multi: (name: string) => boolean,
): PackageRelations[] {
  const updates = new Map(coming.map((offer) => [keyOf(offer), offer]));
  const providers = new Map<string, { pkg: Installed | Offer; provided: Dependency; here: boolean }[]>();
  const note = (pkg: Installed | Offer, here: boolean) => {
    for (const provided of pkg.provides) {
      const list = providers.get(provided.name) ?? [];
      list.push({ pkg, provided, here });
      providers.set(provided.name, list);
    }
  };
  for (const one of installed) note(one, true);
  for (const one of coming) note(one, false);
  const meeting = (asked: Dependency) =>
    (providers.get(asked.name) ?? []).filter(({ provided }) => meets(provided, asked));
  const isMet = (asked: Dependency): boolean => {
    const found = meeting(asked);
    return found.some(({ pkg, here }) => {
      if (!here) return false;
      const update = updates.get(keyOf(pkg));
      return update === undefined || multi(pkg.name) || found.some((other) => other.pkg === update);
    });
  };
  const requiresOf = (pkg: Installed | Offer): Relation[][] =>
    pkg.requires
      .filter((asked) => isPlain(asked) && !isMet(asked))
      .flatMap((asked) => {
        const found = meeting(asked).map((one) => one.pkg);
        if (found.includes(pkg)) return [];
        return [found.length === 0 ? [relation(asked)] : named(asked, found).slice(0, 50)];
      })
      .slice(0, MOST);
  const others = (pkg: Installed | Offer, asked: Dependency): Package[] =>
    meeting(asked)
      .map((one) => one.pkg)
      .filter((other) => other.name !== pkg.name);
  const conflictsOf = (pkg: Installed | Offer): Relation[] =>
    pkg.conflicts
      .filter(isPlain)
      .flatMap((asked) => named(asked, others(pkg, asked)))
      .slice(0, MOST);
  // Obsoletes go by a package's own name, not by what it provides (rpm.org, "Dependencies").
  const replacesOf = (pkg: Offer): Relation[] =>
    pkg.obsoletes
      .filter((asked) =>
        [...installed, ...coming].some((one) => one.name === asked.name && one.name !== pkg.name),
      )
      .map(relation)
      .slice(0, MOST);
  const told = (pkg: Installed | Offer, here: boolean, requires: Relation[][]): PackageRelations[] => {
    const conflicts = conflictsOf(pkg);
    const replaces = here || !('obsoletes' in pkg) ? [] : replacesOf(pkg);
    if (requires.length === 0 && conflicts.length === 0 && replaces.length === 0) return [];
    const { name, arch, version } = pkg;
    return [{ name, arch, version, installed: here, requires, conflicts, replaces }];
  };
  return [
    ...coming.flatMap((pkg) => told(pkg, false, requiresOf(pkg))),
    ...installed.flatMap((pkg) => told(pkg, true, requiresOf(pkg))),
  ];
}

const KINDS = { provides: 'provides', requires: 'requires', conflicts: 'conflicts' } as const;

/** rpm's own signs, as `:depflags` shows them. */
const SIGNS: Record<string, string> = { '=': 'EQ', '<': 'LT', '<=': 'LE', '>': 'GT', '>=': 'GE' };

/** Lines `kind name arch version capability sign version` of `fl_bearing`. */
export function readInstalled(lines: readonly string[]): Installed[] {
  const found = new Map<string, Installed>();
  for (const line of lines) {
    const [word = '', name = '', arch = '', version = '', capability = '', sign = '', asked = ''] =
      line.split('\t');
    if (!Object.hasOwn(KINDS, word)) continue;
    const kind = KINDS[word as keyof typeof KINDS];
    const key = `${name} ${arch} ${version}`;
    const pkg = found.get(key) ?? {
      name,
      arch,
      version: plainVersion(version),
      provides: [],
      requires: [],
      conflicts: [],
    };
    found.set(key, pkg);
    pkg[kind].push({
      name: unescapeXml(capability),
      flags: SIGNS[sign.trim()] ?? '',
      version: plainVersion(asked),
    });
  }
  return [...found.values()];
}

/**
 * `fl_bearing LISTS`: of the installed packages what bears on those in LISTS: who provides what these ask for or conflict with, who asks for
 * what the installed versions of these provide, and who conflicts with anything. One reading of rpm's database for each.
 */
export const BEARING_FUNCTIONS = `fl_dependencies() {
  fl_rpm -qa --qf "[$1\\t%{=NAME}\\t%{=ARCH}\\t%|EPOCH?{%{=EPOCH}:}:{}|%{=VERSION}-%{=RELEASE}\\t%{$2NAME}\\t%{$2FLAGS:depflags}\\t%{$2VERSION}\\n]" 2>/dev/null
}
fl_bearing() {
  awk -F '\\t' '$1 == "P" { print "N\\t" $2 } $1 == "R" && $2 != "provides" && $3 !~ /^[\\/(]/ { print "C\\t" $3 }' "$1" | sort -u >"$T/asked"
  fl_dependencies provides PROVIDE >"$T/provided"
  awk -F '\\t' 'FILENAME == ARGV[1] { want[$1 "\\t" $2] = 1; next } ("C\\t" $5) in want || ("N\\t" $2) in want' "$T/asked" "$T/provided"
  fl_dependencies requires REQUIRE >"$T/required"
  awk -F '\\t' '
FILENAME == ARGV[1] { if ($1 == "N") mine[$2] = 1; next }
FILENAME == ARGV[2] { if ($2 in mine) cap[$5] = 1; next }
$5 in cap && !($2 in mine) && $5 !~ /^[\\/(]/' "$T/asked" "$T/provided" "$T/required"
  fl_dependencies conflicts CONFLICT
}`;

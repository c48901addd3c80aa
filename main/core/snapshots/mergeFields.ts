/** Merging single values: a member of an entry, and the facts that belong to its version. Pure. */
import type { Entry } from '../../../shared/model/snapshot.ts';
import { canonicalJson } from './canonical.ts';

/** Known about a version and decided by nobody: taken over with the version, and no reason to call an entry changed. */
const FACTS = ['source', 'severity', 'classification', 'advisories', 'sizeBytes', 'sha256'] as const;
type Facts = Partial<Pick<Entry, (typeof FACTS)[number]>>;
const factNames: ReadonlySet<string> = new Set(FACTS);

export const withoutFacts = (entry: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(entry).filter(([name, value]) => !factNames.has(name) && value !== undefined),
  );

export const same = (a: unknown, b: unknown): boolean =>
  a === b ||
  (typeof a === 'object' &&
    typeof b === 'object' &&
    a !== null &&
    b !== null &&
    canonicalJson(a) === canonicalJson(b));

type Three<T> = { base: T; ours: T; theirs: T };

/** `disputed`: the base itself has no agreed value here, so only what is the same on both sides is clean. */
export const threeWay = <T>(
  { base, ours, theirs }: Three<T>,
  disputed: boolean,
): { kind: 'clean'; value: T } | { kind: 'conflict' } => {
  if (same(ours, theirs)) return { kind: 'clean', value: ours };
  if (disputed) return { kind: 'conflict' };
  if (same(base, ours)) return { kind: 'clean', value: theirs };
  return same(base, theirs) ? { kind: 'clean', value: ours } : { kind: 'conflict' };
};

const SEVERITIES = ['critical', 'important', 'moderate', 'low', 'unknown'];
const CLASSIFICATIONS = ['security', 'bugfix', 'enhancement', 'other'];

/** The one that stands first in the list. */
const gravest = <T extends string>(list: string[], values: (T | undefined)[]): T | undefined =>
  values.filter((value) => value !== undefined).sort((a, b) => list.indexOf(a) - list.indexOf(b))[0];

const pick = <T>(three: Three<T>, both: (values: T[]) => T): T => {
  const result = threeWay(three, false);
  return result.kind === 'clean' ? result.value : both([three.ours, three.theirs]);
};

const union = (lists: (string[] | undefined)[]): string[] =>
  [...new Set(lists.flatMap((list) => list ?? []))].sort().slice(0, 200);

const defined = (facts: Record<string, unknown>): Omit<Facts, 'sha256'> =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));

const factsOf = (entry: Entry): { rest: Omit<Facts, 'sha256'>; sha256: string | undefined } => {
  const { source, severity, classification, advisories, sizeBytes, sha256 } = entry;
  return { rest: defined({ source, severity, classification, advisories, sizeBytes }), sha256 };
};

/**
 * The facts of the version that the merged entry has. Where both sides have this version and know different things of it: the graver
 * severity and classification, the advisories of both, the larger size, the source that sorts first; two hashes of one version are
 * a conflict.
 */
export const mergeFacts = (o: {
  base: Entry | undefined;
  ours: Entry;
  theirs: Entry;
  version: unknown;
}): { rest: Omit<Facts, 'sha256'>; sha256: string | undefined | 'conflict' } => {
  const { ours, theirs, version } = o;
  const base = o.base?.version === version ? o.base : undefined;
  const [mine, other] = [ours.version === version, theirs.version === version];
  if (mine !== other) return factsOf(mine ? ours : theirs);
  if (!mine) return base === undefined ? { rest: { source: 'manual' }, sha256: undefined } : factsOf(base);
  const of = <K extends keyof Facts>(fact: K) => ({
    base: base?.[fact],
    ours: ours[fact],
    theirs: theirs[fact],
  });
  const sha256 = threeWay(of('sha256'), false);
  return {
    rest: defined({
      source: pick(of('source'), (values) => values.sort()[0]),
      severity: pick(of('severity'), (values) => gravest(SEVERITIES, values)),
      classification: pick(of('classification'), (values) => gravest(CLASSIFICATIONS, values)),
      advisories: pick(of('advisories'), union),
      sizeBytes: pick(of('sizeBytes'), (values) => Math.max(...values.map((value) => value ?? 0))),
    }),
    sha256: sha256.kind === 'conflict' ? 'conflict' : sha256.value,
  };
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const members = (item: unknown): Record<string, unknown> => ({ ...Object(item) });

/** What makes two rules the same one, or two exceptions: its id, else the package it is for, else all of it. */
export const itemKey = (item: unknown): string => {
  const loose = members(item);
  const [id, name] = [textOf(loose.id), textOf(loose.name)];
  if (id !== undefined) return id;
  return name === undefined
    ? canonicalJson(item)
    : [textOf(loose.ecosystem) ?? '', name, textOf(loose.arch) ?? ''].join('/');
};

/** What a person is told of it. */
export const itemName = (item: unknown): string => {
  const loose = members(item);
  return (textOf(loose.name) ?? itemKey(item)).slice(0, 300);
};

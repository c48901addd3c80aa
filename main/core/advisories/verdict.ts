/** What imported data says about a version of a package. Pure. */
import type { Ground } from '../../../shared/model/grounds.ts';
import { type Ecosystem, Severity } from '../../../shared/model/primitives.ts';
import type { AffectedRow } from './ports.ts';

/** Worst first. */
export const SEVERITIES: readonly Severity[] = Severity.options;

export const worse = (a: Severity, b: Severity): Severity =>
  SEVERITIES.indexOf(a) <= SEVERITIES.indexOf(b) ? a : b;

/** A package as a host has it, or is offered it. `source` and `sourceVersion`: of the source package, where they are known. */
export type Subject = {
  ecosystem: Ecosystem;
  distro: string;
  release: string;
  /** `bookworm`, where data goes by it. */
  codename?: string | undefined;
  name: string;
  arch: string;
  source?: string | undefined;
};
export type SubjectVersion = { version: string; sourceVersion?: string | undefined };

export type Verdict = {
  severity: Severity;
  advisories: string[];
  cves: string[];
  /** The earliest publication among them. */
  published?: string;
  /** The newest data of those that say so; absent: none says anything. */
  ground?: Ground;
};

type Compare = (ecosystem: Ecosystem, a: string, b: string) => number;

/** `9` is the release of a host with `9.4`, `12` not of one with `1`. */
const isRelease = (data: string | undefined, has: string | undefined): boolean =>
  data === undefined || (has !== undefined && (has === data || has.startsWith(`${data}.`)));

/**
 * A binary rebuilt without a change of its source has `+b1` behind the version (Debian Policy, Developer's Reference 5.10.2.1).
 * Where the source's own version is not known, the binary's without that is the best guess.
 */
const sourceVersionOf = ({ version, sourceVersion }: SubjectVersion): string =>
  sourceVersion ?? version.replace(/\+b\d+$/, '');

const isAbout = (row: AffectedRow, subject: Subject): boolean =>
  row.ecosystem === subject.ecosystem &&
  (row.distro === undefined || row.distro === subject.distro) &&
  (isRelease(row.release, subject.release) || isRelease(row.release, subject.codename)) &&
  (row.arch === undefined || row.arch === subject.arch) &&
  ((row.kind !== 'binary' && row.name === (subject.source ?? subject.name)) ||
    (row.kind !== 'source' && row.name === subject.name));

const versionFor = (row: AffectedRow, subject: Subject, version: SubjectVersion): string =>
  row.kind === 'source' || (row.kind === 'either' && row.name !== subject.name)
    ? sourceVersionOf(version)
    : version.version;

const isAffected = (row: AffectedRow, version: string, compare: Compare): boolean => {
  const before = (a: string, b: string) => compare(row.ecosystem, a, b) < 0;
  if (row.introduced !== undefined && before(version, row.introduced)) return false;
  if (row.fixed !== undefined) return before(version, row.fixed);
  return row.lastAffected === undefined || !before(row.lastAffected, version);
};

const verdictOf = (rows: AffectedRow[]): Verdict => {
  const severity = rows.reduce<Severity>((worst, row) => worse(worst, row.severity), 'unknown');
  const published = rows.flatMap((row) => row.published ?? []).sort()[0];
  const [newest] = rows.filter((row) => row.severity === severity).sort((a, b) => (a.asOf < b.asOf ? 1 : -1));
  return {
    severity,
    advisories: [...new Set(rows.map((row) => row.id))].sort(),
    cves: [...new Set(rows.flatMap((row) => row.cves))].sort(),
    ...(published === undefined ? {} : { published }),
    ...(newest === undefined ? {} : { ground: { source: newest.format, asOf: newest.asOf } }),
  };
};

/** What is wrong with a version that is installed. */
export const open = (
  rows: AffectedRow[],
  subject: Subject,
  installed: SubjectVersion,
  compare: Compare,
): Verdict =>
  verdictOf(
    rows.filter(
      (row) => isAbout(row, subject) && isAffected(row, versionFor(row, subject, installed), compare),
    ),
  );

/** What going from one version to another mends. `from` null: the package is new, and nothing was wrong before. */
export const mended = (
  rows: AffectedRow[],
  subject: Subject,
  from: SubjectVersion | null,
  to: SubjectVersion,
  compare: Compare,
): Verdict =>
  verdictOf(
    from === null
      ? []
      : rows.filter(
          (row) =>
            isAbout(row, subject) &&
            isAffected(row, versionFor(row, subject, from), compare) &&
            !isAffected(row, versionFor(row, subject, to), compare),
        ),
  );

/**
 * What the readers of advisory files share. A file is read whole or refused whole; what it says about things that Frostline
 * does not manage, or cannot name, is counted as skipped.
 */
import type { Advisory, AdvisoryFormat, Affected } from '../../../shared/model/advisory.ts';
import { CveId } from '../../../shared/model/advisory.ts';
import { PackageName, PackageVersion } from '../../../shared/model/primitives.ts';
import { plainLine } from '../drivers/shell.ts';

export type AdvisoryFile = {
  format: AdvisoryFormat;
  advisories: Advisory[];
  skipped: number;
  /** The newest date that stands in it. */
  dated?: string;
  /** It is all there is: what it does not have is no advisory any more. */
  whole: boolean;
};

/** The file is not what it claims to be, or beyond a limit: none of it is taken. */
export class Refused extends Error {}

export const MAX_ADVISORIES = 500_000;
export const MAX_AFFECTED = 4_000_000;

/** Text of strangers, in one line of at most `max` characters, without any that nobody sees. */
export const strangersLine = (text: string, max: number): string =>
  plainLine(text.replace(/[\p{Cc}\p{Cf}]+/gu, ' '), max);

export const cvesIn = (ids: string[]): string[] =>
  [...new Set(ids.map((id) => id.replace(/^(UBUNTU|DEBIAN)-/, '')))]
    .filter((id) => CveId.safeParse(id).success)
    .sort();

/** An instant with milliseconds, of a date or time in whatever form; undefined where it is none, or in the future. */
export const instantOf = (text: string | number | undefined, now: number): string | undefined => {
  if (text === undefined) return undefined;
  const at =
    typeof text === 'number'
      ? text * 1000
      : // `2024-01-02 03:04:05` of updateinfo is in UTC (createrepo_c).
        Date.parse(/^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text);
  if (!Number.isFinite(at) || at <= 0 || at > now) return undefined;
  return new Date(at).toISOString();
};

export const isName = (text: string): boolean => PackageName.safeParse(text).success;
export const isVersion = (text: string | undefined): boolean =>
  text === undefined || PackageVersion.safeParse(text).success;

/** Every name and version in it can be one. */
export const isNameable = (one: Affected): boolean =>
  isName(one.name) && isVersion(one.introduced) && isVersion(one.fixed) && isVersion(one.lastAffected);

/** Collects advisories, counts what is left out, and stops at the limits. */
export class Collector {
  readonly advisories: Advisory[] = [];
  skipped = 0;
  dated: string | undefined;
  #affected = 0;

  add(advisory: Advisory): void {
    this.#affected += advisory.affected.length;
    if (this.advisories.length >= MAX_ADVISORIES || this.#affected > MAX_AFFECTED)
      throw new Refused('it has more advisories than Frostline takes');
    if (advisory.affected.length > 20_000 || advisory.cves.length > 2000)
      throw new Refused(`${strangersLine(advisory.id, 100)} is about more packages than Frostline takes`);
    this.advisories.push(advisory);
    this.date(advisory.modified ?? advisory.published);
  }

  skip(): void {
    this.skipped += 1;
  }

  date(instant: string | undefined): void {
    if (instant !== undefined && (this.dated === undefined || instant > this.dated)) this.dated = instant;
  }

  file(format: AdvisoryFormat, whole: boolean): AdvisoryFile {
    return {
      format,
      advisories: this.advisories,
      skipped: this.skipped,
      whole,
      ...(this.dated === undefined ? {} : { dated: this.dated }),
    };
  }
}

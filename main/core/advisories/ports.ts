import type { Advisory, AdvisoryImport, AdvisoryView, Affected } from '../../../shared/model/advisory.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';

/** One line of an advisory, with what a verdict needs of the rest of it. */
export type AffectedRow = Affected &
  Pick<Advisory, 'id' | 'format' | 'severity' | 'cves' | 'published'> & { asOf: string };

/** Where imported advisories are kept. An import is taken in whole or not at all. */
export interface AdvisoryStore {
  /**
   * One transaction. An advisory replaces the one of its format and id, unless that one was modified later (then it counts
   * as skipped); with `replaceAll` those of the format that the file does not have go. Gives the import back as it is stored.
   */
  putAdvisories(
    made: Omit<AdvisoryImport, 'id' | 'advisories'>,
    advisories: Iterable<Advisory>,
    replaceAll: boolean,
  ): AdvisoryImport;
  /** Newest first. */
  advisoryImports(limit: number): AdvisoryImport[];
  /** Those with this id, and those that are about this CVE. */
  advisoriesNamed(idOrCve: string): AdvisoryView[];
  /** What is said about packages of these names (source or binary) of an ecosystem. */
  affected(ecosystem: Ecosystem, names: string[]): AffectedRow[];
  advisoryCount(): number;
}

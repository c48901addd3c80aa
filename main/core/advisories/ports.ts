import type { Advisory, AdvisoryImport, AdvisoryView, Affected } from '../../../shared/model/advisory.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';

/** One line of an advisory, with what a verdict needs of the rest of it. */
export type AffectedRow = Affected &
  Pick<Advisory, 'id' | 'format' | 'severity' | 'cves' | 'published'> & { asOf: string };

export type NewImport = Omit<AdvisoryImport, 'id' | 'advisories'>;

/** An import on its way: nothing of it is seen before `finish`. */
export interface StagedAdvisories {
  /** One transaction: as many as may be written without letting others wait. */
  add(advisories: Iterable<Advisory>): void;
  /**
   * All that was added is seen from now on, in one short transaction. An advisory replaces the one of its format and id, unless
   * that one was modified later (then it counts as skipped).
   */
  finish(): AdvisoryImport;
  /** None of it will be seen. */
  discard(): void;
}

/** Where imported advisories are kept. An import is taken in whole or not at all. */
export interface AdvisoryStore {
  /** With `replaceAll` those of the format that the file does not have go. */
  stageAdvisories(made: NewImport, replaceAll: boolean): StagedAdvisories;
  /** The same in one transaction, for few of them. Gives the import back as it is stored. */
  putAdvisories(made: NewImport, advisories: Iterable<Advisory>, replaceAll: boolean): AdvisoryImport;
  /**
   * Removes what is not seen any more: what was replaced, and imports that were discarded or broke off with their process. About
   * `rows` at most; false: there is nothing left.
   */
  sweepAdvisories(rows: number): boolean;
  /** Newest first. */
  advisoryImports(limit: number): AdvisoryImport[];
  /** Those with this id, and those that are about this CVE. */
  advisoriesNamed(idOrCve: string): AdvisoryView[];
  /** What is said about packages of these names (source or binary) of an ecosystem. */
  affected(ecosystem: Ecosystem, names: string[]): AffectedRow[];
  advisoryCount(): number;
}

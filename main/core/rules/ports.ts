import type { RuleSetSummary, SavedRuleSet } from '../../../shared/model/rule.ts';

/** Saved rule sets. Every version is kept and never changes. Names are compared without regard to case. */
export interface RuleStore {
  /** The newest version of each, by name. */
  ruleSets(): RuleSetSummary[];
  /** `version` left out: the newest. */
  ruleSet(name: string, version?: number): SavedRuleSet | undefined;
  /** Newest first. */
  ruleSetVersions(name: string): RuleSetSummary[];
  /** Adds the next version and gives it back. `expect`: the newest version the caller has seen, 0 for none; another: undefined. */
  putRuleSet(made: Omit<SavedRuleSet, 'version'>, expect?: number): SavedRuleSet | undefined;
}

/** Saved rule sets of the store in memory. */
import type { RuleStore } from '../../main/core/rules/ports.ts';
import type { RuleSetSummary, SavedRuleSet } from '../../shared/model/rule.ts';

const summaryOf = ({ ruleSet, text: _, ...rest }: SavedRuleSet): RuleSetSummary => ({
  ...rest,
  ...(ruleSet.description === undefined ? {} : { description: ruleSet.description }),
  ruleCount: ruleSet.rules.length,
});

export const createMemoryRules = (): RuleStore => {
  const sets = new Map<string, SavedRuleSet[]>();
  const versionsOf = (name: string): SavedRuleSet[] => sets.get(name.toLowerCase()) ?? [];
  return {
    ruleSets: () =>
      [...sets.entries()]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, versions]) => versions.slice(-1).map(summaryOf)),
    ruleSet: (name, version) =>
      structuredClone(
        version === undefined
          ? versionsOf(name).at(-1)
          : versionsOf(name).find((one) => one.version === version),
      ),
    ruleSetVersions: (name) => versionsOf(name).toReversed().map(summaryOf),
    putRuleSet: (made, expect) => {
      const versions = versionsOf(made.name);
      if (expect !== undefined && expect !== versions.length) return undefined;
      const saved = { ...structuredClone(made), version: versions.length + 1 };
      sets.set(made.name.toLowerCase(), [...versions, saved]);
      return structuredClone(saved);
    },
  };
};

/** Rule sets: checked, previewed, saved in versions. A snapshot is made from one by `snapshots.create`. */
import { z } from 'zod';
import { HostName, Text } from '../model/primitives.ts';
import {
  Listed,
  PreviewRow,
  RuleIssue,
  RuleSet,
  RuleSetName,
  RuleSetSummary,
  SavedRuleSet,
} from '../model/rule.ts';
import { command, query } from './define.ts';
import { Selectors } from './fleet.ts';

/** A rule file; longer ones are not read at all. */
/** More than a set may have, so that the check can say where it is too large. */
export const MAX_RULES_CHARS = 512 * 1024;
export const RulesText = z.string().max(MAX_RULES_CHARS);

/** A rule file's text, or a saved set (its newest version, or the one named). */
export const RulesSource = z.union([
  z.strictObject({ text: RulesText, fileName: Text(255).optional() }),
  z.strictObject({ name: RuleSetName, version: z.int().positive().optional() }),
]);
export type RulesSource = z.infer<typeof RulesSource>;

/** As a candidate, with the names of the first 50 hosts only; `hostCount` is of all. */
export const PreviewedRow = PreviewRow.extend({ hostCount: z.int() });
export type PreviewedRow = z.infer<typeof PreviewedRow>;

export const Preview = z.object({
  ruleSet: RuleSet,
  /** Of a saved set. */
  version: z.int().optional(),
  rows: z.array(PreviewedRow),
  /** How many entries a snapshot would have: approved and rejected. */
  entries: z.int(),
  /** Items of the lists `approve` and `reject` that nothing offered matches. */
  unused: z.array(z.object({ list: z.enum(['approve', 'reject']), item: Listed })),
  /** Hosts without a good scan: what they are offered is not known. */
  without: z.array(HostName),
  remarks: z.array(z.string()),
});
export type Preview = z.infer<typeof Preview>;

const Saved = z.object({ saved: SavedRuleSet });
const Named = z.object({ name: RuleSetName });

export const rules = {
  /** The newest version of each, by name. */
  list: query(z.object({}), z.object({ ruleSets: z.array(RuleSetSummary) })),
  show: query(Named.extend({ version: z.int().positive().optional() }), Saved),
  /** Newest first. */
  history: query(Named, z.object({ versions: z.array(RuleSetSummary) })),
  /** A file's faults are an answer, not an error: `ok` false, with the line of each. */
  check: query(
    z.object({ text: RulesText }),
    z.object({ ok: z.boolean(), ruleSet: RuleSet.optional(), issues: z.array(RuleIssue) }),
  ),
  /** What the rules would take now. Changes nothing. Errors: `input.invalid` (the rules, the selector), `not-found`. */
  preview: query(z.object({ rules: RulesSource, selectors: Selectors.default([]) }), Preview),
  /**
   * Makes the next version of the set that the text names. The text of its newest version once more makes none. `expect`: the
   * newest version the caller has seen, 0 for none; another one by now is `state.conflict`.
   */
  save: command(
    z.object({
      text: RulesText,
      message: Text(2000).optional(),
      expect: z.int().nonnegative().optional(),
    }),
    Saved,
    { permission: 'edit' },
  ),
};

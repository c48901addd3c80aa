/**
 * Approval rules. A rule set is what a rule file (YAML) says; nothing in it has a default that is written down, so that what a
 * revision holds is what was read. How it is applied: main/core/rules/evaluate.ts.
 */
import { z } from 'zod';
import { Grounds } from './grounds.ts';
import {
  Arch,
  Classification,
  Ecosystem,
  HostName,
  Instant,
  PackageName,
  PackageVersion,
  Severity,
  Sha256,
  Text,
} from './primitives.ts';

/** `*` stands for any characters, `?` for one; case does not count. */
const Pattern = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]+$/u, 'not a pattern');
export const NamePattern = z
  .string()
  .regex(/^[A-Za-z0-9.+_*?-]{1,200}$/, 'not a pattern of package names: letters, digits, . + _ - * ?');

/** The sources of entries that the lists `approve` and `reject` made; no rule has one of these ids. */
export const EXPLICIT_APPROVE = 'explicit-approve';
export const EXPLICIT_REJECT = 'explicit-reject';

export const RuleId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dot, underscore and dash, at most 64')
  .refine((id) => id !== EXPLICIT_APPROVE && id !== EXPLICIT_REJECT, 'this id is reserved');

const oneOf = <S extends z.ZodType>(what: S) => z.array(what).min(1).max(200);

/** Every member that is there must hold; each holds when any of its values does. */
export const Match = z.strictObject({
  ecosystem: oneOf(Ecosystem).optional(),
  /** os-release ID and VERSION_ID; both must hold for the same hosts. Patterns. */
  distro: oneOf(Pattern(64)).optional(),
  release: oneOf(Pattern(64)).optional(),
  name: oneOf(NamePattern).optional(),
  /** Origin and suite as scans show them, e.g. `Debian-Security:*`. Patterns. */
  origin: oneOf(Pattern(300)).optional(),
  classification: oneOf(Classification).optional(),
  severity: oneOf(Severity).optional(),
  /** An advisory's or a CVE's id. Patterns. */
  advisory: oneOf(Pattern(100)).optional(),
});
export type Match = z.infer<typeof Match>;

export const ComplianceLevel = z.enum(['critical', 'high', 'medium', 'low', 'informational', 'unspecified']);
export type ComplianceLevel = z.infer<typeof ComplianceLevel>;

/** When an approving rule approves: at once where this is left out; where both are given both must hold. */
export const Approval = z
  .strictObject({
    /** Whole days that must have passed. */
    afterDays: z.int().min(0).max(3650).optional(),
    /** Only what came out up to the end of this day, in UTC: `2026-11-30`. */
    untilDate: z.iso.date().optional(),
    /** What counts as coming out. `release` needs advisory data with a date, and is `first-seen` without. Default: `first-seen`. */
    since: z.enum(['release', 'first-seen']).optional(),
  })
  .refine((approve) => approve.afterDays !== undefined || approve.untilDate !== undefined, {
    message: 'give afterDays or untilDate',
  });
export type Approval = z.infer<typeof Approval>;

export const Rule = z
  .strictObject({
    id: RuleId,
    description: Text(500).optional(),
    /** Left out: everything that passes the filters. */
    match: Match.optional(),
    /** Default: `approve`. */
    decision: z.enum(['approve', 'reject']).optional(),
    approve: Approval.optional(),
    /** What a host that lacks one of its patches is reported as. Default: `unspecified`. */
    complianceLevel: ComplianceLevel.optional(),
    /** Default: 1. */
    stage: z.int().min(0).max(99).optional(),
  })
  .refine((rule) => rule.decision !== 'reject' || rule.approve === undefined, {
    message: 'a rule that rejects does so at once: it has no approve',
    path: ['approve'],
  });
export type Rule = z.infer<typeof Rule>;

/** `version` left out: every version. */
export const Listed = z.strictObject({ name: NamePattern, version: PackageVersion.optional() });
export type Listed = z.infer<typeof Listed>;

export const RuleSetName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._ -]{0,79}$/,
    'letters, digits, dot, underscore, dash and space, at most 80, beginning with a letter or digit',
  );

const ruleSet = {
  name: RuleSetName,
  description: Text(2000).optional(),
  /** What does not match is left out, whatever the rules say. */
  filters: Match.optional(),
  rules: z.array(Rule).max(200),
  approve: z.array(Listed).max(2000).optional(),
  reject: z.array(Listed).max(2000).optional(),
};

const distinctIds = (set: { rules: Rule[] }, context: z.RefinementCtx): void => {
  const seen = new Set<string>();
  set.rules.forEach(({ id }, index) => {
    if (seen.has(id))
      context.addIssue({
        code: 'custom',
        path: ['rules', index, 'id'],
        message: `there is another rule '${id}'`,
      });
    seen.add(id);
  });
};

export const RuleSet = z.strictObject(ruleSet).superRefine(distinctIds);
export type RuleSet = z.infer<typeof RuleSet>;

/** A rule set as a revision holds it; `version`: that of the saved set, absent where it came from a file that was not saved. */
export const AppliedRuleSet = z
  .strictObject({ ...ruleSet, version: z.int().min(1).max(1_000_000).optional() })
  .superRefine(distinctIds);
export type AppliedRuleSet = z.infer<typeof AppliedRuleSet>;

/** A saved version of a rule set. `text` is the file as it was written. */
export const SavedRuleSet = z.object({
  name: RuleSetName,
  version: z.int().positive(),
  savedAt: Instant,
  author: Text(200),
  message: Text(2000).optional(),
  ruleSet: RuleSet,
  text: z.string(),
});
export type SavedRuleSet = z.infer<typeof SavedRuleSet>;

export const RuleSetSummary = SavedRuleSet.omit({ ruleSet: true, text: true }).extend({
  description: z.string().optional(),
  ruleCount: z.int(),
});
export type RuleSetSummary = z.infer<typeof RuleSetSummary>;

/** Where a rule file is wrong. Lines and columns begin with 1. `path`: `rules.2.match.severity`. */
export const RuleIssue = z.object({
  line: z.int().positive(),
  column: z.int().positive(),
  path: z.string(),
  message: z.string().max(1000),
});
export type RuleIssue = z.infer<typeof RuleIssue>;

/** A version that the selected hosts are offered, with all that rules judge by. */
export const Candidate = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  /** Distinct distributions and releases of the hosts that are offered it. */
  platforms: z.array(z.object({ distro: z.string(), release: z.string() })),
  origins: z.array(z.string()),
  severity: Severity,
  classification: Classification,
  advisories: z.array(z.string()),
  cves: z.array(z.string()),
  /** What severity, advisories and CVEs rest on. */
  grounds: Grounds,
  sizeBytes: z.number().optional(),
  sha256: Sha256.optional(),
  firstSeen: Instant,
  /** Where advisory data tells. */
  releasedAt: Instant.optional(),
  hosts: z.array(HostName),
  /** Of these, those that hold the package. */
  heldOn: z.array(HostName),
});
export type Candidate = z.infer<typeof Candidate>;

/** What becomes of a candidate, and why. */
export const Outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('approved'), rule: z.string() }),
  z.object({ kind: z.literal('rejected'), rule: z.string() }),
  /** Approved by a rule, or by the list, but on hold on every host that is offered it: rejected, with a note. */
  z.object({ kind: z.literal('held'), rule: z.string() }),
  /** Approved, but a higher version of the same package is taken. */
  z.object({ kind: z.literal('superseded'), rule: z.string(), by: PackageVersion }),
  /** A rule will approve it then, if nothing else changes. */
  z.object({ kind: z.literal('waiting'), rule: z.string(), until: Instant }),
  /** It came out after the date of the only rules that match. */
  z.object({ kind: z.literal('too-late'), rule: z.string(), date: z.string() }),
  z.object({ kind: z.literal('filtered') }),
  z.object({ kind: z.literal('no-rule') }),
]);
export type Outcome = z.infer<typeof Outcome>;

export const PreviewRow = Candidate.extend({
  outcome: Outcome,
  /** The outcome in a sentence. */
  reason: z.string(),
});
export type PreviewRow = z.infer<typeof PreviewRow>;

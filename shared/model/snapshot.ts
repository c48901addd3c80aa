/** A snapshot is a named line of immutable revisions. A revision's id is the SHA-256 of its canonical JSON (RFC 8785). */
import { z } from 'zod';
import { Grounds } from './grounds.ts';
import {
  Arch,
  Classification,
  ContentHash,
  Ecosystem,
  Id,
  Instant,
  PackageName,
  PackageVersion,
  SelectorText,
  Severity,
  SnapshotName,
  Text,
} from './primitives.ts';
import { Promotion } from './promotion.ts';
import { AppliedRuleSet } from './rule.ts';

export const Decision = z.enum(['approve', 'reject']);
/** `rule:<id>`, or one of the plain words. */
export const EntrySource = z.string().regex(/^(scan|manual|import|rule:[A-Za-z0-9._-]{1,64})$/);

export const Entry = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  /** Absent: whatever architecture the host has installed. */
  arch: Arch.optional(),
  version: PackageVersion,
  decision: Decision,
  /** Stages run in ascending order; entries of one stage are one transaction. */
  stage: z.int().min(0).max(99),
  source: EntrySource,
  severity: Severity.optional(),
  classification: Classification.optional(),
  advisories: z.array(Text(100)).max(200).optional(),
  sizeBytes: z.number().nonnegative().optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  note: Text(2000).optional(),
  /** Keeps its version when the snapshot is refreshed from newer scans. Absent, never false: one form for each content. */
  pinned: z.literal(true).optional(),
});
export type Entry = z.infer<typeof Entry>;

export const FreezePolicy = z.enum(['listed-only', 'listed-or-dependency']);
export type FreezePolicy = z.infer<typeof FreezePolicy>;

/** A day on the calendar of a zone, e.g. `2026-12-25`. */
export const LocalDate = z.iso.date();
/** RFC 5545, 3.3.10, without the property's name: `FREQ=WEEKLY;BYDAY=FR`. What of it is understood stands in core/snapshots/rule.ts. */
export const RuleText = z
  .string()
  .max(500)
  .regex(/^[A-Z0-9=;,+-]+$/, 'not a recurrence rule');
/** `exclude`: days, in the freeze's zone, on which an occurrence would begin and does not. */
export const Recurrence = z.strictObject({ rule: RuleText, exclude: z.array(LocalDate).max(500) });
export type Recurrence = z.infer<typeof Recurrence>;

/**
 * Holds on `[from, to)`: at `to` exactly, normal rules apply. `zone` is the IANA zone it was written in: for display, and with
 * `recurrence` for its meaning. Then it holds on every occurrence; `[from, to)` is the first of them.
 */
export const Freeze = z.object({
  hosts: SelectorText,
  from: Instant,
  to: Instant,
  zone: Text(64).min(1),
  policy: FreezePolicy,
  guard: z.boolean(),
  recurrence: Recurrence.optional(),
});
export type Freeze = z.infer<typeof Freeze>;

export const Author = z.object({ name: Text(200), fingerprint: Text(100).optional() });

/** Takes an exception back: from `at` on it lets nothing through. */
export const Withdrawal = z.strictObject({ at: Instant, reason: Text(2000).min(1), author: Author });
export type Withdrawal = z.infer<typeof Withdrawal>;

/** One patch that a freeze lets through until `until`, and why. */
export const Exception = z.strictObject({
  ecosystem: Ecosystem,
  name: PackageName,
  /** Absent: whatever architecture the host has installed. */
  arch: Arch.optional(),
  version: PackageVersion,
  reason: Text(2000).min(1),
  author: Author,
  at: Instant,
  until: Instant,
  /** Absent: it was not taken back. */
  withdrawn: Withdrawal.optional(),
});
export type Exception = z.infer<typeof Exception>;

/** Lifts a freeze early. */
export const Thaw = z.object({ revision: ContentHash, at: Instant, reason: Text(2000) });

export const REVISION_FORMAT = 'frostline.revision/1';

/** The hashed content of a revision; nothing outside it is part of its identity. */
export const RevisionContent = z.strictObject({
  format: z.literal(REVISION_FORMAT),
  line: z.strictObject({ id: Id, name: SnapshotName }),
  number: z.int().min(1).max(1_000_000),
  /** Ids of the revisions it was made from: none for the first, two after a merge. */
  parents: z.array(ContentHash).max(2),
  author: Author,
  createdAt: Instant,
  message: Text(2000).optional(),
  scope: z.strictObject({
    ecosystem: Ecosystem.optional(),
    distro: Text(64).optional(),
    release: Text(64).optional(),
    arch: Arch.optional(),
    environment: Text(64).optional(),
  }),
  /** The rule sets its entries came from: at most one, or those of both sides after a merge. */
  rules: z.array(AppliedRuleSet).max(10),
  entries: z.array(Entry).max(20_000),
  freeze: Freeze.optional(),
  thaw: Thaw.optional(),
  /** The freeze of this revision, an ancestor, goes on in this one: same entries, and `exceptions`. */
  continues: ContentHash.optional(),
  exceptions: z.array(Exception).max(500),
});
export type RevisionContent = z.infer<typeof RevisionContent>;

export const Revision = z.object({ id: ContentHash, content: RevisionContent });
export type Revision = z.infer<typeof Revision>;

/** `draft`: not frozen. `frozen`: has a freeze that is not over. `expired`: its time is over. `thawed`: lifted early. */
export const SnapshotState = z.enum(['draft', 'frozen', 'expired', 'thawed']);
export type SnapshotState = z.infer<typeof SnapshotState>;

export const ExceptionView = Exception.extend({ active: z.boolean() });
export type ExceptionView = z.infer<typeof ExceptionView>;

/** A patch that came out during a freeze. `hosts`: how many frozen hosts are offered it. */
export const OutsidePackage = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  severity: Severity,
  classification: Classification,
  advisories: z.array(Text(100)),
  grounds: Grounds,
  firstSeen: Instant,
  hosts: z.int(),
});
export type OutsidePackage = z.infer<typeof OutsidePackage>;

/** Counts are of versions; `packages`: the worst first, at most 500 of them. */
export const Outside = z.object({
  critical: z.int(),
  important: z.int(),
  moderate: z.int(),
  low: z.int(),
  unknown: z.int(),
  /** What the severities rest on. */
  grounds: Grounds,
  packages: z.array(OutsidePackage),
});
export type Outside = z.infer<typeof Outside>;

/** A revision as the command line and the window show it (cli.md). `revision` is its number, `id` its hash. */
export const SnapshotView = z.object({
  name: SnapshotName,
  lineId: Id,
  revision: z.int(),
  id: ContentHash,
  parents: z.array(ContentHash),
  state: SnapshotState,
  /** This is the newest revision of its line. */
  head: z.boolean(),
  author: Author,
  createdAt: Instant,
  message: z.string().optional(),
  scope: RevisionContent.shape.scope,
  /** Absent: it came from no rules. */
  rules: RevisionContent.shape.rules.optional(),
  entries: z.array(Entry),
  /** The revision's own, or the one it continues. `window`: the occurrence that holds now, else the next one. `ends`: the last one's end. */
  freeze: Freeze.extend({
    active: z.boolean(),
    window: z.object({ from: Instant, to: Instant }).optional(),
    ends: Instant,
  }).optional(),
  thaw: Thaw.optional(),
  continues: ContentHash.optional(),
  /** What its freeze lets through, or did; `active`: it does now. */
  exceptions: z.array(ExceptionView).optional(),
  /** Patches that came out during its freeze; shown with the one revision that was asked for, while it is frozen. */
  outside: Outside.optional(),
  /** The freeze of another revision of this line that holds now, e.g. after an edit. */
  frozenRevision: z.object({ revision: z.int(), id: ContentHash, to: Instant }).optional(),
  /** Into which environments it was let, oldest first; absent: none. */
  promotions: z.array(Promotion).optional(),
});
export type SnapshotView = z.infer<typeof SnapshotView>;

export const SnapshotSummary = SnapshotView.omit({ entries: true, rules: true }).extend({
  entryCount: z.int(),
  revisions: z.int(),
});
export type SnapshotSummary = z.infer<typeof SnapshotSummary>;

/** `NAME`, `NAME@REV` (number) or a revision's id. */
export const SnapshotRef = z.string().trim().min(1).max(200);

export const EXCHANGE_FORMAT = 'frostline.exchange/1';
/** `*.frost.json`: the revision chain, oldest first. Signatures are SSHSIG over the head's id. */
export const ExchangeFile = z.strictObject({
  format: z.literal(EXCHANGE_FORMAT),
  head: ContentHash,
  revisions: z.array(RevisionContent).min(1).max(10_000),
  signatures: z
    .array(z.strictObject({ fingerprint: z.string().max(100), armor: z.string().max(20_000) }))
    .max(50),
});
export type ExchangeFile = z.infer<typeof ExchangeFile>;

export const SnapshotDiff = z.object({
  added: z.array(Entry),
  removed: z.array(Entry),
  changed: z.array(
    z.object({
      /** A package's; of the snapshot or of a rule where it is not about an entry. */
      name: Text(300),
      arch: Arch.optional(),
      field: z.string(),
      from: z.string(),
      to: z.string(),
    }),
  ),
});
export type SnapshotDiff = z.infer<typeof SnapshotDiff>;

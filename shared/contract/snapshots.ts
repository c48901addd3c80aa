/** Snapshots: revisions, edits, freezes, exchange. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import { Grounds } from '../model/grounds.ts';
import {
  Arch,
  Classification,
  ContentHash,
  Ecosystem,
  HostName,
  Id,
  Instant,
  PackageName,
  PackageVersion,
  SelectorText,
  Severity,
  SnapshotName,
  Text,
} from '../model/primitives.ts';
import { RuleSetName } from '../model/rule.ts';
import { SignatureView } from '../model/signature.ts';
import {
  Decision,
  ExceptionView,
  FreezePolicy,
  LocalDate,
  Outside,
  Recurrence,
  SnapshotDiff,
  SnapshotRef,
  SnapshotSummary,
  SnapshotView,
} from '../model/snapshot.ts';
import { MergeConflict } from '../model/versions.ts';
import { command, query } from './define.ts';
import { Selectors } from './fleet.ts';
import { RulesSource } from './rules.ts';

const One = z.object({ snapshot: SnapshotView });

/**
 * One edit of the entry list. Edits of one call become one new revision, in the order given; if one of them is not possible
 * none is done. `arch` and `ecosystem` may be left out where the name is unambiguous.
 */
const target = { name: PackageName, arch: Arch.optional(), ecosystem: Ecosystem.optional() };
export const Edit = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('add'),
    ...target,
    version: PackageVersion,
    stage: z.int().min(0).max(99).optional(),
    note: Text(2000).optional(),
  }),
  z.object({ kind: z.literal('remove'), ...target }),
  z.object({ kind: z.literal('decide'), ...target, decision: Decision }),
  z.object({ kind: z.literal('stage'), ...target, stage: z.int().min(0).max(99) }),
  z.object({ kind: z.literal('note'), ...target, note: Text(2000) }),
  /** A pinned entry keeps its version when the snapshot is refreshed. */
  z.object({ kind: z.literal('pin'), ...target, pinned: z.boolean() }),
  /** Places the entry before the one at `index` of the list as it then is (0 = first). */
  z.object({ kind: z.literal('move'), ...target, index: z.int().min(0).max(20_000) }),
]);
export type Edit = z.infer<typeof Edit>;

/**
 * What is wrong or worth knowing about an entry, from the packages known through scans. `error`: it will not go as listed.
 * `unknown-version`: no scanned host has or is offered it, and the console holds no file of it. `needs-package`: something it
 * needs, or that has to come along, is neither there nor approved. `wrong-order`: that comes in a later stage.
 * `conflict`: two approved entries cannot be there together.
 */
export const EntryWarning = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch.optional(),
  code: z.enum([
    'unknown-version',
    'not-installed-anywhere',
    'needs-package',
    'rejected-dependency',
    'wrong-order',
    'conflict',
    'downgrade',
    'removes-package',
    'duplicate',
  ]),
  level: z.enum(['error', 'warning']),
  message: Text(1000),
  /** Names of the hosts concerned, the first of them; `hostCount` is of all. */
  hosts: z.array(HostName).max(20),
  hostCount: z.int(),
  /** Other packages concerned. */
  packages: z.array(Text(300)).max(50),
  /** Edits that mend it, and what they do in a few words. */
  fix: z.array(Edit).min(1).max(50).optional(),
  fixLabel: Text(400).optional(),
});
export type EntryWarning = z.infer<typeof EntryWarning>;

/**
 * What is known today of a version that is listed, over the hosts of the snapshot's scope that lack it. The worst severity counts.
 * `hostCount`: of those it rests on. A revision keeps what was known when an entry came into it.
 */
export const EntryVerdict = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch.optional(),
  version: PackageVersion,
  severity: Severity,
  classification: Classification,
  advisories: z.array(Text(100)).max(200),
  cves: z.array(z.string()).max(200),
  grounds: Grounds,
  hostCount: z.int(),
});
export type EntryVerdict = z.infer<typeof EntryVerdict>;

/**
 * What importing a file does to its line: makes it, moves it forward, or nothing (`same`, or the line here is already further).
 * `diverged`: both were changed; the file's revisions are kept beside the newest one here, until they are merged.
 */
export const ImportOutcome = z.enum(['new-line', 'forward', 'same', 'older', 'diverged']);
export type ImportOutcome = z.infer<typeof ImportOutcome>;

/**
 * A file and what is needed to judge it. `text`: the exchange file, or one encrypted with age in ASCII armor. `allowedSigners`:
 * text of such a file, trusted for this one file instead of the signers known here. `revokedKeys`: besides those revoked here.
 */
export const IncomingFile = z.object({
  text: z.string(),
  key: z
    .strictObject({
      identity: z.string().max(100_000).optional(),
      passphrase: z.string().max(1000).optional(),
    })
    .optional(),
  allowedSigners: z
    .string()
    .max(2 * 1024 * 1024)
    .optional(),
  revokedKeys: z
    .string()
    .max(2 * 1024 * 1024)
    .optional(),
});

const Again = z.object({ ref: SnapshotRef, from: Selectors.default([]), rules: RulesSource.optional() });

export const snapshots = {
  list: query(z.object({}), z.object({ snapshots: z.array(SnapshotSummary) })),
  show: query(z.object({ ref: SnapshotRef }), One.extend({ warnings: z.array(EntryWarning) })),
  /** Revisions of a line, newest first. */
  history: query(z.object({ ref: SnapshotRef }), z.object({ revisions: z.array(SnapshotSummary) })),
  /** `rules`: what they take of what the hosts of `from` (default: all) are offered. Else from the last good scans of `from`; hosts without one are named in the revision's message, and `input.invalid` where none has one. Neither: empty. */
  create: command(
    z.object({
      name: SnapshotName,
      from: Selectors.optional(),
      security: z.boolean().default(false),
      rules: RulesSource.optional(),
      message: Text(2000).optional(),
    }),
    One,
    { permission: 'edit' },
  ),
  /** `expect`: the revision the edits were made on; another head by now is `state.conflict` and changes nothing. */
  edit: command(
    z.object({
      ref: SnapshotRef,
      edits: z.array(Edit).max(20_000),
      message: Text(2000).optional(),
      expect: ContentHash.optional(),
    }),
    One,
    { permission: 'edit' },
  ),
  /**
   * The findings on the entries as they would be after `edits`, which are not stored. `fix`: offered fixes are applied, and what
   * they bring is checked and fixed in turn; `fixes` are those edits, and the findings are what is left after them.
   */
  check: query(
    z.object({
      ref: SnapshotRef,
      edits: z.array(Edit).max(20_000).default([]),
      fix: z.boolean().default(false),
    }),
    z.object({ findings: z.array(EntryWarning), fixes: z.array(Edit) }),
  ),
  /**
   * What is known now of the entries as they would be after `edits`, which are not stored. None for what no host of the scope lacks, and
   * for what neither hosts' lists nor imported data speak of.
   */
  verdicts: query(
    z.object({ ref: SnapshotRef, edits: z.array(Edit).max(20_000).default([]) }),
    z.object({ verdicts: z.array(EntryVerdict) }),
  ),
  /**
   * Takes what the last good scans of `from` offer: newer versions for entries that are there, and updates that are not yet.
   * Pinned and rejected entries stay as they are. `diff`: against the revision before; nothing new makes no revision.
   */
  refresh: command(
    z.object({
      ref: SnapshotRef,
      from: Selectors.min(1),
      security: z.boolean().default(false),
      message: Text(2000).optional(),
    }),
    One.extend({ diff: SnapshotDiff }),
    { permission: 'edit' },
  ),
  /**
   * What `applyRules` would come to. Changes nothing. `base`: the newest revision, which `diff` is against. `same`: it would make no
   * revision; else at least the rules it holds are others.
   */
  previewRules: query(
    Again,
    z.object({
      base: ContentHash,
      rules: z.object({ name: RuleSetName, version: z.int().optional() }),
      diff: SnapshotDiff,
      same: z.boolean(),
      remarks: z.array(z.string()),
    }),
  ),
  /**
   * Applies the rules the snapshot holds once more to what the hosts of `from` (none: all) are offered now, or `rules` in the place of those of
   * that name. What was decided by hand stays: entries no rule made, pins, decisions, stages, notes, order, and what was taken
   * out. Errors: `input.invalid` (no rules, or several), `state.conflict`, as `create`.
   */
  applyRules: command(
    Again.extend({ message: Text(2000).optional(), expect: ContentHash.optional() }),
    One.extend({ diff: SnapshotDiff }),
    { permission: 'edit' },
  ),
  /** Makes the content of an older revision the newest one: undo across sessions. */
  restore: command(z.object({ ref: SnapshotRef }), One, { permission: 'edit' }),
  freeze: command(
    z.object({
      ref: SnapshotRef,
      hosts: SelectorText,
      from: Instant,
      to: Instant,
      zone: z.string().min(1).max(64),
      policy: FreezePolicy.default('listed-only'),
      guard: z.boolean().default(false),
      /** `from` and `to` are then the first of its windows. */
      recurrence: z.object({ rule: Text(600), exclude: z.array(LocalDate).max(500).default([]) }).optional(),
    }),
    One,
    { permission: 'deploy' },
  ),
  thaw: command(z.object({ ref: SnapshotRef, reason: Text(2000).min(1) }), One, { permission: 'deploy' }),
  /**
   * Lets one patch through the freeze of a snapshot until `until`: a new revision that continues the freeze. Errors: `freeze.not-frozen`,
   * `input.invalid` (expiry past, no reason, nothing to except), `state.conflict`.
   */
  except: command(
    z.object({
      ref: SnapshotRef,
      name: PackageName,
      version: PackageVersion,
      arch: Arch.optional(),
      ecosystem: Ecosystem.optional(),
      reason: Text(2000).min(1),
      until: Instant,
    }),
    One,
    { permission: 'deploy' },
  ),
  /**
   * Takes an exception back before its time, in a new revision that continues the freeze; it stays on record. Errors: `freeze.not-frozen`,
   * `input.invalid` (no such exception, several, over or withdrawn already, no reason), `state.conflict`.
   */
  withdraw: command(
    z.object({
      ref: SnapshotRef,
      name: PackageName,
      version: PackageVersion.optional(),
      arch: Arch.optional(),
      ecosystem: Ecosystem.optional(),
      reason: Text(2000).min(1),
    }),
    One,
    { permission: 'deploy' },
  ),
  /** Freezes that hold now or will, with the hosts they hold on. */
  freezes: query(
    z.object({}),
    z.object({
      freezes: z.array(
        z.object({
          snapshot: SnapshotName,
          lineId: Id,
          revision: z.int(),
          id: ContentHash,
          selector: z.string(),
          hosts: z.array(HostName),
          from: Instant,
          to: Instant,
          zone: z.string(),
          policy: FreezePolicy,
          guard: z.boolean(),
          active: z.boolean(),
          /** The window that holds now, else the next one. */
          window: z.object({ from: Instant, to: Instant }).optional(),
          /** End of its last window. */
          ends: Instant,
          recurrence: Recurrence.optional(),
          /** The recurrence in words. */
          words: z.string().optional(),
          exceptions: z.array(ExceptionView).optional(),
          outside: Outside,
        }),
      ),
    }),
  ),
  diff: query(z.object({ a: SnapshotRef, b: SnapshotRef }), SnapshotDiff),
  /** What the last good scans of a selector offer that the snapshot has not, and the reverse. */
  diffScan: query(z.object({ ref: SnapshotRef, selectors: Selectors.min(1) }), SnapshotDiff),
  /** The exchange file's text with all signatures there are; the caller writes it. `recipients`, `passphrase`: encrypted with age. */
  export: query(
    z.object({
      ref: SnapshotRef,
      recipients: z.array(z.string().max(5000)).max(50).optional(),
      passphrase: z.string().max(1000).optional(),
    }),
    z.object({
      fileName: z.string(),
      text: z.string(),
      bytes: z.int(),
      encrypted: z.boolean(),
      signatures: z.array(SignatureView),
    }),
  ),
  /** Checks and says what an import would do; changes nothing. */
  verify: query(
    IncomingFile,
    z.object({
      ok: z.boolean(),
      signatures: z.array(SignatureView),
      encrypted: z.boolean(),
      /** Signatures the file brings that are not here yet. */
      freshSignatures: z.int(),
      revisions: z.array(SnapshotSummary),
      /** Against the newest revision here, where the line is known. */
      diff: SnapshotDiff.optional(),
      fresh: z.int(),
      outcome: ImportOutcome.optional(),
      /** With `diverged`: what a merge would not know how to decide. */
      conflicts: z.array(MergeConflict).optional(),
      /** Why an import would be refused although the file is sound (`ok` is then false), e.g. `state.conflict`. */
      refusal: FrostError.optional(),
    }),
  ),
  /** `merge`: merged at once where the two diverged and there is no conflict. */
  import: command(
    IncomingFile.extend({ merge: z.boolean().optional() }),
    z.object({
      ok: z.boolean(),
      signatures: z.array(SignatureView),
      encrypted: z.boolean(),
      freshSignatures: z.int(),
      revisions: z.array(SnapshotSummary),
      diff: SnapshotDiff.optional(),
      fresh: z.int(),
      outcome: ImportOutcome.optional(),
      conflicts: z.array(MergeConflict).optional(),
      /** The two were merged. */
      merged: z.boolean(),
      /** The newest revision of the file. */
      head: ContentHash,
      /** The newest revision here, afterwards. */
      snapshot: SnapshotView,
    }),
    { permission: 'edit' },
  ),
  remove: command(z.object({ ref: SnapshotRef }), z.object({ removed: SnapshotName }), {
    permission: 'edit',
  }),
};

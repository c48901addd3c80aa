/** A snapshot is a named line of immutable revisions. A revision's id is the SHA-256 of its canonical JSON (RFC 8785). */
import { z } from 'zod';
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
});
export type Entry = z.infer<typeof Entry>;

export const FreezePolicy = z.enum(['listed-only', 'listed-or-dependency']);
export type FreezePolicy = z.infer<typeof FreezePolicy>;

/** Holds on `[from, to)`: at `to` exactly, normal rules apply. `zone` is the IANA zone it was written in, for display. */
export const Freeze = z.object({
  hosts: SelectorText,
  from: Instant,
  to: Instant,
  zone: z.string().min(1).max(64),
  policy: FreezePolicy,
  guard: z.boolean(),
});
export type Freeze = z.infer<typeof Freeze>;

export const Author = z.object({ name: Text(200), fingerprint: z.string().max(100).optional() });

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
  rules: z.array(z.unknown()).max(0),
  entries: z.array(Entry).max(20_000),
  freeze: Freeze.optional(),
  thaw: Thaw.optional(),
  exceptions: z.array(z.unknown()).max(0),
});
export type RevisionContent = z.infer<typeof RevisionContent>;

export const Revision = z.object({ id: ContentHash, content: RevisionContent });
export type Revision = z.infer<typeof Revision>;

/** `draft`: not frozen. `frozen`: has a freeze that is not over. `expired`: its time is over. `thawed`: lifted early. */
export const SnapshotState = z.enum(['draft', 'frozen', 'expired', 'thawed']);
export type SnapshotState = z.infer<typeof SnapshotState>;

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
  entries: z.array(Entry),
  freeze: Freeze.extend({ active: z.boolean() }).optional(),
  thaw: Thaw.optional(),
  /** The freeze of another revision of this line that holds now, e.g. after an edit. */
  frozenRevision: z.object({ revision: z.int(), id: ContentHash, to: Instant }).optional(),
});
export type SnapshotView = z.infer<typeof SnapshotView>;

export const SnapshotSummary = SnapshotView.omit({ entries: true }).extend({
  entryCount: z.int(),
  revisions: z.int(),
});
export type SnapshotSummary = z.infer<typeof SnapshotSummary>;

/** `NAME`, `NAME@REV` (number) or a revision's id. */
export const SnapshotRef = z.string().trim().min(1).max(200);

export const EXCHANGE_FORMAT = 'frostline.exchange/1';
/** `*.frost.json`: the revision chain, oldest first. Signatures are SSHSIG over the head's id; they are kept, not yet checked. */
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
      name: PackageName,
      arch: Arch.optional(),
      field: z.string(),
      from: z.string(),
      to: z.string(),
    }),
  ),
});
export type SnapshotDiff = z.infer<typeof SnapshotDiff>;

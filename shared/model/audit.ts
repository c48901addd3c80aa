/** A line of the audit log (docs/audit.md): who did what, when and why, chained to the line before by its hash. */
import { z } from 'zod';
import { ContentHash, Id, Instant, Text } from './primitives.ts';

export const AUDIT_FORMAT = 'frostline.audit/1';

/** `prev` of the first line. */
export const AUDIT_GENESIS = `sha256:${'0'.repeat(64)}`;

/** Outcome of a line that was written before its command ran. */
export const AUDIT_BEGUN = 'begun';

/** What is written down of a command, before it has its place in the chain. */
export const AuditRecord = z.strictObject({
  at: Instant,
  /** How it came in: `window`, `cli`, … */
  actor: z.string().max(200),
  /** The account of this machine. */
  account: z.string().max(200).optional(),
  /** The contract's name of what was done, e.g. `runs.start`. */
  action: z.string().max(100),
  /** `begun` in the line before it; then `done`, or the code of the error it ended with. */
  outcome: z.string().max(100),
  /** The input as JSON, secrets left out, long texts as their length; cut where it is longer. */
  detail: z.string().max(4000),
  /** Number of the line that was written before it ran; absent where there was none. */
  begun: z.int().min(1).optional(),
  /** Of what reads hosts: how many it was about, and of how many it failed. */
  counts: z.strictObject({ hosts: z.int().min(0), failed: z.int().min(0) }).optional(),
  reason: Text(2000).optional(),
  /** Hash of the plan. */
  plan: ContentHash.optional(),
  run: Id.optional(),
  /** Snapshot revisions that it made, deployed or was about. */
  revisions: z.array(ContentHash).max(50).optional(),
});
export type AuditRecord = z.infer<typeof AuditRecord>;

export const AuditLine = AuditRecord.extend({
  format: z.literal(AUDIT_FORMAT),
  seq: z.int().min(1),
  /** `hash` of the line before. */
  prev: ContentHash,
  /** SHA-256 of the canonical JSON (RFC 8785) of the line without this member. */
  hash: ContentHash,
});
export type AuditLine = z.infer<typeof AuditLine>;

const hostsText = (n: number): string => (n === 1 ? '1 host' : `${n} hosts`);

/** The outcome as people read it, with the hosts it was about. */
export const auditOutcome = ({ outcome, counts }: AuditRecord): string => {
  if (counts === undefined) return outcome;
  const failed = counts.failed === 0 ? '' : `, ${counts.failed} failed`;
  return `${outcome} · ${hostsText(counts.hosts)}${failed}`;
};

/** The newest line. Whoever notes its hash elsewhere can later see whether the log still has everything up to it. */
export const AuditHead = z.object({ seq: z.int().min(0), hash: ContentHash });
export type AuditHead = z.infer<typeof AuditHead>;

export const AuditFindingKind = z.enum([
  /** Not a line of an audit log. */
  'malformed',
  /** The line is not what its hash says. */
  'changed',
  /** The log does not begin with its first line. */
  'beginning-missing',
  /** Lines before this one are not there. */
  'missing-before',
  /** It stands where another belongs: moved, or put in. */
  'out-of-order',
  /** It has the right number but does not continue the line before. */
  'not-linked',
  /** No line has the hash that was expected: the end is missing, or the log was written anew. */
  'head-missing',
  'empty',
]);
export type AuditFindingKind = z.infer<typeof AuditFindingKind>;

/** `line`: number of the line in the file, from 1. `seq`: the number the line itself says. */
export const AuditFinding = z.object({
  line: z.int().min(0),
  seq: z.int().optional(),
  kind: AuditFindingKind,
  message: z.string(),
});
export type AuditFinding = z.infer<typeof AuditFinding>;

export const AuditVerdict = z.object({
  ok: z.boolean(),
  lines: z.int(),
  /** Of the last line that can be read; absent: there is none. */
  head: AuditHead.optional(),
  /** The line that has the hash that was expected. */
  expectedAt: z.int().optional(),
  /** In the order of the lines; of very many only the first. */
  findings: z.array(AuditFinding),
  findingCount: z.int(),
  /**
   * Commands that began and have no outcome: still under way, or the process or the store ended first. `lines`: the numbers of
   * the first of them. It does not touch the chain.
   */
  open: z.object({ count: z.int(), lines: z.array(z.int()) }),
});
export type AuditVerdict = z.infer<typeof AuditVerdict>;

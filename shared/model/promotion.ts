/** A revision that was let into an environment, by its hash: what was tried is what may be deployed. */
import { z } from 'zod';
import { Environment } from './host.ts';
import { ContentHash, HostName, Id, Instant, SnapshotName, Text } from './primitives.ts';
import { RunCounts, Verdict } from './run.ts';
import { SignatureView } from './signature.ts';

/** The run that tried it. `hosts`: those of the environment it was tried in. */
export const PromotionEvidence = z.object({
  run: Id,
  environment: Environment,
  verdict: Verdict,
  counts: RunCounts,
  hosts: z.array(HostName).max(10_000),
  finishedAt: Instant,
});
export type PromotionEvidence = z.infer<typeof PromotionEvidence>;

/** It holds for this revision alone: one that was changed has another id. `evidence` is null where it was promoted without, for `reason`. */
export const Promotion = z.object({
  id: Id,
  revisionId: ContentHash,
  snapshot: SnapshotName,
  revision: z.int(),
  from: Environment.nullable(),
  to: Environment,
  by: Text(200),
  at: Instant,
  evidence: PromotionEvidence.nullable(),
  /** As they were judged then. */
  signatures: z.array(SignatureView).max(50),
  reason: Text(2000).exactOptional(),
});
export type Promotion = z.infer<typeof Promotion>;

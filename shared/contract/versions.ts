/** Versions of a snapshot: its graph of revisions, and merging two of them. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import { Environment } from '../model/host.ts';
import { ContentHash, Text } from '../model/primitives.ts';
import { Promotion, PromotionEvidence } from '../model/promotion.ts';
import { SignatureView } from '../model/signature.ts';
import { Entry, SnapshotDiff, SnapshotRef, SnapshotSummary, SnapshotView } from '../model/snapshot.ts';
import { MergeConflict, Resolution, Side } from '../model/versions.ts';
import { command, query } from './define.ts';

/** `prefer` decides what `resolutions` leave open. */
const MergeInput = z.object({
  ours: SnapshotRef,
  theirs: SnapshotRef,
  prefer: z.enum(['ours', 'theirs']).optional(),
  resolutions: z.array(Resolution).max(20_000).default([]),
});

/**
 * `merged`: a new revision with two parents. `forward`: theirs was made from ours, and is the newest one now. `same`: ours has
 * all of theirs already. `conflicts`: nothing was changed.
 */
export const MergeOutcome = z.enum(['merged', 'forward', 'same', 'conflicts']);
export type MergeOutcome = z.infer<typeof MergeOutcome>;

/** `from`: only a run there counts; absent: in any environment but `to`. */
const PromoteInput = z.object({
  ref: SnapshotRef,
  to: Environment,
  from: Environment.optional(),
});

export const versions = {
  /** Every revision of the line, newest first. `branch`: it is not part of the newest one's history; `tip`: no revision was made from it. */
  graph: query(
    z.object({ ref: SnapshotRef }),
    z.object({
      revisions: z.array(
        SnapshotSummary.extend({
          promotions: z.array(Promotion),
          signatures: z.array(SignatureView),
          branch: z.boolean(),
          tip: z.boolean(),
        }),
      ),
    }),
  ),
  /** What a merge would do; changes nothing. `entries`: those of the result, provisional while there are conflicts. */
  preview: query(
    MergeInput,
    z.object({
      outcome: MergeOutcome,
      ours: SnapshotSummary,
      theirs: SnapshotSummary,
      /** The nearest common ancestors. */
      bases: z.array(SnapshotSummary),
      conflicts: z.array(MergeConflict),
      decided: z.array(
        z.object({
          conflict: MergeConflict,
          take: Side.optional(),
          value: z.union([z.string(), z.int()]).optional(),
        }),
      ),
      entries: z.array(Entry),
      /** The result against each side. */
      diffOurs: SnapshotDiff,
      diffTheirs: SnapshotDiff,
      /** A resolution that cannot be followed. */
      fault: FrostError.optional(),
    }),
  ),
  /**
   * Two revisions of one line into one. `expect`: the two the caller has seen. Errors: `input.invalid` (different lines, a wrong
   * resolution), `state.conflict` (neither side is the newest revision; changed meanwhile), `freeze.overlap`.
   */
  merge: command(
    MergeInput.extend({
      message: Text(2000).optional(),
      expect: z.object({ ours: ContentHash, theirs: ContentHash }).optional(),
    }),
    z.object({
      outcome: MergeOutcome,
      snapshot: SnapshotView.optional(),
      conflicts: z.array(MergeConflict),
    }),
    { permission: 'edit' },
  ),
  /** What promoting would rest on, and why it would be refused. `withoutEvidence`: the policy leaves it to a reason. */
  promotable: query(
    PromoteInput,
    z.object({
      evidence: PromotionEvidence.optional(),
      refusal: FrostError.optional(),
      signatures: z.array(SignatureView),
      withoutEvidence: z.boolean(),
    }),
  ),
  /**
   * Lets exactly this revision into an environment. Errors: `policy.promotion` (no run tried it elsewhere, or it did not succeed),
   * `policy.signatures`, `input.invalid` (no reason).
   */
  promote: command(
    PromoteInput.extend({ withoutEvidence: z.boolean().default(false), reason: Text(2000).optional() }),
    z.object({ snapshot: SnapshotView }),
    { permission: 'deploy' },
  ),
};

/** What merging two revisions is about: the conflicts it finds, and how a person decides them. */
import { z } from 'zod';
import { Arch, Ecosystem, Text } from './primitives.ts';

/**
 * What both sides changed, each in its own way. `name` is a package's, with `ecosystem`; without `ecosystem` the conflict is not
 * about an entry, and `name` is that of the rule or of the snapshot (`freeze`). The three values are as they stand in the revisions, null
 * where there is nothing.
 *
 * `field`: `version`, `decision`, `stage`, `note` or another member of an entry; `entry`: one side removed what the other
 * changed (the entry, or null); `arch`: one side lists the package for any architecture, the other for single ones (both sides'
 * entries of that name); `order`: both moved the same entries within a stage (their names, in order); `freeze`: two freezes that were not
 * lifted would hold at one time; `rule`, `exception`: the same one, changed on both sides.
 */
export const MergeConflict = z.object({
  name: Text(300),
  arch: Arch.optional(),
  ecosystem: Ecosystem.optional(),
  field: z.string().min(1).max(40),
  base: z.json(),
  ours: z.json(),
  theirs: z.json(),
});
export type MergeConflict = z.infer<typeof MergeConflict>;

export const Side = z.enum(['ours', 'theirs', 'base']);
export type Side = z.infer<typeof Side>;

/**
 * How one conflict is decided: by a side's value, or by one of its own (`version`, `decision`, `stage` and `note` only). `arch` and
 * `ecosystem` may be left out where the name is unambiguous. A conflict as it was told may be written down with a `take` added:
 * its `ours` and `theirs` then have to be the present ones still.
 */
export const Resolution = z
  .strictObject({
    name: Text(300),
    arch: Arch.optional(),
    ecosystem: Ecosystem.optional(),
    field: z.string().min(1).max(40),
    take: Side.optional(),
    value: z.union([Text(2000), z.int().min(0).max(99)]).optional(),
    base: z.json().optional(),
    ours: z.json().optional(),
    theirs: z.json().optional(),
  })
  .refine((one) => (one.take === undefined) !== (one.value === undefined), 'needs either "take" or "value"');
export type Resolution = z.infer<typeof Resolution>;

/** A file of resolutions: under `resolutions`, or under `conflicts` as they were told, each with a `take` or a `value` added. */
export const ResolutionFile = z.union([
  z.strictObject({ resolutions: z.array(Resolution).max(20_000) }).transform((file) => file.resolutions),
  z
    .strictObject({ conflicts: z.array(Resolution).max(20_000), error: z.unknown().optional() })
    .transform((file) => file.conflicts),
]);

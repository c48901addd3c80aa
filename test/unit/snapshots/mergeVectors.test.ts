import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { asBase, mergeContents } from '../../../main/core/snapshots/merge.ts';
import { Entry } from '../../../shared/model/snapshot.ts';
import { MergeConflict } from '../../../shared/model/versions.ts';

/** The vectors of the documented merge are what is tested: a change of one without the other fails. */
const document = readFileSync(new URL('../../../docs/snapshot-format.md', import.meta.url), 'utf8');
const list = z.array(Entry);
const vectors = z
  .array(
    z.strictObject({
      title: z.string(),
      base: list,
      ours: list,
      theirs: list,
      merged: list,
      conflicts: z.array(MergeConflict),
    }),
  )
  .parse(JSON.parse(/```json title="merges"\n([\s\S]*?)\n```/.exec(document)?.[1] ?? '[]'));

const holding = (entries: Entry[]) => ({ scope: {}, rules: [], entries, exceptions: [] });

test('there are vectors', () => expect(vectors.length).toBeGreaterThan(5));

test.each(vectors)('$title', ({ base, ours, theirs, merged, conflicts }) => {
  const merge = (a: Entry[], b: Entry[]) => {
    const made = mergeContents({ base: asBase(holding(base)), ours: holding(a), theirs: holding(b) });
    return { merged: made.content.entries, conflicts: made.conflicts };
  };
  expect(merge(ours, theirs)).toEqual({ merged, conflicts });
  expect(merge(theirs, ours)).toEqual({
    merged,
    conflicts: conflicts.map((one) => ({ ...one, ours: one.theirs, theirs: one.ours })),
  });
});

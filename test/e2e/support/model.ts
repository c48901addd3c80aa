/** What the command line answers, as far as the specs read it. */
import { z } from 'zod';

const Task = z.object({
  host: z.string(),
  state: z.string(),
  attempt: z.number(),
  actions: z.array(z.object({ name: z.string() })),
});
export const RunAnswer = z.object({
  run: z.object({
    id: z.string(),
    state: z.string(),
    verdict: z.string().optional(),
    tasks: z.array(Task),
  }),
});
export type RunAnswer = z.infer<typeof RunAnswer>;

export const RunsAnswer = z.object({ runs: z.array(z.object({ id: z.string(), state: z.string() })) });
export const CheckAnswer = z.object({
  runs: z.array(z.object({ id: z.string(), agrees: z.boolean(), differences: z.array(z.string()) })),
});
export const SnapshotAnswer = z.object({
  snapshot: z.object({
    name: z.string(),
    revision: z.number(),
    id: z.string(),
    state: z.string(),
    entries: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        decision: z.string(),
        stage: z.number(),
        pinned: z.boolean().optional(),
      }),
    ),
  }),
});
export const SnapshotsAnswer = z.object({
  snapshots: z.array(z.object({ name: z.string(), revision: z.number(), id: z.string() })),
});

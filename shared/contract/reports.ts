/** Reports: as parts for the window, as text for files. Nothing is changed by them. */
import { z } from 'zod';
import { ReportFileFormat, ReportPart } from '../model/report.ts';
import { SnapshotRef } from '../model/snapshot.ts';
import { stream } from './define.ts';
import { Selectors } from './fleet.ts';

/** `maxAgeSeconds`: an older scan says nothing any more. `limit`: the newest runs. */
export const ReportRequest = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('compliance'),
    snapshot: SnapshotRef,
    selectors: Selectors.default([]),
    maxAgeSeconds: z
      .int()
      .min(60)
      .max(10 * 366 * 86_400)
      .default(7 * 86_400),
  }),
  z.object({
    kind: z.literal('history'),
    selectors: Selectors.default([]),
    limit: z.int().min(1).max(10_000).default(100),
  }),
  z.object({ kind: z.literal('drift'), selectors: Selectors.default([]) }),
  z.object({ kind: z.literal('audit') }),
]);
export type ReportRequest = z.infer<typeof ReportRequest>;

export const reports = {
  /** Head, then a part for each host, run or piece of the log, then totals. Errors end the stream: `not-found`, `input.invalid`. */
  read: stream(z.object({ report: ReportRequest }), ReportPart),
  /** The same as the text of a file, in pieces to be put one after the other. */
  write: stream(
    z.object({ report: ReportRequest, format: ReportFileFormat }),
    z.object({ text: z.string() }),
  ),
};

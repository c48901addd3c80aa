/** Advisory data files: sent in pieces, since they are larger than a message may be, then read and taken in whole or not at all. */
import { z } from 'zod';
import { AdvisoryFormat, AdvisoryImport, AdvisoryView } from '../model/advisory.ts';
import { Id, Instant, Text } from '../model/primitives.ts';
import { command, query } from './define.ts';

/** The largest file taken, as it is sent (packed or not). */
export const MAX_ADVISORY_BYTES = 400 * 1024 * 1024;
/** The largest piece, before base64. */
export const ADVISORY_PIECE_BYTES = 4 * 1024 * 1024;

export const advisories = {
  /** Newest import first. `advisories`: how many are known in all. */
  list: query(z.object({}), z.object({ imports: z.array(AdvisoryImport), advisories: z.int() })),
  /** By its id, or all that are about a CVE. Errors: `not-found`. */
  show: query(z.object({ id: z.string().min(1).max(100) }), z.object({ advisories: z.array(AdvisoryView) })),
  /** Announces a file. It is forgotten when nothing comes for ten minutes. Errors: `input.too-large`, `state.conflict` (too many at once). */
  begin: command(z.object({ fileName: Text(255), bytes: z.int().positive() }), z.object({ upload: Id }), {
    permission: 'edit',
    audit: 'none',
  }),
  /** The next piece, base64; `offset` is where it belongs. Errors: `not-found`, `state.conflict` (not the next), `input.too-large`. */
  put: command(
    z.object({
      upload: Id,
      offset: z.int().nonnegative(),
      data: z.base64().max(Math.ceil(ADVISORY_PIECE_BYTES / 3) * 4),
    }),
    z.object({ received: z.int() }),
    { permission: 'edit', audit: 'none' },
  ),
  /**
   * Reads what came and takes it in. `fileName`: as it was announced, for the audit log. `format`: else it is guessed from the content. `asOf`: how old the data is, where it does
   * not say itself. Errors: `advisories.refused` (with the reason; nothing was changed), `not-found`, `state.conflict` (incomplete).
   */
  finish: command(
    z.object({
      upload: Id,
      fileName: Text(255).optional(),
      format: AdvisoryFormat.optional(),
      asOf: Instant.optional(),
    }),
    z.object({ import: AdvisoryImport }),
    { permission: 'edit' },
  ),
};

/** The audit log: read, verified, exported. Nothing of it is ever changed through the contract. */
import { z } from 'zod';
import { AuditHead, AuditLine, AuditVerdict } from '../model/audit.ts';
import { ContentHash, Text } from '../model/primitives.ts';
import { query, stream } from './define.ts';

export const audit = {
  /** Newest first. `before`: only lines with a lower number. `search`: lines that hold this text, without regard to case. */
  list: query(
    z.object({
      limit: z.int().min(1).max(1000).default(200),
      before: z.int().min(1).optional(),
      search: Text(200).optional(),
    }),
    z.object({ entries: z.array(AuditLine), head: AuditHead }),
  ),
  /** Reads the whole log and checks its chain. A broken one is an answer with findings, not an error. */
  verify: query(z.object({ expectHead: ContentHash.optional() }), AuditVerdict),
  /** Lines with a number above `since` as text, in pieces; `seq`: number of the piece's last. */
  export: stream(
    z.object({ since: z.int().min(0).default(0) }),
    z.object({ lines: z.array(z.string()), seq: z.int() }),
  ),
};

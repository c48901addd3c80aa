/** The audit log: appended to and read; triggers refuse everything else. */
import { z } from 'zod';
import type { AuditEntry, AuditStore } from '../../core/ports.ts';
import type { Db } from './db.ts';

const Entry = z.object({
  seq: z.int(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  detail: z.string(),
}) satisfies z.ZodType<AuditEntry>;

export const auditStore = (db: Db): AuditStore => ({
  appendAudit: ({ at, actor, action, detail }) => {
    db.run('INSERT INTO audit (at, actor, action, detail) VALUES (?, ?, ?, ?)', at, actor, action, detail);
  },
  audit: (limit) =>
    db.all(Entry, 'SELECT seq, at, actor, action, detail FROM audit ORDER BY seq DESC LIMIT ?', limit),
});

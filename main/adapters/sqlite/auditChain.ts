/** The chained form of the audit log: its triggers, and the lines of before. */
import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { ErrorCode } from '../../../shared/errors.ts';
import { AUDIT_GENESIS, type AuditRecord } from '../../../shared/model/audit.ts';
import { chainLine, EMPTY_HEAD } from '../../core/audit/chain.ts';
import type { Hasher } from '../../core/ports.ts';

export const auditHasher: Hasher = {
  sha256: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
};

/**
 * Number and `prev` decide: both must continue the newest line. A REPLACE would remove a line without the DELETE trigger, and
 * is refused because its number is taken.
 */
const TRIGGERS = `
CREATE TRIGGER audit_chained BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  OR NEW.prev IS NOT coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), '${AUDIT_GENESIS}')
BEGIN SELECT RAISE (ABORT, 'a line of the audit log continues the last one'); END;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit log never changes'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit log is never shortened'); END;
`;

const Before = z.object({
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  detail: z.string(),
});

/** Before the chain, an error's code stood in front of the input. */
const recordOf = ({ at, actor, action, detail }: z.output<typeof Before>): AuditRecord => {
  const code = /^([a-z.-]+): /.exec(detail)?.[1];
  const outcome = code !== undefined && ErrorCode.safeParse(code).success ? code : 'done';
  return {
    at,
    actor: actor.slice(0, 200).toWellFormed(),
    action: action.slice(0, 100).toWellFormed(),
    outcome,
    detail: detail.slice(0, 4000).toWellFormed(),
  };
};

/** Takes the lines over in their order, and says at their end that they were not chained when they were written. */
export const chainAudit = (handle: Database): void => {
  const insert = handle.prepare('INSERT INTO audit (seq, prev, hash, line) VALUES (?, ?, ?, ?)');
  let head = EMPTY_HEAD;
  const append = (record: AuditRecord) => {
    const { line, text } = chainLine(record, head, auditHasher);
    insert.run(line.seq, line.prev, line.hash, text);
    head = line;
  };
  for (const row of handle.prepare('SELECT at, actor, action, detail FROM audit_before ORDER BY seq').all())
    append(recordOf(Before.parse(row)));
  if (head.seq > 0)
    append({
      at: new Date().toISOString(),
      actor: 'frostline',
      action: 'audit.chained',
      outcome: 'done',
      detail: JSON.stringify({ lines: head.seq }),
      reason: 'The lines before this one were written before the log was chained.',
    });
  handle.exec(`DROP TABLE audit_before; ${TRIGGERS}`);
};

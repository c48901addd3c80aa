/** The audit log: appended to and read; triggers refuse everything else. A line is kept as the text that is exported. */
import { z } from 'zod';
import { AUDIT_GENESIS, AuditLine } from '../../../shared/model/audit.ts';
import { chainLine } from '../../core/audit/chain.ts';
import type { AuditStore } from '../../core/ports.ts';
import { auditHasher } from './auditChain.ts';
import { type Db, fromJson, type Reader } from './db.ts';

const Head = z.object({ seq: z.int(), hash: z.string() });
const LineRow = z.object({ line: z.string() });
const TextRow = z.object({ seq: z.int(), text: z.string() });

const headOf = (db: Reader) =>
  db.get(Head, 'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1') ?? { seq: 0, hash: AUDIT_GENESIS };

/** For LIKE with a backslash as its escape. */
const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

export const auditStore = (db: Db): AuditStore => ({
  appendAudit: (record) =>
    db.transaction(() => {
      const { line, text } = chainLine(record, headOf(db), auditHasher);
      db.run(
        'INSERT INTO audit (seq, prev, hash, line) VALUES (?, ?, ?, ?)',
        line.seq,
        line.prev,
        line.hash,
        text,
      );
      return line.seq;
    }),
  audit: ({ limit, before, search }) =>
    db
      .all(
        LineRow,
        `SELECT line FROM audit WHERE seq < ? AND line LIKE ? ESCAPE '\\' ORDER BY seq DESC LIMIT ?`,
        before ?? Number.MAX_SAFE_INTEGER,
        containing(search ?? ''),
        limit,
      )
      .map((row) => fromJson(db, AuditLine, row.line, 'a line of the audit log')),
  auditTexts: (after, limit) =>
    db.all(TextRow, 'SELECT seq, line AS text FROM audit WHERE seq > ? ORDER BY seq LIMIT ?', after, limit),
  auditHead: () => headOf(db),
});

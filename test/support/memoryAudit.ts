/** The audit log in memory: chained like the stored one. */
import { createHash } from 'node:crypto';
import { chainLine } from '../../main/core/audit/chain.ts';
import type { AuditStore } from '../../main/core/ports.ts';
import { AUDIT_GENESIS, type AuditHead, type AuditLine, type AuditRecord } from '../../shared/model/audit.ts';

export type StoredLine = { line: AuditLine; text: string };

const copy = <T>(value: T): T => structuredClone(value);
const hasher = { sha256: (text: string) => createHash('sha256').update(text, 'utf8').digest('hex') };
const headOf = (lines: StoredLine[]): AuditHead => {
  const last = lines.at(-1)?.line;
  return last === undefined ? { seq: 0, hash: AUDIT_GENESIS } : { seq: last.seq, hash: last.hash };
};

export const auditMethods = (lines: StoredLine[]): AuditStore => ({
  appendAudit: (record: AuditRecord) => {
    const chained = chainLine(copy(record), headOf(lines), hasher);
    lines.push(chained);
    return chained.line.seq;
  },
  audit: ({ limit, before, search = '' }: Parameters<AuditStore['audit']>[0]) =>
    lines
      .filter(
        ({ line, text }) =>
          line.seq < (before ?? Number.POSITIVE_INFINITY) &&
          text.toLowerCase().includes(search.toLowerCase()),
      )
      .map(({ line }) => copy(line))
      .reverse()
      .slice(0, limit),
  auditTexts: (after: number, limit: number) =>
    lines.slice(after, after + limit).map(({ line, text }) => ({ seq: line.seq, text })),
  auditHead: () => headOf(lines),
});

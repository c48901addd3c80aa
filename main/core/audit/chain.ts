/**
 * The chain of the audit log and its verifier. Pure: lines of text in, findings out; it needs no store, so that an exported
 * log can be checked anywhere (docs/audit.md has the format, completely enough for another program).
 */
import {
  AUDIT_BEGUN,
  AUDIT_FORMAT,
  AUDIT_GENESIS,
  type AuditFinding,
  type AuditHead,
  AuditLine,
  type AuditRecord,
  type AuditVerdict,
} from '../../../shared/model/audit.ts';
import type { Hasher } from '../ports.ts';
import { canonicalJson, contentHash } from '../snapshots/canonical.ts';

/** Longest line that is read; the longest that is written has about 12,000 bytes. */
export const MAX_LINE_CHARACTERS = 64 * 1024;
const MAX_FINDINGS = 100;
/** So many commands under way at once are followed; no console has more. */
const MAX_OPEN = 10_000;

export const EMPTY_HEAD: AuditHead = { seq: 0, hash: AUDIT_GENESIS };

/** The line that continues `head`, and its text as it is stored and exported. Throws `input.invalid` for lone surrogates. */
export const chainLine = (
  record: AuditRecord,
  head: AuditHead,
  hasher: Hasher,
): { line: AuditLine; text: string } => {
  const unsealed = { ...record, format: AUDIT_FORMAT, seq: head.seq + 1, prev: head.hash } as const;
  const line = { ...unsealed, hash: contentHash(unsealed, hasher) };
  return { line, text: canonicalJson(line) };
};

type Read = { line: AuditLine } | { fault: string };

/** A line is read only where its text is its own canonical form: nothing can hide in white space or in a name given twice. */
const readLine = (text: string): Read => {
  if (text.length > MAX_LINE_CHARACTERS) return { fault: 'it is too long' };
  try {
    const parsed = AuditLine.safeParse(JSON.parse(text));
    if (!parsed.success) {
      const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
      return { fault: where === '' ? 'it is not a line of an audit log' : `${where} is not as it must be` };
    }
    return canonicalJson(parsed.data) === text
      ? { line: parsed.data }
      : { fault: 'it is not in canonical form' };
  } catch {
    return { fault: 'it is not complete JSON' };
  }
};

export type AuditVerifier = {
  /** The next line, without its line end; `undefined`: one that could not even be read as text. */
  push(text: string | undefined): void;
  end(): AuditVerdict;
};

const missing = (n: number): string => (n === 1 ? '1 line is missing' : `${n} lines are missing`);

/**
 * Judges the lines of a log as they come, in memory that does not grow with them. `expectHead`: a hash noted earlier; the log
 * may have gone on since, but must have a line with it.
 */
export const createAuditVerifier = (hasher: Hasher, o: { expectHead?: string } = {}): AuditVerifier => {
  let number = 0;
  /** Of the last line that was read. */
  let head: AuditHead | undefined;
  /** The line before could not be read: what continues it cannot be told. */
  let torn = false;
  let expectedAt: number | undefined;
  let findingCount = 0;
  const findings: AuditFinding[] = [];
  const open = new Set<number>();
  const find = (kind: AuditFinding['kind'], message: string, seq?: number) => {
    findingCount += 1;
    if (findings.length < MAX_FINDINGS)
      findings.push({ line: number, ...(seq === undefined ? {} : { seq }), kind, message });
  };

  const link = ({ seq, prev }: AuditLine) => {
    const before = head ?? EMPTY_HEAD;
    if (torn) return;
    if (seq > before.seq + 1)
      return head === undefined
        ? find('beginning-missing', `the log begins with number ${seq}: ${missing(seq - 1)}`, seq)
        : find(
            'missing-before',
            `number ${seq} follows number ${before.seq}: ${missing(seq - before.seq - 1)}, or stands elsewhere`,
            seq,
          );
    if (seq < before.seq + 1)
      return find('out-of-order', `number ${seq} follows number ${before.seq}: moved here, or put in`, seq);
    if (prev !== before.hash)
      find(
        'not-linked',
        head === undefined
          ? 'it is not the beginning of a log: something stood before it, or it was changed'
          : `it does not continue line ${number - 1}: that line was changed and sealed anew, or put in, or this one was`,
        seq,
      );
  };

  return {
    push: (text) => {
      number += 1;
      const read: Read = text === undefined ? { fault: 'it is not UTF-8 text' } : readLine(text);
      if ('fault' in read) {
        find('malformed', read.fault);
        torn = true;
        return;
      }
      const { hash, ...unsealed } = read.line;
      link(read.line);
      torn = false;
      if (contentHash(unsealed, hasher) !== hash)
        find('changed', 'its content is not what its hash says', read.line.seq);
      else if (hash === o.expectHead) expectedAt = number;
      head = { seq: read.line.seq, hash };
      if (read.line.outcome === AUDIT_BEGUN && open.size < MAX_OPEN) open.add(read.line.seq);
      if (read.line.begun !== undefined) open.delete(read.line.begun);
    },
    end: () => {
      if (number === 0) find('empty', 'there is no line');
      if (o.expectHead !== undefined && expectedAt === undefined)
        find(
          'head-missing',
          `no line has the expected hash ${o.expectHead}: the end is missing, or the log was written anew`,
        );
      return {
        ok: findingCount === 0,
        lines: number,
        ...(head === undefined ? {} : { head }),
        ...(expectedAt === undefined ? {} : { expectedAt }),
        findings,
        findingCount,
        open: { count: open.size, lines: [...open].slice(0, MAX_FINDINGS) },
      };
    },
  };
};

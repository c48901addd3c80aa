/** The audit report: the whole log, oldest first, with the state of its chain. */
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { AuditLine } from '../../../shared/model/audit.ts';
import { REPORT_FORMAT, type ReportPart } from '../../../shared/model/report.ts';
import { createAuditVerifier } from '../audit/chain.ts';
import type { ReportPorts } from './compliance.ts';

const PIECE = 500;

const read = (seq: number, text: string): AuditLine => {
  try {
    return AuditLine.parse(JSON.parse(text));
  } catch {
    throw new FrostFault(
      frostError('audit.broken', `Line ${seq} of the audit log cannot be read.`, {
        hint: 'Audit verify tells what is wrong; audit export writes the log as it is.',
      }),
    );
  }
};

/** Throws faults: `audit.broken` where a line cannot be read at all. A chain that does not hold is said in the totals. */
export async function* auditReport(ports: ReportPorts, signal: AbortSignal): AsyncGenerator<ReportPart> {
  const { store, clock, hasher } = ports;
  yield {
    type: 'head',
    head: {
      format: REPORT_FORMAT,
      kind: 'audit',
      createdAt: new Date(clock.now()).toISOString(),
      createdBy: ports.user,
    },
  };
  const verifier = createAuditVerifier(hasher);
  let last = 0;
  let lines = 0;
  for (;;) {
    const piece = store.auditTexts(last, PIECE);
    if (piece.length === 0 || signal.aborted) break;
    for (const { text } of piece) verifier.push(text);
    lines += piece.length;
    yield { type: 'lines', lines: piece.map(({ seq, text }) => read(seq, text)) };
    last = piece.at(-1)?.seq ?? last;
    await clock.wait(0, signal);
  }
  const verdict = verifier.end();
  yield {
    type: 'audit-totals',
    totals: { lines, head: verdict.head ?? store.auditHead(), intact: lines === 0 || verdict.ok },
  };
}

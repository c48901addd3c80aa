/** What is asked of the audit log: its lines, whether its chain holds, and all of it as text. */
import type { Caller, HandlerInput, Item, Output } from '../../../shared/contract/contract.ts';
import { ok, type Result } from '../../../shared/errors.ts';
import type { AuditStore, Clock, Hasher } from '../ports.ts';
import { createAuditVerifier } from './chain.ts';

/** Lines read at once: between two such pieces other callers get their turn. */
const PIECE = 500;

export type AuditService = ReturnType<typeof createAuditService>;

export const createAuditService = (ports: { store: AuditStore; clock: Clock; hasher: Hasher }) => {
  const { store, clock, hasher } = ports;

  async function* pieces(
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<{ seq: number; text: string }[]> {
    let last = after;
    for (;;) {
      const piece = store.auditTexts(last, PIECE);
      if (piece.length > 0) yield piece;
      const end = piece.at(-1);
      if (end === undefined || piece.length < PIECE || signal.aborted) return;
      last = end.seq;
      await clock.wait(0, signal);
    }
  }

  return {
    list: (input: HandlerInput<'audit.list'>): Result<Output<'audit.list'>> =>
      ok({ entries: store.audit(input), head: store.auditHead() }),

    verify: async (
      input: HandlerInput<'audit.verify'>,
      caller: Caller,
    ): Promise<Result<Output<'audit.verify'>>> => {
      const verifier = createAuditVerifier(
        hasher,
        input.expectHead === undefined ? {} : { expectHead: input.expectHead },
      );
      let lines = 0;
      for await (const piece of pieces(0, caller.signal)) {
        lines += piece.length;
        for (const { text } of piece) verifier.push(text);
      }
      const verdict = verifier.end();
      // A log that was never written to is whole, unlike an exported file without a line.
      if (lines === 0 && input.expectHead === undefined)
        return ok({ ...verdict, ok: true, findings: [], findingCount: 0 });
      return ok(verdict);
    },

    export: async function* (
      input: HandlerInput<'audit.export'>,
      caller: Caller,
    ): AsyncGenerator<Item<'audit.export'>> {
      for await (const piece of pieces(input.since, caller.signal))
        yield { lines: piece.map(({ text }) => text), seq: piece.at(-1)?.seq ?? input.since };
    },
  };
};

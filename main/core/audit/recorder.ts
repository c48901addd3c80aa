/**
 * Writes what commands do into the audit log: a line before a command that changes something, which does not run where that
 * line cannot be written, and a line with its outcome. An outcome that cannot be written is kept, and written before anything
 * else is done.
 */
import type { AuditKind } from '../../../shared/contract/define.ts';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { AUDIT_BEGUN, type AuditRecord } from '../../../shared/model/audit.ts';
import type { Ports } from '../ports.ts';
import { auditFacts } from './facts.ts';
import { auditDetail, auditReason } from './scrub.ts';

export type AuditRecorder = {
  /** Throws, before anything was done, where the log cannot be written. */
  begin(kind: Exclude<AuditKind, 'none'>, action: string, input: unknown, actor: string): Recording;
};
/** Call it once, with the outcome and what the command answered. Never throws. */
export type Recording = (outcome: string, answer: unknown) => void;

const refused = (action: string, thrown: unknown): unknown => {
  if (!(thrown instanceof FrostFault)) return thrown;
  const { code, message, hint } = thrown.error;
  return new FrostFault(
    frostError(
      code,
      `${action} was not done, because the audit log cannot be written. ${message}`,
      hint === undefined ? {} : { hint },
    ),
  );
};

export const createAuditRecorder = (
  ports: Pick<Ports, 'store' | 'clock' | 'user' | 'log'>,
): AuditRecorder => {
  const { store, clock, user, log } = ports;
  const late: AuditRecord[] = [];

  const writeLate = () => {
    for (let next = late[0]; next !== undefined; next = late[0]) {
      store.appendAudit(next);
      late.shift();
    }
  };

  return {
    begin: (kind, action, input, actor) => {
      const detail = auditDetail(input);
      const reason = auditReason(input);
      const record = (outcome: string, answer: unknown): AuditRecord => ({
        at: new Date(clock.now()).toISOString(),
        actor: actor.slice(0, 200).toWellFormed(),
        account: user.slice(0, 200).toWellFormed(),
        action,
        outcome,
        detail,
        ...(reason === undefined ? {} : { reason }),
        ...auditFacts(action, input, answer),
      });
      let begun: number | undefined;
      try {
        writeLate();
        if (kind === 'change') begun = store.appendAudit(record(AUDIT_BEGUN, undefined));
      } catch (thrown) {
        throw refused(action, thrown);
      }
      return (outcome, answer) => {
        late.push({ ...record(outcome, answer), ...(begun === undefined ? {} : { begun }) });
        try {
          writeLate();
        } catch (thrown) {
          log.write('error', 'an outcome was not written to the audit log yet', {
            action,
            outcome,
            error: thrown instanceof FrostFault ? thrown.error.message : String(thrown),
          });
        }
      };
    },
  };
};

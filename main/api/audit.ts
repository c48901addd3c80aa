/** Writes every audited command to the audit log once it is done, and answers what is asked of the log. */
import { contract, type Handlers, procedure } from '../../shared/contract/contract.ts';
import { FrostFault } from '../../shared/errors.ts';
import { auditFacts } from '../core/audit/facts.ts';
import { auditDetail, auditReason } from '../core/audit/scrub.ts';
import type { AuditService } from '../core/audit/service.ts';
import type { Ports } from '../core/ports.ts';

type LooseHandler = (input: unknown, caller: { signal: AbortSignal; actor: string }) => unknown;
type LooseResult = { ok: boolean; value?: unknown; error?: { code: string } };

export const withAudit = (handlers: Handlers, ports: Pick<Ports, 'store' | 'clock' | 'user'>): Handlers => {
  const audited: Record<string, LooseHandler> = {};
  for (const [group, procedures] of Object.entries(contract)) {
    for (const name of Object.keys(procedures)) {
      const full = `${group}.${name}`;
      const handler = (handlers as unknown as Record<string, LooseHandler>)[full];
      const known = procedure(full);
      if (handler === undefined || known === undefined) continue;
      audited[full] =
        known.kind === 'command' && known.audit
          ? async (input, caller) => {
              const record = (outcome: string, answer: unknown) => {
                const reason = auditReason(input);
                ports.store.appendAudit({
                  at: new Date(ports.clock.now()).toISOString(),
                  actor: caller.actor.slice(0, 200).toWellFormed(),
                  account: ports.user.slice(0, 200).toWellFormed(),
                  action: full,
                  outcome,
                  detail: auditDetail(input),
                  ...(reason === undefined ? {} : { reason }),
                  ...auditFacts(full, input, answer),
                });
              };
              let result: LooseResult;
              try {
                result = (await handler(input, caller)) as LooseResult;
              } catch (thrown) {
                // It may have done a part of its work before it broke.
                record(thrown instanceof FrostFault ? thrown.error.code : 'internal', undefined);
                throw thrown;
              }
              record(result.ok ? 'done' : (result.error?.code ?? 'failed'), result.value);
              return result;
            }
          : handler;
    }
  }
  // The keys are exactly those of the contract, each with the handler it had.
  return audited as unknown as Handlers;
};

type AuditNames = Extract<keyof Handlers, `audit.${string}`>;

export const auditHandlers = (service: AuditService): Pick<Handlers, AuditNames> => ({
  'audit.list': service.list,
  'audit.verify': service.verify,
  'audit.export': service.export,
});

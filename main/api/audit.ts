/** Lets every audited command run between the two lines of the audit log, and answers what is asked of the log. */
import { contract, type Handlers, procedure } from '../../shared/contract/contract.ts';
import { FrostFault } from '../../shared/errors.ts';
import { createAuditRecorder } from '../core/audit/recorder.ts';
import type { AuditService } from '../core/audit/service.ts';
import type { Ports } from '../core/ports.ts';

type LooseHandler = (input: unknown, caller: { signal: AbortSignal; actor: string }) => unknown;
type LooseResult = { ok: boolean; value?: unknown; error?: { code: string } };

export const withAudit = (
  handlers: Handlers,
  ports: Pick<Ports, 'store' | 'clock' | 'user' | 'log'>,
): Handlers => {
  const recorder = createAuditRecorder(ports);
  const audited: Record<string, LooseHandler> = {};
  for (const [group, procedures] of Object.entries(contract)) {
    for (const name of Object.keys(procedures)) {
      const full = `${group}.${name}`;
      const handler = (handlers as unknown as Record<string, LooseHandler>)[full];
      const known = procedure(full);
      if (handler === undefined || known === undefined) continue;
      const kind = known.kind === 'command' ? known.audit : 'none';
      audited[full] =
        kind === 'none'
          ? handler
          : async (input, caller) => {
              const end = recorder.begin(kind, full, input, caller.actor);
              let result: LooseResult;
              try {
                result = (await handler(input, caller)) as LooseResult;
              } catch (thrown) {
                // It may have done a part of its work before it broke.
                end(thrown instanceof FrostFault ? thrown.error.code : 'internal', undefined);
                throw thrown;
              }
              end(result.ok ? 'done' : (result.error?.code ?? 'failed'), result.value);
              return result;
            };
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

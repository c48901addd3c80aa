/** Writes every audited command to the audit log once it is done: who, what, with which input, secrets left out. */
import { contract, type Handlers, procedure } from '../../shared/contract/contract.ts';
import { FrostFault } from '../../shared/errors.ts';
import type { Ports } from '../core/ports.ts';

const SECRET_FIELDS = new Set(['secrets', 'passphrase', 'password', 'sudoPassword', 'keyPassphrase']);
/** Whole files in an input would drown the log; their length says enough. */
const LONGEST_TEXT = 500;
const LONGEST_DETAIL = 4000;

export const auditDetail = (input: unknown): string =>
  JSON.stringify(input, (key, value: unknown) => {
    if (SECRET_FIELDS.has(key)) return value === undefined ? undefined : '(secret)';
    if (typeof value === 'string' && value.length > LONGEST_TEXT) return `(${value.length} characters)`;
    return value;
  }).slice(0, LONGEST_DETAIL);

type LooseHandler = (input: unknown, caller: { signal: AbortSignal; actor: string }) => unknown;

export const withAudit = (handlers: Handlers, ports: Pick<Ports, 'store' | 'clock'>): Handlers => {
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
              const record = (trouble: string | undefined) =>
                ports.store.appendAudit({
                  at: new Date(ports.clock.now()).toISOString(),
                  actor: caller.actor,
                  action: full,
                  detail:
                    trouble === undefined
                      ? auditDetail(input)
                      : `${trouble}: ${auditDetail(input)}`.slice(0, LONGEST_DETAIL),
                });
              let result: { ok: boolean; error?: { code: string } };
              try {
                result = (await handler(input, caller)) as typeof result;
              } catch (thrown) {
                // It may have done a part of its work before it broke.
                record(thrown instanceof FrostFault ? thrown.error.code : 'internal');
                throw thrown;
              }
              record(result.ok ? undefined : (result.error?.code ?? 'failed'));
              return result;
            }
          : handler;
    }
  }
  // The keys are exactly those of the contract, each with the handler it had.
  return audited as unknown as Handlers;
};

import type { Handlers } from '../../shared/contract/contract.ts';
import type { DriftService } from '../core/drift/service.ts';

type DriftNames = Extract<keyof Handlers, `drift.${string}`>;

export const driftHandlers = (drift: DriftService): Pick<Handlers, DriftNames> => ({
  'drift.list': drift.list,
  'drift.accept': drift.accept,
});

import type { Handlers } from '../../shared/contract/contract.ts';
import type { GuardService } from '../core/guard/service.ts';

type GuardNames = Extract<keyof Handlers, `guards.${string}`>;

export const guardHandlers = (guards: GuardService): Pick<Handlers, GuardNames> => ({
  'guards.status': guards.status,
  'guards.on': guards.on,
  'guards.off': guards.off,
  'guards.settle': guards.settle,
});

import type { Handlers } from '../../shared/contract/contract.ts';
import type { SignatureService } from '../core/exchange/service.ts';

type Names = Extract<keyof Handlers, `${'signatures' | 'signers' | 'policies'}.${string}`>;

export const signatureHandlers = (service: SignatureService): Pick<Handlers, Names> => service;

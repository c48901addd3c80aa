/** The contract's `bundles` group: making, checking and taking in. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { ok, type Result } from '../../../shared/errors.ts';
import type { Ports } from '../ports.ts';
import { createTaker, type IncomingDeps } from './incoming.ts';
import { createMaker, type MakingDeps } from './make.ts';
import { signBundle } from './sign.ts';

export type BundleDeps = MakingDeps & IncomingDeps;

export const createBundleService = (ports: Ports, deps: BundleDeps) => {
  const { bundles } = ports;
  const sign = signBundle(ports);
  return {
    make: createMaker(ports, deps),
    sign: async (input: HandlerInput<'bundles.sign'>, caller: Caller) => sign(input, caller.signal),
    ...createTaker(ports, deps),
    list: async (_input: HandlerInput<'bundles.list'>): Promise<Result<Output<'bundles.list'>>> => {
      const folder = await bundles.ownPath('');
      if (!folder.ok) return folder;
      return ok({ folder: folder.value, bundles: await bundles.own() });
    },
  };
};

export type BundleService = ReturnType<typeof createBundleService>;

/** The contract's `artefacts` group, but for the archive's address, which its adapter understands. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { ok, type Result } from '../../../shared/errors.ts';
import type { Ports } from '../ports.ts';
import { LIMIT_SETTINGS, limitsOf, neededVersions, prune, versionKey } from './room.ts';

type Listed = Omit<Output<'artefacts.list'>, 'archive'>;

export const createArtefactService = (ports: Pick<Ports, 'store' | 'artefacts' | 'clock'>) => {
  const { store, artefacts, clock } = ports;
  return {
    list: (): Listed => {
      const needed = neededVersions(store, clock.now());
      return {
        artefacts: artefacts.list().map((one) => ({ ...one, needed: needed.has(versionKey(one)) })),
        ...artefacts.size(),
        limits: limitsOf(store),
      };
    },
    /** Errors: `store.full` (the folder is read-only). */
    prune: async (): Promise<Result<Output<'artefacts.prune'>>> => {
      const pruned = await prune(ports);
      if (!pruned.ok) return pruned;
      const { removed, kept, freedBytes } = pruned.value;
      return ok({
        removed: removed.map((one) => ({ ...one, needed: false })),
        kept: kept.length,
        freedBytes,
      });
    },
    limits: (input: HandlerInput<'artefacts.limits'>): Output<'artefacts.limits'> => {
      for (const kind of ['file', 'pool'] as const) {
        const bytes = input[kind];
        if (bytes !== undefined) store.putSetting(LIMIT_SETTINGS[kind], String(bytes));
      }
      return { limits: limitsOf(store) };
    },
  };
};

export type ArtefactService = ReturnType<typeof createArtefactService>;

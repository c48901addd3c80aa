/** Asking for the vault's passphrase from anywhere: whoever needs a secret calls `ask`, the shell shows the one dialog. */
import { createStore } from 'zustand/vanilla';
import { ok, type Result } from '../../../shared/errors.ts';
import { featureStore } from '../../app/featureStore.ts';

export type VaultState = {
  asking: boolean;
  /** Opens the dialog; `then` runs once the vault is open. */
  ask: (then?: () => void) => void;
  dismiss: () => void;
  unlock: (passphrase: string) => Promise<Result<null>>;
  lock: () => Promise<Result<null>>;
};

export const useVault = featureStore<VaultState>(({ client }) => {
  let afterwards: (() => void) | undefined;
  const store = createStore<VaultState>((set) => ({
    asking: false,
    ask: (then) => {
      afterwards = then;
      set({ asking: true });
    },
    dismiss: () => {
      afterwards = undefined;
      set({ asking: false });
    },
    unlock: async (passphrase) => {
      const result = await client.call('system.unlock', { passphrase });
      if (!result.ok) return result;
      const then = afterwards;
      afterwards = undefined;
      set({ asking: false });
      then?.();
      return ok(null);
    },
    lock: async () => {
      const result = await client.call('system.lock', {});
      return result.ok ? ok(null) : result;
    },
  }));
  return store;
});

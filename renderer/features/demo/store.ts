/** Starting and stopping the demo fleet. */
import { createStore } from 'zustand/vanilla';
import type { FrostError } from '../../../shared/errors.ts';
import { featureStore } from '../../app/featureStore.ts';
import { toast, toastError } from '../../ui/Toast.tsx';

export type DemoStore = {
  busy: 'starting' | 'stopping' | undefined;
  error: FrostError | undefined;
  start: () => Promise<boolean>;
  stop: () => Promise<void>;
  dismiss: () => Promise<void>;
};

export const useDemo = featureStore<DemoStore>(({ client }) =>
  createStore<DemoStore>((set) => ({
    busy: undefined,
    error: undefined,
    start: async () => {
      set({ busy: 'starting', error: undefined });
      const result = await client.call('system.demoStart', {});
      set({ busy: undefined, error: result.ok ? undefined : result.error });
      if (result.ok)
        toast({
          tone: 'good',
          title: `The demo fleet runs: ${result.value.demo.hosts} hosts on this machine`,
          text: 'Scan them, make a snapshot of their updates, and run it. Nothing outside of them is touched.',
        });
      return result.ok;
    },
    stop: async () => {
      set({ busy: 'stopping' });
      const result = await client.call('system.demoStop', {});
      set({ busy: undefined });
      if (!result.ok) toastError('The demo fleet could not be stopped', result.error);
    },
    dismiss: async () => {
      await client.call('system.demoDismiss', {});
    },
  })),
);

/** What the shell shows of the host process: vault, demo fleet, long commands under way, unfinished runs. */
import type { z } from 'zod';
import { createStore } from 'zustand/vanilla';
import type { Output } from '../../shared/contract/contract.ts';
import type { Activity } from '../../shared/contract/system.ts';
import type { RunSummary } from '../../shared/model/run.ts';
import { featureStore } from './featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from './loadable.ts';

export type SystemStatus = Output<'system.status'>;

export type SystemState = {
  status: Loadable<SystemStatus>;
  /** Long commands under way, by id. */
  activities: Readonly<Record<string, z.infer<typeof Activity>>>;
  /** Unfinished runs, newest first. */
  activeRuns: readonly RunSummary[];
  reload: () => Promise<void>;
  cancel: (activity: string) => Promise<void>;
};

export const useSystem = featureStore<SystemState>(({ client, changes }) => {
  const store = createStore<SystemState>(() => ({
    status: loading,
    activities: {},
    activeRuns: [],
    reload: () => readStatus(),
    cancel: async (activity) => {
      await client.call('system.cancel', { activity });
    },
  }));
  const set = store.setState;

  const readStatus = coalesce(async () => {
    set((state) => ({ status: refreshing(state.status) }));
    const result = await client.call('system.status', {});
    set((state) => ({
      status: loaded(result, state.status),
      ...(result.ok
        ? { activities: Object.fromEntries(result.value.activities.map((each) => [each.id, each])) }
        : {}),
    }));
  });
  const readRuns = coalesce(async () => {
    const result = await client.call('runs.list', { limit: 50 });
    if (result.ok) set({ activeRuns: result.value.runs.filter((run) => run.state !== 'finished') });
  }, 1000);

  changes.on((change) => {
    if (change.type === 'reset') {
      void readStatus();
      void readRuns();
    } else if (change.type === 'vault' || change.type === 'demo' || change.type === 'hosts')
      void readStatus();
    else if (change.type === 'runs') void readRuns();
    else if (change.type === 'activity')
      set((state) => {
        const { [change.activity.id]: _before, ...others } = state.activities;
        return { activities: change.over ? others : { ...others, [change.activity.id]: change.activity } };
      });
  });
  void readStatus();
  void readRuns();
  return store;
});

/** Guards and drift of the fleet, for every page that shows them. */
import { createStore } from 'zustand/vanilla';
import type { Result } from '../../../shared/errors.ts';
import { ok } from '../../../shared/errors.ts';
import type { HostDrift } from '../../../shared/model/drift.ts';
import type { GuardView } from '../../../shared/model/guard.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

export type GuardsState = {
  guards: Loadable<readonly GuardView[]>;
  /** Of the one host that was asked for last. */
  drift: Loadable<HostDrift | undefined>;
  driftOf: string | undefined;
  readDrift: (host: string) => void;
  turn: (host: string, desired: 'on' | 'off') => Promise<Result<void>>;
  accept: (host: string) => Promise<Result<void>>;
};

export const useGuards = featureStore<GuardsState>(({ client, changes }) => {
  const store = createStore<GuardsState>(() => ({
    guards: loading,
    drift: loading,
    driftOf: undefined,
    readDrift: (host) => {
      if (store.getState().driftOf !== host) set({ driftOf: host, drift: loading });
      void readDrift();
    },
    turn: async (host, desired) => {
      const done = await client.call(desired === 'on' ? 'guards.on' : 'guards.off', { selectors: [host] });
      return done.ok ? ok(undefined) : done;
    },
    accept: async (host) => {
      const done = await client.call('drift.accept', { selectors: [host] });
      return done.ok ? ok(undefined) : done;
    },
  }));
  const set = store.setState;

  const read = coalesce(async () => {
    set((state) => ({ guards: refreshing(state.guards) }));
    const found = await client.call('guards.status', {});
    const result: Result<readonly GuardView[]> = found.ok ? ok(found.value.guards) : found;
    set((state) => ({ guards: loaded(result, state.guards) }));
  });
  const readDrift = coalesce(async () => {
    const { driftOf } = store.getState();
    if (driftOf === undefined) return;
    const found = await client.call('drift.list', { selectors: [driftOf] });
    if (store.getState().driftOf !== driftOf) return;
    const result: Result<HostDrift | undefined> = found.ok ? ok(found.value.drift[0]) : found;
    set((state) => ({ drift: loaded(result, state.drift) }));
  });

  changes.on((change) => {
    if (change.type === 'reset' || change.type === 'guards' || change.type === 'snapshots') void read();
    if (change.type === 'reset' || change.type === 'drift' || change.type === 'scan') void readDrift();
  });
  return store;
});

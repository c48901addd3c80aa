/** The windows of all freezes within the days that are shown; read again whenever a snapshot changes. */
import { createStore } from 'zustand/vanilla';
import type { FreezeWindow } from '../../../shared/contract/freezes.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

type Shown = { from: string; to: string };
export type CalendarState = {
  windows: Loadable<readonly FreezeWindow[]>;
  /** Instants, the end not included. */
  show: (from: string, to: string) => void;
  reload: () => Promise<void>;
};

export const useFreezeCalendar = featureStore<CalendarState>(({ client, changes }) => {
  let shown: Shown | undefined;
  const store = createStore<CalendarState>(() => ({
    windows: loading,
    show: (from, to) => {
      if (shown?.from === from && shown.to === to) return;
      shown = { from, to };
      void read();
    },
    reload: () => read(),
  }));
  const read = coalesce(async () => {
    if (shown === undefined) return;
    const asked = shown;
    store.setState((state) => ({ windows: refreshing(state.windows) }));
    const result = await client.call('freezes.calendar', asked);
    const answer = result.ok ? { ok: true as const, value: result.value.windows } : result;
    store.setState((state) => ({ windows: loaded(answer, state.windows) }));
  });
  changes.on((change) => {
    if (change.type === 'snapshots' || change.type === 'reset') void read();
  });
  return store;
});

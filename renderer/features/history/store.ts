/** The runs there were, newest first; read again whenever a run changes. */
import { createStore } from 'zustand/vanilla';
import type { RunSummary } from '../../../shared/model/run.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

const LIMIT = 1000;

export type HistoryState = { runs: Loadable<readonly RunSummary[]>; reload: () => Promise<void> };

export const useHistory = featureStore<HistoryState>(({ client, changes }) => {
  const store = createStore<HistoryState>(() => ({ runs: loading, reload: () => read() }));
  const read = coalesce(async () => {
    store.setState((state) => ({ runs: refreshing(state.runs) }));
    const result = await client.call('runs.list', { limit: LIMIT });
    const answer = result.ok ? { ok: true as const, value: result.value.runs } : result;
    store.setState((state) => ({ runs: loaded(answer, state.runs) }));
  }, 500);
  changes.on((change) => {
    if (change.type === 'runs' || change.type === 'reset') void read();
  });
  void read();
  return store;
});

/** The audit log as far as it was read: newest lines first, older ones on request, and the state of its chain. */
import { createStore } from 'zustand/vanilla';
import type { Result } from '../../../shared/errors.ts';
import type { AuditHead, AuditLine, AuditVerdict } from '../../../shared/model/audit.ts';
import { featureStore } from '../../app/featureStore.ts';
import { type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

const PAGE = 500;

export type AuditPart = { lines: readonly AuditLine[]; head: AuditHead; more: boolean };

export type AuditState = {
  log: Loadable<AuditPart>;
  search: string;
  read: (search: string) => Promise<void>;
  older: () => Promise<Result<unknown>>;
  verify: () => Promise<Result<AuditVerdict>>;
};

export const useAudit = featureStore<AuditState>(({ client, changes }) => {
  const ask = (search: string, before?: number) =>
    client.call('audit.list', {
      limit: PAGE,
      ...(search === '' ? {} : { search }),
      ...(before === undefined ? {} : { before }),
    });
  const store = createStore<AuditState>((set, get) => ({
    log: loading,
    search: '',
    read: async (search) => {
      set((state) => ({ search, log: refreshing(state.log) }));
      const result = await ask(search);
      // Another search may have been asked for meanwhile.
      if (get().search !== search) return;
      const answer: Result<AuditPart> = result.ok
        ? {
            ok: true,
            value: {
              lines: result.value.entries,
              head: result.value.head,
              more: result.value.entries.length === PAGE,
            },
          }
        : result;
      set((state) => ({ log: loaded(answer, state.log) }));
    },
    older: async () => {
      const { log, search } = get();
      const before = log.status === 'ready' ? log.value.lines.at(-1)?.seq : undefined;
      const result = await ask(search, before);
      if (result.ok && get().log === log && log.status === 'ready')
        set({
          log: {
            ...log,
            value: {
              ...log.value,
              lines: [...log.value.lines, ...result.value.entries],
              more: result.value.entries.length === PAGE,
            },
          },
        });
      return result;
    },
    verify: () => client.call('audit.verify', {}),
  }));
  changes.on((change) => {
    if (change.type === 'reset') void store.getState().read(store.getState().search);
  });
  void store.getState().read('');
  return store;
});

/** Saved rules, and the texts that are being written: they survive going to another page. */
import { createStore } from 'zustand/vanilla';
import type { RuleSetSummary } from '../../../shared/model/rule.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

/** `base`: the version the text was begun on, 0 for new rules. */
export type Draft = { text: string; base: number };

export type RulesState = {
  ruleSets: Loadable<readonly RuleSetSummary[]>;
  /** By the name of the set; `NEW` for one that has none yet. */
  drafts: ReadonlyMap<string, Draft>;
  setDraft: (name: string, draft: Draft | undefined) => void;
  reload: () => Promise<void>;
};

/** No set can have this name. */
export const NEW = '-new';

export const useRules = featureStore<RulesState>(({ client, changes }) => {
  const store = createStore<RulesState>(() => ({
    ruleSets: loading,
    drafts: new Map(),
    setDraft: (name, draft) =>
      store.setState(({ drafts }) => {
        const next = new Map(drafts);
        if (draft === undefined) next.delete(name);
        else next.set(name, draft);
        return { drafts: next };
      }),
    reload: () => read(),
  }));
  const read = coalesce(async () => {
    store.setState((state) => ({ ruleSets: refreshing(state.ruleSets) }));
    const result = await client.call('rules.list', {});
    const answer = result.ok ? { ok: true as const, value: result.value.ruleSets } : result;
    store.setState((state) => ({ ruleSets: loaded(answer, state.ruleSets) }));
  });
  changes.on((change) => {
    if (change.type === 'rules' || change.type === 'reset') void read();
  });
  void read();
  return store;
});

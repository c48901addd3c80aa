/** The plan that is on the page. A plan never changes; it is read once and kept. */
import { createStore } from 'zustand/vanilla';
import type { Output } from '../../../shared/contract/contract.ts';
import type { Result } from '../../../shared/errors.ts';
import type { Plan } from '../../../shared/model/plan.ts';
import { featureStore } from '../../app/featureStore.ts';
import { type Loadable, loaded, loading } from '../../app/loadable.ts';

const KEPT = 10;

export type PlanState = {
  /** By id; the newest few. */
  plans: Readonly<Record<string, Loadable<Plan>>>;
  read: (id: string) => Promise<void>;
  start: (plan: Plan) => Promise<Result<Output<'runs.start'>>>;
};

export const usePlans = featureStore<PlanState>(({ client }) =>
  createStore((set, get) => ({
    plans: {},
    read: async (id) => {
      const before = get().plans[id] ?? loading;
      if (before.status === 'ready') return;
      const others = Object.entries(get().plans).filter(([other]) => other !== id);
      set({ plans: Object.fromEntries([...others.slice(1 - KEPT), [id, loading]]) });
      const result = await client.call('plans.show', { id });
      const answer = result.ok ? { ok: true as const, value: result.value.plan } : result;
      set((state) => ({ plans: { ...state.plans, [id]: loaded(answer, before) } }));
    },
    start: (plan) => client.call('runs.start', { planId: plan.id, hash: plan.hash }),
  })),
);

/** One zustand store per feature and window, made when it is first used and fed by the window's client and changes. */
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { StoreApi } from 'zustand/vanilla';
import { type Deps, useDeps } from '../transport/client.tsx';

export type FeatureHook<S> = {
  /** Selects with shallow comparison: a selector may build an object or array of parts of the state. */
  <T>(selector: (state: S) => T): T;
  /** The store itself, outside of components (tests, other stores). */
  of: (deps: Deps) => StoreApi<S>;
};

/** `create` may subscribe to `deps.changes`; the store lives as long as the window. */
export const featureStore = <S>(create: (deps: Deps) => StoreApi<S>): FeatureHook<S> => {
  const stores = new WeakMap<Deps, StoreApi<S>>();
  const of = (deps: Deps): StoreApi<S> => {
    const known = stores.get(deps);
    if (known !== undefined) return known;
    const made = create(deps);
    stores.set(deps, made);
    return made;
  };
  const useFeature = <T>(selector: (state: S) => T): T => useStore(of(useDeps()), useShallow(selector));
  return Object.assign(useFeature, { of });
};

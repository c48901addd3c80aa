/** The mock host's guards: as its store says, and put on or off at once. */

import { selectStored } from '../../../main/core/fleet/select.ts';
import { viewOf } from '../../../main/core/guard/service.ts';
import type { Handlers } from '../../../shared/contract/contract.ts';
import { ok } from '../../../shared/errors.ts';
import type { Hub, MockState } from './hub.ts';

type GuardNames = Extract<keyof Handlers, `guards.${string}`>;

export const guardHandlers = ({ store }: Pick<MockState, 'store'>, hub: Hub): Pick<Handlers, GuardNames> => {
  const views = (selectors: string[]) => {
    const hosts = selectStored(selectors.length === 0 ? ['all'] : selectors, store);
    if (!hosts.ok) return hosts;
    const rows = new Map(store.guards().map((guard) => [guard.hostId, guard]));
    return ok({
      guards: hosts.value.flatMap((host) => {
        const guard = rows.get(host.id);
        return guard === undefined ? [] : [viewOf(guard, host)];
      }),
    });
  };
  const turn = (desired: 'on' | 'off') => (input: { selectors: string[] }) => {
    const hosts = selectStored(input.selectors, store);
    if (!hosts.ok) return hosts;
    const rows = new Map(store.guards().map((guard) => [guard.hostId, guard]));
    for (const host of hosts.value) {
      const guard = rows.get(host.id);
      if (guard === undefined) continue;
      const { error: _error, ...rest } = guard;
      store.putGuard({ ...rest, desired, state: desired });
      hub.announce({ type: 'guards', hostId: host.id });
    }
    return views(input.selectors);
  };
  return {
    'guards.status': ({ selectors }) => views(selectors),
    'guards.on': turn('on'),
    'guards.off': turn('off'),
    'guards.settle': ({ selectors }) => views(selectors),
  };
};

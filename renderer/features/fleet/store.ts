/** The fleet as the table shows it: hosts of the filter, what is ticked, and the commands on them. */
import { createStore } from 'zustand/vanilla';
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import { type FrostError, ok, type Result } from '../../../shared/errors.ts';
import type { HostChange, NewHost } from '../../../shared/model/host.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';
import { formatList, plural } from '../../ui/format.ts';
import { toast, toastError } from '../../ui/Toast.tsx';
import { filterSelectors } from './selection.ts';

export type FleetState = {
  /** As typed. */
  filter: string;
  /** Why the filter could not be used; the hosts are then those of the last good one. */
  filterError: FrostError | undefined;
  hosts: Loadable<readonly HostOverview[]>;
  /** Hosts in all, whatever the filter; undefined until known. */
  total: number | undefined;
  selected: ReadonlySet<string>;
  reload: () => Promise<void>;
  setFilter: (text: string) => void;
  select: (ids: ReadonlySet<string>) => void;
  /** Starts a scan; its progress is in the activities. Ends in a message. */
  scan: (selectors: string[], refresh: boolean) => Promise<void>;
  add: (host: NewHost) => Promise<Result<Output<'hosts.add'>>>;
  change: (change: HostChange) => Promise<Result<Output<'hosts.change'>>>;
  remove: (names: readonly string[], selectors: string[]) => Promise<Result<Output<'hosts.remove'>>>;
  importHosts: (input: HandlerInput<'hosts.import'>) => Promise<Result<Output<'hosts.import'>>>;
};

/** Changes of the fleet come in bursts (a scan of hundreds); the list is read at most this often. */
const PAUSE_MS = 700;

export const useFleet = featureStore<FleetState>(({ client, changes }) => {
  const store = createStore<FleetState>(() => ({
    filter: '',
    filterError: undefined,
    hosts: loading,
    total: undefined,
    selected: new Set(),
    reload: () => readNow(),
    setFilter: (filter) => {
      set({ filter });
      void readNow();
    },
    select: (selected) => set({ selected }),
    scan: async (selectors, refresh) => {
      const result = await client.call('scans.run', { selectors, refresh });
      if (!result.ok) {
        if (result.error.code !== 'cancelled') toastError('The scan could not be done', result.error);
        return;
      }
      const { scans } = result.value;
      const failed = scans.filter((scan) => scan.state === 'failed');
      toast(
        failed.length === 0
          ? { tone: 'good', title: `Scanned ${plural(scans.length, 'host')}` }
          : {
              tone: 'warn',
              title: `Scanned ${plural(scans.length, 'host')}, ${failed.length} failed`,
              text: formatList(
                failed.map((scan) => scan.host),
                8,
              ),
            },
      );
    },
    add: (host) => client.call('hosts.add', { host }),
    change: (change) => client.call('hosts.change', { change }),
    remove: async (names, selectors) => {
      const result = await client.call('hosts.remove', { selectors });
      if (result.ok) {
        const removed = new Set(result.value.hosts.map((host) => host.id));
        set((state) => ({ selected: new Set([...state.selected].filter((id) => !removed.has(id))) }));
        toast({
          tone: 'good',
          title: `Removed ${names.length === 1 ? names[0] : plural(names.length, 'host')}`,
        });
      }
      return result;
    },
    importHosts: (input) => client.call('hosts.import', input),
  }));
  const set = store.setState;

  const readOnce = async () => {
    const { filter } = store.getState();
    const selectors = filterSelectors(filter);
    set((state) => ({ hosts: refreshing(state.hosts) }));
    const result = await client.call('hosts.list', { selectors });
    if (store.getState().filter !== filter) return;
    if (!result.ok && selectors.length > 0 && result.error.code === 'input.invalid') {
      set((state) => ({
        filterError: result.error,
        hosts: state.hosts.status === 'ready' ? { ...state.hosts, refreshing: false } : state.hosts,
      }));
      return;
    }
    set((state) => ({
      filterError: undefined,
      hosts: loaded(result.ok ? ok(result.value.hosts) : result, state.hosts),
      ...(result.ok && selectors.length === 0 ? withoutGone(state.selected, result.value.hosts) : {}),
    }));
  };
  const readNow = coalesce(readOnce);
  const read = coalesce(() => readNow(), PAUSE_MS);

  changes.on((change) => {
    if (['reset', 'hosts', 'scan', 'runs', 'snapshots', 'guards'].includes(change.type)) void read();
  });
  void read();
  return store;
});

const withoutGone = (selected: ReadonlySet<string>, hosts: readonly HostOverview[]) => {
  const there = new Set(hosts.map((overview) => overview.host.id));
  return { total: hosts.length, selected: new Set([...selected].filter((id) => there.has(id))) };
};

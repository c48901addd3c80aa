/** One host with its scans, as its page shows it. The page's host is the only one kept. */
import { createStore } from 'zustand/vanilla';
import type { Output } from '../../../shared/contract/contract.ts';
import type { HostOverview } from '../../../shared/contract/fleet.ts';
import { frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Ground } from '../../../shared/model/grounds.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { Scan, ScanSummary, Update } from '../../../shared/model/scan.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';

export type HostView = {
  overview: HostOverview;
  latest: Scan | null;
  /** The latest scan that did not fail; the same as `latest` where that one is good. */
  lastGood: Scan | null;
  history: readonly ScanSummary[];
  /** Of the last good scan, judged by imported data as well as by the host's own. */
  updates: readonly JudgedUpdate[];
};

export type JudgedUpdate = Update & { cves: string[]; grounds: Ground[] };

type Verdict = Output<'scans.updates'>['updates'][number];

/** What a scan offers, with the verdicts as the fleet's list of updates has them. */
const judged = (scan: Scan | null, verdicts: readonly Verdict[]): JudgedUpdate[] => {
  const keyOf = (one: { name: string; arch: string; to: string }) => `${one.name}:${one.arch}:${one.to}`;
  const known = new Map(verdicts.map((one) => [keyOf(one), one]));
  return (scan?.updates ?? []).map((update) => {
    const verdict = known.get(keyOf(update));
    // Scanned anew between the two questions: its own word, until the page reads again.
    if (verdict === undefined)
      return {
        ...update,
        cves: [],
        grounds: [{ source: 'hosts', asOf: scan?.facts?.listsUpdatedAt ?? null }],
      };
    const { severity, classification, advisories, cves, grounds } = verdict;
    return { ...update, severity, classification, advisories, cves, grounds };
  });
};

export type HostState = {
  name: string | undefined;
  view: Loadable<HostView>;
  /** Runs this host took part in, newest first; read when asked for. */
  runs: Loadable<readonly Run[]>;
  open: (name: string) => void;
  reload: () => Promise<void>;
  readRuns: () => Promise<void>;
};

/** How far back runs are looked through for this host. */
const RUNS = 25;

export const useHost = featureStore<HostState>(({ client, changes }) => {
  const store = createStore<HostState>(() => ({
    name: undefined,
    view: loading,
    runs: loading,
    open: (name) => {
      if (store.getState().name !== name) set({ name, view: loading, runs: loading });
      void read();
    },
    reload: () => read(),
    readRuns: () => readRuns(),
  }));
  const set = store.setState;

  const readView = async (name: string): Promise<Result<HostView>> => {
    const found = await client.call('hosts.list', { selectors: [name] });
    if (!found.ok) return found;
    const overview = found.value.hosts[0];
    if (overview === undefined)
      return {
        ok: false,
        error: frostError('not-found', `There is no host called ${name}.`, {
          hint: 'It may have been removed or renamed.',
        }),
      };
    const hostId = overview.host.id;
    const [scans, history, verdicts] = await Promise.all([
      client.call('scans.latest', { hostId }),
      client.call('scans.history', { hostId, limit: 100 }),
      client.call('scans.updates', { selectors: [name] }),
    ]);
    if (!scans.ok) return scans;
    if (!history.ok) return history;
    if (!verdicts.ok) return verdicts;
    const updates = judged(scans.value.lastGood, verdicts.value.updates);
    return ok({ overview, ...scans.value, history: history.value.scans, updates });
  };

  const read = coalesce(async () => {
    const { name } = store.getState();
    if (name === undefined) return;
    set((state) => ({ view: refreshing(state.view) }));
    const result = await readView(name);
    if (store.getState().name === name) set((state) => ({ view: loaded(result, state.view) }));
  });

  const readRuns = coalesce(async () => {
    const { name } = store.getState();
    if (name === undefined) return;
    set((state) => ({ runs: refreshing(state.runs) }));
    const list = await client.call('runs.list', { limit: RUNS });
    if (!list.ok) return set((state) => ({ runs: loaded<readonly Run[]>(list, state.runs) }));
    const found: Run[] = [];
    for (const { id } of list.value.runs) {
      const run = await client.call('runs.show', { id });
      if (store.getState().name !== name) return;
      if (run.ok && run.value.run.tasks.some((task) => task.host === name)) found.push(run.value.run);
    }
    set((state) => ({ runs: loaded<readonly Run[]>(ok(found), state.runs) }));
  });

  const hostId = () => {
    const { view } = store.getState();
    return view.status === 'loading' ? undefined : view.value?.overview.host.id;
  };
  changes.on((change) => {
    if (['reset', 'hosts', 'snapshots', 'advisories'].includes(change.type)) void read();
    else if (change.type === 'scan' && change.hostId === hostId()) void read();
  });
  return store;
});

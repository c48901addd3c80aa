/** The run that is on the page: its folded state, the panel of one host, and what can be asked of it. */
import { createStore } from 'zustand/vanilla';
import type { Output } from '../../../shared/contract/contract.ts';
import type { FrostError, Result } from '../../../shared/errors.ts';
import type { Run } from '../../../shared/model/run.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';
import { featureStore } from '../../app/featureStore.ts';
import { whenOpen } from '../../transport/connection.ts';
import { adopt, foldAll, missing, openRun, type RunView, stoppedBy } from './fold.ts';
import { followHost, followRun, type Link, type Pace, pause } from './follow.ts';
import { type HostLog, openLog, takeIn } from './hostLog.ts';

export type RollbackPreview = Output<'runs.rollbackPreview'>['hosts'];

/** Whom a rollback is asked for: named hosts, those of a wave, or (neither) every host the run changed. */
export type Which = { hosts?: string[]; wave?: number };

export type RunPageState = {
  view: RunView | undefined;
  link: Link;
  /** Why it is not followed just now, where `link` is `lost`. */
  lostBy: FrostError | undefined;
  /** Why the run cannot be read at all. */
  problem: FrostError | undefined;
  log: HostLog | undefined;
  /** Shows a run; returns what ends it. */
  open: (id: string) => () => void;
  /** Shows a host's panel; undefined closes it. */
  openHost: (host: string | undefined) => void;
  abort: (o: { stopRunning: boolean; reason: string }) => Promise<Result<unknown>>;
  retry: (hosts: string[]) => Promise<Result<unknown>>;
  approve: () => Promise<Result<unknown>>;
  preview: (which: Which) => Promise<Result<{ hosts: RollbackPreview }>>;
  rollback: (which: Which) => Promise<Result<unknown>>;
  accept: () => Promise<Result<Output<'runs.accept'>>>;
};

export const useRunPage = featureStore<RunPageState>(({ client, connection }) =>
  createStore((set, get) => {
    let page: AbortController | undefined;
    let panel: AbortController | undefined;

    const pace: Pace = {
      wait: pause,
      retry: async (ms, signal) => {
        await pause(ms, signal);
        await whenOpen(connection, signal);
      },
    };
    const take = (run: Run) => {
      const { view } = get();
      if (view !== undefined) set({ view: adopt(view, run) });
    };
    const id = () => get().view?.run.id ?? '';
    const command = async <T extends { run: Run }>(asked: Promise<Result<T>>): Promise<Result<T>> => {
      const result = await asked;
      if (result.ok) take(result.value.run);
      return result;
    };
    /** Versions before and after are in no event: they are read when a host of interest comes to rest. */
    /** That a rollback stopped the others is in the events only. Asked where a picture shows one that failed. */
    const readStopped = async (run: Run, signal: AbortSignal) => {
      const failed = run.tasks.find((task) => task.state === 'rollback-failed');
      if (failed === undefined) return;
      const input = { id: run.id, since: 0, follow: false, host: failed.host };
      let stopped: RunView['stopped'];
      try {
        for await (const event of client.stream('runs.events', input, signal)) {
          if (event.seq > run.seq) return;
          const next = stoppedBy(stopped, [event]);
          const { view } = get();
          if (next !== stopped && view?.run.id === run.id) set({ view: { ...view, stopped: next } });
          stopped = next;
        }
      } catch {
        // The page is left, or the connection is lost: then the picture is read again, and this with it.
      }
    };
    const readAgain = async () => {
      const shown = await client.call('runs.show', { id: id() }, page?.signal);
      if (shown.ok) take(shown.value.run);
    };

    return {
      view: undefined,
      link: 'connecting',
      lostBy: undefined,
      problem: undefined,
      log: undefined,
      open: (asked) => {
        const mine = new AbortController();
        page = mine;
        set({ view: undefined, link: 'connecting', problem: undefined, log: undefined });
        void followRun(
          client,
          asked,
          {
            picture: (run) => {
              const { view } = get();
              const next = view === undefined || run.seq < view.seq ? openRun(run) : adopt(view, run);
              set({ view: next, problem: undefined });
              void readStopped(run, mine.signal);
              return next.seq;
            },
            events: (batch) => {
              const { view, log } = get();
              if (view === undefined) return;
              set({ view: foldAll(view, batch) });
              const atRest = batch.some(
                (event) =>
                  event.type === 'run.finished' ||
                  (event.type === 'task.state' && event.host === log?.host && FINAL_STATES.has(event.to)),
              );
              if (atRest) void readAgain();
            },
            early: () => {
              const { view } = get();
              return view === undefined ? 0 : missing(view);
            },
            link: (link, lostBy) => set({ link, lostBy }),
            failed: (problem) => set({ problem }),
          },
          mine.signal,
          pace,
        );
        return () => {
          mine.abort();
          if (page !== mine) return;
          panel?.abort();
          set({ view: undefined, log: undefined });
        };
      },
      openHost: (host) => {
        panel?.abort();
        if (host === undefined) return set({ log: undefined });
        const mine = new AbortController();
        panel = mine;
        set({ log: openLog(host) });
        void readAgain();
        void followHost(
          client,
          id(),
          host,
          (batch) => {
            const log = takeIn(get().log ?? openLog(host), batch);
            if (!mine.signal.aborted) set({ log });
            return log.seq;
          },
          mine.signal,
          pace,
        );
      },
      abort: (o) => command(client.call('runs.abort', { id: id(), ...o })),
      retry: (hosts) => command(client.call('runs.retry', { id: id(), hosts })),
      approve: () => command(client.call('runs.approve', { id: id() })),
      preview: (which) => client.call('runs.rollbackPreview', { id: id(), ...which }),
      rollback: (which) => command(client.call('runs.rollback', { id: id(), ...which })),
      accept: () => command(client.call('runs.accept', { id: id() })),
    };
  }),
);

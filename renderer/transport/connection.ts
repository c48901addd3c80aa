/** The state of the connection to the host process, for the banner and for whoever waits for it. */
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import { createStore } from 'zustand/vanilla';

/** `signed-out`: the browser shell was started anew and does not know this page any more. */
export type Phase = 'connecting' | 'open' | 'reconnecting' | 'signed-out';

export type ConnectionState = {
  phase: Phase;
  /** Milliseconds since epoch of the last change of phase. */
  since: number;
  /** Failed attempts since it was last open. */
  attempt: number;
  /** When the host process was found to be another one than before (ms since epoch). */
  restartedAt: number | undefined;
  /** The host process's instance, once it was asked. */
  instance: string | undefined;
  /** Its process number, likewise. */
  pid: number | undefined;
  /** The connection is open, but a question asked at this time (ms since epoch) is not answered: the process hangs. */
  silentSince: number | undefined;
};

export const connection = createStore<ConnectionState>(() => ({
  phase: 'connecting',
  since: Date.now(),
  attempt: 0,
  restartedAt: undefined,
  instance: undefined,
  pid: undefined,
  silentSince: undefined,
}));

export type ConnectionStore = typeof connection;

export const useConnection = <T>(selector: (state: ConnectionState) => T): T =>
  useStore(connection, useShallow(selector));

/** Resolves when the connection is open, or when the signal is aborted (then with false). */
export const whenOpen = (store: ConnectionStore, signal?: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    if (store.getState().phase === 'open') return resolve(true);
    const done = (open: boolean) => {
      stop();
      signal?.removeEventListener('abort', aborted);
      resolve(open);
    };
    const aborted = () => done(false);
    const stop = store.subscribe((state) => {
      if (state.phase === 'open') done(true);
    });
    signal?.addEventListener('abort', aborted, { once: true });
  });

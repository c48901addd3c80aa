/** Something read from the host process: not yet there, there, or failed (with the last good value beside it, where there is one). */
import type { FrostError, Result } from '../../shared/errors.ts';

export type Loadable<T> =
  | { status: 'loading' }
  | { status: 'ready'; value: T; refreshing: boolean }
  | { status: 'error'; error: FrostError; value: T | undefined };

export const loading = { status: 'loading' } as const;

/** What is on the screen while it is read again: a value stays where it is. */
export const refreshing = <T>(before: Loadable<T>): Loadable<T> => {
  if (before.status === 'ready') return { ...before, refreshing: true };
  return before.status === 'error' && before.value !== undefined
    ? { status: 'ready', value: before.value, refreshing: true }
    : loading;
};

/** The answer takes the place of what was there; an error keeps the value beside it. */
export const loaded = <T>(result: Result<T>, before: Loadable<T>): Loadable<T> =>
  result.ok
    ? { status: 'ready', value: result.value, refreshing: false }
    : { status: 'error', error: result.error, value: present(before) };

export const present = <T>(loadable: Loadable<T>): T | undefined =>
  loadable.status === 'loading' ? undefined : loadable.value;

/**
 * Runs `read` so that the newest call wins: calls made while one is under way are answered by one more read after it, and
 * not sooner than `pauseMs` after the last. A burst of changes costs two reads, however long it is.
 */
export const coalesce = (read: () => Promise<void>, pauseMs = 0): (() => Promise<void>) => {
  let running: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    try {
      do {
        again = false;
        await read();
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } while (again);
    } finally {
      running = undefined;
    }
  };
  return () => {
    if (running === undefined) running = run();
    else again = true;
    return running;
  };
};

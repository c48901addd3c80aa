/** Times that stay true while the page is open: one clock for all of them. */
import { useSyncExternalStore } from 'react';
import { formatDateTime, formatElapsed, formatRelative } from './format.ts';

type Clock = { now: number; listeners: Set<() => void>; timer: ReturnType<typeof setInterval> | undefined };

const makeClock = (everyMs: number) => {
  const clock: Clock = { now: Date.now(), listeners: new Set(), timer: undefined };
  return {
    subscribe: (listener: () => void) => {
      clock.listeners.add(listener);
      clock.now = Date.now();
      clock.timer ??= setInterval(() => {
        clock.now = Date.now();
        for (const each of clock.listeners) each();
      }, everyMs);
      return () => {
        clock.listeners.delete(listener);
        if (clock.listeners.size === 0) {
          clearInterval(clock.timer);
          clock.timer = undefined;
        }
      };
    },
    read: () => clock.now,
  };
};
const slow = makeClock(15_000);
const fast = makeClock(1000);

/** Milliseconds since epoch, refreshed every 15 s, or every second where `fast`. */
export const useNow = (o: { fast?: boolean } = {}): number => {
  const clock = o.fast === true ? fast : slow;
  return useSyncExternalStore(clock.subscribe, clock.read, clock.read);
};

/** `4 min ago`, with the exact time in its title. */
export const RelativeTime = ({ at }: { at: string }) => {
  useNow();
  // What came in since the last tick is not in the future.
  const now = Date.now();
  return (
    <time dateTime={at} title={formatDateTime(at)} className="num">
      {formatRelative(at, now)}
    </time>
  );
};

/** Time between two instants; counts while `to` is missing. */
export const Elapsed = ({ from, to }: { from: string; to?: string | undefined }) => {
  const now = useNow({ fast: to === undefined });
  return <span className="num">{formatElapsed(from, to, now)}</span>;
};

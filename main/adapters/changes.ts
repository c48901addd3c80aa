/** Tells windows what to read again, and follows long commands for their progress bars. In memory: after a restart a window reads everything anew. */
import type { Activity, Change } from '../../shared/contract/system.ts';
import type { Activities, ActivityHandle, ChangeNote, Changes, Clock, Random } from '../core/ports.ts';

type Listener = (change: Change) => void;

/** Distributes over the union, which a plain Omit would flatten. */
type Unnumbered<T> = T extends unknown ? Omit<T, 'seq'> : never;

export type ChangeHub = Changes &
  Activities & {
    subscribe(listener: Listener): () => void;
    activities(): Activity[];
    cancel(id: string): boolean;
  };

/** A progress bar needs no more than this many updates a second. */
const ACTIVITY_INTERVAL_MS = 100;

export const createChangeHub = (clock: Clock, random: Random): ChangeHub => {
  const listeners = new Set<Listener>();
  const running = new Map<string, { view: () => Activity; abort: AbortController }>();
  let seq = 0;

  const emit = (change: Unnumbered<Change>) => {
    seq += 1;
    for (const listener of listeners) listener({ ...change, seq } as Change);
  };

  const begin = (kind: Activity['kind'], first: string, steps: number): ActivityHandle => {
    const id = random.id();
    const abort = new AbortController();
    let startedAt = new Date(clock.now()).toISOString();
    const waitingFor = new Set<string>();
    let label = first;
    let total = steps;
    let done = 0;
    let failed = 0;
    let shownAt = 0;
    let moved = 0;
    let movedSince: number | undefined;
    const view = (): Activity => ({
      id,
      kind,
      label,
      done,
      total,
      failed,
      startedAt,
      waitingFor: [...waitingFor].slice(0, 20),
      ...(movedSince === undefined
        ? {}
        : {
            bytes: { moved, perSecond: Math.round(moved / Math.max(1, (clock.now() - movedSince) / 1000)) },
          }),
    });
    const show = (force: boolean) => {
      const now = clock.now();
      if (!force && now - shownAt < ACTIVITY_INTERVAL_MS) return;
      shownAt = now;
      emit({ type: 'activity', activity: view(), over: false });
    };
    running.set(id, { view, abort });
    show(true);
    return {
      signal: abort.signal,
      started: (host) => {
        waitingFor.add(host);
        show(false);
      },
      finished: (host, hasFailed) => {
        waitingFor.delete(host);
        done += 1;
        if (hasFailed) failed += 1;
        show(done === total);
      },
      more: (count) => {
        total += count;
        show(false);
      },
      reached: (now, of, what = label) => {
        const isNew = what !== label;
        done = now;
        total = of;
        label = what;
        // Another thing is counted from now on: how fast it goes is counted from now on too.
        if (isNew) startedAt = new Date(clock.now()).toISOString();
        show(isNew || done === total);
      },
      moved: (bytes) => {
        movedSince ??= clock.now();
        moved += bytes;
        show(false);
      },
      end: () => {
        running.delete(id);
        emit({ type: 'activity', activity: view(), over: true });
      },
    };
  };

  return {
    announce: (note: ChangeNote) => emit(note),
    begin,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    activities: () => [...running.values()].map((entry) => entry.view()),
    cancel: (id) => {
      const entry = running.get(id);
      entry?.abort.abort();
      return entry !== undefined;
    },
  };
};

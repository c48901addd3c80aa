/** What the parts of the mock host share: its state, and the changes it announces. */
import type { Store } from '../../../main/core/ports.ts';
import type { Activity, Change } from '../../../shared/contract/system.ts';
import type { Plan } from '../../../shared/model/plan.ts';
import type { Run, RunEvent } from '../../../shared/model/run.ts';

/** `error`: every reading call fails. `loading`: none ever answers. */
export type Mood = 'normal' | 'error' | 'loading';

export type MockState = {
  mood: Mood;
  /** Hosts, scans, snapshots and plans; the real memory store. */
  store: Store;
  /** By host id. */
  trusted: Set<string>;
  keyChanged: Set<string>;
  runs: Run[];
  /** Plans by id. */
  plans: Map<string, Plan>;
  events: Map<string, RunEvent[]>;
  vault: { state: 'absent' | 'locked' | 'unlocked'; kind: 'keychain' | 'passphrase' };
  passphrase: string;
  demo: { running: boolean; hosts: number; offered: boolean };
  activities: Map<string, Activity>;
  instance: string;
  startedAt: string;
  /** Counts up for ids. */
  next: number;
};

// A change without its number, kind by kind (Omit alone would merge the kinds).
type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;

export class Hub {
  #seq = 0;
  #listeners = new Set<(change: Change) => void>();

  announce(change: WithoutSeq<Change>): void {
    this.#seq += 1;
    for (const listener of this.#listeners) listener({ ...change, seq: this.#seq } as Change);
  }

  async *changes(signal: AbortSignal): AsyncGenerator<Change> {
    yield* queued<Change>(signal, (push) => {
      this.#listeners.add(push);
      return () => this.#listeners.delete(push);
    });
  }
}

/** Items as they are pushed, until the signal ends it. */
export async function* queued<T>(
  signal: AbortSignal,
  subscribe: (push: (item: T) => void) => () => void,
): AsyncGenerator<T> {
  const items: T[] = [];
  let wake = () => {};
  const stop = subscribe((item) => {
    items.push(item);
    wake();
  });
  const aborted = () => wake();
  signal.addEventListener('abort', aborted, { once: true });
  try {
    while (!signal.aborted) {
      const item = items.shift();
      if (item !== undefined) yield item;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    signal.removeEventListener('abort', aborted);
    stop();
  }
}

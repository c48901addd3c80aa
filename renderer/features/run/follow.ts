/**
 * Follows a run: a picture of its state, then its events after it; when the connection is lost, both again, from where it
 * was. Knows nothing of React; the clock is handed in so that tests need not wait.
 */

import type { Client } from '../../../shared/contract/contract.ts';
import { type FrostError, FrostFault, frostError } from '../../../shared/errors.ts';
import type { Run, RunEvent } from '../../../shared/model/run.ts';

export type Link = 'connecting' | 'live' | 'lost';

export type RunSink = {
  /** A picture of the state, asked for after all events so far. Returns the seq from which events are wanted. */
  picture(run: Run): number;
  events(batch: readonly RunEvent[]): void;
  /** Events that wait for one that has not come. */
  early(): number;
  link(state: Link, error?: FrostError): void;
  /** The run is not there, or cannot be read at all. Ends the following. */
  failed(error: FrostError): void;
};

/** Both resolve at once when the signal is aborted. `retry`: before the next attempt; may wait for a connection, too. */
export type Pace = {
  wait(ms: number, signal: AbortSignal): Promise<void>;
  retry(ms: number, signal: AbortSignal): Promise<void>;
};

export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });

const FIRST_DELAY = 250;
const LAST_DELAY = 5000;
/** Events are handed over in batches so that 300 chatty hosts cost one render per batch. */
const BATCH_MS = 80;
const MAX_BATCH = 1000;
/** When an event is missing for so long, the picture is fetched anew. */
const GAP_MS = 2000;

const lost = (cause: unknown): FrostError =>
  cause instanceof FrostFault
    ? cause.error
    : frostError('process.unavailable', 'The connection to the host process was lost.');

/**
 * Reads a stream in batches until it ends (undefined) or is lost (the error). A timer hands over what came, so that the last
 * event of a quiet run does not wait for the next one.
 */
export const readBatches = async <T>(
  items: AsyncIterable<T>,
  take: (batch: readonly T[]) => void,
  pace: Pace,
  signal: AbortSignal,
): Promise<FrostError | undefined> => {
  let batch: T[] = [];
  let waiting = false;
  const over = new AbortController();
  const flush = () => {
    waiting = false;
    if (batch.length === 0 || signal.aborted) return;
    const full = batch;
    batch = [];
    take(full);
  };
  try {
    for await (const item of items) {
      if (signal.aborted) break;
      batch.push(item);
      if (batch.length >= MAX_BATCH) flush();
      if (waiting) continue;
      waiting = true;
      void pace.wait(BATCH_MS, over.signal).then(flush);
    }
    return undefined;
  } catch (cause) {
    return signal.aborted ? undefined : lost(cause);
  } finally {
    over.abort();
    flush();
  }
};

/** A signal of its own that also ends with the outer one. */
const within = (outer: AbortSignal): { signal: AbortSignal; end(): void } => {
  const inner = new AbortController();
  const end = () => inner.abort();
  outer.addEventListener('abort', end, { once: true });
  if (outer.aborted) end();
  return {
    signal: inner.signal,
    end: () => {
      outer.removeEventListener('abort', end);
      inner.abort();
    },
  };
};

export const followRun = async (
  client: Client,
  id: string,
  sink: RunSink,
  signal: AbortSignal,
  pace: Pace,
): Promise<void> => {
  let delay = FIRST_DELAY;
  let seen = false;
  sink.link('connecting');
  while (!signal.aborted) {
    const shown = await client.call('runs.show', { id }, signal);
    if (signal.aborted) return;
    if (shown.ok) {
      const since = sink.picture(shown.value.run);
      seen = true;
      sink.link('live');
      const part = within(signal);
      let watching = false;
      const watchGap = async () => {
        watching = true;
        await pace.wait(GAP_MS, part.signal);
        watching = false;
        if (sink.early() > 0) part.end();
      };
      const error = await readBatches(
        client.stream('runs.events', { id: shown.value.run.id, since, follow: true }, part.signal),
        (batch) => {
          delay = FIRST_DELAY;
          sink.events(batch);
          if (sink.early() > 0 && !watching) void watchGap();
        },
        pace,
        part.signal,
      );
      part.end();
      if (error !== undefined) sink.link('lost', error);
    } else if (seen || shown.error.retryable) sink.link('lost', shown.error);
    else return sink.failed(shown.error);
    await pace.retry(delay, signal);
    delay = Math.min(LAST_DELAY, delay * 2);
  }
};

/** Follows one host's states and output from the run's first event on; `take` returns the seq to resume after. */
export const followHost = async (
  client: Client,
  run: string,
  host: string,
  take: (batch: readonly RunEvent[]) => number,
  signal: AbortSignal,
  pace: Pace,
): Promise<void> => {
  let since = 0;
  let delay = FIRST_DELAY;
  while (!signal.aborted) {
    const before = since;
    await readBatches(
      client.stream('runs.events', { id: run, since, follow: true, host }, signal),
      (batch) => {
        since = take(batch);
      },
      pace,
      signal,
    );
    if (since > before) delay = FIRST_DELAY;
    await pace.retry(delay, signal);
    delay = Math.min(LAST_DELAY, delay * 2);
  }
};

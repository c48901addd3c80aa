/**
 * Notices a host process that hangs: its connection stays open and says nothing. While the connection is open and nothing is
 * asked, the process is asked for its status every few seconds; an ordinary call, so that any host process understands it
 * and the whole way to it is tried, whatever carries it. One question at a time: when the process goes on, the question that
 * waited is answered, and all is well again by itself.
 */
import type { Client } from '../../shared/contract/contract.ts';
import type { ConnectionStore } from './connection.ts';

/** Between an answer and the next question. */
export const BEAT_MS = 5000;
/** A busy process answers later; one that says nothing for this long is in trouble. */
export const PATIENCE_MS = 15_000;

export type HeartbeatOptions = {
  client: Client;
  connection: ConnectionStore;
  /** setTimeout, replaceable in tests. Returns what stops it. */
  later?: (run: () => void, ms: number) => () => void;
  beatMs?: number;
  patienceMs?: number;
};

const realLater = (run: () => void, ms: number): (() => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** Returns what ends it. */
export const startHeartbeat = (options: HeartbeatOptions): (() => void) => {
  const { client, connection, later = realLater, beatMs = BEAT_MS, patienceMs = PATIENCE_MS } = options;
  const abort = new AbortController();
  let asking = false;
  let stopTimer = () => {};

  const isOpen = () => connection.getState().phase === 'open';
  const heard = () => {
    if (connection.getState().silentSince !== undefined) connection.setState({ silentSince: undefined });
  };

  const ask = async () => {
    if (asking || abort.signal.aborted || !isOpen()) return;
    asking = true;
    const asked = Date.now();
    stopTimer = later(() => {
      if (isOpen()) connection.setState({ silentSince: asked });
    }, patienceMs);
    const status = await client.call('system.status', {}, abort.signal);
    stopTimer();
    asking = false;
    if (abort.signal.aborted) return;
    // Whatever it answers, it answers; a lost connection is told of by who carries it.
    heard();
    if (status.ok && connection.getState().pid !== status.value.pid)
      connection.setState({ pid: status.value.pid });
    stopTimer = later(() => void ask(), beatMs);
  };

  const stopWatching = connection.subscribe((state, before) => {
    if (state.phase === before.phase) return;
    if (state.phase !== 'open') return heard();
    stopTimer();
    void ask();
  });
  void ask();
  return () => {
    abort.abort();
    stopWatching();
    stopTimer();
  };
};

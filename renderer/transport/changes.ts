/**
 * What changed on the host side, for every store of the window: one stream, many listeners. After each opening comes a
 * `reset`: something may have been missed, read everything again.
 */
import type { Client } from '../../shared/contract/contract.ts';
import type { Change } from '../../shared/contract/system.ts';
import type { ConnectionStore } from './connection.ts';
import { followStream } from './followStream.ts';

export type ChangeOrReset = Change | { type: 'reset' };
export type ChangeListener = (change: ChangeOrReset) => void;

export type Changes = {
  /** Returns what ends it. */
  on: (listener: ChangeListener) => () => void;
  start: () => void;
  stop: () => void;
};

export const createChanges = (client: Client, connection: ConnectionStore): Changes => {
  const listeners = new Set<ChangeListener>();
  const abort = new AbortController();
  const tell = (change: ChangeOrReset) => {
    for (const listener of [...listeners]) listener(change);
  };
  const learnInstance = async () => {
    const status = await client.call('system.status', {}, abort.signal);
    if (!status.ok) return;
    const before = connection.getState().instance;
    connection.setState({
      instance: status.value.instance,
      ...(before !== undefined && before !== status.value.instance ? { restartedAt: Date.now() } : {}),
    });
  };
  return {
    on: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    start: () => {
      void followStream({
        client,
        connection,
        name: 'system.changes',
        input: () => ({}),
        onOpen: () => {
          tell({ type: 'reset' });
          void learnInstance();
        },
        onItem: tell,
        signal: abort.signal,
      });
    },
    stop: () => abort.abort(),
  };
};

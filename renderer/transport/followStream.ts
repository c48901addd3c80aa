/** Follows a stream across lost connections: opened again with the input the caller computes from its own cursor. */
import type { CallInput, Client, Item, StreamName } from '../../shared/contract/contract.ts';
import { type FrostError, FrostFault, frostError } from '../../shared/errors.ts';
import { type ConnectionStore, whenOpen } from './connection.ts';

export type Follow<N extends StreamName> = {
  client: Client;
  connection: ConnectionStore;
  name: N;
  /** Asked at every opening: put the cursor of the last item seen into it. */
  input: () => CallInput<N>;
  onItem: (item: Item<N>) => void;
  /** After every opening, before the first item. */
  onOpen?: () => void;
  /** The stream is over by itself. */
  onEnd?: () => void;
  /** It cannot be followed: the host process refused it. A lost connection is not told here. */
  onError?: (error: FrostError) => void;
  signal: AbortSignal;
};

const PAUSE_MS = 500;

export const followStream = async <N extends StreamName>(follow: Follow<N>): Promise<void> => {
  const { client, connection, signal } = follow;
  while (await whenOpen(connection, signal)) {
    try {
      const items = client.stream(follow.name, follow.input(), signal)[Symbol.asyncIterator]();
      let pending = items.next();
      follow.onOpen?.();
      for (;;) {
        const next = await pending;
        if (signal.aborted) return;
        if (next.done === true) return follow.onEnd?.();
        pending = items.next();
        follow.onItem(next.value);
      }
    } catch (fault) {
      if (signal.aborted) return;
      const error =
        fault instanceof FrostFault
          ? fault.error
          : frostError('internal', `The stream ${follow.name} broke.`);
      if (error.code !== 'process.unavailable') return follow.onError?.(error);
      // The carrier may notice a moment later than the stream that it is gone.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
};

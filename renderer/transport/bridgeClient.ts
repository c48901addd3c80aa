/** Electron's carrier: the bridge that the preload script put into the window. */
import type { Bridge } from '../../shared/contract/bridge.ts';
import type { Client, Item, Output, StreamName } from '../../shared/contract/contract.ts';
import { type FrostError, FrostFault, type Result } from '../../shared/errors.ts';
import type { ConnectionStore } from './connection.ts';

declare global {
  interface Window {
    readonly frostline?: Bridge;
  }
}

type LooseCall = (input: unknown) => { result: Promise<Result<unknown>>; cancel: () => void };
type LooseStream = (
  input: unknown,
  onItem: (item: unknown) => void,
  onEnd: (outcome: Result<null>) => void,
) => () => void;

const member = (bridge: Bridge, name: string): unknown => {
  const [group = '', procedure = ''] = name.split('.');
  return (bridge as unknown as Record<string, Record<string, unknown>>)[group]?.[procedure];
};

/** What comes out was validated against the contract in the preload script. */
export const createBridgeClient = (bridge: Bridge, connection: ConnectionStore): Client => {
  bridge.connection((open) =>
    connection.setState((state) =>
      open
        ? { phase: 'open', since: Date.now(), attempt: 0 }
        : {
            phase: state.phase === 'connecting' ? 'connecting' : 'reconnecting',
            since: Date.now(),
            attempt: state.attempt + 1,
          },
    ),
  );

  async function* stream<N extends StreamName>(
    name: N,
    input: unknown,
    signal?: AbortSignal,
  ): AsyncGenerator<Item<N>> {
    const queue: unknown[] = [];
    let over: FrostError | 'end' | undefined;
    let wake = () => {};
    const cancel = (member(bridge, name) as LooseStream)(
      input,
      (item) => {
        queue.push(item);
        wake();
      },
      (outcome) => {
        over = outcome.ok ? 'end' : outcome.error;
        wake();
      },
    );
    const aborted = () => wake();
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      for (;;) {
        while (queue.length > 0 && signal?.aborted !== true) yield queue.shift() as Item<N>;
        if (over === 'end' || signal?.aborted === true) return;
        if (over !== undefined) throw new FrostFault(over);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      signal?.removeEventListener('abort', aborted);
      cancel();
    }
  }

  return {
    call: (name, input, signal) => {
      const running = (member(bridge, name) as LooseCall)(input);
      const abort = () => running.cancel();
      signal?.addEventListener('abort', abort, { once: true });
      return running.result.finally(() => signal?.removeEventListener('abort', abort)) as Promise<
        Result<Output<typeof name>>
      >;
    },
    stream,
  };
};

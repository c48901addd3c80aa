/** Builds the bridge from the contract over a frame client. Pure: what it is put into the window with stands in index.ts. */
import type { Bridge } from '../shared/contract/bridge.ts';
import { bridgeNames } from '../shared/contract/bridge.ts';
import type { CallName, Client, StreamName } from '../shared/contract/contract.ts';
import { err, FrostFault, frostError, ok, type Result } from '../shared/errors.ts';

/** A bridge whose every object is frozen. `connection` as in Bridge. */
export const buildBridge = (client: Client, connection: Bridge['connection']): Bridge => {
  const groups: Record<string, Record<string, unknown>> = {};
  for (const { group, procedure, kind } of bridgeNames()) {
    const name = `${group}.${procedure}`;
    groups[group] ??= {};
    // The names come from the contract itself, one by one; the type system cannot follow them through the loop.
    groups[group][procedure] =
      kind === 'call' ? bridgeCall(client, name as CallName) : bridgeStream(client, name as StreamName);
  }
  for (const group of Object.values(groups)) Object.freeze(group);
  return Object.freeze({ ...groups, connection }) as Bridge;
};

const bridgeCall = (client: Client, name: CallName) => (input: never) => {
  const abort = new AbortController();
  return { result: client.call(name, input, abort.signal), cancel: () => abort.abort() };
};

const bridgeStream =
  (client: Client, name: StreamName) =>
  (input: never, onItem: (item: unknown) => void, onEnd: (outcome: Result<null>) => void) => {
    const abort = new AbortController();
    void (async () => {
      try {
        for await (const item of client.stream(name, input, abort.signal)) onItem(item);
        onEnd(ok(null));
      } catch (fault) {
        onEnd(
          err(
            fault instanceof FrostFault ? fault.error : frostError('internal', `The stream ${name} broke.`),
          ),
        );
      }
    })();
    return () => abort.abort();
  };

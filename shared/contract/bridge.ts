/**
 * What Electron's preload script puts into the window as `window.frostline`: one function per procedure of the contract and
 * the state of the connection. Only what crosses the context bridge stands in it: plain values, promises and functions.
 */
import type { Result } from '../errors.ts';
import {
  type CallInput,
  type CallName,
  contract,
  type FrostContract,
  type Item,
  type Output,
  type ProcedureName,
  type StreamName,
} from './contract.ts';

/** A call under way; `cancel` makes its result `cancelled`. */
export type BridgeCall<O> = { result: Promise<Result<O>>; cancel: () => void };

/** Ends with exactly one `onEnd`: without an error when the stream is over or was cancelled. */
export type BridgeStream<I, E> = (
  input: I,
  onItem: (item: E) => void,
  onEnd: (outcome: Result<null>) => void,
) => () => void;

export type BridgeProcedure<N extends ProcedureName> = N extends CallName
  ? (input: CallInput<N>) => BridgeCall<Output<N>>
  : N extends StreamName
    ? BridgeStream<CallInput<N>, Item<N>>
    : never;

type Name<G extends keyof FrostContract, P> = P extends string ? Extract<`${G}.${P}`, ProcedureName> : never;

export type Bridge = {
  readonly [G in keyof FrostContract]: {
    readonly [P in keyof FrostContract[G]]: BridgeProcedure<Name<G, P>>;
  };
} & {
  /** Told at once, and at every change: whether the host process is connected. Returns what ends it. */
  readonly connection: (listener: (open: boolean) => void) => () => void;
};

/** The names the bridge has, group by group, in the contract's order. */
export const bridgeNames = (): { group: string; procedure: string; kind: 'call' | 'stream' }[] =>
  Object.entries(contract).flatMap(([group, procedures]) =>
    Object.entries(procedures).map(([name, declared]) => ({
      group,
      procedure: name,
      kind: declared.kind === 'stream' ? ('stream' as const) : ('call' as const),
    })),
  );

/**
 * The contract's client over anything that carries frames (wire.ts). It numbers calls, hands out answers and stream items,
 * and validates both with the contract's own schemas. It knows no carrier: whoever owns one feeds `receive` and calls
 * `lost` when it is gone.
 */
import { err, type FrostError, FrostFault, frostError, ok, type Result } from '../errors.ts';
import type { CallInput, CallName, Client, Item, Output, ProcedureName, StreamName } from './contract.ts';
import type { Procedure } from './define.ts';
import { type ClientFrame, HostFrame } from './wire.ts';

type Waiting = {
  result: (value: unknown) => void | Promise<void>;
  error: (error: FrostError) => void;
  item: (value: unknown) => void;
  end: () => void;
};

export type FrameClient = {
  client: Client;
  /** One whole frame, as JSON text. False: it was not a frame, and the carrier should be closed. */
  receive: (text: string) => boolean;
  /** Everything under way ends with this error. What is called afterwards goes to `send` as before. */
  lost: (error: FrostError) => void;
};

const wrongAnswer = (name: string): FrostError =>
  frostError('internal', `The host process answered ${name} with something else than the contract says.`);

const cancelled = (): FrostError => frostError('cancelled', 'It was cancelled before the answer came.');

/** `send` takes one frame as JSON text; `find` is `procedure` of contract.ts, or of lazy.ts. */
export const createFrameClient = (
  send: (text: string) => void,
  find: (name: string) => Procedure | undefined | Promise<Procedure | undefined>,
): FrameClient => {
  const waiting = new Map<number, Waiting>();
  let next = 1;
  const post = (frame: ClientFrame) => send(JSON.stringify(frame));

  const begin = (kind: 'call' | 'stream', name: ProcedureName, input: unknown, entry: Waiting): number => {
    const id = next;
    next += 1;
    waiting.set(id, entry);
    post({ t: kind, id, name, input });
    return id;
  };

  const call = <N extends CallName>(
    name: N,
    input: CallInput<N>,
    signal?: AbortSignal,
  ): Promise<Result<Output<N>, FrostError>> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve(err(cancelled()));
      let id = 0;
      const abort = () => {
        if (waiting.delete(id)) post({ t: 'cancel', id });
        resolve(err(cancelled()));
      };
      const settle = (result: Result<Output<N>>) => {
        signal?.removeEventListener('abort', abort);
        resolve(result);
      };
      // Read while the answer is under way.
      const finding = Promise.resolve(find(name)).catch(() => undefined);
      id = begin('call', name, input, {
        result: async (value) => {
          const known = await finding;
          const parsed =
            known === undefined || known.kind === 'stream' ? undefined : known.output.safeParse(value);
          // The schema of N was chosen by the name itself, which the type system cannot follow through a look-up.
          settle(parsed?.success === true ? ok(parsed.data as Output<N>) : err(wrongAnswer(name)));
        },
        error: (error) => settle(err(error)),
        item: () => settle(err(wrongAnswer(name))),
        end: () => settle(err(wrongAnswer(name))),
      });
      signal?.addEventListener('abort', abort, { once: true });
    });

  async function* stream<N extends StreamName>(
    name: N,
    input: CallInput<N>,
    signal?: AbortSignal,
  ): AsyncGenerator<Item<N>> {
    // Asked for at once where the schemas are there: whoever loses the connection in this very moment is told so.
    const found = find(name);
    const known = found instanceof Promise ? await found : found;
    if (known?.kind !== 'stream') throw new FrostFault(frostError('internal', `${name} is not a stream.`));
    const queue: unknown[] = [];
    let over: FrostError | 'end' | undefined;
    let wake = () => {};
    const finish = (how: FrostError | 'end') => {
      over = how;
      wake();
    };
    const id = begin('stream', name, input, {
      result: () => finish(wrongAnswer(name)),
      error: finish,
      end: () => finish('end'),
      item: (value) => {
        queue.push(value);
        wake();
      },
    });
    const aborted = () => wake();
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      for (;;) {
        while (queue.length > 0 && signal?.aborted !== true) {
          const parsed = known.item.safeParse(queue.shift());
          if (!parsed.success) throw new FrostFault(wrongAnswer(name));
          yield parsed.data as Item<N>;
        }
        if (over === 'end' || signal?.aborted === true) return;
        if (over !== undefined) throw new FrostFault(over);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      signal?.removeEventListener('abort', aborted);
      if (waiting.delete(id)) post({ t: 'cancel', id });
    }
  }

  return {
    client: { call, stream },
    receive: (text) => {
      const frame = readFrame(text);
      if (frame === null) return false;
      const entry = waiting.get(frame.id);
      if (entry === undefined) return true;
      if (frame.t !== 'item') waiting.delete(frame.id);
      if (frame.t === 'result') void entry.result(frame.value);
      else if (frame.t === 'error') entry.error(frame.error);
      else if (frame.t === 'item') entry.item(frame.value);
      else entry.end();
      return true;
    },
    lost: (error) => {
      const entries = [...waiting.values()];
      waiting.clear();
      for (const entry of entries) entry.error(error);
    },
  };
};

const readFrame = (text: string): HostFrame | null => {
  try {
    const parsed = HostFrame.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

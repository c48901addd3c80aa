/** The contract's client over a channel. When the channel closes, calls under way get `process.unavailable` and streams end with that fault. */
import type {
  CallInput,
  CallName,
  Client,
  Item,
  Output,
  ProcedureName,
  StreamName,
} from '../../../shared/contract/contract.ts';
import { procedure } from '../../../shared/contract/contract.ts';
import { type ClientFrame, HostFrame } from '../../../shared/contract/wire.ts';
import { err, type FrostError, FrostFault, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Channel } from './channel.ts';

type Waiting = {
  result(value: unknown): void;
  error(error: FrostError): void;
  item(value: unknown): void;
  end(): void;
};

const lost = () =>
  frostError('process.unavailable', 'The connection to the host process was lost.', {
    hint: 'It is started again by the next command; runs go on.',
  });

export type ChannelClient = Client & { close(): void; closed: Promise<void> };

export const createClient = (channel: Channel, hello: { actor: string; token?: string }): ChannelClient => {
  const waiting = new Map<number, Waiting>();
  let next = 1;
  let open = true;
  const send = (frame: ClientFrame) => channel.send(JSON.stringify(frame));

  channel.onFrame((text) => {
    const frame = readFrame(text);
    if (frame === null) return channel.close();
    const entry = waiting.get(frame.id);
    if (entry === undefined) return;
    if (frame.t !== 'item') waiting.delete(frame.id);
    if (frame.t === 'result') entry.result(frame.value);
    else if (frame.t === 'error') entry.error(frame.error);
    else if (frame.t === 'item') entry.item(frame.value);
    else entry.end();
  });

  const closed = new Promise<void>((resolve) => {
    channel.onClose(() => {
      open = false;
      for (const entry of waiting.values()) entry.error(lost());
      waiting.clear();
      resolve();
    });
  });
  send({ t: 'hello', actor: hello.actor, ...(hello.token === undefined ? {} : { token: hello.token }) });

  const begin = (
    kind: 'call' | 'stream',
    name: ProcedureName,
    input: unknown,
    entry: Waiting,
    signal?: AbortSignal,
  ): number => {
    const id = next++;
    waiting.set(id, entry);
    send({ t: kind, id, name, input });
    signal?.addEventListener('abort', () => waiting.has(id) && send({ t: 'cancel', id }), { once: true });
    return id;
  };

  const call = <N extends CallName>(
    name: N,
    input: CallInput<N>,
    signal?: AbortSignal,
  ): Promise<Result<Output<N>, FrostError>> =>
    new Promise((resolve) => {
      if (!open) return resolve(err(lost()));
      const known = procedure(name);
      const done = (value: unknown) => {
        const parsed =
          known === undefined || known.kind === 'stream' ? undefined : known.output.safeParse(value);
        // The schema of N was chosen by the name itself, which the type system cannot follow through a look-up.
        resolve(
          parsed?.success
            ? ok(parsed.data as Output<N>)
            : err(
                frostError(
                  'internal',
                  `The host process answered ${name} with something else than the contract says.`,
                ),
              ),
        );
      };
      begin(
        'call',
        name,
        input,
        { result: done, error: (error) => resolve(err(error)), item: () => {}, end: () => {} },
        signal,
      );
    });

  async function* stream<N extends StreamName>(
    name: N,
    input: CallInput<N>,
    signal?: AbortSignal,
  ): AsyncGenerator<Item<N>> {
    if (!open) throw new FrostFault(lost());
    const known = procedure(name);
    if (known?.kind !== 'stream') throw new FrostFault(frostError('internal', `${name} is not a stream.`));
    const queue: unknown[] = [];
    let over: FrostError | 'end' | null = null;
    let wake = () => {};
    const finish = (how: FrostError | 'end') => {
      over = how;
      wake();
    };
    const id = begin(
      'stream',
      name,
      input,
      {
        result: () => finish('end'),
        error: finish,
        end: () => finish('end'),
        item: (value) => {
          queue.push(value);
          wake();
        },
      },
      signal,
    );
    signal?.addEventListener('abort', () => wake(), { once: true });
    try {
      for (;;) {
        while (queue.length > 0) yield known.item.parse(queue.shift()) as Item<N>;
        if (over === 'end' || signal?.aborted) return;
        if (over !== null) throw new FrostFault(over);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      if (waiting.delete(id) && open) send({ t: 'cancel', id });
    }
  }

  return { call, stream, close: () => channel.close(), closed };
};

const readFrame = (text: string): HostFrame | null => {
  try {
    const parsed = HostFrame.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

/**
 * Serves the contract over a channel. Every frame and every input is validated here; whatever a caller sends, it gets a
 * typed answer, and one caller's nonsense never reaches another. Outputs are validated too: what leaves is what the
 * contract says.
 */
import type { Caller, Handlers } from '../../../shared/contract/contract.ts';
import { procedure } from '../../../shared/contract/contract.ts';
import type { Procedure } from '../../../shared/contract/define.ts';
import { ClientFrame, type HostFrame, MAX_FRAME_BYTES } from '../../../shared/contract/wire.ts';
import { type FrostError, FrostFault, frostError, type Result } from '../../../shared/errors.ts';
import { invalidInput } from '../../core/inputWords.ts';
import type { Log } from '../../core/ports.ts';
import type { Channel } from './channel.ts';

export type ServeOptions = {
  handlers: Handlers;
  log: Log;
  correlationId(): string;
  /** Whoever connects must say this first; absent: the carrier has already made sure who it is. */
  token?: string;
  onHello?(actor: string): void;
};

type LooseHandler = (input: unknown, caller: Caller) => unknown;

/** No caller may have more calls and streams open than this at once. */
const MAX_OPEN = 2000;

export const serveChannel = (channel: Channel, options: ServeOptions): void => {
  const open = new Map<number, AbortController>();
  let actor = options.token === undefined ? 'local' : null;

  const send = (frame: HostFrame) => channel.send(JSON.stringify(frame));
  const answer = (id: number, error: FrostError) => send({ t: 'error', id, error });

  const perform = async (frame: ClientFrame & { t: 'call' | 'stream' }, who: string) => {
    const known = procedure(frame.name);
    if (known === undefined || (known.kind === 'stream') !== (frame.t === 'stream')) {
      return answer(
        frame.id,
        frostError('input.invalid', `There is no ${frame.t} named "${printable(frame.name)}".`),
      );
    }
    const input = known.input.safeParse(frame.input);
    if (!input.success) return answer(frame.id, invalidInput(input.error));
    const abort = new AbortController();
    open.set(frame.id, abort);
    const handler = (options.handlers as Record<string, LooseHandler | undefined>)[frame.name];
    try {
      if (handler === undefined) throw new Error(`no handler for ${frame.name}`);
      const caller: Caller = { signal: abort.signal, actor: who };
      if (known.kind === 'stream')
        await pump(frame.id, known, handler(input.data, caller) as AsyncIterable<unknown>, abort.signal);
      else await reply(frame, known, (await handler(input.data, caller)) as Result<unknown>);
    } catch (thrown) {
      answer(frame.id, explain(thrown, frame.name, options));
    } finally {
      open.delete(frame.id);
    }
  };

  const reply = async (
    frame: ClientFrame & { t: 'call' | 'stream' },
    known: Exclude<Procedure, { kind: 'stream' }>,
    result: Result<unknown>,
  ) => {
    if (!result.ok) return answer(frame.id, result.error);
    send({ t: 'result', id: frame.id, value: known.output.parse(result.value) });
  };

  const pump = async (
    id: number,
    known: Extract<Procedure, { kind: 'stream' }>,
    items: AsyncIterable<unknown>,
    signal: AbortSignal,
  ) => {
    for await (const item of items) {
      if (signal.aborted) break;
      send({ t: 'item', id, value: known.item.parse(item) });
      await channel.drained();
    }
    send({ t: 'end', id });
  };

  channel.onFrame((text) => {
    const frame = readFrame(text);
    if (frame === null) {
      options.log.write('warn', 'a malformed frame was refused');
      return channel.close();
    }
    switch (frame.t) {
      case 'hello':
        if (options.token !== undefined && frame.token !== options.token) return channel.close();
        actor = frame.actor;
        options.onHello?.(actor);
        return;
      case 'cancel':
        open.get(frame.id)?.abort();
        return;
      case 'call':
      case 'stream':
        if (actor === null) return channel.close();
        if (open.has(frame.id) || open.size >= MAX_OPEN) {
          return answer(
            frame.id,
            frostError('input.invalid', 'This call number is in use, or too many calls are open.'),
          );
        }
        void perform(frame, actor);
    }
  });

  channel.onClose(() => {
    for (const abort of open.values()) abort.abort();
  });
};

const readFrame = (text: string): ClientFrame | null => {
  if (text.length > MAX_FRAME_BYTES) return null;
  try {
    const parsed = ClientFrame.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);

const explain = (thrown: unknown, name: string, options: ServeOptions): FrostError => {
  if (thrown instanceof FrostFault) return thrown.error;
  const correlationId = options.correlationId();
  options.log.write('error', 'a call failed unexpectedly', {
    name,
    correlationId,
    error: String(thrown instanceof Error ? thrown.stack : thrown),
  });
  return frostError('internal', `Something unexpected went wrong in ${name}.`, {
    correlationId,
    hint: `The log has the details under ${correlationId}.`,
  });
};

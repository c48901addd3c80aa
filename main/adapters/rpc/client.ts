/** The contract's client over a channel. When the channel closes, calls under way get `process.unavailable` and streams end with that fault. */

import { createFrameClient } from '../../../shared/contract/client.ts';
import type { Client } from '../../../shared/contract/contract.ts';
import { loadProcedure } from '../../../shared/contract/lazy.ts';
import { err, FrostFault, frostError } from '../../../shared/errors.ts';
import type { Channel } from './channel.ts';

const lost = () =>
  frostError('process.unavailable', 'The connection to the host process was lost.', {
    hint: 'It is started again by the next command; runs go on.',
  });

export type ChannelClient = Client & { close(): void };

export const createClient = (channel: Channel, hello: { actor: string; token?: string }): ChannelClient => {
  const frames = createFrameClient((text) => channel.send(text), loadProcedure);
  let open = true;
  channel.onFrame((text) => {
    if (!frames.receive(text)) channel.close();
  });
  channel.onClose(() => {
    open = false;
    frames.lost(lost());
  });
  channel.send(
    JSON.stringify({
      t: 'hello',
      actor: hello.actor,
      ...(hello.token === undefined ? {} : { token: hello.token }),
    }),
  );
  return {
    call: async (name, input, signal) => (open ? frames.client.call(name, input, signal) : err(lost())),
    stream: (name, input, signal) => {
      if (!open) throw new FrostFault(lost());
      return frames.client.stream(name, input, signal);
    },
    close: () => channel.close(),
  };
};

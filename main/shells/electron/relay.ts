/** Carries frames between a window's port and the host process, and gives the window a new port when the host process was started again. */

import type { Result } from '../../../shared/errors.ts';
import type { Channel } from '../../adapters/rpc/channel.ts';

/** The part of Electron's MessagePortMain that is used. */
export type MainPort = {
  postMessage(message: string): void;
  start(): void;
  close(): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
};

export type RelayParts = {
  attach(): Promise<Result<{ channel: Channel; token: string }>>;
  /** Makes a pair and sends the far end to the window. */
  newPort(): MainPort;
  wait(ms: number): Promise<unknown>;
  /** The window is still there. */
  alive(): boolean;
};

const RETRY_MS = 1000;

/** Runs until the window is gone. */
export const relayWindow = async (parts: RelayParts): Promise<void> => {
  while (parts.alive()) {
    const attached = await parts.attach();
    if (!attached.ok) {
      await parts.wait(RETRY_MS);
      continue;
    }
    const { channel, token } = attached.value;
    const port = parts.newPort();
    const ended = new Promise<void>((resolve) => {
      channel.onClose(resolve);
      port.on('close', resolve);
    });
    channel.onFrame((text) => port.postMessage(text));
    channel.send(JSON.stringify({ t: 'hello', actor: 'window', token }));
    port.on('message', ({ data }) => {
      if (typeof data === 'string') channel.send(data);
    });
    port.start();
    await ended;
    channel.close();
    port.close();
  }
};

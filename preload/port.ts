/** Carries frames over whichever MessagePort is the current one; what is sent while there is none waits for it. */
import type { FrameClient } from '../shared/contract/client.ts';
import { frostError } from '../shared/errors.ts';

/** The part of a DOM MessagePort that is used; `close` fires when the other end is gone. */
export type FramePort = {
  postMessage(text: string): void;
  start(): void;
  close(): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: () => void): void;
};

export type PortLink = {
  send: (text: string) => void;
  /** Where frames that arrive go; once, before the first port. */
  attach: (frames: Pick<FrameClient, 'receive' | 'lost'>) => void;
  use: (port: FramePort) => void;
  connection: (listener: (open: boolean) => void) => () => void;
};

/** More than this many frames do not wait for a host process that does not come. */
const MAX_EARLY = 1000;

const gone = () =>
  frostError('process.unavailable', 'The connection to the host process was lost before it answered.', {
    hint: 'The host process is started again by itself. Look at the present state before you repeat a change.',
  });

export const createPortLink = (): PortLink => {
  const listeners = new Set<(open: boolean) => void>();
  let frames: Pick<FrameClient, 'receive' | 'lost'> = { receive: () => true, lost: () => {} };
  let current: FramePort | undefined;
  let early: string[] = [];
  const tell = (open: boolean) => {
    for (const listener of listeners) listener(open);
  };

  const drop = (port: FramePort) => {
    if (current !== port) return;
    current = undefined;
    frames.lost(gone());
    tell(false);
  };

  return {
    send: (text) => {
      if (current !== undefined) current.postMessage(text);
      else if (early.length < MAX_EARLY) early.push(text);
      else frames.lost(gone());
    },
    attach: (to) => {
      frames = to;
    },
    use: (port) => {
      const before = current;
      if (before !== undefined) {
        drop(before);
        before.close();
      }
      current = port;
      port.addEventListener('message', (event) => {
        if (current !== port) return;
        if (typeof event.data !== 'string' || !frames.receive(event.data)) {
          drop(port);
          port.close();
        }
      });
      port.addEventListener('close', () => drop(port));
      port.start();
      const waiting = early;
      early = [];
      for (const text of waiting) port.postMessage(text);
      tell(true);
    },
    connection: (listener) => {
      listeners.add(listener);
      listener(current !== undefined);
      return () => {
        listeners.delete(listener);
      };
    },
  };
};

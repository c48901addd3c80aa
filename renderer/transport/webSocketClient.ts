/**
 * The browser shell's carrier: one WebSocket at `/ws` beside the page, opened again with a growing pause whenever it is lost.
 * Calls made while it is not open wait for it a while; calls under way when it is lost end with `process.unavailable`,
 * for nobody knows whether they were done.
 */

import { createFrameClient } from '../../shared/contract/client.ts';
import { type Client, procedure } from '../../shared/contract/contract.ts';
import type { ClientFrame } from '../../shared/contract/wire.ts';
import { frostError } from '../../shared/errors.ts';
import type { ConnectionStore } from './connection.ts';

/** One connection: what goes out, and what it tells about. `close` comes once, also when it could not be opened. */
export type Socket = { send: (text: string) => void; close: () => void };
export type SocketEvents = { open: () => void; message: (data: unknown) => void; close: () => void };

export type WebSocketClientOptions = {
  open: (events: SocketEvents) => Socket;
  connection: ConnectionStore;
  /** Whether the server still knows this page; asked after a failed attempt. */
  admitted: () => Promise<boolean>;
  /** setTimeout, replaceable in tests. Returns what stops it. */
  later: (run: () => void, ms: number) => () => void;
};

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
/** How long a call waits for the connection. */
export const CALL_WAIT_MS = 15_000;

export const createWebSocketClient = (options: WebSocketClientOptions): Client & { close: () => void } => {
  const { connection } = options;
  let socket: Socket | undefined;
  let closed = false;
  let early: string[] = [];
  let stopWaiting: (() => void) | undefined;

  const isOpen = () => connection.getState().phase === 'open';
  const send = (text: string) => {
    if (isOpen()) socket?.send(text);
    else {
      early.push(text);
      stopWaiting ??= options.later(giveUp, CALL_WAIT_MS);
    }
  };
  const frames = createFrameClient(send, procedure);
  const giveUp = () => {
    stopWaiting = undefined;
    early = [];
    frames.lost(
      frostError('process.unavailable', 'The host process cannot be reached.', {
        hint: 'The window keeps trying; nothing was changed.',
      }),
    );
  };

  const connect = () => {
    let opened = false;
    const mine: Socket = options.open({
      open: () => {
        if (closed) return;
        opened = true;
        const hello: ClientFrame = { t: 'hello', actor: 'window' };
        mine.send(JSON.stringify(hello));
        stopWaiting?.();
        stopWaiting = undefined;
        const waiting = early;
        early = [];
        for (const text of waiting) mine.send(text);
        connection.setState({ phase: 'open', since: Date.now(), attempt: 0 });
      },
      message: (data) => {
        if (typeof data !== 'string' || !frames.receive(data)) mine.close();
      },
      close: () => {
        if (closed || socket !== mine) return;
        socket = undefined;
        gone(opened);
      },
    });
    socket = mine;
  };

  const gone = (opened: boolean) => {
    const { attempt } = connection.getState();
    connection.setState({
      phase: 'reconnecting',
      attempt: attempt + 1,
      ...(opened ? { since: Date.now() } : {}),
    });
    if (!opened) {
      void retry(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10)));
      return;
    }
    frames.lost(
      frostError('process.unavailable', 'The connection to the host process was lost before it answered.', {
        hint: 'Look at the present state before you repeat a change.',
      }),
    );
    options.later(connect, FIRST_PAUSE_MS);
  };

  const retry = async (pause: number) => {
    if (await options.admitted()) options.later(connect, pause);
    else connection.setState({ phase: 'signed-out', since: Date.now() });
  };

  connect();
  return {
    ...frames.client,
    close: () => {
      closed = true;
      stopWaiting?.();
      socket?.close();
    },
  };
};

/** The real thing: a WebSocket beside the page. */
export const browserSocketOptions = (
  page: Location,
  connection: ConnectionStore,
): WebSocketClientOptions => ({
  open: (events) => {
    const socket = new WebSocket(`${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}/ws`);
    socket.onopen = events.open;
    socket.onmessage = (event) => events.message(event.data);
    socket.onclose = events.close;
    return { send: (text) => socket.send(text), close: () => socket.close() };
  },
  connection,
  admitted: async () => {
    try {
      return (await fetch('./', { method: 'HEAD', cache: 'no-store' })).status !== 401;
    } catch {
      // The server is not there at all: it may come back.
      return true;
    }
  },
  later: (run, ms) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
});

/** The window's WebSocket: comes back by itself, and never guesses what became of a call whose answer was lost. */
import { describe, expect, test } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { serveChannel } from '../../../../main/adapters/rpc/serve.ts';
import { createChanges } from '../../../../renderer/transport/changes.ts';
import { type ConnectionState, connection as shape } from '../../../../renderer/transport/connection.ts';
import { followStream } from '../../../../renderer/transport/followStream.ts';
import {
  CALL_WAIT_MS,
  createWebSocketClient,
  type SocketEvents,
} from '../../../../renderer/transport/webSocketClient.ts';
import { createMockHost, type MockHost } from '../../../support/mockHost.ts';
import { collectingLog, settle } from '../../../support/ports.ts';

type Attempt = { events: SocketEvents; sent: string[]; accept: () => void; drop: () => void };

const setup = (host: MockHost = createMockHost()) => {
  const connection = createStore<ConnectionState>(() => ({
    ...shape.getInitialState(),
    phase: 'connecting',
  }));
  const attempts: Attempt[] = [];
  const timers: { run: () => void; ms: number }[] = [];
  let admitted = true;
  const client = createWebSocketClient({
    connection,
    admitted: async () => admitted,
    later: (run, ms) => {
      const timer = { run, ms };
      timers.push(timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at >= 0) timers.splice(at, 1);
      };
    },
    open: (events) => {
      let toHost: (text: string) => void = () => {};
      const sent: string[] = [];
      attempts.push({
        events,
        sent,
        accept: () => {
          serveChannel(
            {
              send: (text) => events.message(text),
              onFrame: (receive) => {
                toHost = receive;
              },
              onClose: () => {},
              close: () => events.close(),
              drained: async () => {},
            },
            { handlers: host.handlers, log: collectingLog(), correlationId: () => 'c' },
          );
          events.open();
        },
        drop: events.close,
      });
      return {
        send: (text) => {
          sent.push(text);
          toHost(text);
        },
        close: events.close,
      };
    },
  });
  const last = (): Attempt => {
    const attempt = attempts.at(-1);
    if (attempt === undefined) throw new Error('nothing was opened');
    return attempt;
  };
  /** Runs the newest timer and returns its pause. */
  const tick = (): number => {
    const timer = timers.pop();
    if (timer === undefined) throw new Error('no timer waits');
    timer.run();
    return timer.ms;
  };
  return { client, connection, attempts, timers, last, tick, host, refuse: () => (admitted = false) };
};

describe('connecting', () => {
  test('says hello first, then what was called early', async () => {
    const { client, last, connection } = setup();
    const answer = client.call('system.status', {});
    last().accept();
    expect(last().sent.map((text) => JSON.parse(text).t)).toEqual(['hello', 'call']);
    expect((await answer).ok).toBe(true);
    expect(connection.getState().phase).toBe('open');
  });

  test('a call does not wait for ever', async () => {
    const { client, timers } = setup();
    const answer = client.call('system.status', {});
    const wait = timers.find((timer) => timer.ms === CALL_WAIT_MS);
    wait?.run();
    expect(await answer).toMatchObject({ ok: false, error: { code: 'process.unavailable' } });
  });

  test('tries again with a growing pause that has a limit', async () => {
    const { last, tick } = setup();
    const pauses: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      last().drop();
      await settle();
      pauses.push(tick());
    }
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  });

  test('stops trying when the server does not know the page any more', async () => {
    const { last, connection, timers, refuse } = setup();
    refuse();
    last().drop();
    await settle();
    expect(connection.getState().phase).toBe('signed-out');
    expect(timers).toEqual([]);
  });

  test('closes a socket that talks nonsense', async () => {
    const { last, connection } = setup();
    last().accept();
    last().events.message('{"t":"item"}');
    expect(connection.getState().phase).toBe('reconnecting');
  });
});

describe('losing the connection', () => {
  test('ends calls under way, for nobody knows whether they were done', async () => {
    const { client, last } = setup(createMockHost({ mood: 'loading' }));
    last().accept();
    const answer = client.call('hosts.list', {});
    last().drop();
    expect(await answer).toMatchObject({
      ok: false,
      error: { code: 'process.unavailable', retryable: true },
    });
  });

  test('a followed stream comes back with the cursor of the last item', async () => {
    const host = createMockHost();
    const { runId } = await host.fill();
    const { client, connection, last, tick } = setup(host);
    last().accept();
    const seen: number[] = [];
    const abort = new AbortController();
    const followed = followStream({
      client,
      connection,
      name: 'runs.events',
      input: () => ({ id: runId, since: seen.at(-1) ?? 0, follow: false }),
      onItem: (event) => {
        seen.push(event.seq);
        // In the middle of the stream, once.
        if (event.seq === 20) last().drop();
      },
      signal: abort.signal,
    });
    await expect.poll(() => connection.getState().phase).toBe('reconnecting');
    tick();
    last().accept();
    while (host.step(runId, 20));
    await followed;
    const { seq } = host.state.runs[0] ?? { seq: -1 };
    expect(seen).toEqual(Array.from({ length: seq }, (_, index) => index + 1));
  });

  test('tells everybody to read again, and notices another host process', async () => {
    const { client, connection, last, tick, host } = setup();
    const changes = createChanges(client, connection);
    const told: string[] = [];
    changes.on((change) => told.push(change.type));
    changes.start();
    last().accept();
    await expect.poll(() => connection.getState().instance).toBe(host.state.instance);
    expect(connection.getState().restartedAt).toBeUndefined();
    host.hub.announce({ type: 'hosts' });
    await expect.poll(() => told).toEqual(['reset', 'hosts']);
    last().drop();
    host.state.instance = '00000000-0000-4000-8000-00000000beef';
    tick();
    last().accept();
    await expect.poll(() => connection.getState().restartedAt).toBeTypeOf('number');
    expect(told).toEqual(['reset', 'hosts', 'reset']);
    changes.stop();
  });
});

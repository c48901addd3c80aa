/** A host process that hangs: the connection is open, and nobody answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { createClient } from '../../../../main/adapters/rpc/client.ts';
import { connectLocal } from '../../../../main/adapters/rpc/socket.ts';
import { readPresence } from '../../../../main/shells/process/folder.ts';
import { type ConnectionState, connection as shape } from '../../../../renderer/transport/connection.ts';
import { BEAT_MS, PATIENCE_MS, startHeartbeat } from '../../../../renderer/transport/heartbeat.ts';
import type { Client } from '../../../../shared/contract/contract.ts';
import { fail } from '../../../../shared/errors.ts';
import { settle } from '../../../support/ports.ts';

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const stored = (phase: ConnectionState['phase']) =>
  createStore<ConnectionState>(() => ({ ...shape.getInitialState(), phase }));

const setup = (phase: ConnectionState['phase'] = 'open') => {
  const connection = stored(phase);
  const timers: { run: () => void; ms: number }[] = [];
  const questions: ((answer: unknown) => void)[] = [];
  const client = {
    call: (name: string) => {
      expect(name).toBe('system.status');
      return new Promise((resolve) => questions.push(resolve));
    },
    stream: () => {
      throw new Error('a heartbeat needs no stream');
    },
  } as unknown as Client;
  ends.push(
    startHeartbeat({
      client,
      connection,
      later: (run, ms) => {
        const timer = { run, ms };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
      },
    }),
  );
  const answer = async (given: unknown = { ok: true, value: { pid: 4711 } }) => {
    questions.shift()?.(given);
    await settle();
  };
  /** Runs the one timer that waits; how long it was set for. */
  const tick = (): number => {
    const timer = timers.shift();
    timer?.run();
    return timer?.ms ?? -1;
  };
  return { connection, timers, questions, answer, tick };
};

describe('the heartbeat', () => {
  test('asks again a while after each answer, one question at a time, and learns who answers', async () => {
    const { connection, timers, questions, answer, tick } = setup();
    for (let beat = 0; beat < 3; beat += 1) {
      expect(questions).toHaveLength(1);
      await answer();
      expect(connection.getState()).toMatchObject({ silentSince: undefined, pid: 4711 });
      expect(timers).toHaveLength(1);
      expect(tick()).toBe(BEAT_MS);
    }
  });

  test('finds a process silent that does not answer in time, and well again when it does', async () => {
    const { connection, questions, answer, tick } = setup();
    expect(tick()).toBe(PATIENCE_MS);
    expect(connection.getState().silentSince).toBeTypeOf('number');
    expect(connection.getState().phase).toBe('open');
    expect(questions).toHaveLength(1);
    await answer();
    expect(connection.getState().silentSince).toBeUndefined();
    expect(tick()).toBe(BEAT_MS);
  });

  test('takes a refusal for an answer', async () => {
    const { connection, answer, tick } = setup();
    tick();
    await answer(fail('store.full', 'full'));
    expect(connection.getState().silentSince).toBeUndefined();
  });

  test('asks nothing while there is no connection, and says nothing of a process that is not there', async () => {
    const { connection, questions, answer, tick } = setup('connecting');
    expect(questions).toHaveLength(0);
    connection.setState({ phase: 'open' });
    expect(questions).toHaveLength(1);
    tick();
    connection.setState({ phase: 'reconnecting' });
    expect(connection.getState().silentSince).toBeUndefined();
    await answer(fail('process.unavailable', 'lost'));
    tick();
    expect(questions).toHaveLength(0);
    connection.setState({ phase: 'open' });
    expect(questions).toHaveLength(1);
  });
});

const HOST = join(import.meta.dirname, '../../../../main/shells/process/main.ts');

describe.skipIf(process.platform === 'win32')('a real host process', () => {
  const started = async (dataDir: string): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [HOST, dataDir], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    ends.push(async () => {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    });
    const [told] = await once(child, 'message');
    expect(told).toEqual({ ready: true });
    return child;
  };

  test('that is stopped is found silent, and well again when it goes on', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'frostline-heartbeat-'));
    ends.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const child = await started(dataDir);
    const presence = readPresence(dataDir);
    const channel = await connectLocal(presence?.socket ?? '');
    if (!channel.ok || presence === null) throw new Error('the host process cannot be reached');
    const client = createClient(channel.value, { actor: 'window', token: presence.token });
    ends.push(() => client.close());
    const connection = stored('open');
    ends.push(startHeartbeat({ client, connection, beatMs: 20, patienceMs: 400 }));
    await vi.waitFor(() => expect(connection.getState().pid).toBe(child.pid), { timeout: 10_000 });
    child.kill('SIGSTOP');
    await vi.waitFor(() => expect(connection.getState().silentSince).toBeTypeOf('number'), {
      timeout: 10_000,
    });
    child.kill('SIGCONT');
    await vi.waitFor(() => expect(connection.getState().silentSince).toBeUndefined(), { timeout: 10_000 });
    expect(connection.getState().phase).toBe('open');
  });
});

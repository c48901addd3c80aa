import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../main/adapters/rpc/channel.ts';
import { createClient } from '../../../main/adapters/rpc/client.ts';
import { serveChannel } from '../../../main/adapters/rpc/serve.ts';
import { connectLocal, listenLocal, socketPath } from '../../../main/adapters/rpc/socket.ts';
import type { Handlers } from '../../../shared/contract/contract.ts';
import { contract, procedure } from '../../../shared/contract/contract.ts';
import { loadProcedure } from '../../../shared/contract/lazy.ts';
import { HostFrame } from '../../../shared/contract/wire.ts';
import { ErrorCode, FrostFault, fail, frostError, ok } from '../../../shared/errors.ts';
import { channelPair } from '../../support/channelPair.ts';

const silent = { write: () => {} };

/** Only what these tests call; anything else answers as a missing handler does. */
const handlers = (some: Partial<Handlers>): Handlers => some as Handlers;

const connect = (some: Partial<Handlers>, token?: string) => {
  const [near, far] = channelPair();
  serveChannel(far, {
    handlers: handlers(some),
    log: silent,
    correlationId: () => 'c0ffee',
    ...(token === undefined ? {} : { token }),
  });
  return near;
};

const status = () => fail('not-available', 'not in this test');

describe('the contract, read group by group', () => {
  it('is the contract', async () => {
    for (const [group, procedures] of Object.entries(contract))
      for (const name of Object.keys(procedures))
        expect(await loadProcedure(`${group}.${name}`), name).toBe(procedure(`${group}.${name}`) ?? 'none');
  });

  it.each(['hosts', 'hosts.', 'hosts.nothing', 'hosts.toString', 'nothing.list', '__proto__.list', ''])(
    'knows no %j',
    async (name) => {
      expect(await loadProcedure(name)).toBeUndefined();
      expect(procedure(name)).toBeUndefined();
    },
  );
});

describe('a call', () => {
  it('carries input with defaults filled in and output back', async () => {
    let received: unknown;
    const client = createClient(
      connect({
        'hosts.list': (input) => {
          received = input;
          return ok({ hosts: [] });
        },
      }),
      { actor: 'test' },
    );
    expect(await client.call('hosts.list', {})).toEqual({ ok: true, value: { hosts: [] } });
    expect(received).toEqual({ selectors: [] });
  });

  it('gives an expected failure as a value', async () => {
    const client = createClient(
      connect({ 'hosts.list': () => fail('input.invalid', 'no', { hint: 'yes' }) }),
      { actor: 'test' },
    );
    expect(await client.call('hosts.list', {})).toEqual({
      ok: false,
      error: frostError('input.invalid', 'no', { hint: 'yes' }),
    });
  });

  it('names the field that does not fit, never its value', async () => {
    const client = createClient(connect({ 'system.unlock': status }), { actor: 'test' });
    // The wrong type on purpose: this is what a foreign caller could send.
    const answer = await client.call('system.unlock', { passphrase: 12345678 } as unknown as {
      passphrase: string;
    });
    expect(answer).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
    expect(JSON.stringify(answer)).toContain('passphrase');
    expect(JSON.stringify(answer)).not.toContain('12345678');
  });

  it('turns a defect into `internal` with a correlation id and no exception text', async () => {
    const client = createClient(
      connect({
        'hosts.list': () => {
          throw new Error('secret detail at /home/someone');
        },
      }),
      { actor: 'test' },
    );
    const answer = await client.call('hosts.list', {});
    expect(answer).toMatchObject({ ok: false, error: { code: 'internal', correlationId: 'c0ffee' } });
    expect(JSON.stringify(answer)).not.toContain('secret detail');
  });

  it('lets a fault of the store through as the value it carries', async () => {
    const client = createClient(
      connect({
        'hosts.list': () => {
          throw new FrostFault(frostError('store.full', 'full'));
        },
      }),
      { actor: 'test' },
    );
    expect(await client.call('hosts.list', {})).toMatchObject({ ok: false, error: { code: 'store.full' } });
  });

  it('is cancelled on the far side when its caller gives up', async () => {
    const abort = new AbortController();
    const client = createClient(
      connect({
        'scans.run': (_input, caller) =>
          new Promise((resolve) =>
            caller.signal.addEventListener('abort', () => resolve(fail('cancelled', 'stopped')), {
              once: true,
            }),
          ),
      }),
      { actor: 'test' },
    );
    const answer = client.call('scans.run', { selectors: ['all'] }, abort.signal);
    abort.abort();
    expect(await answer).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });

  it('answers with `process.unavailable` when the connection closes under it', async () => {
    const near = connect({ 'scans.run': () => new Promise(() => {}) });
    const client = createClient(near, { actor: 'test' });
    const answer = client.call('scans.run', { selectors: ['all'] });
    near.close();
    expect(await answer).toMatchObject({
      ok: false,
      error: { code: 'process.unavailable', retryable: true },
    });
    expect(await client.call('hosts.list', {})).toMatchObject({
      ok: false,
      error: { code: 'process.unavailable' },
    });
  });
});

describe('a stream', () => {
  async function* three() {
    yield { seq: 1, type: 'hosts' as const };
    yield { seq: 2, type: 'vault' as const };
    yield { seq: 3, type: 'hosts' as const };
  }

  it('gives its items in order and ends', async () => {
    const client = createClient(connect({ 'system.changes': () => three() }), { actor: 'test' });
    const seen: number[] = [];
    for await (const change of client.stream('system.changes', {})) seen.push(change.seq);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('tells the far side when its reader stops early', async () => {
    let stopped: () => void = () => {};
    const told = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    async function* endless(signal: AbortSignal) {
      signal.addEventListener('abort', () => stopped(), { once: true });
      for (let seq = 1; !signal.aborted; seq += 1) {
        yield { seq, type: 'hosts' as const };
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const client = createClient(connect({ 'system.changes': (_input, caller) => endless(caller.signal) }), {
      actor: 'test',
    });
    for await (const change of client.stream('system.changes', {})) if (change.seq === 2) break;
    await told;
  });

  it('ends with a fault, not silently, when the connection is lost', async () => {
    async function* forever() {
      yield { seq: 1, type: 'hosts' as const };
      await new Promise(() => {});
    }
    const near = connect({ 'system.changes': () => forever() });
    const client = createClient(near, { actor: 'test' });
    const read = async () => {
      for await (const _change of client.stream('system.changes', {})) near.close();
    };
    await expect(read()).rejects.toBeInstanceOf(FrostFault);
  });
});

describe('a hostile caller', () => {
  const answersTo = (near: Channel) => {
    const answers: unknown[] = [];
    near.onFrame((text) => answers.push(HostFrame.parse(JSON.parse(text))));
    return answers;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('gets nothing before it has shown the token', async () => {
    const near = connect({ 'hosts.list': () => ok({ hosts: [] }) }, 'the right token, long enough to be one');
    const answers = answersTo(near);
    const closed = new Promise<void>((resolve) => near.onClose(resolve));
    near.send(JSON.stringify({ t: 'call', id: 1, name: 'hosts.list', input: {} }));
    await closed;
    expect(answers).toEqual([]);
  });

  it('is cut off for a wrong token', async () => {
    const near = connect({}, 'the right token, long enough to be one');
    const closed = new Promise<void>((resolve) => near.onClose(resolve));
    near.send(JSON.stringify({ t: 'hello', actor: 'x', token: 'the wrong token, long enough to be one' }));
    await closed;
  });

  it.each([
    'constructor.prototype',
    '__proto__.toString',
    'hosts.__proto__',
    'hosts.constructor',
    'hosts',
    '.',
    'hosts.list.x',
  ])('finds no procedure named %s', async (name) => {
    const near = connect({});
    const answers = answersTo(near);
    near.send(JSON.stringify({ t: 'call', id: 1, name, input: {} }));
    await settle();
    expect(answers).toMatchObject([{ t: 'error', error: { code: 'input.invalid' } }]);
  });

  it('gets a typed answer to every input of every procedure, and never a crash', async () => {
    const names = Object.entries(contract).flatMap(([group, procedures]) =>
      Object.keys(procedures).map((name) => `${group}.${name}`),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.jsonValue(),
        fc.constantFrom('call', 'stream'),
        async (name, input, t) => {
          const near = connect({});
          const answers = answersTo(near);
          near.send(JSON.stringify({ t, id: 7, name, input }));
          await settle();
          expect(answers).toHaveLength(1);
          const [answer] = answers as { t: string; id: number; error: { code: string } }[];
          expect(answer).toMatchObject({ t: 'error', id: 7 });
          expect(ErrorCode.safeParse(answer?.error.code).success).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is cut off for bytes that are no frame', async () => {
    for (const text of [
      '',
      'null',
      '[]',
      '{"t":"call"}',
      '{"t":"call","id":-1,"name":"x"}',
      '\u0000',
      '{"t":"x","id":1}',
      '"hello"',
    ]) {
      const near = connect({});
      const closed = new Promise<void>((resolve) => near.onClose(resolve));
      near.send(text);
      await closed;
    }
  });
});

describe('the local socket', () => {
  const made: string[] = [];
  afterEach(() => {
    for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
  });
  const folder = () => {
    const dir = mkdtempSync(join(tmpdir(), 'frostline-rpc-'));
    made.push(dir);
    return dir;
  };

  it('is open to its owner only, and carries frames larger than a packet', async () => {
    const path = socketPath(folder());
    const note = `${'snow ❄ '.repeat(60_000)}`;
    const server = await listenLocal(path, (channel) =>
      serveChannel(channel, {
        handlers: handlers({
          'hosts.list': () => fail('input.invalid', note.slice(0, 4000)),
          'snapshots.verify': (input) => fail('input.invalid', String(input.text.length)),
        }),
        log: silent,
        correlationId: () => 'x',
      }),
    );
    if (!server.ok) throw new Error(server.error.message);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const channel = await connectLocal(path);
    if (!channel.ok) throw new Error(channel.error.message);
    const client = createClient(channel.value, { actor: 'test' });
    expect(await client.call('snapshots.verify', { text: note })).toMatchObject({
      error: { message: String(note.length) },
    });
    client.close();
    server.value.close();
  });

  it('moves to a short private folder where the data folder has a long path', () => {
    const long = `/tmp/${'a'.repeat(120)}`;
    expect(Buffer.byteLength(socketPath(long))).toBeLessThan(100);
    expect(socketPath(long)).not.toBe(socketPath(`${long}b`));
  });

  it('says that nobody listens instead of throwing', async () => {
    expect(await connectLocal(join(folder(), 'none.sock'))).toMatchObject({
      ok: false,
      error: { code: 'process.unavailable' },
    });
  });
});

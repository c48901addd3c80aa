/** The bridge a window gets: every procedure of the contract, frozen, over whichever port is the current one. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { serveChannel } from '../../../main/adapters/rpc/serve.ts';
import { buildBridge } from '../../../preload/bridge.ts';
import { createPortLink, type FramePort } from '../../../preload/port.ts';
import { type Bridge, bridgeNames } from '../../../shared/contract/bridge.ts';
import { createFrameClient } from '../../../shared/contract/client.ts';
import { procedure } from '../../../shared/contract/contract.ts';
import { createMockHost } from '../../support/mockHost.ts';
import { collectingLog, settle } from '../../support/ports.ts';

/** A port whose other end is a mock host. */
const hostPort = (): FramePort & { die: () => void; sent: string[] } => {
  let toWindow: (event: { data: unknown }) => void = () => {};
  let toHost: (text: string) => void = () => {};
  let closed: () => void = () => {};
  const sent: string[] = [];
  serveChannel(
    {
      send: (text) => toWindow({ data: text }),
      onFrame: (receive) => {
        toHost = receive;
      },
      onClose: () => {},
      close: () => {},
      drained: async () => {},
    },
    { handlers: createMockHost().handlers, log: collectingLog(), correlationId: () => 'c' },
  );
  return {
    sent,
    postMessage: (text) => {
      sent.push(text);
      toHost(text);
    },
    start: () => {},
    close: () => {},
    die: () => closed(),
    addEventListener: (type: 'message' | 'close', listener: never) => {
      if (type === 'message') toWindow = listener;
      else closed = listener;
    },
  };
};

const connected = () => {
  const link = createPortLink();
  const frames = createFrameClient((text) => link.send(text), procedure);
  link.attach(frames);
  return { link, bridge: buildBridge(frames.client, link.connection) };
};

describe('the bridge', () => {
  test('has a function for every procedure of the contract and nothing else but the connection', () => {
    const { bridge } = connected();
    const there = Object.entries(bridge).flatMap(([group, members]) =>
      typeof members === 'function' ? [group] : Object.keys(members).map((name) => `${group}.${name}`),
    );
    expect(there.sort()).toEqual(
      [...bridgeNames().map((each) => `${each.group}.${each.procedure}`), 'connection'].sort(),
    );
  });

  test('is frozen through and through', () => {
    const { bridge } = connected();
    expect(Object.isFrozen(bridge)).toBe(true);
    for (const members of Object.values(bridge))
      if (typeof members === 'object') expect(Object.isFrozen(members)).toBe(true);
  });

  test('answers a call with the value the host gave', async () => {
    const { link, bridge } = connected();
    link.use(hostPort());
    const result = await bridge.hosts.list({ selectors: ['web-0*'] }).result;
    expect(result.ok && result.value.hosts.map((each) => each.host.name)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `web-0${n}`),
    );
  });

  test('gives a refusal as a value', async () => {
    const { link, bridge } = connected();
    link.use(hostPort());
    const result = await bridge.hosts.list({ selectors: ['tag='] }).result;
    expect(result).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
  });

  test('lets a call made before the first port wait for it', async () => {
    const { link, bridge } = connected();
    const early = bridge.system.status({}).result;
    link.use(hostPort());
    expect((await early).ok).toBe(true);
  });

  test('ends what is under way when the port dies, and goes on over the next one', async () => {
    const { link, bridge } = connected();
    const states: boolean[] = [];
    bridge.connection((open) => states.push(open));
    const first = hostPort();
    link.use(first);
    const ends: unknown[] = [];
    bridge.system.changes(
      {},
      () => {},
      (outcome) => ends.push(outcome),
    );
    first.die();
    await settle();
    expect(ends).toMatchObject([{ ok: false, error: { code: 'process.unavailable' } }]);
    link.use(hostPort());
    expect((await bridge.system.status({}).result).ok).toBe(true);
    expect(states).toEqual([false, true, false, true]);
  });

  test('a cancelled stream ends once, without an error', async () => {
    const { link, bridge } = connected();
    link.use(hostPort());
    const ends: unknown[] = [];
    const cancel = bridge.system.changes(
      {},
      () => {},
      (outcome) => ends.push(outcome),
    );
    cancel();
    await settle();
    await settle();
    expect(ends).toEqual([{ ok: true, value: null }]);
  });

  test('a cancelled call says so and tells the host', async () => {
    const { link, bridge } = connected();
    const port = hostPort();
    link.use(port);
    const call = bridge.scans.run({ selectors: ['all'] });
    call.cancel();
    expect(await call.result).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(port.sent.map((text) => JSON.parse(text).t)).toContain('cancel');
  });
});

const electron = vi.hoisted(() => ({
  exposed: new Map<string, unknown>(),
  listeners: new Map<string, (event: { ports: unknown[] }) => void>(),
}));
vi.mock('electron', () => ({
  contextBridge: { exposeInMainWorld: (name: string, value: unknown) => electron.exposed.set(name, value) },
  ipcRenderer: {
    on: (channel: string, listener: (event: { ports: unknown[] }) => void) =>
      electron.listeners.set(channel, listener),
  },
}));

describe('the preload script', () => {
  beforeEach(async () => {
    electron.exposed.clear();
    electron.listeners.clear();
    vi.resetModules();
    await import('../../../preload/index.ts');
  });

  test('puts exactly one thing into the window and listens for exactly one message', () => {
    expect([...electron.exposed.keys()]).toEqual(['frostline']);
    expect([...electron.listeners.keys()]).toEqual(['frostline:port']);
  });

  test('exposes nothing but functions and groups of functions', () => {
    const bridge = electron.exposed.get('frostline') as Record<string, unknown>;
    for (const member of Object.values(bridge))
      expect(
        typeof member === 'function' ||
          Object.values(member as Record<string, unknown>).every((each) => typeof each === 'function'),
      ).toBe(true);
  });

  test('works over the port the main process sends', async () => {
    electron.listeners.get('frostline:port')?.({ ports: [hostPort()] });
    const bridge = electron.exposed.get('frostline') as Bridge;
    expect((await bridge.system.status({}).result).ok).toBe(true);
  });
});

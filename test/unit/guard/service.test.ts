/** Guards on hosts that come and go: put with the freeze, taken off with it, tried again, never two at once. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { PackageDriver } from '../../../main/core/drivers/driver.ts';
import type { GuardReading, GuardRequest } from '../../../main/core/drivers/guard.ts';
import { createGuardService } from '../../../main/core/guard/service.ts';
import type { CommandSpec } from '../../../main/core/ports.ts';
import { createFreezing } from '../../../main/core/snapshots/freezing.ts';
import { fail, ok } from '../../../shared/errors.ts';
import { caller } from '../fleet/service.ts';
import { good, setUp, update, type World } from '../snapshots/support.ts';

type Remote = { away: boolean; on: GuardRequest | undefined; asked: string[]; touched: boolean };

let world: World;
let remotes: Map<string, Remote>;
let guards: ReturnType<typeof createGuardService>;
let freezing: ReturnType<typeof createFreezing>;

const remote = (name: string): Remote => {
  const found = remotes.get(name);
  if (found === undefined) throw new Error(`no host ${name}`);
  return found;
};
const spec = (word: object): CommandSpec => ({
  script: JSON.stringify(word),
  root: true,
  timeoutMs: 1,
  maxOutputBytes: 1,
});
/** A driver whose scripts are words, understood by the transport below. */
const driver = {
  guard: ({ request }: { request: GuardRequest }) => spec({ op: 'on', request }),
  unguard: () => spec({ op: 'off' }),
  guardState: () => spec({ op: 'state' }),
  parseGuard: ({ stdout }: { stdout: string }) => ok(JSON.parse(stdout) as GuardReading),
} as unknown as PackageDriver;

const hour = (hours: number) => new Date(world.clock.now() + hours * 3_600_000).toISOString();
const freeze = async (from = hour(0), more: object = {}) =>
  good(
    await freezing.freeze({
      ref: 'autumn',
      hosts: 'all',
      from,
      to: hour(24),
      zone: 'UTC',
      policy: 'listed-only',
      guard: true,
      ...more,
    }),
  );
const settle = async () =>
  Object.fromEntries(
    good(await guards.settle({ selectors: ['all'] }, caller())).guards.map((guard) => [
      guard.host,
      `${guard.desired} ${guard.state}`,
    ]),
  );

beforeEach(async () => {
  world = setUp();
  for (const name of ['web-1', 'db-1'])
    world.addScan(world.addHost(name), { updates: [update('openssl', '3')] });
  good(await world.service.create({ name: 'autumn', from: ['all'], security: false }));
  remotes = new Map(
    world.store.hosts().map((host) => [host.name, { away: false, on: undefined, asked: [], touched: false }]),
  );
  const ports = {
    ...world.ports,
    transport: {
      ...world.ports.transport,
      run: async ({ host }: { host: { name: string } }, { script }: CommandSpec) => {
        const there = remote(host.name);
        const asked = JSON.parse(script) as { op: string; request?: GuardRequest };
        there.asked.push(asked.op);
        if (there.away) return fail('host.unreachable', 'nobody there');
        if (asked.op === 'on') there.on = asked.request;
        if (asked.op === 'off') there.on = undefined;
        const files =
          there.on === undefined ? [] : [{ path: '/x', sha256: there.touched ? 'b' : there.on.id }];
        const reading: GuardReading = {
          present: files.length > 0 ? 'all' : 'none',
          files,
          updaters: [],
          bootId: 'b',
          gaps: [],
        };
        return ok({ stdout: JSON.stringify(reading), stderr: '', exitCode: 0 });
      },
    },
  };
  freezing = createFreezing(ports);
  guards = createGuardService(ports, {
    scanHost: async () => {
      throw new Error('every host was scanned');
    },
    driverFor: () => driver,
  });
});

describe('with a freeze', () => {
  test('every host gets it, with what is listed; thawing takes it off and forgets it', async () => {
    await freeze();
    expect(await settle()).toEqual({ 'db-1': 'on on', 'web-1': 'on on' });
    expect(remote('web-1').on?.listed).toEqual([{ name: 'openssl', arch: 'amd64', version: '3' }]);
    good(await freezing.thaw({ ref: 'autumn', reason: 'enough' }));
    expect(await settle()).toEqual({ 'db-1': 'off off', 'web-1': 'off off' });
    expect(remote('web-1').on).toBeUndefined();
    expect(await settle()).toEqual({});
  });

  test('not before it begins, and not after it ends', async () => {
    await freeze(hour(1));
    expect(await settle()).toEqual({});
    world.clock.set(world.clock.now() + 3_600_000);
    expect(await settle()).toEqual({ 'db-1': 'on on', 'web-1': 'on on' });
    world.clock.set(world.clock.now() + 23 * 3_600_000);
    expect(await settle()).toEqual({ 'db-1': 'off off', 'web-1': 'off off' });
  });

  test('one that asks for no guard gets none', async () => {
    await freeze(hour(0), { guard: false });
    expect(await settle()).toEqual({});
    expect(remote('web-1').asked).toEqual([]);
  });

  test('a host that was away gets it when it is back: after a while, or at once when a scan finds it', async () => {
    remote('web-1').away = true;
    await freeze();
    expect(await settle()).toEqual({ 'db-1': 'on on', 'web-1': 'on failed' });
    remote('web-1').away = false;
    expect(await settle()).toEqual({ 'db-1': 'on on', 'web-1': 'on failed' });
    world.clock.set(world.clock.now() + 30_000);
    expect(await settle()).toEqual({ 'db-1': 'on on', 'web-1': 'on on' });
    expect(remote('db-1').asked).toEqual(['on']);
  });

  test('lets an exception in once it is made, and keeps it out again once it is withdrawn', async () => {
    await freeze();
    const frozen = [{ name: 'openssl', arch: 'amd64', version: '3' }];
    const listed = async () => {
      await settle();
      return remote('web-1').on?.listed;
    };
    expect(await listed()).toEqual(frozen);
    const patch = { ref: 'autumn', name: 'curl', ecosystem: 'apt', reason: 'exploited' } as const;
    good(await world.service.except({ ...patch, version: '8', until: hour(1) }));
    expect(await listed()).toContainEqual(expect.objectContaining({ name: 'curl', version: '8' }));
    good(await world.service.withdraw({ ...patch, reason: 'it is wrong' }));
    expect(await listed()).toEqual(frozen);
    expect(remote('web-1').asked).toEqual(['on', 'on', 'on']);
  });

  test('put twice, it is asked for once', async () => {
    await freeze();
    await Promise.all([settle(), settle(), settle()]);
    expect(remote('web-1').asked).toEqual(['on']);
  });
});

describe('seen again', () => {
  const check = async () =>
    good(await guards.status({ selectors: ['web-1'], check: true }, caller())).guards[0]?.state;
  test('what somebody did on the host is told, and not undone behind their back', async () => {
    await freeze();
    await settle();
    expect(await check()).toBe('on');
    remote('web-1').touched = true;
    expect(await check()).toBe('tampered');
    remote('web-1').on = undefined;
    expect(await check()).toBe('missing');
    await settle();
    expect(remote('web-1').on).toBeUndefined();
    remote('web-1').touched = false;
    good(await guards.on({ selectors: ['web-1'] }, caller()));
    expect(await check()).toBe('on');
  });
});

describe('by hand', () => {
  test('off under its freeze: it stays off', async () => {
    await freeze();
    await settle();
    good(await guards.off({ selectors: ['web-1'] }, caller()));
    expect(await settle()).toEqual({ 'db-1': 'on on', 'web-1': 'off off' });
    expect(remote('web-1').on).toBeUndefined();
  });
  test('on needs something to be guarded for', async () => {
    const refused = await guards.on({ selectors: ['web-1'] }, caller());
    expect(refused).toMatchObject({ ok: false, error: { code: 'freeze.not-frozen' } });
    good(await guards.on({ selectors: ['web-1'], snapshot: 'autumn' }, caller()));
    expect(remote('web-1').on?.listed).toHaveLength(1);
  });
  test('on for another snapshot than the frozen one is refused', async () => {
    good(await world.service.create({ name: 'other', security: false }));
    await freeze();
    expect(await guards.on({ selectors: ['web-1'], snapshot: 'other' }, caller())).toMatchObject({
      ok: false,
      error: { code: 'freeze.other-snapshot' },
    });
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { createFreezeJudge, createFreezeLookup } from '../../../main/core/snapshots/judge.ts';
import type { HandlerInput } from '../../../shared/contract/contract.ts';
import type { Host } from '../../../shared/model/host.ts';
import { bad, good, setUp, update, type World } from './support.ts';

const HOUR = 3_600_000;
let world: World;
let web: Host;
let db: Host;

/** Hours from now. */
const at = (hours: number): string => new Date(world.clock.now() + hours * HOUR).toISOString();
const freeze = async (ref: string, rest: Partial<HandlerInput<'snapshots.freeze'>> = {}) =>
  world.service.freeze({
    ref,
    hosts: 'env=production',
    from: at(0),
    to: at(24),
    zone: 'Europe/Berlin',
    policy: 'listed-only',
    guard: false,
    ...rest,
  });
const show = async (ref: string) => good(await world.service.show({ ref })).snapshot;
const advance = (hours: number) => world.clock.set(world.clock.now() + hours * HOUR);
const refusals = (host: Host, ref: string) => {
  const revision = world.store.revisions(world.store.line(ref.split('@')[0] ?? '')?.id ?? '');
  const number = Number(ref.split('@')[1] ?? revision[0]?.content.number);
  const wanted = revision.find((one) => one.content.number === number);
  if (wanted === undefined) throw new Error(`no ${ref}`);
  return createFreezeJudge(world.ports)(host, wanted, [], world.clock.now()).map((one) => one.code);
};

beforeEach(async () => {
  world = setUp();
  web = world.addHost('web-1', { environment: 'production', tags: { web: '' } });
  db = world.addHost('db-1', { environment: 'production' });
  world.addHost('test-1', { environment: 'test' });
  for (const name of ['autumn', 'winter']) {
    good(await world.service.create({ name, security: false }));
    good(await world.service.edit({ ref: name, edits: [{ kind: 'add', name: 'openssl', version: '3' }] }));
  }
});

describe('freezing', () => {
  test('makes a new revision with the freeze, from the one before', async () => {
    const before = await show('autumn');
    const { snapshot } = good(await freeze('autumn'));
    expect(snapshot).toMatchObject({
      revision: 3,
      parents: [before.id],
      state: 'frozen',
      entries: before.entries,
    });
    expect(snapshot.freeze).toEqual({
      hosts: 'env=production',
      from: at(0),
      to: at(24),
      zone: 'Europe/Berlin',
      policy: 'listed-only',
      guard: false,
      active: true,
      window: { from: at(0), to: at(24) },
      ends: at(24),
    });
    expect(await show('autumn@2')).toMatchObject({ state: 'draft', frozenRevision: { revision: 3 } });
  });

  test('lets only that revision onto those hosts, from its first instant to its last', async () => {
    good(await freeze('autumn', { from: at(1), to: at(2) }));
    expect(refusals(web, 'winter')).toEqual([]);
    expect((await show('autumn')).freeze?.active).toBe(false);
    advance(1);
    expect((await show('autumn')).freeze?.active).toBe(true);
    expect([refusals(web, 'autumn'), refusals(web, 'autumn@2'), refusals(web, 'winter')]).toEqual([
      [],
      ['freeze.edited-revision'],
      ['freeze.other-snapshot'],
    ]);
    advance(1);
    expect(refusals(web, 'winter')).toEqual([]);
    expect(await show('autumn')).toMatchObject({ state: 'expired', freeze: { active: false } });
  });

  test('an edit makes a draft; the freeze stays on the frozen revision', async () => {
    good(await freeze('autumn'));
    const { snapshot } = good(
      await world.service.edit({ ref: 'autumn', edits: [{ kind: 'add', name: 'curl', version: '8' }] }),
    );
    expect(snapshot).toMatchObject({
      revision: 4,
      state: 'draft',
      frozenRevision: { revision: 3, to: at(24) },
    });
    expect(snapshot).not.toHaveProperty('freeze');
    expect(refusals(web, 'autumn')).toEqual(['freeze.edited-revision']);
    expect(refusals(web, 'autumn@3')).toEqual([]);
  });

  test('a host cannot leave by losing its tag; one that gains it is in', async () => {
    good(await freeze('autumn', { hosts: 'tag=web' }));
    world.store.putHost({ ...web, tags: {} });
    world.store.putHost({ ...db, tags: { web: '' } });
    const hosts = world.store.hosts();
    const lookup = createFreezeLookup(world.ports);
    const frozen = hosts.filter((host) => lookup(host, world.clock.now()).length > 0);
    expect(frozen.map((host) => host.name)).toEqual(['db-1', 'web-1']);
    expect(good(await world.service.freezes({})).freezes[0]?.hosts).toEqual(['db-1', 'web-1']);
  });

  test('a selector over what hosts are works from their last good scans', async () => {
    world.addScan(db, { updates: [update('a', '1')] });
    good(await freeze('autumn', { hosts: 'os=debian' }));
    expect(good(await world.service.freezes({})).freezes[0]?.hosts).toEqual(['db-1']);
  });

  test.each([
    [
      'to = from',
      { from: 1, to: 1 },
      'The freeze would end (2026-11-23 16:00 Europe/Berlin (+01:00)) before it begins',
    ],
    ['to before from', { from: 2, to: 1 }, 'The freeze would end'],
    ['to in the past', { from: -2, to: -1 }, 'The freeze would be over already'],
    ['to is now', { from: -2, to: 0 }, 'The freeze would be over already'],
  ])('refuses a window that is none: %s', async (_, window, message) => {
    const error = bad(await freeze('autumn', { from: at(window.from), to: at(window.to) }));
    expect(error.code).toBe('input.invalid');
    expect(error.message).toContain(message);
    expect((await show('autumn')).revision).toBe(2);
  });

  test.each<[string, Partial<HandlerInput<'snapshots.freeze'>>, string]>([
    ['a zone that is none', { zone: 'Mars/Olympus' }, 'input.invalid'],
    ['a selector that cannot be read', { hosts: 'env=' }, 'input.invalid'],
    ['hosts that are none', { hosts: 'tag=typo' }, 'input.invalid'],
  ])('refuses %s', async (_, rest, code) => {
    expect(bad(await freeze('autumn', rest)).code).toBe(code);
  });

  test('a line has one freeze at a time, also one that is still to come', async () => {
    good(await freeze('autumn', { from: at(10), to: at(20) }));
    const error = bad(await freeze('autumn', { from: at(30), to: at(40) }));
    expect(error).toMatchObject({
      code: 'state.conflict',
      hint: "Thaw 'autumn' first; a snapshot has one freeze at a time.",
    });
    expect(bad(await freeze('autumn', { from: at(19), to: at(30) })).code).toBe('freeze.overlap');
    advance(20);
    expect(good(await freeze('autumn')).snapshot.revision).toBe(4);
  });

  test('is made on the newest revision only', async () => {
    expect(bad(await freeze('autumn@1')).code).toBe('state.conflict');
  });

  test('freezes of two lines may not meet on a host', async () => {
    good(await freeze('autumn', { hosts: 'web-1', from: at(10), to: at(20) }));
    const clash = bad(await freeze('winter', { from: at(19), to: at(30) }));
    expect(clash.code).toBe('freeze.overlap');
    expect(clash.message).toBe(
      "On web-1 there is already the freeze of 'autumn' (revision 3) until 2026-11-24 11:00 Europe/Berlin (+01:00).",
    );
    good(await freeze('winter', { from: at(20), to: at(30) }));
    good(await world.service.thaw({ ref: 'winter', reason: 'moved' }));
    good(await freeze('winter', { from: at(5), to: at(10) }));
  });

  test('freezes of two lines on different hosts are fine', async () => {
    good(await freeze('autumn', { hosts: 'web-1' }));
    good(await freeze('winter', { hosts: 'db-1' }));
    expect(good(await world.service.freezes({})).freezes.map((one) => [one.snapshot, one.hosts])).toEqual([
      ['autumn', ['web-1']],
      ['winter', ['db-1']],
    ]);
  });

  test('a frozen line cannot be removed', async () => {
    good(await freeze('autumn', { from: at(10), to: at(20) }));
    expect(bad(await world.service.remove({ ref: 'autumn' })).code).toBe('state.conflict');
    advance(20);
    good(await world.service.remove({ ref: 'autumn' }));
  });
});

describe('thawing', () => {
  test('lifts the freeze with its reason, in a new revision', async () => {
    const frozen = good(await freeze('autumn')).snapshot;
    advance(1);
    const { snapshot } = good(await world.service.thaw({ ref: 'autumn', reason: ' CVE is out ' }));
    expect(snapshot).toMatchObject({
      revision: 4,
      state: 'thawed',
      parents: [frozen.id],
      entries: frozen.entries,
      thaw: { revision: frozen.id, at: at(0), reason: 'CVE is out' },
    });
    expect(await show('autumn@3')).toMatchObject({ state: 'thawed', freeze: { active: false } });
    expect(refusals(web, 'winter')).toEqual([]);
    expect(refusals(web, 'autumn')).toEqual([]);
    expect(good(await world.service.freezes({})).freezes).toEqual([]);
  });

  test('keeps edits made since, and the next edit is a draft again', async () => {
    good(await freeze('autumn'));
    good(await world.service.edit({ ref: 'autumn', edits: [{ kind: 'add', name: 'curl', version: '8' }] }));
    const { snapshot } = good(await world.service.thaw({ ref: 'autumn', reason: 'urgent' }));
    expect(snapshot.entries.map((one) => one.name)).toEqual(['openssl', 'curl']);
    const edited = good(
      await world.service.edit({ ref: 'autumn', edits: [{ kind: 'remove', name: 'curl' }] }),
    ).snapshot;
    expect(edited.state).toBe('draft');
    expect(edited).not.toHaveProperty('thaw');
  });

  test('also cancels a freeze still to come, and makes room for another', async () => {
    good(await freeze('autumn', { from: at(10), to: at(20) }));
    good(await world.service.thaw({ ref: 'autumn', reason: 'moved' }));
    good(await freeze('autumn', { from: at(12), to: at(20) }));
    good(await world.service.thaw({ ref: 'autumn', reason: 'other line takes over' }));
    good(await freeze('winter', { from: at(12), to: at(20) }));
  });

  test('wants a freeze and a reason', async () => {
    expect(bad(await world.service.thaw({ ref: 'autumn', reason: 'x' })).code).toBe('freeze.not-frozen');
    good(await freeze('autumn'));
    expect(bad(await world.service.thaw({ ref: 'autumn', reason: '  ' })).code).toBe('input.invalid');
    advance(24);
    expect(bad(await world.service.thaw({ ref: 'autumn', reason: 'x' })).code).toBe('freeze.not-frozen');
  });
});

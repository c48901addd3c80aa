import { beforeEach, describe, expect, test } from 'vitest';
import { entriesAt, exceptionsOf, withException } from '../../../main/core/snapshots/exceptions.ts';
import { isLive } from '../../../main/core/snapshots/freeze.ts';
import { createFreezeJudge } from '../../../main/core/snapshots/judge.ts';
import type { HandlerInput } from '../../../shared/contract/contract.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { PlanAction } from '../../../shared/model/plan.ts';
import type { Exception } from '../../../shared/model/snapshot.ts';
import { bad, entry, good, setUp, type World } from './support.ts';

const HOUR = 3_600_000;
let world: World;
let web: Host;

const at = (hours: number): string => new Date(world.clock.now() + hours * HOUR).toISOString();
const freeze = (ref: string) =>
  world.service.freeze({
    ref,
    hosts: 'env=production',
    from: at(0),
    to: at(24),
    zone: 'UTC',
    policy: 'listed-only',
    guard: false,
  });
const except = (rest: Partial<HandlerInput<'snapshots.except'>> = {}) =>
  world.service.except({
    ref: 'autumn',
    name: 'openssl',
    version: '3.0.16-1',
    reason: 'CVE-2026-0001 is being exploited',
    until: at(6),
    ...rest,
  });
const upgrade = (name: string, to: string, rest: Partial<PlanAction> = {}): PlanAction => ({
  action: 'upgrade',
  name,
  arch: 'amd64',
  from: '0.9',
  to,
  stage: 1,
  dependency: false,
  ...rest,
});
const judged = (ref: string, actions: PlanAction[], hours = 0): string[] => {
  const line = world.store.line('autumn');
  const number = Number(ref.split('@')[1]);
  const revision = world.store.revisions(line?.id ?? '').find(({ content }) => content.number === number);
  if (revision === undefined) throw new Error(`there is no ${ref}`);
  return createFreezeJudge(world.ports)(web, revision, actions, world.clock.now() + hours * HOUR).map((one) =>
    `${one.code} ${one.package ?? ''}`.trim(),
  );
};

beforeEach(async () => {
  world = setUp();
  web = world.addHost('web-1', { environment: 'production' });
  good(await world.service.create({ name: 'autumn', security: false }));
  good(
    await world.service.edit({
      ref: 'autumn',
      edits: [{ kind: 'add', name: 'curl', version: '8.0-1', ecosystem: 'apt' }],
    }),
  );
  good(await freeze('autumn'));
});

describe('an exception', () => {
  test('is a new revision that continues the freeze, with the frozen entries', async () => {
    const frozen = good(await world.service.show({ ref: 'autumn@3' })).snapshot;
    const { snapshot } = good(await except());
    expect(snapshot).toMatchObject({
      revision: 4,
      state: 'frozen',
      continues: frozen.id,
      entries: frozen.entries,
      freeze: { hosts: 'env=production', active: true },
      exceptions: [
        {
          ecosystem: 'apt',
          name: 'openssl',
          version: '3.0.16-1',
          reason: 'CVE-2026-0001 is being exploited',
          until: at(6),
          active: true,
        },
      ],
    });
    expect(snapshot.frozenRevision).toBeUndefined();
    // What was frozen is as it was, and shows what it lets through.
    const after = good(await world.service.show({ ref: 'autumn@3' })).snapshot;
    expect(after).toMatchObject({ id: frozen.id, state: 'frozen', entries: frozen.entries });
    expect(after.exceptions).toHaveLength(1);
  });

  test('lets exactly its package in its version through, until its last instant', async () => {
    expect(judged('autumn@3', [upgrade('openssl', '3.0.16-1')])).toEqual(['freeze.unlisted-package openssl']);
    good(await except());
    expect(judged('autumn@4', [upgrade('openssl', '3.0.16-1'), upgrade('curl', '8.0-1')])).toEqual([]);
    expect(judged('autumn@4', [upgrade('openssl', '3.0.17-1')])).toEqual(['freeze.unlisted-package openssl']);
    expect(judged('autumn@4', [upgrade('libssl3', '3.0.16-1')])).toEqual(['freeze.unlisted-package libssl3']);
    const edge = (ms: number) => judged('autumn@4', [upgrade('openssl', '3.0.16-1')], 6 + ms / HOUR);
    expect(edge(-1)).toEqual([]);
    expect(edge(0)).toEqual(['freeze.unlisted-package openssl']);
  });

  test('lets no other revision of the line through', async () => {
    good(await except());
    good(
      await world.service.edit({
        ref: 'autumn',
        edits: [{ kind: 'add', name: 'bash', version: '5.2-1', ecosystem: 'apt' }],
      }),
    );
    expect(judged('autumn@5', [])).toEqual(['freeze.edited-revision']);
    expect(good(await world.service.show({ ref: 'autumn' })).snapshot).toMatchObject({
      state: 'draft',
      frozenRevision: { revision: 3 },
    });
    expect(good(await world.service.show({ ref: 'autumn' })).snapshot.exceptions).toBeUndefined();
  });

  test('stands in for an entry of its package, also a rejected one', async () => {
    good(await except({ name: 'curl', version: '8.1-1' }));
    expect(judged('autumn@4', [upgrade('curl', '8.1-1')])).toEqual([]);
    const revision = world.store.revisions(world.store.line('autumn')?.id ?? '')[0];
    if (revision === undefined) throw new Error('no revision');
    const asked = (hours: number) =>
      entriesAt(revision.content, world.clock.now() + hours * HOUR).map(
        ({ name, version, decision }) => `${decision} ${name} ${version}`,
      );
    expect(asked(0)).toEqual(['approve curl 8.1-1']);
    // Once it is over, what was frozen is asked for again.
    expect(asked(6)).toEqual(['approve curl 8.0-1']);
  });

  test('of one architecture leaves an entry for all of them to the others', () => {
    const one: Exception = {
      ecosystem: 'apt',
      name: 'curl',
      arch: 'amd64',
      version: '8.1-1',
      reason: 'r',
      author: { name: 'anna' },
      at: at(0),
      until: at(1),
    };
    const content = { entries: [entry('curl', { version: '8.0-1', stage: 3 })], exceptions: [one] };
    expect(
      entriesAt(content, world.clock.now()).map(({ arch, version, stage }) => [arch, version, stage]),
    ).toEqual([
      [undefined, '8.0-1', 3],
      ['amd64', '8.1-1', 3],
    ]);
    const later = { ...one, version: '8.2-1' };
    expect(withException([one], later)).toEqual([later]);
  });

  test('is added to those before, on the frozen entries even where the newest revision was edited', async () => {
    good(await except());
    good(
      await world.service.edit({
        ref: 'autumn',
        edits: [{ kind: 'add', name: 'bash', version: '5.2-1', ecosystem: 'apt' }],
      }),
    );
    const { snapshot } = good(await except({ name: 'sudo', version: '1.9-2' }));
    expect(snapshot.state).toBe('frozen');
    expect(snapshot.entries.map(({ name }) => name)).toEqual(['curl']);
    expect(snapshot.exceptions?.map(({ name }) => name)).toEqual(['openssl', 'sudo']);
    expect(snapshot.message).toContain('those of revision 5 stand in the history');
  });

  test('ends with the freeze: thawing keeps it on record', async () => {
    good(await except());
    const { snapshot } = good(await world.service.thaw({ ref: 'autumn', reason: 'over' }));
    expect(snapshot).toMatchObject({ state: 'thawed', revision: 5 });
    expect(snapshot.exceptions).toBeUndefined();
    expect(good(await world.service.show({ ref: 'autumn@4' })).snapshot.exceptions).toMatchObject([
      { name: 'openssl', active: false },
    ]);
    const all = exceptionsOf(world.store.freezes(), { at: world.clock.now(), isLive });
    expect(all).toMatchObject([{ snapshot: 'autumn', name: 'openssl', active: false }]);
    expect(bad(await except()).code).toBe('freeze.not-frozen');
  });

  test.each<[string, Partial<HandlerInput<'snapshots.except'>>, string]>([
    ['without a reason', { reason: '  ' }, 'wants a reason'],
    ['that is over', { until: '2020-01-01T00:00:00.000Z' }, 'would be over already'],
    ['of what is frozen anyway', { name: 'curl', version: '8.0-1' }, 'in the frozen revision already'],
    ['in a version that cannot be', { version: '1.0_2', ecosystem: 'apt' }, 'cannot be the version'],
  ])('%s is refused', async (_, rest, words) => {
    expect(bad(await except(rest)).message).toContain(words);
  });

  describe('that is withdrawn', () => {
    const withdraw = (rest: Partial<HandlerInput<'snapshots.withdraw'>> = {}) =>
      world.service.withdraw({ ref: 'autumn', name: 'openssl', reason: 'it breaks the VPN', ...rest });

    test('lets nothing through from then on, whichever revision is deployed', async () => {
      good(await except());
      expect(judged('autumn@4', [upgrade('openssl', '3.0.16-1')])).toEqual([]);
      good(await withdraw());
      for (const ref of ['autumn@3', 'autumn@4', 'autumn@5'])
        expect(judged(ref, [upgrade('openssl', '3.0.16-1')])).toEqual(['freeze.unlisted-package openssl']);
      // What was frozen may still be deployed, and no deployment asks for the patch any more.
      expect(judged('autumn@5', [upgrade('curl', '8.0-1')])).toEqual([]);
      const [newest] = world.store.revisions(world.store.line('autumn')?.id ?? '');
      if (newest === undefined) throw new Error('no revision');
      expect(entriesAt(newest.content, world.clock.now()).map(({ name }) => name)).toEqual(['curl']);
    });

    test('stays on record in a revision that continues the freeze: who took it back, when and why', async () => {
      good(await except());
      const { snapshot } = good(await withdraw());
      expect(snapshot).toMatchObject({
        revision: 5,
        state: 'frozen',
        message: 'Exception withdrawn: openssl 3.0.16-1.',
        exceptions: [
          {
            name: 'openssl',
            reason: 'CVE-2026-0001 is being exploited',
            active: false,
            withdrawn: {
              at: at(0),
              reason: 'it breaks the VPN',
              author: { name: world.ports.user },
            },
          },
        ],
      });
      expect(good(await world.service.freezes({})).freezes[0]?.exceptions).toMatchObject([
        { name: 'openssl', active: false, withdrawn: { reason: 'it breaks the VPN' } },
      ]);
      const difference = good(await world.service.diff({ a: 'autumn@4', b: 'autumn@5' }));
      expect(difference.changed).toMatchObject([
        { field: 'exception', name: 'openssl', to: `3.0.16-1 withdrawn at ${at(0)}: it breaks the VPN` },
      ]);
    });

    test('can be made anew, and takes the place of the withdrawn one', async () => {
      good(await except());
      good(await withdraw());
      const { snapshot } = good(await except({ reason: 'the VPN was mended' }));
      expect(snapshot.exceptions).toMatchObject([{ reason: 'the VPN was mended', active: true }]);
      expect(snapshot.exceptions?.[0]?.withdrawn).toBeUndefined();
      expect(judged('autumn@6', [upgrade('openssl', '3.0.16-1')])).toEqual([]);
    });

    test('leaves the others as they are; of two for one package the architecture says which', async () => {
      good(await except({ name: 'sudo', version: '1.9-2' }));
      good(await except({ arch: 'amd64' }));
      good(await except());
      good(await withdraw());
      const left = async () =>
        good(await world.service.show({ ref: 'autumn' })).snapshot.exceptions?.map(
          ({ name, arch, active }) => [name, arch, active],
        );
      expect(await left()).toEqual([
        ['sudo', undefined, true],
        ['openssl', 'amd64', true],
        ['openssl', undefined, false],
      ]);
      good(await withdraw({ arch: 'amd64' }));
      expect((await left())?.map(([, , active]) => active)).toEqual([true, false, false]);
    });

    test('travels: another console keeps it out too, and an older file does not bring it back', async () => {
      good(await except());
      const before = good(await world.service.export({ ref: 'autumn' })).text;
      good(await withdraw());
      const there = setUp();
      there.addHost('web-9', { environment: 'production' });
      good(await there.service.import({ text: before }));
      expect(there.store.freezes()[0]?.exceptions?.[0]?.withdrawn).toBeUndefined();
      const { text } = good(await world.service.export({ ref: 'autumn' }));
      good(await there.service.import({ text }));
      good(await there.service.import({ text: before }));
      expect(there.store.freezes()[0]?.exceptions).toMatchObject([
        { name: 'openssl', withdrawn: { reason: 'it breaks the VPN' } },
      ]);
    });

    test.each<[string, Partial<HandlerInput<'snapshots.withdraw'>>, string]>([
      ['without a reason', { reason: ' ' }, 'wants a reason'],
      ['of a package that has none', { name: 'sudo' }, 'has no such exception for sudo'],
      ['of another version', { version: '9' }, 'has no such exception for openssl'],
    ])('%s is refused', async (_, rest, words) => {
      good(await except());
      expect(bad(await withdraw(rest)).message).toContain(words);
      expect(judged('autumn@4', [upgrade('openssl', '3.0.16-1')])).toEqual([]);
    });

    test('twice, over, or without a freeze, is refused', async () => {
      good(await except());
      good(await withdraw());
      expect(bad(await withdraw()).message).toContain('was withdrawn already');
      good(await world.service.thaw({ ref: 'autumn', reason: 'over' }));
      expect(bad(await withdraw()).code).toBe('freeze.not-frozen');
    });
  });

  test('travels: another console lets the same through, and what was changed on the way is found', async () => {
    good(await except());
    const { text } = good(await world.service.export({ ref: 'autumn' }));
    const there = setUp();
    const host = there.addHost('web-9', { environment: 'production' });
    const taken = good(await there.service.import({ text }));
    expect(taken.snapshot).toMatchObject({
      state: 'frozen',
      exceptions: [{ name: 'openssl', active: true }],
    });
    const revision = there.store.revision(taken.snapshot.id);
    if (revision === undefined) throw new Error('not imported');
    const judge = createFreezeJudge(there.ports);
    const now = there.clock.now();
    expect(judge(host, revision, [upgrade('openssl', '3.0.16-1')], now)).toEqual([]);
    expect(judge(host, revision, [upgrade('openssl', '9')], now)).toHaveLength(1);
    // A second exception arrives later, and adds to the first.
    good(await except({ name: 'sudo', version: '1.9-2' }));
    const again = good(await world.service.export({ ref: 'autumn' }));
    const forward = good(await there.service.import({ text: again.text }));
    expect(forward.snapshot.exceptions?.map(({ name }) => name)).toEqual(['openssl', 'sudo']);
    expect(there.store.freezes()[0]?.exceptions).toHaveLength(2);
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { complianceLevelOf } from '../../../main/core/rules/evaluate.ts';
import type { Edit } from '../../../shared/contract/snapshots.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { bad, good, installed, setUp, update, type World } from './support.ts';

const HOUR = 3_600_000;

let here: World;
let there: World;
beforeEach(async () => {
  here = setUp();
  there = setUp();
  there.clock.set(here.clock.now() + HOUR);
  for (const world of [here, there]) world.addHost('web-01', { environment: 'production' });
  await here.service.create({ name: 'autumn', security: false });
  await edit(here, add('openssl', '1.0'), add('curl', '7.0'));
  await carry(here, there);
});

const add = (name: string, version: string): Edit => ({ kind: 'add', name, version, ecosystem: 'apt' });
const edit = async (world: World, ...edits: Edit[]): Promise<SnapshotView> =>
  good(await world.service.edit({ ref: 'autumn', edits })).snapshot;
const exported = async (world: World): Promise<string> =>
  good(await world.service.export({ ref: 'autumn' })).text;
const carry = async (from: World, to: World) => good(await to.service.import({ text: await exported(from) }));
const freeze = async (world: World, hours = 48) =>
  good(
    await world.service.freeze({
      ref: 'autumn',
      hosts: 'env=production',
      from: new Date(world.clock.now()).toISOString(),
      to: new Date(world.clock.now() + hours * HOUR).toISOString(),
      zone: 'UTC',
      policy: 'listed-only',
      guard: false,
    }),
  ).snapshot;
const merge = (
  world: World,
  theirs: string,
  o: Partial<Parameters<World['service']['versions']['merge']>[0]> = {},
) => world.service.versions.merge({ ours: 'autumn', theirs, resolutions: [], ...o });
const show = async (world: World, ref = 'autumn') => good(await world.service.show({ ref })).snapshot;

describe('merging what rules made', () => {
  const rules = (stage: number) =>
    [
      'name: production',
      'rules:',
      `  - { id: tls, match: { name: openssl }, complianceLevel: critical, stage: ${stage} }`,
      '  - { id: rest, complianceLevel: low }',
    ].join('\n');
  const scanned = (world: World, to: string) => {
    const host = world.store.hosts()[0];
    if (host === undefined) throw new Error('no host');
    world.addScan(host, {
      packages: [installed('openssl'), installed('zsh')],
      updates: [update('openssl', to), update('zsh', to)],
    });
  };
  const levels = ({ rules: sets = [], entries }: SnapshotView) =>
    entries.map((one) => [one.name, one.version, one.source, complianceLevelOf(sets, one)]);

  beforeEach(async () => {
    for (const world of [here, there]) scanned(world, '2');
    good(await here.service.create({ name: 'ruled', rules: { text: rules(1) }, security: false }));
    const { text } = good(await here.service.export({ ref: 'ruled' }));
    good(await there.service.import({ text }));
  });
  const joined = async () => {
    const { text } = good(await there.service.export({ ref: 'ruled' }));
    const { head } = good(await here.service.import({ text }));
    return here.service.versions.merge({ ours: 'ruled', theirs: head, resolutions: [] });
  };

  test('keeps for each entry the rule that made it, and the rules with their levels', async () => {
    scanned(there, '3');
    good(await there.service.applyRules({ ref: 'ruled', from: [] }));
    good(await here.service.edit({ ref: 'ruled', edits: [{ kind: 'stage', name: 'zsh', stage: 4 }] }));
    const merged = good(await joined());
    expect(merged.conflicts).toEqual([]);
    expect(levels(merged.snapshot ?? (await show(here, 'ruled')))).toEqual([
      ['openssl', '3', 'rule:tls', 'critical'],
      ['zsh', '3', 'rule:rest', 'low'],
    ]);
    expect(merged.snapshot?.entries[1]?.stage).toBe(4);
    // And what was merged can have its rules applied again, the stage that was set by hand included.
    scanned(here, '4');
    const { snapshot } = good(await here.service.applyRules({ ref: 'ruled', from: [] }));
    expect(snapshot.entries.map((one) => [one.name, one.version, one.stage])).toEqual([
      ['openssl', '4', 1],
      ['zsh', '4', 4],
    ]);
  });

  test('takes rules that one side changed, and asks where both did', async () => {
    good(await there.service.applyRules({ ref: 'ruled', from: [], rules: { text: rules(2) } }));
    const merged = good(await joined());
    expect(merged.conflicts).toEqual([]);
    expect(merged.snapshot?.rules).toHaveLength(1);
    expect(merged.snapshot?.entries.map((one) => [one.name, one.stage])).toEqual([
      ['zsh', 1],
      ['openssl', 2],
    ]);
    good(await here.service.applyRules({ ref: 'ruled', from: [], rules: { text: rules(3) } }));
    good(await there.service.applyRules({ ref: 'ruled', from: [], rules: { text: rules(4) } }));
    const contested = good(await joined());
    expect(contested.conflicts.map((one) => [one.name, one.field]).sort()).toEqual([
      ['openssl', 'stage'],
      ['production', 'rule'],
    ]);
  });
});

describe('merging two revisions', () => {
  test('makes one with two parents, and neither side’s changes are lost', async () => {
    const mine = await edit(here, add('curl', '8.0'));
    await edit(there, { kind: 'decide', name: 'openssl', decision: 'reject' });
    const { head } = await carry(there, here);
    const merged = good(await merge(here, head));
    expect(merged).toMatchObject({ outcome: 'merged', conflicts: [] });
    expect(merged.snapshot).toMatchObject({
      revision: 4,
      head: true,
      parents: [mine.id, head],
      state: 'draft',
    });
    expect(merged.snapshot?.message).toMatch(/^Merged revision 3 \([0-9a-f]{12}\) into revision 3/);
    expect(merged.snapshot?.entries.map((one) => [one.name, one.version, one.decision])).toEqual([
      ['openssl', '1.0', 'reject'],
      ['curl', '8.0', 'approve'],
    ]);
    expect(await carry(here, there)).toMatchObject({
      outcome: 'forward',
      snapshot: { id: merged.snapshot?.id },
    });
  });

  test('with conflicts changes nothing, until they are decided', async () => {
    await edit(here, add('curl', '8.0'));
    await edit(there, add('curl', '9.0'));
    const { head, conflicts } = await carry(there, here);
    const told = [
      { ecosystem: 'apt', name: 'curl', field: 'version', base: '7.0', ours: '8.0', theirs: '9.0' },
    ];
    expect(conflicts).toEqual(told);
    const before = here.store.lines();
    expect(good(await merge(here, head))).toEqual({ outcome: 'conflicts', conflicts: told });
    expect(here.store.lines()).toEqual(before);
    const preferred = good(await merge(here, head, { prefer: 'theirs' }));
    expect(preferred.snapshot?.entries[1]).toMatchObject({ name: 'curl', version: '9.0' });
  });

  test('of which one has the other: nothing, or only moves forward', async () => {
    const first = await show(here, 'autumn@1');
    expect(good(await merge(here, 'autumn@1'))).toMatchObject({ outcome: 'same', snapshot: { revision: 2 } });
    expect(good(await merge(here, 'autumn', { ours: first.id, theirs: 'autumn' }))).toMatchObject({
      outcome: 'forward',
      snapshot: { revision: 2, head: true },
    });
  });

  test('of two snapshots is refused, with the way out', async () => {
    good(await here.service.create({ name: 'winter', security: false }));
    const error = bad(await merge(here, 'winter'));
    expect([error.code, error.hint]).toEqual(['input.invalid', expect.stringContaining('snapshot diff')]);
  });

  test('that would leave the newest one aside is refused', async () => {
    await edit(here, add('nano', '1'));
    await edit(there, add('vim', '1'));
    const { head } = await carry(there, here);
    const error = bad(await merge(here, head, { ours: 'autumn@1' }));
    expect([error.code, error.hint]).toEqual(['state.conflict', expect.stringContaining("merge 'autumn'")]);
  });

  test('that somebody has seen otherwise is refused', async () => {
    const seen = await show(here);
    await edit(there, add('vim', '1'));
    const { head } = await carry(there, here);
    await edit(here, add('nano', '1'));
    const late = await merge(here, head, { expect: { ours: seen.id, theirs: head } });
    expect(bad(late).code).toBe('state.conflict');
  });

  test('a preview says the same and changes nothing', async () => {
    await edit(here, add('curl', '8.0'), add('nano', '1'));
    await edit(there, add('curl', '9.0'));
    const { head } = await carry(there, here);
    const before = here.store.lines();
    const looked = good(
      await here.service.versions.preview({
        ours: 'autumn',
        theirs: head,
        resolutions: [{ name: 'curl', field: 'version', value: '10.0' }],
      }),
    );
    expect(looked).toMatchObject({
      outcome: 'merged',
      bases: [{ revision: 2 }],
      decided: [{ value: '10.0', conflict: { name: 'curl' } }],
      diffOurs: { changed: [{ name: 'curl', from: '8.0', to: '10.0' }] },
      diffTheirs: { added: [{ name: 'nano' }] },
    });
    expect(here.store.lines()).toEqual(before);
  });
});

describe('the graph', () => {
  test('shows what is beside the newest one’s history until it is merged', async () => {
    await edit(here, add('curl', '8.0'));
    await edit(there, add('openssl', '2.0'));
    const { head } = await carry(there, here);
    const marks = async () =>
      good(await here.service.versions.graph({ ref: 'autumn' })).revisions.map((one) =>
        [
          one.revision,
          ...(one.head ? ['head'] : []),
          ...(one.branch ? ['branch'] : []),
          ...(one.tip ? ['tip'] : []),
        ].join(' '),
      );
    expect((await marks()).toSorted()).toEqual(['1', '2', '3 branch tip', '3 head tip']);
    good(await merge(here, head));
    expect((await marks()).toSorted()).toEqual(['1', '2', '3', '3', '4 head tip']);
  });

  test('a number that two revisions have is refused with their ids, which are accepted', async () => {
    await edit(here, add('curl', '8.0'));
    await edit(there, add('openssl', '2.0'));
    const { head } = await carry(there, here);
    const error = bad(await here.service.show({ ref: 'autumn@3' }));
    expect(error.code).toBe('input.invalid');
    const digits = head.slice('sha256:'.length, 'sha256:'.length + 12);
    expect(error.hint).toContain(`autumn@${digits}`);
    expect((await show(here, `autumn@${digits}`)).id).toBe(head);
    expect(bad(await here.service.show({ ref: 'autumn@ffffffffffff' })).code).toBe('not-found');
  });
});

describe('freezes in a merge', () => {
  test('belong to their revision; one that comes with the other side holds from then on', async () => {
    await edit(here, add('curl', '8.0'));
    const frozen = await freeze(there);
    here.clock.set(there.clock.now() + HOUR);
    const { head } = await carry(there, here);
    expect(here.store.freezes()).toEqual([]);
    const merged = good(await merge(here, head));
    expect(merged.snapshot).toMatchObject({ state: 'draft', frozenRevision: { id: frozen.id } });
    expect(merged.snapshot).not.toHaveProperty('freeze');
    expect(here.store.freezes()).toMatchObject([
      { revisionId: frozen.id, hostIds: [here.store.hosts()[0]?.id] },
    ]);
  });

  test('of both sides are a conflict; taking one lifts the other, and says so', async () => {
    const mine = await freeze(here);
    const other = await freeze(there, 72);
    const { head } = await carry(there, here);
    const { conflicts } = good(await merge(here, head));
    expect(conflicts).toMatchObject([
      { name: 'autumn', field: 'freeze', base: null, ours: { id: mine.id }, theirs: { id: other.id } },
    ]);
    const merged = good(
      await merge(here, head, { resolutions: [{ name: 'autumn', field: 'freeze', take: 'theirs' }] }),
    );
    expect(merged.snapshot?.thaw).toMatchObject({ revision: mine.id, reason: /Given up in a merge/ });
    const live = here.store.freezes().filter((stored) => stored.thawed === undefined);
    expect(live.map((stored) => stored.revisionId)).toEqual([other.id]);
    expect(await carry(here, there)).toMatchObject({ outcome: 'forward' });
  });

  test('that would meet another snapshot’s on a host are refused, and nothing is merged', async () => {
    await edit(here, add('curl', '8.0'));
    await freeze(there);
    const { head } = await carry(there, here);
    good(await here.service.create({ name: 'winter', security: false }));
    good(
      await here.service.freeze({
        ref: 'winter',
        hosts: 'web-01',
        from: new Date(here.clock.now()).toISOString(),
        to: new Date(here.clock.now() + 200 * HOUR).toISOString(),
        zone: 'UTC',
        policy: 'listed-only',
        guard: false,
      }),
    );
    expect(bad(await merge(here, head)).code).toBe('freeze.overlap');
    expect((await show(here)).revision).toBe(3);
  });

  test('lifted on both sides are lifted once', async () => {
    await freeze(here);
    await carry(here, there);
    good(await here.service.thaw({ ref: 'autumn', reason: 'x' }));
    there.clock.set(there.clock.now() + HOUR);
    good(await there.service.thaw({ ref: 'autumn', reason: 'y' }));
    const { head } = await carry(there, here);
    expect(good(await merge(here, head))).toMatchObject({ outcome: 'merged' });
    expect(await carry(here, there)).toMatchObject({ outcome: 'forward' });
    expect(await carry(here, setUp())).toMatchObject({ outcome: 'new-line' });
  });
});

/** Rules applied once more: what they made follows them, what somebody decided by hand stays. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { reapplyRules } from '../../../main/core/snapshots/reapply.ts';
import type { Edit } from '../../../shared/contract/snapshots.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { bad, entry, good, installed, setUp, update, type World } from './support.ts';

const RULES = [
  'name: production',
  'filters: { name: "*" }',
  'rules:',
  '  - { id: security, match: { classification: security }, complianceLevel: critical, stage: 2 }',
  '  - { id: kernels, match: { name: "linux-*" }, decision: reject }',
  '  - { id: rest }',
].join('\n');
const NARROW = RULES.replace('{ name: "*" }', '{ classification: security }');

let world: World;
let host: ReturnType<World['addHost']>;
const names = ['bash', 'curl', 'openssl', 'linux-image'];
const scan = (to: string, more: string[] = [], held: string[] = []) => {
  world.clock.set(world.clock.now() + 1000);
  world.addScan(host, {
    packages: [...names, ...more].map((name) => installed(name)),
    updates: [...names, ...more].map((name) =>
      update(name, to, {
        ...(name === 'openssl' ? { classification: 'security' } : {}),
        ...(held.includes(name) ? { blocked: 'held' } : {}),
      }),
    ),
  });
};
const edit = async (...edits: Edit[]) => good(await world.service.edit({ ref: 'autumn', edits }));
const again = async (o: { text?: string; expect?: string } = {}) =>
  good(
    await world.service.applyRules({
      ref: 'autumn',
      from: [],
      ...(o.text === undefined ? {} : { rules: { text: o.text } }),
      ...(o.expect === undefined ? {} : { expect: o.expect }),
    }),
  );
const told = (entries: Entry[]) =>
  entries.map((one) => `${one.name} ${one.version} ${one.decision} ${one.stage}`);
const show = async () => good(await world.service.show({ ref: 'autumn' })).snapshot;

beforeEach(async () => {
  world = setUp();
  host = world.addHost('web-1');
  scan('2');
  good(await world.service.create({ name: 'autumn', rules: { text: RULES }, security: false }));
});

describe('rules applied again', () => {
  test('bring their entries up to date, with what is new, as a new revision', async () => {
    expect(told((await show()).entries)).toEqual([
      'bash 2 approve 1',
      'curl 2 approve 1',
      'linux-image 2 reject 1',
      'openssl 2 approve 2',
    ]);
    scan('3', ['zsh']);
    const { snapshot, diff } = await again();
    expect(snapshot.revision).toBe(2);
    expect(told(snapshot.entries)).toEqual([
      'bash 3 approve 1',
      'curl 3 approve 1',
      'linux-image 3 reject 1',
      'zsh 3 approve 1',
      'openssl 3 approve 2',
    ]);
    expect(diff.added.map((one) => one.name)).toEqual(['zsh']);
    expect(snapshot.message).toBe('Applied the rules production again.');
    // Nothing new: no revision.
    expect((await again()).snapshot.revision).toBe(2);
  });

  test('leave alone what was decided by hand', async () => {
    await edit(
      { kind: 'decide', name: 'bash', decision: 'reject' },
      { kind: 'decide', name: 'linux-image', decision: 'approve' },
      { kind: 'pin', name: 'curl', pinned: true },
      { kind: 'stage', name: 'openssl', stage: 5 },
      { kind: 'note', name: 'openssl', note: 'after the shop' },
      { kind: 'add', name: 'nginx', version: '9', ecosystem: 'apt' },
      { kind: 'move', name: 'nginx', index: 0 },
    );
    scan('3', ['nginx']);
    const { snapshot, diff } = await again();
    expect(told(snapshot.entries)).toEqual([
      'nginx 9 approve 1',
      'bash 2 reject 1',
      'curl 2 approve 1',
      'linux-image 2 approve 1',
      'openssl 3 approve 5',
    ]);
    expect(snapshot.entries.at(-1)?.note).toBe('after the shop');
    expect(diff).toMatchObject({ added: [], removed: [], changed: [{ name: 'openssl', field: 'version' }] });
  });

  test('do not bring back what was taken out, but in a newer version', async () => {
    await edit({ kind: 'remove', name: 'bash' });
    expect((await again()).snapshot.entries.map((one) => one.name)).not.toContain('bash');
    scan('3');
    expect(told((await again()).snapshot.entries)).toContain('bash 3 approve 1');
  });

  test('that changed take out what they refuse now, and keep what nobody is offered any more', async () => {
    world.addScan(host, {
      packages: names.map((name) => installed(name, name === 'curl' ? '2' : '1.0')),
      updates: names.filter((name) => name !== 'curl').map((name) => update(name, '2')),
    });
    const narrow = RULES.replace('{ name: "*" }', '{ name: ["openssl", "linux-*"] }');
    const { snapshot } = await again({ text: narrow });
    // Of openssl nobody says security any more: another rule takes it, with its own stage.
    expect(told(snapshot.entries)).toEqual([
      'curl 2 approve 1',
      'linux-image 2 reject 1',
      'openssl 2 approve 1',
    ]);
    expect(snapshot.rules?.map((set) => set.filters)).toEqual([{ name: ['openssl', 'linux-*'] }]);
    // And the other way round: what the rules took out comes back with them.
    expect((await again({ text: RULES })).snapshot.entries.map((one) => one.name)).toContain('bash');
  });

  test('let go of a hold that is gone, and of no decision', async () => {
    scan('3', [], ['bash']);
    expect(told((await again()).snapshot.entries)).toContain('bash 3 reject 1');
    scan('3');
    const entries = (await again()).snapshot.entries;
    expect(told(entries)).toContain('bash 3 approve 1');
    expect(entries.find((one) => one.name === 'bash')).not.toHaveProperty('note');
  });

  test('are shown as a difference before anything is saved', async () => {
    scan('3');
    const found = good(await world.service.previewRules({ ref: 'autumn', from: [] }));
    expect(found.diff.changed).toHaveLength(4);
    expect((await show()).revision).toBe(1);
    await edit({ kind: 'note', name: 'bash', note: 'x' });
    expect(bad(await world.service.applyRules({ ref: 'autumn', from: [], expect: found.base })).code).toBe(
      'state.conflict',
    );
  });

  test('need rules to apply', async () => {
    good(await world.service.create({ name: 'bare', from: ['all'], security: false }));
    expect(bad(await world.service.applyRules({ ref: 'bare', from: [] })).code).toBe('input.invalid');
    const named = good(
      await world.service.applyRules({ ref: 'bare', from: [], rules: { text: NARROW } }),
    ).snapshot;
    // What the scan brought stays the admin's own: no rule made it.
    expect(named.entries.every((one) => one.source === 'scan')).toBe(true);
    expect(named.rules?.map((set) => set.name)).toEqual(['production']);
  });
});

test('whatever the rules say, nothing that was decided by hand is lost, and doing it twice is doing it once', () => {
  const set = { name: 'a', rules: [{ id: 'r' }, { id: 'no', decision: 'reject' as const }] };
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const version = fc.integer({ min: 1, max: 3 }).map(String);
  const made = (source: fc.Arbitrary<string>) =>
    fc.uniqueArray(
      fc
        .record({
          name,
          version,
          source,
          stage: fc.integer({ min: 1, max: 2 }),
          decision: fc.constantFrom('approve' as const, 'reject' as const),
          pinned: fc.boolean(),
        })
        .map(({ name: n, pinned, ...rest }) => entry(n, { ...rest, ...(pinned ? { pinned } : {}) })),
      { selector: (one) => one.name },
    );
  const fresh = fc.uniqueArray(
    fc.record({ name, version, no: fc.boolean() }).map(({ name: n, version: v, no }) =>
      entry(n, {
        version: v,
        source: no ? 'rule:no' : 'rule:r',
        decision: no ? 'reject' : 'approve',
      }),
    ),
    { selector: (one) => one.name },
  );
  fc.assert(
    fc.property(
      made(fc.constantFrom('rule:r', 'rule:no', 'manual', 'scan', 'rule:gone')),
      fresh,
      (old, now) => {
        const sorted = old.toSorted((a, b) => a.stage - b.stage);
        const o = {
          sets: [set],
          fresh: now,
          judged: now,
          out: new Set<string>(),
          compareOf: () => (a: string, b: string) => Number(a) - Number(b),
        };
        const after = reapplyRules(sorted, o);
        const rules = { 'rule:r': 'approve', 'rule:no': 'reject' } as Record<string, string>;
        const own = sorted.filter((one) => one.pinned === true || rules[one.source] !== one.decision);
        for (const one of own) expect(after).toContainEqual(one);
        expect(new Set(after.map((one) => one.name)).size).toBe(after.length);
        expect(reapplyRules(after, o)).toEqual(after);
      },
    ),
  );
});

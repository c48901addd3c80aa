import { beforeEach, describe, expect, test } from 'vitest';
import { createPromotionJudge } from '../../../main/core/snapshots/promoting.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { uuid } from '../fleet/make.ts';
import { commitOf, makeRun } from '../sqlite/model.ts';
import { bad, good, setUp, type World } from './support.ts';

const MINUTE = 60_000;

let world: World;
let hosts: { test: Host; staging: Host; production: Host };
let head: SnapshotView;
let runs: number;

beforeEach(async () => {
  world = setUp();
  runs = 0;
  hosts = {
    test: world.addHost('t-01', { environment: 'test' }),
    staging: world.addHost('s-01', { environment: 'staging' }),
    production: world.addHost('p-01', { environment: 'production' }),
  };
  good(await world.service.create({ name: 'autumn', security: false }));
  head = await edit('1.0');
});

const edit = async (version: string): Promise<SnapshotView> =>
  good(
    await world.service.edit({
      ref: 'autumn',
      edits: [{ kind: 'add', name: 'openssl', version, ecosystem: 'apt' }],
    }),
  ).snapshot;

const ran = (on: Host[], change: Partial<Run> = {}, of: SnapshotView = head): string => {
  const id = uuid(100 + ++runs);
  world.clock.set(world.clock.now() + MINUTE);
  const run = makeRun(id, on, {
    snapshot: { name: of.name, revision: of.revision, id: of.id },
    state: 'finished',
    verdict: 'success',
    counts: { succeeded: on.length },
    finishedAt: new Date(world.clock.now()).toISOString(),
    ...change,
  });
  world.store.createRun(commitOf(run));
  return id;
};
const promote = (
  o: { withoutEvidence?: boolean; reason?: string; from?: string; to?: string; ref?: string } = {},
) => world.service.versions.promote({ ref: 'autumn', to: 'production', withoutEvidence: false, ...o });
const policy = (o: { requirePromotion?: boolean; requireEvidence?: boolean }) =>
  world.store.putSetting(
    'signing-policies',
    JSON.stringify([
      { environment: 'Production', freeze: 0, promote: 0, deploy: 0, signers: [], fourEyes: false, ...o },
    ]),
  );

describe('promoting', () => {
  test('rests on the newest finished run of exactly this revision elsewhere, and records it', async () => {
    ran([hosts.test], { verdict: 'failed' });
    const run = ran([hosts.test]);
    const { snapshot } = good(await promote());
    expect(snapshot.id).toBe(head.id);
    expect(snapshot.promotions).toMatchObject([
      {
        revisionId: head.id,
        snapshot: 'autumn',
        revision: 2,
        from: 'test',
        to: 'production',
        evidence: { run, environment: 'test', verdict: 'success', counts: { succeeded: 1 }, hosts: ['t-01'] },
        signatures: [],
      },
    ]);
    expect(good(await world.service.show({ ref: 'autumn' })).snapshot.promotions).toEqual(
      snapshot.promotions,
    );
  });

  test.each([
    ['none ran', () => undefined, /No finished run/],
    ['it ran only where it goes to', () => ran([hosts.production]), /No finished run/],
    ['it is not finished', () => ran([hosts.test], { state: 'running' }), /No finished run/],
    [
      'the newest did not succeed',
      () => [ran([hosts.test]), ran([hosts.test], { verdict: 'rolled-back' })],
      /did not succeed: rolled-back/,
    ],
  ])('is refused where %s', async (_, before, message) => {
    before();
    const error = bad(await promote());
    expect([error.code, error.message]).toEqual(['policy.promotion', expect.stringMatching(message)]);
    expect(world.store.promotions(head.id)).toEqual([]);
  });

  test('looks only where it is told to', async () => {
    ran([hosts.test]);
    ran([hosts.staging], { verdict: 'partial' });
    expect(bad(await promote()).message).toMatch(/staging/);
    expect(good(await promote({ from: 'Test' })).snapshot.promotions).toMatchObject([{ from: 'test' }]);
  });

  test('without evidence wants a reason, and a policy that permits it', async () => {
    expect(bad(await promote({ withoutEvidence: true, reason: ' ' })).code).toBe('input.invalid');
    policy({ requireEvidence: true });
    expect(bad(await promote({ withoutEvidence: true, reason: 'exploited' })).code).toBe('policy.promotion');
    policy({});
    const { snapshot } = good(await promote({ withoutEvidence: true, reason: 'exploited' }));
    expect(snapshot.promotions).toMatchObject([{ from: null, evidence: null, reason: 'exploited' }]);
  });

  test('a changed revision does not inherit it, and neither does a merge', async () => {
    ran([hosts.test]);
    good(await promote());
    const next = await edit('2.0');
    expect(next).not.toHaveProperty('promotions');
    expect(bad(await promote()).code).toBe('policy.promotion');
    const graph = good(await world.service.versions.graph({ ref: 'autumn' }));
    expect(graph.revisions.map((one) => [one.revision, one.promotions.length])).toEqual([
      [3, 0],
      [2, 1],
      [1, 0],
    ]);
  });

  test('what it would rest on can be looked at first', async () => {
    const look = async () =>
      good(await world.service.versions.promotable({ ref: 'autumn', to: 'production' }));
    expect(await look()).toMatchObject({ refusal: { code: 'policy.promotion' }, withoutEvidence: true });
    const run = ran([hosts.test]);
    const found = await look();
    expect(found).toMatchObject({ evidence: { run } });
    expect(found).not.toHaveProperty('refusal');
    expect(world.store.promotions(head.id)).toEqual([]);
  });
});

describe('an environment that takes only what was promoted', () => {
  const judged = (host: Host, id = head.id) => {
    const revision = world.store.revision(id);
    if (revision === undefined) throw new Error('no revision');
    return createPromotionJudge(world.ports)(host, revision).map((refusal) => refusal.code);
  };

  test('refuses everything else, on its own hosts alone', async () => {
    expect(judged(hosts.production)).toEqual([]);
    policy({ requirePromotion: true });
    expect(judged(hosts.production)).toEqual(['policy.promotion']);
    expect(judged(hosts.test)).toEqual([]);
    ran([hosts.test]);
    good(await promote({ to: 'staging', from: 'test' }));
    expect(judged(hosts.production)).toEqual(['policy.promotion']);
    good(await promote());
    expect(judged(hosts.production)).toEqual([]);
    const next = await edit('2.0');
    expect(judged(hosts.production, next.id)).toEqual(['policy.promotion']);
  });
});

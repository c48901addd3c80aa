/** An environment that takes only what was promoted into it, as the engine sees it: in the plan, and when a host's task starts. */
import { beforeEach, expect, test } from 'vitest';
import { createSignatureService } from '../../../main/core/exchange/service.ts';
import { createPromotionJudge } from '../../../main/core/snapshots/promoting.ts';
import { createSnapshotService } from '../../../main/core/snapshots/service.ts';
import { TestConsole, value } from './console.ts';

let admin: TestConsole;
beforeEach(() => {
  admin = new TestConsole();
  admin.judge = createPromotionJudge(admin.ports);
  admin.fleetOf(3);
  for (const host of admin.ports.store.hosts())
    admin.ports.store.putHost({ ...host, environment: host.name === 'h1' ? 'test' : 'production' });
});

const require = async () =>
  value(
    await createSignatureService(admin.ports)['policies.set']({
      environment: 'production',
      freeze: 0,
      promote: 0,
      deploy: 0,
      signers: [],
      fourEyes: false,
      requirePromotion: true,
    }),
  );
const refusals = async () =>
  Object.fromEntries(
    (await admin.plan()).hosts.map((one) => [one.host, one.refusals.map((refusal) => refusal.code)]),
  );

test('what was not promoted is refused there; the run in test is what lets it in', async () => {
  await require();
  expect(await refusals()).toEqual({ h1: [], h2: ['policy.promotion'], h3: ['policy.promotion'] });
  const id = await admin.start({});
  await admin.finish(id);
  expect(admin.states(id)).toEqual({ h1: 'succeeded', h2: 'refused', h3: 'refused' });
  const { versions } = createSnapshotService(admin.ports);
  const promote = () => versions.promote({ ref: 'november', to: 'production', withoutEvidence: false });
  // That run had refused hosts in it, so it was no success.
  expect(await promote()).toMatchObject({ ok: false, error: { code: 'policy.promotion' } });
  value(
    await versions.promote({
      ref: 'november',
      to: 'production',
      withoutEvidence: true,
      reason: 'seen on h1',
    }),
  );
  expect(await refusals()).toEqual({ h1: [], h2: [], h3: [] });
});

test('a policy that comes while the run waits stops the hosts that have not begun', async () => {
  const id = await admin.start({ waves: ['1', '100%'], gate: 'manual' });
  await admin.until(() => admin.run(id).wave?.waiting !== undefined);
  await require();
  value(await admin.runs.approve({ id }));
  const run = await admin.finish(id);
  expect(
    run.tasks.filter((task) => task.error?.code === 'policy.promotion').map((task) => task.host),
  ).toEqual(['h2', 'h3']);
  expect(admin.versions('h2')).toMatchObject({ curl: '1', nginx: '1' });
});

/** An environment that wants signatures, as the engine sees it: when it is planned, and again when each host's task starts. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createSignatureService } from '../../../main/core/exchange/service.ts';
import { createSignatureJudge } from '../../../main/core/exchange/suffice.ts';
import { type KeyPair, makeKey } from '../exchange/rig.ts';
import { TestConsole, value } from './console.ts';

let key: KeyPair;
let admin: TestConsole;
let signing: ReturnType<typeof createSignatureService>;
beforeAll(() => {
  key = makeKey('ed25519');
});
beforeEach(async () => {
  admin = new TestConsole();
  admin.judge = createSignatureJudge(admin.ports);
  admin.fleetOf(3);
  for (const host of admin.ports.store.hosts())
    admin.ports.store.putHost({ ...host, environment: host.name === 'h3' ? 'test' : 'production' });
  signing = createSignatureService(admin.ports);
  value(await signing['signers.add']({ principal: 'ben@example.org', publicKey: key.publicLine }));
  const none = { freeze: 0, promote: 0, signers: [], fourEyes: false };
  value(await signing['policies.set']({ environment: 'production', deploy: 1, ...none }));
});

const sign = async () =>
  value(await signing['signatures.sign']({ ref: 'november', with: { kind: 'file', file: key.file } }));

test('without signatures its hosts are refused in the plan, and the others are not', async () => {
  const plan = await admin.plan();
  const refusals = Object.fromEntries(plan.hosts.map((one) => [one.host, one.refusals.map((r) => r.code)]));
  expect(refusals).toEqual({ h1: ['policy.signatures'], h2: ['policy.signatures'], h3: [] });
  await sign();
  expect((await admin.plan()).hosts.flatMap((one) => one.refusals)).toEqual([]);
});

test('a key that is revoked while the run waits stops the hosts that have not begun', async () => {
  await sign();
  const id = await admin.start({ waves: ['1', '100%'], gate: 'manual' });
  await admin.until(() => admin.run(id).wave?.waiting !== undefined);
  value(await signing['signers.revoke']({ which: 'ben@example.org', reason: 'laptop stolen' }));
  value(await admin.runs.approve({ id }));
  const run = await admin.finish(id);
  expect(admin.states(id)).toMatchObject({ h1: 'succeeded', h3: 'succeeded' });
  const stopped = run.tasks.find((task) => task.host === 'h2');
  expect(stopped?.error?.code).toBe('policy.signatures');
  expect(admin.versions('h2')).toMatchObject({ curl: '1', nginx: '1' });
});

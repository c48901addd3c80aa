/** Broken files by the thousand. `test/bench/fuzz.ts` tries a million. */
import { expect, test } from 'vitest';
import { readSshSignature } from '../../../main/core/exchange/sshsig.ts';
import { brokenFile, chance, tryFile } from '../../support/exchangeFuzz.ts';
import { good } from '../snapshots/support.ts';
import { makeKey, signElsewhere, signingWorld } from './rig.ts';

const FILES = 10_000;

const soundFiles = async () => {
  const world = await signingWorld();
  const anna = makeKey('ed25519');
  await world.sign('autumn', anna);
  await world.sign('autumn', makeKey('ecdsa'));
  const signed = good(await world.service.export({ ref: 'autumn' })).text;
  good(
    await world.service.freeze({
      ref: 'autumn',
      hosts: 'env=production',
      from: new Date(world.clock.now()).toISOString(),
      to: new Date(world.clock.now() + 86_400_000).toISOString(),
      zone: 'UTC',
      policy: 'listed-only',
      guard: false,
    }),
  );
  good(await world.service.thaw({ ref: 'autumn', reason: 'urgent' }));
  const thawed = good(await world.service.export({ ref: 'autumn' })).text;
  const receiver = await signingWorld();
  receiver.store.removeLine(receiver.head.lineId);
  return { receiver, sound: [signed, thawed] };
};

test(`of ${FILES} broken files none throws, none is stored, and only sound chains are accepted`, async () => {
  const { receiver, sound } = await soundFiles();
  const c = chance(20261126);
  const outcomes = new Map<string, number>();
  for (let n = 0; n < FILES; n += 1) {
    const outcome = await tryFile(brokenFile(c, sound), receiver.ports);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect(receiver.store.lines()).toEqual([]);
  // A fuzzer whose files all fail at the first brace tests nothing.
  for (const code of [
    'exchange.malformed',
    'exchange.tampered',
    'exchange.broken-chain',
    'signature.invalid',
    'accepted',
  ])
    expect(outcomes.get(code) ?? 0, code).toBeGreaterThan(10);
  // Refusals are of these kinds and no others.
  expect([...outcomes.keys()].filter((code) => !/^(accepted|exchange\.|signature\.)/.test(code))).toEqual([]);
}, 120_000);

test('importing broken files changes nothing where they are refused', async () => {
  const { receiver, sound } = await soundFiles();
  const c = chance(7);
  const everything = () => JSON.stringify([receiver.store.lines(), receiver.store.freezes()]);
  let refused = 0;
  for (let n = 0; n < 500; n += 1) {
    const before = everything();
    const text = brokenFile(c, sound);
    const verified = await receiver.service.verify({ text });
    expect(everything()).toBe(before);
    const imported = await receiver.service.import({ text });
    if (imported.ok) expect(good(verified).ok).toBe(true);
    else {
      refused += 1;
      expect(everything()).toBe(before);
    }
  }
  expect(refused).toBeGreaterThan(100);
}, 120_000);

test('no armor that was broken is read as another signature, and none throws', () => {
  const armor = signElsewhere(`sha256:${'ab'.repeat(32)}`, makeKey('ed25519'));
  const c = chance(99);
  for (let n = 0; n < 5000; n += 1) {
    const read = readSshSignature(
      brokenFile({ ...c, below: (limit) => (limit === 4 ? 1 : c.below(limit)) }, [armor]),
    );
    if (read.ok) expect(read.value.keyType.length).toBeGreaterThan(0);
    else expect(read.error.code).toBe('signature.invalid');
  }
});

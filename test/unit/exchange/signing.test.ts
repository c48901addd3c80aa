/** Who vouches for a revision, whom this console believes, and what an environment wants before it is frozen or deployed. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSignatureJudge, signaturesSuffice } from '../../../main/core/exchange/suffice.ts';
import type { SigningPolicy } from '../../../shared/model/signature.ts';
import type { ExchangeFile } from '../../../shared/model/snapshot.ts';
import { bad, good } from '../snapshots/support.ts';
import {
  allowedLine,
  type KeyPair,
  makeKey,
  type SigningWorld,
  signElsewhere,
  signHere,
  signingWorld,
} from './rig.ts';

let anna: KeyPair;
let ben: KeyPair;
let eve: KeyPair;
let world: SigningWorld;
beforeAll(() => {
  [anna, ben, eve] = [makeKey('ed25519'), makeKey('ecdsa'), makeKey('ed25519')];
});
beforeEach(async () => {
  world = await signingWorld();
});

const DAY = 86_400_000;
const signers = async (w: SigningWorld = world) =>
  good(await w.signing['signatures.list']({ ref: 'autumn' })).signatures.map((one) => [
    one.signer,
    one.status,
  ]);
const exported = async (w: SigningWorld = world) => good(await w.service.export({ ref: 'autumn' })).text;
const policy = async (more: Partial<SigningPolicy>) =>
  good(
    await world.signing['policies.set']({
      environment: 'production',
      freeze: 0,
      promote: 0,
      deploy: 0,
      signers: [],
      fourEyes: false,
      ...more,
    }),
  );
const freeze = (hosts = 'env=production') =>
  world.service.freeze({
    ref: 'autumn',
    hosts,
    from: new Date(world.clock.now()).toISOString(),
    to: new Date(world.clock.now() + DAY).toISOString(),
    zone: 'UTC',
    policy: 'listed-only',
    guard: false,
  });
const other = async (): Promise<SigningWorld> => {
  const theirs = await signingWorld();
  theirs.store.removeLine(theirs.head.lineId);
  return theirs;
};

describe('signing', () => {
  test('adds a signature beside the revision, whose id stays', async () => {
    await world.trust('anna@example.org', anna);
    const signed = await world.sign('autumn', anna);
    expect(signed).toMatchObject({ id: world.head.id, fingerprint: anna.fingerprint, status: 'trusted' });
    expect(good(await world.service.show({ ref: 'autumn' })).snapshot.id).toBe(world.head.id);
  });

  test('several people sign the same content; the same key twice is one signature', async () => {
    await world.trust('anna@example.org', anna);
    await world.sign('autumn', anna);
    await world.sign('autumn', ben);
    await world.sign('autumn', anna);
    expect(await signers()).toEqual([
      ['anna@example.org', 'trusted'],
      [null, 'unknown'],
    ]);
  });

  test('takes in what ssh-keygen made, and nothing that is not a signature of this revision', async () => {
    const add = (armor: string) =>
      world.signing['signatures.sign']({ ref: 'autumn', with: { kind: 'signature', armor } });
    expect(good(await add(signElsewhere(world.head.id, ben))).fingerprint).toBe(ben.fingerprint);
    // A newline at the end is the mistake that `echo` makes.
    const refused = bad(await add(signElsewhere(`${world.head.id}\n`, anna)));
    expect(refused.code).toBe('signature.invalid');
    expect(refused.hint).toContain('printf %s');
    expect(bad(await add(signElsewhere(world.head.id, anna, 'file'))).code).toBe('signature.invalid');
    expect(bad(await add('nonsense')).code).toBe('signature.invalid');
    expect(await signers()).toHaveLength(1);
  });

  test('the next revision has none of them', async () => {
    await world.sign('autumn', anna);
    good(await world.service.edit({ ref: 'autumn', edits: [{ kind: 'remove', name: 'curl' }] }));
    expect(await signers()).toEqual([]);
    expect(good(await world.signing['signatures.list']({ ref: 'autumn@2' })).signatures).toHaveLength(1);
  });

  test('a removed snapshot takes its signatures with it', async () => {
    await world.sign('autumn', anna);
    good(await world.service.remove({ ref: 'autumn' }));
    expect(world.store.signatures(world.head.id)).toEqual([]);
  });
});

describe('the signers', () => {
  test('come in as a file, whole or not at all', async () => {
    const text = allowedLine('anna@example.org', anna) + allowedLine('ben@example.org', ben);
    const before = good(await world.signing['signers.list']({}));
    expect(bad(await world.signing['signers.import']({ text: `${text}broken` })).message).toContain('Line 3');
    expect(good(await world.signing['signers.list']({}))).toEqual(before);
    expect(good(await world.signing['signers.import']({ text })).added).toBe(2);
    // Again is no second copy.
    good(await world.signing['signers.import']({ text }));
    const listed = good(await world.signing['signers.list']({}));
    expect(listed.signers.map((one) => [one.principals, one.status])).toEqual([
      [['anna@example.org'], 'trusted'],
      [['ben@example.org'], 'trusted'],
    ]);
    expect(listed.text).toContain(anna.publicLine.split(' ')[1]);
  });

  test('a revoked one is revoked in all that was signed, and cannot sign again', async () => {
    await world.trust('anna@example.org', anna);
    await world.sign('autumn', anna);
    good(await world.signing['signers.revoke']({ which: 'anna@example.org', reason: 'laptop stolen' }));
    expect(await signers()).toEqual([['anna@example.org', 'revoked']]);
    expect(good(await world.signing['signers.list']({}))).toMatchObject({
      signers: [{ status: 'revoked' }],
      revoked: [{ fingerprint: anna.fingerprint, reason: 'laptop stolen' }],
      text: '',
    });
    const again = await world.signing['signatures.sign']({
      ref: 'autumn',
      with: { kind: 'file', file: anna.file },
    });
    expect(bad(again).code).toBe('signature.revoked');
    // Nor does forgetting the signer bring the key back.
    good(await world.signing['signers.remove']({ signer: 'anna@example.org' }));
    await world.trust('anna@example.org', anna);
    expect(await signers()).toEqual([['anna@example.org', 'revoked']]);
  });

  test('whose time is over: what came here before counts, what comes later does not', async () => {
    const until = new Date(world.clock.now() + DAY).toISOString();
    good(
      await world.signing['signers.add']({
        principal: 'anna',
        publicKey: anna.publicLine,
        validBefore: until,
      }),
    );
    good(
      await world.signing['signers.add']({ principal: 'ben', publicKey: ben.publicLine, validBefore: until }),
    );
    await world.sign('autumn', anna);
    world.clock.set(world.clock.now() + 2 * DAY);
    await world.sign('autumn', ben);
    expect(await signers()).toEqual([
      ['anna', 'trusted'],
      ['ben', 'expired'],
    ]);
  });

  test('for other purposes only are not trusted here', async () => {
    const text = allowedLine('anna', anna, 'namespaces="git"');
    good(await world.signing['signers.import']({ text }));
    await world.sign('autumn', anna);
    expect(await signers()).toEqual([['anna', 'unknown']]);
  });
});

describe('what an environment wants', () => {
  beforeEach(async () => {
    await world.trust('anna@example.org', anna);
    await world.trust('ben@example.org', ben);
  });

  test('freezing is refused until M of N have signed, and only on its hosts', async () => {
    await policy({ freeze: 2 });
    const refused = bad(await freeze());
    expect(refused.code).toBe('policy.signatures');
    expect(refused.message).toContain('wants 2 signatures');
    await world.sign('autumn', anna);
    await world.sign('autumn', eve);
    expect(bad(await freeze('all')).message).toContain('has 1 (anna@example.org)');
    await world.sign('autumn', ben);
    good(await freeze('all'));
  });

  test('an environment without a policy freezes without signatures', async () => {
    await policy({ freeze: 2 });
    good(await freeze('env=test'));
  });

  test('two keys of one person are one person', async () => {
    await policy({ deploy: 2 });
    await world.trust('anna@example.org', eve);
    await world.sign('autumn', anna);
    await world.sign('autumn', eve);
    expect(signaturesSuffice(world.head.id, 'production', 'deploy', world.ports).ok).toBe(false);
    await world.sign('autumn', ben);
    expect(signaturesSuffice(world.head.id, 'production', 'deploy', world.ports).ok).toBe(true);
    expect(signaturesSuffice(world.head.id, 'PRODUCTION', 'deploy', world.ports).ok).toBe(true);
    expect(signaturesSuffice(world.head.id, undefined, 'deploy', world.ports).ok).toBe(true);
  });

  test('only the named ones count, where some are named', async () => {
    await policy({ promote: 1, signers: ['ben@example.org'] });
    await world.sign('autumn', anna);
    expect(bad(signaturesSuffice(world.head.id, 'production', 'promote', world.ports)).hint).toContain(
      'ben@example.org',
    );
    await world.sign('autumn', ben);
    good(signaturesSuffice(world.head.id, 'production', 'promote', world.ports));
  });

  test('four eyes: the author’s own signature does not count', async () => {
    // The author of all revisions here is the account `anna`.
    await policy({ deploy: 1, fourEyes: true });
    await world.sign('autumn', anna);
    expect(bad(signaturesSuffice(world.head.id, 'production', 'deploy', world.ports)).hint).toContain(
      'other than its author',
    );
    await world.sign('autumn', ben);
    good(signaturesSuffice(world.head.id, 'production', 'deploy', world.ports));
  });

  test('deploying is judged per host, and anew each time', async () => {
    await policy({ deploy: 1 });
    const judge = createSignatureJudge(world.ports);
    const revision = world.store.revision(world.head.id);
    const [production, test_] = ['web-1', 'test-1'].map((name) => world.store.hostByName(name));
    if (revision === undefined || production === undefined || test_ === undefined)
      throw new Error('not there');
    expect(judge(production, revision)).toMatchObject([{ code: 'policy.signatures' }]);
    expect(judge(test_, revision)).toEqual([]);
    await world.sign('autumn', ben);
    expect(judge(production, revision)).toEqual([]);
    good(await world.signing['signers.revoke']({ which: ben.fingerprint }));
    expect(judge(production, revision)).toMatchObject([{ code: 'policy.signatures' }]);
  });

  test('more signatures than there are signers is not a policy', async () => {
    const set = {
      environment: 'production',
      freeze: 2,
      promote: 0,
      deploy: 0,
      signers: ['anna@example.org'],
      fourEyes: false,
    };
    expect(bad(await world.signing['policies.set'](set)).code).toBe('input.invalid');
    expect(good(await world.signing['policies.list']({})).policies).toEqual([]);
  });

  test('wanting nothing takes the policy away', async () => {
    expect((await policy({ freeze: 1 })).policies).toHaveLength(1);
    expect((await policy({ freeze: 0 })).policies).toEqual([]);
  });

  test('a setting that cannot be read is damage, not "no policy"', () => {
    world.store.putSetting('signing-policies', '[{"environment":"production"}]');
    expect(() => signaturesSuffice(world.head.id, 'production', 'deploy', world.ports)).toThrow(
      'cannot be read',
    );
  });
});

describe('a file', () => {
  test('carries all signatures, and importing merges those of several people', async () => {
    const theirs = await other();
    await world.sign('autumn', anna);
    const first = await exported();
    expect(good(await theirs.service.import({ text: first }))).toMatchObject({
      outcome: 'new-line',
      freshSignatures: 1,
    });
    await theirs.sign('autumn', ben);
    const back = await exported(theirs);
    const file: ExchangeFile = JSON.parse(back);
    expect(file.signatures.map((one) => one.fingerprint)).toEqual([anna.fingerprint, ben.fingerprint]);
    expect(good(await world.service.import({ text: back }))).toMatchObject({
      outcome: 'same',
      freshSignatures: 1,
    });
    expect(await exported()).toBe(back);
    // A file with fewer takes none away.
    expect(good(await world.service.import({ text: first }))).toMatchObject({
      outcome: 'same',
      freshSignatures: 0,
    });
    expect(await exported()).toBe(back);
  });

  test('is taken in unsigned only where nobody is trusted yet', async () => {
    const theirs = await other();
    const text = await exported();
    expect(good(await theirs.service.verify({ text })).ok).toBe(true);
    await theirs.trust('anna@example.org', anna);
    expect(good(await theirs.service.verify({ text }))).toMatchObject({
      ok: false,
      refusal: { code: 'signature.missing' },
    });
    expect(bad(await theirs.service.import({ text })).code).toBe('signature.missing');
    await world.sign('autumn', anna);
    good(await theirs.service.import({ text: await exported() }));
  });

  test('given allowed signers are believed instead of the known ones, for this file only', async () => {
    const theirs = await other();
    await theirs.trust('anna@example.org', anna);
    await world.sign('autumn', ben);
    const text = await exported();
    expect(bad(await theirs.service.import({ text })).code).toBe('signature.untrusted');
    const allowedSigners = allowedLine('ben@example.org', ben);
    const verified = good(await theirs.service.verify({ text, allowedSigners }));
    expect(verified.signatures).toMatchObject([{ signer: 'ben@example.org', status: 'trusted' }]);
    const revokedKeys = `${ben.publicLine}\n`;
    expect(bad(await theirs.service.import({ text, allowedSigners, revokedKeys })).code).toBe(
      'signature.revoked',
    );
    good(await theirs.service.import({ text, allowedSigners }));
    expect(await signers(theirs)).toEqual([[null, 'unknown']]);
  });

  test('one trusted signature is enough; a false one is one too many', async () => {
    const theirs = await other();
    await theirs.trust('anna@example.org', anna);
    await world.sign('autumn', anna);
    await world.sign('autumn', eve);
    const text = await exported();
    expect(good(await theirs.service.verify({ text })).ok).toBe(true);
    const file: ExchangeFile = JSON.parse(text);
    const armor = await signHere(`sha256:${'0'.repeat(64)}`, eve.file);
    const forged = JSON.stringify({
      ...file,
      signatures: [...file.signatures.slice(0, 1), { fingerprint: eve.fingerprint, armor }],
    });
    expect(bad(await theirs.service.import({ text: forged })).code).toBe('signature.invalid');
    expect(theirs.store.lines()).toEqual([]);
  });
});

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson, contentHash } from '../../../main/core/snapshots/canonical.ts';
import { readExchange, writeExchange } from '../../../main/core/snapshots/exchange.ts';
import type { Edit } from '../../../shared/contract/snapshots.ts';
import type { ExchangeFile, RevisionContent } from '../../../shared/model/snapshot.ts';
import { nodeHasher } from '../../support/ports.ts';
import { bad, good, setUp, type World } from './support.ts';

const HOUR = 3_600_000;
let ours: World;
let theirs: World;

const edit = async (world: World, ...edits: Edit[]) =>
  good(await world.service.edit({ ref: 'autumn', edits }));
const exported = async (world: World, ref = 'autumn') => good(await world.service.export({ ref })).text;
const carry = async (from: World, to: World) => to.service.import({ text: await exported(from) });
const parsed = (text: string): ExchangeFile => JSON.parse(text);
const verifyCode = async (text: string) => bad(await ours.service.verify({ text })).code;
const idOf = (content: unknown): string => contentHash(content, nodeHasher);
/** A file whose hashes are right: what somebody with the same rules but other intentions could write. */
const forged = (revisions: unknown[]): string =>
  JSON.stringify({ format: 'frostline.exchange/1', head: idOf(revisions.at(-1)), revisions, signatures: [] });
const everything = (world: World) => [
  world.store.lines(),
  world.store.freezes(),
  world.store.lines().map((line) => world.store.revisions(line.id)),
];
const freeze = async (world: World, ref: string, hosts = 'env=production') =>
  good(
    await world.service.freeze({
      ref,
      hosts,
      from: new Date(world.clock.now()).toISOString(),
      to: new Date(world.clock.now() + 24 * HOUR).toISOString(),
      zone: 'UTC',
      policy: 'listed-only',
      guard: false,
    }),
  ).snapshot;

beforeEach(async () => {
  ours = setUp();
  theirs = setUp();
  // Two machines do not draw the same ids.
  theirs.ports.random.id();
  for (const world of [ours, theirs]) world.addHost('web-1', { environment: 'production' });
  good(await ours.service.create({ name: 'autumn', security: false }));
  await edit(ours, { kind: 'add', name: 'openssl', version: '3.0.15-1~deb12u1', note: 'grün ☃ 😀' });
  await edit(ours, { kind: 'add', name: 'curl', version: '7.88.1-10', stage: 2 });
});

describe('exporting', () => {
  test('writes the whole chain, oldest first, each revision in canonical form on its own line', async () => {
    const file = good(await ours.service.export({ ref: 'autumn' }));
    expect(file.fileName).toBe('autumn-r3.frost.json');
    expect(file.bytes).toBe(Buffer.byteLength(file.text));
    const content = parsed(file.text);
    const head = good(await ours.service.show({ ref: 'autumn' })).snapshot.id;
    expect(content).toMatchObject({ format: 'frostline.exchange/1', head, signatures: [] });
    expect(content.revisions.map((one) => one.number)).toEqual([1, 2, 3]);
    const lines = file.text.split('\n').slice(1, -2);
    expect(lines.map((line) => line.replace(/,$/, ''))).toEqual(content.revisions.map(canonicalJson));
    expect(`sha256:${nodeHasher.sha256(lines.at(-1) ?? '')}`).toBe(head);
  });

  test('of more revisions than can be read back is refused', () => {
    const [first] = ours.store.lines().flatMap((line) => ours.store.revisions(line.id));
    if (first === undefined) throw new Error('no revision');
    const many = Array.from({ length: 10_001 }, () => first);
    expect(bad(writeExchange(many, first.id))).toMatchObject({ code: 'input.too-large' });
    expect(writeExchange(many.slice(1), first.id).ok).toBe(true);
  });

  test('of an older revision, its chain only', async () => {
    expect(parsed(await exported(ours, 'autumn@2')).revisions).toHaveLength(2);
  });
});

describe('importing', () => {
  test('brings the same line with the same ids; verifying first changes nothing', async () => {
    const text = await exported(ours);
    const before = everything(theirs);
    const verified = good(await theirs.service.verify({ text }));
    expect(verified).toMatchObject({ ok: true, fresh: 3, outcome: 'new-line', signatures: [] });
    expect(verified.revisions.map((one) => [one.revision, one.head])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(everything(theirs)).toEqual(before);
    const imported = good(await theirs.service.import({ text }));
    expect(imported).toMatchObject({ ok: true, fresh: 3, outcome: 'new-line' });
    expect(imported.snapshot).toEqual(good(await ours.service.show({ ref: 'autumn' })).snapshot);
    expect(await exported(theirs)).toBe(text);
  });

  test('moves a line forward and shows what that changes', async () => {
    good(await carry(ours, theirs));
    await edit(ours, { kind: 'add', name: 'curl', version: '8' });
    const imported = good(await carry(ours, theirs));
    expect(imported).toMatchObject({ fresh: 1, outcome: 'forward', snapshot: { revision: 4 } });
    expect(imported.diff?.changed).toEqual([{ name: 'curl', field: 'version', from: '7.88.1-10', to: '8' }]);
  });

  test('of what is here, or of an older state of it, does nothing and says so', async () => {
    good(await carry(ours, theirs));
    expect(good(await carry(ours, theirs))).toMatchObject({
      fresh: 0,
      outcome: 'same',
      snapshot: { revision: 3 },
    });
    const old = await exported(ours);
    await edit(theirs, { kind: 'remove', name: 'curl' });
    const before = everything(theirs);
    const imported = good(await theirs.service.import({ text: old }));
    expect(imported).toMatchObject({ ok: true, fresh: 0, outcome: 'older', snapshot: { revision: 4 } });
    expect(everything(theirs)).toEqual(before);
  });

  test('a line that was changed on both sides keeps its newest revision, and the file’s beside it', async () => {
    good(await carry(ours, theirs));
    await edit(ours, { kind: 'remove', name: 'curl' });
    theirs.clock.set(theirs.clock.now() + HOUR);
    await edit(theirs, { kind: 'remove', name: 'openssl' });
    const before = everything(theirs);
    const text = await exported(ours);
    expect(good(await theirs.service.verify({ text }))).toMatchObject({
      ok: true,
      outcome: 'diverged',
      conflicts: [],
    });
    expect(everything(theirs)).toEqual(before);
    const imported = good(await theirs.service.import({ text }));
    expect(imported).toMatchObject({ outcome: 'diverged', merged: false, fresh: 1, conflicts: [] });
    expect(imported.snapshot).toEqual(good(await theirs.service.show({ ref: 'autumn' })).snapshot);
    expect(imported.snapshot.id).not.toBe(imported.head);
    expect(good(await theirs.service.show({ ref: imported.head })).snapshot).toMatchObject({
      revision: 4,
      head: false,
    });
    expect(good(await theirs.service.import({ text }))).toMatchObject({ outcome: 'diverged', fresh: 0 });
  });

  test('or is merged at once, where there is no conflict', async () => {
    good(await carry(ours, theirs));
    await edit(ours, { kind: 'remove', name: 'curl' });
    theirs.clock.set(theirs.clock.now() + HOUR);
    await edit(theirs, { kind: 'note', name: 'openssl', note: 'ours' });
    const text = await exported(ours);
    const imported = good(await theirs.service.import({ text, merge: true }));
    expect(imported).toMatchObject({
      outcome: 'diverged',
      merged: true,
      snapshot: { revision: 5, head: true },
    });
    expect(imported.snapshot.parents).toHaveLength(2);
    expect(imported.snapshot.entries.some((one) => one.name === 'curl')).toBe(false);
    // The other side moves forward to it.
    expect(good(await carry(theirs, ours))).toMatchObject({ outcome: 'forward', fresh: 2 });
  });

  test('another line of the same name is refused', async () => {
    good(await theirs.service.create({ name: 'Autumn', security: false }));
    expect(bad(await carry(ours, theirs)).code).toBe('already-exists');
    expect(theirs.store.lines()).toHaveLength(1);
  });

  test('a chain that begins after what is here already is enough', async () => {
    good(await carry(ours, theirs));
    await edit(ours, { kind: 'remove', name: 'curl' });
    const { revisions } = parsed(await exported(ours));
    const tail = forged(revisions.slice(3));
    expect(good(await theirs.service.import({ text: tail }))).toMatchObject({
      fresh: 1,
      snapshot: { revision: 4 },
    });
  });

  test('a freeze comes along, onto the hosts it matches here', async () => {
    theirs.addHost('web-9', { environment: 'production' });
    const frozen = await freeze(ours, 'autumn');
    expect(good(await carry(ours, theirs)).snapshot).toMatchObject({ id: frozen.id, state: 'frozen' });
    expect(theirs.store.freezes()).toMatchObject([{ revisionId: frozen.id, snapshot: 'autumn' }]);
    expect(good(await theirs.service.freezes({})).freezes[0]?.hosts).toEqual(['web-1', 'web-9']);
  });

  test('and so does its thaw', async () => {
    await freeze(ours, 'autumn');
    good(await carry(ours, theirs));
    good(await ours.service.thaw({ ref: 'autumn', reason: 'urgent' }));
    expect(good(await carry(ours, theirs)).snapshot.state).toBe('thawed');
    expect(good(await theirs.service.freezes({})).freezes).toEqual([]);
    expect(theirs.store.freezes()[0]?.thawed?.reason).toBe('urgent');
    expect(good(await theirs.service.show({ ref: 'autumn@4' })).snapshot.state).toBe('thawed');
  });

  test('a freeze that would meet another one here is refused whole', async () => {
    await freeze(ours, 'autumn');
    good(await theirs.service.create({ name: 'winter', security: false }));
    await freeze(theirs, 'winter', 'web-1');
    expect(bad(await carry(ours, theirs)).code).toBe('freeze.overlap');
    expect(theirs.store.line('autumn')).toBeUndefined();
  });
});

describe('a file that is not sound is refused with its reason', () => {
  test('a changed head, and a changed revision in the middle, are tampered', async () => {
    const text = await exported(ours);
    const file = parsed(text);
    expect(await verifyCode(text.replaceAll('7.88.1-10', '7.88.1-11'))).toBe('exchange.tampered');
    expect(await verifyCode(text.replace('deb12u1', 'deb12u2'))).toBe('exchange.tampered');
    expect(await verifyCode(text.replace(file.head, `sha256:${'0'.repeat(64)}`))).toBe('exchange.tampered');
    // Made consistent from the changed revision on, it is another history: its head is not what was announced.
    const [first, second, third] = file.revisions;
    const evil = { ...second, message: 'x' };
    const rebuilt = [first, evil, { ...third, parents: [idOf(evil)] }];
    expect(await verifyCode(JSON.stringify({ ...file, revisions: rebuilt }))).toBe('exchange.tampered');
  });

  test('also where the true revisions are known here, nothing comes in beside them', async () => {
    const { revisions } = parsed(await exported(ours));
    const [first, second] = revisions;
    const before = everything(ours);
    for (const stray of [
      { ...second, message: 'x' },
      { ...first, message: 'x' },
    ]) {
      const text = forged([first, stray, ...revisions.slice(1)]);
      expect(bad(await ours.service.import({ text })).code).toMatch(/^exchange\.(tampered|broken-chain)$/);
    }
    expect(everything(ours)).toEqual(before);
  });

  test('a missing revision, a foreign one, a second one and a wrong order break the chain', async () => {
    const file = parsed(await exported(ours));
    const [first, second, third] = file.revisions;
    const foreign = setUp();
    for (const revisions of [
      [first, third],
      [second, third],
      [third],
      [second, first, third],
      [first, first, second, third],
    ])
      expect(bad(await foreign.service.verify({ text: JSON.stringify({ ...file, revisions }) })).code).toBe(
        'exchange.broken-chain',
      );
    const other = {
      ...second,
      line: { ...second?.line, id: '00000000-0000-4000-8000-00000000000f' },
      parents: [],
    };
    expect(await verifyCode(forged([first, { ...other, parents: [idOf(first)] }]))).toBe(
      'exchange.broken-chain',
    );
    expect(await verifyCode(JSON.stringify({ ...file, head: idOf(second) }))).toBe('exchange.broken-chain');
  });

  test('every beginning of it is truncated', async () => {
    const text = await exported(ours);
    for (let length = 0; length < text.trimEnd().length; length += 7)
      expect(bad(await ours.service.verify({ text: text.slice(0, length) }))).toMatchObject({
        code: 'exchange.malformed',
        message: expect.stringContaining('truncated'),
      });
  });

  test('too large, before it is read', async () => {
    expect(await verifyCode(' '.repeat(32 * 1024 * 1024 + 1))).toBe('exchange.too-large');
    expect(await verifyCode(`"${'é'.repeat(17 * 1024 * 1024)}"`)).toBe('exchange.too-large');
  });

  test('a version that is not known', async () => {
    const file = parsed(await exported(ours));
    expect(await verifyCode(JSON.stringify({ ...file, format: 'frostline.exchange/2' }))).toBe(
      'exchange.unknown-version',
    );
    expect(await verifyCode(forged([{ ...file.revisions[0], format: 'frostline.revision/2' }]))).toBe(
      'exchange.unknown-version',
    );
    expect(await verifyCode('{"format":"frostline.exchange/9","anything":[]}')).toBe(
      'exchange.unknown-version',
    );
  });

  test.each([
    ['', 'truncated'],
    ['null', 'not a Frostline exchange file'],
    ['[]', 'not a Frostline exchange file'],
    ['{"format":"zip"}', 'not a Frostline exchange file'],
    ['{"format":"frostline.exchange/1"}', 'head'],
    ['{"format":"frostline.exchange/1","format":"frostline.exchange/1"}', 'twice'],
    [`${'['.repeat(100)}`, 'nested'],
    [
      `{"format":"frostline.exchange/1","head":"sha256:${'0'.repeat(64)}","revisions":[],"signatures":[]}`,
      'revisions',
    ],
    [
      `{"format":"frostline.exchange/1","head":"sha256:${'0'.repeat(64)}","revisions":[1],"signatures":[]}`,
      'revisions.0',
    ],
  ])('%s', async (text, message) => {
    expect(bad(await ours.service.verify({ text }))).toMatchObject({
      code: 'exchange.malformed',
      message: expect.stringContaining(message),
    });
  });

  test('hashes that are right do not make content right', async () => {
    const [first] = parsed(await exported(ours)).revisions;
    const openssl = {
      ecosystem: 'apt',
      name: 'openssl',
      version: '1',
      decision: 'approve',
      stage: 1,
      source: 'scan',
    };
    const withEntries = (...entries: unknown[]) => forged([{ ...first, entries }]);
    const freezeOf = (rest: object) => ({
      hosts: 'all',
      from: '2026-11-23T14:00:00.000Z',
      to: '2026-11-24T14:00:00.000Z',
      zone: 'UTC',
      policy: 'listed-only',
      guard: false,
      ...rest,
    });
    const cases: [string, string][] = [
      [withEntries({ ...openssl, name: 'open ssl; reboot' }), 'exchange.malformed'],
      [withEntries({ ...openssl, version: '$(reboot)' }), 'exchange.malformed'],
      [withEntries({ ...openssl, extra: 1 }), 'exchange.malformed'],
      [withEntries(openssl, openssl), 'exchange.malformed'],
      [forged([{ ...first, extra: 1 }]), 'exchange.malformed'],
      [forged([{ ...first, number: 2 }]), 'exchange.malformed'],
      [forged([{ ...first, freeze: freezeOf({ hosts: ' all' }) }]), 'exchange.malformed'],
      [forged([{ ...first, freeze: freezeOf({ zone: '\u001b[31mUTC' }) }]), 'exchange.malformed'],
      [forged([{ ...first, author: { name: 'x', fingerprint: '\u001b[31m' } }]), 'exchange.malformed'],
      [forged([first, { ...first, number: 2, parents: [idOf(first), idOf(first)] }]), 'exchange.malformed'],
      [forged([{ ...first, freeze: freezeOf({ hosts: '((' }) }]), 'exchange.malformed'],
      [forged([{ ...first, freeze: freezeOf({ to: '2026-11-23T14:00:00.000Z' }) }]), 'exchange.malformed'],
      [
        forged([
          first,
          {
            ...first,
            number: 2,
            parents: [idOf(first)],
            thaw: { revision: idOf(first), at: '2026-11-24T14:00:00.000Z', reason: 'x' },
          },
        ]),
        'exchange.malformed',
      ],
    ];
    for (const [text, code] of cases)
      expect([text.slice(0, 400), await verifyCode(text)]).toEqual([text.slice(0, 400), code]);
    expect(good(await ours.service.verify({ text: withEntries(openssl) }))).toMatchObject({
      outcome: 'diverged',
    });
  });

  test('two freezes of one line may not hold at once', async () => {
    await freeze(ours, 'autumn');
    const { revisions } = parsed(await exported(ours));
    const last: RevisionContent | undefined = revisions.at(-1);
    const again = { ...last, number: 5, parents: [idOf(last)] };
    expect(await verifyCode(forged([...revisions, again]))).toBe('exchange.malformed');
  });

  test('no change of bytes is ever accepted with changed content, and none makes it throw', async () => {
    await freeze(ours, 'autumn');
    const text = await exported(ours);
    const bytes = Buffer.from(text);
    const original = canonicalJson(parsed(text).revisions);
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      kind: fc.constantFrom('set', 'insert', 'remove', 'swap', 'cut', 'double'),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:0123456789abcdefaeoru\\ '))),
      length: fc.integer({ min: 1, max: 40 }),
    });
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let mutated = bytes;
        for (const { at, kind, byte, length } of changes) {
          const start = mutated.subarray(0, at);
          const rest = mutated.subarray(at);
          if (kind === 'set') mutated = Buffer.concat([start, Buffer.of(byte), rest.subarray(1)]);
          else if (kind === 'insert') mutated = Buffer.concat([start, Buffer.of(byte), rest]);
          else if (kind === 'remove') mutated = Buffer.concat([start, rest.subarray(length)]);
          else if (kind === 'swap')
            mutated = Buffer.concat([start, rest.subarray(1, 2), rest.subarray(0, 1), rest.subarray(2)]);
          else if (kind === 'cut') mutated = Buffer.from(start);
          else mutated = Buffer.concat([start, rest.subarray(0, length), rest]);
        }
        const result = readExchange(mutated.toString('utf8'), {
          hasher: nodeHasher,
          stored: () => undefined,
        });
        if (result.ok) {
          accepted++;
          expect(canonicalJson(result.value.revisions.map((one) => one.content))).toBe(original);
        } else {
          refused++;
          expect(result.error.code).toMatch(/^exchange\./);
        }
      }),
      { numRuns: 10_000 },
    );
    // Changed white space is no change; nearly all else must have been refused.
    expect(refused).toBeGreaterThan(9000);
    expect(accepted).toBeGreaterThan(0);
  });
});

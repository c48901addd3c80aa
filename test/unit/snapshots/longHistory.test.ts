/** Exchange files with long histories: read, taken in and written in slices, told while it lasts, and to be stopped. */
import { beforeEach, describe, expect, test } from 'vitest';
import { revisionId } from '../../../main/core/snapshots/canonical.ts';
import { readExchange, writeExchange } from '../../../main/core/snapshots/exchange.ts';
import type { Freeze, Revision, RevisionContent } from '../../../shared/model/snapshot.ts';
import { type FakeActivity, type fakeActivities, nodeHasher, settle } from '../../support/ports.ts';
import { bad, caller, entry, good, setUp, type World } from './support.ts';

const DAY = 86_400_000;
const LINE = { id: '00000000-0000-4000-8000-000000000001', name: 'long' };

const next = (before: Revision | undefined, rest: Partial<RevisionContent> = {}): Revision => {
  const number = (before?.content.number ?? 0) + 1;
  const content: RevisionContent = {
    format: 'frostline.revision/1',
    line: LINE,
    number,
    parents: before === undefined ? [] : [before.id],
    author: { name: 'anna' },
    createdAt: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
    scope: {},
    rules: [],
    entries: before?.content.entries ?? [],
    exceptions: [],
    ...rest,
  };
  return { id: revisionId(content, nodeHasher), content };
};
const chainOf = (length: number, rest: (index: number) => Partial<RevisionContent>): Revision[] => {
  const all: Revision[] = [];
  for (let index = 0; index < length; index += 1) all.push(next(all.at(-1), rest(index)));
  return all;
};
const fileOf = (revisions: Revision[]): string =>
  good(writeExchange(revisions, revisions.at(-1)?.id ?? '')).text;

const ENTRIES = Array.from({ length: 150 }, (_, i) => entry(`package-${i}`, { note: 'x'.repeat(60) }));
/** A good megabyte: several slices of everything that is done with it. */
const LONG = chainOf(40, (index) => ({ entries: index === 0 ? ENTRIES : ENTRIES.slice(index) }));
const TEXT = fileOf(LONG);

let world: World;
const activities = (): FakeActivity[] => (world.ports.activities as ReturnType<typeof fakeActivities>).all;
beforeEach(() => {
  world = setUp();
});

/** What others see, once for every turn they get until `work` is over. */
const watched = async <T, S>(work: Promise<T>, look: () => S): Promise<{ result: T; seen: S[] }> => {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  const seen: S[] = [];
  while (!over) {
    await settle();
    if (!over) seen.push(look());
  }
  return { result: await done, seen };
};

describe('a long history', () => {
  test('comes in while others have their turns, who see all of it or nothing', async () => {
    const { result, seen } = await watched(
      world.service.import({ text: TEXT }, caller),
      () => world.store.lines().length,
    );
    expect(good(result)).toMatchObject({ outcome: 'new-line', fresh: 40 });
    expect(seen.length).toBeGreaterThan(10);
    expect(new Set(seen)).toEqual(new Set([0]));
    expect(world.store.revisions(LINE.id).map(({ id }) => id)).toEqual(LONG.map(({ id }) => id).reverse());
  });

  test('is told while it comes in, further and further, and no more when it is there', async () => {
    good(await world.service.import({ text: TEXT }, caller));
    const [activity] = activities();
    const percents = activity?.reached.map(({ done }) => done) ?? [];
    expect(percents.length).toBeGreaterThan(10);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(activity).toMatchObject({ kind: 'import', total: 100, ended: true });
  });

  test('of a small file, nothing is told', async () => {
    good(await world.service.import({ text: fileOf(LONG.slice(0, 2)) }, caller));
    expect(activities()).toEqual([]);
  });

  test.each(['import', 'verify'] as const)('can be stopped in the middle of an %s', async (kind) => {
    const work = world.service[kind]({ text: TEXT }, caller);
    for (let turn = 0; turn < 5; turn += 1) await settle();
    activities()[0]?.cancel();
    expect(bad(await work).code).toBe('cancelled');
    expect(world.store.lines()).toEqual([]);
    expect(activities()[0]?.ended).toBe(true);
  });

  test('is stopped when whoever asked for it is gone', async () => {
    const gone = new AbortController();
    const work = world.service.import({ text: TEXT }, { ...caller, signal: gone.signal });
    await settle();
    gone.abort();
    expect(bad(await work)).toMatchObject({
      code: 'cancelled',
      message: 'The import was stopped; nothing was changed.',
    });
    expect(world.store.lines()).toEqual([]);
  });

  test('is exported in slices, as it came in', async () => {
    good(await world.service.import({ text: TEXT }, caller));
    const { result, seen } = await watched(world.service.export({ ref: 'long' }, caller), () => 1);
    expect(good(result).text).toBe(TEXT);
    expect(seen.length).toBeGreaterThan(3);
  });

  test('is weighed against what is here when it has been read, not when that began', async () => {
    good(await world.service.import({ text: fileOf(LONG.slice(0, 2)) }, caller));
    const work = world.service.import({ text: TEXT }, caller);
    await settle();
    good(await world.service.edit({ ref: 'long', edits: [{ kind: 'add', name: 'vim', version: '9.0' }] }));
    expect(good(await work).outcome).toBe('diverged');
    expect(good(await world.service.show({ ref: 'long' })).snapshot.entries.at(-1)?.name).toBe('vim');
  });

  test('without its beginning does not come in where that was removed meanwhile', async () => {
    good(await world.service.import({ text: fileOf(LONG.slice(0, 2)) }, caller));
    const work = world.service.import({ text: fileOf(LONG.slice(2)) }, caller);
    await settle();
    good(await world.service.remove({ ref: 'long' }));
    expect(bad(await work).code).toMatch(/^(state\.conflict|exchange\.broken-chain)$/);
    expect(world.store.lines()).toEqual([]);
  });
});

describe('many freezes in one history', () => {
  const freezeOn = (day: number): Freeze => ({
    hosts: 'all',
    from: new Date(Date.UTC(2020, 0, 1) + day * DAY).toISOString(),
    to: new Date(Date.UTC(2020, 0, 1) + (day + 1) * DAY).toISOString(),
    zone: 'Europe/Berlin',
    policy: 'listed-only',
    guard: false,
  });
  const read = (revisions: Revision[]) =>
    readExchange(
      `{"format":"frostline.exchange/1","head":"${revisions.at(-1)?.id}","revisions":${JSON.stringify(revisions.map(({ content }) => content))},"signatures":[]}`,
      { hasher: nodeHasher, stored: () => undefined },
    );

  test('a thousand that follow each other are held against each other', () => {
    const sound = chainOf(1000, (index) => ({ freeze: freezeOn(index) }));
    expect(good(read(sound)).revisions).toHaveLength(1000);
    const again = chainOf(1000, (index) => ({ freeze: freezeOn(index === 999 ? 500 : index) }));
    expect(bad(read(again)).message).toBe('Two freezes of this snapshot hold at the same time.');
  });

  test('more are refused, and are not written either', () => {
    const many = chainOf(1001, (index) => ({ freeze: freezeOn(index) }));
    expect(bad(read(many))).toMatchObject({ code: 'exchange.too-large' });
    expect(bad(writeExchange(many, many.at(-1)?.id ?? ''))).toMatchObject({ code: 'input.too-large' });
  });

  test('of which more than a few are not over yet do not come in', async () => {
    world.addHost('web-1');
    const live = chainOf(21, (index) => ({ freeze: freezeOn(10 * 366 + index) }));
    expect(bad(await world.service.import({ text: fileOf(live) }, caller))).toMatchObject({
      code: 'exchange.too-large',
    });
    expect(good(await world.service.import({ text: fileOf(live.slice(0, -1)) }, caller)).ok).toBe(true);
  });
});

/** Large imports: others are answered meanwhile, progress is told, and what is stopped has changed nothing. Over the real store. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { advisoryReader } from '../../../main/adapters/advisories/reader.ts';
import { createAdvisoryService } from '../../../main/core/advisories/service.ts';
import type { Caller } from '../../../shared/contract/contract.ts';
import type { Result } from '../../../shared/errors.ts';
import { fakeActivities, fakeClock, seededRandom } from '../../support/ports.ts';
import { opened, temporaryFolder } from '../sqlite/make.ts';
import { NOW, osvRecord, zipOf } from './files.ts';

const MANY = 3000;
const records = (count: number, change: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, i) => osvRecord({ id: `DSA-${i + 1}-1`, ...change }));
/** As it is published: each record a file, with the long text that nobody keeps. */
const zip = zipOf(
  records(MANY, { details: 'x'.repeat(400) }).map((one) => ({
    name: `${one.id}.json`,
    data: JSON.stringify(one),
  })),
);

const caller: Caller = { signal: new AbortController().signal, actor: 'test' };
const value = async <T>(result: Result<T> | Promise<Result<T>>): Promise<T> => {
  const found = await result;
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
};

const make = () => {
  const store = opened(join(temporaryFolder(), 'frostline.db'));
  onTestFinished(() => store.close());
  const activities = fakeActivities();
  const announced: string[] = [];
  const service = createAdvisoryService(
    {
      store,
      clock: fakeClock(NOW),
      random: seededRandom(3),
      changes: { announce: ({ type }) => announced.push(type) },
      activities,
    },
    advisoryReader,
  );
  const upload = async (fileName: string, bytes: Uint8Array): Promise<string> => {
    const begun = await value(service.begin({ fileName, bytes: bytes.length }));
    await value(
      service.put({ upload: begun.upload, offset: 0, data: Buffer.from(bytes).toString('base64') }),
    );
    return begun.upload;
  };
  /** What others see, once for every turn they get until `work` is over. */
  const watch = async <T>(work: Promise<T>) => {
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    const seen: { advisories: number; imports: number; dsa1: boolean }[] = [];
    while (!over) {
      const { imports, advisories } = await value(service.list({}));
      seen.push({ advisories, imports: imports.length, dsa1: store.advisoriesNamed('DSA-1-1').length > 0 });
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { result: await done, seen };
  };
  return { store, activities, announced, service, upload, watch };
};

describe('a large import', () => {
  it('lets others have their turn while it is read and while it is written, and is seen all at once', async () => {
    const { service, upload, watch, activities, announced } = make();
    const id = await upload('all.zip', zip);
    const { result, seen } = await watch(service.finish({ upload: id }, caller));
    expect(await value(result)).toMatchObject({ import: { advisories: MANY, skipped: 0 } });
    const before = { advisories: 0, imports: 0, dsa1: false };
    const after = { advisories: MANY, imports: 1, dsa1: true };
    for (const one of seen) expect(one).toEqual(one.imports === 0 ? before : after);
    const [activity] = activities.all;
    const labels = [...new Set(activity?.reached.map((one) => one.label))];
    expect(labels).toEqual(['Reading all.zip', 'Taking in all.zip']);
    // Written in several pieces, and somebody was answered between them.
    const written = activity?.reached.filter((one) => one.label === 'Taking in all.zip') ?? [];
    expect(written.length).toBeGreaterThan(3);
    expect(written.at(-1)).toMatchObject({ done: MANY, total: MANY });
    expect(seen.length).toBeGreaterThan(written.length);
    expect(activity?.ended).toBe(true);
    expect(announced).toEqual(['advisories']);
  });

  it('reads a list as large as a database of notices member by member', async () => {
    const { service, upload, watch } = make();
    const text = JSON.stringify(records(MANY, { details: 'x'.repeat(400) }));
    const id = await upload('all.json', Buffer.from(text));
    const { result, seen } = await watch(service.finish({ upload: id }, caller));
    expect(await value(result)).toMatchObject({ import: { advisories: MANY } });
    expect(seen.length).toBeGreaterThan(5);
  });

  it.each(['Reading all.zip', 'Taking in all.zip'])('stopped while %s changes nothing', async (label) => {
    const { service, upload, activities, store, announced } = make();
    await value(
      service.finish({ upload: await upload('first.json', Buffer.from(JSON.stringify(records(2)))) }, caller),
    );
    const pictured = () => ({ imports: store.advisoryImports(9), known: store.advisoryCount() });
    const before = pictured();
    const work = service.finish({ upload: await upload('all.zip', zip) }, caller);
    const activity = activities.all[1];
    while (activity?.reached.at(-1)?.label !== label) await new Promise((resolve) => setImmediate(resolve));
    activity.cancel();
    expect(await work).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(pictured()).toEqual(before);
    expect(activity.ended).toBe(true);
    expect(announced).toEqual(['advisories']);
    // Nothing of it is left in the way of the next one.
    expect(store.sweepAdvisories(1)).toBe(false);
    expect(await value(service.finish({ upload: await upload('all.zip', zip) }, caller))).toMatchObject({
      import: { advisories: MANY },
    });
  });

  it('of somebody who went away is stopped as well', async () => {
    const { service, upload, store } = make();
    const gone = new AbortController();
    const work = service.finish({ upload: await upload('all.zip', zip) }, { ...caller, signal: gone.signal });
    gone.abort();
    expect(await work).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(store.advisoryCount()).toBe(0);
  });

  it('is finished under the name it was announced with, if any', async () => {
    const { service, upload } = make();
    const id = await upload('a.json', Buffer.from(JSON.stringify(records(1))));
    expect(await service.finish({ upload: id, fileName: 'b.json' }, caller)).toMatchObject({
      ok: false,
      error: { code: 'state.conflict' },
    });
    expect(await value(service.finish({ upload: id, fileName: 'a.json' }, caller))).toMatchObject({
      import: { file: 'a.json' },
    });
  });

  it('is the only one at a time; another can be finished later', async () => {
    const { service, upload } = make();
    const first = service.finish({ upload: await upload('all.zip', zip) }, caller);
    const second = await upload('b.json', Buffer.from(JSON.stringify(records(1))));
    expect(await service.finish({ upload: second }, caller)).toMatchObject({
      ok: false,
      error: { code: 'state.conflict' },
    });
    await value(first);
    expect(await value(service.finish({ upload: second }, caller))).toMatchObject({
      import: { advisories: 1 },
    });
  });
});

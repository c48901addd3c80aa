/** The pool's files on disk, and what may leave it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createArtefactPool } from '../../../main/adapters/artefacts/pool.ts';
import type { Artefacts, Expected } from '../../../main/core/artefacts/ports.ts';
import { LIMIT_SETTINGS, makeRoom, neededVersions, prune } from '../../../main/core/artefacts/room.ts';
import type { Result } from '../../../shared/errors.ts';
import type { Plan } from '../../../shared/model/plan.ts';
import type { Run } from '../../../shared/model/run.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { fakeClock, TEST_START } from '../../support/ports.ts';
import { KEY, sha1, sha256, temporary } from './rig.ts';

const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};

const setUp = () => {
  const folder = join(temporary(), 'artefacts');
  const store = createMemoryStore();
  const clock = fakeClock();
  const open = (): Artefacts => createArtefactPool({ folder, index: store, clock });
  return { folder, store, clock, open, pool: open() };
};

const expecting = (content: Uint8Array, rest: Partial<Expected> = {}): Expected => ({
  key: KEY,
  bytes: content.length,
  hash: { sha256: sha256(content) },
  source: 'host',
  from: 'web-1',
  ...rest,
});

const take = async (pool: Artefacts, content: Uint8Array, rest: Partial<Expected> = {}) => {
  const writer = value(await pool.receive(expecting(content, rest)));
  writer.write(content);
  return writer.finish();
};

describe('the pool of old artefacts', () => {
  test('keeps a file under its hash, for its owner only, and finds it again after a restart', async () => {
    const { folder, pool, open } = setUp();
    const content = randomBytes(5000);
    const kept = value(await take(pool, content));
    expect(kept).toMatchObject({ ...KEY, sha256: sha256(content), bytes: 5000, from: 'web-1' });
    expect(readdirSync(folder)).toEqual([sha256(content)]);
    expect(statSync(join(folder, kept.sha256)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(open().find(KEY)).toEqual([kept]);
    expect(open().size()).toEqual({ files: 1, bytes: 5000 });
    expect(await pool.verify(kept.sha256)).toEqual({ ok: true, value: undefined });
    expect(Buffer.from(value(await pool.read(kept.sha256, 4990, 100))).equals(content.subarray(4990))).toBe(
      true,
    );
  });

  test('one file of several packages or hosts is there once', async () => {
    const { pool, folder } = setUp();
    const content = randomBytes(100);
    await take(pool, content);
    await take(pool, content, { from: 'web-2' });
    await take(pool, content, { key: { ...KEY, name: 'libcurl4' } });
    expect(readdirSync(folder)).toHaveLength(1);
    expect(pool.find(KEY)).toMatchObject([{ from: 'web-1' }]);
    expect(pool.list()).toHaveLength(2);
    expect(pool.size()).toEqual({ files: 1, bytes: 100 });
  });

  test('what came is there for the next try, also after the process has died', async () => {
    const { pool, open, folder } = setUp();
    const content = randomBytes(1000);
    const writer = value(await pool.receive(expecting(content)));
    expect(writer.write(content.subarray(0, 300))).toBe(true);
    expect(pool.find(KEY)).toEqual([]);
    expect(readdirSync(folder)).toEqual([`${sha256(content)}.part`]);
    // No word of its end: it was killed.
    const again = value(await open().receive(expecting(content)));
    expect(again.offset).toBe(300);
    again.write(content.subarray(300));
    expect((await again.finish()).ok).toBe(true);
    expect(readFileSync(join(folder, sha256(content))).equals(content)).toBe(true);
  });

  test.each([
    ['another hash', (content: Uint8Array) => [Buffer.alloc(content.length)]],
    ['too little', (content: Uint8Array) => [content.subarray(1)]],
    ['too much', (content: Uint8Array) => [content, content.subarray(0, 1)]],
  ])('%s than announced is dropped, and no part of it stays', async (_what, chunks) => {
    const { pool, folder } = setUp();
    const content = randomBytes(1000);
    const writer = value(await pool.receive(expecting(content)));
    for (const chunk of chunks(content)) writer.write(chunk);
    expect(await writer.finish()).toMatchObject({ ok: false, error: { code: 'store.damaged' } });
    expect(readdirSync(folder)).toEqual([]);
    expect(pool.list()).toEqual([]);
  });

  test('where only SHA-1 is known beforehand, that is checked and SHA-256 is the name', async () => {
    const { pool } = setUp();
    const content = randomBytes(10);
    const kept = value(await take(pool, content, { hash: { sha1: sha1(content) }, source: 'archive' }));
    expect(kept.sha256).toBe(sha256(content));
    expect(await take(pool, randomBytes(10), { hash: { sha1: sha1(content) } })).toMatchObject({ ok: false });
  });

  test('two transfers of the same file do not write into each other', async () => {
    const { pool } = setUp();
    const content = randomBytes(10);
    const first = value(await pool.receive(expecting(content)));
    expect(await pool.receive(expecting(content))).toMatchObject({ error: { code: 'state.conflict' } });
    first.suspend();
    expect((await take(pool, content)).ok).toBe(true);
  });

  test('a damaged file is found out, and a good copy takes its place', async () => {
    const { pool, folder } = setUp();
    const content = randomBytes(1000);
    const kept = value(await take(pool, content));
    writeFileSync(join(folder, kept.sha256), Buffer.alloc(1000));
    expect(await pool.verify(kept.sha256)).toMatchObject({ error: { code: 'store.damaged' } });
    // A cut-off one is not even offered.
    writeFileSync(join(folder, kept.sha256), content.subarray(1));
    expect(pool.find(KEY)).toEqual([]);
    expect((await take(pool, content)).ok).toBe(true);
    expect((await pool.verify(kept.sha256)).ok).toBe(true);
  });

  test('a link in the place of a transfer is not followed', async () => {
    const { pool, folder } = setUp();
    mkdirSync(folder, { recursive: true });
    const content = randomBytes(10);
    const elsewhere = join(folder, '..', 'elsewhere');
    writeFileSync(elsewhere, 'mine');
    symlinkSync(elsewhere, join(folder, `${sha256(content)}.part`));
    expect(await pool.receive(expecting(content))).toMatchObject({ error: { code: 'store.full' } });
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
  });

  test('a place that cannot be written is told, and nothing throws', async () => {
    const { pool, folder } = setUp();
    writeFileSync(folder, 'a file where the folder belongs');
    expect(await pool.receive(expecting(randomBytes(10)))).toMatchObject({ error: { code: 'store.full' } });
    expect(pool.size()).toEqual({ files: 0, bytes: 0 });
    expect(pool.find(KEY)).toEqual([]);
    expect(await pool.dropUnfinished()).toBe(0);
  });
});

const run = (id: string, from: string, acceptedAt?: string) => {
  const action = {
    action: 'upgrade',
    name: 'curl',
    arch: 'amd64',
    from,
    to: '9',
    stage: 1,
    dependency: false,
  };
  return {
    id,
    planId: `plan of ${id}`,
    seq: 0,
    tasks: [{ actions: [action] }],
    ...(acceptedAt && { acceptedAt }),
  } as unknown as Run;
};
const plan = (id: string, ageHours: number, version: string, source: string) =>
  ({
    id,
    createdAt: new Date(TEST_START - ageHours * 3_600_000).toISOString(),
    hosts: [{ reasons: [{ package: 'curl', version, source, proof: 'proven', reason: '' }] }],
  }) as unknown as Plan;

describe('what may leave the pool', () => {
  const filled = async () => {
    const made = setUp();
    const ports = { store: made.store, artefacts: made.pool, clock: made.clock };
    const put = (version: string, bytes = 100) =>
      take(made.pool, randomBytes(bytes), { key: { ...KEY, version } });
    const versions = () => made.pool.list().map((one) => one.version);
    const start = (one: Run) =>
      made.store.createRun({ run: one, state: {}, events: [], addEffects: [], doneEffects: [] });
    return { ...made, ports, put, versions, start };
  };

  test('not what a run that is not accepted goes back to, nor what a plan of today counts on', async () => {
    const { ports, put, versions, start, store } = await filled();
    for (const version of ['1', '2', '3', '4', '5', '6']) await put(version);
    start(run('open', '1'));
    start(run('accepted', '2', '2026-11-23T12:00:00.000Z'));
    store.putPlan(plan('today', 1, '3', 'console'));
    store.putPlan(plan('old', 25, '4', 'console'));
    store.putPlan(plan('elsewhere', 1, '5', 'repository'));
    store.putPlan(plan('plan of accepted', 1, '6', 'archive'));
    expect(neededVersions(store, ports.clock.now())).toEqual(new Set(['curl 1', 'curl 3']));
    expect(value(await prune(ports))).toMatchObject({ freedBytes: 400 });
    expect(versions()).toEqual(['1', '3']);
  });

  test('damaged files and what broken transfers left go, needed or not', async () => {
    const { ports, put, versions, start, pool, folder } = await filled();
    const kept = value(await put('1'));
    start(run('open', '1'));
    const broken = randomBytes(50);
    const writer = value(await pool.receive(expecting(broken)));
    writer.write(broken.subarray(0, 20));
    writer.suspend();
    writeFileSync(join(folder, kept.sha256), Buffer.alloc(100));
    expect(value(await prune(ports)).freedBytes).toBe(120);
    expect(versions()).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a full pool makes room by itself, and says so where it cannot', async () => {
    const { ports, put, versions, start, store } = await filled();
    store.putSetting(LIMIT_SETTINGS.pool, '250');
    store.putSetting(LIMIT_SETTINGS.file, '200');
    await put('1');
    await put('2');
    start(run('open', '1'));
    expect((await makeRoom(ports, 50)).ok).toBe(true);
    expect(versions()).toEqual(['1', '2']);
    expect((await makeRoom(ports, 100)).ok).toBe(true);
    expect(versions()).toEqual(['1']);
    expect(await makeRoom(ports, 160)).toMatchObject({
      error: { code: 'input.too-large', message: expect.stringContaining('not accepted') },
    });
    expect(await makeRoom(ports, 201)).toMatchObject({
      error: { message: expect.stringContaining('of one file') },
    });
    expect(versions()).toEqual(['1']);
  });
});

/** A disk that is really full: a small tmpfs, which only root can mount. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../main/adapters/sqlite/open.ts';
import type { Store } from '../../../main/core/ports.ts';
import { FrostFault } from '../../../shared/errors.ts';
import { collectingLog } from '../../support/ports.ts';
import { makeHost, uuid } from '../fleet/make.ts';
import { TestConsole, value } from '../runs/console.ts';
import { opened, temporaryFolder } from './make.ts';
import { commitOf, makeRun, outputEvent } from './model.ts';

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

/** A file system of `size`, gone when the test ends. */
const smallDisk = (size: string): string => {
  const dir = join(temporaryFolder(), 'disk');
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'frostline-test', dir]);
  onTestFinished(() => void execFileSync('umount', ['-l', dir]));
  return dir;
};

/** Takes all the room there is. */
const fillUp = (file: string): void => {
  const handle = openSync(file, 'w');
  try {
    for (const size of [65_536, 4096]) {
      const piece = Buffer.alloc(size);
      try {
        while (writeSync(handle, piece) === size);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    }
  } finally {
    closeSync(handle);
  }
};

const hosts = [makeHost('web-1')];
const RUN = uuid(700);

/** Commits until the disk is full; the fault, and the last commit that was done. */
const fill = (store: Store): { fault: FrostFault; seq: number } => {
  for (let seq = 0; ; seq += 1)
    try {
      const event = outputEvent(RUN, seq + 1, 'web-1', 'x'.repeat(4000));
      store.commitRun(
        commitOf(makeRun(RUN, hosts, { seq: seq + 1 }), {
          events: [event],
          addEffects: [{ id: `e${seq}`, kind: 'x', payload: 'y'.repeat(2000) }],
        }),
      );
    } catch (error) {
      if (error instanceof FrostFault) return { fault: error, seq };
      throw error;
    }
};

// Skipped without root, because nobody else may mount a file system.
describe.skipIf(!canMount)('a full disk', () => {
  it('refuses the commit whole, keeps what was there, and works again when there is room', () => {
    const dir = smallDisk('1500k');
    const file = join(dir, 'frostline.db');
    const ballast = join(dir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(400_000));
    const store = opened(file);
    store.createRun(commitOf(makeRun(RUN, hosts)));
    const { fault, seq } = fill(store);
    expect(fault.error).toMatchObject({
      code: 'store.full',
      message: expect.stringContaining(file),
      retryable: true,
    });
    expect(seq).toBeGreaterThan(10);
    expect(store.run(RUN)).toMatchObject({ run: { seq }, state: { model: seq } });
    expect(store.events(RUN, 0, 10_000)).toHaveLength(seq);
    rmSync(ballast);
    store.commitRun(
      commitOf(makeRun(RUN, hosts, { seq: seq + 1 }), { events: [outputEvent(RUN, seq + 1, 'web-1')] }),
    );
    store.close();
    const again = opened(file);
    expect(again.run(RUN)?.run.seq).toBe(seq + 1);
    again.close();
  });

  it('in the middle of a run holds it where it is, and lets it go on to its end once there is room', async () => {
    const dir = smallDisk('6m');
    const admin = new TestConsole();
    const store = opened(join(dir, 'frostline.db'));
    onTestFinished(() => store.close());
    admin.ports.store = store;
    await admin.restart();
    admin.fleetOf(3);
    const id = await admin.start({ concurrency: '2' });
    await admin.until(() => admin.fleet.host('h1').mutations.length > 0);
    const asked = [...admin.fleet.host('h3').commands];
    const ballast = join(dir, 'ballast');
    fillUp(ballast);
    await admin.clock.advance(120_000);
    expect(store.run(id)?.run.state).toBe('running');
    // Jobs that were started go on; nothing that is not on record is done.
    expect(admin.fleet.host('h1').mutations).toEqual(['curl 1→2', 'nginx 1→3']);
    expect([...admin.fleet.host('h3').commands]).toEqual(asked);
    expect(await admin.runs.abort({ id, reason: 'x', stopRunning: false })).toMatchObject({
      ok: false,
      error: { code: 'store.full' },
    });
    rmSync(ballast);
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'succeeded', h2: 'succeeded', h3: 'succeeded' });
    for (const host of ['h1', 'h2', 'h3'])
      expect(admin.fleet.host(host).mutations).toEqual(['curl 1→2', 'nginx 1→3']);
    expect(value(await admin.runs.check({ id })).runs).toEqual([{ id, agrees: true, differences: [] }]);
  });

  it('is said to be one when a database is to be opened on it', () => {
    const dir = smallDisk('64k');
    const error = openStore({ file: join(dir, 'frostline.db'), log: collectingLog() });
    expect(error).toMatchObject({ ok: false, error: { code: 'store.full' } });
  });

  it('that is read-only is said to be one', () => {
    const dir = smallDisk('2m');
    const file = join(dir, 'frostline.db');
    opened(file).close();
    execFileSync('mount', ['-o', 'remount,ro', dir]);
    expect(openStore({ file, log: collectingLog() })).toMatchObject({
      ok: false,
      error: { code: 'store.full', message: expect.stringContaining('read-only') },
    });
  });
});

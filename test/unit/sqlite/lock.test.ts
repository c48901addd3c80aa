import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireDataFolder } from '../../../main/adapters/sqlite/lock.ts';
import { temporaryFolder } from './make.ts';
import { start } from './process.ts';

describe('a data folder', () => {
  it('has one owner among processes, named to the others, and is free the moment that one is killed', async () => {
    const dir = join(temporaryFolder(), 'data');
    const first = start('owner.child.ts', [dir]);
    expect(await first.line()).toBe('got it');
    const second = start('owner.child.ts', [dir]);
    const refusal = `The data folder ${dir} is in use by another Frostline process (pid ${first.process.pid}).`;
    expect(await second.line()).toBe(refusal);
    expect(acquireDataFolder(dir)).toMatchObject({
      ok: false,
      error: { code: 'store.busy', message: refusal, retryable: true },
    });
    await first.kill();
    const third = start('owner.child.ts', [dir]);
    expect(await third.line()).toBe('got it');
  });

  it('can be given back, and taken again, in one process', () => {
    const dir = temporaryFolder();
    const first = acquireDataFolder(dir);
    if (!first.ok) throw new Error(first.error.message);
    expect(acquireDataFolder(dir)).toMatchObject({ ok: false, error: { code: 'store.busy' } });
    expect(readFileSync(join(dir, 'owner.pid'), 'utf8')).toBe(`${process.pid}\n`);
    first.value.release();
    first.value.release();
    const again = acquireDataFolder(dir);
    if (!again.ok) throw new Error(again.error.message);
    expect((statSync(join(dir, 'owner.db')).mode & 0o777).toString(8)).toBe('600');
    again.value.release();
  });

  it('does not believe a pid that was left behind', async () => {
    const dir = temporaryFolder();
    const owner = start('owner.child.ts', [dir]);
    await owner.line();
    for (const stale of ['999999999', '-1', 'x', '']) {
      writeFileSync(join(dir, 'owner.pid'), stale);
      expect(acquireDataFolder(dir)).toMatchObject({
        ok: false,
        error: {
          code: 'store.busy',
          message: `The data folder ${dir} is in use by another Frostline process.`,
        },
      });
    }
  });

  it('that cannot be written is said to be one', () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'owner.db'));
    expect(acquireDataFolder(dir)).toMatchObject({ ok: false, error: { code: 'store.full' } });
  });
});

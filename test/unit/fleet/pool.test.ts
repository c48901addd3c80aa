import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachLimited } from '../../../main/core/fleet/pool.ts';
import { settle } from '../../support/ports.ts';

describe('a bounded pool', () => {
  it('does every item once, in order of starting, and never more at once than its limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        async (turns, limit) => {
          const items = turns.map((rounds, index) => ({ rounds, index }));
          const started: number[] = [];
          let active = 0;
          let most = 0;
          await eachLimited(items, limit, undefined, async ({ rounds, index }) => {
            started.push(index);
            active += 1;
            most = Math.max(most, active);
            for (let n = 0; n < rounds; n += 1) await Promise.resolve();
            active -= 1;
          });
          expect(started).toEqual(items.map((item) => item.index));
          expect(most).toBeLessThanOrEqual(limit);
          expect(active).toBe(0);
        },
      ),
    );
  });

  it('uses its whole limit', async () => {
    const release: (() => void)[] = [];
    const all = eachLimited([1, 2, 3, 4, 5], 3, undefined, () => new Promise((done) => release.push(done)));
    expect(release.length).toBe(3);
    release[0]?.();
    await settle();
    expect(release.length).toBe(4);
    for (let n = 0; n < 5; n += 1) {
      for (const done of release) done();
      await settle();
    }
    await all;
  });

  it('starts nothing new once cancelled, and waits for what is in work', async () => {
    const controller = new AbortController();
    const started: number[] = [];
    let finish = (): void => undefined;
    let over = false;
    const all = eachLimited([1, 2, 3], 1, controller.signal, (item) => {
      started.push(item);
      return new Promise<void>((done) => {
        finish = done;
      });
    }).then(() => {
      over = true;
    });
    controller.abort();
    await settle();
    expect({ started, over }).toEqual({ started: [1], over: false });
    finish();
    await all;
    expect(started).toEqual([1]);
  });

  it('passes on the first error after the rest has ended', async () => {
    const ended: number[] = [];
    const all = eachLimited([1, 2, 3, 4], 2, undefined, async (item) => {
      if (item === 1) throw new Error('first');
      await settle();
      ended.push(item);
    });
    await expect(all).rejects.toThrow('first');
    expect(ended).toEqual([2]);
  });
});

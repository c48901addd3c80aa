/** A process killed at any instruction, a write cut off anywhere: the database opens with whole commits, or says it is damaged. */
import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../main/adapters/sqlite/open.ts';
import type { Store } from '../../../main/core/ports.ts';
import { collectingLog } from '../../support/ports.ts';
import { uuid } from '../fleet/make.ts';
import { opened, temporaryFolder } from './make.ts';
import { start } from './process.ts';

const RUN = uuid(700);

/** Run, state, events and effects as one commit left them; how far that was. */
const wholeCommit = (store: Store): number => {
  const stored = store.run(RUN);
  if (stored === undefined) {
    expect(store.unfinishedRuns()).toEqual([]);
    return 0;
  }
  const { seq } = stored.run;
  expect(stored.state).toEqual({ model: seq });
  expect(store.events(RUN, 0, 100_000).map((event) => event.seq)).toEqual(
    Array.from({ length: seq }, (_, index) => index + 1),
  );
  expect(stored.effects.map((effect) => effect.id)).toEqual(seq === 0 ? [] : [`effect-${seq}`]);
  expect(store.outputLines(RUN, 'web-1', 1)).toEqual(seq === 0 ? [] : [`${'x'.repeat(500)} ${seq}`]);
  return seq;
};

/** Lets a process commit until it has said `lines` times that it did, and kills it. How far it said it was. */
const commitAndKill = async (file: string, lines: number): Promise<number> => {
  const child = start('committer.child.ts', [file, RUN]);
  let said = 0;
  for (let n = 0; n < lines; n += 1) said = Number(await child.line());
  await child.kill();
  return said;
};

describe('a process killed while it commits', () => {
  it('leaves whole commits, loses none that it reported, and goes on from there', async () => {
    const file = join(temporaryFolder(), 'frostline.db');
    let before = 0;
    for (const lines of [1, 7, 40]) {
      const said = await commitAndKill(file, lines);
      expect(existsSync(`${file}-wal`)).toBe(true);
      const store = opened(file);
      const seq = wholeCommit(store);
      store.close();
      expect(seq).toBeGreaterThanOrEqual(said);
      expect(said).toBeGreaterThan(before);
      before = seq;
    }
  });
});

describe('a write that was cut off', () => {
  const killed = async (): Promise<string> => {
    const file = join(temporaryFolder(), 'frostline.db');
    await commitAndKill(file, 30);
    return file;
  };

  it('in the log of commits leaves a prefix of whole commits, wherever it was cut', async () => {
    const file = await killed();
    const wal = readFileSync(`${file}-wal`);
    expect(wal.length).toBeGreaterThan(100_000);
    fc.assert(
      fc.property(fc.nat(wal.length), (cut) => {
        const copy = join(temporaryFolder(), 'frostline.db');
        copyFileSync(file, copy);
        writeFileSync(`${copy}-wal`, wal.subarray(0, cut));
        const store = openStore({ file: copy, log: collectingLog() });
        if (store.ok) {
          wholeCommit(store.value);
          store.value.close();
        } else expect(store.error.code).toBe('store.damaged');
      }),
      { numRuns: 60 },
    );
  });

  it('and filled with something else is not believed', async () => {
    const file = await killed();
    const wal = readFileSync(`${file}-wal`);
    fc.assert(
      fc.property(
        fc.nat(wal.length - 1),
        fc.integer({ min: 1, max: 5000 }),
        fc.nat(255),
        (from, length, byte) => {
          const copy = join(temporaryFolder(), 'frostline.db');
          copyFileSync(file, copy);
          const spoilt = Buffer.from(wal);
          spoilt.fill(byte, from, Math.min(from + length, spoilt.length));
          writeFileSync(`${copy}-wal`, spoilt);
          const store = openStore({ file: copy, log: collectingLog() });
          if (store.ok) {
            wholeCommit(store.value);
            store.value.close();
          } else expect(store.error.code).toBe('store.damaged');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('in the database itself is damage', async () => {
    const file = await killed();
    opened(file).close();
    const size = statSync(file).size;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: size - 1 }), (cut) => {
        const copy = join(temporaryFolder(), 'frostline.db');
        copyFileSync(file, copy);
        truncateSync(copy, cut);
        const store = openStore({ file: copy, log: collectingLog() });
        expect(store).toMatchObject({ ok: false, error: { code: 'store.damaged' } });
      }),
      { numRuns: 60 },
    );
  });
});

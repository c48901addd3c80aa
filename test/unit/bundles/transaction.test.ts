/** A bundle comes in whole or not at all: over the real store, with every write of it failing once. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../main/adapters/sqlite/open.ts';
import type { Store } from '../../../main/core/ports.ts';
import { canonicalJson } from '../../../main/core/snapshots/canonical.ts';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { collectingLog } from '../../support/ports.ts';
import { good } from '../snapshots/support.ts';
import {
  type Console,
  caller,
  createConsole,
  packed,
  pictureOf,
  sample,
  sha256,
  temporary,
  write,
} from './support.ts';

const OSV = {
  schema_version: '1.7.0',
  id: 'DSA-5764-1',
  modified: '2026-11-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'openssl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1' }] }],
    },
  ],
};

/** The sample bundle with two files of advisories. */
const bundle = async (): Promise<Buffer> => {
  const { entries, manifest } = await sample();
  const texts = [OSV, { ...OSV, id: 'DSA-5765-1' }].map((one) => JSON.stringify([one]));
  const advisories = texts.map((text, index) => ({
    name: `${index}.osv.json`,
    sha256: sha256(text),
    bytes: Buffer.byteLength(text),
  }));
  return packed([
    { name: 'bundle.json', content: canonicalJson({ ...manifest, advisories }) },
    ...entries.slice(1),
    ...texts.map((content) => ({ name: `advisories/${sha256(content)}`, content })),
  ]);
};

/** A console over a database on disk, whose writes can be made to fail as on a full disk. */
const console = () => {
  const opened = good(openStore({ file: join(temporary(), 'frostline.db'), log: collectingLog() }));
  onTestFinished(() => opened.close());
  const state = { failAt: Number.POSITIVE_INFINITY, writes: 0 };
  const failing =
    <A extends unknown[], R>(work: (...args: A) => R) =>
    (...args: A): R => {
      const done = work(...args);
      state.writes += 1;
      // After the write: what it did has to be undone.
      if (state.writes === state.failAt) throw new FrostFault(frostError('store.full', 'The disk is full.'));
      return done;
    };
  const store: Store = {
    ...opened,
    putRevisions: failing(opened.putRevisions),
    putBundled: failing(opened.putBundled),
    stageAdvisories: failing((made, replaceAll) => {
      const staged = opened.stageAdvisories(made, replaceAll);
      return { ...staged, add: failing(staged.add), finish: failing(staged.finish) };
    }),
  };
  return { made: createConsole({ store }), state };
};

const everything = (made: Console) => ({
  ...pictureOf(made),
  advisories: made.store.advisoryCount(),
  imports: made.store.advisoryImports(9),
  freezes: made.store.freezes(),
});

describe('taking a bundle in', () => {
  it('changes nothing where any write of it fails, and can be done again', async () => {
    const bytes = await bundle();
    const whole = console();
    const file = write(whole.made, 'a.frost.tar', bytes);
    good(await whole.made.bundles.import({ file }, caller));
    const { writes } = whole.state;
    // Two files of advisories begun, filled and shown, a snapshot, and its packages.
    expect(writes).toBe(8);
    expect(everything(whole.made)).toMatchObject({ advisories: 2, lines: [{ name: 'autumn' }] });

    const { made, state } = console();
    const again = write(made, 'a.frost.tar', bytes);
    const before = everything(made);
    for (let failAt = 1; failAt <= writes; failAt += 1) {
      Object.assign(state, { failAt, writes: 0 });
      const outcome = await made.bundles.import({ file: again }, caller).then(
        () => 'taken in',
        (thrown: unknown) => (thrown instanceof FrostFault ? thrown.error.code : thrown),
      );
      expect([failAt, outcome]).toEqual([failAt, 'store.full']);
      expect([failAt, everything(made)]).toEqual([failAt, before]);
    }
    Object.assign(state, { failAt: Number.POSITIVE_INFINITY, writes: 0 });
    good(await made.bundles.import({ file: again }, caller));
    expect(everything(made)).toMatchObject({
      advisories: 2,
      lines: [{ name: 'autumn' }],
      bundled: [{ role: 'rollback' }, { role: 'new' }],
    });
    // Nothing of the broken ones is left behind in the database either.
    expect(made.store.sweepAdvisories(100)).toBe(false);
    expect(made.store.advisoryImports(9)).toHaveLength(2);
  });
});

/** What the pool's files are: the index, in the database and in the memory store of the tests alike. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../../main/adapters/sqlite/open.ts';
import type { PooledArtefact } from '../../../main/core/artefacts/ports.ts';
import type { Store } from '../../../main/core/ports.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { collectingLog } from '../../support/ports.ts';
import { KEY, temporary } from './rig.ts';

const file = (): Store => {
  const store = openStore({ file: join(temporary(), 'frostline.db'), log: collectingLog() });
  if (!store.ok) throw new Error(store.error.message);
  return store.value;
};
const artefact = (hash: string, rest: Partial<PooledArtefact> = {}): PooledArtefact => ({
  ...KEY,
  sha256: hash.repeat(64),
  bytes: 5,
  source: 'host',
  from: 'web-1',
  addedAt: '2026-11-23T12:00:00.000Z',
  ...rest,
});

describe.each([
  ['the database', file],
  ['the memory store', createMemoryStore],
])('in %s', (_name, open) => {
  test('the newest of a version comes first; what is known already stays as it was', () => {
    const store = open();
    const old = artefact('a');
    const newer = artefact('b', { addedAt: '2026-11-23T13:00:00.000Z', source: 'archive', from: 'x' });
    for (const one of [old, newer, artefact('a', { from: 'web-2' })]) store.putArtefact(one);
    expect(store.artefactsOf(KEY)).toEqual([newer, old]);
    store.close();
  });

  test('every part of the key counts', () => {
    const store = open();
    store.putArtefact(artefact('a'));
    for (const other of [
      { ecosystem: 'dnf' },
      { name: 'x' },
      { arch: 'all' },
      { version: '7.88-2' },
    ] as const)
      expect(store.artefactsOf({ ...KEY, ...other })).toEqual([]);
    store.close();
  });

  test('all are listed by name and version; a file goes with all its entries', () => {
    const store = open();
    const [b, a2, a1] = [
      artefact('a', { name: 'b' }),
      artefact('b', { name: 'a', version: '2' }),
      artefact('a', { name: 'a', version: '1' }),
    ];
    for (const one of [b, a2, a1]) store.putArtefact(one);
    expect(store.artefacts()).toEqual([a1, a2, b]);
    store.removeArtefact('a'.repeat(64));
    expect(store.artefacts()).toEqual([a2]);
    store.removeArtefact('c'.repeat(64));
    store.close();
  });
});

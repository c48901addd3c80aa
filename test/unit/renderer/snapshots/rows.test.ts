import { describe, expect, it } from 'vitest';
import { keyOf } from '../../../../renderer/features/snapshots/entries.ts';
import { placeFor, rowsOf } from '../../../../renderer/features/snapshots/rows.ts';
import type { Entry } from '../../../../shared/model/snapshot.ts';

const entry = (name: string, stage: number, more: Partial<Entry> = {}): Entry => ({
  ecosystem: 'apt',
  name,
  version: '1',
  decision: 'approve',
  stage,
  source: 'scan',
  ...more,
});
const LIST = [entry('a', 1), entry('b', 1, { note: 'Clocks' }), entry('c', 2), entry('d', 2)];
const key = (name: string) => keyOf(entry(name, 1));
const ROWS = rowsOf(LIST, '');
const drop = (active: string, over: string, ...with_: string[]) =>
  placeFor(
    ROWS,
    key(active),
    over.startsWith('stage:') ? over : key(over),
    new Set([active, ...with_].map(key)),
  );

describe('the rows of the editor', () => {
  it('have a heading before each stage', () => {
    expect(ROWS.map((row) => (row.kind === 'stage' ? `#${row.stage}` : row.entry.name)).join(' ')).toBe(
      '#1 a b #2 c d',
    );
  });

  it('are those that match, with their headings', () => {
    const found = rowsOf(LIST, 'clock');
    expect(found).toHaveLength(2);
    expect(found[1]).toMatchObject({ position: 2, of: 2 });
    expect(rowsOf(LIST, 'nothing')).toEqual([]);
  });
});

describe('dropping a row', () => {
  it('on one below puts it after that one, on one above before it', () => {
    expect(drop('a', 'c')).toEqual({ before: key('d'), stage: 2 });
    expect(drop('d', 'b')).toEqual({ before: key('b'), stage: 1 });
  });

  it('on the last of a stage puts it last', () => {
    expect(drop('a', 'b')).toEqual({ before: null, stage: 1 });
    expect(drop('a', 'd')).toEqual({ before: null, stage: 2 });
  });

  it('on a heading puts it first in that stage', () => {
    expect(drop('a', 'stage:2')).toEqual({ before: key('c'), stage: 2 });
    expect(drop('d', 'stage:1')).toEqual({ before: key('a'), stage: 1 });
  });

  it('never names a place relative to what moves along', () => {
    expect(drop('a', 'c', 'd')).toEqual({ before: null, stage: 2 });
  });

  it('on itself does nothing', () => {
    expect(drop('a', 'a')).toBeUndefined();
  });
});

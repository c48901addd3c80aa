/** The table of faults that is shipped is the one that the matrix proves. FROSTLINE_WRITE_DOCS=1 writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultsDocument } from './docs.ts';
import { GROUPS } from './matrix.ts';
import { rows } from './rows.ts';

const FILE = resolve(import.meta.dirname, '..', '..', '..', 'docs', 'faults.md');

describe('docs/faults.md', () => {
  test('says what the matrix holds the product to, row by row', () => {
    const document = faultsDocument(rows);
    if (process.env.FROSTLINE_WRITE_DOCS === '1') writeFileSync(FILE, document);
    expect(readFileSync(FILE, 'utf8')).toBe(document);
  });

  test('has at least 45 distinct faults in every group, each named once', () => {
    expect(rows.length).toBeGreaterThanOrEqual(45);
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
    expect(new Set(rows.map((row) => row.fault)).size).toBe(rows.length);
    expect(GROUPS.filter((group) => !rows.some((row) => row.group === group))).toEqual([]);
  });

  test('states what the admin reads wherever a run does not end well', () => {
    const silent = rows.filter((row) => row.ends.exit !== 0 && row.ends.message === undefined);
    expect(silent.map((row) => row.id)).toEqual([]);
  });
});

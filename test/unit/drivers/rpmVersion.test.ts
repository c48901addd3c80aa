import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { compareRpmVersions, isRpmVersion, rpmvercmp } from '../../../main/core/drivers/rpm/version.ts';

const rpm = spawnSync('rpm', ['--version']).status === 0;

const text = fc
  .array(fc.constantFrom(...'0123456789.+~^_abzAZ'.split('')), { minLength: 1, maxLength: 9 })
  .map((letters) => letters.join(''));
/** Neighbours differ in little, where the rules are fine. */
const pair = fc.oneof(
  fc.tuple(text, text),
  fc
    .tuple(text, fc.constantFrom('~', '^', '+', '0', '00', 'a', '.', '~~', '^~', '.0', 'Z', '_1'))
    .map(([a, tail]): [string, string] => [a, a + tail]),
);
const pairs = fc.sample(pair, { numRuns: 3000, seed: 20261123 });

/** What rpm itself says of each pair. */
function judgedByRpm(some: [string, string][]): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'frostline-vercmp-'));
  try {
    const file = join(folder, 'pairs');
    writeFileSync(file, some.map((two) => `${two.join(' ')}\n`).join(''));
    const lua = `for l in io.lines("${file}") do local a, b = l:match("^(%S+) (%S+)$"); print(rpm.vercmp(a, b) .. " ") end`;
    const said = spawnSync('rpm', ['--eval', `%{lua:${lua}}`], { encoding: 'utf8', maxBuffer: 1 << 24 });
    return said.stdout.trim().split(/\s+/).map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(!rpm)('orders thousands of generated pairs as rpm does', () => {
  const judged = judgedByRpm(pairs);
  expect(judged).toHaveLength(pairs.length);
  expect(pairs.filter(([a, b], i) => rpmvercmp(a, b) !== judged[i])).toEqual([]);
});

test('orders the pairs that rpm was asked about once, where it is not there to be asked', () => {
  const file = new URL('../../fixtures/dnf/vercmp.json', import.meta.url);
  const table = z
    .array(z.tuple([z.string(), z.string(), z.int()]))
    .parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(table.length).toBeGreaterThan(300);
  expect(table.filter(([a, b, judged]) => rpmvercmp(a, b) !== judged)).toEqual([]);
});

test('is an order: swapped arguments swap the answer', () => {
  fc.assert(fc.property(pair, ([a, b]) => rpmvercmp(a, b) + rpmvercmp(b, a) === 0));
});

test('compares epoch, then version, then release', () => {
  const ascending = [
    '1.0~rc1-1',
    '1.0-1',
    '1.0-1.el9_4.1',
    '1.0-10',
    '1.0^git1-1',
    '1.0.1-1',
    '1:0.5-1',
    '2:0.1-1',
  ];
  for (const [i, a] of ascending.entries())
    for (const [j, b] of ascending.entries())
      expect(Math.sign(compareRpmVersions(a, b)), `${a} ${b}`).toBe(Math.sign(i - j));
  expect(compareRpmVersions('0:1.0-1', '1.0-1')).toBe(0);
});

test.each(['1.0-1', '1:2.0~rc1-1', '5.14.0-427.13.1.el9_4', '20240101git^abc-0.1'])(
  '%s can be a version',
  (one) => {
    expect(isRpmVersion(one)).toBe(true);
  },
);
test.each(['1.0', '1.0-', '-1', '0:1.0-1', '1-2-3', 'a b-1', '1.0-1:amd64', ''])(
  '"%s" cannot be one',
  (one) => {
    expect(isRpmVersion(one)).toBe(false);
  },
);

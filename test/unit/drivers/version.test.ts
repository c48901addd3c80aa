import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDebianVersions, isDebianVersion } from '../../../main/core/drivers/apt/version.ts';

const dpkg = spawnSync('dpkg', ['--version']).status === 0;

/** Versions dpkg accepts: an upstream part that begins with a digit, of the characters Policy allows. */
const part = fc
  .array(fc.constantFrom(...'0123456789.+~abzAZ'.split('')), { maxLength: 7 })
  .map((letters) => letters.join(''));
const version = fc
  .tuple(
    fc.option(fc.integer({ min: 0, max: 12 })),
    fc.integer({ min: 0, max: 99 }),
    part,
    fc.option(part.filter((text) => text !== '')),
  )
  .map(([epoch, digits, upstream, revision]) =>
    [epoch === null ? '' : `${epoch}:`, digits, upstream, revision === null ? '' : `-${revision}`].join(''),
  );
/** Neighbours differ in little, where the rules are fine. */
const pair = fc.oneof(
  fc.tuple(version, version),
  fc
    .tuple(version, fc.constantFrom('~', '+', '0', '00', 'a', '.', '~~', '-1', '-0', 'Z'))
    .filter(([text, tail]) => !(tail.startsWith('-') && text.endsWith('-')))
    .map(([text, tail]): [string, string] => [text, text + tail]),
);

test.skipIf(!dpkg)(
  'orders thousands of generated pairs as dpkg does',
  () => {
    const pairs = fc.sample(pair, { numRuns: 2500, seed: 20261123 });
    const script = `while read -r a b; do
    if dpkg --compare-versions "$a" lt "$b"; then echo -1; elif dpkg --compare-versions "$a" eq "$b"; then echo 0; else echo 1; fi
  done`;
    const judged = spawnSync('sh', ['-c', script], {
      input: pairs.map((two) => `${two.join(' ')}\n`).join(''),
      encoding: 'utf8',
    })
      .stdout.trim()
      .split('\n')
      .map(Number);
    expect(judged).toHaveLength(pairs.length);
    const wrong = pairs.filter(([a, b], i) => Math.sign(compareDebianVersions(a, b)) !== judged[i]);
    expect(wrong).toEqual([]);
  },
  120_000,
);

test('knows the famous cases', () => {
  const ascending = [
    '1.0~~',
    '1.0~~a',
    '1.0~',
    '1.0~rc1-1',
    '1.0',
    '1.0-1',
    '1.0-1+deb12u1',
    '1.0-1+b1',
    '1.0a',
    '1.0+dfsg',
    '1.0.1',
    '1.9',
    '1.10',
    '1:0.1',
    '2:0',
  ].sort(compareDebianVersions);
  expect(ascending.slice(0, 5)).toEqual(['1.0~~', '1.0~~a', '1.0~', '1.0~rc1-1', '1.0']);
  expect(compareDebianVersions('1.0', '1.0-0')).toBe(0);
  expect(compareDebianVersions('0:1.0', '1.0')).toBe(0);
  expect(compareDebianVersions('1.0', '1.00')).toBe(0);
  expect(compareDebianVersions('1.9', '1.10')).toBeLessThan(0);
  expect(compareDebianVersions('1:1.0', '9.9')).toBeGreaterThan(0);
});

test('is a total order', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const sign = (x: string, y: string) => Math.sign(compareDebianVersions(x, y));
      expect(sign(a, a)).toBe(0);
      expect(sign(a, b) + sign(b, a)).toBe(0);
      if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

test('what dpkg calls an error or a bad character is no version', () => {
  for (const text of ['1.0', '1:2.0-1', '1:2:3', '1.0~rc1', '1-2-3', '1.0-1+deb12u1'])
    expect(isDebianVersion(text), text).toBe(true);
  for (const text of [
    '',
    'a:b:c',
    '1_0',
    '1.1:mips',
    '1.0-',
    '1:',
    ':1',
    '1^2',
    '-1',
    '99999999999:1',
    '1-a:b',
    '1 2',
  ])
    expect(isDebianVersion(text), text).toBe(false);
});

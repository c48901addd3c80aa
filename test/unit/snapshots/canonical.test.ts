import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, contentHash } from '../../../main/core/snapshots/canonical.ts';
import { FrostFault } from '../../../shared/errors.ts';
import { nodeHasher } from '../../support/ports.ts';

const double = (hex: string): number => Buffer.from(hex, 'hex').readDoubleBE();

/** Any JSON value, with the keys and texts that make trouble. */
const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });

const refusal = (value: unknown): string => {
  try {
    return canonicalJson(value);
  } catch (error) {
    if (error instanceof FrostFault) return error.error.message;
    throw error;
  }
};

describe('canonical JSON', () => {
  // RFC 8785, section 3.2.3.
  test('sorts keys by their UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",' +
        '"\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  // RFC 8785, section 3.2.2.
  test('writes literals, numbers and texts in their one form', () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  // RFC 8785, appendix B.
  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555556', '333333333.3333334'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the double %s as %s', (hex, text) => {
    expect(canonicalJson(double(hex))).toBe(text);
  });

  test.each([
    [{ a: { b: undefined } }, 'a.b is undefined, which JSON cannot hold.'],
    [{ a: [1, Number.NaN] }, 'a[1] is not a finite number.'],
    [[Number.POSITIVE_INFINITY], '[0] is not a finite number.'],
    [{ note: 'x\ud800' }, 'note holds a character that is not valid Unicode (a lone surrogate).'],
    [{ 'k\udc00': 1 }, 'k\udc00 holds a character that is not valid Unicode (a lone surrogate).'],
    [{ at: new Date(0) }, 'at is not plain data.'],
    [new Map(), 'The value is not plain data.'],
    [10n, 'The value is bigint, which JSON cannot hold.'],
    [new Array(1), '[0] is undefined, which JSON cannot hold.'],
  ])('refuses what has no canonical form: %o', (value, message) => {
    expect(refusal(value)).toBe(message);
  });

  test('refuses a cycle instead of overflowing', () => {
    const value: { self?: unknown } = {};
    value.self = value;
    expect(refusal(value)).toContain('is nested too deeply.');
  });

  test('survives a round trip through JSON.parse, and says the same again', () => {
    fc.assert(
      fc.property(json, (value) => {
        const wellFormed = JSON.parse(JSON.stringify(value).replaceAll(/\\ud[89a-f][0-9a-f]{2}/gi, '?'));
        const text = canonicalJson(wellFormed);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(wellFormed)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  test('does not depend on the order in which keys were set', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), json), fc.nat(), (record, seed) => {
        const wellFormed: Record<string, unknown> = JSON.parse(
          JSON.stringify(record).replaceAll(/\\ud[89a-f][0-9a-f]{2}/gi, '?'),
        );
        const keys = Object.keys(wellFormed);
        const turned = [...keys.slice(seed % (keys.length + 1)), ...keys.slice(0, seed % (keys.length + 1))];
        const shuffled = Object.fromEntries(turned.reverse().map((key) => [key, wellFormed[key]]));
        expect(contentHash(shuffled, nodeHasher)).toBe(contentHash(wellFormed, nodeHasher));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJson } from '../../../main/core/snapshots/strictJson.ts';

const LIMITS = { depth: 20, values: 1000 };
const read = (text: string) => parseStrictJson(text, LIMITS);

const problem = (text: string) => {
  const result = read(text);
  return result.ok ? undefined : result.error;
};

describe('strict JSON', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(0, 1, 4), (text, indent) => {
        const value: unknown = JSON.parse(text);
        fc.pre(!text.includes('__proto__'));
        expect(read(JSON.stringify(value, null, indent))).toEqual({ ok: true, value });
      }),
    );
  });

  test('never accepts what JSON.parse refuses, and never throws', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\u0 1e-.+truefalsn\n\t') });
    fc.assert(
      fc.property(noise, (text) => {
        const strict = read(text);
        if (strict.ok) expect(strict.value).toEqual(JSON.parse(text));
      }),
      { numRuns: 5000 },
    );
  });

  test('reads every escape', () => {
    expect(read('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"')).toEqual({
      ok: true,
      value: '"\\/\b\f\n\r\té😀',
    });
  });

  test.each([
    ['{"a":1,"b":2,"a":3}', 'holds the key "a" twice'],
    ['{"a":1,"\\u0061":3}', 'holds the key "a" twice'],
    ['{"__proto__":{}}', 'holds the key __proto__'],
    ['["\\ud800"]', 'holds a text that is not valid Unicode'],
    ['{"\\udc00":1}', 'holds a text that is not valid Unicode'],
    ['[1e999]', 'holds a number out of range'],
    ['[01]', "stops making sense where ',' or ']' is expected"],
    ['[1,]', 'stops making sense where a value is expected'],
    ['{"a":1,}', 'stops making sense where a key is expected'],
    ["{'a':1}", 'stops making sense where a key is expected'],
    ['["a\tb"]', 'holds a control character in a text'],
    ['["\\x41"]', 'holds an unknown escape'],
    ['{} {}', 'goes on after its end'],
    ['\ufeff{}', 'stops making sense where a value is expected'],
    ['[NaN]', 'stops making sense where a value is expected'],
    [`${'['.repeat(30)}${']'.repeat(30)}`, 'is nested more than 20 deep'],
    [`[${'1,'.repeat(1000)}1]`, 'holds more than 1000 values'],
  ])('refuses %s', (text, message) => {
    expect(problem(text)).toMatchObject({ truncated: false, message });
  });

  test('calls every beginning of a document truncated', () => {
    const whole = '{"a":[1,true,null,"x\\u0041\\n"],"b":{"c":-1}}';
    for (let length = 0; length < whole.length; length++)
      expect(problem(whole.slice(0, length)), whole.slice(0, length)).toMatchObject({ truncated: true });
  });
});

/** What is wrong with an input, in words: the field as people call it and why, never its value and nothing of the library's own. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fieldWords, invalidInput } from '../../../main/core/inputWords.ts';

describe('a field is called', () => {
  test.each([
    [['ref'], 'the snapshot'],
    [['maxFailures'], 'the max failures'],
    [['edits', 1, 'version'], 'the version of edit 2'],
    [['selectors', 0], 'the selector 1'],
    [['entries', 3], 'the entry 4'],
    [['host', 'tags', 'k y'], 'the tag k y'],
    [[], 'what was given'],
  ])('%j: %s', (path, words) => {
    expect(fieldWords(path)).toBe(words);
  });
});

const Input = z.strictObject({
  text: z.string().min(1).max(5).optional(),
  name: z
    .string()
    .regex(/^[a-z]+$/)
    .optional(),
  own: z
    .string()
    .regex(/^[a-z]+$/, 'not a word of ours')
    .optional(),
  count: z.int().min(1).max(9).optional(),
  many: z.array(z.string()).min(1).max(2).optional(),
  kind: z.enum(['a', 'b']).optional(),
  at: z.iso.datetime().optional(),
  either: z.union([z.number(), z.boolean()]).optional(),
  needed: z.string(),
});

test.each<[string, object, string]>([
  ['nothing in it', { text: '' }, 'The text cannot be used: it is empty.'],
  ['too much in it', { text: 'secret' }, 'The text cannot be used: it is longer than 5 characters.'],
  ['another form', { name: 'SECRET' }, 'The name cannot be used: it has a form that is not allowed.'],
  [
    'another form, with words of the schema',
    { own: 'SECRET' },
    'The own cannot be used: not a word of ours.',
  ],
  ['another kind', { count: 'secret' }, 'The count cannot be used: it is not a number.'],
  ['a part of a number', { count: 1.5 }, 'The count cannot be used: it is not a whole number.'],
  ['too little', { count: 0 }, 'The count cannot be used: it is below 1.'],
  ['too much', { count: 10 }, 'The count cannot be used: it is above 9.'],
  ['none', { many: [] }, 'The many cannot be used: none is given.'],
  ['too many', { many: ['1', '2', '3'] }, 'The many cannot be used: there are more than 2.'],
  ['none of the choices', { kind: 'secret' }, 'The kind cannot be used: it is none of a, b.'],
  ['no time', { at: 'secret' }, 'The time cannot be used: it is not a time.'],
  ['neither', { either: 'secret' }, 'The either cannot be used: it has a form that is not allowed.'],
  [
    'a field that is not known',
    { other: 'secret' },
    'What was given cannot be used: other is not known there.',
  ],
  ['missing', { needed: undefined }, 'The needed cannot be used: it is missing.'],
])('%s', (_what, given, message) => {
  const read = Input.safeParse({ needed: 'x', ...given });
  const error = read.error === undefined ? undefined : invalidInput(read.error);
  expect(error?.message).toBe(message);
  expect(error).toMatchObject({ code: 'input.invalid' });
  expect(JSON.stringify(error)).not.toMatch(/secret/i);
});

test('several faults are told, the first three', () => {
  const read = z.object({ a: z.string(), b: z.string(), c: z.string(), d: z.string() }).safeParse({});
  expect(read.error === undefined ? '' : invalidInput(read.error).message).toBe(
    'The a cannot be used: it is missing; the b cannot be used: it is missing; the c cannot be used: it is missing.',
  );
});

import { expect, test } from 'vitest';
import { strangersLine } from '../../../main/core/advisories/read.ts';

test.each([
  ['two\nlines\tand\u0000more', 'two lines and more'],
  ['open\u200bssl \u2060\ufeff1.0', 'open ssl 1.0'],
  ['\u202egnp.exe\u202c', 'gnp.exe'],
  ['cut here', 'cut her'],
])('text out of a file is one line without what nobody sees: %j', (text, line) => {
  expect(strangersLine(text, text === 'cut here' ? 7 : 100)).toBe(line);
});

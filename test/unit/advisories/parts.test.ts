/** Splitting a JSON text: what is found is what JSON.parse finds, and what it refuses is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonParts } from '../../../main/core/advisories/parts.ts';

const turn = async () => undefined;

/** The value put together from its parts; undefined where it is no array or object. */
const rebuilt = async (text: string): Promise<unknown> => {
  const found = await jsonParts(text, turn);
  if (found === undefined) return JSON.parse(text);
  const values = found.parts.map(
    ({ key, from, to }) => [key ?? '', JSON.parse(text.slice(from, to))] as const,
  );
  return found.kind === 'array' ? values.map(([, value]) => value) : Object.fromEntries(values);
};
const outcome = async (work: () => unknown): Promise<unknown> => {
  try {
    return { value: await work() };
  } catch (error) {
    return error instanceof SyntaxError ? 'refused' : error;
  }
};

describe('the parts of a JSON text', () => {
  it('are those that JSON.parse finds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.constantFrom(0, 2, '\t'), async (value, indent) => {
        // A member of this name is set by JSON.parse and not by Object.fromEntries’ callers elsewhere: as good as any other here.
        const text = JSON.stringify(value, null, indent);
        expect(await rebuilt(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('are refused where JSON.parse refuses the whole', async () => {
    const near = fc
      .tuple(
        fc.jsonValue(),
        fc.nat(),
        fc.constantFrom('', ',', '"', '\\', '[', ']', '{', '}', ':', '1', ' ', 'x', '\u0001'),
      )
      .map(([value, at, put]) => {
        const text = JSON.stringify([value, { a: value }]);
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + (at % 2));
      });
    await fc.assert(
      fc.asyncProperty(fc.oneof(near, fc.string()), async (text) => {
        expect(await outcome(() => rebuilt(text))).toEqual(await outcome(() => JSON.parse(text)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    '',
    ' ',
    '[',
    '{',
    '[1',
    '[1,]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '[1]]',
    '{"a":1}x',
    '["',
    '["\\',
    '[,]',
    '{,}',
    '[1 2]',
  ])('%j is not JSON', async (text) => {
    expect(await outcome(() => rebuilt(text))).toBe('refused');
  });

  it('are found in several goes where the text is long', async () => {
    let turns = 0;
    const text = JSON.stringify({ a: Array.from({ length: 200_000 }, () => [{}]), b: 1 });
    const found = await jsonParts(text, async () => {
      turns += 1;
    });
    expect(found?.parts.map((part) => part.key)).toEqual(['a', 'b']);
    expect(turns).toBeGreaterThan(2);
  });
});

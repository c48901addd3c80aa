import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../../main/core/fleet/glob.ts';
import {
  matchesSelector,
  parseSelector,
  printSelector,
  type Selector,
  selectHosts,
} from '../../../main/core/fleet/selector.ts';
import type { Host } from '../../../shared/model/host.ts';
import { makeHost } from './make.ts';

const fleet: Host[] = [
  makeHost('web-2', { tags: { web: '', tier: 'front' }, environment: 'production' }),
  makeHost('web-1', { tags: { web: '' }, environment: 'test' }),
  makeHost('DB-1', { tags: { tier: 'back' }, environment: 'production' }),
  makeHost('cache'),
];
const systems = new Map([
  [fleet[0]?.id, { os: 'debian', release: '12' }],
  [fleet[1]?.id, { os: 'debian', release: '13' }],
  [fleet[2]?.id, { os: 'ubuntu', release: '24.04' }],
]);
const os = (hostId: string) => systems.get(hostId);
const names = (...selectors: string[]): string[] => {
  const found = selectHosts(selectors, fleet, os);
  if (!found.ok) throw new Error(found.error.message);
  return found.value.map((host) => host.name);
};
const complaint = (text: string): string => {
  const parsed = parseSelector(text);
  if (parsed.ok) throw new Error(`${text} was accepted`);
  expect(parsed.error.code).toBe('input.invalid');
  return parsed.error.message;
};

describe('a selector', () => {
  it.each([
    ['all', ['cache', 'DB-1', 'web-1', 'web-2']],
    ['web-1', ['web-1']],
    ['WEB-1', ['web-1']],
    ['db-1', ['DB-1']],
    ['web-*', ['web-1', 'web-2']],
    ['*-1', ['DB-1', 'web-1']],
    ['web-?', ['web-1', 'web-2']],
    ['?', []],
    ['tag=web', ['web-1', 'web-2']],
    ['tag=web:', ['web-1', 'web-2']],
    ['tag=tier:back', ['DB-1']],
    ['tag=tier:', []],
    ['tag=Tier', []],
    ['env=production', ['DB-1', 'web-2']],
    ['env=Production', []],
    ['os=debian', ['web-1', 'web-2']],
    ['os=debian:13', ['web-1']],
    ['os=ubuntu:24.04', ['DB-1']],
    ['not os=debian', ['cache', 'DB-1']],
    ['not tag=web and env=production', ['DB-1']],
    ['not (tag=web and env=production)', ['cache', 'DB-1', 'web-1']],
    ['cache or tag=web and env=test', ['cache', 'web-1']],
    ['(cache or tag=web) and not env=production', ['cache', 'web-1']],
    ['not not web-1', ['web-1']],
    ['nothing-like-it', []],
  ])('%s', (text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  it('is one of several, each host once, by name', () => {
    expect(names('web-2', 'web-*', 'cache')).toEqual(['cache', 'web-1', 'web-2']);
    expect(names()).toEqual([]);
  });

  it('does not find the properties every object has among the tags', () => {
    expect(names('tag=constructor', 'tag=toString', 'tag=hasOwnProperty')).toEqual([]);
  });
});

describe('a malformed selector says what and where', () => {
  it.each([
    ['', 'it is empty, at character 1'],
    ['   ', 'it is empty'],
    ['web-1 web-2', '“and” or “or” is missing before “web-2”, at character 7'],
    ['web-1 AND web-2', 'missing before “AND”, at character 7'],
    ['web-1 and', 'something is missing after “and”, at character 10'],
    ['and web-1', 'something is missing before “and”, at character 1'],
    ['not', 'something is missing after “not”'],
    ['(web-1', '“(” without its “)”, at character 1'],
    ['(web-1 web-2)', 'missing before “web-2”, at character 8'],
    ['web-1)', '“)” without its “(”, at character 6'],
    ['()', 'something is missing before “)”, at character 2'],
    ['tags=web', '“tags=” is not known, at character 1'],
    ['all and tag=', 'tag= wants a name, at character 13'],
    ['tag=web:a:b', '“a:b” is not a value, at character 9'],
    ['env=a:b', 'takes a name and nothing else'],
    ['os=debian:', 'wants a release'],
    ['web-1;rm', 'neither a name nor a pattern, at character 1'],
    ['-web', 'neither a name nor a pattern'],
    ["'web-1'", 'neither a name nor a pattern'],
  ])('%s', (text, message) => {
    expect(complaint(text)).toContain(message);
  });

  it('is refused when it nests deeper than anyone writes, without running out of stack', () => {
    expect(complaint(`${'('.repeat(990)}all${')'.repeat(990)}`)).toContain('nested too deeply');
    expect(complaint(`${'not '.repeat(499)}all`)).toContain('nested too deeply');
    expect(complaint('a'.repeat(2001))).toContain('at most 2000');
  });
});

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/);
const leaf: fc.Arbitrary<Selector> = fc.oneof(
  fc.constant<Selector>({ kind: 'all' }),
  fc
    .stringMatching(/^[A-Za-z0-9*?][A-Za-z0-9._*?-]{0,8}$/)
    .filter((text) => !['all', 'and', 'or', 'not'].includes(text))
    .map((glob): Selector => ({ kind: 'name', glob })),
  word.map((key): Selector => ({ kind: 'tag', key })),
  fc
    .tuple(word, fc.oneof(word, fc.constant('')))
    .map(([key, value]): Selector => ({ kind: 'tag', key, value })),
  word.map((name): Selector => ({ kind: 'env', name })),
  fc.constantFrom('debian', 'ubuntu').map((name): Selector => ({ kind: 'os', name })),
);
const { selector: anySelector } = fc.letrec<{ selector: Selector }>((tie) => {
  const terms = fc.array(tie('selector'), { minLength: 2, maxLength: 4 });
  return {
    selector: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      tie('selector').map((term): Selector => ({ kind: 'not', term })),
      terms.map((all): Selector => ({ kind: 'and', terms: all })),
      terms.map((all): Selector => ({ kind: 'or', terms: all })),
    ),
  };
});
const meant = (selector: Selector): string[] =>
  fleet.filter((host) => matchesSelector(selector, host, os)).map((host) => host.name);

describe('any selector', () => {
  it('reads back from its printed form as itself', () => {
    fc.assert(
      fc.property(anySelector, (selector) => {
        const text = printSelector(selector);
        fc.pre(text.length <= 2000);
        expect(parseSelector(text)).toEqual({ ok: true, value: selector });
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps the laws of not, and, or', () => {
    const not = (term: Selector): Selector => ({ kind: 'not', term });
    fc.assert(
      fc.property(anySelector, anySelector, (a, b) => {
        const both: Selector = { kind: 'and', terms: [a, b] };
        const either: Selector = { kind: 'or', terms: [a, b] };
        expect(meant(not(not(a)))).toEqual(meant(a));
        expect(meant(not(both))).toEqual(meant({ kind: 'or', terms: [not(a), not(b)] }));
        expect(meant(not(either))).toEqual(meant({ kind: 'and', terms: [not(a), not(b)] }));
        expect(meant(both)).toEqual(meant(a).filter((name) => meant(b).includes(name)));
        expect([...meant(a), ...meant(not(a))].toSorted()).toEqual(fleet.map((h) => h.name).toSorted());
      }),
      { numRuns: 300 },
    );
  });

  it('is parsed or refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const parsed = parseSelector(text);
        if (!parsed.ok) expect(parsed.error.code).toBe('input.invalid');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a glob', () => {
  const asRegExp = (pattern: string): RegExp =>
    new RegExp(`^${[...pattern].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : `[${c}]`)).join('')}$`, 'i');

  it('means what it says, against a plain translation', () => {
    const short = fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 7 });
    fc.assert(
      fc.property(pattern, short, (glob, text) => {
        expect(matchesGlob(glob, text)).toBe(asRegExp(glob).test(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('ends on patterns that make backtracking ones run for ever', () => {
    const stars = `${'*a'.repeat(50)}b`;
    expect(matchesGlob(stars, 'a'.repeat(63))).toBe(false);
    expect(matchesGlob(stars, `${'a'.repeat(63)}b`)).toBe(true);
  });
});

/**
 * Selectors (cli.md): which hosts are meant. `all`, a host's name, a glob, `tag=KEY`, `tag=KEY:VALUE`, `env=NAME`, `os=NAME`,
 * `os=NAME:RELEASE`, combined with `not`, `and`, `or` (binding in this order) and parentheses. The words are lower case; host
 * names match without regard to case, as they are unique without regard to it; tags and environments match exactly.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { matchesGlob } from './glob.ts';

export type Selector =
  | { kind: 'all' }
  | { kind: 'name'; glob: string }
  | { kind: 'tag'; key: string; value?: string }
  | { kind: 'env'; name: string }
  | { kind: 'os'; name: string; release?: string }
  | { kind: 'not'; term: Selector }
  | { kind: 'and' | 'or'; terms: Selector[] };

export type OsOf = (hostId: string) => { os: string; release: string } | undefined;

/** Words with a meaning of their own: no host may be called so, it could never be named. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['all', 'and', 'or', 'not']);

const MAX_LENGTH = 2000;
/** Deep enough for anything written by hand or printed from it, shallow enough for the call stack. */
const MAX_DEPTH = 100;
const NAME = /^[A-Za-z0-9*?][A-Za-z0-9._*?-]{0,99}$/;
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const VALUE = /^[A-Za-z0-9._-]{0,63}$/;

/** `at`: index of its first character. */
type Token = { text: string; at: number };

class SelectorFault extends Error {
  readonly at: number;
  readonly hint: string | undefined;
  constructor(message: string, at: number, hint?: string) {
    super(message);
    this.at = at;
    this.hint = hint;
  }
}

const tokens = (text: string): Token[] =>
  [...text.matchAll(/[()]|[^\s()]+/g)].map((match) => ({ text: match[0], at: match.index }));

const split = (text: string): [string, string | undefined] => {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
};

const condition = (token: Token, equals: number): Selector => {
  const key = token.text.slice(0, equals);
  const [name, detail] = split(token.text.slice(equals + 1));
  const at = token.at + equals + 1;
  if (!['tag', 'env', 'os'].includes(key))
    throw new SelectorFault(`“${key}=” is not known`, token.at, 'Known are tag=, env= and os=.');
  if (!KEY.test(name))
    throw new SelectorFault(name === '' ? `${key}= wants a name` : `“${name}” is not a name`, at);
  if (detail !== undefined && !VALUE.test(detail))
    throw new SelectorFault(`“${detail}” is not a value`, at + name.length + 1);
  if (key === 'tag') return { kind: 'tag', key: name, ...(detail === undefined ? {} : { value: detail }) };
  if (key === 'os') {
    if (detail === '') throw new SelectorFault(`os=${name}: wants a release`, at + name.length + 1);
    return { kind: 'os', name, ...(detail === undefined ? {} : { release: detail }) };
  }
  if (detail !== undefined) throw new SelectorFault('env= takes a name and nothing else', at + name.length);
  return { kind: 'env', name };
};

class Parser {
  private readonly words: Token[];
  private readonly end: number;
  private index = 0;
  private depth = 0;
  constructor(text: string) {
    this.words = tokens(text);
    this.end = text.trimEnd().length;
  }

  whole(): Selector {
    const selector = this.or();
    const rest = this.words[this.index];
    if (rest === undefined) return selector;
    if (rest.text === ')') throw new SelectorFault('“)” without its “(”', rest.at);
    const hint = RESERVED_NAMES.has(rest.text.toLowerCase())
      ? `Write ${rest.text.toLowerCase()} in lower case.`
      : 'Combine with and, or; give alternatives as separate arguments or with or.';
    throw new SelectorFault(`“and” or “or” is missing before “${rest.text}”`, rest.at, hint);
  }

  private or(): Selector {
    return this.series('or', () => this.series('and', () => this.term()));
  }

  private series(kind: 'and' | 'or', part: () => Selector): Selector {
    const first = part();
    const terms = [first];
    while (this.words[this.index]?.text === kind) {
      this.index += 1;
      terms.push(part());
    }
    return terms.length === 1 ? first : { kind, terms };
  }

  private term(): Selector {
    const token = this.words[this.index];
    if (token === undefined) {
      const before = this.words[this.index - 1];
      throw new SelectorFault(
        before === undefined ? 'it is empty' : `something is missing after “${before.text}”`,
        this.end,
      );
    }
    this.index += 1;
    if (token.text === '(') {
      const inner = this.nested(token, () => this.or());
      const close = this.words[this.index];
      if (close === undefined) throw new SelectorFault('“(” without its “)”', token.at);
      if (close.text !== ')')
        throw new SelectorFault(`“and” or “or” is missing before “${close.text}”`, close.at);
      this.index += 1;
      return inner;
    }
    if (token.text === 'not') return { kind: 'not', term: this.nested(token, () => this.term()) };
    if (token.text === ')' || token.text === 'and' || token.text === 'or')
      throw new SelectorFault(`something is missing before “${token.text}”`, token.at);
    if (token.text === 'all') return { kind: 'all' };
    const equals = token.text.indexOf('=');
    if (equals >= 0) return condition(token, equals);
    if (!NAME.test(token.text))
      throw new SelectorFault(`“${token.text.slice(0, 80)}” is neither a name nor a pattern`, token.at);
    return { kind: 'name', glob: token.text };
  }

  private nested(token: Token, inner: () => Selector): Selector {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new SelectorFault('it is nested too deeply', token.at);
    const selector = inner();
    this.depth -= 1;
    return selector;
  }
}

/** Errors: `input.invalid`, naming the character (counted from 1) where it went wrong. */
export const parseSelector = (text: string): Result<Selector> => {
  if (text.length > MAX_LENGTH)
    return fail('input.invalid', `A selector has at most ${MAX_LENGTH} characters.`);
  try {
    return ok(new Parser(text).whole());
  } catch (problem) {
    if (!(problem instanceof SelectorFault)) throw problem;
    const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
    return fail('input.invalid', `Selector “${shown}”: ${problem.message}, at character ${problem.at + 1}.`, {
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    });
  }
};

/** As it would be written; reading it again gives the same selector. */
export const printSelector = (selector: Selector): string => {
  const inner = (part: Selector): string =>
    part.kind === 'and' || part.kind === 'or' ? `(${printSelector(part)})` : printSelector(part);
  switch (selector.kind) {
    case 'all':
      return 'all';
    case 'name':
      return selector.glob;
    case 'tag':
      return `tag=${selector.key}${selector.value === undefined ? '' : `:${selector.value}`}`;
    case 'env':
      return `env=${selector.name}`;
    case 'os':
      return `os=${selector.name}${selector.release === undefined ? '' : `:${selector.release}`}`;
    case 'not':
      return `not ${inner(selector.term)}`;
    case 'and':
      return selector.terms.map(inner).join(' and ');
    case 'or':
      // `and` binds closer than `or`: only an `or` inside needs its parentheses.
      return selector.terms.map((t) => (t.kind === 'and' ? printSelector(t) : inner(t))).join(' or ');
  }
};

/** A host whose system is not known (never scanned) matches no `os=`, and so every `not os=`. */
export const matchesSelector = (selector: Selector, host: Host, os: OsOf): boolean => {
  switch (selector.kind) {
    case 'all':
      return true;
    case 'name':
      return matchesGlob(selector.glob, host.name);
    case 'tag':
      return (
        Object.hasOwn(host.tags, selector.key) &&
        (selector.value === undefined || host.tags[selector.key] === selector.value)
      );
    case 'env':
      return host.environment === selector.name;
    case 'os': {
      const known = os(host.id);
      return (
        known !== undefined &&
        known.os.toLowerCase() === selector.name.toLowerCase() &&
        (selector.release === undefined || known.release === selector.release)
      );
    }
    case 'not':
      return !matchesSelector(selector.term, host, os);
    case 'and':
      return selector.terms.every((term) => matchesSelector(term, host, os));
    case 'or':
      return selector.terms.some((term) => matchesSelector(term, host, os));
  }
};

/** The one order of hosts everywhere: by name, case aside. */
export const compareNames = (a: { name: string }, b: { name: string }): number => {
  const left = a.name.toLowerCase();
  const right = b.name.toLowerCase();
  return left < right ? -1 : left > right ? 1 : 0;
};

/**
 * The hosts that any of the selectors means, each once, by name. Nothing matching is an empty list.
 * Errors: `input.invalid` of the first selector that cannot be read.
 */
export const selectHosts = (selectors: string[], hosts: Host[], os: OsOf): Result<Host[]> => {
  const parsed: Selector[] = [];
  for (const text of selectors) {
    const selector = parseSelector(text);
    if (!selector.ok) return selector;
    parsed.push(selector.value);
  }
  return ok(
    hosts.filter((host) => parsed.some((selector) => matchesSelector(selector, host, os))).sort(compareNames),
  );
};

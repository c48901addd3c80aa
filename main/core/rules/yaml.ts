/**
 * Reads a YAML file that somebody else may have written: bounded, no aliases, no tags, no key twice, and every value with the
 * place where it stands. Scalars stay the text they were written as (YAML 1.2.2 §10.1, the failsafe schema): a release `12`
 * or a version `1.10` is never a number here.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml';
import type { RuleIssue } from '../../../shared/model/rule.ts';

/** The parser's own words where they are about the file, and not about how to call the parser. */
const wordsOf = ({ code, message }: YAMLError): string =>
  code === 'MULTIPLE_DOCS' ? 'a second document begins here: a file holds one set' : message;

export const MAX_YAML_CHARS = 128 * 1024;
const MAX_DEPTH = 12;
const MAX_NODES = 50_000;
const MAX_ISSUES = 50;
const MAX_BRACKETS = 100;

export type YamlValue = string | YamlValue[] | { [key: string]: YamlValue };
export type YamlFile = { value: YamlValue; placeOf(path: PropertyKey[]): { line: number; column: number } };

export class YamlProblem extends Error {
  readonly offset: number;
  readonly path: PropertyKey[];
  constructor(message: string, offset: number, path: PropertyKey[]) {
    super(message);
    this.offset = offset;
    this.path = path;
  }
}

/** The parser would go down with them, and take seconds for it. Brackets in quotes count as well: nobody has so many open. */
const opensTooMany = (text: string): boolean => {
  let open = 0;
  for (const char of text) {
    if (char === '[' || char === '{') open += 1;
    if (char === ']' || char === '}') open = Math.max(0, open - 1);
    if (open > MAX_BRACKETS) return true;
  }
  return false;
};

const offsetOf = (node: Node | null | undefined, fallback: number): number => node?.range?.[0] ?? fallback;

/** Any of the text's faults, else its value. */
export const readYaml = (text: string): { ok: true; file: YamlFile } | { ok: false; issues: RuleIssue[] } => {
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(Math.max(0, offset));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const issue = (offset: number, path: PropertyKey[], message: string): RuleIssue => ({
    ...place(offset),
    path: path.map(String).join('.'),
    message: message.slice(0, 1000),
  });
  if (text.length > MAX_YAML_CHARS)
    return {
      ok: false,
      issues: [{ line: 1, column: 1, path: '', message: 'the file is larger than 128 KiB' }],
    };

  if (opensTooMany(text))
    return { ok: false, issues: [{ line: 1, column: 1, path: '', message: 'nested too deep' }] };

  const places = new Map<string, number>();
  const remember = (path: PropertyKey[], offset: number) => places.set(path.map(String).join('\n'), offset);
  let nodes = 0;

  const read = (node: Node | null, path: PropertyKey[], at: number): YamlValue => {
    const offset = offsetOf(node, at);
    nodes += 1;
    if (nodes > MAX_NODES) throw new YamlProblem('the file has too many values', offset, path);
    if (path.length > MAX_DEPTH) throw new YamlProblem('nested too deep', offset, path);
    if (node === null) return '';
    if (isAlias(node)) throw new YamlProblem('aliases (*name) are not taken: write it out', offset, path);
    if (node.tag?.startsWith('!') === true)
      throw new YamlProblem(`the tag ${node.tag.slice(0, 50)} is not taken`, offset, path);
    if (isScalar(node)) return typeof node.value === 'string' ? node.value : '';
    if (isSeq<Node | null>(node))
      return node.items.map((item, index) => {
        remember([...path, index], offsetOf(item, offset));
        return read(item, [...path, index], offset);
      });
    if (isMap<Node, Node | null>(node)) {
      const value: Record<string, YamlValue> = {};
      for (const { key, value: under } of node.items) {
        const keyAt = offsetOf(key, offset);
        if (!isScalar(key) || typeof key.value !== 'string')
          throw new YamlProblem('a name must be plain text', keyAt, path);
        const name = key.value;
        if (name === '__proto__' || Object.hasOwn(value, name))
          throw new YamlProblem(`${name} stands here twice`, keyAt, [...path, name]);
        remember([...path, name], keyAt);
        value[name] = read(under, [...path, name], keyAt);
      }
      return value;
    }
    throw new YamlProblem('not a value', offset, path);
  };

  try {
    const document = parseDocument<Node>(text, {
      lineCounter: lines,
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0)
      return {
        ok: false,
        issues: faults.slice(0, MAX_ISSUES).map((fault) => issue(fault.pos[0], [], wordsOf(fault))),
      };
    const value = read(document.contents, [], 0);
    return {
      ok: true,
      file: {
        value,
        placeOf: (path) => {
          for (let length = path.length; length > 0; length -= 1) {
            const offset = places.get(path.slice(0, length).map(String).join('\n'));
            if (offset !== undefined) return place(offset);
          }
          return place(offsetOf(document.contents, 0));
        },
      },
    };
  } catch (thrown) {
    if (thrown instanceof YamlProblem)
      return { ok: false, issues: [issue(thrown.offset, thrown.path, thrown.message)] };
    // The parser is recursive: what is nested by the thousand exhausts the stack.
    if (thrown instanceof RangeError)
      return { ok: false, issues: [{ line: 1, column: 1, path: '', message: 'nested too deep' }] };
    throw thrown;
  }
};

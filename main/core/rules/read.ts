/** A rule file: YAML in, a rule set or every fault with its line out. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { Match, type RuleIssue, RuleSet } from '../../../shared/model/rule.ts';
import { readYaml, type YamlValue } from './yaml.ts';

const MAX_ISSUES = 50;
const NUMBERS = new Set(['afterDays', 'stage']);
const MATCHES = new Set(['match', 'filters']);

/** What schemas want: numbers where numbers belong, and a list where a single value was written for one. */
const shaped = (value: YamlValue, key: string, inMatch: boolean): unknown => {
  if (typeof value === 'string') {
    if (NUMBERS.has(key) && /^-?\d{1,9}$/.test(value)) return Number(value);
    return inMatch && Object.hasOwn(Match.shape, key) ? [value] : value;
  }
  if (Array.isArray(value)) return value.map((item) => shaped(item, '', false));
  return Object.fromEntries(
    Object.entries(value).map(([name, under]) => [name, shaped(under, name, MATCHES.has(key))]),
  );
};

/** Every fault of the file, in the order of its lines. */
export const readRules = (
  text: string,
): { ok: true; ruleSet: RuleSet } | { ok: false; issues: RuleIssue[] } => {
  const read = readYaml(text);
  if (!read.ok) return read;
  const { value, placeOf } = read.file;
  if (typeof value === 'string' || Array.isArray(value))
    return {
      ok: false,
      issues: [
        { line: 1, column: 1, path: '', message: 'expected name: and rules: at the beginning of lines' },
      ],
    };
  const parsed = RuleSet.safeParse(shaped(value, '', false));
  if (parsed.success) return { ok: true, ruleSet: parsed.data };
  const issues = parsed.error.issues.flatMap((fault): RuleIssue[] => {
    const paths =
      fault.code === 'unrecognized_keys' ? fault.keys.map((key) => [...fault.path, key]) : [fault.path];
    return paths.map((path) => ({
      ...placeOf(path),
      path: path.map(String).join('.').slice(0, 300),
      message: (fault.code === 'unrecognized_keys'
        ? `${String(path.at(-1))} is not known here`
        : fault.message
      ).slice(0, 1000),
    }));
  });
  return {
    ok: false,
    issues: issues.sort((a, b) => a.line - b.line || a.column - b.column).slice(0, MAX_ISSUES),
  };
};

export const issueText = ({ line, path, message }: RuleIssue): string =>
  `line ${line}: ${path === '' ? '' : `${path}: `}${message}`;

/** For those that need the rules: the first faults in the error. Errors: `input.invalid`. */
export const rulesFrom = (text: string, what: string): Result<RuleSet> => {
  const read = readRules(text);
  if (read.ok) return ok(read.ruleSet);
  const [first, ...more] = read.issues;
  return fail('input.invalid', `${what} cannot be used: ${first === undefined ? '' : issueText(first)}`, {
    ...(more.length === 0 ? {} : { hint: more.slice(0, 9).map(issueText).join('\n') }),
  });
};

/** Severities in the words of their sources. */
import type { Severity } from '../../../shared/model/primitives.ts';
import { worse } from './verdict.ts';

const WORDS: Record<string, Severity> = {
  critical: 'critical',
  high: 'important',
  important: 'important',
  medium: 'moderate',
  moderate: 'moderate',
  low: 'low',
  minor: 'low',
  negligible: 'low',
  unimportant: 'low',
};

/** Words are a stranger's: `constructor` must not find what every object has. */
const at = <T>(table: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** Debian marks what it guessed with stars. Any other word is `unknown`. */
export const severityOf = (word: string | undefined): Severity =>
  at(WORDS, (word ?? '').toLowerCase().replace(/\*+$/, '').trim()) ?? 'unknown';

const AV: Record<string, number> = { N: 0.85, A: 0.62, L: 0.55, P: 0.2 };
const AC: Record<string, number> = { L: 0.77, H: 0.44 };
const PR: Record<string, number> = { N: 0.85, L: 0.62, H: 0.27 };
const PR_CHANGED: Record<string, number> = { N: 0.85, L: 0.68, H: 0.5 };
const UI: Record<string, number> = { N: 0.85, R: 0.62 };
const CIA: Record<string, number> = { H: 0.56, L: 0.22, N: 0 };

/** The base score of a CVSS 3.0 or 3.1 vector (specification 3.1, section 7.1); undefined where it is none. */
export const cvssScore = (vector: string): number | undefined => {
  if (!/^CVSS:3\.[01]\//.test(vector) || vector.length > 200) return undefined;
  const given = new Map(
    vector
      .split('/')
      .slice(1)
      .map((part): [string, string] => {
        const [name = '', value = ''] = part.split(':');
        return [name, value];
      }),
  );
  const pick = (table: Record<string, number>, name: string): number =>
    at(table, given.get(name) ?? '') ?? Number.NaN;
  const changed = given.get('S') === 'C';
  if (!changed && given.get('S') !== 'U') return undefined;
  const iss = 1 - (1 - pick(CIA, 'C')) * (1 - pick(CIA, 'I')) * (1 - pick(CIA, 'A'));
  const impact = changed ? 7.52 * (iss - 0.029) - 3.25 * (iss - 0.02) ** 15 : 6.42 * iss;
  const exploitability =
    8.22 * pick(AV, 'AV') * pick(AC, 'AC') * pick(changed ? PR_CHANGED : PR, 'PR') * pick(UI, 'UI');
  const sum = impact + exploitability;
  if (Number.isNaN(sum)) return undefined;
  if (impact <= 0) return 0;
  // Up to the next tenth; section 7, Appendix A: without being fooled by binary fractions.
  const whole = Math.round(Math.min(changed ? 1.08 * sum : sum, 10) * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
};

const ofScore = (score: number): Severity =>
  score >= 9
    ? 'critical'
    : score >= 7
      ? 'important'
      : score >= 4
        ? 'moderate'
        : score > 0
          ? 'low'
          : 'unknown';

/** The worst of words and vectors. */
export const worstOf = (words: (string | undefined)[], vectors: string[]): Severity => {
  let worst: Severity = 'unknown';
  for (const word of words) worst = worse(worst, severityOf(word));
  for (const vector of vectors) worst = worse(worst, ofScore(cvssScore(vector) ?? 0));
  return worst;
};

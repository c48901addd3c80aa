/** What advisories of RPM distributions say of an update. Pure. */
import type { Classification, Severity } from '../../../../shared/model/primitives.ts';
import type { Update } from '../../../../shared/model/scan.ts';

export type Advice = {
  id: string;
  /** `other`: of no kind that is known. */
  type: Classification;
  /** As it stands there. */
  severity: string;
  cves: readonly string[];
};

/** Red Hat's and SUSE's words, and those that others put in the same field. */
const SEVERITIES: Record<string, Severity> = {
  critical: 'critical',
  important: 'important',
  high: 'important',
  moderate: 'moderate',
  medium: 'moderate',
  low: 'low',
};
const ORDER: Severity[] = ['critical', 'important', 'moderate', 'low', 'unknown'];

const severityOf = (word: string): Severity =>
  Object.hasOwn(SEVERITIES, word.toLowerCase()) ? (SEVERITIES[word.toLowerCase()] ?? 'unknown') : 'unknown';

/** The worst of the security advisories, else of all. */
export function judgeAdvice(
  advice: readonly Advice[],
): Pick<Update, 'severity' | 'classification' | 'advisories'> {
  const security = advice.filter((one) => one.type === 'security');
  const severities = (security.length > 0 ? security : advice).map((one) => severityOf(one.severity));
  const types = ['security', 'bugfix', 'enhancement'] as const;
  const cves = advice.flatMap((one) => one.cves.filter((cve) => /^CVE-\d{4}-\d{4,12}$/.test(cve)));
  return {
    severity: ORDER.find((word) => severities.includes(word)) ?? 'unknown',
    classification: types.find((type) => advice.some((one) => one.type === type)) ?? 'other',
    advisories: [...new Set([...advice.map((one) => one.id), ...cves])].slice(0, 200),
  };
}

/**
 * Applying a rule set. Pure: candidates and a moment in, one outcome for each and the entries out.
 *
 * Four steps, a later one has the last word: **filters** (what does not match them is left out), **rules**, the list
 * **approve**, the list **reject**. Of the rules that match, one that rejects outweighs those that approve, and one that
 * approves is enough; so the order of rules never changes what is approved or rejected. It tells which of several rules is
 * named, and with it stage and compliance level: the first. The order of candidates never matters.
 */
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import {
  type Candidate,
  EXPLICIT_APPROVE,
  EXPLICIT_REJECT,
  type Listed,
  type Match,
  type Outcome,
  type PreviewRow,
  type Rule,
  type RuleSet,
} from '../../../shared/model/rule.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { matchesGlob } from '../fleet/glob.ts';

const DAY_MS = 86_400_000;
export const DEFAULT_STAGE = 1;
/** How the note of an entry begins that is rejected only because it is on hold wherever it is offered. */
export const HELD_NOTE = 'On hold on ';

export type CompareVersions = (ecosystem: Ecosystem, a: string, b: string) => number;

const anyGlob = (patterns: string[] | undefined, texts: string[]): boolean =>
  patterns === undefined || patterns.some((pattern) => texts.some((text) => matchesGlob(pattern, text)));

const anyValue = <T>(values: T[] | undefined, value: T): boolean =>
  values === undefined || values.includes(value);

export const matches = (match: Match | undefined, candidate: Candidate): boolean =>
  match === undefined ||
  (anyValue(match.ecosystem, candidate.ecosystem) &&
    anyValue(match.classification, candidate.classification) &&
    anyValue(match.severity, candidate.severity) &&
    anyGlob(match.name, [candidate.name]) &&
    anyGlob(match.origin, candidate.origins) &&
    anyGlob(match.advisory, [...candidate.advisories, ...candidate.cves]) &&
    ((match.distro === undefined && match.release === undefined) ||
      candidate.platforms.some(
        ({ distro, release }) => anyGlob(match.distro, [distro]) && anyGlob(match.release, [release]),
      )));

const isListed = (list: Listed[] | undefined, candidate: Candidate): boolean =>
  list?.some(
    ({ name, version }) =>
      matchesGlob(name, candidate.name) && (version === undefined || version === candidate.version),
  ) === true;

type Approving = { state: 'now' } | { state: 'later'; at: number } | { state: 'never'; date: string };

const approving = (rule: Rule, candidate: Candidate, now: number): Approving => {
  const { afterDays, untilDate, since } = rule.approve ?? {};
  const out = Date.parse(
    since === 'release' ? (candidate.releasedAt ?? candidate.firstSeen) : candidate.firstSeen,
  );
  if (untilDate !== undefined && out >= Date.parse(`${untilDate}T00:00:00.000Z`) + DAY_MS)
    return { state: 'never', date: untilDate };
  const at = out + (afterDays ?? 0) * DAY_MS;
  return now >= at || afterDays === undefined ? { state: 'now' } : { state: 'later', at };
};

/** What filters and rules alone say. */
const byRules = (set: RuleSet, candidate: Candidate, now: number): { outcome: Outcome; rule?: Rule } => {
  if (!matches(set.filters, candidate)) return { outcome: { kind: 'filtered' } };
  const matching = set.rules.filter((rule) => matches(rule.match, candidate));
  const rejecting = matching.find((rule) => rule.decision === 'reject');
  if (rejecting !== undefined) return { outcome: { kind: 'rejected', rule: rejecting.id }, rule: rejecting };
  let soonest: { rule: Rule; at: number } | undefined;
  let late: { rule: Rule; date: string } | undefined;
  for (const rule of matching) {
    const when = approving(rule, candidate, now);
    if (when.state === 'now') return { outcome: { kind: 'approved', rule: rule.id }, rule };
    if (when.state === 'later' && (soonest === undefined || when.at < soonest.at))
      soonest = { rule, at: when.at };
    if (when.state === 'never') late ??= { rule, date: when.date };
  }
  if (soonest !== undefined) {
    const until = new Date(soonest.at).toISOString();
    return { outcome: { kind: 'waiting', rule: soonest.rule.id, until }, rule: soonest.rule };
  }
  if (late !== undefined)
    return { outcome: { kind: 'too-late', rule: late.rule.id, date: late.date }, rule: late.rule };
  return { outcome: { kind: 'no-rule' } };
};

/** The outcome of one candidate by itself. */
export const judge = (
  set: RuleSet,
  candidate: Candidate,
  now: number,
): { outcome: Outcome; stage: number } => {
  const { outcome, rule } = byRules(set, candidate, now);
  const stage = rule?.stage ?? DEFAULT_STAGE;
  if (isListed(set.reject, candidate)) return { outcome: { kind: 'rejected', rule: EXPLICIT_REJECT }, stage };
  const listed = isListed(set.approve, candidate);
  if (outcome.kind !== 'approved' && !listed) return { outcome, stage };
  const by = outcome.kind === 'approved' ? outcome.rule : EXPLICIT_APPROVE;
  // Somebody held it wherever it is offered: approving it would have every one of these hosts refused.
  const held = candidate.heldOn.length > 0 && candidate.heldOn.length === candidate.hosts.length;
  return { outcome: { kind: held ? 'held' : 'approved', rule: by }, stage };
};

const few = (names: string[], limit: number): string =>
  names.length <= limit
    ? names.join(', ')
    : `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`;

const named = (rule: string): string =>
  rule === EXPLICIT_APPROVE
    ? 'the list approve'
    : rule === EXPLICIT_REJECT
      ? 'the list reject'
      : `rule ${rule}`;

export const reasonOf = (outcome: Outcome, candidate: Candidate): string => {
  switch (outcome.kind) {
    case 'approved':
      return `approved by ${named(outcome.rule)}`;
    case 'rejected':
      return `rejected by ${named(outcome.rule)}`;
    case 'held':
      return `on hold on ${few(candidate.heldOn, 3)}, though ${named(outcome.rule)} approves it`;
    case 'superseded':
      return `${outcome.by} is taken instead`;
    case 'waiting':
      return `waiting until ${outcome.until} by ${named(outcome.rule)}`;
    case 'too-late':
      return `came out after ${outcome.date}, the date of ${named(outcome.rule)}`;
    case 'filtered':
      return 'left out by the filters';
    case 'no-rule':
      return 'no rule matches';
  }
};

const entryOf = (candidate: Candidate, outcome: Outcome & { rule: string }, stage: number): Entry => {
  const advisories = [...new Set([...candidate.advisories, ...candidate.cves])].sort().slice(0, 200);
  return {
    ecosystem: candidate.ecosystem,
    name: candidate.name,
    arch: candidate.arch,
    version: candidate.version,
    decision: outcome.kind === 'approved' ? 'approve' : 'reject',
    stage,
    source: `rule:${outcome.rule}`,
    severity: candidate.severity,
    classification: candidate.classification,
    ...(advisories.length === 0 ? {} : { advisories }),
    ...(candidate.sizeBytes === undefined ? {} : { sizeBytes: candidate.sizeBytes }),
    ...(candidate.sha256 === undefined ? {} : { sha256: candidate.sha256 }),
    ...(outcome.kind === 'held' ? { note: `${HELD_NOTE}${few(candidate.heldOn, 10)}.` } : {}),
  };
};

const packageOf = (one: Pick<Candidate, 'ecosystem' | 'name' | 'arch'>): string =>
  `${one.ecosystem}\n${one.name}\n${one.arch}`;

export type Evaluation = {
  /** One for each candidate, by ecosystem, name, architecture and version, the highest first. */
  rows: PreviewRow[];
  /** By stage, then as the rows: at most one for each package, the highest approved version, else the highest rejected one. */
  entries: Entry[];
  /** Items of the lists `approve` and `reject` that no candidate matches. */
  unused: { list: 'approve' | 'reject'; item: Listed }[];
};

export const evaluate = (
  set: RuleSet,
  candidates: Candidate[],
  now: number,
  compare: CompareVersions,
): Evaluation => {
  const sorted = candidates.toSorted((a, b) => {
    const [left, right] = [packageOf(a), packageOf(b)];
    return left < right ? -1 : left > right ? 1 : compare(a.ecosystem, b.version, a.version);
  });
  const judged = sorted.map((candidate) => ({ candidate, ...judge(set, candidate, now) }));
  const rows: PreviewRow[] = [];
  const entries: Entry[] = [];
  for (const group of Map.groupBy(judged, ({ candidate }) => packageOf(candidate)).values()) {
    // Sorted: the first that fits is the highest.
    const taken =
      group.find(({ outcome }) => outcome.kind === 'approved') ??
      group.find(({ outcome }) => outcome.kind === 'rejected' || outcome.kind === 'held');
    for (const { candidate, outcome, stage } of group) {
      const shown: Outcome =
        outcome.kind === 'approved' && candidate !== taken?.candidate
          ? { kind: 'superseded', rule: outcome.rule, by: taken?.candidate.version ?? candidate.version }
          : outcome;
      rows.push({ ...candidate, outcome: shown, reason: reasonOf(shown, candidate) });
      if (candidate === taken?.candidate && 'rule' in shown) entries.push(entryOf(candidate, shown, stage));
    }
  }
  const unused = (['approve', 'reject'] as const).flatMap((list) =>
    (set[list] ?? [])
      .filter((item) => !candidates.some((candidate) => isListed([item], candidate)))
      .map((item) => ({ list, item })),
  );
  return { rows, entries: entries.toSorted((a, b) => a.stage - b.stage), unused };
};

/** What an entry that a rule made is reported as where a host lacks it. */
export const complianceLevelOf = (sets: RuleSet[], entry: Pick<Entry, 'source'>) => {
  for (const set of sets)
    for (const rule of set.rules)
      if (entry.source === `rule:${rule.id}`) return rule.complianceLevel ?? 'unspecified';
  return 'unspecified';
};

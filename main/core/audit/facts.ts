/** What a command was about, found in its input and its answer: plan, run, snapshot revisions. */
import type { AuditRecord } from '../../../shared/model/audit.ts';
import { ContentHash, Id } from '../../../shared/model/primitives.ts';

export type AuditFacts = Pick<AuditRecord, 'plan' | 'run' | 'revisions'>;

const MOST_REVISIONS = 50;

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

const hash = (value: unknown): string | undefined => {
  const parsed = ContentHash.safeParse(value);
  return parsed.success ? parsed.data : undefined;
};

/** Of a list, the newest are the last ones that were made; a log line holds only so many. */
const idsOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value.map((one: unknown) => member(one, 'id')) : [member(value, 'id')];

/** `action`: the contract's name. `answer`: what the command returned; undefined where it failed. */
export const auditFacts = (action: string, input: unknown, answer: unknown): AuditFacts => {
  const run = member(answer, 'run');
  const plan =
    hash(member(run, 'planHash')) ?? (action === 'runs.start' ? hash(member(input, 'hash')) : undefined);
  const runId = Id.safeParse(
    member(run, 'id') ?? (action.startsWith('runs.') ? member(input, 'id') : undefined),
  );
  const revisions = [
    ...new Set(
      [
        ...idsOf(member(answer, 'snapshot')),
        ...idsOf(member(answer, 'revisions')),
        ...idsOf(member(run, 'snapshot')),
        member(input, 'ref'),
        member(input, 'expect'),
      ].flatMap((one) => hash(one) ?? []),
    ),
  ].slice(0, MOST_REVISIONS);
  return {
    ...(plan === undefined ? {} : { plan }),
    ...(runId.success ? { run: runId.data } : {}),
    ...(revisions.length === 0 ? {} : { revisions }),
  };
};

/** What a command was about, found in its input and its answer: plan, run, snapshot revisions. */
import type { AuditRecord } from '../../../shared/model/audit.ts';
import type { HostPlan } from '../../../shared/model/plan.ts';
import { ContentHash, Id } from '../../../shared/model/primitives.ts';

export type AuditFacts = Pick<AuditRecord, 'plan' | 'run' | 'revisions' | 'counts'>;

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

/** Of a scan or a simulation: how many hosts there were, and how many could not be read. */
const UNREAD: ReadonlySet<unknown> = new Set<HostPlan['state']>(['failed', 'unreachable']);
const countsOf = (action: string, answer: unknown): AuditFacts['counts'] => {
  const of = (hosts: unknown, failed: (host: unknown) => boolean) =>
    Array.isArray(hosts) ? { hosts: hosts.length, failed: hosts.filter(failed).length } : undefined;
  if (action === 'scans.run') return of(member(answer, 'scans'), (scan) => member(scan, 'ok') === false);
  if (action === 'plans.create')
    return of(member(member(answer, 'plan'), 'hosts'), (host) => UNREAD.has(member(host, 'state')));
  return undefined;
};

/** `action`: the contract's name. `answer`: what the command returned; undefined where it failed. */
export const auditFacts = (action: string, input: unknown, answer: unknown): AuditFacts => {
  const run = member(answer, 'run');
  const planned = action === 'plans.create' ? member(answer, 'plan') : undefined;
  const counts = countsOf(action, answer);
  const plan =
    hash(member(run, 'planHash')) ??
    hash(member(planned, 'hash')) ??
    (action === 'runs.start' ? hash(member(input, 'hash')) : undefined);
  const runId = Id.safeParse(
    member(run, 'id') ?? (action.startsWith('runs.') ? member(input, 'id') : undefined),
  );
  const revisions = [
    ...new Set(
      [
        ...idsOf(member(answer, 'snapshot')),
        ...idsOf(member(answer, 'revisions')),
        ...idsOf(member(run, 'snapshot')),
        ...idsOf(member(planned, 'snapshot')),
        member(input, 'ref'),
        member(input, 'expect'),
      ].flatMap((one) => hash(one) ?? []),
    ),
  ].slice(0, MOST_REVISIONS);
  return {
    ...(plan === undefined ? {} : { plan }),
    ...(runId.success ? { run: runId.data } : {}),
    ...(revisions.length === 0 ? {} : { revisions }),
    ...(counts === undefined ? {} : { counts }),
  };
};

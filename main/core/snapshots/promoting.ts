/**
 * Promoting a revision into an environment. What is recorded is the hash and the run that tried exactly it elsewhere; an edit, a
 * merge or a freeze makes another revision, which has to be tried and promoted itself.
 */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Refusal } from '../../../shared/model/plan.ts';
import type { Promotion, PromotionEvidence } from '../../../shared/model/promotion.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import { viewOfSignature } from '../exchange/judge.ts';
import { keptSignatures, signaturesSuffice } from '../exchange/suffice.ts';
import { signingPolicies } from '../exchange/trusted.ts';
import type { Ports, RunStore, SettingStore } from '../ports.ts';
import type { Lines } from './lines.ts';

/** Runs older than these are no evidence of what is deployed today. */
const LOOKED_AT = 5000;

const sameEnvironment = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const policyOf = (environment: string, store: SettingStore) =>
  signingPolicies(store).find((policy) => sameEnvironment(policy.environment, environment));

/** The environment most of them are in; of several the one that sorts first. */
const commonest = (environments: string[]): string | undefined =>
  [...Map.groupBy(environments, (one) => one)].sort(
    ([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1),
  )[0]?.[0];

/** The newest finished run of exactly this revision on hosts of another environment (`from`, where it is given). */
export const evidenceFor = (
  revisionId: string,
  o: { to: string; from: string | undefined },
  store: Pick<RunStore, 'runs' | 'run'> & Pick<Ports['store'], 'host'>,
): PromotionEvidence | undefined => {
  for (const { id, snapshot, state } of store.runs(LOOKED_AT)) {
    if (snapshot.id !== revisionId || state !== 'finished') continue;
    const run = store.run(id)?.run;
    if (run?.verdict === undefined || run.finishedAt === undefined) continue;
    const elsewhere = run.tasks.flatMap((task) => {
      const environment = store.host(task.hostId)?.environment;
      const counts =
        environment !== undefined &&
        !sameEnvironment(environment, o.to) &&
        (o.from === undefined || sameEnvironment(environment, o.from));
      return counts ? [{ host: task.host, environment }] : [];
    });
    const environment = commonest(elsewhere.map((one) => one.environment));
    if (environment === undefined) continue;
    return {
      run: id,
      environment,
      verdict: run.verdict,
      counts: run.counts,
      hosts: elsewhere.filter((one) => one.environment === environment).map((one) => one.host),
      finishedAt: run.finishedAt,
    };
  }
  return undefined;
};

const label = ({ content }: Revision): string => `revision ${content.number} of '${content.line.name}'`;

/** Why the evidence is none; undefined: it is. */
const lacking = (
  revision: Revision,
  evidence: PromotionEvidence | undefined,
  o: { to: string; from: string | undefined },
): FrostError | undefined => {
  const where = o.from ?? `an environment other than ${o.to}`;
  if (evidence === undefined)
    return frostError('policy.promotion', `No finished run has deployed ${label(revision)} in ${where}.`, {
      hint: 'Run exactly this revision on test hosts first. An edited, merged or frozen revision is another one.',
    });
  if (evidence.verdict === 'success') return undefined;
  return frostError(
    'policy.promotion',
    `The newest run of ${label(revision)} in ${evidence.environment} did not succeed: ${evidence.verdict} (run ${evidence.run}).`,
    { hint: `Look at it with runs show ${evidence.run}, and run it again.` },
  );
};

type Decided = { evidence: PromotionEvidence | null; refusal: FrostError | undefined };

const decide = (
  revision: Revision,
  input: HandlerInput<'versions.promotable'> & { withoutEvidence?: boolean; reason?: string | undefined },
  ports: Ports,
): Decided => {
  const { store } = ports;
  const o = { to: input.to, from: input.from };
  const found = evidenceFor(revision.id, o, store);
  const lacks = lacking(revision, found, o);
  const signed = signaturesSuffice(revision.id, input.to, 'promote', ports);
  const evidence = lacks === undefined ? (found ?? null) : null;
  if (!signed.ok) return { evidence, refusal: signed.error };
  if (lacks === undefined) return { evidence, refusal: undefined };
  if (input.withoutEvidence !== true) return { evidence, refusal: lacks };
  const reason = input.reason?.trim() ?? '';
  if (policyOf(input.to, store)?.requireEvidence === true)
    return {
      evidence,
      refusal: frostError(
        'policy.promotion',
        `${input.to} lets nothing in that was not tried. ${lacks.message}`,
        {
          hint: lacks.hint ?? '',
        },
      ),
    };
  return {
    evidence,
    refusal:
      reason === '' ? frostError('input.invalid', 'Promoting what was not tried wants a reason.') : undefined,
  };
};

const promotable =
  (ports: Ports, lines: Lines) =>
  (input: HandlerInput<'versions.promotable'>): Result<Output<'versions.promotable'>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { revision } = found.value;
    const { refusal } = decide(revision, input, ports);
    const tried = evidenceFor(revision.id, { to: input.to, from: input.from }, ports.store);
    return ok({
      ...(tried === undefined ? {} : { evidence: tried }),
      ...(refusal === undefined ? {} : { refusal }),
      signatures: keptSignatures(revision.id, ports).map(viewOfSignature),
      withoutEvidence: policyOf(input.to, ports.store)?.requireEvidence !== true,
    });
  };

const promote =
  (ports: Ports, lines: Lines) =>
  (input: HandlerInput<'versions.promote'>): Result<Output<'versions.promote'>> => {
    if (input.reason?.isWellFormed() === false)
      return fail('input.invalid', 'The text holds a character that is not valid Unicode.');
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { revision } = found.value;
    const { evidence, refusal } = decide(revision, input, ports);
    if (refusal !== undefined) return { ok: false, error: refusal };
    const reason = input.reason?.trim() ?? '';
    ports.store.putPromotion({
      id: ports.random.id(),
      revisionId: revision.id,
      snapshot: revision.content.line.name,
      revision: revision.content.number,
      from: evidence?.environment ?? input.from ?? null,
      to: input.to,
      by: ports.user.slice(0, 200),
      at: lines.instant(),
      evidence,
      signatures: keptSignatures(revision.id, ports).map(viewOfSignature).slice(0, 50),
      ...(reason === '' ? {} : { reason }),
    });
    ports.changes.announce({ type: 'snapshots' });
    return ok({ snapshot: lines.view(revision) });
  };

export const createPromoting = (ports: Ports, lines: Lines) => ({
  promotable: async (input: HandlerInput<'versions.promotable'>) => promotable(ports, lines)(input),
  promote: async (input: HandlerInput<'versions.promote'>) => promote(ports, lines)(input),
});

export const isPromoted = (promotions: Promotion[], environment: string): boolean =>
  promotions.some((promotion) => sameEnvironment(promotion.to, environment));

/** Beside the freeze's judge: at planning and at each task's start. Empty: it may be deployed on the host. */
export const createPromotionJudge =
  ({ store }: Pick<Ports, 'store'>) =>
  (host: Host, revision: Revision): Refusal[] => {
    const { environment } = host;
    if (environment === undefined || policyOf(environment, store)?.requirePromotion !== true) return [];
    if (isPromoted(store.promotions(revision.id), environment)) return [];
    const { line, number } = revision.content;
    return [
      {
        code: 'policy.promotion',
        message: `${environment} takes only what was promoted into it, and ${label(revision)} was not. Promote it: snapshot promote '${line.name}@${number}' --to ${environment}`,
      },
    ];
  };

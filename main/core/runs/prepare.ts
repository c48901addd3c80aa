/** A task's steps before anything is changed on its host: connect, check, simulate, capture, stage. All may be done again. */
import {
  type ErrorCode,
  type FrostError,
  fail,
  frostError,
  ok,
  type Result,
} from '../../../shared/errors.ts';
import { type PlanAction, type Proof, packagesOf } from '../../../shared/model/plan.ts';
import type { Capture } from '../../../shared/model/run.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import { holdingsOf, lackingIn } from '../artefacts/held.ts';
import { attributed, type Brought, bring, gather, notExact, type Site } from '../artefacts/secure.ts';
import { pushStock } from '../bundles/stock.ts';
import type { Simulation, StageRequest } from '../drivers/driver.ts';
import { isPresent } from '../drivers/states.ts';
import type { CommandSpec } from '../ports.ts';
import { entriesAt } from '../snapshots/exceptions.ts';
import { ask, askAgain, locate, type Reached, reach, type StepContext } from './contact.ts';
import { cleanLine } from './follow.ts';
import type { StepResult } from './model.ts';
import { type Simulated, simulateHost } from './simulate.ts';
import { stockOfPlan } from './stocked.ts';
import { driftError, driftOf } from './verify.ts';

/** `capture` is committed together with the result. */
export type StepOutcome = { result: StepResult; capture?: Capture };

const PASSED: StepOutcome = { result: { kind: 'passed' } };
const failed = (context: StepContext, error: FrostError): StepOutcome => ({
  result: { kind: 'failed', error: { ...error, host: context.hostPlan.host } },
});

/** Proves no more than that a shell answers; as root, that root is granted. */
const probe = (nonce: string, root: boolean): CommandSpec => ({
  script: `printf '%s\\n' '${nonce}'\n`,
  root,
  timeoutMs: 60_000,
  maxOutputBytes: 64 * 1024,
});

const answers = async (
  context: StepContext,
  { route, host }: Pick<Reached, 'host' | 'route'>,
  root: boolean,
): Promise<Result<void>> => {
  const nonce = context.ports.random.hex(16);
  const output = await askAgain(context, route, probe(nonce, root));
  if (!output.ok) return output;
  return output.value.exitCode === 0 && output.value.stdout.includes(nonce)
    ? ok(undefined)
    : fail('host.command-failed', `${host.name} lets ${host.user} in, but runs no commands for it.`, {
        hint: "Look at the account's shell and its profile.",
      });
};

export const connect = async (context: StepContext): Promise<StepOutcome> => {
  const reached = locate(context);
  if (!reached.ok) return failed(context, reached.error);
  const answered = await answers(context, reached.value, false);
  return answered.ok ? PASSED : failed(context, answered.error);
};

/** Errors: `not-found` where the snapshot was removed, a freeze's refusal. */
const allowed = (context: StepContext, reached: Reached, actions: PlanAction[]): Result<Revision> => {
  const { deps, ports, revision } = context;
  if (revision === undefined)
    return fail('not-found', `The snapshot ${context.plan.snapshot.name} was removed since it was planned.`);
  const refusals = deps.judge(reached.host, revision, actions, ports.clock.now());
  const [first, ...more] = refusals;
  if (first === undefined) return ok(revision);
  const packages = [...new Set(refusals.flatMap(packagesOf))].slice(0, 2000);
  return fail(first.code, first.message, {
    ...(packages.length > 0 && { packages }),
    ...(more.length > 0 && {
      hint: more
        .slice(0, 3)
        .map((refusal) => refusal.message)
        .join(' '),
    }),
  });
};

/** Freeze and privilege, before the host is asked for more. */
export const check = async (context: StepContext): Promise<StepOutcome> => {
  const { hostPlan } = context;
  if (hostPlan.state === 'unreachable')
    return failed(
      context,
      frostError(
        'plan.drifted',
        'The host was not reached when it was planned, so nothing is approved for it.',
        {
          hint: 'It answers now: plan again.',
        },
      ),
    );
  const reached = reach(context);
  if (!reached.ok) return failed(context, reached.error);
  const judged = allowed(context, reached.value, hostPlan.actions);
  if (!judged.ok) return failed(context, judged.error);
  if (hostPlan.actions.length === 0) return PASSED;
  const rooted = await answers(context, reached.value, true);
  return rooted.ok ? PASSED : failed(context, rooted.error);
};

const simulateNow = async (
  context: StepContext,
  reached: Reached,
  revision: Revision,
): Promise<Result<Simulated>> => {
  const { ports } = context;
  const { driver, host, route } = reached;
  const pushed = stockOfPlan(context, reached);
  if (!pushed.ok) return pushed;
  const brought = await pushStock(ports, {
    ask: (spec, options) => ask(context, route, spec, options),
    driver,
    pushed: pushed.value,
    signal: context.signal,
  });
  if (!brought.ok) return brought;
  const simulated = await simulateHost(ports, {
    ...(pushed.value.length > 0 && { pushed: pushed.value }),
    ask: (spec) => askAgain(context, route, spec),
    driver,
    entries: entriesAt(revision.content, ports.clock.now()),
    known: ports.store.lastGoodScan(host.id)?.packages ?? [],
    refresh: false,
  });
  return simulated.ok ? withHoldings(context, reached.driver, simulated.value) : simulated;
};

/** What the host lacks to go back, and the console's store holds, counts as it did in the plan. */
const withHoldings = async (
  { ports, signal }: StepContext,
  driver: Reached['driver'],
  simulated: Simulated,
): Promise<Result<Simulated>> => {
  const lacking = lackingIn(driver.id, simulated.simulation);
  if (lacking.length === 0) return ok(simulated);
  const holdings = await holdingsOf(ports.artefacts, lacking, signal);
  const simulation = simulated.reread(holdings.held(driver.id));
  return simulation.ok ? ok({ ...simulated, simulation: simulation.value }) : simulation;
};

/** An earlier attempt has changed the host, and its first capture says what it was before. */
const isHalfDone = (context: StepContext): boolean => context.task().changed && context.task().captured;

/** Broken packages that are the plan's own: what an earlier attempt left, and the next one is to mend. */
const ownBroken = (context: StepContext, simulation: Simulation): Simulation['broken'] => {
  const names = new Set(context.hostPlan.actions.map((action) => action.name));
  return simulation.broken.filter((entry) => names.has(entry.name));
};

/** What stands against going on with what the host would do now; undefined: nothing. */
const objection = (context: StepContext, simulated: Simulated): FrostError | undefined => {
  const { hostPlan, plan } = context;
  const { simulation } = simulated;
  const mends = isHalfDone(context) && ownBroken(context, simulation).length === simulation.broken.length;
  const [refusal] = simulation.refusals.filter(({ code }) => !(mends && code === 'host.packages-broken'));
  if (refusal !== undefined)
    return frostError(refusal.code, refusal.message, {
      packages: [...new Set(simulation.refusals.flatMap(packagesOf))].slice(0, 2000),
    });
  const drift = driftOf(hostPlan.actions, simulation.actions, context.task().changed);
  if (drift.words.length > 0) return driftError(hostPlan.host, drift);
  const [mount] = simulation.bytes.short;
  if (mount !== undefined)
    return frostError('host.disk-full', `There is not enough space on ${mount.target} any more.`);
  const weak = simulation.proof.filter((reason) => reason.proof !== 'proven');
  if (plan.parameters.requireProof && weak.length > 0)
    return frostError('proof.insufficient', `Undoing this is no longer proven: ${weak[0]?.reason ?? ''}`);
  return undefined;
};

/** Simulates, and judges the outcome: nothing to do, frozen, drifted, or as approved. */
const simulateAndJudge = async (
  context: StepContext,
  reached: Reached,
): Promise<Result<Simulated | 'compliant'>> => {
  const known = allowed(context, reached, []);
  if (!known.ok) return known;
  const simulated = await simulateNow(context, reached, known.value);
  if (!simulated.ok) return simulated;
  const { simulation } = simulated.value;
  const judged = allowed(context, reached, simulation.actions);
  if (!judged.ok) return judged;
  if (simulation.actions.length === 0 && simulation.refusals.length === 0) {
    const broken = ownBroken(context, simulation);
    if (broken.length === 0) return ok('compliant');
    // The job configures what is half-configured before it does anything else.
    if (isHalfDone(context)) return simulated;
    return fail(
      'host.packages-broken',
      `Nothing is left to install, but broken: ${broken.map((b) => `${b.name} (${b.state})`).join(', ')}`,
      { packages: broken.map((entry) => entry.name) },
    );
  }
  const against = objection(context, simulated.value);
  return against === undefined ? ok(simulated.value) : { ok: false, error: against };
};

/**
 * What was asked for when the host was still as captured. A job does only what is left of its request, and mends what is
 * broken of it; what the host seems to need now would leave out a package that is there but not configured.
 */
const firstRequest = (context: StepContext, { driver, host }: Reached): StageRequest[] => {
  const packages = context.ports.store.capture(context.runId, host.id)?.packages ?? [];
  const installed = packages.filter(isPresent).map(({ name, arch, version, auto, held }) => ({
    name,
    arch,
    version,
    source: name,
    sourceVersion: version,
    auto,
    held,
  }));
  const { revision, ports } = context;
  const entries = revision === undefined ? [] : entriesAt(revision.content, ports.clock.now());
  return driver.select(entries, installed).stages;
};

export const simulate = async (context: StepContext): Promise<StepOutcome> => {
  const reached = reach(context);
  if (!reached.ok) return failed(context, reached.error);
  const simulated = await simulateAndJudge(context, reached.value);
  if (!simulated.ok) return failed(context, simulated.error);
  if (simulated.value === 'compliant') return { result: { kind: 'compliant' } };
  const { simulation } = simulated.value;
  const stages = isHalfDone(context) ? firstRequest(context, reached.value) : simulated.value.stages;
  context.request.set({ stages, lock: simulation.lock });
  return PASSED;
};

type Taken = Omit<Capture, 'runId' | 'hostId' | 'takenAt'>;

/** How often what the host lacks is brought to it: once for each of the copies that one version may have. */
const BRINGINGS = 3;

/**
 * The host's own record, with the old artefacts put aside. What it has no way to get is brought from the console's store,
 * and it looks again: it is the host that decides whether a file is the package it has.
 */
const takeCapture = async (context: StepContext, reached: Reached, site: Site): Promise<Result<Taken>> => {
  const { hostPlan, ports, signal } = context;
  let brought: Brought = { some: false, tried: new Set(), trouble: new Map() };
  for (let round = 0; ; round += 1) {
    const nonce = ports.random.hex(16);
    const spec = reached.driver.capture({ nonce, token: site.token, actions: hostPlan.actions });
    const output = await askAgain(context, reached.route, spec);
    if (!output.ok) return output;
    const taken = reached.driver.parseCapture(output.value, { nonce });
    if (!taken.ok) return taken;
    const done = notExact(taken.value).length === 0 || round === BRINGINGS || signal.aborted;
    if (!done) brought = await bring(ports, site, taken.value, brought);
    if (done || !brought.some) return ok(attributed(taken.value, site.driver, brought));
  }
};

/** Names the old artefacts that are missing, or not exact. */
const unproven = ({ unsecured, secured }: Taken, code: ErrorCode, hint?: string): FrostError => {
  const repacked = secured.filter((entry) => entry.source === 'repack');
  const lost = unsecured.map((entry) => `${entry.name} ${entry.version} (${entry.reason})`);
  const made = repacked.map(
    (entry) => `${entry.name} ${entry.version} (only packed again from its installed files)`,
  );
  return frostError(
    code,
    `Old versions could not be put aside: ${[...lost, ...made].slice(0, 5).join(', ')}`,
    {
      packages: [...unsecured, ...repacked].map((entry) => entry.name).slice(0, 2000),
      ...(hint !== undefined && { hint }),
    },
  );
};

/** What going back rests on now that the artefacts lie there, or do not. */
const proofNow = (planned: Proof, taken: Taken): Proof => {
  if (taken.unsecured.length > 0) return 'impossible';
  return planned === 'proven' && notExact(taken).length > 0 ? 'best-effort' : planned;
};

const WORST_LAST: readonly Proof[] = ['proven', 'best-effort', 'impossible'];

/** What was approved was approved with its proof: a weaker one needs a new plan. */
const weaker = (planned: Proof, now: Proof, taken: Taken): FrostError | undefined =>
  WORST_LAST.indexOf(now) <= WORST_LAST.indexOf(planned)
    ? undefined
    : unproven(
        taken,
        taken.unsecured.some((entry) => entry.offered !== true) ? 'plan.drifted' : 'host.repository',
        'The plan counted on them. Plan again: it will say what can be undone now.',
      );

export const capture = async (context: StepContext): Promise<StepOutcome> => {
  const { hostPlan, ports, plan } = context;
  const task = context.task();
  const reached = reach(context);
  if (!reached.ok) return failed(context, reached.error);
  // An earlier attempt has changed the host: what it was before is in the first capture, and must not be overwritten.
  if (isHalfDone(context)) return PASSED;
  const { driver, route, host } = reached.value;
  const site: Site = {
    ask: (spec, options) => ask(context, route, spec, options),
    driver,
    host: host.name,
    token: task.token ?? '',
    signal: context.signal,
  };
  const taken = await takeCapture(context, reached.value, site);
  if (!taken.ok) return failed(context, taken.error);
  const proof = proofNow(hostPlan.proof, taken.value);
  const short = plan.parameters.requireProof && notExact(taken.value).length > 0;
  const against = short
    ? unproven(taken.value, 'proof.insufficient')
    : weaker(hostPlan.proof, proof, taken.value);
  if (against !== undefined) {
    // Nothing will be done here, so nothing is left here.
    const nonce = ports.random.hex(16);
    await ask(context, route, driver.cleanUp({ nonce, tokens: [site.token] }));
    return failed(context, against);
  }
  const lines = await gather(ports, site, taken.value);
  if (lines.length > 0) context.output(lines.map(cleanLine), task.follow);
  return {
    result: { kind: 'passed', proof },
    capture: {
      ...taken.value,
      runId: context.runId,
      hostId: hostPlan.hostId,
      takenAt: new Date(ports.clock.now()).toISOString(),
    },
  };
};

/** Downloads; then, as the last thing before the host is changed, asks the freeze once more: a download may take an hour. */
export const stage = async (context: StepContext): Promise<StepOutcome> => {
  const { hostPlan, ports } = context;
  const reached = reach(context);
  if (!reached.ok) return failed(context, reached.error);
  // After a restart of the console the request is not in memory any more; the host is asked anew, and judged anew.
  if (context.request.get() === undefined) {
    const again = await simulate(context);
    if (again.result.kind !== 'passed') return again;
  }
  const request = context.request.get();
  // The download waits for the lock too, in silence: say now who has it.
  if (request?.lock.held)
    context.progress({
      phase: 'waiting',
      percent: 0,
      waitingFor: `lock held by ${request.lock.holder ?? 'another process'}`.slice(0, 500),
    });
  const pushed = stockOfPlan(context, reached.value);
  if (!pushed.ok) return failed(context, pushed.error);
  const nonce = ports.random.hex(16);
  const spec = reached.value.driver.stage({
    nonce,
    ...(pushed.value.length > 0 && { pushed: pushed.value }),
    stages: request?.stages ?? [],
    lockTimeoutSeconds: context.plan.parameters.lockTimeoutSeconds,
  });
  const output = await askAgain(context, reached.value.route, spec);
  if (!output.ok) return failed(context, output.error);
  const staged = reached.value.driver.parseStage(output.value, { nonce });
  if (!staged.ok) return failed(context, staged.error);
  const judged = allowed(context, reached.value, hostPlan.actions);
  return judged.ok ? PASSED : failed(context, judged.error);
};

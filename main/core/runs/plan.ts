/** Plans: a snapshot's revision simulated on every selected host by its own package manager, before anything is approved. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import {
  type FrostError,
  fail,
  frostError,
  isRefusal,
  isUnreachable,
  ok,
  type Result,
} from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { waveSizes } from '../../../shared/model/parameters.ts';
import {
  HostPlan,
  type Plan,
  type PlanAction,
  type Proof,
  type ProofReason,
  type Refusal,
  type ResolvedParameters,
  type SpaceNeed,
} from '../../../shared/model/plan.ts';
import type { Scan } from '../../../shared/model/scan.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import { type Holdings, lackingIn } from '../artefacts/held.ts';
import { supply } from '../artefacts/supply.ts';
import type { PackageDriver, Simulation } from '../drivers/driver.ts';
import { eachLimited } from '../fleet/pool.ts';
import { routeOf } from '../fleet/route.ts';
import { selectHosts } from '../fleet/selector.ts';
import type { CommandSpec, Ports } from '../ports.ts';
import { contentHash } from '../snapshots/canonical.ts';
import { entriesAt, exceptionFor } from '../snapshots/exceptions.ts';
import { resolveRef } from '../snapshots/resolve.ts';
import { cleanLine } from './follow.ts';
import { resolveParameters } from './parameters.ts';
import { inWaves, PAST_RUNS } from './schedule.ts';
import { type Simulated, simulateHost } from './simulate.ts';
import { simulateStocked } from './stocked.ts';
import { type EngineDeps, hostTools } from './tools.ts';

/** Hosts simulated at once. A simulation changes nothing, so the run's own concurrency does not bind it. */
const AT_ONCE = 32;

const NO_BYTES: SpaceNeed = { download: 0, disk: 0, available: 0, short: [] };

const PROOF_ORDER: readonly Proof[] = ['proven', 'best-effort', 'impossible'];
/** The weakest link decides; nothing to undo is proven. */
export const worstProof = (reasons: readonly ProofReason[]): Proof =>
  PROOF_ORDER.findLast((proof) => reasons.some((reason) => reason.proof === proof)) ?? 'proven';

/** What the hash of a plan is taken of: revision, parameters, and per host its wave and actions. */
const planHash = (
  ports: Ports,
  revision: string,
  parameters: ResolvedParameters,
  hosts: readonly HostPlan[],
): string =>
  contentHash(
    {
      revision,
      parameters,
      hosts: hosts.map(({ hostId, actions, wave }) => ({ host: hostId, actions, wave: wave ?? 0 })),
    },
    ports.hasher,
  );

/** A host that could not be simulated: unreachable, refused (by its key), or failed, never "nothing to do". */
const unplanned = (host: Host, error: FrostError, scan?: Scan): HostPlan => ({
  hostId: host.id,
  host: host.name,
  state: isUnreachable(error) ? 'unreachable' : isRefusal(error) ? 'refused' : 'failed',
  error: { ...error, host: host.name },
  actions: [],
  skipped: [],
  proof: 'proven',
  reasons: [],
  refusals: isRefusal(error) ? [{ code: error.code, message: cleanLine(error.message).slice(0, 2000) }] : [],
  bytes: NO_BYTES,
  reboot: false,
  ...factsOf(scan),
});

const factsOf = (scan: Scan | undefined): Pick<HostPlan, 'facts'> => {
  if (scan?.facts === undefined) return {};
  const { os, release, arch, manager, kernel, bootId } = scan.facts;
  return { facts: { os, release, arch, manager, kernel, bootId } };
};

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1_000_000)} MB`;

/** A package of the snapshot may have its version and be broken all the same: that is not "nothing to do". */
const brokenThough = ({ content }: Revision, { broken, refusals }: Simulation): Refusal[] => {
  const approved = new Set(
    content.entries.filter((entry) => entry.decision === 'approve').map((entry) => entry.name),
  );
  const own = broken.filter((entry) => approved.has(entry.name));
  if (own.length === 0 || refusals.length > 0) return [];
  return [
    {
      code: 'host.packages-broken',
      message:
        `Nothing is left to install, but broken: ${own.map((entry) => `${entry.name} (${entry.state})`).join(', ')}.`.slice(
          0,
          2000,
        ),
      packages: own.map((entry) => entry.name).slice(0, 2000),
    },
  ];
};

/** What the host itself objects to, besides the manager's own refusals. */
const objections = (
  host: Host,
  o: { scan: Scan; simulation: Simulation; revision: Revision; parameters: ResolvedParameters },
): Refusal[] => {
  const { scan, simulation, parameters } = o;
  if (simulation.actions.length === 0) return brokenThough(o.revision, simulation);
  const found: Refusal[] = simulation.bytes.short.map((mount) => ({
    code: 'host.disk-full',
    message: `${mount.target} on ${host.name} has ${megabytes(mount.available)} free, ${megabytes(mount.needed)} are needed.`,
  }));
  if (host.sudo === 'none' && scan.facts?.privilege !== 'root')
    found.push({
      code: 'host.no-root',
      message: `${host.name} is reached as ${host.user}, who is not root, and no sudo is set up for it.`,
    });
  const weak = simulation.proof.filter((reason) => reason.proof !== 'proven');
  if (parameters.requireProof && weak.length > 0)
    found.push({
      code: 'proof.insufficient',
      message: `Undoing this on ${host.name} is not proven (${weak
        .slice(0, 5)
        .map((reason) => `${reason.package ?? 'the host'}: ${reason.reason}`)
        .join('; ')}).`.slice(0, 2000),
    });
  return found;
};

/** What comes in by an exception says so, with its reason: whoever approves the plan should see it. */
const withExceptions = (actions: PlanAction[], { content }: Revision, at: number): PlanAction[] =>
  content.exceptions.length === 0
    ? actions
    : actions.map((action) => {
        const one = exceptionFor(action, content, at);
        if (one === undefined) return action;
        const { reason, until, author } = one;
        return { ...action, exception: { reason, until, author: author.name } };
      });

/** What a host said is hostile until it fits the schema; a plan that does not is no plan. */
const checked = (host: Host, plan: HostPlan): HostPlan =>
  HostPlan.safeParse(plan).success
    ? plan
    : unplanned(host, frostError('host.output-malformed', `${host.name} answered what cannot be a plan.`));

/** Root can be asked for at all; whether it is granted shows when it is used. */
const mayBeRoot = (host: Host, scan: Scan): boolean =>
  host.sudo !== 'none' || scan.facts?.privilege === 'root';

export const createPlanService = (ports: Ports, deps: EngineDeps) => {
  const tools = deps.tools ?? hostTools;
  const { store } = ports;

  type Answered = { scan: Scan; driver: PackageDriver; simulated: Simulated };
  type HostContext = { host: Host; revision: Revision; parameters: ResolvedParameters; signal: AbortSignal };

  /**
   * Simulates; where the host's lists do not know a requested version, reads them anew (as root) and simulates once more.
   * A refresh that is not possible leaves the first answer, which names the version. What is then still missing, and the
   * console has, is brought to the host and simulated from there.
   */
  const simulate = async (
    context: HostContext,
    scan: Scan,
    driver: PackageDriver,
  ): Promise<Result<Simulated>> => {
    const route = routeOf(context.host, store);
    if (!route.ok) return route;
    const entries = entriesAt(context.revision.content, ports.clock.now());
    const ask = (spec: CommandSpec) => ports.transport.run(route.value, spec, { signal: context.signal });
    const request = { ask, driver, entries, known: scan.packages };
    const first = await simulateHost(ports, { ...request, refresh: false });
    if (!first.ok) return first;
    const { installed, refusals } = first.value.simulation;
    const unknown = refusals.some((refusal) => refusal.code === 'host.version-unavailable');
    if (!unknown || !mayBeRoot(context.host, scan)) return first;
    // With what is really there the first question is the right one, and why the lists could not be read stays in its answer.
    const second = await simulateHost(ports, { ...request, known: installed, refresh: true });
    if (!second.ok && second.error.code === 'cancelled') return second;
    return simulateStocked(ports, {
      route: route.value,
      driver,
      entries,
      lineId: context.revision.content.line.id,
      signal: context.signal,
      without: second.ok ? second.value : first.value,
    });
  };

  /** What the host said, or why there is nothing to plan with. */
  const askHost = async (context: HostContext): Promise<Answered | HostPlan> => {
    const { host, signal } = context;
    const scan = store.lastGoodScan(host.id) ?? (await deps.scanHost(host, { refresh: false, signal }));
    if (scan.facts === undefined)
      return unplanned(
        host,
        scan.error ?? frostError('host.output-malformed', `${host.name} could not be scanned.`),
      );
    const driver = tools.driverFor(scan.facts.manager);
    if (driver === undefined)
      return unplanned(
        host,
        frostError(
          'host.unsupported',
          `${host.name} uses ${scan.facts.manager}, which is not supported yet.`,
        ),
        scan,
      );
    const simulated = await simulate(context, scan, driver);
    if (!simulated.ok) return unplanned(host, simulated.error, scan);
    return { scan, driver, simulated: simulated.value };
  };

  /** The host's answer, with what the console now holds for it. */
  const planHost = (context: HostContext, answered: Answered, holdings: Holdings): HostPlan => {
    const { host, revision, parameters } = context;
    const { scan, driver, simulated } = answered;
    const lacks = lackingIn(driver.id, simulated.simulation).length > 0;
    const read = lacks ? simulated.reread(holdings.held(driver.id)) : ok(simulated.simulation);
    if (!read.ok) return unplanned(host, read.error, scan);
    const at = ports.clock.now();
    const simulation = {
      ...read.value,
      actions: withExceptions(read.value.actions, revision, at),
      proof: holdings.explain(driver.id, read.value.proof),
    };
    const { skipped } = simulated;
    const refusals = [
      ...deps.judge(host, revision, simulation.actions, at),
      ...simulation.refusals,
      ...objections(host, { scan, simulation, revision, parameters }),
    ];
    const compliant = simulation.actions.length === 0;
    return {
      hostId: host.id,
      host: host.name,
      state: refusals.length > 0 ? 'refused' : compliant ? 'compliant' : 'ready',
      actions: simulation.actions,
      skipped,
      proof: worstProof(simulation.proof),
      reasons: simulation.proof,
      refusals,
      bytes: simulation.bytes,
      reboot: simulation.reboot,
      ...factsOf(scan),
    };
  };

  const planAll = async (
    hosts: Host[],
    revision: Revision,
    parameters: ResolvedParameters,
    caller: Caller,
  ): Promise<Result<HostPlan[]>> => {
    const { name, id } = { name: revision.content.line.name, id: revision.content.number };
    const activity = ports.activities.begin('plan', `Plan of ${name}@${id}`, hosts.length);
    const signal = AbortSignal.any([activity.signal, caller.signal]);
    const answers = new Map<string, Answered | HostPlan>();
    let holdings: Holdings;
    try {
      await eachLimited(hosts, AT_ONCE, signal, async (host) => {
        activity.started(host.name);
        const answer = await askHost({ host, revision, parameters, signal });
        answers.set(host.id, answer);
        activity.finished(host.name, !('simulated' in answer));
      });
      const parties = hosts.flatMap((host) => {
        const answer = answers.get(host.id);
        if (answer === undefined || !('simulated' in answer)) return [];
        const { driver, simulated } = answer;
        return [{ host, driver, lacks: lackingIn(driver.id, simulated.simulation) }];
      });
      holdings = await supply(ports, parties, signal);
    } finally {
      activity.end();
    }
    if (signal.aborted) return fail('cancelled', 'The plan was cancelled.');
    const planned = hosts.flatMap((host) => {
      const answer = answers.get(host.id);
      if (answer === undefined) return [];
      if (!('simulated' in answer)) return [checked(host, answer)];
      return [checked(host, planHost({ host, revision, parameters, signal }, answer, holdings))];
    });
    return ok(planned);
  };

  return {
    /** Errors: `not-found` (snapshot), `input.invalid`, `not-available`, `plan.empty`, `cancelled`. A host's own trouble stands in its part. */
    create: async (
      input: HandlerInput<'plans.create'>,
      caller: Caller,
    ): Promise<Result<Output<'plans.create'>>> => {
      const found = resolveRef(input.snapshot, store);
      if (!found.ok) return found;
      const { revision } = found.value;
      const summaries = store.scanSummaries();
      const selected = selectHosts(
        input.selectors,
        store.hosts(),
        (id) => summaries.get(id)?.lastGood?.facts,
      );
      if (!selected.ok) return selected;
      if (selected.value.length === 0)
        return fail('plan.empty', 'No host is selected.', { hint: 'hosts list shows what there is.' });
      const at = ports.clock.now();
      // The waves are made of what turns out to be changed; the other numbers are needed before.
      const parameters = resolveParameters(input.parameters, selected.value.length, 0, at);
      if (!parameters.ok) return parameters;
      const planned = await planAll(selected.value, revision, parameters.value, caller);
      if (!planned.ok) return planned;
      const changing = planned.value.filter((host) => host.state === 'ready').length;
      const resolved = { ...parameters.value, waveSizes: waveSizes(input.parameters.waves, changing) };
      const hosts = inWaves(planned.value, resolved.waveSizes, store.taskSeconds(PAST_RUNS));
      const plan: Plan = {
        id: ports.random.id(),
        hash: planHash(ports, revision.id, resolved, hosts),
        createdAt: new Date(ports.clock.now()).toISOString(),
        snapshot: { name: revision.content.line.name, revision: revision.content.number, id: revision.id },
        selectors: input.selectors,
        parameters: resolved,
        hosts,
      };
      store.putPlan(plan);
      return ok({ plan });
    },

    show: async ({ id }: HandlerInput<'plans.show'>): Promise<Result<Output<'plans.show'>>> => {
      const plan = store.plan(id);
      return plan === undefined ? fail('not-found', 'There is no such plan.') : ok({ plan });
    },

    list: async ({ limit }: HandlerInput<'plans.list'>): Promise<Result<Output<'plans.list'>>> =>
      ok({ plans: store.planSummaries(limit) }),
  };
};

export type PlanService = ReturnType<typeof createPlanService>;

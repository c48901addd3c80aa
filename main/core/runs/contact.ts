/** How a task's step talks to its host: the context it is given, and patience with connections and a locked vault. */
import { type FrostError, fail, frostError, isUnreachable, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { HostPlan, Plan } from '../../../shared/model/plan.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { JobProgress, PackageDriver, Simulation, StageRequest } from '../drivers/driver.ts';
import { routeOf } from '../fleet/route.ts';
import type { CommandOutput, CommandSpec, Ports, Route, RunOptions } from '../ports.ts';
import type { FollowMark, TaskModel } from './model.ts';
import type { EngineDeps, HostTools } from './tools.ts';

export type Request = { stages: StageRequest[]; lock: Simulation['lock'] };

export type StepContext = {
  ports: Ports;
  deps: EngineDeps;
  tools: HostTools;
  runId: string;
  plan: Plan;
  /** Absent where the snapshot was removed since. */
  revision: Revision | undefined;
  hostPlan: HostPlan;
  /** The task as it is when asked. */
  task(): TaskModel;
  /** The effect was pending when the console started: it may have been performed already, in whole or in part. */
  resumed: boolean;
  /** Aborted when the step is to end: interrupted by the operator, or the console closes. */
  signal: AbortSignal;
  /** What the last simulation asked for, and who had the lock then; lost with the process. */
  request: { get(): Request | undefined; set(request: Request): void };
  /** Goes to the store with the next commit. */
  progress(progress: JobProgress): void;
  output(lines: string[], mark: FollowMark): void;
};

export type Reached = { host: Host; route: Route; driver: PackageDriver };

/** Where the host is; what it is need not be known. Errors: `not-found` (it was removed, or its jump host), `state.conflict`. */
export const locate = (context: StepContext): Result<Pick<Reached, 'host' | 'route'>> => {
  const { hostPlan, ports } = context;
  const host = ports.store.host(hostPlan.hostId);
  if (host === undefined)
    return fail('not-found', `${hostPlan.host} was removed from the fleet.`, { host: hostPlan.host });
  const route = routeOf(host, ports.store);
  return route.ok ? ok({ host, route: route.value }) : route;
};

/** Errors: those of `locate`, `host.unsupported`. */
export const reach = (context: StepContext): Result<Reached> => {
  const { hostPlan, ports, tools } = context;
  const located = locate(context);
  if (!located.ok) return located;
  const { host, route } = located.value;
  const manager = hostPlan.facts?.manager ?? ports.store.lastGoodScan(host.id)?.facts?.manager;
  const driver = manager === undefined ? undefined : tools.driverFor(manager);
  if (driver === undefined)
    return fail(
      'host.unsupported',
      `${host.name} uses ${manager ?? 'a package manager that is not known'}.`,
      {
        host: host.name,
      },
    );
  return ok({ host, route, driver });
};

const VAULT_POLL_MS = 2000;

const waitFor = (context: StepContext, waitingFor: string): void => {
  const shown = context.task().progress;
  context.progress({
    phase: shown?.phase ?? 'waiting',
    percent: shown?.percent ?? 0,
    ...(shown?.package != null && { package: shown.package }),
    waitingFor,
  });
};

/** Takes a wait off the display, once what was waited for has come. */
export const stopWaiting = (context: StepContext): void => {
  const shown = context.task().progress;
  if (shown?.waitingFor == null) return;
  context.progress({
    phase: shown.phase,
    percent: shown.percent,
    ...(shown.package !== null && { package: shown.package }),
  });
};

/**
 * One command. A locked vault is waited for: after a restart of the console nobody may have opened it yet, and failing
 * hundreds of hosts over that would be wrong.
 */
export const ask = async (
  context: StepContext,
  route: Route,
  spec: CommandSpec,
  options: RunOptions = {},
): Promise<Result<CommandOutput>> => {
  for (let waited = false; ; waited = true) {
    const output = await context.ports.transport.run(route, spec, { signal: context.signal, ...options });
    if (output.ok || output.error.code !== 'vault.locked') {
      if (waited) stopWaiting(context);
      return output;
    }
    if (!waited) waitFor(context, 'the vault to be unlocked');
    if (!(await context.ports.clock.wait(VAULT_POLL_MS, context.signal)))
      return fail('cancelled', 'Ended while the vault was locked.');
  }
};

const backoff = (tries: number): number => Math.min(30_000, 1000 * 2 ** (tries - 1));

const SIGN_OF_LIFE_MS = 60_000;

/** Milliseconds a phase before the mutation may take. */
const phaseLimit = (context: StepContext): number => context.plan.parameters.prepareTimeoutSeconds * 1000;

/** Proves no more than that a shell answers. */
const sign = (nonce: string): CommandSpec => ({
  script: `printf '%s\\n' '${nonce}'\n`,
  root: false,
  timeoutMs: 15_000,
  maxOutputBytes: 64 * 1024,
});

/** A command that did not end in time: on a host that answers it was too slow, else the host is not there. */
const whyLate = async (context: StepContext, route: Route, error: FrostError): Promise<FrostError> => {
  const nonce = context.ports.random.hex(16);
  const answered = await ask(context, route, sign(nonce));
  if (!answered.ok || !answered.value.stdout.includes(nonce)) return error;
  return frostError('host.too-slow', `The host answers, but this phase took too long: ${error.message}`, {
    hint: 'Look at what keeps it busy, or raise the time limit of the phases before the change.',
  });
};

/** For steps that change nothing: a connection that fails or is lost is tried again, as often as the run's parameters say. */
export const askAgain = async (
  context: StepContext,
  route: Route,
  asked: CommandSpec,
): Promise<Result<CommandOutput>> => {
  const spec = { ...asked, timeoutMs: Math.min(asked.timeoutMs, phaseLimit(context)) };
  for (let tries = 1; ; tries += 1) {
    const output = await ask(context, route, spec);
    if (output.ok) return output;
    const { code } = output.error;
    // What asks no more than a sign of life is late only where the host is.
    if (code === 'host.timeout' && asked.timeoutMs > SIGN_OF_LIFE_MS)
      return { ok: false, error: await whyLate(context, route, output.error) };
    const again = code === 'host.connection-lost' || code === 'host.unreachable';
    if (!again || tries > context.plan.parameters.retries) return output;
    if (!(await context.ports.clock.wait(backoff(tries), context.signal))) return output;
  }
};

const ordinal = (n: number): string => {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${['th', 'st', 'nd', 'rd'][n % 10] ?? 'th'}`;
};

/** A deadline that passed while the laptop slept still allows for this many tries after it woke. */
const LEAST_TRIES = 4;

/** Waits before the next try, showing it. False: the time is up, or the step is to end. */
export const waitToReconnect = async (
  context: StepContext,
  tries: number,
  deadline: number,
): Promise<boolean> => {
  if (context.ports.clock.now() >= deadline && tries >= LEAST_TRIES) return false;
  waitFor(context, `host to answer again (${ordinal(tries + 1)} try)`);
  return context.ports.clock.wait(backoff(tries), context.signal);
};

/** For looking at a host after a mutation: tries until it answers, up to the deadline (ms). */
export const untilReached = async <T>(
  context: StepContext,
  deadline: number,
  question: () => Promise<Result<T>>,
): Promise<Result<T>> => {
  for (let tries = 1; ; tries += 1) {
    const answer = await question();
    if (answer.ok || !isUnreachable(answer.error)) {
      if (tries > 1) stopWaiting(context);
      return answer;
    }
    if (!(await waitToReconnect(context, tries, deadline))) return answer;
  }
};

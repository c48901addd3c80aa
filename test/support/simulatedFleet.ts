/**
 * A fleet for engine tests: hosts with packages, jobs that go on by themselves in virtual time whether anybody watches or
 * not, and scripted faults. Driver, job tools and transport are a set: a "script" only names an operation, which the transport
 * carries out on the host it is for. Everything that changes a host is counted, so that a test can tell what was done twice.
 */
import type { PackageDriver, Simulation } from '../../main/core/drivers/driver.ts';
import type { FollowEvent } from '../../main/core/jobs/job.ts';
import type { Clock, CommandOutput, CommandSpec, RunOptions, Transport } from '../../main/core/ports.ts';
import type { HostTools } from '../../main/core/runs/tools.ts';
import { type FrostError, fail, frostError, ok, type Result } from '../../shared/errors.ts';
import type { PlanAction } from '../../shared/model/plan.ts';
import { simulatedDriver, simulatedTools, type Words } from './simulatedDriver.ts';
import {
  type Answer,
  catchUp,
  installedRows,
  type JobBody,
  NO_BYTES,
  type Operation,
  planned,
  reverse,
  rows,
  type SimulatedHost,
  STEP_MS,
} from './simulatedHost.ts';

/** How long a simulated restart takes, in virtual milliseconds. */
const DOWN_MS = 30_000;

export type SimulatedFleet = {
  hosts: Map<string, SimulatedHost>;
  /** By name. */
  host(name: string): SimulatedHost;
  add(name: string, packages: Record<string, string>): SimulatedHost;
  transport: Transport;
  tools: HostTools;
  driver: PackageDriver;
};

export const createSimulatedFleet = (clock: Clock): SimulatedFleet => {
  const hosts = new Map<string, SimulatedHost>();
  const operations: Operation[] = [];
  const bodies: JobBody[] = [];
  const answers: Answer[] = [];
  const heard: FollowEvent[] = [];

  const spec = (operation: Operation, root: boolean): CommandSpec => ({
    script: `op ${operations.push(operation) - 1}`,
    root,
    timeoutMs: 300_000,
    maxOutputBytes: 1e6,
  });
  const answer = (value: Answer): CommandOutput => ({
    stdout: String(answers.push(value) - 1),
    stderr: '',
    exitCode: 0,
  });
  const answered = (output: CommandOutput): Answer | undefined => answers[Number(output.stdout)];

  const lostContact = (host: SimulatedHost): FrostError | undefined => {
    if (host.faults.unreachable) return frostError('host.unreachable', 'no route to host');
    if (clock.now() < host.faults.awayUntil) return frostError('host.timeout', 'no answer');
    return undefined;
  };

  const simulation = (host: SimulatedHost, operation: Extract<Operation, { op: 'simulate' }>): Simulation => {
    if (operation.refresh) host.lists = 'fresh';
    const wanted = operation.stages.flatMap((stage) => stage.packages);
    const unknown =
      host.lists === 'fresh'
        ? []
        : wanted.filter(({ name, version }) => host.unlisted.has(`${name}=${version}`));
    const actions = unknown.length > 0 ? [] : planned(host, operation.stages);
    return {
      actions,
      bytes: NO_BYTES,
      reboot: false,
      proof: actions.map(({ name }) => ({ package: name, proof: 'proven', reason: 'in the host cache' })),
      refusals: unknown.map(({ name, version }) => ({
        code: 'host.version-unavailable',
        package: name,
        message: `${name} ${version} is not in the lists`,
      })),
      broken: [...host.packages].flatMap(([name, { state }]) => (state === 'ii' ? [] : [{ name, state }])),
      lock: { held: false },
      mounts: [],
      bootId: 'boot',
      installed: installedRows(host.packages),
    };
  };

  const jobState = (host: SimulatedHost, token: string): Answer => {
    const job = host.jobs.get(token);
    const none = { op: 'inspect' as const, code: 0, reason: '' };
    if (job === undefined) return { ...none, state: 'absent' };
    catchUp(host, job, clock.now());
    if (job.end === null) return { ...none, state: 'running' };
    return job.end.kind === 'exit'
      ? { ...none, state: 'finished', code: job.end.code }
      : { ...none, state: 'died', reason: job.end.reason };
  };

  const start = (host: SimulatedHost, token: string, body: JobBody): Result<CommandOutput> => {
    const there = host.jobs.has(token);
    if (!there)
      host.jobs.set(token, {
        body,
        // As the real jobs do: only what is not true yet.
        steps: stepsOf(body).filter((step) => differs(host, step)),
        done: 0,
        nextAt: clock.now() + STEP_MS,
        log: [`${body.kind} begins`],
        progress: [],
        stop: false,
        end: null,
      });
    if (host.faults.loseStarts > 0) {
      host.faults.loseStarts -= 1;
      return fail('host.connection-lost', 'reset by peer');
    }
    return ok(answer({ op: 'start', answer: there ? 'already' : 'started' }));
  };

  const stepsOf = (body: JobBody): PlanAction[] => {
    if (body.kind === 'hook') return [];
    return body.kind === 'apply' ? body.actions : reverse(body.actions);
  };

  /** Down for a while, then another boot; the same token never causes a second one. */
  const restart = (host: SimulatedHost, token: string): Answer => {
    const known = host.restarts.find((one) => one.token === token);
    const now = `boot-${host.boot}`;
    if (known !== undefined) return { op: 'restart', now, before: `boot-${known.boot}` };
    host.restarts.push({ token, boot: host.boot });
    host.boot += 1;
    host.wantsReboot = false;
    host.faults.awayUntil = host.faults.restart === 'never' ? Number.MAX_SAFE_INTEGER : clock.now() + DOWN_MS;
    return { op: 'restart', now, before: undefined };
  };

  const differs = (host: SimulatedHost, step: PlanAction): boolean => {
    const now = host.packages.get(step.name);
    return step.action === 'remove' ? now !== undefined : now?.version !== step.to || now?.state !== 'ii';
  };

  const follow = async (
    host: SimulatedHost,
    operation: Extract<Operation, { op: 'follow' }>,
    options: RunOptions,
  ): Promise<Result<CommandOutput>> => {
    const say = (event: FollowEvent): void =>
      options.onStdout?.(new TextEncoder().encode(`${heard.push(event) - 1}\n`));
    let { log, progress } = operation;
    const drops = host.faults.dropFollows > 0;
    if (drops) host.faults.dropFollows -= 1;
    for (;;) {
      const away = lostContact(host);
      if (away !== undefined) return { ok: false, error: frostError('host.connection-lost', away.message) };
      const job = host.jobs.get(operation.token);
      if (job === undefined) {
        say({ kind: 'absent' });
        return ok({ stdout: '', stderr: '', exitCode: 0 });
      }
      catchUp(host, job, clock.now());
      for (; log < job.log.length; log += 1) say({ kind: 'log', text: `${job.log[log]}\n`, offset: log + 1 });
      for (; progress < job.progress.length; progress += 1)
        say({ kind: 'progress', lines: [JSON.stringify(job.progress[progress])], offset: progress + 1 });
      if (job.end !== null) {
        say(job.end);
        return ok({ stdout: '', stderr: '', exitCode: 0 });
      }
      if (drops) return fail('host.connection-lost', 'reset by peer');
      say({ kind: 'alive' });
      if (host.faults.silent > 0) {
        host.faults.silent -= 1;
        await clock.wait(Number.MAX_SAFE_INTEGER, options.signal);
      }
      if (options.signal?.aborted === true || !(await clock.wait(STEP_MS / 2, options.signal)))
        return fail('cancelled', 'aborted');
    }
  };

  const carryOut = async (
    host: SimulatedHost,
    operation: Operation,
    options: RunOptions,
  ): Promise<Result<CommandOutput>> => {
    const job = 'token' in operation ? host.jobs.get(operation.token) : undefined;
    switch (operation.op) {
      case 'simulate':
        return ok(answer({ op: 'simulate', simulation: simulation(host, operation) }));
      case 'capture':
      case 'verify':
        return ok(
          answer({
            op: 'packages',
            packages: rows(host.packages),
            rebootRequired: host.wantsReboot,
            oldKernel: host.faults.restart === 'old-kernel',
          }),
        );
      case 'restart':
        return ok(answer(restart(host, operation.token)));
      case 'boot':
        return ok(answer({ op: 'boot', now: `boot-${host.boot}` }));
      case 'units':
        return ok(answer({ op: 'units' }));
      case 'start':
        return start(host, operation.token, operation.body);
      case 'inspect':
        return ok(answer(jobState(host, operation.token)));
      case 'stop':
        if (job !== undefined) {
          catchUp(host, job, clock.now());
          job.stop = true;
        }
        return ok({ stdout: '', stderr: '', exitCode: 0 });
      case 'follow':
        return follow(host, operation, options);
      case 'cleanUp':
        for (const token of operation.tokens) host.jobs.delete(token);
        return ok({ stdout: '', stderr: '', exitCode: 0 });
      default:
        return ok({ stdout: '', stderr: '', exitCode: 0 });
    }
  };

  const transport: Transport = {
    run: async (route, { script, root }, options = {}) => {
      const host = hosts.get(route.host.id);
      if (host === undefined) return fail('host.unreachable', 'no such host');
      // The probe is a real script: it prints its nonce.
      const named = /^op (\d+)$/.exec(script);
      const operation: Operation = (named && operations[Number(named[1])]) ?? { op: 'probe' };
      host.commands.set(operation.op, (host.commands.get(operation.op) ?? 0) + 1);
      await null;
      if (options.signal?.aborted === true) return fail('cancelled', 'aborted');
      if (host.faults.vaultLocked) return fail('vault.locked', 'the vault is locked');
      const away = lostContact(host) ?? host.faults.script.shift();
      if (away != null) return { ok: false, error: away };
      if (root && host.faults.rootError !== null) return { ok: false, error: host.faults.rootError };
      if (operation.op === 'probe') {
        const health = script.includes('fl_command=');
        const [code = 0] =
          health && host.faults.probes.length > 1
            ? host.faults.probes.splice(0, 1)
            : health
              ? host.faults.probes
              : [0];
        return ok({ stdout: script, stderr: '', exitCode: code });
      }
      return carryOut(host, operation, options);
    },
    probeKey: async () => fail('host.unreachable', 'not simulated'),
    release: () => undefined,
  };

  const words: Words = { spec, answered, bodies, heard };
  const driver = simulatedDriver(words);
  const tools = simulatedTools(words, driver);

  const add = (name: string, packages: Record<string, string>): SimulatedHost => {
    const id = `${String(hosts.size + 1).padStart(8, '0')}-0000-4000-8000-000000000000`;
    const added: SimulatedHost = {
      host: {
        id,
        name,
        address: '127.0.0.1',
        port: 22,
        user: 'root',
        transport: 'ssh',
        auth: { kind: 'agent' },
        sudo: 'nopasswd',
        tags: {},
        legacyAlgorithms: false,
        createdAt: '2026-11-23T12:00:00.000Z',
        updatedAt: '2026-11-23T12:00:00.000Z',
      },
      packages: new Map(
        Object.entries(packages).map(([pkg, version]) => [pkg, { version, state: 'ii', auto: false }]),
      ),
      needs: new Map(),
      unlisted: new Set(),
      jobs: new Map(),
      faults: {
        unreachable: false,
        awayUntil: 0,
        failing: new Set(),
        dropFollows: 0,
        silent: 0,
        loseStarts: 0,
        dieAfter: null,
        rootError: null,
        rollbackFails: false,
        restart: 'well',
        probes: [0],
        hang: false,
        script: [],
        vaultLocked: false,
      },
      mutations: [],
      boot: 1,
      restarts: [],
      wantsReboot: false,
      commands: new Map(),
      lists: 'old',
    };
    hosts.set(id, added);
    return added;
  };

  return {
    hosts,
    host: (name) => {
      const found = [...hosts.values()].find((one) => one.host.name === name);
      if (found === undefined) throw new Error(`no simulated host ${name}`);
      return found;
    },
    add,
    transport,
    tools,
    driver,
  };
};

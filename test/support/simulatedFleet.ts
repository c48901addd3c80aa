/**
 * A fleet for engine tests: hosts with packages, jobs that go on by themselves in virtual time whether anybody watches or
 * not, and scripted faults. Driver, job tools and transport are a set: a "script" only names an operation, which the transport
 * carries out on the host it is for. Everything that changes a host is counted, so that a test can tell what was done twice.
 */
import type { JobProgress, PackageDriver, Simulation, StageRequest } from '../../main/core/drivers/driver.ts';
import type { FollowEvent } from '../../main/core/jobs/job.ts';
import type { Clock, CommandOutput, CommandSpec, RunOptions, Transport } from '../../main/core/ports.ts';
import type { HostTools } from '../../main/core/runs/tools.ts';
import { type FrostError, fail, frostError, ok, type Result } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { PlanAction } from '../../shared/model/plan.ts';
import type { Capture } from '../../shared/model/run.ts';
import type { InstalledPackage } from '../../shared/model/scan.ts';

type Packages = Map<string, { version: string; state: string; auto: boolean }>;

type JobBody =
  | { kind: 'apply'; stages: StageRequest[]; actions: PlanAction[] }
  | { kind: 'rollback'; capture: Capture; actions: PlanAction[] };

type Job = {
  body: JobBody;
  steps: PlanAction[];
  done: number;
  nextAt: number;
  log: string[];
  progress: JobProgress[];
  stop: boolean;
  end: { kind: 'exit'; code: number } | { kind: 'died'; reason: string } | null;
};

export type Faults = {
  unreachable: boolean;
  /** Until then (ms) no connection is possible and those there are break. */
  awayUntil: number;
  /** The package's configuration step fails: state `iF`, exit 100. */
  failing: Set<string>;
  /** This many follows lose their connection after the first thing they hear. */
  dropFollows: number;
  /** This many follows say one thing and then nothing, for ever, on an open connection. */
  silent: number;
  /** The answer to this many job starts gets lost; the job runs. */
  loseStarts: number;
  /** The host is cut off in the middle of the first apply job, after this many packages. */
  dieAfter: number | null;
  rootError: FrostError | null;
  /** Breaks the rollback job too. */
  rollbackFails: boolean;
  /** The job never ends by itself. */
  hang: boolean;
  /** The next commands fail so, in order, whatever they are. */
  script: FrostError[];
  vaultLocked: boolean;
};

export type SimulatedHost = {
  host: Host;
  packages: Packages;
  /** Name → names it needs, installed in version 1 where they are missing. */
  needs: Map<string, string[]>;
  /** `name=version` that the host learns of only by reading its lists anew. */
  unlisted: Set<string>;
  jobs: Map<string, Job>;
  faults: Faults;
  /** `name from→to` of every package operation a job did, in order. */
  mutations: string[];
  /** Commands by operation. */
  commands: Map<string, number>;
  lists: 'old' | 'fresh';
};

type Operation =
  | { op: 'probe' }
  | { op: 'simulate'; stages: StageRequest[]; refresh: boolean }
  | { op: 'capture'; token: string; actions: PlanAction[] }
  | { op: 'stage' }
  | { op: 'verify' }
  | { op: 'cleanUp'; tokens: string[] }
  | { op: 'start'; token: string; body: JobBody }
  | { op: 'inspect'; token: string }
  | { op: 'stop'; token: string }
  | { op: 'follow'; token: string; log: number; progress: number };

type Answer =
  | { op: 'simulate'; simulation: Simulation }
  | { op: 'packages'; packages: Capture['packages'] }
  | { op: 'start'; answer: 'started' | 'already' }
  | { op: 'inspect'; state: 'absent' | 'running' | 'finished' | 'died'; code: number; reason: string };

/** Milliseconds a job takes per package. */
export const STEP_MS = 1000;
const STOPPED = 75;
const NO_BYTES = { download: 10, disk: 10, available: 1e9, short: [] };

const newer = (a: string, b: string): boolean => Number(a) > Number(b);

const rows = (packages: Packages): Capture['packages'] =>
  [...packages].map(([name, { version, state, auto }]) => ({
    name,
    arch: 'amd64',
    version,
    auto,
    held: false,
    state,
  }));

const installedRows = (packages: Packages): InstalledPackage[] =>
  [...packages].map(([name, { version, auto }]) => ({
    name,
    arch: 'amd64',
    version,
    source: name,
    sourceVersion: version,
    auto,
    held: false,
  }));

const planned = (host: SimulatedHost, stages: StageRequest[]): PlanAction[] =>
  stages.flatMap(({ stage, packages }) =>
    packages.flatMap(({ name, arch, version }): PlanAction[] => {
      const from = host.packages.get(name)?.version;
      const missing = (host.needs.get(name) ?? []).filter((need) => !host.packages.has(need));
      return [
        ...missing.map(
          (need): PlanAction => ({ action: 'install', name: need, arch, to: '1', stage, dependency: true }),
        ),
        {
          action: 'upgrade',
          name,
          arch,
          ...(from !== undefined && { from }),
          to: version,
          stage,
          dependency: false,
        },
      ];
    }),
  );

/** Undoes in the opposite order. */
const reverse = (actions: PlanAction[]): PlanAction[] =>
  actions.toReversed().map((action): PlanAction => {
    const { name, arch, stage, dependency, from, to } = action;
    return from === undefined
      ? { action: 'remove', name, arch, ...(to !== undefined && { from: to }), stage, dependency }
      : { action: 'downgrade', name, arch, to: from, stage, dependency };
  });

const doStep = (host: SimulatedHost, job: Job, action: PlanAction): boolean => {
  const before = host.packages.get(action.name);
  host.mutations.push(
    `${action.name} ${before?.version ?? '-'}→${action.action === 'remove' ? '-' : action.to}`,
  );
  job.log.push(`Setting up ${action.name} (${action.to ?? 'gone'}) ...`);
  job.progress.push({
    phase: job.body.kind,
    package: action.name,
    percent: Math.round(((job.done + 1) / job.steps.length) * 100),
  });
  if (action.action === 'remove') {
    host.packages.delete(action.name);
    return true;
  }
  const broken = job.body.kind === 'apply' ? host.faults.failing.has(action.name) : host.faults.rollbackFails;
  host.packages.set(action.name, {
    version: action.to ?? '?',
    state: broken ? 'iF' : 'ii',
    auto: before?.auto ?? action.dependency,
  });
  return !broken;
};

/** Brings a job to where it must be at `now`. */
const catchUp = (host: SimulatedHost, job: Job, now: number): void => {
  while (job.end === null && job.nextAt <= now) {
    const action = job.steps[job.done];
    if (action === undefined) {
      if (host.faults.hang) return;
      job.end = { kind: 'exit', code: 0 };
      return;
    }
    const boundary = job.done === 0 || job.steps[job.done - 1]?.stage !== action.stage;
    if (job.stop && boundary && job.body.kind === 'apply') {
      job.end = { kind: 'exit', code: STOPPED };
      return;
    }
    const well = doStep(host, job, action);
    job.done += 1;
    job.nextAt += STEP_MS;
    if (!well) job.end = { kind: 'exit', code: 100 };
    else if (job.done === host.faults.dieAfter && job.body.kind === 'apply') {
      host.faults.dieAfter = null;
      job.end = { kind: 'died', reason: 'the host was restarted while the job ran' };
      host.faults.awayUntil = now + 20_000;
    }
  }
};

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
    timeoutMs: 60_000,
    maxOutputBytes: 1e6,
  });
  const answer = (value: Answer): CommandOutput => ({
    stdout: String(answers.push(value) - 1),
    stderr: '',
    exitCode: 0,
  });
  const answered = (output: CommandOutput): Answer | undefined => answers[Number(output.stdout)];
  const malformed = fail('host.output-malformed', 'not what was asked for');

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
        steps: (body.kind === 'apply' ? body.actions : reverse(body.actions)).filter((step) =>
          differs(host, step),
        ),
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
        return ok(answer({ op: 'packages', packages: rows(host.packages) }));
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
      if (away !== undefined) return { ok: false, error: away };
      if (root && host.faults.rootError !== null) return { ok: false, error: host.faults.rootError };
      if (operation.op === 'probe') return ok({ stdout: script, stderr: '', exitCode: 0 });
      return carryOut(host, operation, options);
    },
    probeKey: async () => fail('host.unreachable', 'not simulated'),
    release: () => undefined,
  };

  const driver: PackageDriver = {
    id: 'apt',
    capabilities: { rollback: true, securityClassification: true, stages: true },
    scan: () => spec({ op: 'probe' }, false),
    parseScan: () => malformed,
    select: (entries, installed) => {
      const now = new Map(installed.map((entry) => [entry.name, entry.version]));
      const applies = entries.filter((entry) => {
        const version = now.get(entry.name);
        return entry.decision === 'approve' && version !== undefined && newer(entry.version, version);
      });
      const stages = [...Map.groupBy(applies, (entry) => entry.stage)]
        .sort(([a], [b]) => a - b)
        .map(([stage, list]) => ({
          stage,
          packages: list.map(({ name, version }) => ({ name, arch: 'amd64', version })),
        }));
      return { stages, skipped: [] };
    },
    simulate: ({ stages, refresh }) => spec({ op: 'simulate', stages, refresh }, refresh),
    parseSimulation: (output) => {
      const said = answered(output);
      return said?.op === 'simulate' ? ok(said.simulation) : malformed;
    },
    capture: ({ token, actions }) => spec({ op: 'capture', token, actions }, true),
    parseCapture: (output) => {
      const said = answered(output);
      return said?.op === 'packages'
        ? ok({ packages: said.packages, secured: [], unsecured: [] })
        : malformed;
    },
    stage: () => spec({ op: 'stage' }, true),
    parseStage: () => ok({ downloadedBytes: 10 }),
    applyJob: ({ stages, actions }) => ({
      script: `job ${bodies.push({ kind: 'apply', stages, actions }) - 1}`,
    }),
    rollbackJob: ({ capture, actions }) => ({
      script: `job ${bodies.push({ kind: 'rollback', capture, actions }) - 1}`,
    }),
    progress: (line): JobProgress | null => {
      const { phase, package: name, percent } = JSON.parse(line) as JobProgress;
      return { phase, percent, ...(name !== undefined && { package: name }) };
    },
    judgeJob: (_, code) => {
      if (code === 0) return ok(undefined);
      if (code === STOPPED) return fail('cancelled', 'The job was stopped before its next stage.');
      return fail('host.command-failed', `The job ended with ${code}.`);
    },
    verify: () => spec({ op: 'verify' }, false),
    parseVerify: (output) => {
      const said = answered(output);
      return said?.op === 'packages'
        ? ok({ packages: said.packages, rebootRequired: false, rebootReasons: [], bootId: 'boot' })
        : malformed;
    },
    compare: (capture, now) => {
      const [was, is] = [capture.packages, now].map((list) => new Map(list.map((p) => [p.name, p])));
      const names = new Set([...capture.packages, ...now].map((entry) => entry.name));
      const versions = [...names].flatMap((name) => {
        const [a, b] = [was?.get(name)?.version ?? null, is?.get(name)?.version ?? null];
        return a === b ? [] : [{ name, arch: 'amd64', captured: a, now: b }];
      });
      const marks = now.flatMap(({ name, state }) => {
        const before = was?.get(name)?.state;
        return before === undefined || before === state
          ? []
          : [{ name, arch: 'amd64', field: 'state' as const, captured: before, now: state }];
      });
      return { equal: versions.length + marks.length === 0, versions, marks };
    },
    cleanUp: ({ tokens }) => spec({ op: 'cleanUp', tokens }, true),
    compareVersions: (a, b) => Number(a) - Number(b),
  };

  const tools: HostTools = {
    driverFor: (ecosystem) => (ecosystem === 'apt' ? driver : undefined),
    jobs: {
      start: ({ token, script }) => {
        const body = bodies[Number(script.slice('job '.length))];
        if (body === undefined) throw new Error(`no job body for ${script}`);
        return spec({ op: 'start', token, body }, true);
      },
      parseStart: (output) => {
        const said = answered(output);
        return said?.op === 'start' ? ok(said.answer) : malformed;
      },
      follow: ({ token, logOffset, progressOffset }) =>
        spec({ op: 'follow', token, log: logOffset, progress: progressOffset }, true),
      reader: () => ({
        feed: (chunk) =>
          new TextDecoder()
            .decode(chunk)
            .split('\n')
            .flatMap((line) => (line === '' ? [] : (heard[Number(line)] ?? []))),
      }),
      inspect: ({ token }) => spec({ op: 'inspect', token }, true),
      parseInspect: (output) => {
        const said = answered(output);
        if (said?.op !== 'inspect') return malformed;
        const { state, code, reason } = said;
        if (state === 'running') return ok({ state, pid: 1 });
        if (state === 'finished') return ok({ state, code });
        return state === 'died' ? ok({ state, reason }) : ok({ state });
      },
      stop: ({ token }) => spec({ op: 'stop', token }, true),
    },
  };

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
        hang: false,
        script: [],
        vaultLocked: false,
      },
      mutations: [],
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

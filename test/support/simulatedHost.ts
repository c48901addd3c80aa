/** One host of the simulated fleet: what it has installed, its jobs, and the faults it was given. */
import type { JobProgress, Simulation, StageRequest } from '../../main/core/drivers/driver.ts';
import type { FrostError } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { PlanAction } from '../../shared/model/plan.ts';
import type { Capture } from '../../shared/model/run.ts';
import type { InstalledPackage } from '../../shared/model/scan.ts';

export type Packages = Map<string, { version: string; state: string; auto: boolean }>;

export type JobBody =
  | { kind: 'apply'; stages: StageRequest[]; actions: PlanAction[] }
  | { kind: 'rollback'; capture: Capture; actions: PlanAction[] }
  /** A hook: fails where its text says so. */
  | { kind: 'hook'; script: string };

export type Job = {
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
  /** Told to restart it goes away and stays away, or comes back with the kernel it had. */
  restart: 'well' | 'never' | 'old-kernel';
  /** The health probe's exit codes, in order; the last one stays. */
  probes: number[];
  /** The next commands fail so, in order, whatever they are; null: that one does not. */
  script: (FrostError | null)[];
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
  /** Which boot runs, from 1; how many restarts were asked for; the token that asked for the last. */
  boot: number;
  restarts: { token: string; boot: number }[];
  wantsReboot: boolean;
  /** Commands by operation. */
  commands: Map<string, number>;
  lists: 'old' | 'fresh';
};

export type Operation =
  | { op: 'probe' }
  | { op: 'simulate'; stages: StageRequest[]; refresh: boolean }
  | { op: 'capture'; token: string; actions: PlanAction[] }
  | { op: 'stage' }
  | { op: 'verify' }
  | { op: 'restart'; token: string }
  | { op: 'boot' }
  | { op: 'units' }
  | { op: 'cleanUp'; tokens: string[] }
  | { op: 'start'; token: string; body: JobBody }
  | { op: 'inspect'; token: string }
  | { op: 'stop'; token: string }
  | { op: 'follow'; token: string; log: number; progress: number };

export type Answer =
  | { op: 'simulate'; simulation: Simulation }
  | { op: 'packages'; packages: Capture['packages']; rebootRequired: boolean; oldKernel: boolean }
  | { op: 'restart'; now: string; before: string | undefined }
  | { op: 'boot'; now: string }
  | { op: 'units' }
  | { op: 'start'; answer: 'started' | 'already' }
  | { op: 'inspect'; state: 'absent' | 'running' | 'finished' | 'died'; code: number; reason: string };

/** Milliseconds a job takes per package. */
export const STEP_MS = 1000;
export const STOPPED = 75;
export const NO_BYTES = { download: 10, disk: 10, available: 1e9, short: [] };

export const newer = (a: string, b: string): boolean => Number(a) > Number(b);

export const rows = (packages: Packages): Capture['packages'] =>
  [...packages].map(([name, { version, state, auto }]) => ({
    name,
    arch: 'amd64',
    version,
    auto,
    held: false,
    state,
  }));

export const installedRows = (packages: Packages): InstalledPackage[] =>
  [...packages].map(([name, { version, auto }]) => ({
    name,
    arch: 'amd64',
    version,
    source: name,
    sourceVersion: version,
    auto,
    held: false,
  }));

export const planned = (host: SimulatedHost, stages: StageRequest[]): PlanAction[] =>
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
export const reverse = (actions: PlanAction[]): PlanAction[] =>
  actions.toReversed().map((action): PlanAction => {
    const { name, arch, stage, dependency, from, to } = action;
    return from === undefined
      ? { action: 'remove', name, arch, ...(to !== undefined && { from: to }), stage, dependency }
      : { action: 'downgrade', name, arch, to: from, stage, dependency };
  });

export const doStep = (host: SimulatedHost, job: Job, action: PlanAction): boolean => {
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
export const catchUp = (host: SimulatedHost, job: Job, now: number): void => {
  while (job.end === null && job.nextAt <= now) {
    const action = job.steps[job.done];
    if (action === undefined) {
      if (host.faults.hang) return;
      const fails = job.body.kind === 'hook' && job.body.script.includes("'exit 3'");
      job.end = { kind: 'exit', code: fails ? 3 : 0 };
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

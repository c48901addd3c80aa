/** From the reducer's state and the plan to the `Run` that everybody sees; and the state a run begins with. */
import { type FrostError, frostError } from '../../../shared/errors.ts';
import { type HostPlan, type Plan, type PlanAction, packagesOf } from '../../../shared/model/plan.ts';
import type { Run, Task } from '../../../shared/model/run.ts';
import type { Outcome, RunModel, TaskModel } from './model.ts';
import { countsOf } from './verdict.ts';
import { netActions } from './verify.ts';

type PackageState = Task['to'][number];

/** Versions before: what the plan replaces or removes. */
const before = (actions: readonly PlanAction[]): PackageState[] =>
  netActions(actions).flatMap(({ name, arch, from }) =>
    from === undefined ? [] : [{ name, arch, version: from }],
  );

const after = (actions: readonly PlanAction[]): PackageState[] =>
  netActions(actions).flatMap(({ name, arch, to }) =>
    to === undefined ? [] : [{ name, arch, version: to }],
  );

const seen = (outcome: Outcome, actions: readonly PlanAction[]): PackageState[] => {
  switch (outcome.kind) {
    case 'untouched':
      return [];
    case 'planned':
      return after(actions);
    case 'restored':
      return before(actions);
    case 'seen':
      return outcome.packages;
  }
};

export const projectTask = (task: TaskModel, actions: PlanAction[]): Task => {
  const { progress } = task;
  return {
    hostId: task.hostId,
    host: task.host,
    state: task.state,
    actions,
    proof: task.proof,
    from: before(actions),
    to: seen(task.outcome, actions),
    attempt: task.attempt,
    ...(task.startedAt !== null && { startedAt: task.startedAt }),
    ...(task.finishedAt !== null && { finishedAt: task.finishedAt }),
    ...(task.error !== null && { error: task.error }),
    ...(task.token !== null && { token: task.token }),
    ...(task.difference !== null && { difference: task.difference }),
    ...(task.rebootRequired !== null && { rebootRequired: task.rebootRequired }),
    ...(task.rebooted && { rebooted: true }),
    ...(task.wave > 0 && { wave: task.wave }),
    ...(progress !== null && { phase: progress.phase, percent: progress.percent }),
    ...(progress?.package != null && { package: progress.package }),
    ...(progress?.waitingFor != null && { waitingFor: progress.waitingFor }),
  };
};

const waveOf = ({ wave, waiting, parameters }: RunModel): Pick<Run, 'wave'> => {
  const of = parameters.waveSizes.length;
  if (of < 2) return {};
  const until = waiting?.until ?? null;
  return {
    wave: {
      number: wave,
      of,
      ...(waiting !== null && { waiting: { gate: waiting.gate, ...(until !== null && { until }) } }),
    },
  };
};

export const projectRun = (model: RunModel, plan: Plan, tasks: Task[]): Run => ({
  id: model.runId,
  planId: plan.id,
  planHash: plan.hash,
  snapshot: plan.snapshot,
  parameters: model.parameters,
  state: model.state,
  startedAt: model.startedAt,
  seq: model.seq,
  counts: countsOf(model.tasks),
  tasks,
  ...(model.verdict !== null && { verdict: model.verdict }),
  ...(model.abortReason !== null && { abortReason: model.abortReason }),
  ...(model.abortCause !== null && { abortCause: model.abortCause }),
  ...waveOf(model),
  ...(model.finishedAt !== null && { finishedAt: model.finishedAt }),
  ...(model.acceptedAt !== null && { acceptedAt: model.acceptedAt }),
});

/** Why the plan has nothing for this host; null where it has. */
const planError = (host: HostPlan): FrostError | null => {
  if (host.error !== undefined) return host.error;
  const [first, ...rest] = host.refusals;
  if (host.state !== 'refused' || first === undefined) return null;
  const packages = [...new Set(host.refusals.flatMap(packagesOf))].slice(0, 2000);
  return frostError(first.code, first.message, {
    host: host.host,
    ...(packages.length > 0 && { packages }),
    ...(rest.length > 0 && { hint: `${rest.length} more reasons stand in the plan.` }),
  });
};

const initialTask = (host: HostPlan): TaskModel => ({
  hostId: host.hostId,
  host: host.host,
  state: 'queued',
  planned: host.state,
  attempt: 0,
  token: null,
  rollbacks: 0,
  rollbackWanted: false,
  reattach: null,
  cancelling: false,
  changed: false,
  captured: false,
  counted: false,
  completed: 0,
  effect: null,
  jobSince: null,
  follow: { log: 0, progress: 0 },
  lines: 0,
  startedAt: null,
  finishedAt: null,
  error: planError(host),
  complaint: null,
  outcome: { kind: 'untouched' },
  difference: null,
  rebootRequired: null,
  wave: host.wave ?? 0,
  predictedSeconds: host.predictedSeconds ?? null,
  doing: null,
  rebooted: false,
  proof: host.proof,
  progress: null,
});

/** A run before its first event. `at`: now, ISO. */
export const initialRun = (plan: Plan, runId: string, at: string): RunModel => ({
  version: 1,
  runId,
  snapshot: { name: plan.snapshot.name, revision: plan.snapshot.revision },
  parameters: plan.parameters,
  state: 'running',
  verdict: null,
  abortReason: null,
  abortCause: null,
  wave: 1,
  waiting: null,
  cleared: plan.parameters.abortIf === undefined,
  rollbackAsked: false,
  rollbackRun: false,
  startedAt: at,
  finishedAt: null,
  acceptedAt: null,
  seq: 0,
  effects: 0,
  completions: 0,
  tasks: plan.hosts.map(initialTask),
});

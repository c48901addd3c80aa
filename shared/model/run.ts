/** A run: an executed plan. One task per host; append-only events, gap-free per run. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import { ArtefactSource, PlanAction, Proof, ResolvedParameters } from './plan.ts';
import {
  Arch,
  ContentHash,
  HostName,
  Id,
  Instant,
  PackageName,
  PackageVersion,
  SnapshotName,
  Text,
} from './primitives.ts';

export const TaskState = z.enum([
  'queued',
  'connecting',
  'checking',
  'simulating',
  'capturing',
  'staging',
  'applying',
  'rebooting',
  'verifying',
  'succeeded',
  'failed',
  'rolling-back',
  'rolled-back',
  'rollback-failed',
  'unreachable',
  'compliant',
  'refused',
  'terminated',
  'cancelled',
  'interrupted',
  'needs-attention',
]);
export type TaskState = z.infer<typeof TaskState>;

/** States in which a task is at rest: nothing happens on the host on its behalf. (`rolling-back` can follow some of them.) */
export const FINAL_STATES: ReadonlySet<TaskState> = new Set<TaskState>([
  'succeeded',
  'failed',
  'rolled-back',
  'rollback-failed',
  'unreachable',
  'compliant',
  'refused',
  'terminated',
  'cancelled',
  'interrupted',
  'needs-attention',
]);

/** `running`; `aborting`: nothing new starts, running tasks finish; `finished`; `rolling-back`: after it finished, on request. */
export const RunState = z.enum(['running', 'aborting', 'rolling-back', 'finished']);
export type RunState = z.infer<typeof RunState>;

/**
 * `success`: every target succeeded or was compliant. `partial`: some did. `failed`: none did. `aborted`: ended early.
 * `refused`: every target was refused. `unreachable`: none was reached. `rolled-back`: every task that changed its host was undone.
 */
export const Verdict = z.enum([
  'success',
  'partial',
  'failed',
  'aborted',
  'refused',
  'unreachable',
  'rolled-back',
]);
export type Verdict = z.infer<typeof Verdict>;

const PackageState = z.object({ name: PackageName, arch: Arch, version: PackageVersion });

/** How the host differs from its capture after a rollback. Empty lists: equal. */
export const CaptureDifference = z.object({
  equal: z.boolean(),
  versions: z.array(
    z.object({
      name: PackageName,
      arch: Arch,
      captured: PackageVersion.nullable(),
      now: PackageVersion.nullable(),
    }),
  ),
  marks: z.array(
    z.object({
      name: PackageName,
      arch: Arch,
      field: z.enum(['auto', 'held', 'state']),
      captured: Text(40),
      now: Text(40),
    }),
  ),
});
export type CaptureDifference = z.infer<typeof CaptureDifference>;

export const Task = z.object({
  hostId: Id,
  host: HostName,
  state: TaskState,
  startedAt: Instant.optional(),
  finishedAt: Instant.optional(),
  /** The wave it starts in, from 1, where the run has several. */
  wave: z.int().min(1).optional(),
  /** What stood in the plan for this host. */
  actions: z.array(PlanAction),
  proof: Proof,
  /** Versions before (touched packages only) and after. */
  from: z.array(PackageState),
  to: z.array(PackageState),
  error: FrostError.optional(),
  /** How often it was started: 1, plus one for each retry. */
  attempt: z.int(),
  /** Names the detached job's folder on the host. */
  token: z
    .string()
    .regex(/^[a-z0-9-]{1,80}$/)
    .optional(),
  /** After a rollback: what is not as it was. */
  difference: CaptureDifference.optional(),
  rebootRequired: z.boolean().optional(),
  /** It was restarted as part of the task, and came back. */
  rebooted: z.boolean().optional(),
  /** Latest progress, for a picture of now. */
  phase: Text(60).optional(),
  package: PackageName.optional(),
  percent: z.number().min(0).max(100).optional(),
  /** What it is waiting for, e.g. `lock held by pid 812 (apt-get upgrade)`. */
  waitingFor: Text(500).optional(),
});
export type Task = z.infer<typeof Task>;

/** Why a run ended early. `failed`: the hosts that count, the one that reached the limit last. */
export const AbortCause = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('threshold'),
    failed: z.array(HostName),
    /** Of all targets, or (`share`) of those completed at that moment. */
    of: z.int(),
    /** The count that ends the run, or the percentage that must not be exceeded. */
    limit: z.number(),
    share: z.boolean(),
  }),
  /** `unreadable`: the probe told neither yes nor no. */
  z.object({ kind: z.literal('probe'), unreadable: z.boolean(), detail: Text(1000) }),
  z.object({ kind: z.literal('window'), until: Instant }),
  z.object({ kind: z.literal('operator') }),
  z.object({ kind: z.literal('rollback-run'), failed: z.array(HostName) }),
]);
export type AbortCause = z.infer<typeof AbortCause>;

/** Where a run in waves stands. `waiting`: its gate; `until`: when a soak ends by itself. */
export const WaveState = z.object({
  number: z.int().min(1),
  of: z.int().min(1),
  waiting: z.object({ gate: z.enum(['manual', 'soak']), until: Instant.optional() }).optional(),
});
export type WaveState = z.infer<typeof WaveState>;

export const RunCounts = z.record(z.string(), z.int());

export const Run = z.object({
  id: Id,
  planId: Id,
  planHash: ContentHash,
  snapshot: z.object({ name: SnapshotName, revision: z.int(), id: ContentHash }),
  parameters: ResolvedParameters,
  state: RunState,
  verdict: Verdict.optional(),
  abortReason: Text(1000).optional(),
  abortCause: AbortCause.optional(),
  /** Absent where the run has one wave only. */
  wave: WaveState.optional(),
  startedAt: Instant,
  finishedAt: Instant.optional(),
  acceptedAt: Instant.optional(),
  /** Final seq so far; 0 before the first event. */
  seq: z.int(),
  counts: RunCounts,
  tasks: z.array(Task),
});
export type Run = z.infer<typeof Run>;

export const RunSummary = Run.omit({ tasks: true });
export type RunSummary = z.infer<typeof RunSummary>;

const base = { seq: z.int().min(1), at: Instant, run: Id };

export const RunEvent = z.discriminatedUnion('type', [
  z.object({
    ...base,
    type: z.literal('run.started'),
    snapshot: SnapshotName,
    revision: z.int(),
    hosts: z.array(HostName),
    parameters: ResolvedParameters,
  }),
  z.object({
    ...base,
    type: z.literal('task.state'),
    host: HostName,
    from: TaskState,
    to: TaskState,
    error: FrostError.optional(),
    difference: CaptureDifference.optional(),
  }),
  z.object({
    ...base,
    type: z.literal('task.progress'),
    host: HostName,
    phase: Text(60),
    package: PackageName.optional(),
    percent: z.number().min(0).max(100),
    waitingFor: Text(500).optional(),
  }),
  z.object({ ...base, type: z.literal('task.output'), host: HostName, line: Text(4000) }),
  /** Only in runs of several waves: its hosts may start now. */
  z.object({
    ...base,
    type: z.literal('wave.started'),
    wave: z.int(),
    of: z.int(),
    hosts: z.array(HostName),
  }),
  /** The wave before it is at rest; `wave` waits for its gate. */
  z.object({
    ...base,
    type: z.literal('wave.waiting'),
    wave: z.int(),
    of: z.int(),
    gate: z.enum(['manual', 'soak']),
    until: Instant.optional(),
  }),
  z.object({
    ...base,
    type: z.literal('run.aborting'),
    reason: Text(1000),
    cause: AbortCause.optional(),
  }),
  /** A rollback failed, so the others that waited for theirs are left as they are: a person decides. */
  z.object({
    ...base,
    type: z.literal('run.rollback-stopped'),
    host: HostName,
    left: z.array(HostName),
  }),
  /** A rollback of finished tasks was asked for. */
  z.object({ ...base, type: z.literal('run.rolling-back'), hosts: z.array(HostName) }),
  /** Failed or unreachable tasks were asked to be tried again. */
  z.object({ ...base, type: z.literal('run.retrying'), hosts: z.array(HostName) }),
  z.object({
    ...base,
    type: z.literal('run.finished'),
    verdict: Verdict,
    hosts: z.record(HostName, TaskState),
    counts: RunCounts,
  }),
  z.object({ ...base, type: z.literal('run.accepted') }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type RunEventType = RunEvent['type'];

/** What a host had before its task: everything installed, so that the comparison afterwards is complete. */
export const Capture = z.object({
  runId: Id,
  hostId: Id,
  takenAt: Instant,
  packages: z
    .array(
      z.object({
        name: PackageName,
        arch: Arch,
        version: PackageVersion,
        auto: z.boolean(),
        held: z.boolean(),
        state: z.string().max(16),
      }),
    )
    .max(100_000),
  /** Old artefacts put aside on the host for the packages the plan touches. `path` is absolute, on the host. */
  secured: z
    .array(
      PackageState.extend({
        path: z.string().max(4096),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        bytes: z.int().min(0).optional(),
        /** `repack`: made again from the installed files, so not the exact artefact. */
        source: ArtefactSource.optional(),
        /** A repository of this host still has it, with this hash. Absent: not known. */
        offered: z.boolean().optional(),
      }),
    )
    .max(20_000),
  /** `offered`: a repository has it, but it could not be had from there. */
  unsecured: z
    .array(PackageState.extend({ reason: Text(1000), offered: z.boolean().optional() }))
    .max(20_000),
});
export type Capture = z.infer<typeof Capture>;

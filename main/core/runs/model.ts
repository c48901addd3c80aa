/**
 * The reducer's state, what it is told (inputs) and what it asks for (effects). The state is plain JSON and small: what the
 * plan already says (actions, versions) is not repeated, so that committing it several times a second stays cheap.
 */
import { z } from 'zod';
import { FrostError } from '../../../shared/errors.ts';
import { HostPlanState, Proof, ResolvedParameters } from '../../../shared/model/plan.ts';
import { HostName, Id, Instant } from '../../../shared/model/primitives.ts';
import {
  AbortCause,
  CaptureDifference,
  type RunEvent,
  RunState,
  Task,
  TaskState,
  Verdict,
} from '../../../shared/model/run.ts';
import type { JobProgress } from '../drivers/driver.ts';

/** What is known of the touched packages now. `planned`: as the plan wanted; `restored`: as before; `seen`: as read. */
export const Outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('untouched') }),
  z.object({ kind: z.literal('planned') }),
  z.object({ kind: z.literal('restored') }),
  z.object({ kind: z.literal('seen'), packages: Task.shape.to }),
]);
export type Outcome = z.infer<typeof Outcome>;

/** How far a job's files were read, in bytes, at whole lines. */
export const FollowMark = z.object({ log: z.int().min(0), progress: z.int().min(0) });
export type FollowMark = z.infer<typeof FollowMark>;

export const TaskModel = z.object({
  hostId: Id,
  host: HostName,
  state: TaskState,
  /** What the plan said of this host. */
  planned: HostPlanState,
  attempt: z.int().min(0),
  /** Names the job on the host; a new one with every attempt. */
  token: z.string().nullable(),
  /** Rollback jobs started so far; numbers their tokens. */
  rollbacks: z.int().min(0),
  /** Is to be rolled back as soon as a slot is free. */
  rollbackWanted: z.boolean(),
  /** A retry of a task whose job's end is unknown looks for that job first, instead of starting another. */
  reattach: z.enum(['apply', 'rollback']).nullable(),
  /** The operator wants it to stop at the next safe point. */
  cancelling: z.boolean(),
  /** A mutation was started and has not been undone: only then is there something to roll back. */
  changed: z.boolean(),
  captured: z.boolean(),
  /** Counts as a failure of the run. */
  counted: z.boolean(),
  /** Order of completion among the tasks of the run, from 1; 0: not completed. */
  completed: z.int().min(0),
  /** The effect whose result is awaited; results of any other are stale. */
  effect: z.string().nullable(),
  /** When the job that is followed now was started; its time limit counts from here. */
  jobSince: Instant.nullable(),
  follow: FollowMark,
  /** Output lines kept so far in this attempt. */
  lines: z.int().min(0),
  startedAt: Instant.nullable(),
  finishedAt: Instant.nullable(),
  error: FrostError.nullable(),
  /** What the last job said of itself, until the host's own state was read. */
  complaint: FrostError.nullable(),
  outcome: Outcome,
  difference: CaptureDifference.nullable(),
  rebootRequired: z.boolean().nullable(),
  /** From 1; 0: it has nothing to do, and comes with the last wave. */
  wave: z.int().min(0).default(0),
  predictedSeconds: z.number().nullable().default(null),
  /** What the effect that is awaited does. Tells apart what several steps of one state have done. */
  doing: z.string().nullable().default(null),
  /** It was restarted as part of this attempt. */
  rebooted: z.boolean().default(false),
  proof: Proof,
  progress: z
    .object({
      phase: z.string(),
      package: z.string().nullable(),
      percent: z.number(),
      waitingFor: z.string().nullable(),
    })
    .nullable(),
});
export type TaskModel = z.infer<typeof TaskModel>;

export const RunModel = z.object({
  version: z.literal(1),
  runId: Id,
  snapshot: z.object({ name: z.string(), revision: z.int() }),
  parameters: ResolvedParameters,
  state: RunState,
  verdict: Verdict.nullable(),
  abortReason: z.string().nullable(),
  abortCause: AbortCause.nullable().default(null),
  /** The wave whose hosts may start, from 1. */
  wave: z.int().min(1).default(1),
  /** The gate the next wave waits for. */
  waiting: z
    .object({ gate: z.enum(['manual', 'soak']), until: Instant.nullable() })
    .nullable()
    .default(null),
  /** The abort probe has been asked once and had nothing against it; nothing starts before. */
  cleared: z.boolean().default(true),
  /** A rollback of more than a failed host itself was asked for, by the operator or by `rollback-run`. */
  rollbackAsked: z.boolean(),
  /** `rollback-run` is under way: what still completes is rolled back too. */
  rollbackRun: z.boolean(),
  startedAt: Instant,
  finishedAt: Instant.nullable(),
  acceptedAt: Instant.nullable(),
  seq: z.int().min(0),
  effects: z.int().min(0),
  completions: z.int().min(0),
  tasks: z.array(TaskModel),
});
export type RunModel = z.infer<typeof RunModel>;

/**
 * What a step answers.
 * - `passed`: go on. `proof`: what the capture really secured. `rebooted`: the host was restarted and came back.
 * - `compliant`: the host has nothing to do.
 * - `failed`: it ended before anything was changed.
 * - `job-ended`: the job on the host is over; `complaint`: what it said of itself. Its word is verified next.
 * - `job-absent`: after a resume, no such job was ever started.
 * - `job-lost`: the job's end is unknown. `contact`: the host answers all the same.
 * - `verified`: what the host really has. `complete`: all that was planned, in a good state. `touched`: something differs from the capture.
 * - `compared`: after a rollback. `restored`: all that the task touched is as captured.
 * - `unknown`: the host could not be read after a mutation. `contact` as above; a host that does not come back from a restart asks for a person.
 */
export type StepResult =
  | { kind: 'passed'; proof?: Proof; rebooted?: boolean }
  | { kind: 'compliant' }
  | { kind: 'failed'; error: FrostError }
  | { kind: 'job-ended'; complaint: FrostError | null }
  | { kind: 'job-absent' }
  | { kind: 'job-lost'; error: FrostError; contact: boolean }
  | {
      kind: 'verified';
      complete: boolean;
      touched: boolean;
      outcome: Outcome;
      error: FrostError | null;
      rebootRequired: boolean;
    }
  | {
      kind: 'compared';
      restored: boolean;
      difference: CaptureDifference;
      outcome: Outcome;
      error: FrostError | null;
      rebootRequired: boolean;
    }
  | { kind: 'unknown'; error: FrostError; contact: boolean };

/** Everything that happens to a run. `at` is the only clock the reducer knows. */
export type Input = { at: string } & (
  | { kind: 'start' }
  | { kind: 'step'; effect: string; result: StepResult }
  | { kind: 'progress'; effect: string; progress: JobProgress }
  | { kind: 'output'; effect: string; lines: string[]; mark: FollowMark }
  | { kind: 'side-done'; effect: string }
  | { kind: 'abort'; reason: string; stopRunning: boolean }
  /** `all`: the whole run, those at work included, which ends it. */
  | { kind: 'rollback'; hostIds: string[]; all: boolean }
  | { kind: 'retry'; hostIds: string[] }
  | { kind: 'accept' }
  /** Opens the gate of the wave that waits. */
  | { kind: 'approve' }
  /** Time has gone by: gates, window. */
  | { kind: 'tick' }
  | { kind: 'probe'; result: 'met' | 'clear' | 'unreadable'; detail: string }
);

/** `interrupt` ends the running step of a task on the console; `stop-job` asks the job on the host to end before its next stage. */
export const EffectKind = z.enum([
  'connect',
  'check',
  'simulate',
  'capture',
  'stage',
  'before',
  'apply',
  'verify',
  'reboot',
  'after',
  'probe',
  'rollback',
  'compare',
  'interrupt',
  'stop-job',
]);
export type EffectKind = z.infer<typeof EffectKind>;
export type Effect = { id: string; kind: EffectKind; hostId: string };

/** A public event before it has its number, run and time. */
export type Happening = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, 'seq' | 'at' | 'run'>
    : never
  : never;

/** `state` is `before` itself where nothing happened. `done`: effects that are over with this. */
export type Reduction = { state: RunModel; events: RunEvent[]; effects: Effect[]; done: string[] };

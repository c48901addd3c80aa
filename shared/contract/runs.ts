/** Plans and runs. */
import { z } from 'zod';
import { Plan, RunParameters } from '../model/plan.ts';
import { HostName, Id } from '../model/primitives.ts';
import { CaptureDifference, Run, RunEvent, RunSummary } from '../model/run.ts';
import { SnapshotRef } from '../model/snapshot.ts';
import { command, query, stream } from './define.ts';
import { Selectors } from './fleet.ts';

const HostNames = z.array(HostName).max(10_000);

export const plans = {
  /** Simulates on every selected host. Hosts that refuse, fail or cannot be reached are in the plan with their state. */
  create: command(
    z.object({ snapshot: SnapshotRef, selectors: Selectors.min(1), parameters: RunParameters.prefault({}) }),
    z.object({ plan: Plan }),
    { permission: 'read', audit: 'read' },
  ),
  show: query(z.object({ id: Id }), z.object({ plan: Plan })),
  list: query(
    z.object({ limit: z.int().min(1).max(500).default(50) }),
    z.object({ plans: z.array(Plan.omit({ hosts: true }).extend({ hostCount: z.int() })) }),
  ),
};

export const runs = {
  /** `hash`: that of the plan which was shown; it must be the stored one's. The run goes on without the caller. */
  start: command(z.object({ planId: Id, hash: Plan.shape.hash }), z.object({ run: Run }), {
    permission: 'deploy',
  }),
  list: query(
    z.object({ limit: z.int().min(1).max(1000).default(100) }),
    z.object({ runs: z.array(RunSummary) }),
  ),
  show: query(z.object({ id: z.string().max(64) }), z.object({ run: Run })),
  /**
   * Events after `since`; ends after `run.finished` unless `follow`. With `host` only that host's and the run's own events:
   * their seq has gaps then, but resuming after the last one seen works the same.
   */
  events: stream(
    z.object({
      id: Id,
      since: z.int().min(0).default(0),
      follow: z.boolean().default(true),
      host: HostName.optional(),
    }),
    RunEvent,
  ),
  /** The last output lines of a host's task, for opening its view late. */
  output: query(
    z.object({ id: Id, host: HostName, limit: z.int().min(1).max(5000).default(500) }),
    z.object({ lines: z.array(z.string()) }),
  ),
  /** Nothing new starts; running tasks finish, or with `stopRunning` stop before their next stage. */
  abort: command(
    z.object({
      id: Id,
      reason: z.string().max(500).default('by the operator'),
      stopRunning: z.boolean().default(false),
    }),
    z.object({ run: Run }),
    {
      permission: 'deploy',
    },
  ),
  /** Opens the gate of the wave that waits. Errors: `state.conflict` where none waits. */
  approve: command(z.object({ id: Id }), z.object({ run: Run }), { permission: 'deploy' }),
  /** What a rollback would do, per host, before it is asked for. */
  rollbackPreview: query(
    z.object({ id: Id, hosts: HostNames.optional(), wave: z.int().min(1).optional() }),
    z.object({
      hosts: z.array(
        z.object({
          host: HostName,
          possible: z.boolean(),
          reason: z.string().optional(),
          restores: z.array(
            z.object({
              name: z.string(),
              arch: z.string(),
              from: z.string().nullable(),
              to: z.string().nullable(),
            }),
          ),
        }),
      ),
    }),
  ),
  /** All hosts whose task changed them, the named ones, or those of a wave. Newest completed first, under the run's own cap. */
  rollback: command(
    z.object({ id: Id, hosts: HostNames.optional(), wave: z.int().min(1).optional() }),
    z.object({ run: Run }),
    {
      permission: 'deploy',
    },
  ),
  /** Failed, unreachable, refused and terminated tasks once more, in the same run. */
  retry: command(z.object({ id: Id, hosts: HostNames.optional() }), z.object({ run: Run }), {
    permission: 'deploy',
  }),
  /** Replays the event log and compares it with the stored state. No id: every run. */
  check: query(
    z.object({ id: Id.optional() }),
    z.object({ runs: z.array(z.object({ id: Id, agrees: z.boolean(), differences: z.array(z.string()) })) }),
  ),
  /** Ends a run for good: what was put aside for its rollback is removed from the hosts. */
  accept: command(
    z.object({ id: Id }),
    z.object({
      run: Run,
      cleaned: z.array(HostName),
      notCleaned: z.array(z.object({ host: HostName, reason: z.string() })),
    }),
    {
      permission: 'deploy',
    },
  ),
  difference: query(
    z.object({ id: Id, host: HostName }),
    z.object({ difference: CaptureDifference.nullable() }),
  ),
};

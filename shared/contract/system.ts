/** The host process itself: status, vault, demo fleet, and the stream that tells a window what to read again. */
import { z } from 'zod';
import { Id, Instant, Text } from '../model/primitives.ts';
import { command, query, stream } from './define.ts';

export const Activity = z.object({
  id: Id,
  kind: z.enum(['scan', 'plan', 'bundle', 'import']),
  label: Text(300),
  done: z.int(),
  total: z.int(),
  failed: z.int(),
  startedAt: Instant,
  waitingFor: z.array(Text(100)).max(20),
  /** What was moved so far, and a second, on average; only where it is about files. */
  bytes: z.object({ moved: z.int(), perSecond: z.int() }).optional(),
});
export type Activity = z.infer<typeof Activity>;

/** Something changed: read it again. `activity` carries the progress of a long command, `over` its end. */
export const Change = z.discriminatedUnion('type', [
  z.object({ seq: z.int(), type: z.literal('hosts') }),
  z.object({ seq: z.int(), type: z.literal('scan'), hostId: Id }),
  z.object({ seq: z.int(), type: z.literal('guards'), hostId: Id }),
  z.object({ seq: z.int(), type: z.literal('drift'), hostId: Id }),
  z.object({ seq: z.int(), type: z.literal('snapshots') }),
  z.object({ seq: z.int(), type: z.literal('rules') }),
  z.object({ seq: z.int(), type: z.literal('advisories') }),
  z.object({ seq: z.int(), type: z.literal('runs'), runId: Id }),
  z.object({ seq: z.int(), type: z.literal('vault') }),
  z.object({ seq: z.int(), type: z.literal('demo') }),
  z.object({ seq: z.int(), type: z.literal('activity'), activity: Activity, over: z.boolean() }),
]);
export type Change = z.infer<typeof Change>;

export const VaultState = z.object({
  /** `absent`: no secret was ever kept. `keychain`: opened by the system. */
  state: z.enum(['absent', 'locked', 'unlocked']),
  kind: z.enum(['keychain', 'passphrase']),
});

export const DemoState = z.object({ running: z.boolean(), hosts: z.int(), offered: z.boolean() });

export const system = {
  status: query(
    z.object({}),
    z.object({
      version: z.string(),
      pid: z.int(),
      startedAt: Instant,
      dataDir: z.string(),
      instance: Id,
      user: z.string(),
      zone: z.string(),
      vault: VaultState,
      demo: DemoState,
      activities: z.array(Activity),
    }),
  ),
  /** Changes since the stream was opened; a new `instance` in status means: read everything again. */
  changes: stream(z.object({}), Change),
  /** Stops a long command (scan, plan, bundle, import) that is listed under `activities`. */
  cancel: command(z.object({ activity: Id }), z.object({ cancelled: z.boolean() }), {
    permission: 'read',
    audit: 'none',
  }),
  unlock: command(z.object({ passphrase: z.string().min(1).max(1024) }), z.object({ vault: VaultState }), {
    permission: 'admin',
  }),
  lock: command(z.object({}), z.object({ vault: VaultState }), { permission: 'admin' }),
  /** Starts the demo fleet and adds its hosts; stopping removes them. */
  demoStart: command(
    z.object({ hosts: z.int().min(1).max(200).default(24) }),
    z.object({ demo: DemoState }),
    { permission: 'edit' },
  ),
  demoStop: command(z.object({}), z.object({ demo: DemoState }), { permission: 'edit' }),
  /** Do not offer the demo fleet again. */
  demoDismiss: command(z.object({}), z.object({ demo: DemoState }), { permission: 'edit', audit: 'none' }),
};

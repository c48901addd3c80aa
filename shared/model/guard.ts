/** The guard of a host: while a snapshot is frozen there, the host's own package manager refuses what is not listed. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import { ContentHash, HostName, Id, Instant, SnapshotName, Text } from './primitives.ts';

export const GuardDesire = z.enum(['on', 'off']);
export type GuardDesire = z.infer<typeof GuardDesire>;

/**
 * As it was last seen on the host. `pending`: the host was not asked yet. `tampered`: it is there, but not as it was put there;
 * `missing`: somebody took it away; `failed`: it could not be changed, see the error; it is tried again.
 */
export const GuardState = z.enum(['pending', 'on', 'off', 'tampered', 'missing', 'failed']);
export type GuardState = z.infer<typeof GuardState>;

export const GuardView = z.object({
  host: HostName,
  hostId: Id,
  snapshot: SnapshotName,
  revision: z.int(),
  desired: GuardDesire,
  state: GuardState,
  /** `freeze`: put and taken off with a freeze. `hand`: somebody asked for it. */
  by: z.enum(['freeze', 'hand']),
  /** Since when the state is this one. */
  since: Instant.optional(),
  /** When it was last read from the host. */
  checkedAt: Instant.optional(),
  /** When the freeze it belongs to is over. */
  until: Instant.optional(),
  error: FrostError.optional(),
  nextTryAt: Instant.optional(),
  /** What on the host gets past the guard. */
  gaps: z.array(Text(300)).max(100).optional(),
});
export type GuardView = z.infer<typeof GuardView>;

/** What the store keeps of a host's guard, one for each host. */
export const StoredGuard = z.object({
  hostId: Id,
  lineId: Id,
  snapshot: SnapshotName,
  revisionId: ContentHash,
  revision: z.int(),
  desired: GuardDesire,
  by: z.enum(['freeze', 'hand']),
  state: GuardState,
  since: Instant.optional(),
  checkedAt: Instant.optional(),
  until: Instant.optional(),
  error: FrostError.optional(),
  attempts: z.int(),
  nextTryAt: Instant.optional(),
  gaps: z.array(Text(300)).max(100),
  /** What was put on the host last: which request, how its files were, in which boot. */
  put: z.object({ id: z.string(), seal: z.string().max(20_000), bootId: z.string() }).optional(),
});
export type StoredGuard = z.infer<typeof StoredGuard>;

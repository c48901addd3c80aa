/** What each host's guard should be now, and what becomes of the stored one. Pure. */

import type { StoredGuard } from '../../../shared/model/guard.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { GuardReading, GuardRequest } from '../drivers/guard.ts';
import type { Hasher, StoredFreeze } from '../ports.ts';
import { freezesOn, type Matches } from '../snapshots/freeze.ts';
import { windowAt } from '../snapshots/recurrence.ts';
import { showTime } from '../snapshots/time.ts';

const instant = (at: number): string => new Date(at).toISOString();

/** The freeze that asks for a guard on the host at `at`, the one that holds longest. */
export const guardingFreeze = (
  host: Host,
  at: number,
  context: { freezes: StoredFreeze[]; matches: Matches },
): StoredFreeze | undefined => freezesOn(host, at, context).find((stored) => stored.freeze.guard);

/** Until when it holds this time. */
export const untilOf = (stored: StoredFreeze, at: number): string => {
  const window = windowAt(stored.freeze, at);
  return window === undefined ? stored.freeze.to : instant(window.to);
};

const subjectOf = (
  stored: StoredFreeze,
  at: number,
): Pick<StoredGuard, 'lineId' | 'snapshot' | 'revisionId' | 'revision' | 'until'> => ({
  lineId: stored.lineId,
  snapshot: stored.snapshot,
  revisionId: stored.revisionId,
  revision: stored.revision,
  until: untilOf(stored, at),
});

const fresh = { attempts: 0, gaps: [] };

/**
 * The guard to be stored for a host: by its freeze, and what is stored. Undefined: none. What somebody decided by hand holds
 * against the freeze of the same revision, until that is over.
 */
export const wantedGuard = (
  host: Host,
  stored: StoredGuard | undefined,
  freeze: StoredFreeze | undefined,
  at: number,
  /** Some freeze of the stored revision, with a guard or without, holds on the host. */
  holds = false,
): StoredGuard | undefined => {
  if (freeze !== undefined) {
    if (stored === undefined || (stored.state === 'off' && stored.by === 'freeze'))
      return {
        ...fresh,
        hostId: host.id,
        ...subjectOf(freeze, at),
        desired: 'on',
        by: 'freeze',
        state: 'pending',
      };
    if (stored.revisionId === freeze.revisionId)
      return stored.desired === 'off' && stored.by === 'freeze'
        ? { ...again(stored), ...subjectOf(freeze, at), desired: 'on', state: 'pending' }
        : { ...stored, until: untilOf(freeze, at) };
    return { ...again(stored), ...subjectOf(freeze, at), desired: 'on', by: 'freeze', state: 'pending' };
  }
  if (stored === undefined) return undefined;
  // By hand: until it is taken off by hand; where it belongs to a freeze, no longer than that holds.
  const over = stored.by === 'freeze' || (stored.until !== undefined && !holds);
  if (!over) return stored;
  if (stored.desired === 'on') return { ...again(stored), desired: 'off', by: 'freeze' };
  return stored.state === 'off' || stored.state === 'missing' ? undefined : { ...stored, by: 'freeze' };
};

/** To be worked on at once, with the old outcome still shown until then. */
export const again = (stored: StoredGuard): StoredGuard => {
  const { error: _error, nextTryAt: _next, ...rest } = stored;
  return { ...rest, attempts: 0 };
};

/** Names all that a guard lets in. Dependencies that a policy lets through are worked out on the host and are not part of it. */
export const requestOf = (
  revision: Revision,
  ecosystem: Ecosystem,
  guard: Pick<StoredGuard, 'snapshot' | 'revision' | 'until'>,
  more: {
    zone?: string | undefined;
    policy: string;
    allowed: readonly { name: string; arch?: string | undefined; version: string }[];
  },
  hasher: Hasher,
): GuardRequest => {
  const listed = [
    ...revision.content.entries.filter(
      (entry) => entry.ecosystem === ecosystem && entry.decision === 'approve',
    ),
    ...more.allowed,
  ].map(({ name, arch, version }) => ({ name, version, ...(arch === undefined ? {} : { arch }) }));
  const until =
    guard.until === undefined
      ? 'until it is taken off'
      : `until ${showTime(guard.until, more.zone ?? 'UTC')}`;
  return {
    id: hasher.sha256(JSON.stringify([revision.id, more.policy, guard.until ?? null, listed])),
    about: `Frozen by Frostline: snapshot ${guard.snapshot}, revision ${guard.revision}, ${until}.`,
    listed,
  };
};

/** Changes with every touch of the guard's files. */
export const sealOf = (reading: GuardReading): string =>
  reading.files.map(({ path, sha256 }) => `${path} ${sha256}`).join('\n');

/** What was read from a host, put beside what is stored. */
export const judged = (stored: StoredGuard, reading: GuardReading, now: number): StoredGuard => {
  const state = stateOf(stored, reading);
  return {
    ...stored,
    state,
    ...(state === stored.state && stored.since !== undefined ? {} : { since: instant(now) }),
    checkedAt: instant(now),
    gaps: reading.gaps.slice(0, 100),
  };
};

const stateOf = (stored: StoredGuard, reading: GuardReading): StoredGuard['state'] => {
  if (reading.present === 'none')
    return stored.desired === 'off' ? 'off' : stored.put === undefined ? 'pending' : 'missing';
  if (stored.put === undefined) return 'tampered';
  if (sealOf(reading) !== stored.put.seal) return 'tampered';
  // Updaters are paused for a boot; after another one they are paused again, see isStale.
  if (reading.bootId === stored.put.bootId && reading.updaters.some((one) => !one.paused)) return 'tampered';
  return 'on';
};

/** Whole, but the host was started anew and its updaters run again. */
export const isStale = (stored: StoredGuard, reading: GuardReading): boolean =>
  stored.put !== undefined &&
  reading.bootId !== stored.put.bootId &&
  reading.updaters.some((one) => !one.paused);

const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 15 * 60_000;

/** After the `attempts`-th failure in a row: half a minute, doubled each time, at most a quarter of an hour. */
export const retryAfterMs = (attempts: number): number =>
  Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, Math.min(20, attempts - 1)));

/** Something is to be done on the host now. */
export const isDue = (guard: StoredGuard, now: number): boolean => {
  if (guard.nextTryAt !== undefined && Date.parse(guard.nextTryAt) > now) return false;
  if (guard.desired === 'off') return guard.state !== 'off';
  return guard.state === 'pending' || guard.state === 'failed' || guard.state === 'off';
};

/**
 * How much the console's store of old artefacts may hold, and what may leave it. The rule: a file stays as long as a run that
 * is not accepted was to change its package from that version, a plan of the last day that was not run counts on the store for
 * it, or a bundle of a snapshot that is still here has it. All others may be pruned.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { BundleStore } from '../bundles/ports.ts';
import type { Ports, RunStore, SettingStore } from '../ports.ts';
import type { PooledArtefact, PoolLimits } from './ports.ts';

const DEFAULTS: PoolLimits = { file: 200_000_000, pool: 5_000_000_000 };
export const LIMIT_SETTINGS = { file: 'artefacts.max-file', pool: 'artefacts.max-pool' } as const;
const PLAN_KEPT_MS = 24 * 3_600_000;
const LOOK_BACK = 10_000;
const PLANS_LOOKED_AT = 200;

export const limitsOf = (settings: SettingStore): PoolLimits => {
  const read = (kind: keyof PoolLimits): number => {
    const text = settings.setting(LIMIT_SETTINGS[kind]);
    return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : DEFAULTS[kind];
  };
  return { file: read('file'), pool: read('pool') };
};

/** Sizes as people read them. */
export const megabytes = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;

/** `name version`: architectures are not told apart, so that nothing needed is ever taken for unneeded. */
export const versionKey = (a: { name: string; version: string }): string => `${a.name} ${a.version}`;

/** `name version` of everything somebody may still want to go back to. */
export const neededVersions = (
  store: RunStore & Pick<BundleStore, 'bundledVersions'>,
  now: number,
): Set<string> => {
  const needed = new Set<string>();
  const started = new Set<string>();
  for (const summary of store.runs(LOOK_BACK)) {
    started.add(summary.planId);
    if (summary.acceptedAt !== undefined) continue;
    for (const task of store.run(summary.id)?.run.tasks ?? [])
      for (const { name, from } of task.actions)
        if (from !== undefined) needed.add(versionKey({ name, version: from }));
  }
  for (const plan of store.plans(PLANS_LOOKED_AT)) {
    if (started.has(plan.id) || now - Date.parse(plan.createdAt) > PLAN_KEPT_MS) continue;
    for (const { package: name, version, source } of plan.hosts.flatMap((host) => host.reasons))
      if (name !== undefined && version !== undefined && (source === 'console' || source === 'archive'))
        needed.add(versionKey({ name, version }));
  }
  for (const one of store.bundledVersions()) needed.add(versionKey(one));
  return needed;
};

export type Pruned = { removed: PooledArtefact[]; kept: PooledArtefact[]; freedBytes: number };

/** Removes what nobody needs, damaged files included, and what broken transfers left. Errors: `store.full` (read-only). */
export const prune = async (ports: Pick<Ports, 'store' | 'artefacts' | 'clock'>): Promise<Result<Pruned>> => {
  const { artefacts, store, clock } = ports;
  const needed = neededVersions(store, clock.now());
  const all = artefacts.list();
  const wanted = new Set(all.filter((one) => needed.has(versionKey(one))).map((one) => one.sha256));
  const removed: PooledArtefact[] = [];
  const kept: PooledArtefact[] = [];
  let freedBytes = await artefacts.dropUnfinished();
  for (const [sha256, same] of Map.groupBy(all, (one) => one.sha256)) {
    // Needed, but not what its name says: it is no use, and stands in the way of a good copy.
    const keep = wanted.has(sha256) && (await artefacts.verify(sha256)).ok;
    if (keep) {
      kept.push(...same);
      continue;
    }
    const gone = await artefacts.remove(sha256);
    if (!gone.ok) return gone;
    removed.push(...same);
    freedBytes += same[0]?.bytes ?? 0;
  }
  return ok({ removed, kept, freedBytes });
};

/** Whether a file of this size may be taken in; where the pool is full, what nobody needs leaves it first. Errors: `input.too-large`. */
export const makeRoom = async (
  ports: Pick<Ports, 'store' | 'artefacts' | 'clock'>,
  bytes: number,
): Promise<Result<void>> => {
  const limits = limitsOf(ports.store);
  if (bytes > limits.file)
    return fail(
      'input.too-large',
      `${megabytes(bytes)} are more than the ${megabytes(limits.file)} that the console's store takes of one file.`,
    );
  if (ports.artefacts.size().bytes + bytes <= limits.pool) return ok(undefined);
  const pruned = await prune(ports);
  if (!pruned.ok) return pruned;
  if (ports.artefacts.size().bytes + bytes <= limits.pool) return ok(undefined);
  return fail(
    'input.too-large',
    `The console's store of old packages is full (${megabytes(limits.pool)}), and every file in it belongs to a run that is not accepted.`,
  );
};

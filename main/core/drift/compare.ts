/** The arithmetic of drift. Pure. */
import type { DriftBaseline, DriftPackage, StoredDrift } from '../../../shared/model/drift.ts';
import type { Capture, Task } from '../../../shared/model/run.ts';
import type { InstalledPackage } from '../../../shared/model/scan.ts';
import type { HostTransaction } from '../drivers/history.ts';
import { isPresent } from '../drivers/states.ts';

export type Versions = StoredDrift['versions'];

export const versionsOf = (packages: readonly InstalledPackage[]): Versions =>
  packages.map(({ name, arch, version }) => ({ name, arch, version }));

/**
 * What a run left on the host: everything as captured, but the packages it touched, which are as it found them afterwards.
 * Undefined: it is not known how it ended.
 */
export const afterTask = (task: Task, capture: Capture): Versions | undefined => {
  const touched = new Set(task.actions.map((action) => action.name));
  const present = capture.packages
    .filter(isPresent)
    .map(({ name, arch, version }) => ({ name, arch, version }));
  if (task.to.length === 0 && task.actions.some((action) => action.action !== 'remove')) return undefined;
  return [
    ...present.filter((one) => !touched.has(one.name)),
    ...task.to
      .filter((one) => touched.has(one.name))
      .map(({ name, arch, version }) => ({ name, arch, version })),
  ];
};

/** The newest task that changed the host after the baseline, whose end is known. */
export const newerBaseline = (
  tasks: readonly { runId: string; task: Task }[],
  baseline: DriftBaseline | undefined,
): { runId: string; task: Task; at: string } | undefined => {
  for (const { runId, task } of tasks) {
    if (task.finishedAt === undefined || task.startedAt === undefined) continue;
    if (!CHANGED.has(task.state)) continue;
    if (baseline !== undefined && Date.parse(task.finishedAt) <= Date.parse(baseline.at)) return undefined;
    return { runId, task, at: task.finishedAt };
  }
  return undefined;
};
const CHANGED: ReadonlySet<Task['state']> = new Set<Task['state']>([
  'succeeded',
  'failed',
  'rolled-back',
  'rollback-failed',
]);

const place = (one: { name: string; arch: string }): string => `${one.name} ${one.arch}`;

/**
 * Every package that is not as it was. Of packages that may be there in several versions (kernels) each version counts for
 * itself: one that came is `installed`, one that went is `removed`.
 */
export const driftBetween = (
  before: Versions,
  now: Versions,
  compare: (a: string, b: string) => number,
): DriftPackage[] => {
  const was = Map.groupBy(before, place);
  const is = Map.groupBy(now, place);
  const found: DriftPackage[] = [];
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const [name = '', arch = ''] = key.split(' ');
    const left = (was.get(key) ?? []).map((one) => one.version);
    const right = (is.get(key) ?? []).map((one) => one.version);
    const gone = left.filter((version) => !right.includes(version));
    const came = right.filter((version) => !left.includes(version));
    const [from] = gone;
    const [to] = came;
    if (gone.length === 1 && came.length === 1 && from !== undefined && to !== undefined)
      found.push({ name, arch, from, to, kind: compare(to, from) < 0 ? 'downgraded' : 'upgraded' });
    else {
      for (const version of gone) found.push({ name, arch, from: version, to: null, kind: 'removed' });
      for (const version of came) found.push({ name, arch, from: null, to: version, kind: 'installed' });
    }
  }
  return found.sort((a, b) => (place(a) < place(b) ? -1 : 1));
};

/** Who and when, where the host's history has the change: the last transaction that left the package as it is now. */
export const attributed = (
  packages: readonly DriftPackage[],
  history: readonly HostTransaction[],
  since: string,
): DriftPackage[] => {
  const recent = history
    .filter((one) => Date.parse(one.at) >= Date.parse(since) - SLACK_MS)
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return packages.map((one) => {
    const cause = recent.find((transaction) =>
      transaction.changes.some(
        (change) =>
          change.name === one.name &&
          (change.arch === undefined || change.arch === one.arch || one.arch === APT_ALL) &&
          change.to === one.to &&
          (one.to !== null || change.from === undefined || change.from === one.from),
      ),
    );
    if (cause === undefined) return one;
    const { by, command, at } = cause;
    return { ...one, at, ...(by === undefined ? {} : { by }), ...(command === undefined ? {} : { command }) };
  });
};
/** apt's history gives what is of every architecture the host's own. */
const APT_ALL = 'all';
/** A host's clock is not ours, and its logs know no zone. */
const SLACK_MS = 26 * 3_600_000;

/**
 * Judges a host by what it really has, package by package. An exit code is no proof: a job may fail over a package that was
 * broken before, or end well with one left half-configured. Pure.
 *
 * Package states are dpkg's two letters, as in `Capture`: the second tells how far the package got.
 */
import { type FrostError, frostError } from '../../../shared/errors.ts';
import type { PlanAction } from '../../../shared/model/plan.ts';
import type { Capture, CaptureDifference } from '../../../shared/model/run.ts';
import { isBroken, isPresent } from '../drivers/states.ts';
import type { Outcome } from './model.ts';

type Package = Capture['packages'][number];

const keyOf = (entry: { name: string; arch: string }): string => `${entry.name}:${entry.arch}`;

/**
 * One action per package: a package that several stages touch comes from where the first found it, and ends where the last
 * leaves it.
 */
export const netActions = (actions: readonly PlanAction[]): PlanAction[] => {
  const net = new Map<string, PlanAction>();
  for (const action of actions) {
    const first = net.get(keyOf(action));
    const { from: _, ...rest } = action;
    const from = first === undefined ? action.from : first.from;
    net.set(keyOf(action), { ...rest, ...(from !== undefined && { from }) });
  }
  return [...net.values()];
};

type Index = { find(action: { name: string; arch: string; to?: string | undefined }): Package | undefined };

/**
 * By name and architecture; where a package changed its architecture (all ↔ amd64), by name if that is unambiguous. Of a
 * package that is installed in several versions side by side (kernels), the one an action is about, where it is there.
 */
const indexOf = (packages: readonly Package[]): Index => {
  const exact = Map.groupBy(packages, keyOf);
  const byName = Map.groupBy(packages, (entry) => entry.name);
  return {
    find: (action) => {
      const rows = exact.get(keyOf(action)) ?? [];
      const named = byName.get(action.name);
      const [only] = named?.length === 1 ? named : [];
      return rows.find((row) => row.version === action.to) ?? rows[0] ?? only;
    },
  };
};

const isDone = (action: PlanAction, now: Package | undefined): boolean => {
  const present = now !== undefined && isPresent(now);
  if (action.action === 'remove') return !present;
  return present && !isBroken(now.state) && now.version === action.to;
};

/** A package's own script failed: its files are in place all the same, and no state of the manager's tells. */
const isScriptFailure = (complaint: FrostError | null): complaint is FrostError =>
  complaint?.code === 'host.script-failed';

const differs = (a: Package | undefined, b: Package | undefined): boolean => {
  const [presentA, presentB] = [a !== undefined && isPresent(a), b !== undefined && isPresent(b)];
  if (!presentA || !presentB) return presentA !== presentB;
  return a?.version !== b?.version || a?.state !== b?.state;
};

const label = (entry: { name: string; version?: string | undefined }): string =>
  entry.version === undefined ? entry.name : `${entry.name} ${entry.version}`;

const list = (words: string[], most = 5): string =>
  words.length > most
    ? `${words.slice(0, most).join(', ')} and ${words.length - most} more`
    : words.join(', ');

export type Applied = {
  complete: boolean;
  touched: boolean;
  outcome: Outcome;
  error: FrostError | null;
};

/**
 * After an apply job. `complete`: every planned action is true and nothing that was well before is broken now. `complaint`:
 * what the job said of itself; it explains an incomplete result and is overruled by a complete one, but for a failed script.
 */
export const judgeApplied = (o: {
  host: string;
  actions: readonly PlanAction[];
  capture: Capture;
  now: readonly Package[];
  complaint: FrostError | null;
}): Applied => {
  const before = indexOf(o.capture.packages);
  const after = indexOf(o.now);
  const actions = netActions(o.actions);
  const undone = actions.filter((action) => !isDone(action, after.find(action)));
  const broken = o.now.filter((entry) => {
    const was = before.find(entry);
    return isBroken(entry.state) && !(was !== undefined && isBroken(was.state));
  });
  if (undone.length === 0 && broken.length === 0 && !isScriptFailure(o.complaint))
    return { complete: true, touched: true, outcome: { kind: 'planned' }, error: null };

  const touched =
    broken.length > 0 ||
    undone.length === 0 ||
    actions.some((action) => differs(before.find(action), after.find(action)));
  const found = [...new Set([...broken, ...undone].map((entry) => entry.name))].slice(0, 2000);
  const names = found.length > 0 ? found : (o.complaint?.packages ?? []);
  const details = { host: o.host, packages: names };
  const own = broken.length
    ? frostError(
        'host.packages-broken',
        `Left broken: ${list(broken.map((p) => `${p.name} (${p.state})`))}.`,
        details,
      )
    : frostError(
        'host.not-applied',
        `Not as planned: ${list(undone.map((action) => label({ name: action.name, version: action.to })))}.`,
        details,
      );
  return {
    complete: false,
    touched,
    outcome: {
      kind: 'seen',
      packages: actions.flatMap((action) => {
        const now = after.find(action);
        return now !== undefined && isPresent(now)
          ? [{ name: now.name, arch: now.arch, version: now.version }]
          : [];
      }),
    },
    error:
      // Stopped as asked, yet broken: that is a failure, whatever was asked.
      o.complaint === null || (broken.length > 0 && o.complaint.code === 'cancelled')
        ? own
        : {
            ...o.complaint,
            ...details,
            hint: joined(o.complaint.hint, found.length > 0 ? own.message : undefined),
          },
  };
};

const joined = (...parts: (string | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
    .slice(0, 4000);

/**
 * After a rollback job. Differences in packages the task did not touch were made by somebody else: they are reported, and
 * are no failure of the rollback.
 */
export const judgeRestored = (o: {
  host: string;
  actions: readonly PlanAction[];
  difference: CaptureDifference;
  now: readonly Package[];
  complaint: FrostError | null;
}): { restored: boolean; outcome: Outcome; error: FrostError | null } => {
  const touched = new Set(o.actions.map((action) => action.name));
  const versions = o.difference.versions.filter((entry) => touched.has(entry.name));
  const marks = o.difference.marks.filter((entry) => touched.has(entry.name));
  if (versions.length === 0 && marks.length === 0)
    return { restored: true, outcome: { kind: 'restored' }, error: null };
  const said = [
    ...versions.map((v) => `${v.name} is ${v.now ?? 'not installed'}, was ${v.captured ?? 'not installed'}`),
    ...marks.map((m) => `${m.name} ${m.field} is ${m.now}, was ${m.captured}`),
  ];
  return {
    restored: false,
    outcome: {
      kind: 'seen',
      packages: o.now
        .filter((entry) => touched.has(entry.name) && isPresent(entry))
        .map(({ name, arch, version }) => ({ name, arch, version })),
    },
    error: frostError('host.not-restored', `Not as before: ${list(said)}.`, {
      host: o.host,
      packages: [...new Set([...versions, ...marks].map((entry) => entry.name))].slice(0, 2000),
      hint: joined(
        o.complaint?.message,
        o.complaint?.hint,
        'Look at the host; what was put aside for it is still there.',
      ),
    }),
  };
};

const actionKey = ({ action, name, arch, from, to, stage }: PlanAction): string =>
  JSON.stringify([action, name, arch, from ?? null, to ?? null, stage]);

/**
 * What the host would do now otherwise than what was approved, as words; empty: the same. `partly`: the run has changed the
 * host before, so that doing less than approved is to be expected.
 */
export const driftOf = (
  planned: readonly PlanAction[],
  now: readonly PlanAction[],
  partly: boolean,
): { names: string[]; words: string[] } => {
  const [approved, actual] = [new Set(planned.map(actionKey)), new Set(now.map(actionKey))];
  const added = now.filter((action) => !approved.has(actionKey(action)));
  const missing = partly ? [] : planned.filter((action) => !actual.has(actionKey(action)));
  const word = ({ action, name, from, to }: PlanAction): string =>
    `${action} ${name}${from === undefined ? '' : ` ${from}`}${to === undefined ? '' : ` → ${to}`}`;
  return {
    names: [...new Set([...added, ...missing].map((action) => action.name))],
    words: [
      ...added.map((action) => `now would ${word(action)}`),
      ...missing.map((action) => `no longer would ${word(action)}`),
    ],
  };
};

export const driftError = (host: string, drift: { names: string[]; words: string[] }): FrostError =>
  frostError('plan.drifted', `The host changed since it was planned: ${list(drift.words)}.`, {
    host,
    packages: drift.names.slice(0, 2000),
    hint: 'Nothing was changed. Plan again and look at what is different.',
  });

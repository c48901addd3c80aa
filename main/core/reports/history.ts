/** The history report: runs, newest first, with what became of every package on every host. Read from the runs, never from scans. */
import { FrostFault } from '../../../shared/errors.ts';
import type { PlanAction } from '../../../shared/model/plan.ts';
import {
  type HistoryTask,
  type HistoryTotals,
  REPORT_FORMAT,
  type ReportPart,
} from '../../../shared/model/report.ts';
import type { Task } from '../../../shared/model/run.ts';
import { selectStored } from '../fleet/select.ts';
import type { ReportPorts } from './compliance.ts';

/** States before or without any change on the host. */
const NOT_STARTED: ReadonlySet<Task['state']> = new Set<Task['state']>([
  'queued',
  'connecting',
  'checking',
  'simulating',
  'capturing',
  'staging',
  'unreachable',
  'compliant',
  'refused',
  'terminated',
  'cancelled',
]);

const packageOf = (action: PlanAction, task: Task): HistoryTask['packages'][number] => {
  const from = action.from ?? null;
  const to = action.to ?? null;
  const here = task.to.filter((one) => one.name === action.name && one.arch === action.arch);
  // Kernels stand side by side: the one that was planned is the one that counts.
  const now = (here.find((one) => one.version === to) ?? here.at(-1))?.version ?? null;
  const result = NOT_STARTED.has(task.state)
    ? 'not-started'
    : task.to.length === 0
      ? 'unknown'
      : now === to
        ? 'done'
        : now === from
          ? 'unchanged'
          : 'other';
  return { name: action.name, arch: action.arch, action: action.action, from, to, now, result };
};

const taskOf = (task: Task): HistoryTask => ({
  host: task.host,
  state: task.state,
  proof: task.proof,
  ...(task.startedAt === undefined ? {} : { startedAt: task.startedAt }),
  ...(task.finishedAt === undefined ? {} : { finishedAt: task.finishedAt }),
  ...(task.error === undefined ? {} : { error: { code: task.error.code, message: task.error.message } }),
  ...(task.rebooted === undefined ? {} : { rebooted: task.rebooted }),
  packages: task.actions.map((action) => packageOf(action, task)),
});

const count = (sums: Record<string, number>, key: string): void => {
  sums[key] = (sums[key] ?? 0) + 1;
};

/**
 * Without a selector every task of every run, those of hosts that were removed since among them; with one, the tasks of the
 * hosts it means now, and the runs that have any. Throws faults: `input.invalid` (selector).
 */
export async function* historyReport(
  ports: ReportPorts,
  input: { selectors: string[]; limit: number },
  signal: AbortSignal,
): AsyncGenerator<ReportPart> {
  const { store, clock } = ports;
  const selected = input.selectors.length === 0 ? undefined : selectStored(input.selectors, store);
  if (selected?.ok === false) throw new FrostFault(selected.error);
  const hosts = selected === undefined ? undefined : new Set(selected.value.map((host) => host.id));
  yield {
    type: 'head',
    head: {
      format: REPORT_FORMAT,
      kind: 'history',
      createdAt: new Date(clock.now()).toISOString(),
      createdBy: ports.user,
      selectors: input.selectors,
    },
  };
  const totals: HistoryTotals = { runs: 0, tasks: 0, verdicts: {}, states: {} };
  for (const { id } of store.runs(input.limit)) {
    if (signal.aborted) return;
    await clock.wait(0, signal);
    const run = store.run(id)?.run;
    const tasks = (run?.tasks ?? [])
      .filter((task) => hosts === undefined || hosts.has(task.hostId))
      .map(taskOf);
    if (run === undefined || (hosts !== undefined && tasks.length === 0)) continue;
    totals.runs += 1;
    totals.tasks += tasks.length;
    count(totals.verdicts, run.verdict ?? run.state);
    for (const task of tasks) count(totals.states, task.state);
    const { state, verdict, planHash, snapshot, startedAt, finishedAt, acceptedAt, abortReason } = run;
    yield {
      type: 'run',
      run: {
        id,
        state,
        ...(verdict === undefined ? {} : { verdict }),
        planHash,
        snapshot,
        startedAt,
        ...(finishedAt === undefined ? {} : { finishedAt }),
        ...(acceptedAt === undefined ? {} : { acceptedAt }),
        ...(abortReason === undefined ? {} : { abortReason }),
        tasks,
      },
    };
  }
  yield { type: 'history-totals', totals };
}

/** The part of a store in memory that is about plans and runs. */
import type { RunCommit, StoredRun } from '../../main/core/ports.ts';
import type { Plan } from '../../shared/model/plan.ts';
import { copy, fault, type Records } from './memoryRecords.ts';

export const planMethods = (r: Records) => {
  const newest = (limit: number): Plan[] => [...r.plans.values()].toReversed().slice(0, limit);
  return {
    putPlan: (plan: Plan) => {
      if (r.plans.has(plan.id)) throw fault('already-exists', 'This plan is stored already.');
      r.plans.set(plan.id, copy(plan));
    },
    plan: (id: string) => copy(r.plans.get(id)),
    plans: (limit: number) => copy(newest(limit)),
    planSummaries: (limit: number) =>
      newest(limit).map(({ hosts, ...rest }) => ({ ...copy(rest), hostCount: hosts.length })),
  };
};

export const runMethods = (r: Records) => {
  const apply = (commit: RunCommit, before: StoredRun | undefined): void => {
    const id = commit.run.id;
    const stored = r.events.get(id) ?? [];
    const expected = commit.events.map((_, index) => stored.length + 1 + index);
    if (commit.events.some((event, index) => event.run !== id || event.seq !== expected[index]))
      throw fault('internal', `The events of run ${id} do not continue the stored ones.`);
    if (commit.run.seq !== stored.length + commit.events.length)
      throw fault('internal', `The last event of run ${id} is not the one the run names.`);
    const done = new Set(commit.doneEffects);
    const effects = [...(before?.effects ?? []), ...copy(commit.addEffects)].filter((e) => !done.has(e.id));
    if (new Set(effects.map((effect) => effect.id)).size !== effects.length)
      throw fault('internal', `An effect of run ${id} is stored already.`);
    const acceptedAt = before?.run.acceptedAt ?? commit.run.acceptedAt;
    const run = { ...copy(commit.run), ...(acceptedAt === undefined ? {} : { acceptedAt }) };
    r.runs.set(id, { run, state: copy(commit.state), effects });
    r.events.set(id, [...stored, ...copy(commit.events)]);
    for (const capture of commit.captures ?? [])
      r.captures.set(`${capture.runId}/${capture.hostId}`, copy(capture));
  };
  return {
    createRun: (commit: RunCommit) => {
      if (r.runs.has(commit.run.id)) throw fault('already-exists', 'This run is stored already.');
      apply(commit, undefined);
    },
    commitRun: (commit: RunCommit) => {
      const before = r.runs.get(commit.run.id);
      if (before === undefined) throw fault('not-found', `There is no run ${commit.run.id}.`);
      apply(commit, before);
    },
    run: (id: string) => copy(r.runs.get(id)),
    runs: (limit: number) =>
      [...r.runs.values()]
        .toReversed()
        .slice(0, limit)
        .map(({ run: { tasks: _, ...summary } }) => copy(summary)),
    unfinishedRuns: () =>
      copy([...r.runs.values()].filter((s) => s.run.state !== 'finished' || s.effects.length > 0)),
    events: (runId: string, since: number, limit: number) =>
      copy((r.events.get(runId) ?? []).slice(since, since + limit)),
    outputLines: (runId: string, host: string, limit: number) =>
      (r.events.get(runId) ?? [])
        .flatMap((event) => (event.type === 'task.output' && event.host === host ? [event.line] : []))
        .slice(-limit),
    capture: (runId: string, hostId: string) => copy(r.captures.get(`${runId}/${hostId}`)),
    tasksOf: (hostId: string, limit: number) =>
      copy(
        [...r.runs.values()]
          .reverse()
          .flatMap(({ run }) => run.tasks.map((task) => ({ runId: run.id, task })))
          .filter(({ task }) => task.hostId === hostId)
          .slice(0, limit),
      ),
    taskSeconds: (runs: number) => {
      const found = new Map<string, number[]>();
      for (const { run } of [...r.runs.values()].reverse().slice(0, runs))
        for (const { hostId, state, startedAt, finishedAt } of run.tasks)
          if (state === 'succeeded' && startedAt !== undefined && finishedAt !== undefined)
            found.set(hostId, [
              ...(found.get(hostId) ?? []),
              Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000,
            ]);
      return found;
    },
    markAccepted: (runId: string, at: string) => {
      const stored = r.runs.get(runId);
      if (stored === undefined) throw fault('not-found', `There is no run ${runId}.`);
      stored.run.acceptedAt = at;
    },
  };
};

/**
 * The page's fold against the engine itself: whatever happens in a run, what the page makes of the events is what
 * `runs.show` answers. Versions found and wishes for a reboot stand in no event; the page reads those again.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect, Input, StepResult } from '../../../../main/core/runs/model.ts';
import { initialRun, projectRun, projectTask } from '../../../../main/core/runs/project.ts';
import { reduce } from '../../../../main/core/runs/reducer.ts';
import { foldAll, openRun } from '../../../../renderer/features/run/fold.ts';
import { frostError } from '../../../../shared/errors.ts';
import type { Run, Task } from '../../../../shared/model/run.ts';
import { planOf } from '../../runs/plans.ts';
import { at, RUN } from './samples.ts';

const error = frostError('host.command-failed', 'it failed');
const gone = frostError('host.unreachable', 'no answer');
const failed: StepResult[] = [
  { kind: 'failed', error },
  { kind: 'failed', error: gone },
  { kind: 'failed', error: frostError('cancelled', 'stopped') },
];
const RESULTS: Record<string, StepResult[]> = {
  simulate: [{ kind: 'passed' }, { kind: 'passed' }, { kind: 'compliant' }, ...failed],
  apply: [
    { kind: 'job-ended', complaint: null },
    { kind: 'job-absent' },
    { kind: 'job-lost', error, contact: true },
  ],
  verify: [true, true, false].map((complete) => ({
    kind: 'verified',
    complete,
    touched: true,
    outcome: { kind: 'planned' },
    error: complete ? null : error,
    rebootRequired: false,
  })),
  rollback: [
    { kind: 'job-ended', complaint: null },
    { kind: 'job-lost', error, contact: false },
  ],
  compare: [true, false].map((restored) => ({
    kind: 'compared',
    restored,
    difference: { equal: restored, versions: [], marks: [] },
    outcome: { kind: 'restored' },
    error: restored ? null : error,
    rebootRequired: false,
  })),
};
const EARLY: StepResult[] = [{ kind: 'passed' }, { kind: 'passed' }, { kind: 'passed' }, ...failed];

/** The next thing that happens, picked by a number. */
const inputFor = (number: number, open: readonly Effect[], hostIds: string[], when: string): Input => {
  const effect = open[number % Math.max(1, open.length)];
  const kind = Math.floor(number / 16) % 12;
  if (kind === 0) return { kind: 'abort', at: when, reason: 'enough', stopRunning: number % 2 === 0 };
  if (kind === 1) return { kind: 'rollback', at: when, hostIds, all: number % 2 === 0 };
  if (kind === 2 || effect === undefined) return { kind: 'retry', at: when, hostIds };
  if (effect.kind === 'interrupt' || effect.kind === 'stop-job')
    return { kind: 'side-done', at: when, effect: effect.id };
  if (kind === 3)
    return {
      kind: 'progress',
      at: when,
      effect: effect.id,
      progress: { phase: 'unpacking', package: 'curl', percent: number % 101 },
    };
  const results = RESULTS[effect.kind] ?? EARLY;
  const result = results[Math.floor(number / 200) % results.length] ?? { kind: 'passed' };
  return { kind: 'step', at: when, effect: effect.id, result };
};

const shown = ({ state, verdict, abortReason, finishedAt, acceptedAt, seq, counts, tasks }: Run) => ({
  ...{ state, verdict, abortReason, finishedAt, acceptedAt, seq, counts },
  tasks: tasks.map(visible),
});
const visible = (task: Task) => {
  const {
    host,
    state,
    error: why,
    phase,
    percent,
    waitingFor,
    attempt,
    startedAt,
    finishedAt,
    difference,
  } = task;
  return {
    host,
    state,
    why,
    phase,
    percent,
    waitingFor,
    package: task.package,
    attempt,
    startedAt,
    finishedAt,
    difference,
  };
};

describe('the fold and the engine', () => {
  it('tell the same story after every step, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 120 }),
        fc.constantFrom('keep' as const, 'rollback-host' as const, 'rollback-run' as const),
        fc.nat({ max: 3 }),
        (numbers, onFailure, maxFailures) => {
          const plan = planOf({
            hosts: 3,
            concurrency: 2,
            maxFailures,
            ignoreUnreachable: false,
            onFailure,
            planned: [],
          });
          const project = (model: ReturnType<typeof initialRun>): Run =>
            projectRun(
              model,
              plan,
              model.tasks.map((task) =>
                projectTask(task, plan.hosts.find((h) => h.host === task.host)?.actions ?? []),
              ),
            );
          let model = initialRun(plan, RUN, at(0));
          let open: readonly Effect[] = [];
          let view = openRun(project(model));
          [-1, ...numbers].forEach((number, index) => {
            const when = at(index);
            const hostIds = plan.hosts.map((host) => host.hostId);
            const step = reduce(
              model,
              number < 0 ? { kind: 'start', at: when } : inputFor(number, open, hostIds, when),
            );
            const done = new Set(step.done);
            open = [...open.filter((effect) => !done.has(effect.id)), ...step.effects];
            model = step.state;
            view = foldAll(view, step.events);
            expect(shown(view.run)).toEqual(shown(project(model)));
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});

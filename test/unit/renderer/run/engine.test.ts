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
    rebootRequired: complete,
  })),
  reboot: [
    { kind: 'passed', rebooted: true },
    { kind: 'unknown', error: gone, contact: false },
    { kind: 'failed', error },
  ],
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

/** The next thing that happens, picked by a number. `calm`: mostly what was hoped for, so that hosts get to their ends. */
const inputFor = (
  number: number,
  { open, hostIds, when, calm }: { open: readonly Effect[]; hostIds: string[]; when: string; calm: boolean },
): Input => {
  const effect = open[number % Math.max(1, open.length)];
  const hoped = effect === undefined ? undefined : (RESULTS[effect.kind] ?? EARLY)[0];
  if (calm && effect !== undefined && hoped !== undefined && number % 9 !== 0 && effect.kind !== 'stop-job')
    return { kind: 'step', at: when, effect: effect.id, result: hoped };
  const kind = Math.floor(number / 16) % 16;
  if (kind === 0) return { kind: 'abort', at: when, reason: 'enough', stopRunning: number % 2 === 0 };
  if (kind === 1) return { kind: 'rollback', at: when, hostIds, all: number % 2 === 0 };
  if (kind >= 12 && kind < 15) return { kind: 'approve', at: when };
  if (kind === 15) {
    const result = (['clear', 'clear', 'met', 'unreadable'] as const)[number % 4] ?? 'clear';
    return number % 5 === 0
      ? { kind: 'tick', at: when }
      : { kind: 'probe', at: when, result, detail: 'said' };
  }
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

const shown = ({ tasks, ...run }: Run) => ({
  ...run,
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
    rebooted,
    wave,
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
    rebooted,
    wave,
  };
};

describe('the fold and the engine', () => {
  it('tell the same story after every step, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 120 }),
        fc.constantFrom('keep' as const, 'rollback-host' as const, 'rollback-run' as const),
        fc.nat({ max: 3 }),
        fc.record({
          resolvedGate: fc.constantFrom(
            { kind: 'auto' as const },
            { kind: 'manual' as const },
            { kind: 'soak' as const, seconds: 10 },
          ),
          slowStart: fc.boolean(),
          reboot: fc.constantFrom('never' as const, 'if-required' as const, 'always' as const),
          commands: fc.constantFrom({}, { before: 'b' }, { after: 'a', probe: 'p' }, { abortIf: 'x' }),
          until: fc.constantFrom({}, { until: at(40) }),
        }),
        fc.constantFrom<number[]>([], [1, 1]),
        fc.boolean(),
        (numbers, onFailure, maxFailures, { commands, until, ...more }, waves, calm) => {
          const plan = planOf({
            hosts: 3,
            concurrency: 2,
            maxFailures,
            ignoreUnreachable: false,
            onFailure,
            planned: [],
            waves,
            parameters: { ...more, ...commands, ...until },
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
              number < 0 ? { kind: 'start', at: when } : inputFor(number, { open, hostIds, when, calm }),
            );
            const done = new Set(step.done);
            open = [...open.filter((effect) => !done.has(effect.id)), ...step.effects];
            model = step.state;
            view = foldAll(view, step.events);
            expect(shown(view.run)).toEqual(shown(project(model)));
          });
        },
      ),
      { numRuns: 600 },
    );
  });
});

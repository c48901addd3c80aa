/**
 * The reducer against anything that may come: a model host answers its effects with whatever result their kind allows, in
 * any order, and the operator aborts, rolls back and retries in between. What must hold, holds after every single event.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Effect,
  type EffectKind,
  type Input,
  RunModel,
  type StepResult,
} from '../../../main/core/runs/model.ts';
import { initialRun, projectRun, projectTask } from '../../../main/core/runs/project.ts';
import { OUTPUT_LINES, reduce } from '../../../main/core/runs/reducer.ts';
import { differences, emptyReplay, replayEvent } from '../../../main/core/runs/replay.ts';
import { isActive, mayFollow } from '../../../main/core/runs/transitions.ts';
import { frostError } from '../../../shared/errors.ts';
import type { RunEvent, TaskState } from '../../../shared/model/run.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';
import { planOf } from './plans.ts';

const AT = '2026-11-23T14:00:00.000Z';
const difference = { equal: true, versions: [], marks: [] };
const error = (code: Parameters<typeof frostError>[0]) => frostError(code, `because of ${code}`);

const failedResult = (code: Parameters<typeof frostError>[0]): StepResult => ({
  kind: 'failed',
  error: error(code),
});
const lost = (contact: boolean): StepResult => ({
  kind: 'job-lost',
  error: error('host.connection-lost'),
  contact,
});
const unknown = (contact: boolean): StepResult => ({
  kind: 'unknown',
  error: error('host.unreachable'),
  contact,
});
const verified = (complete: boolean, touched: boolean, code?: 'cancelled'): StepResult => ({
  kind: 'verified',
  complete,
  touched,
  outcome: { kind: 'planned' },
  error: complete ? null : error(code ?? 'host.not-applied'),
  rebootRequired: false,
});
const compared = (restored: boolean): StepResult => ({
  kind: 'compared',
  restored,
  difference,
  outcome: { kind: 'restored' },
  error: restored ? null : error('host.not-restored'),
  rebootRequired: false,
});
const passed: StepResult = { kind: 'passed' };
const early = [
  failedResult('host.unreachable'),
  failedResult('host.sudo-refused'),
  failedResult('freeze.other-snapshot'),
  failedResult('cancelled'),
];

/** Every result a step of that kind can give; the first is the good one. */
const RESULTS: Record<Exclude<EffectKind, 'interrupt' | 'stop-job'>, StepResult[]> = {
  connect: [passed, ...early],
  check: [passed, ...early],
  simulate: [passed, { kind: 'compliant' }, ...early],
  capture: [passed, ...early],
  stage: [passed, ...early],
  apply: [
    { kind: 'job-ended', complaint: null },
    { kind: 'job-ended', complaint: error('host.command-failed') },
    { kind: 'job-absent' },
    lost(true),
    lost(false),
    ...early,
  ],
  verify: [
    verified(true, true),
    verified(false, true),
    verified(false, false),
    verified(false, true, 'cancelled'),
    unknown(true),
    unknown(false),
  ],
  rollback: [
    { kind: 'job-ended', complaint: null },
    { kind: 'job-absent' },
    lost(true),
    lost(false),
    failedResult('host.unreachable'),
    failedResult('host.busy'),
  ],
  compare: [compared(true), compared(false), unknown(true), unknown(false)],
};

/** A run under test: the reducer, the effects it asked for that are not done, and all events so far. */
class Harness {
  model: RunModel;
  open: Effect[] = [];
  events: RunEvent[] = [];
  readonly plan;
  readonly replay = emptyReplay();
  aborted = false;

  constructor(plan: ReturnType<typeof planOf>) {
    this.plan = plan;
    this.model = initialRun(plan, '11111111-2222-4333-8444-555555555555', AT);
    this.give({ kind: 'start', at: AT });
  }

  give(input: Input): void {
    const step = reduce(this.model, input);
    for (const event of step.events) this.check(event);
    const done = new Set(step.done);
    this.open = [...this.open.filter((effect) => !done.has(effect.id)), ...step.effects];
    this.model = step.state;
    this.judge();
  }

  check(event: RunEvent): void {
    expect(event.seq).toBe(this.events.length + 1);
    this.events.push(event);
    if (event.type === 'task.state') {
      expect(mayFollow(event.from, event.to), `${event.from} → ${event.to}`).toBe(true);
      if (event.to === 'connecting') expect(this.aborted, 'a task started after the abort').toBe(false);
    }
    if (event.type === 'run.aborting') this.aborted = true;
    if (event.type === 'run.retrying') this.aborted = false;
    replayEvent(this.replay, event, this.plan.parameters.concurrency);
    expect(this.replay.problems).toEqual([]);
  }

  /** What holds between any two inputs. */
  judge(): void {
    const { tasks, parameters } = this.model;
    const active = tasks.filter((task) => isActive(task.state));
    expect(active.length).toBeLessThanOrEqual(parameters.concurrency);
    for (const task of tasks) {
      // Whoever is at work waits for exactly one effect that is open; whoever is not, waits for none.
      expect(this.open.filter((effect) => effect.id === task.effect)).toHaveLength(
        isActive(task.state) ? 1 : 0,
      );
      if (task.changed && FINAL_STATES.has(task.state))
        expect(task.captured || task.reattach !== null).toBe(true);
    }
    expect(differences(this.replay, this.run())).toEqual([]);
  }

  run() {
    const actions = new Map(this.plan.hosts.map((host) => [host.hostId, host.actions]));
    return projectRun(
      this.model,
      this.plan,
      this.model.tasks.map((task) => projectTask(task, actions.get(task.hostId) ?? [])),
    );
  }

  answer(effect: Effect, choice: number): void {
    if (effect.kind === 'interrupt' || effect.kind === 'stop-job') {
      this.give({ kind: 'side-done', at: AT, effect: effect.id });
      return;
    }
    const results = RESULTS[effect.kind];
    const result = results[choice % results.length] ?? passed;
    this.give({ kind: 'step', at: AT, effect: effect.id, result });
  }

  /** What is in the store is JSON: nothing may be lost on the way through it. */
  store(): void {
    const stored = RunModel.parse(JSON.parse(JSON.stringify(this.model)));
    expect(stored).toEqual(this.model);
    this.model = stored;
  }

  /** Lets everything end, well. */
  finish(): void {
    for (let steps = 0; this.open.length > 0; steps += 1) {
      expect(steps).toBeLessThan(10_000);
      const [next] = this.open;
      if (next !== undefined) this.answer(next, 0);
    }
  }

  state(host: string): TaskState | undefined {
    return this.model.tasks.find((task) => task.host === host)?.state;
  }

  /** Answers effects of `host` well until it waits for `kind`, then gives that one `result`. */
  until(host: string, kind: EffectKind, result: StepResult): void {
    for (let steps = 0; steps < 1000; steps += 1) {
      const hostId = this.model.tasks.find((task) => task.host === host)?.hostId;
      const effect = this.open.find((one) => one.hostId === hostId) ?? this.open[0];
      if (effect === undefined) throw new Error(`${host} never came to ${kind}`);
      if (effect.hostId === hostId && effect.kind === kind) {
        this.give({ kind: 'step', at: AT, effect: effect.id, result });
        return;
      }
      this.answer(effect, 0);
    }
  }
}

const onFailure = fc.constantFrom('keep', 'rollback-host', 'rollback-run');
const setting = fc.record({
  hosts: fc.integer({ min: 1, max: 9 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  maxFailures: fc.integer({ min: 0, max: 9 }),
  ignoreUnreachable: fc.boolean(),
  onFailure,
  planned: fc.array(
    fc.constantFrom('ready', 'ready', 'ready', 'compliant', 'refused', 'failed', 'unreachable'),
    { maxLength: 9 },
  ),
});

type Move =
  | { kind: 'answer'; pick: number; choice: number }
  | { kind: 'stale'; pick: number }
  | { kind: 'abort'; stopRunning: boolean }
  | { kind: 'rollback'; mask: number; all: boolean }
  | { kind: 'retry'; mask: number }
  | { kind: 'output'; pick: number; lines: number };

const answer = fc.record({
  kind: fc.constant('answer' as const),
  pick: fc.nat(30),
  choice: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(11) }),
});
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 30, arbitrary: answer },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), pick: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), stopRunning: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rollback' as const), mask: fc.nat(511), all: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry' as const), mask: fc.nat(511) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('output' as const), pick: fc.nat(30), lines: fc.nat(3) }),
  },
);

const play = (harness: Harness, one: Move): void => {
  const masked = (mask: number) =>
    harness.model.tasks.filter((_, index) => (mask >> index) % 2 === 1).map((task) => task.hostId);
  const open = 'pick' in one ? harness.open[one.pick % Math.max(1, harness.open.length)] : undefined;
  switch (one.kind) {
    case 'answer':
      if (open !== undefined) harness.answer(open, one.choice);
      break;
    case 'stale': {
      const before = harness.model;
      harness.give({ kind: 'step', at: AT, effect: `nobody/${one.pick}`, result: passed });
      expect(harness.model).toEqual(before);
      break;
    }
    case 'abort':
      harness.give({ kind: 'abort', at: AT, reason: 'by the operator', stopRunning: one.stopRunning });
      break;
    case 'rollback':
      harness.give({ kind: 'rollback', at: AT, hostIds: masked(one.mask), all: one.all });
      break;
    case 'retry':
      harness.give({ kind: 'retry', at: AT, hostIds: masked(one.mask) });
      break;
    case 'output':
      if (open !== undefined)
        harness.give({
          kind: 'output',
          at: AT,
          effect: open.id,
          lines: Array.from({ length: one.lines }, (_, n) => `line ${n}`),
          mark: { log: 10, progress: 5 },
        });
      break;
  }
};

describe('whatever happens in whatever order', () => {
  // Hundreds of runs of hundreds of steps: seconds on a machine of its own, more on a busy one.
  it('cap, abort, numbering and legal steps hold after every event, the log replays to the state, and every run ends', {
    timeout: 180_000,
  }, () => {
    fc.assert(
      fc.property(setting, fc.array(move, { maxLength: 160 }), (o, moves) => {
        const harness = new Harness(planOf(o));
        for (const one of moves) play(harness, one);
        harness.store();
        harness.finish();
        harness.store();
        expect(harness.model.state).toBe('finished');
        expect(harness.events.at(-1)?.type).toMatch(/run\.finished|task\.output/);
        for (const task of harness.model.tasks) expect(FINAL_STATES.has(task.state)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('aborts by itself exactly when the counted failures exceed the limit', { timeout: 180_000 }, () => {
    fc.assert(
      fc.property(setting, fc.array(answer, { maxLength: 200 }), (o, answers) => {
        const plan = planOf({ ...o, onFailure: o.onFailure === 'rollback-run' ? 'keep' : o.onFailure });
        const limit = plan.parameters.abortsAtFailure;
        const harness = new Harness(plan);
        const judge = () => {
          const failures = harness.model.tasks.filter((task) => task.counted).length;
          expect(harness.aborted).toBe(limit !== null && failures >= limit);
        };
        // A run that has ended does not abort any more, and one whose last task fails just ends with both.
        for (const one of answers) {
          play(harness, one);
          judge();
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('on failure', () => {
  const base = { hosts: 3, concurrency: 1, maxFailures: 3, ignoreUnreachable: false, planned: [] };

  it('keep leaves the host as it is, and the run goes on', () => {
    const harness = new Harness(planOf({ ...base, onFailure: 'keep' }));
    harness.until('h1', 'verify', verified(false, true));
    expect(harness.state('h1')).toBe('failed');
    harness.finish();
    expect(harness.model.verdict).toBe('partial');
  });

  it('rollback-host undoes that host on its own slot before the next one starts', () => {
    const harness = new Harness(planOf({ ...base, onFailure: 'rollback-host' }));
    harness.until('h1', 'verify', verified(false, true));
    expect(harness.state('h1')).toBe('rolling-back');
    expect(harness.state('h2')).toBe('queued');
    harness.finish();
    expect(harness.state('h1')).toBe('rolled-back');
    expect(harness.model.tasks[0]?.error?.code).toBe('host.not-applied');
    expect(harness.model.verdict).toBe('partial');
  });

  it('does not roll back a host on which nothing was changed', () => {
    const harness = new Harness(planOf({ ...base, onFailure: 'rollback-host' }));
    harness.until('h1', 'verify', verified(false, false));
    expect(harness.state('h1')).toBe('failed');
  });

  it('rollback-run ends the run at the first failure and undoes the newest completed first', () => {
    const harness = new Harness(planOf({ ...base, hosts: 4, onFailure: 'rollback-run' }));
    harness.until('h3', 'verify', verified(false, true));
    harness.finish();
    expect(harness.model.tasks.map((task) => task.state)).toEqual([
      'rolled-back',
      'rolled-back',
      'rolled-back',
      'terminated',
    ]);
    const undone = harness.events.flatMap((event) =>
      event.type === 'task.state' && event.to === 'rolling-back' ? [event.host] : [],
    );
    expect(undone).toEqual(['h3', 'h2', 'h1']);
    expect(harness.model.verdict).toBe('rolled-back');
  });

  it('an unreachable host counts, unless told otherwise', () => {
    const strict = { ...base, maxFailures: 0, onFailure: 'keep' as const };
    const counting = new Harness(planOf(strict));
    counting.until('h1', 'connect', failedResult('host.unreachable'));
    counting.finish();
    expect(counting.model.tasks.map((task) => task.state)).toEqual([
      'unreachable',
      'terminated',
      'terminated',
    ]);
    expect(counting.model.verdict).toBe('aborted');
    const ignoring = new Harness(planOf({ ...strict, ignoreUnreachable: true }));
    ignoring.until('h1', 'connect', failedResult('host.unreachable'));
    ignoring.finish();
    expect(ignoring.model.tasks.map((task) => task.state)).toEqual(['unreachable', 'succeeded', 'succeeded']);
    expect(ignoring.model.verdict).toBe('partial');
  });
});

describe('the operator', () => {
  const base = {
    hosts: 3,
    concurrency: 2,
    maxFailures: 3,
    ignoreUnreachable: false,
    planned: [],
    onFailure: 'rollback-host' as const,
  };

  it('aborts: what runs finishes, what never started is terminated', () => {
    const harness = new Harness(planOf(base));
    harness.give({ kind: 'abort', at: AT, reason: 'enough', stopRunning: false });
    expect(harness.state('h3')).toBe('terminated');
    harness.finish();
    expect(harness.model.tasks.map((task) => task.state)).toEqual(['succeeded', 'succeeded', 'terminated']);
    expect(harness.model).toMatchObject({ verdict: 'aborted', abortReason: 'enough' });
  });

  it('aborts and stops: tasks that changed nothing end, jobs are asked to stop', () => {
    const harness = new Harness(planOf(base));
    harness.until('h1', 'stage', passed);
    harness.give({ kind: 'abort', at: AT, reason: 'stop', stopRunning: true });
    expect(harness.open.map((effect) => effect.kind).sort()).toEqual([
      'apply',
      'connect',
      'interrupt',
      'stop-job',
    ]);
    harness.until('h1', 'verify', verified(false, true, 'cancelled'));
    harness.finish();
    expect(harness.model.tasks.map((task) => task.state)).toEqual(['cancelled', 'cancelled', 'terminated']);
    expect(harness.model.tasks[0]?.changed).toBe(true);
  });

  it('rolls back one host after the run, and the verdict stays honest', () => {
    const harness = new Harness(planOf(base));
    harness.finish();
    expect(harness.model.verdict).toBe('success');
    const hostId = harness.model.tasks[1]?.hostId ?? '';
    harness.give({ kind: 'rollback', at: AT, hostIds: [hostId], all: false });
    expect(harness.model).toMatchObject({ state: 'rolling-back', verdict: null });
    harness.finish();
    expect(harness.state('h2')).toBe('rolled-back');
    expect(harness.model).toMatchObject({ state: 'finished', verdict: 'partial' });
  });

  it('rolls back everything in the middle of the run', () => {
    const harness = new Harness(planOf(base));
    harness.until('h1', 'verify', verified(true, true));
    harness.give({ kind: 'rollback', at: AT, hostIds: [], all: true });
    harness.finish();
    expect(harness.state('h1')).toBe('rolled-back');
    expect(harness.model.tasks.every((task) => !task.changed)).toBe(true);
    expect(harness.model.verdict).toBe('rolled-back');
  });

  it('retries: another attempt with another token', () => {
    const harness = new Harness(planOf({ ...base, onFailure: 'keep' }));
    harness.until('h1', 'connect', failedResult('host.unreachable'));
    harness.finish();
    const before = harness.model.tasks[0];
    harness.give({ kind: 'retry', at: AT, hostIds: [before?.hostId ?? ''] });
    harness.finish();
    const after = harness.model.tasks[0];
    expect(after).toMatchObject({ state: 'succeeded', attempt: 2, error: null });
    expect(after?.token).not.toBe(before?.token);
    expect(harness.model.verdict).toBe('success');
  });

  it('retries a host whose job was lost by looking for that job, with the same token', () => {
    const harness = new Harness(planOf(base));
    harness.until('h1', 'apply', lost(false));
    harness.finish();
    expect(harness.state('h1')).toBe('interrupted');
    const { token, hostId } = harness.model.tasks[0] ?? { token: '', hostId: '' };
    harness.give({ kind: 'retry', at: AT, hostIds: [hostId] });
    harness.until('h1', 'connect', passed);
    expect(harness.model.tasks[0]).toMatchObject({ state: 'applying', token, attempt: 1 });
    harness.finish();
    expect(harness.state('h1')).toBe('succeeded');
  });
});

describe('verdict', () => {
  const base = {
    hosts: 2,
    concurrency: 2,
    maxFailures: 2,
    ignoreUnreachable: false,
    onFailure: 'rollback-host' as const,
  };
  it.each([
    ['refused', ['refused', 'refused'], 'refused'],
    ['failed', ['failed', 'refused'], 'failed'],
    ['success', ['compliant', 'ready'], 'success'],
    ['partial', ['ready', 'refused'], 'partial'],
  ] as const)('%s', (_, planned, verdict) => {
    const harness = new Harness(planOf({ ...base, planned: [...planned] }));
    harness.finish();
    expect(harness.model.verdict).toBe(verdict);
  });

  it('unreachable, when nobody was reached', () => {
    const harness = new Harness(planOf({ ...base, planned: [] }));
    harness.until('h1', 'connect', failedResult('host.unreachable'));
    harness.until('h2', 'connect', failedResult('host.timeout'));
    expect(harness.model.verdict).toBe('unreachable');
  });
});

it('keeps a bounded number of output lines, and says so once', () => {
  const harness = new Harness(
    planOf({
      hosts: 1,
      concurrency: 1,
      maxFailures: 1,
      ignoreUnreachable: false,
      planned: [],
      onFailure: 'keep',
    }),
  );
  const [effect] = harness.open;
  const lines = Array.from({ length: OUTPUT_LINES - 1 }, (_, n) => `line ${n}`);
  for (let times = 0; times < 3; times += 1)
    harness.give({ kind: 'output', at: AT, effect: effect?.id ?? '', lines, mark: { log: 1, progress: 1 } });
  const kept = harness.events.flatMap((event) => (event.type === 'task.output' ? [event.line] : []));
  expect(kept).toHaveLength(OUTPUT_LINES + 1);
  expect(kept.at(-1)).toContain('further output is not kept');
});

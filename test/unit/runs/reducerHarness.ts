/**
 * A model host for the reducer's tests: the reducer against anything that may come: a model host answers its effects with whatever result their kind allows, in
 * any order, and the operator aborts, rolls back and retries in between. What must hold, holds after every single event.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  type Effect,
  type EffectKind,
  type Input,
  RunModel,
  type StepResult,
} from '../../../main/core/runs/model.ts';
import { initialRun, projectRun, projectTask } from '../../../main/core/runs/project.ts';
import { reduce } from '../../../main/core/runs/reducer.ts';
import { differences, emptyReplay, replayEvent } from '../../../main/core/runs/replay.ts';
import { isActive, mayFollow } from '../../../main/core/runs/transitions.ts';
import { frostError } from '../../../shared/errors.ts';
import type { RunEvent, TaskState } from '../../../shared/model/run.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';
import type { planOf } from './plans.ts';

export const AT = '2026-11-23T14:00:00.000Z';
export const difference = { equal: true, versions: [], marks: [] };
export const error = (code: Parameters<typeof frostError>[0]) => frostError(code, `because of ${code}`);

export const failedResult = (code: Parameters<typeof frostError>[0]): StepResult => ({
  kind: 'failed',
  error: error(code),
});
export const lost = (contact: boolean): StepResult => ({
  kind: 'job-lost',
  error: error('host.connection-lost'),
  contact,
});
export const unknown = (contact: boolean): StepResult => ({
  kind: 'unknown',
  error: error('host.unreachable'),
  contact,
});
export const verified = (
  complete: boolean,
  touched: boolean,
  code?: 'cancelled',
  rebootRequired = false,
): StepResult => ({
  kind: 'verified',
  complete,
  touched,
  outcome: { kind: 'planned' },
  error: complete ? null : error(code ?? 'host.not-applied'),
  rebootRequired,
});
export const compared = (restored: boolean): StepResult => ({
  kind: 'compared',
  restored,
  difference,
  outcome: { kind: 'restored' },
  error: restored ? null : error('host.not-restored'),
  rebootRequired: false,
});
export const passed: StepResult = { kind: 'passed' };
export const early = [
  failedResult('host.unreachable'),
  failedResult('host.sudo-refused'),
  failedResult('freeze.other-snapshot'),
  failedResult('cancelled'),
];

/** Every result a step of that kind can give; the first is the good one. */
export const RESULTS: Record<Exclude<EffectKind, 'interrupt' | 'stop-job'>, StepResult[]> = {
  connect: [passed, ...early],
  check: [passed, ...early],
  simulate: [passed, { kind: 'compliant' }, ...early],
  capture: [passed, ...early],
  stage: [passed, ...early],
  before: [passed, failedResult('host.hook-failed'), lost(true), lost(false)],
  reboot: [
    { kind: 'passed', rebooted: true },
    failedResult('host.reboot-failed'),
    unknown(true),
    unknown(false),
  ],
  after: [passed, failedResult('host.hook-failed'), lost(true), lost(false)],
  probe: [passed, failedResult('host.probe-failed'), unknown(true), unknown(false)],
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
    verified(true, true, undefined, true),
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

/**
 * Asked some millions of times, so no `expect`: making one costs more than a step of the reducer. `what` tells of what did not hold.
 */
export const holds = (is: boolean, what: () => unknown): void => {
  if (!is) throw new Error(`does not hold: ${JSON.stringify(what())}`);
};

/** A run under test: the reducer, the effects it asked for that are not done, and all events so far. */
export class Harness {
  model: RunModel;
  open: Effect[] = [];
  events: RunEvent[] = [];
  readonly plan;
  readonly replay = emptyReplay();
  aborted = false;
  /** Milliseconds since AT. */
  elapsed = 0;
  /** A manual gate was opened by a word since it began to wait. */
  approved = false;

  constructor(plan: ReturnType<typeof planOf>) {
    this.plan = plan;
    this.model = initialRun(plan, '11111111-2222-4333-8444-555555555555', AT);
    this.give({ kind: 'start', at: AT });
  }

  now(): string {
    return new Date(Date.parse(AT) + this.elapsed).toISOString();
  }

  give(given: Input): void {
    const input = { ...given, at: this.now() };
    if (input.kind === 'approve') this.approved = true;
    const before = this.model;
    const step = reduce(this.model, input);
    this.checkOrder(before, step.state);
    for (const event of step.events) this.check(event);
    const done = new Set(step.done);
    this.open = [...this.open.filter((effect) => !done.has(effect.id)), ...step.effects];
    this.model = step.state;
    this.judge();
  }

  /** Undoing goes from the newest completed back: whoever still waits completed before those that began. */
  checkOrder(before: RunModel, after: RunModel): void {
    const wanted = before.tasks.filter((task) => task.rollbackWanted);
    const nowAt = (host: string) => after.tasks.find((task) => task.host === host);
    const begun = wanted.filter((task) => nowAt(task.host)?.state === 'rolling-back');
    const left = wanted.filter((task) => nowAt(task.host)?.rollbackWanted);
    for (const first of begun)
      for (const later of left)
        holds(first.completed > later.completed, () => ['undone in order', first.host, later.host]);
  }

  checkWave(event: Extract<RunEvent, { type: 'wave.started' }>): void {
    const { resolvedGate, until } = this.plan.parameters;
    holds(!this.aborted, () => ['no wave opens after the abort', event]);
    if (until !== undefined) holds(this.now() < until, () => ['no wave opens after the end', event, until]);
    // Nobody of the waves before is at work or waits, unless they were asked for again.
    const last = this.events.findLast((one) => one.type === 'wave.waiting' || one.type === 'run.retrying');
    const waited = last?.type === 'wave.waiting' && last.wave === event.wave;
    const mayStart = event.hosts.some((host) => this.replay.tasks.get(host) === 'queued');
    if (event.wave === 1 || !mayStart || last?.type === 'run.retrying') return;
    if (resolvedGate.kind === 'manual')
      holds(waited && this.approved, () => ['a manual gate was opened', event]);
    if (resolvedGate.kind === 'soak') holds(waited, () => ['a wave soaks first', event]);
    if (resolvedGate.kind === 'soak' && waited && !this.approved)
      holds(this.now() >= (last.until ?? ''), () => ['a wave soaks to its end', event, last]);
  }

  check(event: RunEvent): void {
    if (event.type === 'wave.started') this.checkWave(event);
    if (event.type === 'wave.waiting') this.approved = false;
    holds(event.seq === this.events.length + 1, () => ['the numbers have no gap', event, this.events.length]);
    this.events.push(event);
    if (event.type === 'task.state') {
      holds(mayFollow(event.from, event.to), () => ['a legal step', event]);
      if (event.to === 'connecting') holds(!this.aborted, () => ['no task starts after the abort', event]);
    }
    if (event.type === 'run.aborting') this.aborted = true;
    if (event.type === 'run.retrying') this.aborted = false;
    replayEvent(this.replay, event, this.plan.parameters.concurrency);
    holds(this.replay.problems.length === 0, () => this.replay.problems);
  }

  /** What holds between any two inputs. */
  judge(): void {
    const { tasks, parameters } = this.model;
    const active = tasks.filter((task) => isActive(task.state));
    holds(active.length <= parameters.concurrency, () => ['the cap', active.map((task) => task.host)]);
    for (const task of tasks) {
      // Whoever is at work waits for exactly one effect that is open; whoever is not, waits for none.
      const waitsFor = this.open.filter((effect) => effect.id === task.effect);
      holds(waitsFor.length === (isActive(task.state) ? 1 : 0), () => ['one effect each', task, waitsFor]);
      if (task.changed && FINAL_STATES.has(task.state))
        holds(task.captured || task.reattach !== null, () => ['no change without a capture', task]);
    }
    if (parameters.slowStart) {
      const well = tasks.filter((task) => task.state === 'succeeded' || task.state === 'compliant').length;
      const limit = 2 ** Math.floor(Math.log2(well + 1));
      // Hosts that ended well may have been undone or tried again since others were started.
      const fresh = this.events.every(
        (event) => event.type !== 'run.rolling-back' && event.type !== 'run.retrying',
      );
      if (fresh) holds(active.length <= Math.max(limit, 1), () => ['a slow start', limit, active.length]);
    }
    const found = differences(this.replay, this.run());
    holds(found.length === 0, () => found);
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

  /** Lets everything end, well: gates are opened, the abort probe has nothing against it. */
  finish(): void {
    for (let steps = 0; this.model.state !== 'finished' || this.open.length > 0; steps += 1) {
      holds(steps < 10_000, () => ['the run ends', this.model.state, this.open]);
      const [next] = this.open;
      if (next !== undefined) this.answer(next, 0);
      else if (!this.model.cleared) this.give({ kind: 'probe', at: AT, result: 'clear', detail: '' });
      else this.give({ kind: 'approve', at: AT });
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

export const onFailure = fc.constantFrom('keep', 'rollback-host', 'rollback-run');
export const setting = fc.record({
  hosts: fc.integer({ min: 1, max: 9 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  maxFailures: fc.integer({ min: 0, max: 9 }),
  ignoreUnreachable: fc.boolean(),
  onFailure,
  planned: fc.array(
    fc.constantFrom('ready', 'ready', 'ready', 'compliant', 'refused', 'failed', 'unreachable'),
    { maxLength: 9 },
  ),
  waves: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
  predicted: fc.array(fc.option(fc.integer({ min: 1, max: 300 })), { maxLength: 9 }),
  parameters: fc.record(
    {
      slowStart: fc.boolean(),
      resolvedGate: fc.oneof(
        fc.constant({ kind: 'auto' as const }),
        fc.constant({ kind: 'manual' as const }),
        fc.record({ kind: fc.constant('soak' as const), seconds: fc.integer({ min: 1, max: 100 }) }),
      ),
      reboot: fc.constantFrom('never' as const, 'if-required' as const, 'always' as const),
      before: fc.constant('drain'),
      after: fc.constant('undrain'),
      probe: fc.constant('curl'),
      abortIf: fc.constant('is-red'),
      abortIfUnreadable: fc.constantFrom('abort' as const, 'continue' as const),
      until: fc.integer({ min: 1, max: 600 }).map((s) => new Date(Date.parse(AT) + s * 1000).toISOString()),
    },
    { requiredKeys: [] },
  ),
});

export type Move =
  | { kind: 'answer'; pick: number; choice: number }
  | { kind: 'stale'; pick: number }
  | { kind: 'abort'; stopRunning: boolean }
  | { kind: 'rollback'; mask: number; all: boolean }
  | { kind: 'retry'; mask: number }
  | { kind: 'output'; pick: number; lines: number }
  | { kind: 'approve' }
  | { kind: 'tick'; seconds: number }
  | { kind: 'probe'; result: 'met' | 'clear' | 'unreadable' };

export const answer = fc.record({
  kind: fc.constant('answer' as const),
  pick: fc.nat(30),
  choice: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(11) }),
});
export const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 30, arbitrary: answer },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), pick: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), stopRunning: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rollback' as const), mask: fc.nat(511), all: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('retry' as const), mask: fc.nat(511) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('approve' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tick' as const), seconds: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('probe' as const),
      result: fc.constantFrom(
        'clear' as const,
        'clear' as const,
        'clear' as const,
        'unreadable' as const,
        'met' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('output' as const), pick: fc.nat(30), lines: fc.nat(3) }),
  },
);

export const play = (harness: Harness, one: Move): void => {
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
    case 'approve':
      harness.give({ kind: 'approve', at: AT });
      break;
    case 'tick':
      harness.elapsed += one.seconds * 1000;
      harness.give({ kind: 'tick', at: AT });
      break;
    case 'probe':
      harness.give({ kind: 'probe', at: AT, result: one.result, detail: 'so it says' });
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

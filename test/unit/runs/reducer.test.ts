/** The reducer's promises: what holds after every event, whatever order inputs come in, and the cases that are worth naming. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OUTPUT_LINES } from '../../../main/core/runs/reducer.ts';
import { FINAL_STATES } from '../../../shared/model/run.ts';
import { planOf } from './plans.ts';
import {
  AT,
  answer,
  failedResult,
  Harness,
  holds,
  lost,
  move,
  passed,
  play,
  setting,
  verified,
} from './reducerHarness.ts';

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
        for (const task of harness.model.tasks) holds(FINAL_STATES.has(task.state), () => task);
      }),
      { numRuns: 1500 },
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
          holds(harness.aborted === (limit !== null && failures >= limit), () => [limit, failures]);
        };
        // A run that has ended does not abort any more, and one whose last task fails just ends with both.
        for (const one of answers) {
          play(harness, one);
          judge();
        }
      }),
      { numRuns: 600 },
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

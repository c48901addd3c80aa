import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adopt, foldAll, missing, openRun, type RunView } from '../../../../renderer/features/run/fold.ts';
import type { RunEvent } from '../../../../shared/model/run.ts';
import { at, makeLog, output, RUN, run, stateEvent, task } from './samples.ts';

const HOSTS = ['a', 'b', 'c'];
const open = () => openRun(run(HOSTS));
const stateOf = (view: RunView, host: string) => view.run.tasks.find((each) => each.host === host)?.state;

describe('folding a run', () => {
  it('takes events in the order of their seq, each once', () => {
    const log = [
      stateEvent(1, 'a', 'queued', 'connecting'),
      stateEvent(2, 'a', 'connecting', 'checking'),
      stateEvent(3, 'b', 'queued', 'connecting'),
    ];
    const view = foldAll(open(), log);
    expect(stateOf(view, 'a')).toBe('checking');
    expect(view.seq).toBe(3);
    expect(view.run.counts).toEqual({ checking: 1, connecting: 1, queued: 1 });
    expect(foldAll(view, log)).toEqual(view);
  });

  it('lets an event wait for the one before it', () => {
    const early = foldAll(open(), [stateEvent(2, 'a', 'connecting', 'checking')]);
    expect(stateOf(early, 'a')).toBe('queued');
    expect(missing(early)).toBe(1);
    const view = foldAll(early, [stateEvent(1, 'a', 'queued', 'connecting')]);
    expect(stateOf(view, 'a')).toBe('checking');
    expect(missing(view)).toBe(0);
  });

  it('ignores events of another run', () => {
    const event = { ...stateEvent(1, 'a', 'queued', 'connecting'), run: RUN.replace('1', '2') };
    expect(foldAll(open(), [event])).toEqual(open());
  });

  it('keeps the error that led to a rollback, and drops it with a retry', () => {
    const failed: RunEvent = {
      ...stateEvent(1, 'a', 'applying', 'failed'),
      type: 'task.state',
      host: 'a',
      from: 'applying',
      to: 'failed',
      error: { code: 'host.not-applied', message: 'postinst failed', retryable: false },
    };
    let view = foldAll(openRun(run(['a'], { tasks: [task('a', { state: 'applying' })] })), [
      failed,
      stateEvent(2, 'a', 'failed', 'rolling-back'),
      stateEvent(3, 'a', 'rolling-back', 'rolled-back'),
    ]);
    expect(view.run.tasks[0]?.error?.message).toBe('postinst failed');
    expect(view.run.tasks[0]?.finishedAt).toBe(at(3));
    view = foldAll(view, [stateEvent(4, 'a', 'rolled-back', 'queued')]);
    expect(view.run.tasks[0]?.error).toBeUndefined();
    expect(view.run.tasks[0]?.finishedAt).toBeUndefined();
  });

  it('remembers a rollback that stopped the others, until somebody decides', () => {
    const base = { at: at(1), run: RUN };
    const stopped: RunEvent = { ...base, seq: 1, type: 'run.rollback-stopped', host: 'a', left: ['b', 'c'] };
    const view = foldAll(open(), [stopped]);
    expect(view.stopped).toEqual({ host: 'a', left: ['b', 'c'] });
    expect(adopt(view, run(HOSTS, { seq: 1 })).stopped).toBeDefined();
    const decided: RunEvent = { ...base, seq: 2, type: 'run.rolling-back', hosts: ['b'] };
    expect(foldAll(view, [decided]).stopped).toBeUndefined();
  });

  it('shows progress only while it is of the present state', () => {
    const view = foldAll(openRun(run(['a'], { tasks: [task('a', { state: 'applying' })] })), [
      {
        seq: 1,
        at: at(1),
        run: RUN,
        type: 'task.progress',
        host: 'a',
        phase: 'unpack',
        package: 'curl',
        percent: 40,
        waitingFor: 'lock held by pid 812',
      },
    ]);
    expect(view.run.tasks[0]).toMatchObject({ phase: 'unpack', package: 'curl', percent: 40 });
    const next = foldAll(view, [stateEvent(2, 'a', 'applying', 'verifying')]);
    expect(next.run.tasks[0]).not.toHaveProperty('percent');
    expect(next.run.tasks[0]).not.toHaveProperty('waitingFor');
  });

  it('is open again when a finished run is retried or rolled back', () => {
    const finished: RunEvent = {
      seq: 1,
      at: at(1),
      run: RUN,
      type: 'run.finished',
      verdict: 'failed',
      hosts: { a: 'failed', b: 'succeeded', c: 'queued' },
      counts: {},
    };
    const view = foldAll(open(), [finished]);
    expect(view.run).toMatchObject({ state: 'finished', verdict: 'failed', finishedAt: at(1) });
    expect(stateOf(view, 'b')).toBe('succeeded');
    const again = foldAll(view, [{ seq: 2, at: at(2), run: RUN, type: 'run.rolling-back', hosts: ['b'] }]);
    expect(again.run.state).toBe('rolling-back');
    expect(again.run).not.toHaveProperty('verdict');
    expect(again.run).not.toHaveProperty('finishedAt');
  });

  it('does not go back to an older picture', () => {
    const view = foldAll(open(), [stateEvent(1, 'a', 'queued', 'connecting')]);
    expect(adopt(view, run(HOSTS))).toBe(view);
  });

  it('knows hosts only that are in the run', () => {
    const view = foldAll(open(), [stateEvent(1, '__proto__', 'queued', 'connecting'), output(2, 'zz', 'x')]);
    expect(view.run.tasks).toEqual(open().run.tasks);
    expect(view.seq).toBe(2);
  });
});

const steering = fc.array(fc.nat({ max: 100_000 }), { maxLength: 60 });

describe('however the events are delivered', () => {
  it('shuffled, doubled and in batches: the picture is that of the log in order', () => {
    fc.assert(
      fc.property(
        steering.chain((numbers) => {
          const log = makeLog(HOSTS, numbers);
          return fc.tuple(
            fc.constant(log),
            fc.shuffledSubarray([...log, ...log], { minLength: log.length * 2, maxLength: log.length * 2 }),
            fc.integer({ min: 1, max: 7 }),
          );
        }),
        ([log, delivered, size]) => {
          let view = open();
          for (let start = 0; start < delivered.length; start += size)
            view = foldAll(view, delivered.slice(start, start + size));
          expect(view).toEqual(foldAll(open(), log));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('from a picture taken at any point, with the events before it coming again: the same', () => {
    fc.assert(
      fc.property(steering, fc.nat(), fc.nat(), (numbers, a, b) => {
        const log = makeLog(HOSTS, numbers);
        const whole = foldAll(open(), log);
        const cut = a % (log.length + 1);
        const again = b % (cut + 1);
        const picture = foldAll(open(), log.slice(0, cut)).run;
        expect(told(foldAll(openRun(picture), log.slice(again))).run).toEqual(told(whole).run);
      }),
      { numRuns: 300 },
    );
  });

  it('with a newer picture in between: nothing doubled, waiting events kept', () => {
    fc.assert(
      fc.property(steering, fc.nat(), fc.nat(), (numbers, a, b) => {
        const log = makeLog(HOSTS, numbers);
        const seen = a % (log.length + 1);
        const shown = b % (log.length + 1);
        const picture = foldAll(open(), log.slice(0, shown)).run;
        const behind = foldAll(foldAll(open(), log.slice(0, seen)), log.slice(Math.max(seen, shown) + 1));
        const view = foldAll(adopt(behind, picture), log.slice(Math.min(seen, shown)));
        expect(told(view)).toEqual(told(foldAll(open(), log)));
      }),
      { numRuns: 300 },
    );
  });
});

/**
 * All but the count of attempts: a picture of a queued host does not tell whether it begins anew or is taken up where it was,
 * so that until the next picture the count may be one too high.
 */
const told = ({ run: { tasks, ...rest }, takenUp: _, ...view }: RunView) => ({
  ...view,
  run: { ...rest, tasks: tasks.map(({ attempt: _attempt, rebooted: _rebooted, ...each }) => each) },
});

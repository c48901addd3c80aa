import { describe, expect, it } from 'vitest';
import { ordinal } from '../../../../renderer/features/plan/words.ts';
import {
  hostsPerMinute,
  matching,
  names,
  progressOf,
  statesPresent,
  thresholdOf,
  totalsOf,
  waitsFor,
} from '../../../../renderer/features/run/model.ts';
import { TaskState } from '../../../../shared/model/run.ts';
import { at, parameters, run, task } from './samples.ts';

const failed = { code: 'host.not-applied', message: 'x', retryable: false } as const;

describe('the numbers of a run', () => {
  it('count every state there is, in exactly one group', () => {
    const tasks = TaskState.options.map((state) => task(state, { state }));
    const { groups, targets } = totalsOf(tasks);
    expect(Object.values(groups).reduce((sum, each) => sum + each, 0)).toBe(targets);
    expect(statesPresent(tasks)).toHaveLength(TaskState.options.length);
  });

  it('never let a bar go back on the usual way of a task', () => {
    const way = [
      'queued',
      'connecting',
      'checking',
      'simulating',
      'capturing',
      'staging',
      'applying',
      'verifying',
    ] as const;
    const bars = way.flatMap((state) =>
      [0, 50, 100].map((percent) => progressOf(task('a', { state, percent }))),
    );
    expect(bars).toEqual([...bars].sort((a, b) => a - b));
    expect(progressOf(task('a', { state: 'succeeded' }))).toBe(100);
  });

  it('tell the rate from the hosts that came to rest, not from those that never started', () => {
    const done = (host: string, second: number) =>
      task(host, { state: 'succeeded', startedAt: at(0), finishedAt: at(second) });
    const view = run([], {
      tasks: [done('a', 30), done('b', 60), task('c', { state: 'terminated', finishedAt: at(60) })],
    });
    expect(hostsPerMinute(view, Date.parse(at(120)))).toBe(1);
    expect(hostsPerMinute(run(['a']), Date.parse(at(120)))).toBeUndefined();
    expect(hostsPerMinute({ ...view, state: 'finished', finishedAt: at(60) }, Date.parse(at(9999)))).toBe(2);
  });
});

describe('the abort threshold in words', () => {
  const tasks = [
    task('a', { state: 'failed', error: failed }),
    task('b', { state: 'rolled-back', error: failed }),
    task('c', { state: 'unreachable' }),
    task('d', { state: 'succeeded' }),
    task('e', { state: 'rolled-back' }),
  ];

  it('shows the sum, and what it is measured against', () => {
    const view = run([], { tasks, parameters: parameters({ targets: 10, abortsAtFailure: 4 }) });
    expect(thresholdOf(view)).toEqual({
      failures: 3,
      sentence:
        '2 failed + 1 unreachable = 3; max failures 30% of 10 hosts allows 3: the run aborts at the 4th.',
    });
  });

  it('leaves unreachable hosts out where they are not to count, and says so', () => {
    const view = run([], {
      tasks,
      parameters: parameters({ ignoreUnreachable: true, abortsAtFailure: null }),
    });
    expect(thresholdOf(view)).toEqual({
      failures: 2,
      sentence: '2 failed, 1 unreachable not counted; the run never aborts by itself.',
    });
  });
});

describe('what the run waits for', () => {
  it('names the lock, the free place and the running hosts', () => {
    const view = run([], {
      tasks: [
        task('a', { state: 'checking', waitingFor: 'lock held by pid 812 (apt-get upgrade)' }),
        task('b', { state: 'applying' }),
        task('c'),
        task('d'),
      ],
    });
    expect(waitsFor(view)).toEqual([
      'a: lock held by pid 812 (apt-get upgrade)',
      '2 hosts queued until one of the 2 places is free',
    ]);
    expect(waitsFor({ ...view, state: 'aborting' })).toContain('2 hosts still at work to come to rest');
    expect(waitsFor({ ...view, state: 'finished' })).toEqual([]);
  });
});

describe('finding hosts', () => {
  it('goes by name, state and group of states', () => {
    const tasks = [task('web-1', { state: 'failed' }), task('web-2'), task('db-1', { state: 'unreachable' })];
    const found = (state: Parameters<typeof matching>[1]['state'], text = '') =>
      matching(tasks, { state, text }).map((each) => each.host);
    expect(found('all', 'WEB')).toEqual(['web-1', 'web-2']);
    expect(found('bad')).toEqual(['web-1', 'db-1']);
    expect(found('failed')).toEqual(['web-1']);
  });

  it('names a few and counts the rest', () => {
    expect(names(['a'])).toBe('a');
    expect(names(['a', 'b', 'c'])).toBe('a, b and c');
    expect(names(['a', 'b', 'c', 'd', 'e'])).toBe('a, b and 3 more');
    expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal).join(' ')).toBe(
      '1st 2nd 3rd 4th 11th 12th 13th 21st 112th',
    );
  });
});

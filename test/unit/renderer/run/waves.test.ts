import { describe, expect, it } from 'vitest';
import { announce } from '../../../../renderer/features/run/announce.ts';
import { gateOf, slowStartNow, soakLeft, wavesOf } from '../../../../renderer/features/run/waves.ts';
import { lookOfRun } from '../../../../renderer/ui/states.ts';
import type { Run } from '../../../../shared/model/run.ts';
import { at, parameters, run, task } from './samples.ts';

const started = { startedAt: at(1) };
const inWaves = (more: Partial<Run> = {}): Run =>
  run([], {
    parameters: parameters({ targets: 4, waveSizes: [1, 2, 1], resolvedGate: { kind: 'manual' } }),
    wave: { number: 1, of: 3, waiting: { gate: 'manual' } },
    tasks: [
      task('a', { wave: 1, state: 'succeeded', ...started }),
      task('b', { wave: 2 }),
      task('c', { wave: 2 }),
      task('d', { wave: 3 }),
      task('nothing-to-do', { state: 'compliant' }),
    ],
    ...more,
  });
const standings = (view: Run) => wavesOf(view).map((wave) => wave.standing);

describe('the waves of a run', () => {
  it('are done, waiting and to come while the run stands at a gate', () => {
    expect(standings(inWaves())).toEqual(['done', 'waiting', 'to-come']);
    expect(wavesOf(inWaves())[0]).toMatchObject({ done: 1, good: 1, bad: 0 });
    expect(wavesOf(inWaves())[2]?.tasks.map((each) => each.host)).toEqual(['d', 'nothing-to-do']);
  });

  it('are running between gates', () => {
    expect(standings(inWaves({ wave: { number: 2, of: 3 } }))).toEqual(['done', 'running', 'to-come']);
  });

  it('were not begun where the run ended before their turn', () => {
    const tasks = inWaves().tasks.map((each) =>
      each.state === 'queued' ? { ...each, state: 'terminated' as const } : each,
    );
    expect(standings(inWaves({ state: 'finished', tasks, wave: { number: 1, of: 3 } }))).toEqual([
      'done',
      'skipped',
      'skipped',
    ]);
  });

  it('are none where there is one only', () => {
    expect(wavesOf(run(['a']))).toEqual([]);
    expect(gateOf(run(['a']))).toBeUndefined();
  });
});

describe('a gate', () => {
  it('says who would start, and how the hosts before ended', () => {
    expect(gateOf(inWaves())).toEqual({
      wave: 2,
      of: 3,
      kind: 'manual',
      until: undefined,
      starts: ['b', 'c'],
      before: 'the host before it ended well',
    });
    const failed = inWaves();
    failed.tasks[0] = task('a', { wave: 1, state: 'failed', ...started });
    expect(gateOf(failed)?.before).toBe('a before it did not end well');
  });

  it('counts its soak down to the moment it opens', () => {
    expect(soakLeft(at(90), Date.parse(at(0)))).toBe('1 min 30 s');
    expect(soakLeft(at(90), Date.parse(at(90)))).toBeUndefined();
  });

  it('is what the run is called by, and is announced once', () => {
    expect(lookOfRun(inWaves()).label).toBe('wave 2 waits');
    const before = inWaves({ wave: { number: 1, of: 3 } });
    expect(announce(before, inWaves())).toContain('Wave 2 of 3 waits for your approval.');
    expect(announce(inWaves(), inWaves())).toBe('');
    expect(announce(inWaves(), inWaves({ wave: { number: 2, of: 3 } }))).toContain('Wave 2 of 3 has begun.');
  });
});

describe('a slow start', () => {
  it('says how many may be at work now, and what has to end well before more may', () => {
    const slow = (well: number) =>
      run([], {
        parameters: parameters({ concurrency: 6, slowStart: true }),
        tasks: Array.from({ length: well }, (_, index) => task(`h${index}`, { state: 'succeeded' })),
      });
    expect([0, 1, 2, 3].map((well) => slowStartNow(slow(well)))).toEqual([
      { limit: 1, needs: 1 },
      { limit: 2, needs: 2 },
      { limit: 2, needs: 1 },
      { limit: 4, needs: 4 },
    ]);
    expect(slowStartNow(slow(7))).toBeUndefined();
  });
});

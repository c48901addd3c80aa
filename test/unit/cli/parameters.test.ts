/** The options of `plan` and `run`: what each word comes to, and that a wrong one is told by its option's name. */
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Context } from '../../../main/shells/cli/context.ts';
import { parametersOf, withRunOptions } from '../../../main/shells/cli/parameters.ts';
import { RunParameters } from '../../../shared/model/plan.ts';

const notes: string[] = [];
beforeEach(() => {
  notes.length = 0;
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    notes.push(String(text).trim());
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const given = (...words: string[]): RunParameters => {
  const command = withRunOptions(new Command('run'))
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  command.parse(words, { from: 'user' });
  return parametersOf(new Context({}), command.opts());
};

test('without options every parameter has its default', () => {
  expect(given()).toEqual(RunParameters.parse({}));
});

describe('a wrong value', () => {
  test.each([
    ['--concurrency', '0'],
    ['--concurrency', 'many'],
    ['--waves', '10,5'],
    ['--waves', '0,100%'],
    ['--waves', '1,,50%'],
    ['--waves', ''],
    ['--gate', 'later'],
    ['--gate', '90'],
    ['--max-failures', '-1'],
    ['--max-failures', '101%-of-completed'],
    ['--min-completed', '0'],
    ['--min-completed', '1.5'],
    ['--on-failure', 'hope'],
    ['--reboot', 'maybe'],
    ['--before', ' '],
    ['--after', 'a\u0007b'],
    ['--probe', 'x'.repeat(4001)],
    ['--probe-retries', '1001'],
    ['--probe-interval', '0s'],
    ['--probe-timeout', '2h'],
    ['--abort-if', ''],
    ['--abort-interval', '2d'],
    ['--abort-unreadable', 'ignore'],
    ['--until', 'tomorrow'],
    ['--until', '2020-01-01'],
    ['--timeout', '8d'],
    ['--prepare-timeout', '25h'],
    ['--reboot-timeout', 'soon'],
    ['--hook-timeout', '25h'],
    ['--lock-timeout', '25h'],
    ['--retries', '21'],
  ])('%s %j is refused by name', (option, value) => {
    expect(() => given(option, value)).toThrow(option);
  });

  test('a long one is not told back whole', () => {
    expect(() => given('--gate', 'x'.repeat(5000))).toThrow(/^--gate x{100}…: expected/);
  });
});

describe('a right value', () => {
  test.each([
    [['--waves', '1, 10% ,50%,100%'], { waves: ['1', '10%', '50%', '100%'] }],
    [['--gate', 'auto'], { gate: 'auto' }],
    [['--gate', '1d'], { gate: '1d' }],
    [['--max-failures', '0%-of-completed'], { maxFailures: '0%-of-completed' }],
    [['--min-completed', '7'], { minCompleted: 7 }],
    [['--before', '  a \n b '], { before: 'a \n b' }],
    [['--probe-retries', '0'], { probeRetries: 0 }],
    [['--until', '2037-01-01T12:00+02:00'], { until: '2037-01-01T10:00:00.000Z' }],
    [['--until', '2037-07-01 12:00', '--zone', 'Europe/Berlin'], { until: '2037-07-01T10:00:00.000Z' }],
  ])('%j', (words, parameters) => {
    expect(given(...words)).toMatchObject(parameters);
  });

  test('+2h is two hours from now', () => {
    const before = Date.now();
    const until = Date.parse(given('--until', '+2h').until ?? '');
    expect(until - before).toBeGreaterThanOrEqual(7_200_000);
    expect(until - Date.now()).toBeLessThanOrEqual(7_200_000);
  });
});

describe('a parameter that has no effect', () => {
  test.each([
    [['--gate', 'manual'], '--gate has no effect without --waves.'],
    [['--min-completed', '3'], '--min-completed has no effect without --max-failures P%-of-completed.'],
    [['--probe-interval', '3s'], '--probe-interval has no effect without --probe.'],
    [['--abort-interval', '3s'], '--abort-interval has no effect without --abort-if.'],
    [['--reboot-timeout', '3m'], '--reboot-timeout has no effect without --reboot.'],
    [['--hook-timeout', '3m'], '--hook-timeout has no effect without --before or --after.'],
  ])('%j is said', (words, note) => {
    given(...words);
    expect(notes).toEqual([note]);
  });

  test('and nothing is said where it has', () => {
    given('--waves', '1', '--gate', 'manual', '--max-failures', '1%-of-completed', '--min-completed', '2');
    given('--after', 'x', '--hook-timeout', '1m', '--reboot', 'always', '--reboot-timeout', '1m');
    expect(notes).toEqual([]);
  });
});

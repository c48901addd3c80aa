import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveParameters } from '../../../main/core/runs/parameters.ts';
import { durationSeconds } from '../../../shared/model/parameters.ts';
import { RunParameters } from '../../../shared/model/plan.ts';

const resolve = (given: Partial<RunParameters>, targets: number) =>
  resolveParameters(RunParameters.parse(given), targets, targets, 0);
const numbers = (given: Partial<RunParameters>, targets: number) => {
  const resolved = resolve(given, targets);
  if (!resolved.ok) throw new Error(resolved.error.message);
  return resolved.value;
};
const amount = fc.oneof(
  fc.integer({ min: 1, max: 999_999 }).map(String),
  fc.integer({ min: 1, max: 300 }).map((percent) => `${percent}%`),
);
const limit = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map(String),
  fc.integer({ min: 0, max: 150 }).map((percent) => `${percent}%`),
);

describe('concurrency', () => {
  it.each([
    ['10', 300, 10],
    ['10', 4, 4],
    ['25%', 10, 2],
    ['1%', 10, 1],
    ['30%', 10, 3],
    ['100%', 7, 7],
    ['5', 0, 1],
  ])('%s of %i hosts is %i at once', (text, targets, expected) => {
    expect(numbers({ concurrency: text }, targets).concurrency).toBe(expected);
  });

  it('is at least 1 and at most the targets, whatever is asked', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 500 }), (text, targets) => {
        const { concurrency } = numbers({ concurrency: text }, targets);
        expect(concurrency).toBeGreaterThanOrEqual(1);
        expect(concurrency).toBeLessThanOrEqual(Math.max(1, targets));
      }),
    );
  });

  it.each(['0', '0%'])('%s is refused: it would never start anything', (text) => {
    expect(resolve({ concurrency: text }, 5)).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
  });
});

describe('max failures', () => {
  it.each([
    ['0', 12, 1],
    ['3', 12, 4],
    ['30%', 10, 4],
    ['30%', 12, 4],
    ['0%', 12, 1],
    ['29%', 100, 30],
    ['100%', 12, null],
    ['12', 12, null],
    ['99', 12, null],
    ['0', 0, null],
  ])('%s of %i hosts aborts at failure %s', (text, targets, expected) => {
    expect(numbers({ maxFailures: text }, targets).abortsAtFailure).toBe(expected);
  });

  it('aborts at the first number of failures that exceeds the limit, and never where none can', () => {
    fc.assert(
      fc.property(limit, fc.integer({ min: 0, max: 500 }), (text, targets) => {
        const { abortsAtFailure } = numbers({ maxFailures: text }, targets);
        const exceeds = (failures: number): boolean =>
          text.endsWith('%') ? failures * 100 > Number(text.slice(0, -1)) * targets : failures > Number(text);
        const first = Array.from({ length: targets + 1 }, (_, failures) => failures).find(exceeds) ?? null;
        expect(abortsAtFailure).toBe(first);
      }),
    );
  });

  it('as a percentage of completed hosts has no count, but a share that needs enough completed hosts', () => {
    expect(numbers({ maxFailures: '10%-of-completed' }, 30)).toMatchObject({
      abortsAtFailure: null,
      abortsAtShare: { percent: 10, minCompleted: 5 },
    });
    // Three hosts can never make five completed ones.
    expect(numbers({ maxFailures: '10%-of-completed' }, 3).abortsAtShare?.minCompleted).toBe(3);
    expect(numbers({ maxFailures: '0%-of-completed', minCompleted: 1 }, 3).abortsAtShare).toEqual({
      percent: 0,
      minCompleted: 1,
    });
  });
});

describe('times', () => {
  it.each([
    ['90s', 90],
    ['5m', 300],
    ['2h', 7200],
    ['1d', 86_400],
  ])('%s is %i seconds', (text, seconds) => {
    expect(durationSeconds(text)).toBe(seconds);
  });

  it('beyond their bound are refused', () => {
    expect(resolve({ timeout: '8d' }, 1)).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
    expect(resolve({ lockTimeout: '25h' }, 1)).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
  });
});

describe('waves', () => {
  it.each([
    [[], 12, [12]],
    [['1', '10%', '50%', '100%'], 20, [1, 1, 8, 10]],
    [['1', '50%', '100%'], 6, [1, 2, 3]],
    [['1', '100%'], 1, [1]],
    [['5', '10'], 7, [5, 2]],
    [['2'], 5, [2, 3]],
    // Three hosts have no tenth beyond the first.
    [['1', '10%', '50%', '100%'], 3, [1, 1, 1]],
    [['1', '100%'], 0, []],
  ] as const)('%j of %i hosts that will be changed are %j', (waves, hosts, expected) => {
    expect(numbers({ waves: [...waves] }, hosts).waveSizes).toEqual(expected);
  });

  it('cover every host exactly once, in growing steps', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 6 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 300 }),
        (amounts, percent, hosts) => {
          const waves = amounts.toSorted((a, b) => a - b).map((n) => `${n}${percent ? '%' : ''}`);
          const { waveSizes } = numbers({ waves }, hosts);
          expect(waveSizes.reduce((sum, size) => sum + size, 0)).toBe(hosts);
          expect(waveSizes.every((size) => size > 0)).toBe(true);
        },
      ),
    );
  });

  it.each([[['5', '3']], [['50%', '10%']], [['2', '2', '2']], [['0', '100%']]])(
    '%j do not grow, and are refused',
    (waves) => {
      expect(resolve({ waves }, 10)).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
    },
  );

  it('wait for nothing, a word, or a soak', () => {
    expect(numbers({}, 3).resolvedGate).toEqual({ kind: 'auto' });
    expect(numbers({ gate: 'manual' }, 3).resolvedGate).toEqual({ kind: 'manual' });
    expect(numbers({ gate: '2h' }, 3).resolvedGate).toEqual({ kind: 'soak', seconds: 7200 });
  });
});

it('refuses a window that is over', () => {
  const until = '2026-11-23T14:00:00.000Z';
  const at = (now: number) => resolveParameters(RunParameters.parse({ until }), 3, 3, now);
  expect(at(Date.parse(until) - 1).ok).toBe(true);
  expect(at(Date.parse(until))).toMatchObject({ ok: false, error: { code: 'input.invalid' } });
});

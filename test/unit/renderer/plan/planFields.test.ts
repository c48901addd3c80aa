import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveParameters } from '../../../../main/core/runs/parameters.ts';
import {
  maxFailuresComesTo,
  sectionText,
  wavesComeTo,
  windowComesTo,
} from '../../../../renderer/features/plan/fieldWords.ts';
import {
  firstFields,
  instantOf,
  type PlanFields,
  parametersOf,
  problemsOf,
} from '../../../../renderer/features/plan/planFields.ts';
import {
  durationSeconds,
  gateOf,
  hostsAtOnce,
  thresholdOf,
  waveSizes,
} from '../../../../shared/model/parameters.ts';
import { RunParameters } from '../../../../shared/model/plan.ts';

const NOW = Date.UTC(2026, 10, 23, 14);
const fields = (more: Partial<PlanFields> = {}): PlanFields => ({
  ...firstFields({ snapshot: 'june', hosts: 'all' }),
  ...more,
});

describe('the numbers shown while a plan is written', () => {
  it('are those the host process comes to', () => {
    const amount = fc.oneof(
      fc.integer({ min: 1, max: 400 }).map(String),
      fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
    );
    const maxFailures = fc.oneof(
      amount,
      fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%-of-completed`),
    );
    const duration = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.constantFrom('s', 'm', 'h'))
      .map(([count, unit]) => `${count}${unit}`);
    fc.assert(
      fc.property(
        fc.record({
          concurrency: amount,
          maxFailures,
          minCompleted: fc.integer({ min: 1, max: 400 }),
          waves: fc.array(amount, { maxLength: 5 }),
          gate: fc.oneof(fc.constantFrom('auto' as const, 'manual' as const), duration),
          timeout: duration,
        }),
        fc.integer({ min: 1, max: 300 }),
        (words, hosts) => {
          const written = fields({
            ...words,
            minCompleted: String(words.minCompleted),
            waves: words.waves.join(', '),
            gate: words.gate === 'auto' || words.gate === 'manual' ? words.gate : 'soak',
            soak: words.gate === 'auto' || words.gate === 'manual' ? '30m' : words.gate,
          });
          const problems = problemsOf(written, NOW);
          const resolved = resolveParameters(RunParameters.parse(words), hosts, hosts, NOW);
          expect(resolved.ok, JSON.stringify(problems)).toBe(Object.keys(problems).length === 0);
          if (!resolved.ok) return;
          const made = parametersOf(written);
          expect({
            concurrency: hostsAtOnce(made.concurrency, hosts),
            waveSizes: waveSizes(made.waves, hosts),
            resolvedGate: gateOf(made.gate),
            timeoutSeconds: durationSeconds(made.timeout),
            ...thresholdOf(made.maxFailures, words.minCompleted, hosts),
          }).toEqual({
            concurrency: resolved.value.concurrency,
            waveSizes: resolved.value.waveSizes,
            resolvedGate: resolved.value.resolvedGate,
            timeoutSeconds: resolved.value.timeoutSeconds,
            abortsAtFailure: resolved.value.abortsAtFailure,
            abortsAtShare: resolved.value.abortsAtShare,
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are said in words beside each field', () => {
    expect(maxFailuresComesTo(fields({ maxFailures: '30%' }), 10)).toBe('Aborts at the 4th failed host.');
    expect(maxFailuresComesTo(fields({ maxFailures: '10%-of-completed' }), 20)).toBe(
      'Aborts when more than 10 % of the completed hosts have failed, once 5 hosts have completed.',
    );
    expect(maxFailuresComesTo(fields({ maxFailures: '100%' }), 10)).toBe('Never aborts by itself.');
    expect(wavesComeTo(fields({ waves: '1, 30%', gate: 'manual' }), 10)).toBe(
      'Waves: 1 host, then 2, then 7; the next begins when you approve it.',
    );
    expect(wavesComeTo(fields({ waves: '1, 30%', gate: 'soak', soak: '90m' }), 10)).toContain(
      'the next begins 90 minutes after',
    );
    expect(windowComesTo(fields({ until: '2026-11-24T04:00' }), Date.parse('2026-11-24T02:30'))).toContain(
      'Ends in 1 h 30 min',
    );
  });

  it('are left out while nothing can be known', () => {
    expect(maxFailuresComesTo(fields({ maxFailures: 'some' }), 10)).toBeUndefined();
    expect(maxFailuresComesTo(fields(), undefined)).toBeUndefined();
    expect(wavesComeTo(fields({ waves: '10, 5' }), 10)).toBeUndefined();
  });
});

describe('what was typed wrongly', () => {
  it.each([
    ['concurrency', '0', 'At least 1'],
    ['concurrency', 'ten', 'A number of hosts'],
    ['maxFailures', '110%-of-completed', 'share'],
    ['waves', '10%, 5%', 'have to grow'],
    ['waves', '0', 'have to grow'],
    ['waves', 'one', 'Numbers of hosts'],
    ['until', '2026-11-01T04:00', 'in the future'],
    ['timeout', '8d', 'At most 7d'],
    ['probeTimeout', '2h', 'At most 1h'],
    ['lockTimeout', '5', 'A duration'],
    ['retries', '21', 'up to 20'],
    ['retries', '', 'up to 20'],
    ['hosts', ' ', 'which hosts'],
    ['before', 'x'.repeat(4001), '4000'],
  ] as const)('is said at its field: %s “%.20s”', (name, value, said) => {
    const problems = problemsOf(fields({ [name]: value }), NOW);
    expect(Object.keys(problems)).toEqual([name]);
    expect(problems[name]).toContain(said);
  });

  it('is said of the soak time, and of the least completed, only where they play a part', () => {
    expect(problemsOf(fields({ gate: 'soak', soak: 'soon' }), NOW).soak).toContain('A duration');
    expect(problemsOf(fields({ gate: 'manual', soak: 'soon' }), NOW)).toEqual({});
    expect(problemsOf(fields({ maxFailures: '5%-of-completed', minCompleted: '0' }), NOW)).toHaveProperty(
      'minCompleted',
    );
    expect(problemsOf(fields({ maxFailures: '5%', minCompleted: '0' }), NOW)).toEqual({});
  });
});

describe('the parameters of a plan', () => {
  it('are the contract’s own defaults where nothing was changed', () => {
    expect(JSON.parse(JSON.stringify(parametersOf(fields())))).toEqual(RunParameters.parse({}));
  });

  it('carry waves, window, hooks and probe as they were written', () => {
    const until = '2026-11-24T04:00';
    expect(
      parametersOf(
        fields({
          waves: '1 10%; 100%',
          gate: 'soak',
          soak: '20m',
          until,
          before: ' drain ',
          probe: 'curl -f localhost',
          probeRetries: '2',
          abortIf: 'check',
          abortIfUnreadable: 'continue',
        }),
      ),
    ).toMatchObject({
      waves: ['1', '10%', '100%'],
      gate: '20m',
      until: instantOf(until),
      before: 'drain',
      probe: 'curl -f localhost',
      probeRetries: 2,
      abortIf: 'check',
      abortIfUnreadable: 'continue',
    });
  });

  it('say in a closed group what is set in it', () => {
    const set = fields({ waves: '1, 50%', slowStart: true, probe: 'x', requireProof: true });
    expect(sectionText('waves', set, 4)).toBe(
      'Waves: 1 host, then 1, then 2; the next begins by itself when every host before it is at rest. Slow start.',
    );
    expect(sectionText('hooks', set, 4)).toBe('health probe.');
    expect(sectionText('proof', set, 4)).toContain('Only hosts whose rollback is proven');
    expect(sectionText('ends', fields(), 4)).toBe('No window. No abort probe.');
  });
});

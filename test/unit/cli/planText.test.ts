/** A plan in words: every parameter with the number it comes to, before anything is approved. */
import { describe, expect, test } from 'vitest';
import { leftOutByWindow, slowStartSteps } from '../../../main/shells/cli/forecast.ts';
import { planText } from '../../../main/shells/cli/planText.ts';
import { ordinal, paint, span } from '../../../main/shells/cli/terminal.ts';
import type { HostPlan, RunParameters } from '../../../shared/model/plan.ts';
import { hostPlan, planWith } from './plans.ts';

const hosts = (n: number, more: Partial<HostPlan> = {}): HostPlan[] =>
  Array.from({ length: n }, (_, index) => hostPlan(`web${index + 1}`, more));

const told = (parameters: Partial<RunParameters>, of: HostPlan[] = hosts(8)): string[] =>
  planText(planWith(parameters, of), paint(false))
    .split('\n')
    .map((line) => line.trim());

test('the first line says what is done to how many', () => {
  const some = [...hosts(2), hostPlan('db1', { state: 'compliant', actions: [] })];
  expect(told({}, some)[0]).toBe('november @3 on 3 hosts, 2 to be changed');
});

describe('how many at once', () => {
  test.each([
    [{ concurrency: '25%' }, 'at most 2 hosts at once'],
    [{ concurrency: '1' }, 'at most 1 host at once'],
    [
      { concurrency: '6', slowStart: true },
      'at most 6 hosts at once, slow start 1, 2, 4, 6: doubles as hosts end well',
    ],
  ])('%j', (parameters, line) => {
    expect(told(parameters)).toContain(line);
  });

  test('a slow start doubles up to the concurrency', () => {
    expect([1, 2, 3, 8].map(slowStartSteps)).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 4, 8]]);
  });
});

describe('what aborts', () => {
  test.each([
    [{ maxFailures: '0' }, 'aborts at the 1st failed host; unreachable hosts count'],
    [{ maxFailures: '2' }, 'aborts at the 3rd failed host; unreachable hosts count'],
    [
      { maxFailures: '40%', ignoreUnreachable: true },
      'aborts at the 4th failed host; unreachable hosts do not count',
    ],
    [{ maxFailures: '100%' }, 'never aborts because hosts failed'],
    [{ maxFailures: '100%-of-completed' }, 'never aborts because hosts failed'],
    [
      { maxFailures: '25%-of-completed', minCompleted: 5 },
      'aborts when more than 25 % of the completed hosts have failed, once 5 have completed; unreachable hosts count',
    ],
    [
      { abortIf: 'test -e stop\n# or not', abortIfInterval: '90s' },
      'aborts if, on this machine: test -e stop ⏎ # or not (every 1 min 30 s; when it cannot be read: abort)',
    ],
  ])('%j', (parameters, line) => {
    expect(told(parameters)).toContain(line);
  });
});

describe('waves', () => {
  test('each with its hosts, and the gate after it', () => {
    const lines = told({ waves: ['1', '50%', '100%'], gate: 'manual' });
    expect(lines.filter((line) => line.startsWith('wave '))).toEqual([
      'wave 1 of 3: 1 host (web1); gate: manual',
      'wave 2 of 3: 3 hosts (web2, web3, web4); gate: manual',
      'wave 3 of 3: 4 hosts (web5, web6, web7, web8)',
    ]);
    expect(lines.find((line) => line.startsWith('web2'))).toContain('wave 2');
  });

  test('a soak is told by its length, a long list of hosts by its beginning', () => {
    const lines = told({ waves: ['12'], gate: '90m' }, hosts(13));
    expect(lines).toContain(
      'wave 1 of 2: 12 hosts (web1, web2, web3, web4, web5, web6, web7, web8, web9, web10 and 2 more); gate: 1 h 30 min of soak',
    );
  });

  test('one wave is none', () => {
    expect(told({ waves: ['100%'] }).filter((line) => line.startsWith('wave '))).toEqual([]);
  });
});

describe('the window', () => {
  const until = '2026-11-23T13:10:00.000Z';
  const taking = (...seconds: (number | undefined)[]) =>
    seconds.map((predictedSeconds, index) =>
      hostPlan(`web${index + 1}`, predictedSeconds === undefined ? {} : { predictedSeconds }),
    );

  test('who is not expected to fit is named, and whose duration nobody knows', () => {
    const lines = told({ until }, taking(60, 3600, undefined));
    expect(lines.some((line) => /^window ends at 2026-11-23 .*, in 10 min 0 s;/.test(line))).toBe(true);
    expect(lines).toContain('expected not to fit: web2');
    expect(lines).toContain('how long it takes is not known of web3: started until the window ends');
    expect(lines.find((line) => line.startsWith('web1'))).toMatch(/about 1 min$/);
  });

  const left = (parameters: Partial<RunParameters>, ...seconds: (number | undefined)[]) =>
    leftOutByWindow(planWith({ until, ...parameters }, taking(...seconds)));

  test.each([
    ['side by side all fit', { concurrency: '3' }, [400, 400, 400], []],
    ['one after the other only the first does', { concurrency: '1' }, [400, 400, 400], ['web2', 'web3']],
    ['a shorter one fits in the rest', { concurrency: '1' }, [400, 400, 100], ['web2']],
    ['exactly to the end is in time', { concurrency: '1' }, [300, 300, 1], ['web3']],
    ['a wave begins when the one before is done', { waves: ['1'] }, [400, 300, 100], ['web2']],
    ['a soak takes its time', { waves: ['1'], gate: '5m' }, [200, 101, 99], ['web2']],
  ])('%s', (_what, parameters, seconds, out) => {
    expect(left(parameters, ...seconds)).toEqual(out);
  });

  test('without a window nobody is left out', () => {
    expect(leftOutByWindow(planWith({}, taking(1e6)))).toEqual([]);
  });
});

describe('restarts', () => {
  const some = [hostPlan('web1', { reboot: true }), hostPlan('web2')];
  test.each([
    [{ reboot: 'never' as const }, 'reboot never; expected to want one afterwards: 1 host (web1)'],
    [{ reboot: 'if-required' as const }, 'reboot if the update asks for it; expected: 1 host (web1)'],
    [
      { reboot: 'always' as const },
      'reboot always: every host that is changed; expected to need it: 1 host (web1)',
    ],
  ])('%j', (parameters, line) => {
    expect(told(parameters, some)).toContain(line);
  });
});

test('hooks and probes are shown as they will be run', () => {
  const lines = told({
    before: 'drain',
    after: 'undrain',
    probe: 'curl -f localhost',
    probeRetries: 1,
    probeInterval: '5s',
  });
  expect(lines).toContain('before, on each host as root: drain');
  expect(lines).toContain('after, on each host as root: undrain');
  expect(lines).toContain(
    'probe, on each host as root: curl -f localhost (up to 2 tries, 5 s apart, each at most 30 s)',
  );
});

test('the limits are told, those of hooks and restarts only where there are any', () => {
  expect(told({ retries: 0 }).find((line) => line.startsWith('limits'))).toBe(
    'limits: each phase of the preparation 1 h, change 2 h, lock 5 min; a lost connection is not tried again',
  );
  expect(told({ reboot: 'always', after: 'x' }).find((line) => line.startsWith('limits'))).toBe(
    'limits: each phase of the preparation 1 h, change 2 h, lock 5 min, hook 10 min, restart 15 min; a lost connection is tried 2 more times',
  );
});

describe('the rollback proof', () => {
  const proven = { proof: 'proven' as const, reason: 'held' };
  const of = [
    hostPlan('web1', {
      reasons: [
        { ...proven, package: 'curl', source: 'repository' },
        { ...proven, package: 'bash', source: 'console' },
        { ...proven, package: 'new' },
      ],
    }),
    hostPlan('db1', {
      proof: 'best-effort',
      reasons: [
        { ...proven, package: 'curl', source: 'repository' },
        {
          proof: 'best-effort',
          package: 'mariadb',
          arch: 'amd64',
          version: '10.11',
          reason: 'it migrates its data\u001b[2J',
        },
      ],
    }),
  ];

  test('in one line for the whole plan: how far it goes, and where the old versions come from', () => {
    expect(told({}, of)).toContain(
      'rollback proven on 1 host, best-effort on 1 host (db1); proven: 2 from the repository, 1 from the console store, 1 more',
    );
    expect(told({ requireProof: true }, of).join()).toContain('(proof is required)');
  });

  test('on each host: the packages that are not proven with their reason, and the rest by its source', () => {
    const lines = told({}, of);
    expect(lines).toContain('rollback best-effort: mariadb:amd64 10.11: it migrates its data�[2J');
    expect(lines).toContain('rollback proven: 1 from the repository');
    expect(lines).toContain('rollback proven: 1 from the repository, 1 from the console store, 1 more');
  });
});

test('numbers are read as people say them', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 112].map(ordinal)).toEqual([
    '1st',
    '2nd',
    '3rd',
    '4th',
    '11th',
    '12th',
    '13th',
    '21st',
    '102nd',
    '112th',
  ]);
  expect([0, 5, 60, 90, 7200, 90_060].map(span)).toEqual([
    '0 s',
    '5 s',
    '1 min',
    '1 min 30 s',
    '2 h',
    '1 d 1 h 1 min',
  ]);
});

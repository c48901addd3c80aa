/** The zypper driver over recorded outputs of a lab host (zypper 1.14.42) in particular states, and over garbage. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EXIT } from '../../../main/core/drivers/jobWords.ts';
import { zypperDriver } from '../../../main/core/drivers/zypper/driver.ts';
import { newestKernel } from '../../../main/core/drivers/zypper/kernel.ts';
import { readAdvice, readLists } from '../../../main/core/drivers/zypper/lists.ts';
import { meets, relationsOf } from '../../../main/core/drivers/zypper/relations.ts';
import { asked, capabilities } from '../../../main/core/drivers/zypper/request.ts';
import { elementsOf, problemsIn } from '../../../main/core/drivers/zypper/xml.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';

const NONCE = '0123456789abcdef';
const NEW_KERNEL = '5.14.21-150500.55.36-default';

const Output = z.object({ stdout: z.string(), stderr: z.string(), exitCode: z.int() });
const Stages = z.array(
  z.object({
    stage: z.int(),
    packages: z.array(z.object({ name: z.string(), arch: z.string(), version: z.string() })),
  }),
);
const Case = z.union([z.object({ stages: Stages, output: Output }), Output]);
const cases = z
  .record(z.string(), Case)
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/zypper/leap-cases.json', import.meta.url), 'utf8')));

const of = (name: string): z.infer<typeof Case> => {
  const found = cases[name];
  if (found === undefined) throw new Error(`no recording of "${name}"`);
  return found;
};
const outputOf = (name: string): z.infer<typeof Output> => {
  const one = of(name);
  return 'output' in one ? one.output : one;
};

function scanned(name: string) {
  const read = zypperDriver.parseScan(outputOf(name), { nonce: NONCE, startedAt: 0, finishedAt: 1 });
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

function simulated(name: string, entries: Entry[] = []) {
  const one = of(name);
  if (!('stages' in one)) throw new Error(`"${name}" is no simulation`);
  const read = zypperDriver.parseSimulation(one.output, { nonce: NONCE, stages: one.stages, entries });
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

describe('reading a scan', () => {
  test('an update carries its repository, size, hash, and what the advisories say of it', () => {
    const { updates, removals } = scanned('fresh');
    const by = (name: string) => updates.find((update) => update.name === name);
    expect(by('lab-secure')).toEqual({
      name: 'lab-secure',
      arch: 'x86_64',
      from: '1.0-1',
      to: '1.0-1.el9_4.1',
      origin: 'lab',
      severity: 'important',
      classification: 'security',
      advisories: ['LABSA-2026:0001', 'CVE-2026-10001', 'CVE-2026-10002'],
      sizeBytes: expect.any(Number),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(by('lab-plain')).toMatchObject({ classification: 'bugfix', severity: 'unknown' });
    expect(by('lab-epoch')).toMatchObject({ from: '1:2.0~rc1-1', to: '1:2.0-1' });
    expect(by('lab-newdep')).toMatchObject({ from: null, to: '1.0-1' });
    expect(removals).toEqual([{ name: 'lab-mail-legacy', arch: 'noarch', version: '1.0-1' }]);
  });

  test('a locked package is held, and what cannot come because of another lock is kept back', () => {
    const { packages, updates } = scanned('lib locked');
    expect(packages.find((one) => one.name === 'lab-held')).toMatchObject({ held: true, auto: false });
    expect(packages.find((one) => one.name === 'lab-lib')).toMatchObject({ held: true, auto: true });
    expect(updates.flatMap(({ name, blocked }) => (blocked === undefined ? [] : [[name, blocked]]))).toEqual([
      ['lab-app', 'kept-back'],
      ['lab-held', 'held'],
      ['lab-lib', 'held'],
    ]);
  });

  test('a restart is due after a new kernel, and after what the host’s own list names; not before', () => {
    expect(scanned('fresh').facts).toMatchObject({ rebootRequired: false, rebootReasons: [] });
    const { facts } = scanned('restart due');
    expect(facts).toMatchObject({ rebootRequired: true, newestKernel: NEW_KERNEL });
    expect(facts.rebootReasons).toEqual([
      expect.stringContaining('needs-rebooting'),
      expect.stringContaining(NEW_KERNEL),
    ]);
  });

  test('the holder of the lock is named; who had it once, and is gone, is not', () => {
    expect(scanned('lock held').facts.lock).toEqual({
      held: true,
      holder: expect.stringMatching(/^pid \d+ \(zypper --no-refresh shell\)$/),
    });
    expect(scanned('restart due').facts.lock).toEqual({ held: false });
  });

  test('a package that is there twice is broken; kernels side by side are not', () => {
    expect(scanned('doubled').facts.broken).toEqual([
      { name: 'lab-plain', state: 'installed more than once: 1.0-1, 1.1-1' },
    ]);
  });

  test('repositories that could not be read make a scan partial, with their own words', () => {
    expect(scanned('refresh failed').partial).toMatch(/could not be read: .*temporarily unaccessible/);
    expect(scanned('no metadata').partial).toBe(
      'repositories whose metadata is not on the host (zypper refresh reads it), so that their updates are not known: lab',
    );
  });

  test('no garbage in place of a part of the answer is more than an error or less than a valid reading', () => {
    const { stdout } = outputOf('fresh');
    fc.assert(
      fc.property(
        fc.nat(stdout.length),
        fc.nat(400),
        fc.string({ unit: 'binary', maxLength: 200 }),
        (at, cut, junk) => {
          const read = zypperDriver.parseScan(
            { stdout: stdout.slice(0, at) + junk + stdout.slice(at + cut), stderr: '', exitCode: 0 },
            { nonce: NONCE, startedAt: 0, finishedAt: 1 },
          );
          if (!read.ok) expect(read.error.code).toMatch(/^host\./);
          else expect(read.value.facts.manager).toBe('zypper');
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('what a plan refuses', () => {
  test('a version nobody offers, with those that are', () => {
    expect(simulated('missing').refusals).toEqual([
      {
        code: 'host.version-unavailable',
        message: "lab-plain 7.0-1 is in none of this host's repositories (they offer 1.0-1, 1.1-1).",
        package: 'lab-plain',
      },
    ]);
  });

  test('a locked package, with how to release it', () => {
    const { actions, refusals } = simulated('locked');
    expect(actions).toEqual([]);
    expect(refusals).toMatchObject([
      { code: 'host.dependency-conflict', message: expect.stringContaining('zypper removelock') },
    ]);
  });

  test('what the solver finds no way for, in its words, and none of the ways out that it offers', () => {
    expect(simulated('conflict').refusals).toEqual([
      {
        code: 'host.dependency-conflict',
        message:
          'zypper refuses stage 1: lab-app-2.0-1.x86_64 requires lab-lib >= 2.0, but this requirement cannot be provided',
      },
    ]);
  });
});

describe('downloading', () => {
  const stage = (name: string) => zypperDriver.parseStage(outputOf(name), { nonce: NONCE });

  test('another’s lock is named with who holds it', () => {
    expect(stage('stage lock held')).toMatchObject({
      ok: false,
      error: { code: 'host.lock-held', message: expect.stringMatching(/held by pid \d+ \(zypper/) },
    });
  });

  test('a package that arrives damaged is the repository’s fault', () => {
    expect(stage('stage corrupt')).toMatchObject({ ok: false, error: { code: 'host.repository' } });
  });
});

describe('the job’s words', () => {
  test('a failed script is told by package, with what it said', () => {
    const log = `| lab-broken: cannot migrate
frostline: script failed: lab-broken: rpm went on
frostline: stage 1 is in place, but scripts failed: lab-broken
frostline: ended with ${EXIT.scriptFailed}
`;
    expect(zypperDriver.judgeJob('apply', EXIT.scriptFailed, log)).toMatchObject({
      ok: false,
      error: {
        code: 'host.script-failed',
        packages: ['lab-broken'],
        message: expect.stringContaining('cannot migrate'),
      },
    });
  });

  test('progress is of the whole job, and lines that are none of it are nothing', () => {
    expect(zypperDriver.progress('frostline:2:2:pm:lab-slow:50')).toMatchObject({
      package: 'lab-slow',
      percent: 77.5,
    });
    expect(zypperDriver.progress('frostline:1:1:dl:100')).toMatchObject({
      phase: 'downloading',
      percent: 10,
    });
    expect(zypperDriver.progress('pm:lab-slow:50')).toBeNull();
    expect(zypperDriver.progress('frostline:1:1:pm:../../x:50')).toBeNull();
  });
});

describe('what zypper prints', () => {
  test('elements stand in the section that holds them, with their texts as they were before XML', () => {
    const text =
      '<to-upgrade>\n<solvable type="package" name="a" edition="1&lt;2" arch="x"/></to-upgrade><to-remove>\n<solvable type="package" name="b" edition="1" arch="x">';
    expect(
      elementsOf(text, 'solvable', ['to-']).map((one) => [one.within, one.attributes.get('edition')]),
    ).toEqual([
      ['to-upgrade', '1<2'],
      ['to-remove', '1'],
    ]);
    expect(
      problemsIn('<description>2 Problems:\nProblem: one\nProblem: two\n Solution 1: x\n</description>'),
    ).toEqual(['one', 'two']);
  });

  test('no text takes longer to read than a fraction of what it takes to write', () => {
    const long = '<solvable '.repeat(200_000);
    expect(elementsOf(long, 'solvable')).toEqual([]);
  });
});

describe('the lists', () => {
  const package_ = 'P\ta\tx86_64\t0:1.0-1\tsha256\t'.concat('f'.repeat(64), '\t10\t20\tx/a.rpm\tACME');

  test('a package with its hash and what it asks for; one that cannot be one is passed over with all its lines', () => {
    const lists = readLists([
      'repo\tmain\t1700000000',
      package_,
      'R\trequires\tlib(x) &gt;\tGE\t2:1',
      'P\t-bad name\tx86_64\t1-1\tsha256\tff\t1\t1\tx\ty',
      'R\trequires\tlost\t\t',
      'repo\tother\t',
    ]);
    expect(lists.offers).toMatchObject([
      {
        repo: 'main',
        name: 'a',
        version: '1.0-1',
        bytes: 10,
        installedBytes: 20,
        requires: [{ name: 'lib(x) >', flags: 'GE', version: '2:1' }],
      },
    ]);
    expect(lists.repos).toEqual([
      { alias: 'main', readAt: 1_700_000_000 },
      { alias: 'other', readAt: null },
    ]);
  });

  test('an advisory has only CVEs that can be ones', () => {
    expect(
      readAdvice(['A\tX-1\tsecurity\timportant\t CVE-2026-12345 <script>', 'N\ta\tnoarch\t0:1-1']),
    ).toEqual([
      {
        id: 'X-1',
        type: 'security',
        severity: 'important',
        cves: ['CVE-2026-12345'],
        packages: [{ name: 'a', arch: 'noarch', version: '1-1' }],
      },
    ]);
  });
});

describe('relations', () => {
  const dependency = (flags: string, version: string) => ({ name: 'lib', flags, version });

  test.each([
    ['EQ', '2.0-1', 'GE', '2.0', true],
    ['EQ', '1.9-1', 'GE', '2.0', false],
    ['EQ', '2.0-3', 'EQ', '2.0', true],
    ['EQ', '2.0-3', 'EQ', '2.0-4', false],
    ['EQ', '2.0-3', 'LT', '2.0', false],
    ['EQ', '1:1.0-1', 'GT', '9.0', true],
    ['GE', '1.0', 'EQ', '5.0', true],
    ['', '', 'GE', '2.0', true],
    ['EQ', '1.0-1', '', '', true],
  ])('%s %s provided, %s %s asked: %s', (has, version, asks, wanted, met) => {
    expect(meets(dependency(has, version), dependency(asks, wanted))).toBe(met);
  });

  const offer = (name: string, version: string, requires: ReturnType<typeof dependency>[] = []) => ({
    repo: 'r',
    name,
    arch: 'noarch',
    version,
    bytes: 1,
    installedBytes: 1,
    place: 'x',
    vendor: '',
    provides: [{ name, flags: 'EQ', version }],
    requires,
    conflicts: [],
    obsoletes: [],
  });
  const here = (name: string, version: string, requires: ReturnType<typeof dependency>[] = []) => ({
    name,
    arch: 'noarch',
    version,
    provides: [{ name, flags: 'EQ', version }],
    requires,
    conflicts: [],
  });

  test('what stays installed meets, or its own update too, is left out', () => {
    expect(
      relationsOf([offer('app', '2-1', [dependency('GE', '1')])], [here('lib', '1-1')], () => false),
    ).toEqual([]);
    const both = [offer('app', '2-1', [dependency('GE', '1')]), offer('lib', '2-1')];
    expect(relationsOf(both, [here('lib', '1-1')], () => false)).toEqual([]);
  });

  test('what only an update meets is told, and what an update takes away from others', () => {
    const both = [offer('app', '2-1', [dependency('GE', '2')]), offer('lib', '2-1')];
    expect(relationsOf(both, [here('lib', '1-1')], () => false)).toMatchObject([
      { name: 'app', installed: false, requires: [[{ name: 'lib', op: '>=', version: '2' }]] },
    ]);
    expect(
      relationsOf(
        [offer('lib', '2-1')],
        [here('lib', '1-1'), here('old', '1-1', [dependency('LT', '2')])],
        () => false,
      ),
    ).toMatchObject([{ name: 'old', installed: true, requires: [[{ name: 'lib', op: '<', version: '2' }]] }]);
  });
});

test('a kernel’s name is that of its files: the rebuild count of its package is no part of it', () => {
  const kernels = [
    {
      name: 'kernel-default',
      arch: 'x86_64',
      version: '5.14.21-150500.55.7.1',
      uname: '5.14.21-150500.55.7-default',
    },
    { name: 'kernel-default', arch: 'x86_64', version: '5.14.21-150500.55.36.1', uname: NEW_KERNEL },
    { name: 'kernel-rt', arch: 'x86_64', version: '6.0-1.1', uname: '6.0-1-rt' },
  ];
  expect(newestKernel('5.14.21-150500.55.7-default', kernels)).toBe(NEW_KERNEL);
  expect(newestKernel('6.0-1-rt', kernels)).toBe('6.0-1-rt');
  expect(newestKernel('6.9-custom', kernels)).toBeUndefined();
});

test('a later stage asks for what earlier ones asked, in its own version where both name a package', () => {
  const packages = (version: string) => [{ name: 'a', arch: 'noarch', version }];
  expect(
    capabilities(
      asked([
        { stage: 1, packages: packages('1-1') },
        { stage: 2, packages: packages('1:2-1') },
      ]),
    ),
  ).toBe('a.noarch=1:2-1');
});

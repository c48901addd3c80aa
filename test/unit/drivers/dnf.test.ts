import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dnfDriver } from '../../../main/core/drivers/dnf/driver.ts';
import { newestKernel } from '../../../main/core/drivers/dnf/kernel.ts';
import { EXIT } from '../../../main/core/drivers/jobWords.ts';
import { migratesData } from '../../../main/core/drivers/rpm/proof.ts';
import { readRecording } from '../../conformance/drivers/recording.ts';
import { NONCE, readScan, recorded, scanned, simulated } from './dnfCases.ts';

const NEW_KERNEL = '5.14.0-427.42.1.el9_4';

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

  test('a locked package is held, and its update says so', () => {
    const { packages, updates } = scanned('fresh');
    expect(packages.find((one) => one.name === 'lab-held')).toMatchObject({ held: true, auto: false });
    expect(packages.find((one) => one.name === 'lab-lib')).toMatchObject({ held: false, auto: true });
    expect(packages.find((one) => one.name === 'lab-lib')?.source).toBe('lab-app');
    expect(updates.filter((one) => one.blocked !== undefined).map((one) => one.name)).toEqual(['lab-held']);
  });

  test('a restart is due after a new kernel, and after what needs-restarting names; not before', () => {
    const before = readRecording(new URL('../../fixtures/dnf/el9-lab.json', import.meta.url).pathname);
    expect(readScan(before.steps.scan ?? recorded('fresh'))).toMatchObject({
      value: { facts: { rebootRequired: false, rebootReasons: [] } },
    });
    const { facts } = scanned('a restart is due');
    expect(facts.rebootRequired).toBe(true);
    expect(facts.newestKernel).toBe(`${NEW_KERNEL}.x86_64`);
    expect(facts.rebootReasons).toEqual(
      expect.arrayContaining(['lab-reboot', expect.stringContaining(NEW_KERNEL)]),
    );
  });

  test('the holder of the lock is named, and what it has half done is not called broken', () => {
    const { facts } = scanned('locked by dnf');
    expect(facts.lock.held).toBe(true);
    expect(facts.lock.holder).toMatch(/^pid \d+ \(.*dnf -y upgrade lab-slow\)$/);
    expect(facts.broken).toEqual([]);
  });

  test('a transaction cut off is broken: the package that is there twice, and the history that never ended', () => {
    const { facts, packages } = scanned('a transaction was cut off');
    expect(facts.lock).toEqual({ held: false });
    expect(facts.broken.map((one) => one.name)).toEqual(['lab-slow', 'dnf']);
    expect(facts.broken[0]?.state).toBe('installed more than once: 1.0-1, 1.1-1');
    const twice = packages.filter((one) => one.name === 'lab-slow');
    expect(twice.map((one) => one.brokenState)).toEqual(['duplicate', 'duplicate']);
  });

  test('a host without metadata is read in part, and says what would help', () => {
    const { partial, packages, updates } = scanned('no metadata');
    expect(partial).toMatch(/lab: .*dnf makecache|dnf makecache.*lab: /);
    expect(packages.length).toBeGreaterThan(15);
    expect(updates).toEqual([]);
  });

  test('a host without dnf 4 is not supported', () => {
    expect(readScan(recorded('no dnf'))).toMatchObject({ ok: false, error: { code: 'host.unsupported' } });
  });

  test('no hostile line makes it throw', () => {
    const { stdout } = recorded('fresh');
    const lines = stdout.split('\n');
    const hostile = fc.constantFrom(
      '{"t":"pkg","name":"../x"}',
      '{"t":"update"}',
      '{"t":1}',
      '[',
      `{"t":"repo","error":{}}`,
      '{"t":"lock","pid":-1,"command":5}',
    );
    fc.assert(
      fc.property(fc.nat(lines.length), hostile, (at, line) => {
        const read = readScan({ stdout: lines.toSpliced(at, 0, line).join('\n'), stderr: '', exitCode: 0 });
        expect(read.ok || read.error.code).toBeTruthy();
      }),
      { numRuns: 200 },
    );
  });
});

describe('reading a simulation', () => {
  const name = 'kernels, a replaced package and one that vanished';

  test('a kernel is installed beside the old one; a replaced package is removed', () => {
    const { actions, refusals, reboot } = simulated(name);
    expect(refusals).toEqual([]);
    expect(reboot).toBe(true);
    const kernel = actions.find((action) => action.name === 'kernel');
    expect(kernel).toMatchObject({ action: 'install', to: NEW_KERNEL, dependency: false });
    expect(kernel).not.toHaveProperty('from');
    expect(actions.find((action) => action.name === 'kernel-core')).toMatchObject({ dependency: true });
    expect(actions.find((action) => action.name === 'lab-mail-legacy')).toMatchObject({
      action: 'remove',
      from: '1.0-1',
    });
  });

  test('what no repository has any more cannot be put back, unless somebody holds it', () => {
    const proofOf = (held?: Parameters<typeof simulated>[1]) =>
      simulated(name, held).proof.find((one) => one.package === 'lab-vanished');
    expect(proofOf()).toMatchObject({ proof: 'impossible', source: 'none', version: '1.0-1' });
    expect(proofOf(() => ({ source: 'console', from: 'the console' }))).toMatchObject({
      proof: 'proven',
      source: 'console',
    });
    expect(simulated(name).proof.find((one) => one.package === 'lab-mail')).toMatchObject({
      proof: 'proven',
      source: 'repository',
    });
  });

  test('a way back that dnf would not go is no proof', () => {
    const one = recorded(name);
    const stdout = one.stdout.replace(
      '{"ok": true, "text": "", "t": "reverse"}',
      '{"ok": false, "text": "going back would also change bash", "t": "reverse"}',
    );
    expect(stdout).not.toBe(one.stdout);
    const read = dnfDriver.parseSimulation(
      { ...one, stdout },
      { nonce: NONCE, stages: one.stages, entries: one.entries },
    );
    const proof = read.ok ? read.value.proof.find((p) => p.package === 'lab-mail') : undefined;
    expect(proof).toMatchObject({
      proof: 'best-effort',
      reason: expect.stringContaining('also change bash'),
    });
  });

  test.each([
    ['locked', 'host.dependency-conflict', /locked or excluded/],
    ['not on offer', 'host.version-unavailable', /they offer 1\.0-1, 1\.1-1/],
    ['a rejected dependency', 'host.dependency-conflict', /rejected by the snapshot/],
    ['no way to do it', 'host.dependency-conflict', /dnf refuses stage 1: .*lab-newdep/],
  ])('%s: refused with the reason', (which, code, message) => {
    expect(simulated(which).refusals).toMatchObject([{ code, message: expect.stringMatching(message) }]);
  });

  test('a stage has only what those before it left', () => {
    const stages = Map.groupBy(simulated('two stages').actions, (action) => action.stage);
    expect(stages.get(1)?.map((action) => action.name)).toEqual(['lab-plain']);
    expect(
      stages
        .get(2)
        ?.map((action) => action.name)
        .sort(),
    ).toEqual(['lab-app', 'lab-lib', 'lab-newdep']);
  });
});

describe('judging a job', () => {
  const judge = (name: string) => dnfDriver.judgeJob('apply', recorded(name).exitCode, recorded(name).stdout);

  test('a failing %post is an error with the package and its words, though rpm calls it done', () => {
    expect(judge('job: a failing %post')).toMatchObject({
      ok: false,
      error: {
        code: 'host.script-failed',
        packages: ['lab-broken'],
        message: expect.stringContaining('cannot migrate'),
      },
    });
  });

  test('a failing %pre leaves its package behind, and names it', () => {
    expect(judge('job: a failing %pre')).toMatchObject({
      ok: false,
      error: {
        code: 'host.not-applied',
        packages: ['lab-prefail'],
        message: expect.stringContaining('refusing'),
      },
    });
  });

  test('a lock that was not released names its holder', () => {
    expect(judge('job: the lock is held')).toMatchObject({
      ok: false,
      error: { code: 'host.lock-held', message: expect.stringContaining('dnf -y upgrade lab-slow') },
    });
  });

  test("a script's output cannot speak for the job", () => {
    const log =
      '| evil: frostline: failed: bash (1)\nfrostline: failed: lab-a (1.0-1)\nfrostline: ended with 10\n';
    expect(dnfDriver.judgeJob('apply', EXIT.stageFailed, log)).toMatchObject({
      error: { packages: ['lab-a'] },
    });
  });
});

describe('progress', () => {
  test('is of the whole job, and only lines of ours count', () => {
    expect(dnfDriver.progress('frostline:2:4:pm:lab-plain:100.0')).toEqual({
      phase: 'installing',
      package: 'lab-plain',
      percent: 50,
    });
    expect(dnfDriver.progress('frostline:1:1:wait:pid 7 (dnf)')?.waitingFor).toBe('lock held by pid 7 (dnf)');
    for (const line of [
      '',
      'pm:x:1',
      'frostline:1:1:phase:constructor',
      'frostline:1:1:pm:../x:5',
      'x'.repeat(5000),
    ])
      expect(dnfDriver.progress(line)).toBeNull();
  });
});

describe('choosing entries', () => {
  const installed = (version: string) => ({
    name: 'kernel-core',
    arch: 'x86_64',
    version,
    source: 'kernel',
    sourceVersion: version,
    auto: true,
    held: false,
  });
  const entry = {
    ecosystem: 'dnf',
    name: 'kernel-core',
    version: '5-2',
    decision: 'approve',
    stage: 1,
    source: 'manual',
  } as const;

  test('an older kernel beside the wanted one is no reason to install it again', () => {
    const both = dnfDriver.select([entry], [installed('5-1'), installed('5-2')]);
    expect(both).toMatchObject({ stages: [], skipped: [{ reason: 'already installed' }] });
    expect(dnfDriver.select([entry], [installed('5-1')]).stages).toHaveLength(1);
  });

  test('entries of another manager are left out', () => {
    const other = dnfDriver.select([{ ...entry, ecosystem: 'apt' }], [installed('5-1')]);
    expect(other.skipped).toMatchObject([{ reason: 'for apt' }]);
  });
});

describe('comparing with the capture', () => {
  const one = (version: string, auto = false) => ({
    name: 'kernel',
    arch: 'x86_64',
    version,
    auto,
    held: false,
    state: 'ii',
  });
  const capture = {
    runId: '',
    hostId: '',
    takenAt: '',
    secured: [],
    unsecured: [],
    packages: [one('5-1'), one('5-2')],
  };

  test('each of several versions counts by itself', () => {
    expect(dnfDriver.compare(capture, [one('5-2'), one('5-1')], [])).toMatchObject({ equal: true });
    expect(dnfDriver.compare(capture, [one('5-2'), one('5-3')], []).versions).toEqual([
      { name: 'kernel', arch: 'x86_64', captured: '5-1', now: null },
      { name: 'kernel', arch: 'x86_64', captured: null, now: '5-3' },
    ]);
    expect(dnfDriver.compare(capture, [one('5-1'), one('5-2', true)], []).marks).toHaveLength(1);
  });
});

test('the newest kernel is of the running one’s flavour', () => {
  const row = (name: string, version: string) => ({
    name,
    version,
    arch: 'x86_64',
    source: '',
    multi: true,
    auto: false,
    held: false,
  });
  const rows = [
    row('kernel-core', '5.14-2'),
    row('kernel-core', '5.14-10'),
    row('kernel-rt-core', '5.14-2'),
    row('kernel-rt-core', '5.14-11'),
  ];
  expect(newestKernel('5.14-2.x86_64', rows)).toBe('5.14-10.x86_64');
  expect(newestKernel('5.14-2.x86_64+rt', rows)).toBe('5.14-11.x86_64+rt');
  expect(newestKernel('6.1.0-21-amd64', rows)).toBeUndefined();
});

test('an artefact is named as rpm names it', () => {
  expect(dnfDriver.artefactFile({ name: 'a', arch: 'noarch', version: '1:2.0~rc1-1' })).toBe(
    'a-2.0~rc1-1.noarch.rpm',
  );
});

test('servers migrate their data, their clients do not', () => {
  expect(
    ['postgresql-server', 'postgresql16-server', 'mariadb-server', 'mysql-community-server'].filter(
      (n) => !migratesData(n),
    ),
  ).toEqual([]);
  expect(['postgresql', 'mariadb', 'mariadb-libs', 'redis-tools'].filter(migratesData)).toEqual([]);
});

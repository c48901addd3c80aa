import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import { EXIT } from '../../../main/core/drivers/jobWords.ts';
import type { Capture } from '../../../shared/model/run.ts';
import type { InstalledPackage } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { recorded } from './cases.ts';

const entry = (name: string, version: string, rest: Partial<Entry> = {}): Entry => ({
  ecosystem: 'apt',
  name,
  version,
  decision: 'approve',
  stage: 1,
  source: 'manual',
  ...rest,
});
const installed = (name: string, version: string, arch = 'amd64'): InstalledPackage => ({
  name,
  arch,
  version,
  source: name,
  sourceVersion: version,
  auto: false,
  held: false,
});

describe('which entries apply', () => {
  test('only to what is installed in an older version', () => {
    const { stages, skipped } = aptDriver.select(
      [
        entry('older', '2'),
        entry('equal', '1'),
        entry('newer', '1'),
        entry('absent', '1'),
        entry('no', '2', { decision: 'reject' }),
        entry('rpm', '2', { ecosystem: 'dnf' }),
      ],
      [
        installed('older', '1'),
        installed('equal', '1'),
        installed('newer', '2~rc1'),
        installed('no', '1'),
        installed('rpm', '1'),
      ],
    );
    expect(stages).toEqual([{ stage: 1, packages: [{ name: 'older', arch: 'amd64', version: '2' }] }]);
    expect(skipped.map(({ name, reason }) => [name, reason])).toEqual([
      ['equal', 'already installed'],
      ['newer', 'newer installed'],
      ['absent', 'not installed'],
      ['no', 'rejected'],
      ['rpm', 'for dnf'],
    ]);
  });

  test('stages ascend; every installed architecture moves, or the one the entry names', () => {
    const both = [
      installed('lib', '1'),
      installed('lib', '1', 'i386'),
      installed('tool', '1'),
      installed('doc', '1', 'all'),
    ];
    const { stages } = aptDriver.select(
      [
        entry('tool', '2', { stage: 7 }),
        entry('lib', '2', { stage: 3 }),
        entry('doc', '2', { arch: 'amd64', stage: 3 }),
      ],
      both,
    );
    expect(stages).toEqual([
      {
        stage: 3,
        packages: [
          { name: 'doc', arch: 'all', version: '2' },
          { name: 'lib', arch: 'amd64', version: '2' },
          { name: 'lib', arch: 'i386', version: '2' },
        ],
      },
      { stage: 7, packages: [{ name: 'tool', arch: 'amd64', version: '2' }] },
    ]);
    const named = aptDriver.select([entry('lib', '2', { arch: 'i386' })], both);
    expect(named.stages[0]?.packages).toEqual([{ name: 'lib', arch: 'i386', version: '2' }]);
    expect(aptDriver.select([entry('lib', '2', { arch: 'arm64' })], both).skipped[0]?.reason).toContain(
      'arm64',
    );
  });
});

describe('progress', () => {
  test('percent is of the whole job, over its stages', () => {
    expect(aptDriver.progress('frostline:1:2:pmstatus:libc6:amd64:50.0:Unpacking libc6')).toEqual({
      phase: 'installing',
      package: 'libc6',
      percent: 27.5,
    });
    expect(aptDriver.progress('frostline:2:2:dlstatus:1:100:Retrieving')).toEqual({
      phase: 'downloading',
      percent: 55,
    });
    expect(aptDriver.progress('frostline:2:2:pmstatus:dpkg-exec:100:Running dpkg')).toEqual({
      phase: 'installing',
      percent: 100,
    });
    expect(aptDriver.progress('frostline:2:3:phase:recovering')).toEqual({
      phase: 'recovering',
      percent: 65,
    });
    expect(aptDriver.progress('frostline:3:3:phase:finished')).toEqual({ phase: 'finished', percent: 100 });
    expect(aptDriver.progress('frostline:1:1:wait:pid 812 (apt-get upgrade)')).toEqual({
      phase: 'waiting',
      percent: 0,
      waitingFor: 'lock held by pid 812 (apt-get upgrade)',
    });
    expect(aptDriver.progress('pmerror:foo:40:dpkg failed')).toMatchObject({
      phase: 'failing',
      package: 'foo',
    });
  });

  test('any line: a valid progress or nothing', () => {
    const line = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat(), fc.nat(), fc.string()).map(([i, n, rest]) => `frostline:${i}:${n}:pmstatus:${rest}`),
    );
    fc.assert(
      fc.property(line, (text) => {
        const read = aptDriver.progress(text);
        if (read === null) return;
        expect(read.percent).toBeGreaterThanOrEqual(0);
        expect(read.percent).toBeLessThanOrEqual(100);
      }),
    );
  });
});

describe('what an ended job means', () => {
  test('a failing maintainer script: the package, what it said, and the way out', () => {
    const { stdout, exitCode } = recorded('apply-broken');
    const judged = aptDriver.judgeJob('apply', exitCode, stdout);
    expect(judged).toMatchObject({
      ok: false,
      error: { code: 'host.not-applied', packages: ['lab-broken'] },
    });
    if (judged.ok) return;
    expect(judged.error.message).toContain('cannot migrate: /etc/lab-broken.ok is missing');
    expect(judged.error.hint).toContain('Roll the host back');
  });

  test('only zero is success; every documented code has its own error', () => {
    expect(aptDriver.judgeJob('apply', 0, '')).toEqual({ ok: true, value: undefined });
    const codes = Object.fromEntries(
      Object.entries(EXIT).map(([name, exitCode]) => {
        const judged = aptDriver.judgeJob('apply', exitCode, '');
        return [name, judged.ok ? 'ok' : judged.error.code];
      }),
    );
    expect(codes).toEqual({
      done: 'ok',
      // Codes of other managers' jobs: here they say no more than that it failed.
      broke: 'host.not-applied',
      scriptFailed: 'host.not-applied',
      stageFailed: 'host.not-applied',
      lockTimeout: 'host.lock-held',
      stopped: 'cancelled',
      diskFull: 'host.disk-full',
      readOnly: 'host.read-only',
      drifted: 'plan.drifted',
      repository: 'host.repository',
      notRestored: 'host.not-restored',
      wouldChangeOthers: 'host.not-restored',
      artefactMissing: 'host.not-restored',
    });
    expect(aptDriver.judgeJob('rollback', 137, '')).toMatchObject({
      ok: false,
      error: { code: 'host.not-restored' },
    });
  });
});

describe('comparing with the capture', () => {
  const one = (
    name: string,
    rest: Partial<Capture['packages'][number]> = {},
  ): Capture['packages'][number] => ({
    name,
    arch: 'amd64',
    version: '1',
    auto: false,
    held: false,
    state: 'ii',
    ...rest,
  });
  const capture = (packages: Capture['packages']): Capture => ({
    runId: '00000000-0000-4000-8000-000000000000',
    hostId: '00000000-0000-4000-8000-000000000000',
    takenAt: '2026-01-01T00:00:00.000Z',
    packages,
    secured: [],
    unsecured: [],
  });

  test('equal only when every version, mark, hold and state is', () => {
    const packages = [one('a'), one('b', { auto: true }), one('c', { version: '1', state: 'rc' })];
    expect(aptDriver.compare(capture(packages), packages, [])).toEqual({
      equal: true,
      versions: [],
      marks: [],
    });
  });

  test('every difference is told, also of packages the task never touched', () => {
    const difference = aptDriver.compare(
      capture([
        one('a'),
        one('gone'),
        one('marked', { auto: true }),
        one('held', { held: true }),
        one('broken'),
        one('left', { state: 'rc' }),
      ]),
      [one('a', { version: '2' }), one('new'), one('marked'), one('held'), one('broken', { state: 'iF' })],
      [],
    );
    expect(difference.equal).toBe(false);
    expect(difference.versions.map(({ name, captured, now }) => [name, captured, now])).toEqual([
      ['a', '1', '2'],
      ['gone', '1', null],
      ['new', null, '1'],
    ]);
    expect(difference.marks.map(({ name, field, captured, now }) => [name, field, captured, now])).toEqual([
      ['broken', 'state', 'ii', 'iF'],
      ['held', 'held', 'true', 'false'],
      ['left', 'state', 'rc', 'absent'],
      ['marked', 'auto', 'true', 'false'],
    ]);
  });
});

/** One host against one snapshot: exactly one status per entry, and a level that is never better than what is known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import {
  type CompareVersions,
  type Describe,
  type HostTask,
  judgeHost,
  judgeUnknown,
  wantedOf,
} from '../../../main/core/reports/judge.ts';
import { type ComplianceRow, RowStatus } from '../../../shared/model/report.ts';
import type { RuleSet } from '../../../shared/model/rule.ts';
import type { Task } from '../../../shared/model/run.ts';
import type { InstalledPackage, Update } from '../../../shared/model/scan.ts';
import type { Entry, ExceptionView } from '../../../shared/model/snapshot.ts';
import { makeFacts, makeHost, uuid } from '../fleet/make.ts';
import { entry, installed, update } from '../snapshots/support.ts';

const compare: CompareVersions = (_, a, b) => aptDriver.compareVersions(a, b);
const host = makeHost('web-1');

const exception = (name: string, version: string, rest: Partial<ExceptionView> = {}): ExceptionView => ({
  ecosystem: 'apt',
  name,
  version,
  reason: 'CVE-2026-1 will not wait',
  author: { name: 'anna' },
  at: '2026-11-20T10:00:00.000Z',
  until: '2026-11-30T10:00:00.000Z',
  active: true,
  ...rest,
});

const task = (state: Task['state'], name: string, to: string, rest: Partial<Task> = {}): HostTask => ({
  runId: uuid(7),
  task: {
    hostId: host.id,
    host: host.name,
    state,
    actions: [{ action: 'upgrade', name, arch: 'amd64', from: '1.0', to, stage: 0, dependency: false }],
    proof: 'proven',
    from: [],
    to: [],
    attempt: 1,
    ...rest,
  },
});

type World = {
  rules?: RuleSet[];
  entries?: Entry[];
  exceptions?: ExceptionView[];
  packages?: InstalledPackage[];
  updates?: Update[];
  facts?: Parameters<typeof makeFacts>[0];
  tasks?: HostTask[];
};
const MADE = '2026-11-01T10:00:00.000Z';
/** Nothing was imported: the host's own word. */
const ownWord: Describe = ({ severity, classification, advisories }) => ({
  severity,
  classification,
  advisories,
  cves: [],
  grounds: [{ source: 'hosts', asOf: '2026-11-20T10:00:00.000Z' }],
});
const judge = (
  { entries = [], exceptions = [], packages = [], updates = [], facts, tasks = [], rules = [] }: World,
  described: Describe = ownWord,
) =>
  judgeHost(
    wantedOf({ entries, exceptions, rules, madeAt: MADE }),
    {
      packages,
      updates,
      facts: makeFacts(facts),
      has: (name) => packages.some((one) => one.name === name),
    },
    tasks,
    compare,
    described,
  );
const statuses = (world: World) => judge(world).rows.map((row: ComplianceRow) => `${row.name} ${row.status}`);

describe('an entry that is to be installed', () => {
  const two = entry('bash', { version: '2.0' });

  it.each<[string, World, string, string]>([
    ['exactly there', { packages: [installed('bash', '2.0')] }, 'installed', 'compliant'],
    ['there under an equal version', { packages: [installed('bash', '0:2.0')] }, 'installed', 'compliant'],
    ['older', { packages: [installed('bash', '1.9')] }, 'missing', 'non-compliant'],
    ['newer', { packages: [installed('bash', '2.1')] }, 'installed-other', 'deviating'],
    ['not on the host', { packages: [installed('zsh')] }, 'not-applicable', 'not-applicable'],
    [
      'of another manager',
      { packages: [installed('bash', '2.0')], facts: { manager: 'dnf' } },
      'not-applicable',
      'not-applicable',
    ],
    [
      'there, but half-configured',
      { packages: [installed('bash', '2.0', { brokenState: 'iF' })] },
      'failed',
      'non-compliant',
    ],
    [
      'older on one of two architectures',
      { packages: [installed('bash', '2.0'), installed('bash', '1.0', { arch: 'i386' })] },
      'missing',
      'non-compliant',
    ],
    [
      'there beside an older one, as kernels are',
      { packages: [installed('bash', '1.0'), installed('bash', '2.0'), installed('bash', '1.5')] },
      'installed',
      'compliant',
    ],
    [
      'older after a run that failed',
      { packages: [installed('bash')], tasks: [task('failed', 'bash', '2.0')] },
      'failed',
      'non-compliant',
    ],
    [
      'older after a run that did not reach the host',
      { packages: [installed('bash')], tasks: [task('unreachable', 'bash', '2.0')] },
      'failed',
      'non-compliant',
    ],
    [
      'older after a run that failed with another version',
      { packages: [installed('bash')], tasks: [task('failed', 'bash', '1.5')] },
      'missing',
      'non-compliant',
    ],
    [
      'older after a run that failed and one later that was called off',
      {
        packages: [installed('bash')],
        tasks: [task('terminated', 'bash', '2.0'), task('failed', 'bash', '2.0')],
      },
      'missing',
      'non-compliant',
    ],
    [
      'older after a rollback that was asked for',
      { packages: [installed('bash')], tasks: [task('rolled-back', 'bash', '2.0')] },
      'missing',
      'non-compliant',
    ],
    [
      'there after a run that failed',
      { packages: [installed('bash', '2.0')], tasks: [task('failed', 'bash', '2.0')] },
      'installed',
      'compliant',
    ],
    [
      'newer by an exception',
      { packages: [installed('bash', '2.1')], exceptions: [exception('bash', '2.1')] },
      'excepted',
      'compliant',
    ],
    [
      'newer than the exception',
      { packages: [installed('bash', '2.2')], exceptions: [exception('bash', '2.1')] },
      'installed-other',
      'deviating',
    ],
    [
      'newer by an exception for another architecture',
      { packages: [installed('bash', '2.1')], exceptions: [exception('bash', '2.1', { arch: 'i386' })] },
      'installed-other',
      'deviating',
    ],
  ])('%s', (_, world, status, level) => {
    const verdict = judge({ entries: [two], ...world });
    expect(verdict.rows.filter((row) => row.name === 'bash')).toMatchObject([{ status }]);
    expect(verdict.level).toBe(level);
  });

  it('says what is there instead, and of a failure the run', () => {
    const [row] = judge({
      entries: [two],
      packages: [installed('bash', '1.9')],
      tasks: [
        task('failed', 'bash', '2.0', {
          finishedAt: '2026-11-23T13:00:00.000Z',
          error: { code: 'host.script-failed', message: 'no', retryable: false },
        }),
      ],
    }).rows;
    expect(row).toMatchObject({
      installed: [{ arch: 'amd64', version: '1.9' }],
      run: { id: uuid(7), state: 'failed', at: '2026-11-23T13:00:00.000Z', code: 'host.script-failed' },
    });
  });
});

describe('an entry that says reject', () => {
  const not = entry('bash', { version: '2.0', decision: 'reject' });

  it.each<[string, World, string, string]>([
    ['and is not installed', { packages: [installed('bash')] }, 'rejected', 'not-applicable'],
    ['and is installed', { packages: [installed('bash', '2.0')] }, 'rejected-installed', 'non-compliant'],
    [
      'and is installed beside another',
      { packages: [installed('bash', '2.0'), installed('bash', '3.0')] },
      'rejected-installed',
      'non-compliant',
    ],
    [
      'and something newer is installed',
      { packages: [installed('bash', '3.0')] },
      'rejected',
      'not-applicable',
    ],
    [
      'and an exception let it through',
      { packages: [installed('bash', '2.0')], exceptions: [exception('bash', '2.0')] },
      'excepted',
      'compliant',
    ],
  ])('%s', (_, world, status, level) => {
    const verdict = judge({ entries: [not], ...world });
    expect(verdict.rows).toMatchObject([{ status }]);
    expect(verdict.level).toBe(level);
  });
});

describe('a host that has to restart', () => {
  const world = {
    entries: [entry('bash'), entry('linux-image-amd64'), entry('zsh')],
    packages: [installed('bash'), installed('linux-image-amd64'), installed('zsh')],
  };
  const with_ = (rebootReasons: string[]) =>
    statuses({ ...world, facts: { rebootRequired: true, rebootReasons } });

  it('has in use what the reasons do not name', () => {
    expect(with_(['zsh'])).toEqual(['bash installed', 'linux-image-amd64 installed', 'zsh pending-reboot']);
    expect(with_(['kernel 6.2 is installed, 6.1 is running'])).toEqual([
      'bash installed',
      'linux-image-amd64 pending-reboot',
      'zsh installed',
    ]);
  });

  it.each([[[]], [['nobody knows why']]])(
    'has nothing surely in use where %j names no package',
    (reasons) => {
      expect(with_(reasons)).toEqual([
        'bash pending-reboot',
        'linux-image-amd64 pending-reboot',
        'zsh pending-reboot',
      ]);
      expect(judge({ ...world, facts: { rebootRequired: true, rebootReasons: reasons } }).level).toBe(
        'pending-reboot',
      );
    },
  );
});

describe('what is offered and stands in no entry', () => {
  it('is outside: other packages, and other versions of the same', () => {
    const verdict = judge({
      entries: [entry('bash', { version: '2.0' }), entry('curl', { version: '3.0', decision: 'reject' })],
      packages: [installed('bash', '2.0')],
      updates: [
        update('bash', '2.1', { severity: 'critical', advisories: ['DSA-1'] }),
        update('curl', '3.0'),
        update('zsh', '5.0'),
      ],
    });
    expect(verdict.rows.slice(2)).toMatchObject([
      { name: 'bash', version: '2.1', status: 'outside', severity: 'critical', advisories: ['DSA-1'] },
      { name: 'zsh', status: 'outside', installed: [{ version: '1.0' }] },
    ]);
    expect(verdict.outsideBySeverity).toMatchObject({ critical: 1, unknown: 1 });
    expect(verdict.level).toBe('compliant');
  });

  it('is not outside where an exception lets it through, as long as it is in force', () => {
    const world = { updates: [update('zsh', '5.0')], packages: [installed('zsh')] };
    const verdict = judge({ ...world, exceptions: [exception('zsh', '5.0')] });
    expect(verdict.rows).toMatchObject([
      {
        name: 'zsh',
        version: '5.0',
        status: 'excepted',
        installed: [{ version: '1.0' }],
        exception: { reason: 'CVE-2026-1 will not wait', author: 'anna', active: true },
      },
    ]);
    expect(verdict).toMatchObject({ level: 'not-applicable', outsideBySeverity: { unknown: 0 } });
    expect(statuses({ ...world, exceptions: [exception('zsh', '5.0', { active: false })] })).toEqual([
      'zsh outside',
    ]);
  });

  it('is told as excepted once it is installed', () => {
    const [row] = judge({ exceptions: [exception('zsh', '5.0')], packages: [installed('zsh', '5.0')] }).rows;
    expect(row).toMatchObject({
      status: 'excepted',
      exception: { reason: 'CVE-2026-1 will not wait', author: 'anna', active: true },
    });
  });
});

describe('a host nothing is known of', () => {
  it('is unknown, and so is every entry, also of an empty snapshot', () => {
    expect(
      judgeUnknown(wantedOf({ entries: [entry('bash')], exceptions: [], rules: [], madeAt: MADE })),
    ).toMatchObject({
      level: 'unknown',
      rows: [{ status: 'unknown', installed: [] }],
    });
    expect(judgeUnknown(wantedOf({ entries: [], exceptions: [], rules: [], madeAt: MADE })).level).toBe(
      'unknown',
    );
  });
});

describe('whatever the snapshot and the scan', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const version = fc.constantFrom('1', '2', '3', '1:0');
  const arch = fc.constantFrom('amd64', 'i386');
  const entries = fc.uniqueArray(
    fc.record({
      name,
      version,
      arch: fc.option(arch, { nil: undefined }),
      decision: fc.constantFrom('approve' as const, 'reject' as const),
      ecosystem: fc.constantFrom('apt' as const, 'dnf' as const),
    }),
    { selector: (one) => `${one.ecosystem} ${one.name} ${one.arch}`, maxLength: 10 },
  );
  const packages = fc.array(
    fc.record({ name, version, arch, brokenState: fc.option(fc.constant('iF'), { nil: undefined }) }),
    { maxLength: 10 },
  );
  const worlds = fc.record({
    entries,
    packages,
    updates: fc.array(fc.record({ name, to: version, arch }), { maxLength: 6 }),
    exceptions: fc.array(fc.record({ name, version, active: fc.boolean() }), { maxLength: 3 }),
    reboot: fc.boolean(),
    tasks: fc.array(
      fc.record({
        state: fc.constantFrom<Task['state']>('failed', 'succeeded', 'unreachable'),
        name,
        to: version,
      }),
      { maxLength: 3 },
    ),
  });

  it('each entry has exactly one status, the counts add up, and nothing looks better than it is', () => {
    fc.assert(
      fc.property(worlds, (w) => {
        const verdict = judge({
          entries: w.entries.map(({ name: n, arch: a, ...rest }) =>
            entry(n, { ...rest, ...(a === undefined ? {} : { arch: a }) }),
          ),
          packages: w.packages.map(({ name: n, version: v, brokenState, ...rest }) =>
            installed(n, v, { ...rest, ...(brokenState === undefined ? {} : { brokenState }) }),
          ),
          updates: w.updates.map(({ name: n, to, arch: a }) => update(n, to, { arch: a })),
          exceptions: w.exceptions.map((one) => exception(one.name, one.version, { active: one.active })),
          facts: { rebootRequired: w.reboot },
          tasks: w.tasks.map((one) => task(one.state, one.name, one.to)),
        });
        const ofEntries = verdict.rows.filter((row) => row.decision !== undefined);
        expect(ofEntries.map((row) => [row.ecosystem, row.name, row.arch, row.version])).toEqual(
          w.entries.map((one) => [one.ecosystem, one.name, one.arch, one.version]),
        );
        const sum = RowStatus.options.reduce((n, status) => n + verdict.counts[status], 0);
        expect(sum).toBe(verdict.rows.length);
        expect(Object.values(verdict.missingBySeverity).reduce((a, b) => a + b)).toBe(
          verdict.counts.missing + verdict.counts.failed,
        );
        for (const row of ofEntries) {
          if (row.status !== 'installed' && row.status !== 'pending-reboot') continue;
          expect(row.decision).toBe('approve');
          expect(row.installed.some((one) => one.version === row.version)).toBe(true);
        }
        if (verdict.level === 'compliant')
          for (const bad of [
            'missing',
            'failed',
            'rejected-installed',
            'installed-other',
            'unknown',
            'pending-reboot',
          ] as const)
            expect(verdict.counts[bad]).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });
});

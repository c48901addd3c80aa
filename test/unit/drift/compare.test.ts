/** Drift: what differs from the last state that was ours, and who the host says it was. */
import { describe, expect, test } from 'vitest';
import { afterTask, attributed, driftBetween, newerBaseline } from '../../../main/core/drift/compare.ts';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import type { Capture, Task } from '../../../shared/model/run.ts';

const at = (hour: number) => `2026-11-23T${String(hour).padStart(2, '0')}:00:00.000Z`;
const one = (name: string, version: string, arch = 'amd64') => ({ name, arch, version });
const NONCE = '0123456789abcdef';

describe('what differs', () => {
  const compare = aptDriver.compareVersions;
  test('each kind of change, by package', () => {
    const before = [one('a', '1'), one('b', '2'), one('c', '1'), one('same', '1')];
    const now = [one('a', '2'), one('b', '1'), one('new', '1'), one('same', '1')];
    expect(
      driftBetween(before, now, compare).map(({ name, kind, from, to }) => [name, kind, from, to]),
    ).toEqual([
      ['a', 'upgraded', '1', '2'],
      ['b', 'downgraded', '2', '1'],
      ['c', 'removed', '1', null],
      ['new', 'installed', null, '1'],
    ]);
  });
  test('the same name on two architectures is two packages', () => {
    const found = driftBetween([one('a', '1')], [one('a', '1'), one('a', '1', 'i386')], compare);
    expect(found).toMatchObject([{ arch: 'i386', kind: 'installed' }]);
  });
  test('of several versions side by side each counts for itself', () => {
    const found = driftBetween(
      [one('k', '1'), one('k', '2')],
      [one('k', '2'), one('k', '3'), one('k', '4')],
      compare,
    );
    expect(found.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['removed', '1', null],
      ['installed', null, '3'],
      ['installed', null, '4'],
    ]);
  });
});

describe('our own doing is no drift', () => {
  const task = (rest: Partial<Task>): Task =>
    ({
      state: 'succeeded',
      startedAt: at(10),
      finishedAt: at(11),
      actions: [
        { action: 'upgrade', name: 'a', arch: 'amd64', from: '1', to: '2', stage: 1, dependency: false },
        { action: 'remove', name: 'gone', arch: 'amd64', from: '1', stage: 1, dependency: false },
      ],
      from: [],
      to: [one('a', '2')],
      ...rest,
    }) as Task;
  const capture = {
    packages: ['a', 'gone', 'other'].map((name) => ({
      ...one(name, '1'),
      auto: false,
      held: false,
      state: 'ii',
    })),
  } as unknown as Capture;
  test('a run leaves what its capture had, but what it touched', () => {
    expect(afterTask(task({}), capture)).toEqual([one('other', '1'), one('a', '2')]);
    expect(afterTask(task({ to: [] }), capture)).toBeUndefined();
  });
  test('only a later run that changed the host moves the baseline', () => {
    const tasks = [{ runId: 'r', task: task({}) }];
    expect(newerBaseline(tasks, { at: at(9), source: 'scan' })).toMatchObject({ runId: 'r', at: at(11) });
    expect(newerBaseline(tasks, { at: at(12), source: 'scan' })).toBeUndefined();
    expect(newerBaseline([{ runId: 'r', task: task({ state: 'refused' }) }], undefined)).toBeUndefined();
  });
});

describe('who and when', () => {
  const history = (apt: string, dpkg = '') => {
    const section = (name: string, text: string) =>
      `\n@@${NONCE} ${name}\n${text}\n@@${NONCE} rc ${name} 0\n`;
    const stdout = `\n@@${NONCE} begin\n${section('zone', '+0100')}${section('apt', apt)}${section('dpkg', dpkg)}\n@@${NONCE} end\n`;
    const read = aptDriver.parseHistory({ stdout, stderr: '', exitCode: 0 }, { nonce: NONCE });
    if (!read.ok) throw new Error(read.error.message);
    return read.value;
  };
  const log = `Start-Date: 2026-11-23  11:30:00
Commandline: apt-get install new
Requested-By: mallory (1001)
Install: new:amd64 (1.0), dep:all (2.0, automatic)
Upgrade: a:amd64 (1.0, 1.1)
Remove: old:amd64 (3.0)
End-Date: 2026-11-23  11:30:05
`;
  test('apt’s log tells the account, the words and the time', () => {
    const drift = driftBetween(
      [one('a', '1.0'), one('old', '3.0')],
      [one('a', '1.1'), one('new', '1.0')],
      () => 1,
    );
    const words = { by: 'mallory', command: 'apt-get install new', at: at(10).replace(':00:00', ':30:00') };
    expect(attributed(drift, history(log), at(10))).toMatchObject([words, words, words]);
  });
  test('what is of every architecture goes by the host’s own in apt’s history', () => {
    const log = `Start-Date: 2026-11-23  12:00:00
Commandline: apt-get install common
Requested-By: eva (1000)
Install: common:amd64 (1.0)
`;
    const drift = driftBetween([], [one('common', '1.0', 'all')], () => 1);
    expect(attributed(drift, history(log), at(10))).toMatchObject([{ by: 'eva' }]);
    const other = driftBetween([], [one('common', '1.0', 'i386')], () => 1);
    expect(attributed(other, history(log), at(10))).toEqual(other);
  });
  test('what came in without apt has dpkg’s time; an older transaction, or none, tells nothing', () => {
    const dpkg = '2026-11-23 12:00:00 install new:amd64 <none> 1.0';
    const drift = driftBetween([], [one('new', '1.0')], () => 1);
    expect(attributed(drift, history('', dpkg), at(10))).toEqual([{ ...drift[0], at: at(11) }]);
    expect(attributed(drift, history('', dpkg), '2026-12-24T00:00:00.000Z')).toEqual(drift);
    expect(attributed(drift, history('Start-Date: never\nInstall: $(reboot):amd64 (1)'), at(10))).toEqual(
      drift,
    );
  });
});

import { describe, expect, test } from 'vitest';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import { compareDebianVersions } from '../../../main/core/drivers/apt/version.ts';
import { holds, reduceRelations, type Stated } from '../../../main/core/drivers/relations.ts';
import type { Relation } from '../../../shared/model/scan.ts';

const stated = (name: string, version: string, rest: Partial<Stated> = {}): Stated => ({
  name,
  arch: 'amd64',
  version,
  requires: [],
  conflicts: [],
  replaces: [],
  provides: [],
  ...rest,
});

const reduce = (present: Stated[], candidates: Stated[]) =>
  reduceRelations({ present, installed: present, candidates, compare: compareDebianVersions });

test.each([
  ['<', [true, false, false]],
  ['<=', [true, true, false]],
  ['=', [false, true, false]],
  ['>=', [false, true, true]],
  ['>', [false, false, true]],
] as const)('%s means what it says, in the order of the manager', (op, expected) => {
  const found = ['1.9', '1.10', '1:0'].map((version) =>
    holds({ op, version: '1.10' }, version, compareDebianVersions),
  );
  expect(found).toEqual(expected);
});

describe('what is left of relations', () => {
  const needs = (...relations: Relation[]): Partial<Stated> => ({ requires: [relations] });

  test('nothing of what stays installed meets anyway', () => {
    const libc = stated('libc6', '2.36');
    expect(reduce([libc], [stated('a', '2', needs({ name: 'libc6', op: '>=', version: '2.30' }))])).toEqual(
      [],
    );
  });

  test('what an update of the needed package would no longer meet is kept', () => {
    const present = [stated('lib', '1'), stated('a', '1', needs({ name: 'lib', op: '=', version: '1' }))];
    const coming = [stated('lib', '2'), stated('a', '2', needs({ name: 'lib', op: '=', version: '2' }))];
    expect(reduce(present, coming)).toEqual([
      expect.objectContaining({ name: 'a', version: '2', installed: false }),
      expect.objectContaining({
        name: 'a',
        version: '1',
        installed: true,
        requires: [[{ name: 'lib', op: '=', version: '1' }]],
      }),
    ]);
  });

  test('a virtual package stands as those that provide it', () => {
    const mta = stated('postfix', '3', { provides: [{ name: 'mail-transport-agent' }] });
    const user = stated('cron', '2', needs({ name: 'mail-transport-agent' }));
    expect(reduce([mta], [user])).toEqual([]);
    expect(reduce([], [user, mta])).toEqual([
      expect.objectContaining({ requires: [[{ name: 'postfix', op: '>=', version: '3' }]] }),
    ]);
    // A relation with a version is met by no provider that gives none (Debian Policy 7.5).
    const exact = stated('cron', '2', needs({ name: 'mail-transport-agent', op: '>=', version: '1' }));
    expect(reduce([mta], [exact])).toEqual([
      expect.objectContaining({
        requires: [[{ name: 'mail-transport-agent', op: '>=', version: '1' }]],
      }),
    ]);
  });

  test('conflicts with nothing that is or could be here are left out', () => {
    const lib = stated('lib', '2', {
      conflicts: [
        { name: 'gone' },
        { name: 'app', op: '<', version: '2' },
        { name: 'lib', op: '<', version: '1' },
      ],
    });
    expect(reduce([stated('app', '1')], [lib])).toEqual([
      expect.objectContaining({ conflicts: [{ name: 'app', op: '<', version: '2' }] }),
    ]);
    expect(reduce([stated('app', '2')], [lib])).toEqual([]);
  });
});

/** The two sections as the host prints them, in a scan that is else as it was recorded. */
test('fields of Debian’s control files are read as Policy 7.1 has them; what cannot be read says nothing', async () => {
  const { readRecording } = await import('../../conformance/drivers/recording.ts');
  const file = new URL('../../fixtures/apt/debian12-lab.json', import.meta.url).pathname;
  const scan = readRecording(file).steps.scan;
  if (scan === undefined) throw new Error('the recording has no scan');
  const stdout = scan.stdout.replace(
    /^Depends: .*lab-newdep.*$/m,
    'Depends: lab-newdep:any (>> 0.9) | lab-other, lab-odd (~ 3), lab-lib (>> 9)',
  );
  expect(stdout).not.toBe(scan.stdout);
  const context = { nonce: '0123456789abcdef', startedAt: 0, finishedAt: 1 };
  const reading = aptDriver.parseScan({ ...scan, stdout }, context);
  if (!reading.ok) throw new Error(reading.error.message);
  expect(reading.value.relations?.find((one) => one.name === 'lab-app')?.requires).toEqual([
    [{ name: 'lab-newdep', op: '>', version: '0.9' }, { name: 'lab-other' }],
    [{ name: 'lab-lib', op: '>', version: '9' }],
  ]);
  // A host whose packages could not be asked: not known, which is not the same as none.
  const broken = scan.stdout.replace('rc relations 0', 'rc relations 2');
  expect(aptDriver.parseScan({ ...scan, stdout: broken }, context)).toMatchObject({ ok: true });
  const unread = aptDriver.parseScan({ ...scan, stdout: broken }, context);
  expect(unread.ok && unread.value.relations).toBeUndefined();
});

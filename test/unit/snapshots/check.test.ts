import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareVersions } from '../../../main/core/advisories/describe.ts';
import { type Checked, checkEntries } from '../../../main/core/snapshots/check.ts';
import { applyEdits } from '../../../main/core/snapshots/edit.ts';
import { fixAll } from '../../../main/core/snapshots/fixAll.ts';
import { createWorld, learn, Shared, type World } from '../../../main/core/snapshots/world.ts';
import type { Edit, EntryWarning } from '../../../shared/contract/snapshots.ts';
import { EntryWarning as EntryWarningSchema } from '../../../shared/contract/snapshots.ts';
import { ok } from '../../../shared/errors.ts';
import type { PackageRelations, Scan } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { entry, good, installed, scanOf, update } from './support.ts';

/** `relation('a', '2', { requires: [[…]] })`: of an update to version 2. */
const relation = (name: string, version: string, rest: Partial<PackageRelations> = {}): PackageRelations => ({
  name,
  arch: 'amd64',
  version,
  installed: false,
  requires: [],
  conflicts: [],
  replaces: [],
  ...rest,
});

const shared = new Shared();
const worldOf = (...scans: Partial<Scan>[]): World =>
  createWorld(
    scans.flatMap(
      (scan, index) => learn(scanOf(`web-${index + 1}`, { relations: [], ...scan }), shared) ?? [],
    ),
  );

const context = (world: World, held = false) => ({ world, compareVersions, held: () => held });
const check = (world: World, entries: Entry[]): EntryWarning[] =>
  checkEntries(entries, context(world)).findings.map((finding) => EntryWarningSchema.parse(finding));
const codes = (world: World, entries: Entry[]) =>
  check(world, entries).map((one) => `${one.name} ${one.code}`);

const apply = (entries: Entry[], edits: Edit[]) =>
  applyEdits(entries, edits, { ecosystemOf: () => ok('apt'), describe: () => ({}) });
const fixed = (entries: Entry[], finding: EntryWarning | undefined): Entry[] =>
  good(apply(entries, finding?.fix ?? []));

const two = (name: string, rest: Partial<Entry> = {}) => entry(name, { version: '2', ...rest });

describe('what an update needs', () => {
  const world = worldOf({
    packages: [installed('app'), installed('lib')],
    updates: [update('app', '2'), update('lib', '2'), update('new', '2', { from: null })],
    relations: [
      relation('app', '2', {
        requires: [[{ name: 'lib', op: '>=', version: '2' }], [{ name: 'new' }]],
      }),
    ],
  });

  test('is neither installed nor approved: it is named, and adding it is offered', () => {
    const findings = check(world, [two('app')]);
    expect(findings).toEqual([
      {
        ecosystem: 'apt',
        name: 'app',
        code: 'needs-package',
        level: 'error',
        message: 'app 2: needs lib (>= 2) (web-1)',
        hosts: ['web-1'],
        hostCount: 1,
        packages: ['lib'],
        fix: [{ kind: 'add', ecosystem: 'apt', name: 'lib', arch: 'amd64', version: '2', stage: 1 }],
        fixLabel: 'Add lib 2 in stage 1',
      },
      expect.objectContaining({ message: 'app 2: needs new (web-1)', fixLabel: 'Add new 2 in stage 1' }),
    ]);
    const mended = fixed(fixed([two('app')], findings[0]), findings[1]);
    expect(check(world, mended)).toEqual([]);
  });

  test('is approved here in a version that will do, or not', () => {
    expect(codes(world, [two('app'), two('lib'), two('new')])).toEqual([]);
    const [finding] = check(world, [two('app'), two('new'), entry('lib', { version: '1.5' })]).filter(
      (one) => one.code === 'needs-package',
    );
    expect(finding).toMatchObject({
      fixLabel: 'Use lib 2, which is offered',
      fix: [{ kind: 'add', ecosystem: 'apt', name: 'lib', version: '2' }],
    });
  });

  test('is pinned to a version that will not do: no fix touches that', () => {
    const pinned = entry('lib', { version: '1.5', pinned: true });
    const finding = check(world, [two('app'), two('new'), pinned]).find((one) => one.name === 'app');
    expect(finding).toMatchObject({ code: 'needs-package', fixLabel: 'Reject app' });
  });

  test('is rejected here: approving it is offered', () => {
    const entries = [two('app'), two('new'), two('lib', { decision: 'reject' })];
    const [finding, ...others] = check(world, entries);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      code: 'rejected-dependency',
      message: 'app 2: needs lib (>= 2); lib 2 is rejected here (web-1)',
      fix: [{ kind: 'decide', ecosystem: 'apt', name: 'lib', decision: 'approve' }],
    });
    expect(check(world, fixed(entries, finding))).toEqual([]);
  });

  test('comes in a later stage: the entry is offered to go there', () => {
    const entries = [two('app'), two('new'), two('lib', { stage: 3 })];
    const [finding, ...others] = check(world, entries);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      code: 'wrong-order',
      message: 'app 2: needs lib (>= 2), which comes later, in stage 3 (web-1)',
      fix: [{ kind: 'stage', ecosystem: 'apt', name: 'app', stage: 3 }],
      fixLabel: 'Move app to stage 3',
    });
    expect(check(world, fixed(entries, finding))).toEqual([]);
  });

  test('only on hosts where the update would come', () => {
    const upToDate = { packages: [installed('app', '2'), installed('lib', '2')] };
    expect(codes(worldOf(upToDate), [two('app')])).toEqual([]);
  });

  test('any alternative will do', () => {
    const either = worldOf({
      packages: [installed('app'), installed('lib')],
      updates: [update('app', '2'), update('lib', '2')],
      relations: [
        relation('app', '2', { requires: [[{ name: 'lib', op: '>=', version: '2' }, { name: 'other' }]] }),
      ],
    });
    expect(codes(either, [two('app')])).toEqual(['app needs-package']);
    expect(codes(either, [two('app'), two('lib')])).toEqual([]);
    expect(codes(either, [two('app'), two('other')])).not.toContain('app needs-package');
  });

  test('is on hold on every host: then only leaving the entry out is offered', () => {
    const held = worldOf({
      packages: [installed('app'), installed('lib')],
      updates: [update('app', '2'), update('lib', '2', { blocked: 'held' })],
      relations: [relation('app', '2', { requires: [[{ name: 'lib', op: '>=', version: '2' }]] })],
    });
    expect(check(held, [two('app')])).toEqual([
      expect.objectContaining({ code: 'needs-package', fixLabel: 'Reject app' }),
    ]);
  });
});

describe('what is in the way', () => {
  test('two approved entries that cannot be there together', () => {
    const world = worldOf({
      packages: [installed('a'), installed('b')],
      updates: [update('a', '2'), update('b', '2')],
      relations: [relation('a', '2', { conflicts: [{ name: 'b', op: '>=', version: '2' }] })],
    });
    const entries = [two('a'), two('b')];
    const findings = check(world, entries);
    expect(findings).toEqual([
      expect.objectContaining({
        name: 'a',
        code: 'conflict',
        message: 'a 2: conflicts with b (>= 2); b 2 is approved here too (web-1)',
        packages: ['b'],
        fixLabel: 'Reject b',
      }),
    ]);
    expect(check(world, fixed(entries, findings[0]))).toEqual([]);
  });

  test('an installed package that would be removed, by name and on which hosts', () => {
    const mail = {
      packages: [installed('mail'), installed('old')],
      updates: [update('mail', '2')],
      relations: [relation('mail', '2', { replaces: [{ name: 'old' }] })],
    };
    expect(check(worldOf(mail, mail), [two('mail')])).toEqual([
      expect.objectContaining({
        code: 'removes-package',
        level: 'warning',
        message: 'mail 2: would remove old 1.0 (replaces old) (web-1, web-2)',
        hosts: ['web-1', 'web-2'],
        packages: ['old'],
      }),
    ]);
  });

  test('an installed package it breaks, of which a newer one is offered', () => {
    const world = worldOf({
      packages: [installed('lib'), installed('app')],
      updates: [update('lib', '2'), update('app', '2')],
      relations: [relation('lib', '2', { conflicts: [{ name: 'app', op: '<', version: '2' }] })],
    });
    expect(check(world, [two('lib')])).toEqual([
      expect.objectContaining({ code: 'needs-package', fixLabel: 'Add app 2 in stage 1' }),
    ]);
    expect(codes(world, [two('lib'), two('app')])).toEqual([]);
    expect(codes(world, [two('lib'), two('app', { stage: 2 })])).toEqual(['lib wrong-order']);
  });

  test('an installed package that needs the old version goes along, goes, or is told about in time', () => {
    const bound = relation('app', '1.0', {
      installed: true,
      requires: [[{ name: 'lib', op: '=', version: '1.0' }]],
    });
    const packages = [installed('lib'), installed('app')];
    const offered = worldOf({
      packages,
      updates: [update('lib', '2'), update('app', '2')],
      relations: [bound],
    });
    expect(check(offered, [two('lib')])).toEqual([
      expect.objectContaining({
        code: 'needs-package',
        message:
          'lib 2: app 1.0, which is installed, needs lib (= 1.0); a newer one has to come along (web-1)',
        fixLabel: 'Add app 2 in stage 1',
      }),
    ]);
    expect(codes(offered, [two('lib'), two('app')])).toEqual([]);
    expect(check(offered, [two('lib'), two('app', { stage: 2 })])).toEqual([
      expect.objectContaining({ code: 'wrong-order', fixLabel: 'Move lib to stage 2' }),
    ]);
    const alone = worldOf({ packages, updates: [update('lib', '2')], relations: [bound] });
    expect(check(alone, [two('lib')])).toEqual([
      expect.objectContaining({ code: 'removes-package', packages: ['app'], fixLabel: 'Reject lib' }),
    ]);
  });
});

describe('versions', () => {
  const world = worldOf({ packages: [installed('curl', '1.5')], updates: [update('curl', '2')] });

  test('one that nobody offers: the one that is offered takes its place', () => {
    const entries = [entry('curl', { version: '1.9' })];
    const [finding] = check(world, entries);
    expect(finding).toMatchObject({ code: 'unknown-version', fixLabel: 'Use curl 2, which is offered' });
    expect(check(world, fixed(entries, finding))).toEqual([]);
  });

  test('one that nobody offers, but whose file the console holds', () => {
    expect(checkEntries([entry('curl', { version: '1.9' })], context(world, true)).findings).toEqual([]);
  });

  test('a pinned one is left alone', () => {
    expect(check(world, [entry('curl', { version: '1.9', pinned: true })])[0]).not.toHaveProperty('fix');
  });

  test('one that is older than what every host has', () => {
    expect(check(world, [entry('curl', { version: '1.0' })]).map((one) => [one.code, one.fixLabel])).toEqual([
      ['unknown-version', 'Use curl 2, which is offered'],
      ['downgrade', 'Use curl 2, which is offered'],
    ]);
    const done = worldOf({ packages: [installed('curl', '2')] });
    const [finding] = check(done, [entry('curl', { version: '1.0' })]).filter(
      (one) => one.code === 'downgrade',
    );
    expect(finding).toMatchObject({ level: 'warning', fixLabel: 'Remove curl' });
  });

  test('an entry for one architecture beside one for all', () => {
    expect(codes(world, [two('curl'), two('curl', { arch: 'i386' })])).toContain('curl duplicate');
  });
});

/** Small worlds of packages a…e in versions 1.0 to 3, each host with relations among them. */
const NAMES = ['a', 'b', 'c', 'd', 'e'];
const someName = fc.constantFrom(...NAMES);
const someVersion = fc.constantFrom('1.0', '2', '3');
const someRelation = fc.record({
  name: someName,
  op: fc.constantFrom('<' as const, '=' as const, '>=' as const),
  version: someVersion,
});
const someHost = fc
  .record({
    has: fc.subarray(NAMES),
    offers: fc.uniqueArray(fc.record({ name: someName, to: fc.constantFrom('2', '3') }), {
      selector: (one) => one.name,
    }),
    relations: fc.array(
      fc.record({
        name: someName,
        version: someVersion,
        requires: fc.array(fc.array(someRelation, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
        conflicts: fc.array(someRelation, { maxLength: 1 }),
        replaces: fc.array(someRelation, { maxLength: 1 }),
      }),
      { maxLength: 6 },
    ),
  })
  .map(
    ({ has, offers, relations }): Partial<Scan> => ({
      packages: has.map((name) => installed(name)),
      updates: offers.map(({ name, to }) => update(name, to, has.includes(name) ? {} : { from: null })),
      relations: relations.map(({ name, version, ...rest }) =>
        relation(name, version, { ...rest, installed: version === '1.0' }),
      ),
    }),
  );
const someWorld = fc.array(someHost, { minLength: 1, maxLength: 3 }).map((hosts) => worldOf(...hosts));
const someEntry = fc
  .record({
    name: someName,
    version: someVersion,
    decision: fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const),
    stage: fc.integer({ min: 1, max: 3 }),
    pinned: fc.boolean(),
  })
  .map(({ name, pinned, ...rest }) => entry(name, { ...rest, ...(pinned ? { pinned: true } : {}) }));
const someEntries = fc
  .uniqueArray(someEntry, { selector: (one) => one.name, maxLength: 5 })
  .map((list) => list.toSorted((x, y) => x.stage - y.stage));

const errorsOf = (findings: EntryWarning[], name: string, code: string): number =>
  findings.filter((one) => one.name === name && one.code === code && one.level === 'error').length;

describe('whatever the fleet and the list are', () => {
  test('an offered fix never adds an error of its kind to its entry', () => {
    fc.assert(
      fc.property(someWorld, someEntries, (world, entries) => {
        const findings = check(world, entries);
        for (const finding of findings.filter((one) => one.fix !== undefined)) {
          const after = check(world, fixed(entries, finding));
          expect(errorsOf(after, finding.name, finding.code)).toBeLessThanOrEqual(
            errorsOf(findings, finding.name, finding.code),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('the order of the list has no influence on what is found', () => {
    fc.assert(
      fc.property(someWorld, someEntries, fc.nat(), (world, entries, by) => {
        const turned = entries.map((_, index) => entries[(index + by) % entries.length] as Entry);
        const sorted = (list: EntryWarning[]) => list.map((one) => JSON.stringify(one)).sort();
        expect(sorted(check(world, turned))).toEqual(sorted(check(world, entries)));
      }),
    );
  });

  test('judging only what changed finds what judging all anew finds', () => {
    fc.assert(
      fc.property(someWorld, fc.array(someEntries, { minLength: 2, maxLength: 4 }), (world, lists) => {
        let last: Checked | undefined;
        for (const list of lists) {
          last = checkEntries(list, context(world), last);
          expect(last.findings).toEqual(checkEntries(list, context(world)).findings);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('mending everything ends, touches no pinned version, and keeps what nothing was said about', async () => {
    await fc.assert(
      fc.asyncProperty(someWorld, someEntries, async (world, entries) => {
        const result = await fixAll(entries, { check: (list) => check(world, list), apply });
        expect(result.findings).toEqual(check(world, result.entries));
        expect(good(apply(entries, result.edits))).toEqual(result.entries);
        for (const old of entries.filter((one) => one.pinned === true))
          expect(result.entries.find((one) => one.name === old.name)?.version).toBe(old.version);
        const edited = new Set(result.edits.map((edit) => edit.name));
        for (const old of entries.filter((one) => !edited.has(one.name)))
          expect(result.entries).toContainEqual(old);
      }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import type { StoredFreeze } from '../../../main/core/ports.ts';
import { freezesOn, judgeFreeze } from '../../../main/core/snapshots/freeze.ts';
import { parseTime } from '../../../main/core/snapshots/time.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { PlanAction } from '../../../shared/model/plan.ts';
import type { Entry, Freeze, Revision } from '../../../shared/model/snapshot.ts';
import { entry, good, setUp } from './support.ts';

const host: Host = setUp().addHost('web-1');
const other: Host = setUp().addHost('db-1', { id: '00000009-0000-4000-8000-000000000009' });
const LINE = '00000003-0000-4000-8000-000000000001';
const id = (n: number): string => `sha256:${String(n).repeat(64)}`;

const revision = (n: number, entries: Entry[], line = LINE): Revision => ({
  id: id(n),
  content: {
    format: 'frostline.revision/1',
    line: { id: line, name: line === LINE ? 'autumn' : 'other' },
    number: n,
    parents: n === 1 ? [] : [id(n - 1)],
    author: { name: 'anna' },
    createdAt: '2026-11-20T10:00:00.000Z',
    scope: {},
    rules: [],
    entries,
    exceptions: [],
  },
});

const frozen = (rest: Partial<Freeze> = {}, more: Partial<StoredFreeze> = {}): StoredFreeze => ({
  lineId: LINE,
  snapshot: 'autumn',
  revisionId: id(2),
  revision: 2,
  freeze: {
    hosts: 'env=production',
    from: '2026-11-23T14:00:00.000Z',
    to: '2026-11-24T14:00:00.000Z',
    zone: 'UTC',
    policy: 'listed-only',
    guard: false,
    ...rest,
  },
  hostIds: [host.id],
  ...more,
});

const at = Date.parse('2026-11-23T20:00:00.000Z');
const never = () => false;
const holding = (freezes: StoredFreeze[], when = at, on = host, matches = (_: string, __: Host) => false) =>
  freezesOn(on, when, { freezes, matches }).length;

const upgrade = (name: string, to: string, rest: Partial<PlanAction> = {}): PlanAction => ({
  action: 'upgrade',
  name,
  arch: 'amd64',
  from: '0.9',
  to,
  stage: 1,
  dependency: false,
  ...rest,
});

const judge = (o: {
  actions?: PlanAction[];
  entries?: Entry[];
  policy?: Freeze['policy'];
  revision?: Revision;
  freezes?: StoredFreeze[];
}) =>
  judgeFreeze({
    host,
    at,
    revision: o.revision ?? revision(2, o.entries ?? [entry('openssl')]),
    actions: o.actions ?? [],
    freezes: o.freezes ?? [frozen(o.policy === undefined ? {} : { policy: o.policy })],
    matches: never,
  });
const codes = (o: Parameters<typeof judge>[0]) =>
  judge(o).map((one) => `${one.code} ${one.package ?? ''}`.trim());

describe('when a freeze holds', () => {
  test('from its first instant up to, and without, its last', () => {
    const ms = (text: string) => Date.parse(text);
    expect(holding([frozen()], ms('2026-11-23T13:59:59.999Z'))).toBe(0);
    expect(holding([frozen()], ms('2026-11-23T14:00:00.000Z'))).toBe(1);
    expect(holding([frozen()], ms('2026-11-24T13:59:59.999Z'))).toBe(1);
    expect(holding([frozen()], ms('2026-11-24T14:00:00.000Z'))).toBe(0);
  });

  test('a weekend written in a zone is as long as its clocks make it', () => {
    const time = (text: string) => good(parseTime(text, { zone: 'Europe/Berlin', now: 0 }));
    // The clocks go back on the morning of the 25th: this day has 25 hours.
    const day = frozen({ from: time('2026-10-25'), to: time('2026-10-26') });
    expect(Date.parse(day.freeze.to) - Date.parse(day.freeze.from)).toBe(25 * 3_600_000);
    expect(holding([day], Date.parse('2026-10-24T21:59:59.999Z'))).toBe(0);
    expect(holding([day], Date.parse('2026-10-24T22:00:00.000Z'))).toBe(1);
    expect(holding([day], Date.parse('2026-10-25T22:59:59.999Z'))).toBe(1);
    expect(holding([day], Date.parse('2026-10-25T23:00:00.000Z'))).toBe(0);
    // And 02:30 comes twice: a freeze that ends then ends at the first.
    const night = frozen({ from: time('2026-10-25T00:00'), to: time('2026-10-25T02:30') });
    expect(holding([night], Date.parse('2026-10-25T00:29:59.999Z'))).toBe(1);
    expect(holding([night], Date.parse('2026-10-25T00:30:00.000Z'))).toBe(0);
  });

  test('not after it was lifted', () => {
    expect(holding([frozen({}, { thawed: { at: '2026-11-23T15:00:00.000Z', reason: 'urgent' } })])).toBe(0);
  });

  test('on hosts it matched when it was made, and on those that match now', () => {
    expect(holding([frozen()], at, host, never)).toBe(1);
    expect(holding([frozen()], at, other, never)).toBe(0);
    expect(holding([frozen()], at, other, (selector) => selector === 'env=production')).toBe(1);
  });
});

describe('what a freeze lets through', () => {
  test('the frozen revision, with exactly what it lists', () => {
    expect(codes({ actions: [upgrade('openssl', '1.0')] })).toEqual([]);
    expect(codes({})).toEqual([]);
  });

  test('no other revision of the line, were its entries the same', () => {
    expect(codes({ revision: revision(3, [entry('openssl')]) })).toEqual(['freeze.edited-revision']);
    expect(codes({ revision: revision(1, [entry('openssl')]) })).toEqual(['freeze.edited-revision']);
    expect(judge({ revision: revision(3, []) })[0]?.message).toBe(
      "web-1 is under the freeze of 'autumn' (revision 2) until 2026-11-24 14:00 UTC: revision 3 is not the frozen one. " +
        'Run autumn@2, or thaw it first.',
    );
  });

  test('no other snapshot', () => {
    const foreign = revision(3, [entry('openssl')], '00000003-0000-4000-8000-000000000002');
    expect(codes({ revision: foreign, actions: [upgrade('openssl', '1.0')] })).toEqual([
      'freeze.other-snapshot',
    ]);
    expect(judge({ revision: foreign })[0]?.message).toContain("snapshot 'other' may not be deployed.");
  });

  test('and names the packages that another snapshot or an edited revision would have changed', () => {
    const actions = [upgrade('openssl', '1.0'), upgrade('curl', '8.0')];
    const foreign = revision(3, [], '00000003-0000-4000-8000-000000000002');
    for (const other of [foreign, revision(3, [])]) {
      const [refusal] = judge({ revision: other, actions });
      expect(refusal?.packages).toEqual(['openssl', 'curl']);
      expect(refusal?.message).toContain('openssl, curl');
    }
  });

  test('anything once no freeze holds', () => {
    expect(codes({ freezes: [], revision: revision(9, []), actions: [upgrade('x', '1')] })).toEqual([]);
  });

  test('where two freezes hold, what both allow: nothing', () => {
    const second = frozen(
      {},
      { lineId: '00000003-0000-4000-8000-000000000002', snapshot: 'other', revisionId: id(7) },
    );
    expect(codes({ freezes: [frozen(), second] })).toEqual(['freeze.other-snapshot']);
  });
});

describe.each(['listed-only', 'listed-or-dependency'] as const)('under %s', (policy) => {
  test.each<[string, PlanAction, Entry[]]>([
    ['another version than the listed one', upgrade('openssl', '1.1'), [entry('openssl')]],
    ['a rejected entry', upgrade('openssl', '1.0'), [entry('openssl', { decision: 'reject' })]],
    [
      'a rejected entry that comes in as a dependency',
      upgrade('openssl', '1.0', { dependency: true }),
      [entry('openssl', { decision: 'reject' })],
    ],
    [
      'a listed package in another version as a dependency',
      upgrade('openssl', '1.1', { dependency: true }),
      [entry('openssl')],
    ],
    ['an unlisted package that is no dependency', upgrade('openssl', '1.0'), []],
    [
      'the removal of a listed package',
      { action: 'remove', name: 'openssl', arch: 'amd64', from: '0.9', stage: 1, dependency: true },
      [entry('openssl')],
    ],
    ['an unlisted downgrade', upgrade('openssl', '0.8', { action: 'downgrade', dependency: true }), []],
    [
      'a listed package on an architecture that is not',
      upgrade('openssl', '1.0', { arch: 'i386' }),
      [entry('openssl', { arch: 'amd64' })],
    ],
  ])('refuses %s', (_, action, entries) => {
    expect(codes({ policy, actions: [action], entries })).toEqual(['freeze.unlisted-package openssl']);
  });

  test.each<[string, PlanAction, Entry[]]>([
    [
      'a listed dependency',
      upgrade('openssl', '1.0', { action: 'install', dependency: true }),
      [entry('openssl')],
    ],
    [
      'the removal of a package that is no entry, which only a listed one can have asked for',
      { action: 'remove', name: 'openssl', arch: 'amd64', from: '0.9', stage: 1, dependency: true },
      [],
    ],
    ['a listed downgrade', upgrade('openssl', '1.0', { action: 'downgrade' }), [entry('openssl')]],
    [
      'a listed package of the right architecture',
      upgrade('openssl', '1.0'),
      [entry('openssl', { arch: 'amd64' })],
    ],
  ])('lets through %s', (_, action, entries) => {
    expect(codes({ policy, actions: [action], entries })).toEqual([]);
  });

  test('names every package that does not fit, and why', () => {
    const refusals = judge({
      policy,
      actions: [upgrade('curl', '8', { arch: 'arm64' }), upgrade('openssl', '1.1')],
    });
    expect(refusals.map((one) => one.message)).toEqual([
      `web-1 is under the freeze of 'autumn' (revision 2) until 2026-11-24 14:00 UTC (${policy}): curl:arm64 8 would be installed, and it is not listed.`,
      `web-1 is under the freeze of 'autumn' (revision 2) until 2026-11-24 14:00 UTC (${policy}): openssl:amd64 1.1 would be installed, and 1.0 is listed.`,
    ]);
  });
});

test.each(['install', 'upgrade'] as const)(
  'an unlisted dependency (%s) is what the policies differ in',
  (action) => {
    const actions = [upgrade('libssl3', '1.0', { action, dependency: true })];
    expect(codes({ policy: 'listed-or-dependency', actions })).toEqual([]);
    expect(codes({ policy: 'listed-only', actions })).toEqual(['freeze.unlisted-package libssl3']);
  },
);

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../main/core/advisories/describe.ts';
import { complianceLevelOf, evaluate, judge, matches } from '../../../main/core/rules/evaluate.ts';
import type { Candidate, Match, Rule, RuleSet } from '../../../shared/model/rule.ts';
import { Entry } from '../../../shared/model/snapshot.ts';
import { daysAgo, makeCandidate, makeRules, NOW } from './make.ts';

const outcome = (set: RuleSet, candidate: Candidate) => judge(set, candidate, NOW).outcome;
const run = (set: RuleSet, candidates: Candidate[]) => evaluate(set, candidates, NOW, compareVersions);
const all: Rule = { id: 'all' };

describe('what a rule matches', () => {
  const openssl = makeCandidate('openssl', {
    origins: ['Debian-Security:12/stable-security'],
    severity: 'important',
    classification: 'security',
    advisories: ['DSA-5764-1'],
    cves: ['CVE-2024-6119'],
    platforms: [
      { distro: 'debian', release: '12' },
      { distro: 'ubuntu', release: '24.04' },
    ],
  });
  const cases: [string, Match, boolean][] = [
    ['everything, where nothing is asked for', {}, true],
    ['the ecosystem', { ecosystem: ['dnf', 'apt'] }, true],
    ['another ecosystem', { ecosystem: ['dnf'] }, false],
    ['a name by its pattern, whatever the case', { name: ['OPEN*'] }, true],
    ['any of several names', { name: ['bash', 'openssl'] }, true],
    ['a name as a whole only', { name: ['ssl'] }, false],
    ['origin and suite', { origin: ['Debian-Security:*'] }, true],
    ['another origin', { origin: ['Docker:*'] }, false],
    ['severity', { severity: ['critical', 'important'] }, true],
    ['another severity', { severity: ['critical'] }, false],
    ['classification', { classification: ['security'] }, true],
    ['an advisory', { advisory: ['DSA-*'] }, true],
    ['a CVE', { advisory: ['CVE-2024-6119'] }, true],
    ['another CVE', { advisory: ['CVE-2024-6118'] }, false],
    ['distribution and release of the same hosts', { distro: ['debian'], release: ['12'] }, true],
    ['not those of different hosts', { distro: ['debian'], release: ['24.04'] }, false],
    ['all that is asked for, not some of it', { name: ['openssl'], severity: ['low'] }, false],
  ];
  it.each(cases)('%s', (_, match, expected) => {
    expect(matches(match, openssl)).toBe(expected);
  });
});

describe('when a rule approves', () => {
  it('at once, where it does not say', () => {
    expect(outcome(makeRules([all]), makeCandidate('bash', { firstSeen: daysAgo(0) }))).toEqual({
      kind: 'approved',
      rule: 'all',
    });
  });

  it('after so many days since it was first seen here, to the millisecond', () => {
    const rules = makeRules([{ id: 'week', approve: { afterDays: 7 } }]);
    const seen = (ms: number) =>
      makeCandidate('bash', { firstSeen: new Date(Date.parse(daysAgo(7)) + ms).toISOString() });
    expect(outcome(rules, seen(0))).toEqual({ kind: 'approved', rule: 'week' });
    expect(outcome(rules, seen(1))).toEqual({
      kind: 'waiting',
      rule: 'week',
      until: new Date(NOW + 1).toISOString(),
    });
  });

  it('after so many days since its release, where that is known, else since it was seen', () => {
    const rules = makeRules([{ id: 'week', approve: { afterDays: 7, since: 'release' } }]);
    const fresh = { firstSeen: daysAgo(1) };
    expect(outcome(rules, makeCandidate('a', { ...fresh, releasedAt: daysAgo(8) })).kind).toBe('approved');
    expect(outcome(rules, makeCandidate('a', fresh)).kind).toBe('waiting');
    const since = makeRules([{ id: 'week', approve: { afterDays: 7 } }]);
    expect(outcome(since, makeCandidate('a', { ...fresh, releasedAt: daysAgo(8) })).kind).toBe('waiting');
  });

  it('what came out up to the end of a day, and nothing after it', () => {
    const rules = makeRules([{ id: 'until', approve: { untilDate: '2026-11-20' } }]);
    const on = (firstSeen: string) => outcome(rules, makeCandidate('a', { firstSeen })).kind;
    expect(on('2026-11-20T23:59:59.999Z')).toBe('approved');
    expect(on('2026-11-21T00:00:00.000Z')).toBe('too-late');
  });

  it('under both conditions only where both hold', () => {
    const rules = makeRules([{ id: 'both', approve: { untilDate: '2026-11-22', afterDays: 5 } }]);
    expect(outcome(rules, makeCandidate('a', { firstSeen: daysAgo(2) })).kind).toBe('waiting');
    expect(outcome(rules, makeCandidate('a', { firstSeen: daysAgo(6) })).kind).toBe('approved');
  });

  it('as soon as the first of several rules does, and tells the earliest time otherwise', () => {
    const rules = makeRules([
      { id: 'month', approve: { afterDays: 30 } },
      { id: 'fortnight', approve: { afterDays: 14 } },
    ]);
    expect(outcome(rules, makeCandidate('a', { firstSeen: daysAgo(20) }))).toMatchObject({
      kind: 'approved',
      rule: 'fortnight',
    });
    expect(outcome(rules, makeCandidate('a', { firstSeen: daysAgo(10) }))).toEqual({
      kind: 'waiting',
      rule: 'fortnight',
      until: new Date(Date.parse(daysAgo(10)) + 14 * 86_400_000).toISOString(),
    });
  });
});

describe('who has the last word', () => {
  const bash = makeCandidate('bash');
  const none: Rule = { id: 'none', decision: 'reject' };

  it('filters over rules', () => {
    expect(outcome(makeRules([all], { filters: { name: ['zsh'] } }), bash)).toEqual({ kind: 'filtered' });
  });

  it('a rule that rejects over those that approve, wherever it stands', () => {
    for (const rules of [
      [all, none],
      [none, all],
    ])
      expect(outcome(makeRules(rules), bash)).toEqual({ kind: 'rejected', rule: 'none' });
  });

  it('the list approve over rules and filters', () => {
    const approve = [{ name: 'ba*', version: '1.0-2' }];
    const by = { kind: 'approved', rule: 'explicit-approve' };
    expect(outcome(makeRules([none], { approve }), bash)).toEqual(by);
    expect(outcome(makeRules([], { approve, filters: { name: ['zsh'] } }), bash)).toEqual(by);
    expect(outcome(makeRules([], { approve: [{ name: 'bash', version: '9' }] }), bash).kind).toBe('no-rule');
  });

  it('the list reject over everything', () => {
    const lists = { approve: [{ name: 'bash' }], reject: [{ name: '*' }] };
    expect(outcome(makeRules([all], lists), bash)).toEqual({ kind: 'rejected', rule: 'explicit-reject' });
  });

  it('names the rule, not the list, where a rule approves anyway', () => {
    expect(outcome(makeRules([all], { approve: [{ name: 'bash' }] }), bash)).toEqual({
      kind: 'approved',
      rule: 'all',
    });
  });

  it('rejects, with a note, what is on hold on every host that is offered it', () => {
    const held = makeCandidate('bash', { hosts: ['a', 'b'], heldOn: ['a', 'b'] });
    const { entries, rows } = run(makeRules([all]), [held]);
    expect(entries).toMatchObject([{ decision: 'reject', source: 'rule:all', note: 'On hold on a, b.' }]);
    expect(rows[0]?.outcome.kind).toBe('held');
    expect(run(makeRules([all]), [{ ...held, heldOn: ['a'] }]).entries).toMatchObject([
      { decision: 'approve' },
    ]);
  });
});

describe('the entries', () => {
  it('are one for each package: the highest approved version, with the rule, its stage and what is known', () => {
    const rules = makeRules([{ id: 'all', stage: 3, approve: { afterDays: 7 } }]);
    const versions = ['1.0-9', '1.0-10', '1.0-11'].map((version, index) =>
      makeCandidate('bash', {
        version,
        firstSeen: daysAgo(index === 2 ? 1 : 20),
        advisories: ['DSA-1-1'],
        cves: ['CVE-2026-1'],
        sizeBytes: 5,
      }),
    );
    const { entries, rows } = run(rules, versions);
    expect(entries).toEqual([
      {
        ecosystem: 'apt',
        name: 'bash',
        arch: 'amd64',
        version: '1.0-10',
        decision: 'approve',
        stage: 3,
        source: 'rule:all',
        severity: 'unknown',
        classification: 'bugfix',
        advisories: ['CVE-2026-1', 'DSA-1-1'],
        sizeBytes: 5,
      },
    ]);
    expect(rows.map((row) => [row.version, row.outcome.kind])).toEqual([
      ['1.0-11', 'waiting'],
      ['1.0-10', 'approved'],
      ['1.0-9', 'superseded'],
    ]);
  });

  it('leave out what waits, what is filtered out and what no rule matches', () => {
    const rules = makeRules([{ id: 'b', match: { name: ['b*'] }, approve: { afterDays: 90 } }]);
    expect(run(rules, [makeCandidate('bash'), makeCandidate('zsh')]).entries).toEqual([]);
  });

  it('say which items of the lists match nothing', () => {
    const set = makeRules([all], {
      approve: [{ name: 'bash' }, { name: 'gone' }],
      reject: [{ name: 'bash', version: '7' }],
    });
    expect(run(set, [makeCandidate('bash')]).unused).toEqual([
      { list: 'approve', item: { name: 'gone' } },
      { list: 'reject', item: { name: 'bash', version: '7' } },
    ]);
  });

  it('have the compliance level of the rule that made them', () => {
    const set = makeRules([{ id: 'crit', complianceLevel: 'critical' }, { id: 'other' }]);
    expect(complianceLevelOf([set], { source: 'rule:crit' })).toBe('critical');
    expect(complianceLevelOf([set], { source: 'rule:other' })).toBe('unspecified');
    expect(complianceLevelOf([set], { source: 'scan' })).toBe('unspecified');
  });
});

describe('whatever the rules', () => {
  const name = fc.constantFrom('bash', 'openssl', 'zlib');
  const severity = fc.constantFrom('critical' as const, 'low' as const, 'unknown' as const);
  const candidate = fc
    .record({
      name,
      version: fc.constantFrom('1', '2', '10'),
      severity,
      days: fc.integer({ min: 0, max: 30 }),
      held: fc.boolean(),
    })
    .map(({ days, held, ...rest }) =>
      makeCandidate(rest.name, { ...rest, firstSeen: daysAgo(days), heldOn: held ? ['web-1'] : [] }),
    );
  const candidates = fc.uniqueArray(candidate, {
    selector: (one) => `${one.name} ${one.version}`,
    maxLength: 9,
  });
  const match = fc.record(
    {
      name: fc.array(fc.constantFrom('bash', 'open*', '*'), { minLength: 1, maxLength: 2 }),
      severity: fc.tuple(severity),
    },
    { requiredKeys: [] },
  );
  const rule = fc.oneof(
    fc.record({ match }, { requiredKeys: [] }),
    fc.record({ match, decision: fc.constant('reject' as const) }),
    fc.record({ match, approve: fc.record({ afterDays: fc.integer({ min: 0, max: 30 }) }) }),
    fc.record({ approve: fc.record({ untilDate: fc.constantFrom('2026-11-10', '2026-11-20') }) }),
  );
  const listed = fc.array(fc.record({ name: fc.constantFrom('bash', 'z*', '*') }), { maxLength: 2 });
  const set = fc
    .record({ rules: fc.array(rule, { maxLength: 5 }), filters: match, approve: listed, reject: listed })
    .map(({ rules, ...lists }) =>
      makeRules(
        rules.map((one, index) => ({ id: `r${index}`, ...one })),
        lists,
      ),
    );

  const taken = (given: RuleSet, offered: Candidate[]) =>
    run(given, offered)
      .entries.map((entry) => `${entry.name} ${entry.version} ${entry.decision}`)
      .sort();

  it('gives the same for the same, in whatever order candidates come', () => {
    fc.assert(
      fc.property(set, candidates, (given, offered) => {
        expect(run(given, offered.toReversed())).toEqual(run(given, offered));
      }),
    );
  });

  it('approves and rejects the same in whatever order the rules stand', () => {
    fc.assert(
      fc.property(set, candidates, (given, offered) => {
        expect(taken({ ...given, rules: given.rules.toReversed() }, offered)).toEqual(taken(given, offered));
      }),
    );
  });

  it('makes entries a revision can hold, at most one for each package, each with a rule that is there', () => {
    fc.assert(
      fc.property(set, candidates, (given, offered) => {
        const { entries } = run(given, offered);
        const known = new Set([...given.rules.map((one) => one.id), 'explicit-approve', 'explicit-reject']);
        for (const entry of entries) {
          expect(Entry.safeParse(entry).success).toBe(true);
          expect(known).toContain(entry.source.replace(/^rule:/, ''));
        }
        expect(new Set(entries.map((entry) => entry.name)).size).toBe(entries.length);
      }),
    );
  });

  it('never approves what the list reject names, nor what neither rule nor list approves', () => {
    fc.assert(
      fc.property(set, candidates, (given, offered) => {
        for (const row of run(given, offered).rows) {
          if (given.reject?.some((item) => matches({ name: [item.name] }, row)))
            expect(row.outcome).toEqual({ kind: 'rejected', rule: 'explicit-reject' });
          else if (row.outcome.kind === 'approved' && row.outcome.rule !== 'explicit-approve') {
            expect(matches(given.filters, row)).toBe(true);
            const matching = given.rules.filter((one) => matches(one.match, row));
            expect(matching.some((one) => one.decision === 'reject')).toBe(false);
          }
        }
      }),
    );
  });

  it('only ever approves more as time goes by', () => {
    fc.assert(
      fc.property(set, candidates, fc.integer({ min: 0, max: 60 }), (given, offered, days) => {
        for (const one of offered)
          if (judge(given, one, NOW).outcome.kind === 'approved')
            expect(judge(given, one, NOW + days * 86_400_000).outcome.kind).toBe('approved');
      }),
    );
  });
});

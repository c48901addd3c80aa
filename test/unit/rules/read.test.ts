import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRules, rulesFrom } from '../../../main/core/rules/read.ts';

const GOOD = `# What production takes.
name: production baseline
description: Security at once, the rest after a week
filters:
  distro: debian
  release: 12
rules:
  - id: security
    match:
      classification: security
      severity: [critical, important]
    complianceLevel: critical
    stage: 1
  - id: kernel
    match: { name: "linux-image-*" }
    decision: reject
  - id: rest
    approve:
      afterDays: 7
      since: release
approve:
  - name: tzdata
reject:
  - { name: "*-dbg", version: 1.10 }
`;

const issuesOf = (text: string) => {
  const read = readRules(text);
  return read.ok ? [] : read.issues.map((one) => `${one.line}:${one.column} ${one.path}: ${one.message}`);
};

describe('a rule file', () => {
  it('says what it says: a single value is a list of one, and a version stays what was written', () => {
    expect(readRules(GOOD)).toEqual({
      ok: true,
      ruleSet: {
        name: 'production baseline',
        description: 'Security at once, the rest after a week',
        filters: { distro: ['debian'], release: ['12'] },
        rules: [
          {
            id: 'security',
            match: { classification: ['security'], severity: ['critical', 'important'] },
            complianceLevel: 'critical',
            stage: 1,
          },
          { id: 'kernel', match: { name: ['linux-image-*'] }, decision: 'reject' },
          { id: 'rest', approve: { afterDays: 7, since: 'release' } },
        ],
        approve: [{ name: 'tzdata' }],
        reject: [{ name: '*-dbg', version: '1.10' }],
      },
    });
  });

  it('may be JSON, which is YAML too', () => {
    expect(readRules('{"name": "a", "rules": [{"id": "all"}]}')).toEqual({
      ok: true,
      ruleSet: { name: 'a', rules: [{ id: 'all' }] },
    });
  });

  it('has every fault named at its line and column', () => {
    const text = `name: a
rules:
  - id: one
    match:
      severty: high
      severity: high
  - id: one
    aprove: {}
    stage: 100
`;
    expect(issuesOf(text)).toEqual([
      '5:7 rules.0.match.severty: severty is not known here',
      '6:7 rules.0.match.severity.0: Invalid option: expected one of "critical"|"important"|"moderate"|"low"|"unknown"',
      '8:5 rules.1.aprove: aprove is not known here',
      '9:5 rules.1.stage: Too big: expected number to be <=99',
    ]);
  });

  it('names an id that stands there twice, and one that is reserved', () => {
    expect(issuesOf('name: a\nrules:\n  - id: x\n  - id: x\n')).toEqual([
      "4:5 rules.1.id: there is another rule 'x'",
    ]);
    expect(issuesOf('name: a\nrules:\n  - id: explicit-reject\n')).toEqual([
      '3:5 rules.0.id: this id is reserved',
    ]);
  });

  it('says that a rule which rejects has nothing to wait for', () => {
    expect(
      issuesOf('name: a\nrules:\n  - id: x\n    decision: reject\n    approve: {afterDays: 1}\n'),
    ).toEqual(['5:5 rules.0.approve: a rule that rejects does so at once: it has no approve']);
  });

  it.each([
    ['a tab for indentation', 'name: a\nrules:\n\t- id: x\n', 3],
    ['a bracket that is not closed', 'name: a\nrules: [\n', 3],
    ['two documents', 'name: a\nrules: []\n---\nname: b\n', 3],
    ['a name twice', 'name: a\nrules: []\nname: b\n', 3],
    ['an alias', 'name: &n a\nrules: []\ndescription: *n\n', 3],
    ['a tag', 'name: a\nrules: !!js/function x\n', 2],
    ['a list instead of names', '- id: x\n', 1],
    ['nothing at all', '', 1],
  ])('refuses %s at its line', (_, text, line) => {
    const read = readRules(text);
    expect(read.ok ? [] : read.issues.map((one) => one.line)).toContain(line);
  });

  it('refuses what is made to exhaust memory or patience', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x]\n${'bcdefgh'
      .split('')
      .map((c, i) => `${c}: &${c} [${Array(8).fill(`*${'abcdefg'[i]}`).join(',')}]`)
      .join('\n')}\n`;
    expect(issuesOf(bomb)[0]).toContain('aliases');
    expect(issuesOf('['.repeat(100_000))).toHaveLength(1);
    expect(issuesOf(`name: a\nrules: ${'['.repeat(20)}${']'.repeat(20)}\n`)[0]).toContain('nested too deep');
    expect(issuesOf(`name: a\n# ${'x'.repeat(200_000)}`)[0]).toContain('larger than 128 KiB');
    const wide = Array.from({ length: 30_000 }, (_, i) => `k${i}:`).join('\n');
    expect(issuesOf(wide).length).toBeLessThanOrEqual(50);
  });

  it('does not let a name reach an object’s inside', () => {
    expect(issuesOf('name: a\nrules: []\n__proto__: {x: 1}\n')[0]).toContain('3:1');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('is read or refused with a place, whatever it holds', () => {
    const lines = GOOD.split('\n');
    fc.assert(
      fc.property(fc.nat(lines.length), fc.string({ unit: 'binary', maxLength: 30 }), (at, noise) => {
        const text = lines.toSpliced(at, 1, noise).join('\n');
        const read = readRules(text);
        if (read.ok) return;
        expect(read.issues.length).toBeGreaterThan(0);
        for (const issue of read.issues) {
          expect(issue.line).toBeGreaterThan(0);
          expect(issue.line).toBeLessThanOrEqual(text.split(/\r\n|\r|\n/).length);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is told to those that need it with its name and its first faults', () => {
    expect(rulesFrom('name: a\nrules: [{}]\n', 'base.yaml')).toMatchObject({
      ok: false,
      error: {
        code: 'input.invalid',
        message: expect.stringContaining('base.yaml cannot be used: line 2: rules.0.id'),
      },
    });
  });
});

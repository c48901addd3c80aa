/** What several verdicts on one thing rest on: what decided first, and never younger than it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergedGrounds } from '../../../main/core/advisories/grounds.ts';
import { kindsOf } from '../../../main/core/advisories/kinds.ts';
import { groundsText } from '../../../shared/grounds.ts';
import { type Ground, GroundSource } from '../../../shared/model/grounds.ts';
import { Severity } from '../../../shared/model/primitives.ts';

const day = (n: number): string => `2026-11-${String(n).padStart(2, '0')}T10:00:00.000Z`;
const ground = (source: GroundSource, n: number | null): Ground => ({
  source,
  asOf: n === null ? null : day(n),
});

describe('merged grounds', () => {
  it('begin with what the worst verdict rests on', () => {
    expect(
      mergedGrounds([
        { severity: 'low', grounds: [ground('hosts', 9)] },
        { severity: 'critical', grounds: [ground('osv', 3)] },
      ]),
    ).toEqual([ground('osv', 3), ground('hosts', 9)]);
  });

  it('do not borrow a young age from data that said less', () => {
    expect(
      mergedGrounds([
        { severity: 'critical', grounds: [ground('osv', 3)] },
        { severity: 'low', grounds: [ground('osv', 20)] },
      ]),
    ).toEqual([ground('osv', 3)]);
  });

  it('of equal verdicts name the oldest lists of hosts, and the newest data', () => {
    expect(
      mergedGrounds([
        { severity: 'low', grounds: [ground('osv', 3), ground('hosts', 9)] },
        { severity: 'low', grounds: [ground('osv', 4), ground('hosts', 7)] },
        { severity: 'low', grounds: [ground('hosts', null)] },
      ]),
    ).toEqual([ground('osv', 4), ground('hosts', 7)]);
  });

  it('name each source once, and say nothing that no verdict said', () => {
    const verdict = fc.record({
      severity: fc.constantFrom(...Severity.options),
      grounds: fc.uniqueArray(
        fc.record({
          source: fc.constantFrom(...GroundSource.options),
          asOf: fc.option(fc.integer({ min: 1, max: 28 }).map(day)),
        }),
        { selector: (one) => one.source, maxLength: 3 },
      ),
    });
    fc.assert(
      fc.property(fc.array(verdict, { minLength: 2, maxLength: 6 }), (verdicts) => {
        const whole = mergedGrounds(verdicts);
        expect(new Set(whole.map((one) => one.source)).size).toBe(whole.length);
        const said = verdicts.flatMap((one) => one.grounds.map((each) => JSON.stringify(each)));
        for (const one of whole) expect(said).toContain(JSON.stringify(one));
      }),
    );
  });
});

it('hosts that are judged alike are one kind, as old as the oldest of their lists', () => {
  const host = (release: string, n: number | undefined, codename?: string) => ({
    manager: 'apt' as const,
    os: 'debian',
    release,
    codename,
    listsUpdatedAt: n === undefined ? undefined : day(n),
  });
  expect(
    kindsOf([host('12', undefined), host('12', 9), host('13', 5), host('12', 7), host('12', 3, 'bookworm')]),
  ).toEqual([
    { where: host('12', 7), hosts: 3 },
    { where: host('13', 5), hosts: 1 },
    { where: host('12', 3, 'bookworm'), hosts: 1 },
  ]);
});

it('is told in words, with the age', () => {
  const now = Date.parse(day(23));
  expect(groundsText([ground('osv', 20), ground('hosts', 23), ground('snapshot', null)], now)).toBe(
    'OSV, data of 2026-11-20 (3 days old); hosts’ own lists, data of 2026-11-23 (0 min old); snapshot, of unknown age',
  );
});

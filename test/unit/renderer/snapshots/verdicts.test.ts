/** How the editor judges entries: the revision's word, today's, and who says so. */
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../../../renderer/features/snapshots/entries.ts';
import { rowsOf } from '../../../../renderer/features/snapshots/rows.ts';
import {
  judgementsOf,
  otherwiseCount,
  versionsOf,
} from '../../../../renderer/features/snapshots/verdicts.ts';
import type { EntryVerdict } from '../../../../shared/contract/snapshots.ts';
import type { Entry, SnapshotView } from '../../../../shared/model/snapshot.ts';

const MADE = '2026-11-01T00:00:00.000Z';
const TODAY = [{ source: 'debian-tracker' as const, asOf: '2026-11-20T00:00:00.000Z' }];
const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  ecosystem: 'apt',
  name,
  version: '1',
  decision: 'approve',
  stage: 1,
  source: 'scan',
  ...more,
});
const verdict = (name: string, more: Partial<EntryVerdict> = {}): EntryVerdict => ({
  ecosystem: 'apt',
  name,
  version: '1',
  severity: 'critical',
  classification: 'security',
  advisories: [],
  cves: [],
  grounds: TODAY,
  hostCount: 1,
  ...more,
});
const base = (entries: Entry[]): SnapshotView => ({
  name: 'november',
  lineId: '00000000-0000-4000-8000-000000000001',
  revision: 4,
  id: `sha256:${'0'.repeat(64)}`,
  parents: [],
  state: 'draft',
  head: true,
  author: { name: 'anna' },
  createdAt: MADE,
  scope: {},
  entries,
});
const judged = (one: Entry, today: EntryVerdict[], held: Entry[] = [one]) =>
  judgementsOf([one], today, base(held)).get(keyOf(one));

describe('an entry', () => {
  const moderate = entry('bash', { severity: 'moderate', classification: 'security' });

  it('rests on today’s sources where they say what the revision says', () => {
    expect(judged(moderate, [verdict('bash', { severity: 'moderate' })])).toEqual({
      severity: 'moderate',
      classification: 'security',
      grounds: TODAY,
    });
  });

  it('keeps the word of the revision, with its age, beside a verdict that is another today', () => {
    expect(judged(moderate, [verdict('bash')])).toEqual({
      severity: 'moderate',
      classification: 'security',
      grounds: [{ source: 'snapshot', asOf: MADE }],
      today: verdict('bash'),
    });
  });

  it('is judged otherwise too where it became a security patch, or is no longer said to be grave', () => {
    const plain = entry('bash', { severity: 'unknown', classification: 'other' });
    expect(judged(plain, [verdict('bash', { severity: 'unknown' })])?.today).toBeDefined();
    expect(judged(moderate, [verdict('bash', { severity: 'unknown' })])?.today).toBeDefined();
  });

  it('has the revision’s word alone where nothing is known today, and no source where nobody said anything', () => {
    expect(judged(moderate, [])?.grounds).toEqual([{ source: 'snapshot', asOf: MADE }]);
    expect(judged(entry('bash'), [])).toEqual({ grounds: [] });
  });

  it('that no revision has yet is judged by today alone, and so is another version of one', () => {
    const fresh = { severity: 'critical', classification: 'security', grounds: TODAY };
    expect(judged(entry('bash'), [verdict('bash')], [])).toEqual(fresh);
    const newer = entry('bash', { version: '2' });
    expect(judged(newer, [verdict('bash', { version: '2' })], [moderate])).toEqual(fresh);
    expect(judged(newer, [verdict('bash')], [moderate])).toEqual({ grounds: [] });
  });
});

describe('a list', () => {
  const entries = [entry('bash', { severity: 'low' }), entry('curl', { severity: 'low' })];
  const judgements = judgementsOf(entries, [verdict('curl')], base(entries));
  const shown = (show: Parameters<typeof rowsOf>[2]) =>
    rowsOf(entries, '', show, undefined, judgements).flatMap((row) =>
      row.kind === 'entry' ? [row.entry.name] : [],
    );

  it('counts and shows what is judged otherwise today', () => {
    expect(otherwiseCount(judgements)).toBe(1);
    expect(shown('otherwise')).toEqual(['curl']);
  });

  it('is cut down to a severity by the revision’s word and by today’s', () => {
    expect(shown('severity:critical')).toEqual(['curl']);
    expect(shown('severity:low')).toEqual(['bash', 'curl']);
  });

  it('is asked about anew only for other versions, not for what is done with them', () => {
    const [bash, curl] = entries;
    if (bash === undefined || curl === undefined) throw new Error('no entries');
    expect(versionsOf([curl, { ...bash, decision: 'reject', stage: 2, note: 'x' }])).toBe(
      versionsOf(entries),
    );
    expect(versionsOf([curl, { ...bash, version: '2' }])).not.toBe(versionsOf(entries));
  });
});

/** A snapshot in the terminal: what its revision says, and beside it what is known today. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Context } from '../../../main/shells/cli/context.ts';
import { show } from '../../../main/shells/cli/snapshotText.ts';
import type { EntryVerdict } from '../../../shared/contract/snapshots.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { entry } from '../snapshots/support.ts';

let written = '';
beforeEach(() => {
  written = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const snapshot: SnapshotView = {
  name: 'november',
  lineId: '00000000-0000-4000-8000-000000000001',
  revision: 4,
  id: `sha256:${'0'.repeat(64)}`,
  parents: [],
  state: 'draft',
  head: true,
  author: { name: 'anna' },
  createdAt: '2026-11-01T00:00:00.000Z',
  scope: {},
  entries: [
    entry('bash', { severity: 'moderate', classification: 'security' }),
    entry('curl', { severity: 'low', classification: 'security' }),
    entry('zsh', { severity: 'low', classification: 'security' }),
  ],
};
const verdict = (name: string, severity: EntryVerdict['severity']): EntryVerdict => ({
  ecosystem: 'apt',
  name,
  version: '1.0',
  severity,
  classification: 'security',
  advisories: [],
  cves: [],
  grounds: [{ source: 'debian-tracker', asOf: '2026-11-20T00:00:00.000Z' }],
  hostCount: 2,
});
const verdicts = [verdict('bash', 'critical'), verdict('curl', 'low')];
const line = (start: string) => written.split('\n').find((each) => each.includes(start)) ?? '';

test('each entry tells what is known today, and those judged otherwise than in the revision are named', () => {
  show(new Context({ color: false }), snapshot, { verdicts });
  expect(line('SEVERITY is')).toBe(
    'SEVERITY is what this revision says (2026-11-01), NOW what is known today',
  );
  expect(line('judged otherwise')).toBe(
    'judged otherwise now than in this revision: bash moderate, now critical',
  );
  expect(line('1      bash')).toMatch(/moderate {2}critical, Debian tracker 2026-11-20$/);
  expect(line('1      curl')).toMatch(/low {7}same, Debian tracker 2026-11-20$/);
  expect(line('1      zsh')).toMatch(/low$/);
});

test('where it was not asked for there is no column for it', () => {
  show(new Context({ color: false }), snapshot);
  expect(line('STAGE')).toContain('SEVERITY');
  expect(written).not.toContain('NOW');
});

test('in JSON it stands beside the snapshot, which is the same as ever', () => {
  show(new Context({ color: false, json: true }), snapshot);
  const before = JSON.parse(written);
  written = '';
  show(new Context({ color: false, json: true }), snapshot, { verdicts });
  const now = JSON.parse(written);
  expect(now.snapshot).toEqual(before.snapshot);
  expect(now.verdicts).toEqual(verdicts);
});

/** The drift report's files. */
import { expect, test } from 'vitest';
import { driftReport } from '../../../main/core/reports/render/drift.ts';
import type { HostDrift } from '../../../shared/model/drift.ts';

const AT = '2026-11-23T14:00:00.000Z';
const drift: HostDrift[] = [
  {
    host: 'web-1',
    hostId: '00000000-0000-4000-8000-000000000001',
    baseline: { at: AT, source: 'scan' },
    comparedAt: AT,
    packages: [
      {
        name: 'a',
        arch: 'amd64',
        from: '1',
        to: '2',
        kind: 'upgraded',
        by: '=cmd()',
        command: '<b>apt</b>',
        at: AT,
      },
    ],
  },
  {
    host: 'db-1',
    hostId: '00000000-0000-4000-8000-000000000002',
    packages: [],
    unknown: 'It was not scanned yet.',
  },
];

test('JSON has what the command line promises', () => {
  expect(JSON.parse(driftReport(drift, 'json', AT))).toEqual({
    drift: drift.map(({ hostId: _, ...rest }) => rest),
  });
});
test('CSV: a line for each package, and for each host of which nothing is known; no formulas', () => {
  const lines = driftReport(drift, 'csv', AT).split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[1]).toContain(`web-1,${AT},scan,a,amd64,upgraded,1,2,'=cmd(),<b>apt</b>,${AT},`);
  expect(lines[2]).toBe('db-1,,,,,,,,,,,It was not scanned yet.');
});
test('HTML: what a host said is text', () => {
  const page = driftReport(drift, 'html', AT);
  expect(page).toContain('&lt;b&gt;apt&lt;/b&gt;');
  expect(page).not.toContain('<b>apt');
});

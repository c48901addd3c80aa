/** Severities in reports: what they rest on, how old that is, and compliance by the levels of rules. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_LISTED } from '../../../main/core/reports/render/compliancePage.ts';
import { renderReport } from '../../../main/core/reports/render/render.ts';
import type { Advisory } from '../../../shared/model/advisory.ts';
import { csvRows } from '../../support/csv.ts';
import { installed, setUp, update, type World } from '../snapshots/support.ts';
import { complianceOf, partsOf } from './rig.ts';

let world: World;
beforeEach(() => {
  world = setUp();
});
const compliance = () => complianceOf(world);
const snapshot = () => world.service.create({ name: 'november', from: ['all'], security: false });

const ADVISORY: Advisory = {
  format: 'osv',
  id: 'DSA-1-1',
  severity: 'important',
  cves: ['CVE-2026-0001'],
  affected: [
    { ecosystem: 'apt', distro: 'debian', release: '12', name: 'bash', kind: 'source', fixed: '1.5' },
    { ecosystem: 'apt', distro: 'debian', release: '12', name: 'zsh', kind: 'source', fixed: '2.0' },
  ],
};
const imported = (asOf: string) =>
  world.store.putAdvisories(
    {
      format: 'osv',
      file: 'a.json',
      sha256: 'a'.repeat(64),
      importedAt: asOf,
      asOf,
      dated: true,
      skipped: 0,
    },
    [ADVISORY],
    false,
  );

describe('what a verdict rests on', () => {
  const lists = '2026-11-22T08:00:00.000Z';
  const data = '2026-11-20T08:00:00.000Z';
  const offered = {
    facts: { listsUpdatedAt: lists },
    packages: [installed('bash'), installed('zsh')],
    updates: [update('bash', '2.0', { severity: 'low' }), update('zsh', '2.0')],
  };
  beforeEach(async () => {
    world.addScan(world.addHost('a'), offered);
    await snapshot();
    await world.service.edit({
      ref: 'november',
      edits: [{ kind: 'remove', name: 'zsh' }],
    });
  });
  const rows = async () => (await compliance()).hosts.flatMap((host) => host.rows);

  it('is the snapshot and the host’s own lists, where nothing was imported', async () => {
    expect(await rows()).toMatchObject([
      {
        name: 'bash',
        status: 'missing',
        severity: 'low',
        grounds: [
          { source: 'hosts', asOf: lists },
          { source: 'snapshot', asOf: (await compliance()).head?.createdAt },
        ],
      },
      { name: 'zsh', status: 'outside', severity: 'unknown', grounds: [{ source: 'hosts', asOf: lists }] },
    ]);
  });

  it('is imported data where that says worse, for entries and for what is outside', async () => {
    imported(data);
    const [bash, zsh] = await rows();
    expect(bash).toMatchObject({
      severity: 'important',
      advisories: ['DSA-1-1'],
      cves: ['CVE-2026-0001'],
      grounds: [{ source: 'osv', asOf: data }, { source: 'hosts' }, { source: 'snapshot' }],
    });
    expect(zsh).toMatchObject({ severity: 'important', grounds: [{ source: 'osv', asOf: data }] });
    expect((await compliance()).totals).toMatchObject({
      missingBySeverity: { important: 1, low: 0 },
      outsideBySeverity: { important: 1 },
    });
  });

  it('stands beside each verdict in CSV and on the page', async () => {
    imported(data);
    const all = await partsOf(world, { kind: 'compliance', snapshot: 'november' });
    const [headings = [], first = []] = csvRows(renderReport(all, 'csv'));
    const cell = (name: string) => first[headings.indexOf(name)];
    expect([cell('severity'), cell('data_sources'), cell('cves')]).toEqual([
      'important',
      'osv hosts snapshot',
      'CVE-2026-0001',
    ]);
    expect(cell('data_as_of')?.split(' ').slice(0, 2)).toEqual([data, lists]);
    const page = renderReport(all, 'html');
    expect(page).toContain('OSV, data of 2026-11-20 (3 days old); hosts’ own lists, data of 2026-11-22');
    expect(page.match(/<td>OSV, data of 2026-11-20 \(3 days old\)<\/td>/g)).toHaveLength(1);
  });

  it('is listed on the page for so many entries as anybody reads, and the others are counted there', async () => {
    imported(data);
    const all = await partsOf(world, { kind: 'compliance', snapshot: 'november' });
    const many = (count: number) =>
      all.map((part) => {
        if (part.type !== 'host') return part;
        const missing = part.host.rows.find((row) => row.status === 'missing');
        if (missing === undefined) throw new Error('nothing is missing');
        return { ...part, host: { ...part.host, rows: Array.from({ length: count }, () => missing) } };
      });
    const listed = (page: string) =>
      page.split('What is not as the snapshot says')[1]?.match(/<tr>/g)?.length;
    const [full, over] = [MAX_LISTED, MAX_LISTED + 3].map((count) => renderReport(many(count), 'html'));
    expect(full).not.toContain('more are not listed');
    expect(over).toContain('<strong>3 more are not listed here</strong>');
    expect(listed(over ?? '')).toBe(listed(full ?? ''));
    expect(csvRows(renderReport(many(MAX_LISTED + 3), 'csv'))).toHaveLength(MAX_LISTED + 4);
  });
});

describe('compliance by level', () => {
  it('tells for each level which hosts have all of it, and the gravest that a host lacks', async () => {
    const text = [
      'name: levels',
      'rules:',
      '  - { id: grave, match: { name: bash }, complianceLevel: critical }',
      '  - { id: mild, match: { name: zsh }, complianceLevel: low }',
    ].join('\n');
    const both = { updates: [update('bash', '2.0'), update('zsh', '2.0')] };
    const [a, b, c] = ['a', 'b', 'c'].map((name) => world.addHost(name));
    if (a === undefined || b === undefined || c === undefined) throw new Error('no hosts');
    world.addScan(a, { ...both, packages: [installed('bash'), installed('zsh')] });
    await world.service.create({ name: 'november', rules: { text }, security: false });
    world.addScan(b, { packages: [installed('bash', '2.0'), installed('zsh')] });
    const { hosts, totals } = await compliance();
    expect(hosts.map((host) => [host.host, host.level, host.lacks])).toEqual([
      ['a', 'non-compliant', 'critical'],
      ['b', 'non-compliant', 'low'],
      ['c', 'unknown', null],
    ]);
    expect(hosts[0]?.rows.map((row) => [row.name, row.complianceLevel])).toEqual([
      ['bash', 'critical'],
      ['zsh', 'low'],
    ]);
    expect(totals?.byComplianceLevel).toMatchObject({
      critical: {
        hosts: { compliant: 1, 'non-compliant': 1, unknown: 1 },
        lacking: 1,
        compliantPercent: 33.3,
      },
      low: { hosts: { compliant: 0, 'non-compliant': 2, unknown: 1 }, lacking: 2, compliantPercent: 0 },
      high: { hosts: { compliant: 0, 'non-compliant': 0, unknown: 0 }, compliantPercent: null },
    });
    const page = renderReport(await partsOf(world, { kind: 'compliance', snapshot: 'november' }), 'html');
    expect(page).toContain('By compliance level of the rules');
  });

  it('has no table of levels where no rule names one', async () => {
    world.addScan(world.addHost('a'), { packages: [installed('bash')], updates: [update('bash', '2.0')] });
    await snapshot();
    expect((await compliance()).hosts[0]?.rows[0]?.complianceLevel).toBe('unspecified');
    const page = renderReport(await partsOf(world, { kind: 'compliance', snapshot: 'november' }), 'html');
    expect(page).not.toContain('By compliance level');
  });
});

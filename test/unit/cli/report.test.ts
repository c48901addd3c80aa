/** `report`: what docs/reports.md promises to scripts. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { csvRows } from '../../support/csv.ts';
import { Frostline } from './support.ts';

// Each step starts a process, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const frostline = new Frostline();
afterAll(() => frostline.close());

const hosts = ['h01', 'h02'];
beforeAll(async () => {
  for (const name of hosts)
    await frostline.json('hosts', 'add', name, '--address', '127.0.0.1', '--port', '9', '--agent');
  await frostline.json('snapshot', 'create', 'november', '--empty');
  await frostline.json('snapshot', 'edit', 'november', '--add', 'bash=5.2-1');
});

const compliance = ['report', 'compliance', '--snapshot', 'november'];

describe('compliance', () => {
  test('is told with unknown hosts, and exit code 0', async () => {
    const { code, document } = await frostline.json(...compliance);
    expect(code).toBe(0);
    expect(document).toEqual({
      report: {
        format: 'frostline.report/1',
        kind: 'compliance',
        createdAt: expect.any(String),
        createdBy: expect.any(String),
        snapshot: {
          name: 'november',
          revision: 2,
          id: expect.stringMatching(/^sha256:/),
          state: 'draft',
          createdAt: expect.any(String),
          entries: 1,
        },
        exceptions: [],
        selectors: [],
        maxAgeSeconds: 604_800,
        hosts: hosts.map((host) =>
          expect.objectContaining({
            host,
            level: 'unknown',
            unknown: { cause: 'never-scanned', since: null },
            scannedAt: null,
            counts: expect.objectContaining({ unknown: 1, installed: 0 }),
            rows: [
              expect.objectContaining({ name: 'bash', version: '5.2-1', status: 'unknown', installed: [] }),
            ],
          }),
        ),
        totals: expect.objectContaining({
          hostCount: 2,
          hosts: expect.objectContaining({ unknown: 2, compliant: 0 }),
          compliantPercent: 0,
        }),
      },
    });
  });

  test('is a table for people', async () => {
    const { code, stdout } = await frostline.run(compliance);
    expect(code).toBe(0);
    expect(stdout).toMatch(/h01 +unknown/);
    expect(stdout).toContain('2 hosts: 0 compliant');
  });

  test('is told of the hosts that are meant, of a revision, with another age', async () => {
    const { document } = await frostline.json(
      'report',
      'compliance',
      'h02',
      '--snapshot',
      'november@1',
      '--max-age',
      '12h',
    );
    expect(document).toMatchObject({
      report: {
        snapshot: { revision: 1, entries: 0 },
        maxAgeSeconds: 43_200,
        hosts: [{ host: 'h02', level: 'unknown' }],
      },
    });
  });

  test.each([
    ['json', (text: string) => JSON.parse(text).report.hosts.length],
    ['csv', (text: string) => csvRows(text).length - 1],
    ['html', (text: string) => text.match(/<th scope="row">h0/g)?.length],
  ])('is written as %s, for its owner alone, and nothing is left beside it', async (format, count) => {
    const file = frostline.path(`report.${format}`);
    expect(await frostline.json(...compliance, '--output', file)).toEqual({
      code: 0,
      document: { file, bytes: expect.any(Number), format },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(count(text)).toBe(2);
    expect(readdirSync(frostline.work).filter((name) => name.endsWith('.part'))).toEqual([]);
    const printed = await frostline.run([...compliance, '--format', format]);
    const timeless = (one: string) => one.replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d\.\d{3}Z)?/g, 'then');
    expect(timeless(printed.stdout)).toBe(timeless(text));
  });

  test('that fails leaves the file that was there as it was', async () => {
    const file = frostline.path('kept.json');
    writeFileSync(file, 'before');
    expect(
      await frostline.json('report', 'compliance', '--snapshot', 'none', '--output', file),
    ).toMatchObject({ code: 2, document: { error: { code: 'not-found' } } });
    expect(readFileSync(file, 'utf8')).toBe('before');
    expect(readdirSync(frostline.work).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test.each([
    ['without a snapshot', ['report', 'compliance'], 'input.invalid'],
    ['of a host that is none', [...compliance, 'h99'], 'not-found'],
    ['with a selector that is none', [...compliance, '('], 'input.invalid'],
    ['with an age that is none', [...compliance, '--max-age', 'soon'], 'input.invalid'],
    ['in a form that is none', [...compliance, '--format', 'pdf'], 'input.invalid'],
    ['to a file of an unknown form', [...compliance, '--output', 'report.txt'], 'input.invalid'],
    ['to a folder that is none', [...compliance, '--output', 'no/such/report.csv'], 'input.invalid'],
  ])('%s is bad input', async (_, args, code) => {
    expect(await frostline.json(...args)).toMatchObject({ code: 2, document: { error: { code } } });
    expect(existsSync(frostline.path('report.txt'))).toBe(false);
  });
});

describe('history', () => {
  test('of nothing is an empty list', async () => {
    expect(await frostline.json('report', 'history')).toMatchObject({
      code: 0,
      document: { report: { kind: 'history', runs: [], totals: { runs: 0, tasks: 0 } } },
    });
    expect(await frostline.json('report', 'history', '--limit', '0')).toMatchObject({ code: 2 });
  });
});

describe('the audit log', () => {
  test('is a report with its head, and is not cut to hosts', async () => {
    const { code, document } = await frostline.json('report', 'audit');
    expect({ code, document }).toMatchObject({
      code: 0,
      document: {
        report: {
          kind: 'audit',
          lines: [
            { seq: 1, action: 'hosts.add' },
            {},
            {},
            {},
            {},
            {},
            {},
            { seq: 8, action: 'snapshots.edit' },
          ],
          totals: { lines: 8, intact: true, head: { seq: 8, hash: expect.stringMatching(/^sha256:/) } },
        },
      },
    });
    expect(await frostline.json('report', 'audit', 'h01')).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid' } },
    });
  });
});

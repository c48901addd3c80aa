/** Hostile names, reasons and messages in reports: they stay text, in a spreadsheet and in a browser. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCell } from '../../main/core/reports/render/csv.ts';
import { escapeHtml } from '../../main/core/reports/render/page.ts';
import { renderReport } from '../../main/core/reports/render/render.ts';
import { createReportService } from '../../main/core/reports/service.ts';
import type { ReportRequest } from '../../shared/contract/reports.ts';
import { ok } from '../../shared/errors.ts';
import { AUDIT_GENESIS } from '../../shared/model/audit.ts';
import type { ReportFileFormat, ReportPart } from '../../shared/model/report.ts';
import { csvRows } from '../support/csv.ts';
import { caller, entry, installed, setUp } from '../unit/snapshots/support.ts';

const EVIL = `=HYPERLINK("http://x","y")</td><script>alert(1)</script><img src=x onerror=a('b')>\u202E`;

const auditParts = (text: string): ReportPart[] => [
  {
    type: 'head',
    head: {
      format: 'frostline.report/1',
      kind: 'audit',
      createdAt: '2026-11-23T14:00:00.000Z',
      createdBy: text,
    },
  },
  {
    type: 'lines',
    lines: [
      {
        format: 'frostline.audit/1',
        seq: 1,
        at: '2026-11-23T14:00:00.000Z',
        actor: text,
        account: text,
        action: text,
        outcome: text,
        detail: text,
        reason: text,
        prev: AUDIT_GENESIS,
        hash: AUDIT_GENESIS,
      },
    ],
  },
  { type: 'audit-totals', totals: { lines: 1, head: { seq: 1, hash: AUDIT_GENESIS }, intact: true } },
];

/** The page without the markup that Frostline itself writes. */
const TAGS =
  /<(!doctype html|\/?(html|head|body|main|h1|h2|p|dl|dt|dd|div|table|caption|thead|tbody|tr|th|td|code|span|strong|title|style|meta)( [a-z-]+="[^"<>]*")*)>/g;
const STYLE = /<style>[\s\S]*?<\/style>/;

describe('a spreadsheet', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1'])('never sees %j as a formula', (text) => {
    const [[cell] = []] = csvRows(`${csvCell(text)}\r\n`);
    expect(cell).toBe(`'${text}`);
  });

  it('gets numbers as numbers', () => {
    expect(csvCell(-5)).toBe('-5');
  });

  it('gets every text back, but for the apostrophe in front of a formula', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 6 }), (cells) => {
        const read = csvRows(`${cells.map(csvCell).join(',')}\r\n`);
        expect(read).toHaveLength(1);
        expect(read[0]?.map((cell, i) => (cell === cells[i] ? cell : cell.slice(1)))).toEqual(cells);
        for (const cell of read[0] ?? []) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
      }),
      { numRuns: 1000 },
    );
  });

  it('has as many cells in every line as there are headings', () => {
    const [headings, ...rows] = csvRows(renderReport(auditParts(`${EVIL},"\r\n;`), 'csv'));
    expect(rows.map((row) => row.length)).toEqual([headings?.length]);
  });
});

describe('a browser', () => {
  it('never sees markup that came from somewhere else', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(EVIL, '<!--', ']]>', '&lt;', '</style>')),
        (text) => {
          const page = renderReport(auditParts(text), 'html').replace(STYLE, '').replace(TAGS, '');
          expect(page).not.toMatch(/[<>]/);
          expect(page.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is asked to run and to fetch nothing', () => {
    const page = renderReport(auditParts('x'), 'html');
    expect(page).toContain(`default-src 'none'; style-src 'unsafe-inline'`);
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|\bon[a-z]+=/i);
  });

  it('shows no character that turns a line around or hides a part of it', () => {
    expect(escapeHtml('a\u202Eb\u0000c\u200Bd\ud800')).toBe('a�b�c�d�');
  });
});

describe('a report over a hostile fleet', () => {
  const hostile = async (format: ReportFileFormat) => {
    const world = setUp();
    const host = world.addHost('a');
    world.addScan(host, { packages: [installed('bash')], facts: { os: EVIL.slice(0, 60), release: '12' } });
    await world.service.create({ name: 'november', security: false });
    await world.service.edit({
      ref: 'november',
      edits: [{ kind: 'add', ...entry('bash', { version: '2.0' }), note: EVIL }],
    });
    const clock = { ...world.clock, now: () => world.clock.now(), wait: async () => true };
    const reports = createReportService(
      { ...world.ports, user: EVIL, clock },
      { drift: async () => ok({ drift: [] }) },
    );
    let text = '';
    const report: ReportRequest = {
      kind: 'compliance',
      snapshot: 'november',
      selectors: [],
      maxAgeSeconds: 86_400,
    };
    for await (const piece of reports.write({ report, format }, caller)) text += piece.text;
    return text;
  };

  it('is one JSON document', async () => {
    expect(JSON.parse(await hostile('json'))).toMatchObject({
      report: {
        kind: 'compliance',
        createdBy: EVIL,
        hosts: [{ host: 'a', rows: [{ name: 'bash', status: 'missing' }] }],
        totals: { counts: { missing: 1 } },
      },
    });
  });

  it('is one page', async () => {
    const page = await hostile('html');
    expect(page.replace(STYLE, '').replace(TAGS, '')).not.toMatch(/[<>]/);
  });

  it('is one table', async () => {
    const [headings, ...rows] = csvRows(await hostile('csv'));
    expect(rows).toHaveLength(1);
    const cell = (name: string) => rows[0]?.[headings?.indexOf(name) ?? -1];
    expect([cell('status'), cell('package'), cell('os')?.slice(0, 2)]).toEqual(['missing', 'bash', "'="]);
  });
});

/** docs/audit.md is true: its vector is what Frostline writes, and its script tells a good log from a bad one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chainLine, createAuditVerifier, EMPTY_HEAD } from '../../../main/core/audit/chain.ts';
import { AuditLine, type AuditRecord } from '../../../shared/model/audit.ts';
import { nodeHasher } from '../../support/ports.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/audit.md'), 'utf8');
const block = (title: string): string =>
  new RegExp(`\`\`\`[a-z]+ title="${title}"\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
const vector = block('audit.jsonl');
const lines = vector.trimEnd().split('\n');
const head = /Its head is `(sha256:[0-9a-f]{64})`/.exec(page)?.[1];

/** What was done for the vector, in order: first as earlier versions wrote it, with a line when a command was over. */
const RECORDS: AuditRecord[] = [
  {
    at: '2026-11-23T14:00:00.000Z',
    actor: 'cli',
    account: 'anna',
    action: 'hosts.add',
    outcome: 'done',
    detail: '{"host":{"name":"web-1","secrets":"(secret)"}}',
  },
  {
    at: '2026-11-23T14:05:30.250Z',
    actor: 'window',
    account: 'anna',
    action: 'snapshots.thaw',
    outcome: 'freeze.not-frozen',
    detail: '{"ref":"november","reason":"„Größe“ \\n \\"2\\""}',
    reason: '„Größe“ \n "2" \u{1F4A3}',
  },
  {
    at: '2026-11-23T15:00:00.001Z',
    actor: 'cli',
    account: 'anna',
    action: 'runs.start',
    outcome: 'done',
    detail: '{}',
    plan: `sha256:${'1a'.repeat(32)}`,
    run: '4b1d1e0a-6f2c-4c3d-9a57-0c8f5b1f2e11',
    revisions: [`sha256:${'2b'.repeat(32)}`],
  },
  {
    at: '2026-11-24T09:00:00.000Z',
    actor: 'window',
    account: 'anna',
    action: 'runs.start',
    outcome: 'begun',
    detail: '{}',
    plan: `sha256:${'1a'.repeat(32)}`,
  },
  {
    at: '2026-11-24T09:00:00.120Z',
    actor: 'cli',
    account: 'ben',
    action: 'scans.run',
    outcome: 'done',
    detail: '{"selectors":["tag=web"]}',
    counts: { hosts: 12, failed: 1 },
  },
  {
    at: '2026-11-24T09:00:00.480Z',
    actor: 'window',
    account: 'anna',
    action: 'runs.start',
    outcome: 'done',
    detail: '{}',
    begun: 4,
    plan: `sha256:${'1a'.repeat(32)}`,
    run: '4b1d1e0a-6f2c-4c3d-9a57-0c8f5b1f2e11',
    revisions: [`sha256:${'2b'.repeat(32)}`],
  },
];

const folder = mkdtempSync(join(tmpdir(), 'frostline-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The page's script on a file with this text. */
const script = (text: string, ...more: string[]) => {
  writeFileSync(join(folder, 'verify.mjs'), block('verify.mjs'));
  writeFileSync(join(folder, 'audit.jsonl'), text);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, 'verify.mjs'), join(folder, 'audit.jsonl'), ...more],
    { encoding: 'utf8' },
  );
  return { status, stdout, stderr };
};

describe('the vector of docs/audit.md', () => {
  it('is what Frostline writes', () => {
    let last = EMPTY_HEAD;
    const written = RECORDS.map((record) => {
      const { line, text } = chainLine(record, last, nodeHasher);
      last = line;
      return text;
    });
    expect(lines).toEqual(written);
    expect(head).toBe(last.hash);
  });

  it('holds for the verifier', () => {
    const verifier = createAuditVerifier(nodeHasher, { expectHead: head ?? '' });
    for (const line of lines) verifier.push(line);
    expect(verifier.end()).toMatchObject({
      ok: true,
      lines: 6,
      expectedAt: 6,
      open: { count: 0, lines: [] },
    });
  });

  it('has every member the page describes, and the page every member there is', () => {
    const described = [...page.matchAll(/^\| `([a-z]+)` \|/gm)].map((match) => match[1]);
    expect(described.toSorted()).toEqual(Object.keys(AuditLine.shape).sort());
    expect([...new Set(lines.flatMap((line) => Object.keys(JSON.parse(line))))].sort()).toEqual(
      described.toSorted(),
    );
  });
});

describe('the script of docs/audit.md', () => {
  it('finds that the vector holds, and its head', () => {
    expect(script(vector)).toMatchObject({ status: 0, stdout: `6 lines, head ${head}\n` });
    expect(script(vector, head ?? '')).toMatchObject({ status: 0 });
  });

  it.each([
    ['a changed line', vector.replace('web-1', 'web-2'), 'line 1: changed'],
    ['a removed line', lines.toSpliced(1, 1).join('\n'), 'line 2: number 3 stands where 2 belongs'],
    ['lines in another order', [lines[1], lines[0], ...lines.slice(2)].join('\n'), 'line 1: number 2'],
    ['a beginning cut off', lines.slice(1).join('\n'), 'line 1: number 2'],
    ['a line cut off', vector.slice(0, -20), 'line 6: not complete JSON'],
    ['white space', vector.replace('{', '{ '), 'line 1: not in canonical form'],
  ])('finds %s', (_, text, message) => {
    const answer = script(text);
    expect(answer.status).toBe(3);
    expect(answer.stderr).toContain(message);
  });

  it('finds an end cut off by the head that was noted', () => {
    expect(script(`${lines[0]}\n${lines[1]}\n`, head ?? '')).toMatchObject({
      status: 3,
      stderr: 'no line has the expected hash\n',
    });
  });
});

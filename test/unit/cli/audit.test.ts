/** `audit`: what docs/cli.md and docs/audit.md promise to scripts. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Frostline } from './support.ts';

// Each step starts a process, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const frostline = new Frostline();
afterAll(() => frostline.close());

const exported = frostline.path('audit.jsonl');
/** A folder that must stay as it is: nothing was started for it. */
const untouched = frostline.path('untouched');
const changed = (name: string, text: string): string => {
  const file = frostline.path(name);
  writeFileSync(file, text);
  return file;
};
const verify = async (...args: string[]) => {
  const { code, stdout, stderr } = await frostline.run(['--json', 'audit', 'verify', ...args], {
    dataDir: untouched,
  });
  expect(existsSync(untouched)).toBe(false);
  return { code, document: JSON.parse(stdout), stderr };
};

let lines: string[] = [];
let head = '';

beforeAll(async () => {
  for (const name of ['one', 'two', 'three']) await frostline.json('snapshot', 'create', name, '--empty');
  await frostline.json('snapshot', 'edit', 'one', '--add', 'bash=5', '--note', 'for the auditors');
  await frostline.json('snapshot', 'edit', 'nothing', '--add', 'bash=5');
  const { document } = await frostline.json('audit', 'export', exported);
  lines = readFileSync(exported, 'utf8').trimEnd().split('\n');
  head = (document as { head: { hash: string } }).head.hash;
});

describe('the log', () => {
  test('has each command before it runs and when it is over, with its reason, its outcome and its revision', async () => {
    const { code, document } = await frostline.json('audit', 'list', '--limit', '4');
    expect({ code, document }).toEqual({
      code: 0,
      document: {
        entries: [
          expect.objectContaining({ seq: 10, action: 'snapshots.edit', outcome: 'not-found', begun: 9 }),
          expect.objectContaining({ seq: 9, action: 'snapshots.edit', outcome: 'begun', actor: 'cli' }),
          expect.objectContaining({
            seq: 8,
            action: 'snapshots.edit',
            outcome: 'done',
            begun: 7,
            reason: 'for the auditors',
            revisions: [expect.stringMatching(/^sha256:/)],
          }),
          expect.objectContaining({ seq: 7, outcome: 'begun', reason: 'for the auditors' }),
        ],
        head: { seq: 10, hash: head },
      },
    });
    expect(await frostline.json('audit', 'list', '--search', 'three')).toMatchObject({
      document: { entries: [{ seq: 6 }, { seq: 5 }] },
    });
  });

  test('is exported whole, for its owner alone, and nothing is left beside it', async () => {
    expect(await frostline.json('audit', 'export', exported)).toEqual({
      code: 0,
      document: { file: exported, lines: 10, bytes: statSync(exported).size, head: { seq: 10, hash: head } },
    });
    expect(statSync(exported).mode & 0o777).toBe(0o600);
    expect(readdirSync(frostline.work).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('cannot be exported to where there is no folder', async () => {
    expect(await frostline.json('audit', 'export', frostline.path('no', 'such', 'file'))).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid' } },
    });
  });

  test('is verified where it is, also by a head noted earlier', async () => {
    expect(await frostline.json('audit', 'verify')).toMatchObject({
      code: 0,
      document: { ok: true, lines: 10, head: { hash: head }, findings: [], open: { count: 0 } },
    });
    expect(await frostline.json('audit', 'verify', '--expect-head', head)).toMatchObject({
      code: 0,
      document: { expectedAt: 10 },
    });
    expect(
      await frostline.json('audit', 'verify', '--expect-head', `sha256:${'0'.repeat(64)}`),
    ).toMatchObject({
      code: 3,
      document: { ok: false, findings: [{ kind: 'head-missing' }], error: { code: 'audit.broken' } },
    });
  });
});

describe('the verifier of a file', () => {
  test('finds a log as it was exported, without a store and without a host process', async () => {
    expect(await verify(exported, '--expect-head', head)).toMatchObject({
      code: 0,
      document: { ok: true, lines: 10, head: { seq: 10, hash: head }, expectedAt: 10, findings: [] },
    });
  });

  test.each([
    ['a changed line', (all: string[]) => all.with(2, (all[2] ?? '').replace('two', 'six')), 3, 'changed'],
    ['a removed line', (all: string[]) => all.toSpliced(2, 1), 3, 'missing-before'],
    ['a line put in', (all: string[]) => all.toSpliced(2, 0, all[0] ?? ''), 3, 'out-of-order'],
    ['lines in another order', (all: string[]) => [all[1] ?? '', all[0] ?? ''], 1, 'beginning-missing'],
    ['a beginning cut off', (all: string[]) => all.slice(1), 1, 'beginning-missing'],
    ['other line ends', (all: string[]) => all.map((line) => `${line}\r`), 1, 'malformed'],
    ['a byte order mark', (all: string[]) => all.with(0, `\ufeff${all[0]}`), 1, 'malformed'],
  ])('finds %s, and its line', async (name, change, line, kind) => {
    const file = changed(
      `${name}.jsonl`,
      change(lines)
        .map((text) => `${text}\n`)
        .join(''),
    );
    const answer = await verify(file);
    expect(answer).toMatchObject({
      code: 3,
      document: {
        ok: false,
        error: { code: 'audit.broken', message: expect.stringContaining(`line ${line}:`) },
      },
    });
    expect(answer.document.findings[0]).toMatchObject({ line, kind });
    expect(answer.stderr).toContain(`line ${line}:`);
  });

  test('tells people the same', async () => {
    const file = changed('people.jsonl', lines.with(2, (lines[2] ?? '').replace('two', 'six')).join('\n'));
    const { code, stdout, stderr } = await frostline.run(['audit', 'verify', file], { dataDir: untouched });
    expect(code).toBe(3);
    expect(stdout).toContain('changed');
    expect(stderr).toContain('broken at line 3: its content is not what its hash says');
  });

  test('finds an end that is missing by the head that was noted', async () => {
    const file = changed('short.jsonl', `${lines.slice(0, 3).join('\n')}\n`);
    expect(await verify(file)).toMatchObject({
      code: 0,
      document: { lines: 3, open: { count: 1, lines: [3] } },
    });
    expect(await verify(file, '--expect-head', head)).toMatchObject({
      code: 3,
      document: { findings: [{ kind: 'head-missing' }] },
    });
    truncateSync(file, statSync(file).size - 5);
    expect(await verify(file)).toMatchObject({
      code: 3,
      document: { findings: [{ line: 3, kind: 'malformed' }] },
    });
  });

  test('reads a log that is larger than a piece, and one with a line of any length, line by line', async () => {
    const file = changed('large.jsonl', `${lines.join('\n')}\n`);
    appendFileSync(file, `${'x'.repeat(3_000_000)}\n`);
    for (let i = 0; i < 200; i += 1) appendFileSync(file, `${'y'.repeat(5000)}\n`);
    const { code, document } = await verify(file);
    expect({ code, lines: document.lines, count: document.findingCount }).toEqual({
      code: 3,
      lines: 211,
      count: 201,
    });
    expect(document.findings[0]).toMatchObject({ line: 11, kind: 'malformed' });
  });

  test.each([
    ['an empty file', () => changed('empty.jsonl', ''), 3],
    [
      'bytes that are no text',
      () => {
        const file = frostline.path('binary.jsonl');
        writeFileSync(file, Buffer.from([0xff, 0xfe, 0x0a, 0x00]));
        return file;
      },
      3,
    ],
    ['a folder', () => frostline.work, 2],
    ['a file that is not there', () => frostline.path('none.jsonl'), 2],
    ['a device', () => '/dev/null', 2],
    [
      'a link to a file that is not there',
      () => {
        const link = frostline.path('link.jsonl');
        symlinkSync(frostline.path('none.jsonl'), link);
        return link;
      },
      2,
    ],
  ])('%s is an answer, never a stack trace', async (_, file, code) => {
    const answer = await verify(file());
    expect(answer.code).toBe(code);
    expect(answer.stderr).not.toContain('    at ');
  });

  test('a head that is none is bad input', async () => {
    expect(await verify(exported, '--expect-head', 'abc')).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid' } },
    });
  });
});

describe('a log that was changed in the store', () => {
  test('is found by its own console, at the line', async () => {
    const folder = frostline.path('tampered');
    mkdirSync(folder, { mode: 0o700 });
    const raw = new Database(frostline.path('data', 'frostline.db'), { readonly: true });
    raw.exec(`VACUUM INTO '${join(folder, 'frostline.db')}'`);
    raw.close();
    const copy = new Database(join(folder, 'frostline.db'));
    copy.exec(`DROP TRIGGER audit_unchanged; UPDATE audit SET line = replace(line, 'three', 'thief')`);
    copy.close();
    const { code, stdout } = await frostline.run(['--json', 'audit', 'verify'], { dataDir: folder });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, findings: [{ line: 5, kind: 'changed' }, {}] });
  });
});

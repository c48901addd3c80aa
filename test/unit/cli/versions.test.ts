/** `snapshot merge` and `snapshot promote` as docs/cli.md promises them to scripts. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Frostline } from './support.ts';

const frostline = new Frostline();
afterAll(() => frostline.close());

const ours = frostline.path('ours');
const theirs = frostline.path('theirs');
const run = async (dataDir: string, ...args: string[]) => {
  const { code, stdout } = await frostline.run(['--json', ...args], { dataDir });
  return { code, document: JSON.parse(stdout) as Record<string, unknown> };
};
const good = async (dataDir: string, ...args: string[]) => {
  const answer = await run(dataDir, ...args);
  expect(answer.code, JSON.stringify(answer.document)).toBe(0);
  return answer.document;
};

const [before, diverged] = [frostline.path('before.frost.json'), frostline.path('diverged.frost.json')];
const told = [
  { ecosystem: 'apt', name: 'curl', field: 'version', base: '7.0-1', ours: '8.0-1', theirs: '9.0-1' },
  { ecosystem: 'apt', name: 'nginx', field: 'stage', base: 1, ours: 2, theirs: 3 },
];

beforeAll(async () => {
  await good(ours, 'snapshot', 'create', 'shared', '--empty');
  await good(ours, 'snapshot', 'edit', 'shared', '--add', 'curl=7.0-1', '--add', 'nginx=1.0-1');
  await good(ours, 'snapshot', 'export', 'shared', before);
  await good(theirs, 'snapshot', 'import', before);
  await good(ours, 'snapshot', 'edit', 'shared', '--add', 'curl=8.0-1', '--stage', 'nginx=2');
  await good(theirs, 'snapshot', 'edit', 'shared', '--add', 'curl=9.0-1', '--stage', 'nginx=3');
  await good(theirs, 'snapshot', 'export', 'shared', diverged);
}, 60_000);

describe('snapshot merge', () => {
  test('conflicts are a document and exit code 3; the file’s revisions are kept', async () => {
    expect(await run(ours, 'snapshot', 'merge', 'shared', diverged)).toEqual({
      code: 3,
      document: { conflicts: told, error: expect.objectContaining({ code: 'merge.conflicts' }) },
    });
    const shown = await good(ours, 'snapshot', 'history', 'shared');
    expect(shown).toMatchObject({
      revisions: expect.arrayContaining([expect.objectContaining({ branch: true })]),
    });
    expect(await run(ours, 'snapshot', 'show', 'shared@3')).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid', hint: expect.stringContaining('shared@') } },
    });
  });

  test.each([
    ['no file', 'no-such-file.yaml', undefined],
    ['nonsense', 'x.yaml', 'resolutions: ['],
    ['another form', 'x.yaml', '- take: ours'],
    ['a resolution about nothing', 'x.yaml', 'resolutions: [{ name: vim, field: version, take: ours }]'],
  ])('%s given as resolutions is bad input', async (_, name, text) => {
    const file = frostline.path(name);
    if (text !== undefined) writeFileSync(file, text);
    expect(await run(ours, 'snapshot', 'merge', 'shared', diverged, '--resolve', file)).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid' } },
    });
  });

  test('the answer with a decision for each conflict resolves it; the result has two parents', async () => {
    const file = frostline.path('decided.yaml');
    writeFileSync(
      file,
      'resolutions:\n  - { name: curl, field: version, take: theirs }\n  - { name: nginx, field: stage, value: 5 }\n',
    );
    expect(
      await good(
        ours,
        'snapshot',
        'merge',
        'shared',
        diverged,
        '--resolve',
        file,
        '--note',
        'ours and theirs',
      ),
    ).toMatchObject({
      snapshot: {
        revision: 4,
        parents: [expect.any(String), expect.any(String)],
        message: 'ours and theirs',
        entries: [
          { name: 'curl', version: '9.0-1' },
          { name: 'nginx', stage: 5 },
        ],
      },
    });
  });

  test('of two snapshots is refused, with the way out', async () => {
    await good(ours, 'snapshot', 'create', 'other', '--empty');
    expect(await run(ours, 'snapshot', 'merge', 'shared', 'other')).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid', hint: expect.stringContaining('snapshot diff') } },
    });
  });
});

describe('snapshot promote', () => {
  test('what was not tried is refused, and with a reason it is on record', async () => {
    expect(await run(ours, 'snapshot', 'promote', 'shared', '--to', 'production')).toMatchObject({
      code: 3,
      document: { error: { code: 'policy.promotion' } },
    });
    const anyway = ['--to', 'production', '--without-evidence', '--reason', 'CVE-2026-0001'];
    expect(await good(ours, 'snapshot', 'promote', 'shared', ...anyway)).toMatchObject({
      snapshot: {
        name: 'shared',
        promotions: [{ to: 'production', from: null, evidence: null, reason: 'CVE-2026-0001' }],
      },
    });
    await good(ours, 'policy', 'set', 'production', '--require-promotion', '--require-evidence');
    expect(await run(ours, 'snapshot', 'promote', 'shared', ...anyway)).toMatchObject({
      code: 3,
      document: { error: { code: 'policy.promotion' } },
    });
    expect(await good(ours, 'policy', 'show', 'production')).toMatchObject({
      policies: [{ environment: 'production', requirePromotion: true, requireEvidence: true }],
    });
  });
});

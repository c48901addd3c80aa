/** Files that the command line reads and writes where it is told to. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Frostline } from './support.ts';

const cli = new Frostline();
beforeAll(async () => {
  expect((await cli.json('snapshot', 'create', 'files', '--empty')).code).toBe(0);
});
afterAll(() => cli.close());

describe.skipIf(process.platform === 'win32')('a device without an end', () => {
  it.each([
    ['advisories', 'import'],
    ['rules', 'check'],
    ['rules', 'save'],
    ['hosts', 'import'],
    ['snapshot', 'import'],
  ])('is refused by %s %s at the most a file may have', async (...command) => {
    const { code, document } = await cli.json(...command, '/dev/zero');
    expect(document).toMatchObject({ error: { code: expect.stringMatching(/too-large$/) } });
    expect([2, 3]).toContain(code);
  });
});

describe('an export', () => {
  it('is written beside a link that somebody put in its way, never through it', async () => {
    const target = cli.path('precious');
    writeFileSync(target, 'precious');
    const file = cli.path('out.frost.json');
    symlinkSync(target, `${file}.part`);
    expect((await cli.json('snapshot', 'export', 'files', file)).code).toBe(0);
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(lstatSync(file).isFile()).toBe(true);
  });

  it('without a name is refused', async () => {
    expect(await cli.json('snapshot', 'export', 'files', '')).toMatchObject({
      code: 2,
      document: { error: { code: 'input.invalid', message: 'The name of the file is empty.' } },
    });
  });

  it('that cannot get its name leaves nothing behind', async () => {
    mkdirSync(cli.path('there', 'in.the.way'), { recursive: true });
    for (const command of [
      ['snapshot', 'export', 'files'],
      ['audit', 'export'],
    ]) {
      const { code, document } = await cli.json(...command, cli.path('there', 'in.the.way'));
      expect({ code, document }).toMatchObject({ code: 2, document: { error: { code: 'input.invalid' } } });
    }
    expect(readdirSync(cli.path('there'))).toEqual(['in.the.way']);
  });
});

describe('rules that are not sound', () => {
  it('are told line by line, and as an error like any other', async () => {
    writeFileSync(cli.path('two.yaml'), 'name: a\nrules: []\n---\nname: b\nrules: []\n');
    expect(await cli.json('rules', 'check', cli.path('two.yaml'))).toMatchObject({
      code: 2,
      document: {
        ok: false,
        issues: [{ line: 3, message: 'a second document begins here: a file holds one set' }],
        error: { code: 'input.invalid', message: expect.stringContaining('line 3') },
      },
    });
  });
});

/** What cannot be used is told in the words that were typed: which option, which file, what is wrong; no name of our own code, no system call. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Frostline } from './support.ts';

const cli = new Frostline();
beforeAll(async () => {
  mkdirSync(cli.path('folder'));
  writeFileSync(cli.path('file'), 'hello');
  expect((await cli.json('snapshot', 'create', 's', '--empty')).code).toBe(0);
});
afterAll(() => cli.close());

const HOST = ['hosts', 'add', 'a', '--address', '192.0.2.1'];
const lookedFor = 'It was looked for in ';

test.concurrent.each<[string[], string, string?]>([
  // Values.
  [
    ['snapshot', 'edit', 's', '--add', 'curl=@@'],
    '--add curl=@@: the version cannot be used: not a package version.',
  ],
  [
    ['snapshot', 'edit', 's', '--add', 'a=1', '--add', 'v m=8'],
    '--add v m=8: the name cannot be used: not a package name.',
  ],
  [
    ['snapshot', 'edit', 's', '--remove', 'a;b'],
    '--remove a;b: the name cannot be used: not a package name.',
  ],
  [['snapshot', 'create', '../x', '--empty'], '../x: the name cannot be used: letters, digits, '],
  [['snapshot', 'thaw', 's', '--reason', ''], 'The reason cannot be used: it is empty.'],
  [
    ['snapshot', 'except', 's', '--add', 'a b=1', '--reason', 'x', '--until', '+1d'],
    '--add a b=1: the name cannot be used: not a package name.',
  ],
  [
    ['hosts', 'add', 'no name!', '--address', '192.0.2.1', '--agent'],
    'no name!: the name cannot be used: letters, digits, ',
  ],
  [
    ['hosts', 'add', 'a', '--address', 'x y', '--agent'],
    '--address x y: the address cannot be used: not an address.',
  ],
  [[...HOST, '--agent', '--user', 'ro ot'], '--user ro ot: the account cannot be used: not a user name.'],
  [
    [...HOST, '--agent', '--environment', 'pro d!'],
    '--environment pro d!: the environment cannot be used: not an environment name.',
  ],
  [[...HOST, '--agent', '--tag', 'k y=v'], '--tag k y=v: the tag k y cannot be used: '],
  [
    ['policy', 'set', 'bad env!', '--freeze', '2'],
    'bad env!: the environment cannot be used: not an environment name.',
  ],
  [
    ['catalog', 'hosts', 'bad name!', '--below', '1'],
    'bad name!: the name cannot be used: not a package name.',
  ],
  [
    ['plan', 's', 'all', '--reboot-timeout', '9999h'],
    '--reboot-timeout: 9999h is too long for the reboot timeout.',
  ],
  // Files that are read.
  [[...HOST, '--key', 'none'], 'There is no file '],
  [[...HOST, '--password-file', 'none'], 'There is no file none.', lookedFor],
  [['hosts', 'import', 'none'], 'There is no file none.', lookedFor],
  [['snapshot', 'import', 'none.frost.json'], 'There is no file none.frost.json.', lookedFor],
  [['snapshot', 'import', 'none.frost.tar'], 'There is no file '],
  [['snapshot', 'import', 'folder'], 'folder cannot be read: it is a folder.', 'Name the file in it.'],
  [['snapshot', 'import', 'file/x'], 'file/x cannot be read: a part of its path is a file, not a folder.'],
  [['snapshot', 'merge', 's', 's', '--resolve', 'none'], 'There is no file none.', lookedFor],
  [
    ['snapshot', 'freeze', 's', '--hosts', 'all', '--ics', 'none', '--event', 'x'],
    'There is no file none.',
    lookedFor,
  ],
  [['snapshot', 'sign', 's', '--key', 'none'], 'The key file '],
  [['signers', 'import', 'none'], 'There is no file none.', lookedFor],
  [['rules', 'check', 'no/ne.yaml'], 'There is no folder no, so no/ne.yaml cannot be read.'],
  [['advisories', 'import', 'none'], 'There is no file none.', lookedFor],
  [['audit', 'verify', 'none'], 'There is no file none.', lookedFor],
  [['--passphrase-file', 'none', 'hosts', 'list'], 'There is no file none.', lookedFor],
  // Files that are written.
  [
    ['snapshot', 'export', 's', 'no/x.frost.json'],
    'There is no folder ',
    'Make the folder first, or name another place.',
  ],
  [['snapshot', 'export', 's', 'folder'], 'cannot be written: it is a folder.', 'Name the file in it.'],
  [
    ['report', 'history', '--output', 'no/x.csv'],
    'There is no folder ',
    'Make the folder first, or name another place.',
  ],
])('%j', async (words, message, hint) => {
  const { code, document } = await cli.json(...words);
  expect(document).toMatchObject({
    error: {
      code: expect.stringMatching(/^(input\.invalid|signing\.key)$/),
      message: expect.stringContaining(message),
      ...(hint === undefined ? {} : { hint: expect.stringContaining(hint) }),
    },
  });
  expect(code).toBe(2);
  const told = JSON.stringify(document);
  // Codes and calls of the system, paths into what the contract carries, names of its procedures.
  expect(told).not.toMatch(/\bE[A-Z]{4,}\b|, (open|stat|access|mkdir) '/);
  expect(told).not.toMatch(/\b[a-z]+\.\d+\.[a-z]+|\b(snapshots|hosts|policies|runs|reports)\.[a-z]+\b/i);
});

test('a data folder that is a file', async () => {
  const { stdout, code } = await cli.run(['--json', 'hosts', 'list'], { dataDir: cli.path('file') });
  expect(JSON.parse(stdout)).toMatchObject({
    error: {
      code: 'input.invalid',
      message: expect.stringContaining('is a file'),
      hint: expect.stringContaining('--data-dir'),
    },
  });
  expect(code).toBe(2);
});

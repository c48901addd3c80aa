/** A command line reads only the file of the command it names. */
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandsFor } from '../../../main/shells/cli/commands.ts';
import { createRegister } from '../../../main/shells/cli/register.ts';

const namesFor = async (...args: string[]): Promise<string[]> => {
  const program = new Command();
  for (const add of await commandsFor(args))
    add(
      program,
      createRegister(() => {}),
    );
  return program.commands.map((command) => command.name());
};

test('every command of the help is found by its first word, without most of the others', async () => {
  const all = await namesFor('--help');
  expect(new Set(all).size).toBe(all.length);
  for (const name of all) {
    const some = await namesFor(name);
    expect(some).toContain(name);
    expect(some.length).toBeLessThanOrEqual(2);
  }
});

test.each([
  [
    ['--data-dir', 'runs', 'scan', 'all'],
    ['scan', 'updates'],
  ],
  [['--passphrase-file', 'guard', '--json', 'report', 'drift'], ['report']],
  [['--data-dir=plan', 'demo', '--hosts', '3'], ['demo']],
])('the first word is none of an option: %j', async (args, names) => {
  expect(await namesFor(...args)).toEqual(names);
});

test.each([[[]], [['--version']], [['help', 'run']], [['snapshto', 'list']], [['constructor']]])(
  'all are there for help, and where nobody knows the word: %j',
  async (args) => {
    expect(await namesFor(...args)).toEqual(await namesFor('--help'));
  },
);

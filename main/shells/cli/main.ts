/** The command line (docs/cli.md): the contract in a terminal. */
import { Command, CommanderError } from 'commander';
import { frostError } from '../../../shared/errors.ts';
import { systemWords } from '../../adapters/fileWords.ts';
import { VERSION } from '../version.ts';
import { commandsFor } from './commands.ts';
import { tellError } from './context.ts';
import { createRegister } from './register.ts';

const json = process.argv.includes('--json');

const program = new Command('frostline')
  .description(
    'Patch console for small teams: snapshots of approved patches, frozen, run over SSH, undone on request.',
  )
  .option('--data-dir <dir>', 'where inventory, snapshots and runs are kept')
  .option('--passphrase-file <file>', 'opens the vault where no keychain does')
  .option('--json', 'one JSON document on stdout; one event per line where there are many')
  .option('--no-color', 'no colours')
  .showHelpAfterError(false);

// `catalog hosts` asks for a package's version by the same name, and commander lets the program's own options win.
if (!process.argv.includes('catalog')) program.version(VERSION);

let exitCode = 0;
let done = false;
const register = createRegister((code) => {
  exitCode = code;
});

for (const add of await commandsFor(process.argv.slice(2))) add(program, register);

/** Usage errors are told like all others; commander's own printing is only for help. */
const strict = (command: Command): void => {
  command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp({ showGlobalOptions: true });
  for (const option of command.options)
    if (Array.isArray(option.defaultValue)) option.defaultValueDescription = 'none';
  for (const child of command.commands) strict(child);
};
strict(program);

// A closed pipe (`| head`) ends the output, not with a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever stops reading in the middle of a run has not seen it end.
  if (error.code === 'EPIPE') process.exit(done ? exitCode : 130);
  process.stderr.write(`The output cannot be written: ${systemWords(error)}.\n`);
  process.exit(exitCode === 0 ? 1 : exitCode);
});

try {
  await program.parseAsync();
} catch (thrown) {
  exitCode = usage(thrown);
}
done = true;
process.exitCode = exitCode;

function usage(thrown: unknown): number {
  if (!(thrown instanceof CommanderError)) return tellError(frostError('internal', String(thrown)), json);
  if (thrown.exitCode === 0) return 0;
  // Commander has shown the help of the group that was named without a command.
  if (thrown.code === 'commander.help')
    return json ? tellError(frostError('input.invalid', 'A command is missing.'), true) : 2;
  return tellError(
    frostError('input.invalid', thrown.message.replace(/^error: /, '').replaceAll('\n', ' '), {
      hint: 'See: frostline --help, or --help on a command.',
    }),
    json,
  );
}

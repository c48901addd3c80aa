/** Which files hold which commands. A command line reads only the one it needs: to read all of them takes longer than most commands do. */
import type { Command } from 'commander';
import type { Register } from './register.ts';

export type AddCommands = (program: Command, register: Register) => void;

/** In the order of the help; `words` are the first words of the commands that `load` brings. */
const FILES: readonly { words: readonly string[]; load: () => Promise<AddCommands> }[] = [
  { words: ['hosts'], load: async () => (await import('./commands/hosts.ts')).registerHosts },
  { words: ['scan', 'updates'], load: async () => (await import('./commands/scan.ts')).registerScan },
  { words: ['snapshot'], load: async () => (await import('./commands/snapshot.ts')).registerSnapshot },
  { words: ['signers', 'policy'], load: async () => (await import('./commands/signers.ts')).registerSigning },
  { words: ['freezes'], load: async () => (await import('./commands/freezes.ts')).registerFreezes },
  { words: ['guard'], load: async () => (await import('./commands/guard.ts')).registerGuard },
  { words: ['plan', 'run'], load: async () => (await import('./commands/run.ts')).registerRun },
  { words: ['runs'], load: async () => (await import('./commands/runs.ts')).registerRuns },
  { words: ['artefacts'], load: async () => (await import('./commands/artefacts.ts')).registerArtefacts },
  { words: ['audit'], load: async () => (await import('./commands/audit.ts')).registerAudit },
  { words: ['rules'], load: async () => (await import('./commands/rules.ts')).registerRules },
  {
    words: ['catalog', 'advisories'],
    load: async () => (await import('./commands/catalog.ts')).registerCatalog,
  },
  { words: ['report'], load: async () => (await import('./commands/report.ts')).registerReport },
  { words: ['serve'], load: async () => (await import('./commands/serve.ts')).registerServe },
  { words: ['demo'], load: async () => (await import('./commands/demo.ts')).registerDemo },
];

/** The program's own options that take a value. */
const WITH_VALUE: readonly string[] = ['--data-dir', '--passphrase-file'];

const firstWord = (args: readonly string[]): string | undefined =>
  args.find((arg, index) => !arg.startsWith('-') && !WITH_VALUE.includes(args[index - 1] ?? ''));

/** What adds the command of `args` (without program names) to commander; all commands where it is help or nobody knows it. */
export const commandsFor = (args: readonly string[]): Promise<AddCommands[]> => {
  const word = firstWord(args) ?? '';
  const needed = FILES.filter((file) => file.words.includes(word));
  return Promise.all((needed.length > 0 ? needed : FILES).map((file) => file.load()));
};

/** The options that `plan` and `run` share, and what they mean for the contract. */
import { type Command, Option } from 'commander';
import type { CallInput } from '../../../shared/contract/contract.ts';
import { invalid } from './context.ts';

export type RunOptions = {
  concurrency?: string;
  maxFailures?: string;
  ignoreUnreachable?: boolean;
  onFailure?: 'keep' | 'rollback-host' | 'rollback-run';
  reboot?: 'never' | 'if-required' | 'always';
  timeout?: string;
  lockTimeout?: string;
  requireProof?: boolean;
} & Record<string, unknown>;

/** In cli.md, but not in this version: refused by name instead of being ignored. */
const LATER = [
  '--slow-start',
  '--waves <list>',
  '--gate <gate>',
  '--min-completed <n>',
  '--before <cmd>',
  '--after <cmd>',
  '--probe <cmd>',
  '--abort-if <cmd>',
  '--until <time>',
];

export const withRunOptions = (command: Command): Command => {
  command
    .option('--concurrency <n|p%>', 'hosts at once, never exceeded (default 10)')
    .option('--max-failures <n|p%>', 'the run aborts when failures exceed it (default 30%)')
    .option('--ignore-unreachable', 'unreachable hosts do not count as failures')
    .addOption(
      new Option('--on-failure <what>', 'default rollback-host').choices([
        'keep',
        'rollback-host',
        'rollback-run',
      ]),
    )
    .addOption(new Option('--reboot <when>', 'default never').choices(['never', 'if-required', 'always']))
    .option('--timeout <duration>', 'limit for one host, e.g. 30m (default 2h)')
    .option('--lock-timeout <duration>', "how long to wait for the package manager's lock (default 5m)")
    .option('--require-proof', 'refuse hosts whose rollback is not proven');
  for (const flags of LATER) command.addOption(new Option(flags).hideHelp());
  return command;
};

const camel = (flags: string): string =>
  (flags.split(' ')[0] ?? '').slice(2).replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase());

export const parametersOf = (o: RunOptions): NonNullable<CallInput<'plans.create'>['parameters']> => {
  for (const flags of LATER) {
    if (o[camel(flags)] !== undefined)
      throw invalid(`${flags.split(' ')[0]} is not available in this version.`);
  }
  return {
    ...(o.concurrency === undefined ? {} : { concurrency: o.concurrency }),
    ...(o.maxFailures === undefined ? {} : { maxFailures: o.maxFailures }),
    ...(o.ignoreUnreachable === undefined ? {} : { ignoreUnreachable: o.ignoreUnreachable }),
    ...(o.onFailure === undefined ? {} : { onFailure: o.onFailure }),
    ...(o.reboot === undefined ? {} : { reboot: o.reboot }),
    ...(o.timeout === undefined ? {} : { timeout: o.timeout }),
    ...(o.lockTimeout === undefined ? {} : { lockTimeout: o.lockTimeout }),
    ...(o.requireProof === undefined ? {} : { requireProof: o.requireProof }),
  };
};

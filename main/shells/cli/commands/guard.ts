/** `guard`: a freeze enforced on the hosts themselves. */
import type { Command } from 'commander';
import type { GuardView } from '../../../../shared/model/guard.ts';
import { type Context, exitCodeForHosts, unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { safe, table } from '../terminal.ts';

export const guardText = (guards: GuardView[], context: Context): string =>
  guards.length === 0
    ? 'No guard there.'
    : table(
        ['host', 'snapshot', 'wanted', 'state', 'since', ''],
        guards.map((guard) =>
          [
            guard.host,
            `${guard.snapshot}@${guard.revision}`,
            guard.desired,
            guard.state,
            guard.since ?? '',
            guard.error?.message ?? guard.gaps?.join('; ') ?? '',
          ].map(safe),
        ),
        context.paint,
      );

/** Not as wanted, or not known to be. */
const amiss = (guard: GuardView) => guard.error ?? null;

const tell = (context: Context, guards: GuardView[]): void => {
  context.result({ guards }, () => guardText(guards, context));
  context.exitCode = exitCodeForHosts(guards.map(amiss));
};

export const registerGuard = (program: Command, action: Register): void => {
  const guard = program
    .command('guard')
    .description(
      "make hosts refuse by themselves what a frozen snapshot does not list, their own updaters' work included",
    );

  guard
    .command('on <selector...>')
    .description('put it on now; also puts one right that somebody changed')
    .option(
      '--snapshot <name>',
      'the snapshot whose packages stay allowed (else: the one that is frozen there)',
    )
    .action(
      action<{ snapshot?: string }>(async (context, _words, o, selectors) => {
        const client = await context.client();
        const done = unwrap(
          await client.call('guards.on', {
            selectors,
            ...(o.snapshot !== undefined && { snapshot: o.snapshot }),
          }),
        );
        tell(context, done.guards);
      }),
    );

  guard
    .command('off <selector...>')
    .description('take it off now, and put everything back as it was')
    .action(
      action<object>(async (context, _words, _o, selectors) => {
        const client = await context.client();
        tell(context, unwrap(await client.call('guards.off', { selectors })).guards);
      }),
    );

  guard
    .command('status [selector...]')
    .description('which hosts are guarded, asked on the hosts; with --no-check as last seen')
    .option('--no-check', 'do not ask the hosts')
    .action(
      action<{ check: boolean }>(async (context, _words, o, selectors) => {
        const client = await context.client();
        const found = unwrap(await client.call('guards.status', { selectors, check: o.check }));
        context.result({ guards: found.guards }, () => guardText(found.guards, context));
      }),
    );
};

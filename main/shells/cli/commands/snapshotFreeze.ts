/** `snapshot freeze` and what belongs to it. */
import { type Command, Option } from 'commander';
import { parseTime } from '../../../core/snapshots/time.ts';
import { unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { show } from '../snapshotText.ts';

export const registerFreeze = (snapshot: Command, action: Register): void => {
  snapshot
    .command('freeze <name>')
    .description('from FROM until TO, nothing else may be deployed on these hosts')
    .requiredOption('--hosts <selector>', 'the hosts it holds on')
    .option('--from <time>', 'ISO time, date, "now" or +2h', 'now')
    .requiredOption('--to <time>', 'ISO time, date, "now" or +2h')
    .addOption(
      new Option('--policy <policy>').choices(['listed-only', 'listed-or-dependency']).default('listed-only'),
    )
    .option('--guard', 'enforce it on the hosts too')
    .option(
      '--zone <zone>',
      'IANA time zone of times without offset',
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .action(
      action<{
        hosts: string;
        from: string;
        to: string;
        policy: 'listed-only' | 'listed-or-dependency';
        guard?: boolean;
        zone: string;
      }>(async (context, [ref], o) => {
        const now = Date.now();
        const frozen = unwrap(
          await (await context.client()).call('snapshots.freeze', {
            ref: ref ?? '',
            hosts: o.hosts,
            from: unwrap(parseTime(o.from, { zone: o.zone, now })),
            to: unwrap(parseTime(o.to, { zone: o.zone, now })),
            zone: o.zone,
            policy: o.policy,
            guard: o.guard === true,
          }),
        );
        show(context, frozen.snapshot);
      }),
    );

  snapshot
    .command('thaw <name>')
    .description('lift a freeze early')
    .requiredOption('--reason <text>', 'kept with the snapshot')
    .action(
      action<{ reason: string }>(async (context, [ref], o) => {
        const client = await context.client();
        show(
          context,
          unwrap(await client.call('snapshots.thaw', { ref: ref ?? '', reason: o.reason })).snapshot,
        );
      }),
    );
};

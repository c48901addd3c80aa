/** `freezes`: all of them at a glance, and when they hold. */
import type { Command } from 'commander';
import { groundLabel } from '../../../../shared/grounds.ts';
import type { Outside } from '../../../../shared/model/snapshot.ts';
import { parseTime, showTime } from '../../../core/snapshots/time.ts';
import { unwrap } from '../context.ts';
import type { Register } from '../register.ts';
import { safe, table } from '../terminal.ts';
import { machineZone } from '../zone.ts';

const outsideCount = ({ critical, important, moderate, low, unknown }: Outside): number =>
  critical + important + moderate + low + unknown;

/** `openssl, curl (Debian tracker 2026-11-20)`: what the severities of all that is outside rest on. */
const criticalOnes = ({ packages, grounds }: Outside): string => {
  const critical = packages.filter(({ severity }) => severity === 'critical').map(({ name }) => name);
  return critical.length === 0 ? '' : `${critical.join(', ')} (${grounds.map(groundLabel).join(', ')})`;
};

export const registerFreezes = (program: Command, action: Register): void => {
  const freezes = program.command('freezes').description('when which freeze holds, over all snapshots');

  freezes
    .command('list')
    .description('freezes that hold now or will')
    .action(
      action(async (context) => {
        const client = await context.client();
        const document = unwrap(await client.call('snapshots.freezes', {}));
        context.result(document, () =>
          document.freezes.length === 0
            ? 'No freeze holds or will. Make one with: frostline snapshot freeze NAME --hosts SELECTOR --to TIME'
            : table(
                ['SNAPSHOT', 'HOSTS', 'NOW', 'FROM', 'UNTIL', 'RECURS', 'EXCEPTIONS', 'OUTSIDE', 'CRITICAL'],
                document.freezes.map((one) =>
                  [
                    `${one.snapshot}@${one.revision}`,
                    `${one.selector} (${one.hosts.length})`,
                    one.active ? 'frozen' : 'not yet',
                    showTime(one.window?.from ?? one.from, one.zone),
                    showTime(one.window?.to ?? one.to, one.zone),
                    one.words ?? '',
                    `${one.exceptions?.filter((exception) => exception.active).length ?? 0}`,
                    `${outsideCount(one.outside)}`,
                    criticalOnes(one.outside),
                  ].map(safe),
                ),
                context.paint,
              ),
        );
      }),
    );

  freezes
    .command('calendar')
    .description('every window of every freeze within a time')
    .option('--from <time>', 'ISO time, date, "now" or +2h', 'now')
    .option('--to <time>', 'ISO time, date or +4w', '+4w')
    .option('--zone <zone>', "IANA time zone of times without offset (default: this machine's)")
    .action(
      action<{ from: string; to: string; zone?: string }>(async (context, _, o) => {
        const zone = o.zone ?? machineZone();
        const now = Date.now();
        const client = await context.client();
        const document = unwrap(
          await client.call('freezes.calendar', {
            from: unwrap(parseTime(o.from, { zone, now })),
            to: unwrap(parseTime(o.to, { zone, now })),
          }),
        );
        if (document.truncated) context.note('There are more; ask for a shorter time.');
        context.result(document, () =>
          document.windows.length === 0
            ? 'No freeze holds in that time.'
            : table(
                ['FROM', 'UNTIL', 'SNAPSHOT', 'HOSTS', 'STATE', ''],
                document.windows.map((one) =>
                  [
                    showTime(one.from, one.zone),
                    showTime(one.to, one.zone),
                    `${one.snapshot}@${one.revision}`,
                    one.selector,
                    one.state,
                    one.recurring ? 'recurring' : '',
                  ].map(safe),
                ),
                context.paint,
              ),
        );
      }),
    );
};

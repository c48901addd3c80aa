import type { Command } from 'commander';
import { groundLabel } from '../../../../shared/grounds.ts';
import type { Ground } from '../../../../shared/model/grounds.ts';
import type { ScanReport } from '../../../../shared/model/scan.ts';
import { type Context, exitCodeForHosts, invalid, unwrap } from '../context.ts';
import { requireHosts } from '../fleet.ts';
import type { Register } from '../register.ts';
import { safe, table } from '../terminal.ts';

const wholeNumber = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw invalid(`${name} ${text} is not a whole number above 0.`);
  return value;
};

/** A scan holds the host's own word alone; what imported data says too stands in `updates list`. */
const ownGrounds = ({ facts }: ScanReport): Ground[] => [
  { source: 'hosts', asOf: facts?.listsUpdatedAt ?? null },
];

/** A scan as cli.md has it: `packages` is a count. */
const document = (scan: ScanReport) => ({
  host: scan.host,
  ok: scan.state === 'ok',
  state: scan.state,
  ...(scan.error === undefined ? {} : { error: scan.error }),
  startedAt: scan.startedAt,
  finishedAt: scan.finishedAt,
  ...(scan.facts === undefined ? {} : { facts: scan.facts }),
  unseen: scan.unseen,
  packages: scan.packageCount,
  // A package that only comes in with others has no version yet.
  updates: scan.updates.map((update) => ({
    ...update,
    from: update.from ?? null,
    grounds: ownGrounds(scan),
  })),
  removals: scan.removals,
});

const row = (scan: ScanReport): string[] => [
  scan.host,
  scan.state,
  scan.facts === undefined ? '' : `${scan.facts.os} ${scan.facts.release}`,
  scan.state === 'failed' ? '?' : String(scan.updates.length),
  scan.state === 'failed'
    ? '?'
    : String(scan.updates.filter((update) => update.classification === 'security').length),
  scan.facts?.rebootRequired ? 'reboot' : '',
  scan.error?.message ?? '',
];

export const registerScan = (program: Command, action: Register): void => {
  program
    .command('scan <selector...>')
    .description('read what the hosts have and what could be updated; changes nothing')
    .option('--concurrency <n>', 'hosts at once (default 32)')
    .option('--refresh', "read the repositories' lists anew first; needs root")
    .option('--follow', 'with --json: one event per line as hosts finish')
    .action(
      action<{ concurrency?: string; refresh?: boolean; follow?: boolean }>(
        async (context, _words, o, selectors) => {
          await requireHosts(context, selectors);
          const client = await context.client();
          const followed = o.follow && context.json ? new AbortController() : null;
          const following = followed === null ? null : follow(context, followed.signal);
          // Where the scan itself fails, that is what is told.
          following?.catch(() => {});
          const { scans } = unwrap(
            await client.call('scans.run', {
              selectors,
              refresh: o.refresh === true,
              ...(o.concurrency === undefined
                ? {}
                : { concurrency: wholeNumber('--concurrency', o.concurrency) }),
            }),
          );
          followed?.abort();
          await following;
          if (followed === null) {
            context.result({ scans: scans.map(document) }, () =>
              table(['HOST', 'SCAN', 'OS', 'UPDATES', 'SECURITY', '', ''], scans.map(row), context.paint),
            );
          } else {
            context.event({ type: 'scan.finished', scans: scans.map(document) });
          }
          context.exitCode = exitCodeForHosts(
            scans.map((scan) => (scan.state === 'failed' ? (scan.error ?? null) : null)),
          );
        },
      ),
    );

  program
    .command('updates')
    .description('what could be updated, over the last good scans')
    .command('list <selector...>')
    .option('--security', 'security updates only')
    .action(
      action<{ security?: boolean }>(async (context, _words, o, selectors) => {
        await requireHosts(context, selectors);
        const client = await context.client();
        const outcome = unwrap(
          await client.call('scans.updates', { selectors, security: o.security === true }),
        );
        for (const entry of outcome.unknown) context.note(`${entry.host}: not known, it has no good scan`);
        context.result(outcome, () =>
          outcome.updates.length === 0
            ? 'No updates.'
            : table(
                ['PACKAGE', 'ARCH', 'VERSION', 'HOSTS', 'CLASS', 'SEVERITY', 'DATA', 'ORIGIN'],
                outcome.updates.map((u) => [
                  u.name,
                  u.arch,
                  u.to,
                  `${u.hosts.length}`,
                  u.classification,
                  u.severity,
                  u.grounds.map(groundLabel).join(', '),
                  safe(u.origin),
                ]),
                context.paint,
              ),
        );
      }),
    );
};

const follow = async (context: Context, signal: AbortSignal): Promise<void> => {
  const client = await context.client();
  for await (const change of client.stream('system.changes', {}, signal)) {
    if (change.type === 'activity') context.event({ type: 'scan.progress', ...change.activity });
    if (change.type !== 'scan') continue;
    const found = await client.call('scans.latest', { hostId: change.hostId });
    if (found.ok && found.value.latest !== null) {
      const { packages, ...latest } = found.value.latest;
      context.event({ type: 'scan.host', scan: document({ ...latest, packageCount: packages.length }) });
    }
  }
};

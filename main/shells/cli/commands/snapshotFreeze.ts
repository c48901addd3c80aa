/** `snapshot freeze` and what belongs to it. */
import { type Command, Option } from 'commander';
import type { CallInput } from '../../../../shared/contract/contract.ts';
import { localDateOf, parseTime } from '../../../core/snapshots/time.ts';
import { type Context, invalid, unwrap } from '../context.ts';
import { readText } from '../files.ts';
import { named, packageVersion } from '../packageWords.ts';
import type { Register } from '../register.ts';
import { show } from '../snapshotText.ts';
import { machineZone } from '../zone.ts';
import { guardText } from './guard.ts';

const collect = (value: string, all: string[]) => [...all, value];

type FreezeOptions = {
  hosts?: string;
  environment?: string;
  from?: string;
  to?: string;
  recurrence?: string;
  exclude: string[];
  ics?: string;
  event?: string;
  policy: 'listed-only' | 'listed-or-dependency';
  guard?: boolean;
  zone: string;
};
type FreezeArguments = Omit<FreezeOptions, 'zone'> & { zone?: string };
type Window = Pick<CallInput<'snapshots.freeze'>, 'from' | 'to' | 'zone' | 'recurrence'>;

const selectorOf = ({ hosts, environment }: FreezeOptions): string => {
  if ((hosts === undefined) === (environment === undefined))
    throw invalid('Give either --hosts SELECTOR or --environment NAME.');
  return hosts ?? `env=${environment}`;
};

/** `2026-12-25`, or a time on that day. */
const dayOf = (text: string, zone: string, now: number): string => {
  const at = unwrap(parseTime(text, { zone, now }));
  return localDateOf(at, zone);
};

const windowFromFile = async (context: Context, file: string, o: FreezeOptions): Promise<Window> => {
  if (o.from !== undefined || o.to !== undefined || o.recurrence !== undefined || o.exclude.length > 0)
    throw invalid('--ics brings its own times: leave out --from, --to, --recurrence and --exclude.');
  const client = await context.client();
  const text = readText(file);
  const { events } = unwrap(await client.call('freezes.readCalendar', { text, zone: o.zone }));
  const { chooseEvent } = await import('../../../core/snapshots/calendarFile.ts');
  const { window, event } = unwrap(chooseEvent(events, o.event));
  context.note(`From the file: ${event.summary || event.uid}${event.words ? `, ${event.words}` : ''}`);
  return window;
};

const windowFromOptions = (o: FreezeOptions): Window => {
  if (o.event !== undefined) throw invalid('--event belongs to --ics FILE.');
  if (o.to === undefined) throw invalid('Give --to TIME, or --ics FILE.');
  if (o.exclude.length > 0 && o.recurrence === undefined)
    throw invalid('--exclude belongs to --recurrence: leave out single days of it.');
  const { zone } = o;
  const now = Date.now();
  return {
    from: unwrap(parseTime(o.from ?? 'now', { zone, now })),
    to: unwrap(parseTime(o.to, { zone, now })),
    zone,
    ...(o.recurrence === undefined
      ? {}
      : { recurrence: { rule: o.recurrence, exclude: o.exclude.map((day) => dayOf(day, zone, now)) } }),
  };
};

type ExceptOptions = { add?: string; withdraw?: string; reason: string; until?: string; zone?: string };
type Patch = { name: string; arch?: string; version?: string };

/** What of an exception is asked for: one is made or one is withdrawn. */
const exceptionOf = (
  o: ExceptOptions,
):
  | { kind: 'add'; patch: Patch & { version: string }; until: string }
  | { kind: 'withdraw'; patch: Patch } => {
  if ((o.add === undefined) === (o.withdraw === undefined))
    throw invalid('Give either --add PACKAGE=VERSION or --withdraw PACKAGE.');
  if (o.add !== undefined) {
    if (o.until === undefined) throw invalid('Give --until TIME: an exception ends.');
    const until = unwrap(parseTime(o.until, { zone: o.zone ?? machineZone(), now: Date.now() }));
    return { kind: 'add', patch: packageVersion(o.add), until };
  }
  if (o.until !== undefined)
    throw invalid('--until belongs to --add: a withdrawal is for good, and at once.');
  const text = o.withdraw ?? '';
  return { kind: 'withdraw', patch: text.includes('=') ? packageVersion(text, '--withdraw') : named(text) };
};

export const registerFreeze = (snapshot: Command, action: Register): void => {
  snapshot
    .command('freeze <name>')
    .description('from FROM until TO, nothing else may be deployed on these hosts')
    .option('--hosts <selector>', 'the hosts it holds on')
    .option('--environment <name>', 'the environment it holds on: --hosts env=NAME')
    .option('--from <time>', 'ISO time, date, "now" or +2h (default: now)')
    .option('--to <time>', 'ISO time, date, "now" or +2h')
    .option('--recurrence <rule>', 'RFC 5545, e.g. "FREQ=WEEKLY;BYDAY=FR": FROM to TO is the first window')
    .option('--exclude <time>', 'a day on which no window begins; again and again', collect, [])
    .option('--ics <file>', 'times and recurrence from an event of a calendar file')
    .option('--event <uid>', 'which event, where the file has several')
    .addOption(
      new Option('--policy <policy>').choices(['listed-only', 'listed-or-dependency']).default('listed-only'),
    )
    .option(
      '--zone <zone>',
      "IANA time zone of times without offset, and of the recurrence (default: this machine's)",
    )
    .option('--guard', 'enforce it on the hosts too: they refuse by themselves what is not listed')
    .action(
      action<FreezeArguments>(async (context, [ref], given) => {
        const o = { ...given, zone: given.zone ?? machineZone() };
        const hosts = selectorOf(o);
        const window = o.ics === undefined ? windowFromOptions(o) : await windowFromFile(context, o.ics, o);
        const frozen = unwrap(
          await (await context.client()).call('snapshots.freeze', {
            ref: ref ?? '',
            hosts,
            ...window,
            policy: o.policy,
            guard: o.guard === true,
          }),
        );
        if (frozen.snapshot.freeze?.guard === true && frozen.snapshot.freeze.active) {
          const client = await context.client();
          const settled = unwrap(await client.call('guards.settle', { selectors: [hosts] }));
          context.note(guardText(settled.guards, context));
        }
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
        const thawed = unwrap(await client.call('snapshots.thaw', { ref: ref ?? '', reason: o.reason }));
        // Waited for: who thaws wants to work on the hosts next.
        const { guards } = unwrap(await client.call('guards.settle', { selectors: ['all'] }));
        const left = guards.filter((guard) => guard.desired === 'off' && guard.state !== 'off');
        if (left.length > 0) context.note(guardText(left, context));
        show(context, thawed.snapshot);
      }),
    );

  snapshot
    .command('except <name>')
    .description('let one patch through a freeze, until a time; or withdraw that')
    .option('--add <package=version>', 'PACKAGE=VERSION or PACKAGE=VERSION:ARCH')
    .option('--withdraw <package>', 'an exception: PACKAGE, PACKAGE=VERSION or PACKAGE=VERSION:ARCH')
    .requiredOption('--reason <text>', 'shown in plans and reports')
    .option('--until <time>', 'with --add: ISO time, date or +2h: from then on it is refused again')
    .option('--zone <zone>', "IANA time zone of a time without offset (default: this machine's)")
    .action(
      action<ExceptOptions>(async (context, [ref = ''], o) => {
        const client = await context.client();
        const { reason } = o;
        const asked = exceptionOf(o);
        const changed = unwrap(
          asked.kind === 'add'
            ? await client.call('snapshots.except', { ref, ...asked.patch, reason, until: asked.until })
            : await client.call('snapshots.withdraw', { ref, ...asked.patch, reason }),
        );
        if (changed.snapshot.message !== undefined) context.note(changed.snapshot.message);
        show(context, changed.snapshot);
      }),
    );
};

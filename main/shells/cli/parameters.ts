/** The options that `plan` and `run` share, and what they mean for the contract. */
import { type Command, Option } from 'commander';
import { RunParameters } from '../../../shared/model/plan.ts';
import { resolveParameters } from '../../core/runs/parameters.ts';
import { parseTime } from '../../core/snapshots/time.ts';
import { type Context, invalid } from './context.ts';
import { machineZone } from './zone.ts';

/** As commander names and gives them. */
export type RunOptions = Record<string, unknown>;

type Key = keyof RunParameters;
type Setting = {
  flags: string;
  help: string;
  key: Key;
  /** What a value looks like, for the message when it does not. */
  expects?: string;
  choices?: string[];
  /** From the word to what the contract takes; undefined: it is not of the kind. */
  read?: (word: string) => unknown;
  /** Says nothing without this one. */
  needs?: { option: string; given: (o: RunParameters) => boolean };
};

const DURATION = 'a duration, e.g. 90s, 5m, 2h';
const number = (word: string): number | undefined => (/^\d{1,9}$/.test(word) ? Number(word) : undefined);
const list = (text: string): string[] => text.split(',').map((word) => word.trim());

const WITH_PROBE: Setting['needs'] = { option: '--probe', given: (o) => o.probe !== undefined };
const WITH_ABORT_IF: Setting['needs'] = { option: '--abort-if', given: (o) => o.abortIf !== undefined };

const SETTINGS: Setting[] = [
  {
    flags: '--concurrency <n|p%>',
    key: 'concurrency',
    help: 'hosts at once, never exceeded (default 10)',
    expects: 'a number of hosts or a percentage of them, e.g. 5 or 25%',
  },
  {
    flags: '--slow-start',
    key: 'slowStart',
    help: '1, 2, 4 … at once up to the concurrency, growing with each host that ends well',
  },
  {
    flags: '--waves <list>',
    key: 'waves',
    help: 'how many of the hosts to change have started by then, e.g. 1,10%,50%,100%',
    expects: 'numbers of hosts and percentages with commas between them, e.g. 1,10%,50%,100%',
    read: list,
  },
  {
    flags: '--gate <gate>',
    key: 'gate',
    help: 'what opens the next wave: auto, manual (runs approve), or a time to wait, e.g. 30m (default auto)',
    expects: `auto, manual or ${DURATION}`,
    needs: { option: '--waves', given: (o) => o.waves.length > 0 },
  },
  {
    flags: '--max-failures <n|p%|p%-of-completed>',
    key: 'maxFailures',
    help: 'the run aborts when failures exceed it (default 30%)',
    expects: 'a number, P% of the hosts or P%-of-completed, e.g. 2, 10% or 25%-of-completed',
  },
  {
    flags: '--min-completed <n>',
    key: 'minCompleted',
    help: 'with P%-of-completed: looked at once so many hosts have completed (default 5)',
    expects: 'a whole number above 0',
    read: number,
    needs: {
      option: '--max-failures P%-of-completed',
      given: (o) => o.maxFailures.endsWith('-of-completed'),
    },
  },
  {
    flags: '--ignore-unreachable',
    key: 'ignoreUnreachable',
    help: 'unreachable hosts do not count as failures',
  },
  {
    flags: '--on-failure <what>',
    key: 'onFailure',
    help: 'default rollback-host',
    choices: ['keep', 'rollback-host', 'rollback-run'],
  },
  {
    flags: '--reboot <when>',
    key: 'reboot',
    help: 'default never',
    choices: ['never', 'if-required', 'always'],
  },
  {
    flags: '--before <cmd>',
    key: 'before',
    help: 'on the host, as root, once, before its packages are changed; when it fails nothing is changed',
    expects: 'a shell command of at most 4000 characters',
  },
  {
    flags: '--after <cmd>',
    key: 'after',
    help: 'on the host, as root, once, after its packages are in place and it was restarted',
    expects: 'a shell command of at most 4000 characters',
  },
  {
    flags: '--probe <cmd>',
    key: 'probe',
    help: 'on the host, as root, last of all: exit code 0 says that it is healthy',
    expects: 'a shell command of at most 4000 characters',
  },
  {
    flags: '--probe-retries <n>',
    key: 'probeRetries',
    help: 'how often a probe that failed is tried again (default 5)',
    expects: 'a whole number from 0 to 1000',
    read: number,
    needs: WITH_PROBE,
  },
  {
    flags: '--probe-interval <duration>',
    key: 'probeInterval',
    help: 'between two tries (default 10s)',
    expects: DURATION,
    needs: WITH_PROBE,
  },
  {
    flags: '--probe-timeout <duration>',
    key: 'probeTimeout',
    help: 'limit for one try (default 30s)',
    expects: DURATION,
    needs: WITH_PROBE,
  },
  {
    flags: '--abort-if <cmd>',
    key: 'abortIf',
    help: 'on this machine, again and again: exit code 0 ends the run early, 1 lets it go on',
    expects: 'a shell command of at most 4000 characters',
  },
  {
    flags: '--abort-interval <duration>',
    key: 'abortIfInterval',
    help: 'how often --abort-if is asked (default 30s)',
    expects: DURATION,
    needs: WITH_ABORT_IF,
  },
  {
    flags: '--abort-unreadable <what>',
    key: 'abortIfUnreadable',
    help: 'when --abort-if says neither yes nor no (default abort)',
    choices: ['abort', 'continue'],
    needs: WITH_ABORT_IF,
  },
  {
    flags: '--timeout <duration>',
    key: 'timeout',
    help: "limit for a host's whole change, e.g. 30m (default 2h)",
    expects: DURATION,
  },
  {
    flags: '--prepare-timeout <duration>',
    key: 'prepareTimeout',
    help: 'limit for each phase before it: simulating, capturing, downloading (default 1h)',
    expects: DURATION,
  },
  {
    flags: '--reboot-timeout <duration>',
    key: 'rebootTimeout',
    help: 'how long a host may take to come back (default 15m)',
    expects: DURATION,
    needs: { option: '--reboot', given: (o) => o.reboot !== 'never' },
  },
  {
    flags: '--hook-timeout <duration>',
    key: 'hookTimeout',
    help: 'limit for --before and for --after (default 10m)',
    expects: DURATION,
    needs: {
      option: '--before or --after',
      given: (o) => o.before !== undefined || o.after !== undefined,
    },
  },
  {
    flags: '--lock-timeout <duration>',
    key: 'lockTimeout',
    help: "how long to wait for the package manager's lock (default 5m)",
    expects: DURATION,
  },
  {
    flags: '--retries <n>',
    key: 'retries',
    help: 'how often a connection that failed is tried again; never a change (default 2)',
    expects: 'a whole number from 0 to 20',
    read: number,
  },
  {
    flags: '--require-proof',
    key: 'requireProof',
    help: 'refuse hosts whose rollback is not proven',
  },
];

export const withRunOptions = (command: Command): Command => {
  for (const { flags, help, choices } of SETTINGS) {
    const option = new Option(flags, help);
    command.addOption(choices === undefined ? option : option.choices(choices));
  }
  return command
    .option(
      '--until <time>',
      'end of the window: ISO time, date or +2h; who would not be done is not started',
    )
    .option('--zone <zone>', "IANA time zone of --until without offset (default: this machine's)");
};

const nameOf = ({ flags }: Setting): string => flags.split(' ')[0] ?? '';
const given = (o: RunOptions, setting: Setting): unknown =>
  o[
    nameOf(setting)
      .slice(2)
      .replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase())
  ];

/** One option's value, or the usage error that names it. */
const readSetting = (setting: Setting, said: unknown): unknown => {
  if (typeof said !== 'string') return said;
  const value = setting.read === undefined ? said : setting.read(said);
  if (value === undefined || !RunParameters.shape[setting.key].safeParse(value).success)
    throw invalid(
      `${nameOf(setting)} ${said.length > 100 ? `${said.slice(0, 100)}…` : said}: expected ${setting.expects ?? setting.choices?.join(', ')}.`,
    );
  return value;
};

/** What only shows in the numbers a value results in: bounds, waves that do not grow, a window that is over. */
const checkResult = (option: string, parameters: Partial<RunParameters>, now: number): void => {
  const resolved = resolveParameters(RunParameters.parse(parameters), 1, 1, now);
  if (!resolved.ok) throw invalid(`${option}: ${resolved.error.message}`, resolved.error.hint);
};

/** Every parameter of the run. Errors: usage errors that name the option. What is without effect is said on stderr. */
export const parametersOf = (context: Context, o: RunOptions): RunParameters => {
  const now = Date.now();
  const values: Partial<Record<Key, unknown>> = {};
  for (const setting of SETTINGS) {
    const said = given(o, setting);
    if (said === undefined) continue;
    const value = readSetting(setting, said);
    values[setting.key] = value;
    checkResult(nameOf(setting), { [setting.key]: value }, now);
  }
  if (typeof o.until === 'string') {
    const zone = typeof o.zone === 'string' ? o.zone : machineZone();
    const until = parseTime(o.until, { zone, now });
    if (!until.ok) throw invalid(`--until: ${until.error.message}`, until.error.hint);
    values.until = until.value;
    checkResult('--until', { until: until.value }, now);
  }
  const parameters = RunParameters.parse(values);
  for (const setting of SETTINGS)
    if (given(o, setting) !== undefined && setting.needs?.given(parameters) === false)
      context.note(`${nameOf(setting)} has no effect without ${setting.needs.option}.`);
  return parameters;
};

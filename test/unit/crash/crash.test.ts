/**
 * The host process is killed at every transition of a run, and every time a new one takes up the same data folder: the whole
 * composition with its real store, real SSH and the demo fleet's hosts. However often it died, the run ends as the one that
 * nobody disturbed, and nothing was done to a host twice.
 *
 * Each kind of transition kills once. Killed after the same one every time, a run would never get further than to where a
 * job is to be started: what was not started is judged anew, for the time that has gone by may have been long.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { bundleConsole } from './bundle.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 600_000 });

const HOSTS = ['web-01', 'app-01', 'cache-01'];
/** Hooks leave a line each time they run. */
const hook = (name: string): string => `echo "${name} $FROSTLINE_HOST" >>"$FROSTLINE_ROOT/var/log/hooks"`;
const PARAMETERS = {
  concurrency: '2',
  waves: ['1', '100%'],
  maxFailures: '100%',
  reboot: 'if-required',
  before: hook('before'),
  after: hook('after'),
  probe: 'test -n "$FROSTLINE_ROOT"',
};
/** Far more than a run has transitions: whoever needs more does not get anywhere. */
const MOST_DEATHS = 200;
/** Of one process: the whole run takes seconds. */
const LONGEST_LIFE_MS = 120_000;

const Report = z.object({
  state: z.string(),
  verdict: z.string().nullable(),
  tasks: z.record(z.string(), z.string()),
  errors: z.record(z.string(), z.string().nullable()),
  check: z.array(z.object({ agrees: z.boolean(), differences: z.array(z.string()) })),
});

type Death = { when: 'after' | 'inside'; at?: string };
type Ended = {
  /** Which transitions killed. */
  deaths: string[];
  report: z.infer<typeof Report>;
  /**
   * How often each host came up anew, what hooks left on it, its dpkg log without times, packages with their states and
   * marks, and what the jobs that have begun on it said, in order: a job that ran twice says everything twice, even where
   * there was nothing left to do.
   */
  hosts: Record<
    string,
    { boots: number; hooks: string; done: string[]; packages: string[]; marks: string; jobs: string[] }
  >;
};

const children = new Set<ChildProcess>();
const base = mkdtempSync(join(tmpdir(), 'frostline-crash-'));
let program = '';
const folders: string[] = [];

/** One process from its start to its end. */
const run = async (folder: string, args: string[], death?: Death): Promise<{ code: number; out: string }> => {
  const child = spawn(process.execPath, [program, args[0] ?? '', join(folder, 'data'), ...args.slice(1)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_LIFE_MS,
    env: {
      ...process.env,
      // Long enough that some of the deaths come in the middle of a job.
      FROSTLINE_DEMO_PACE: '40',
      FROSTLINE_TEST_DEATH: death?.when ?? 'none',
      FROSTLINE_TEST_DEATHS: join(folder, 'deaths'),
      ...(death?.at === undefined ? {} : { FROSTLINE_TEST_DEATH_AT: death.at }),
      // Dozens of processes read the same sources.
      NODE_COMPILE_CACHE: join(base, 'cache'),
    },
  });
  children.add(child);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  children.delete(child);
  const killed = child.signalCode === 'SIGKILL';
  if (!killed && child.exitCode !== 0) throw new Error(`${args[0]}: exit code ${child.exitCode}\n${err}`);
  return { code: killed ? -1 : 0, out };
};

const hostState = (folder: string, name: string): Ended['hosts'][string] => {
  const root = join(folder, 'data/demo/hosts', name);
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const jobs = join(root, 'var/lib/frostline/jobs');
  return {
    boots: existsSync(join(root, 'var/log/boot')) ? read('var/log/boot').trim().split('\n').length : 0,
    hooks: read('var/log/hooks'),
    done: read('var/log/dpkg.log')
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(2).join(' ')),
    packages: read('var/lib/dpkg/status')
      .split('\n\n')
      .filter((stanza) => stanza.trim() !== '')
      .map((stanza) =>
        stanza
          .split('\n')
          .filter((line) => /^(Package|Status|Version):/.test(line))
          .join(' '),
      ),
    marks: read('var/lib/apt/extended_states')
      .split('\n\n')
      .map((stanza) => stanza.trim())
      .sort()
      .join('\n'),
    jobs: readdirSync(jobs)
      .filter((token) => existsSync(join(jobs, token, 'begun')))
      .sort()
      .map((token) => readFileSync(join(jobs, token, 'log'), 'utf8')),
  };
};

const play = async (death?: Death): Promise<Ended> => {
  const folder = mkdtempSync(join(base, 'play-'));
  folders.push(folder);
  writeFileSync(join(folder, 'deaths'), '');
  await run(folder, ['prepare', JSON.stringify(PARAMETERS)]);
  let died = 0;
  while ((await run(folder, ['play'], death)).code !== 0) {
    died += 1;
    if (died > MOST_DEATHS) throw new Error('the run never comes to rest');
  }
  const { out } = await run(folder, ['report']);
  const deaths = readFileSync(join(folder, 'deaths'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return {
    deaths,
    report: Report.parse(JSON.parse(out)),
    hosts: Object.fromEntries(HOSTS.map((name) => [name, hostState(folder, name)])),
  };
};

/** Its process is not the console's, and outlives it. */
const endFleet = async (folder: string): Promise<void> => {
  const file = join(folder, 'data/demo/fleet.json');
  if (!existsSync(file)) return;
  const { pid } = z.object({ pid: z.int().min(2) }).parse(JSON.parse(readFileSync(file, 'utf8')));
  process.kill(pid, 'SIGTERM');
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 20_000, interval: 20 });
};

const CHOSEN: Death[] = [
  { when: 'after', at: 'web-01: staging → applying' },
  { when: 'inside', at: 'app-01: is to compare' },
  { when: 'after', at: 'cache-01: verifying → rebooting' },
];
const nameOf = (death: Death): string => `${death.when} ${death.at ?? 'every transition'}`;

describe.skipIf(process.platform !== 'linux')('a run whose host process is killed', () => {
  let undisturbed: Ended;
  const ended = new Map<string, Ended>();

  beforeAll(async () => {
    const chosen = async (): Promise<void> => {
      for (const death of CHOSEN) ended.set(nameOf(death), await play(death));
    };
    const every = async (when: Death['when']): Promise<void> => {
      ended.set(nameOf({ when }), await play({ when }));
    };
    program = await bundleConsole(join(base, 'program'));
    undisturbed = await play();
    await Promise.all([every('after'), every('inside'), chosen()]);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(folders.map(endFleet));
    rmSync(base, { recursive: true, force: true });
  });

  const found = (death: Death): Ended => {
    const one = ended.get(nameOf(death));
    if (one === undefined) throw new Error(`${nameOf(death)} was not played`);
    return one;
  };

  test('has one host that succeeds, one that fails and is rolled back, one that restarts into a new kernel, when nobody kills it', () => {
    expect(undisturbed.report).toEqual({
      state: 'finished',
      verdict: 'partial',
      tasks: { 'web-01': 'succeeded', 'app-01': 'rolled-back', 'cache-01': 'succeeded' },
      errors: { 'web-01': null, 'app-01': 'host.not-applied', 'cache-01': null },
      check: [{ agrees: true, differences: [] }],
    });
    expect(undisturbed.deaths).toEqual([]);
    expect(undisturbed.hosts['web-01']).toMatchObject({
      boots: 0,
      hooks: 'before web-01\nafter web-01\n',
      done: [
        expect.stringMatching(/^upgrade less /),
        expect.stringMatching(/^upgrade libexpat1 /),
        expect.stringMatching(/^configure less /),
        expect.stringMatching(/^configure libexpat1 /),
      ],
      jobs: [expect.stringContaining('Setting up less'), '', ''],
    });
    expect(undisturbed.hosts['cache-01']).toMatchObject({
      boots: 1,
      hooks: 'before cache-01\nafter cache-01\n',
    });
    // The change failed: what would follow it does not.
    expect(undisturbed.hosts['app-01']).toMatchObject({ boots: 0, hooks: 'before app-01\n' });
  });

  const EVERY: Death[] = [{ when: 'after' }, { when: 'inside' }];
  test.each([...EVERY, ...CHOSEN].map((death) => [nameOf(death), death] as const))(
    '%s ends the same, with nothing done twice',
    (_name, death) => {
      const { report, hosts } = found(death);
      expect(report).toEqual(undisturbed.report);
      expect(hosts).toEqual(undisturbed.hosts);
    },
  );

  test.each(EVERY.map((death) => [nameOf(death), death] as const))(
    '%s, was really killed at each of them',
    (_name, death) => {
      const { deaths } = found(death);
      const steps = ['connecting', 'checking', 'simulating', 'capturing', 'staging', 'applying', 'verifying'];
      const way = (host: string, last: string[]) =>
        ['queued', ...steps, ...last]
          .slice(0, -1)
          .map((from, index) => `${host}: ${from} → ${[...steps, ...last][index]}`);
      expect(deaths).toEqual(
        expect.arrayContaining([
          'run: run.started',
          ...way('web-01', ['succeeded']),
          ...way('app-01', ['rolling-back', 'rolled-back']),
          ...way('cache-01', ['rebooting', 'verifying', 'succeeded']),
          'run: wave.started',
          'app-01: is to compare',
          'app-01: task.output',
          'run: run.finished',
        ]),
      );
    },
  );

  test.each(CHOSEN.map((death) => [nameOf(death), death] as const))(
    '%s, was killed once, there',
    (_name, death) => {
      expect(found(death).deaths).toEqual([death.at]);
    },
  );
});

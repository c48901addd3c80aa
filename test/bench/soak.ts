/**
 * Does anything pile up? Runs and rollbacks in a row on lab hosts, every run accepted afterwards, and a look at all that could
 * be left: files and memory of the console, processes, units, job folders and temporary files of the hosts, the database.
 * Run as root on a built checkout: `node test/bench/soak.ts [rounds] [hosts]` (100 rounds on 12 hosts where nothing is said;
 * the last two hosts run systemd). Exits with 1 where something was left or went wrong.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { startFleet } from '../lab/fleet/fleet.ts';
import type { LabHost } from '../lab/fleet/host.ts';
import { LabConsole } from '../lab/support/console.ts';

const rounds = Number(process.argv[2] ?? '100');
const hostCount = Number(process.argv[3] ?? '12');
const SYSTEMD = Math.min(2, hostCount);
const PACKAGES = ['lab-plain=1.1', 'lab-multi=2.0'];
const MIB = 1024 * 1024;
/** The first rounds fill caches and pools, and compile code; what grows after them is a leak. */
const WARM_UP = 3;
/** What a run, its rollback and the scans after both leave in the database for good, for each host. */
const MOST_BYTES_PER_RUN_AND_HOST = 64 * 1024;
/** Lists of runs, plans and statements that were prepared take a little. A leak of what a run holds would not stop there. */
const MOST_HEAP_GROWTH_MIB = 12;
/** Freed memory is given back late, and by the size of the machine: seen over many rounds only. */
const MOST_RSS_GROWTH_MIB = 160;
const INSPECTOR = 'http://127.0.0.1:9229/json';
/** The console keeps connections to hosts for a while after they were used, and no longer. */
const SETTLE_MS = 120_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

// -- the console's own process -----------------------------------------------------------------------------------------------

type Sample = {
  round: number;
  seconds: number;
  descriptors: number;
  sockets: number;
  threads: number;
  children: number;
  rssMiB: number;
  /** Live objects and buffers, after what is not needed any more was collected. */
  heapMiB: number;
  databaseMiB: number;
};

const pidOf = (dataDir: string): number =>
  z.object({ pid: z.int() }).parse(JSON.parse(readFileSync(join(dataDir, 'host.json'), 'utf8'))).pid;

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);
const databaseBytes = (dataDir: string): number =>
  sizeOf(join(dataDir, 'frostline.db')) + sizeOf(join(dataDir, 'frostline.db-wal'));

/** Where each of its open descriptors leads. */
const descriptorsOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      // Closed in this moment.
      return [];
    }
  });

const childrenOf = (pid: number): number =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).length;

type Inspector = { heapMiB(): Promise<number>; close(): void };

/** Opens the process's inspector, the only one on this machine: memory that is merely not collected yet is no leak. */
const inspect = async (pid: number): Promise<Inspector> => {
  process.kill(pid, 'SIGUSR1');
  const target = z.tuple([z.object({ webSocketDebuggerUrl: z.string() })]);
  const found = async () => {
    for (let tries = 0; tries < 100; tries += 1) {
      try {
        return target.parse(await (await fetch(INSPECTOR)).json())[0].webSocketDebuggerUrl;
      } catch {
        await delay(100);
      }
    }
    throw new Error(`no inspector at ${INSPECTOR}`);
  };
  const socket = new WebSocket(await found());
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  let asked = 0;
  const ask = (method: string, params: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      asked += 1;
      const id = asked;
      const onMessage = ({ data }: MessageEvent) => {
        const answer = z
          .object({ id: z.int().optional(), result: z.unknown() })
          .parse(JSON.parse(String(data)));
        if (answer.id !== id) return;
        socket.removeEventListener('message', onMessage);
        resolve(answer.result);
      };
      socket.addEventListener('message', onMessage);
      socket.send(JSON.stringify({ id, method, params }));
    });
  const Used = z.object({ result: z.object({ value: z.number() }) });
  return {
    heapMiB: async () => {
      // What the first collection sets free may have held more.
      for (const _time of [1, 2]) await ask('HeapProfiler.collectGarbage');
      const expression = '(({ heapUsed, arrayBuffers }) => heapUsed + arrayBuffers)(process.memoryUsage())';
      return (
        Used.parse(await ask('Runtime.evaluate', { expression, returnByValue: true })).result.value / MIB
      );
    },
    close: () => socket.close(),
  };
};

const look = (o: { round: number; began: number; pid: number; dataDir: string; heapMiB: number }): Sample => {
  const { round, began, pid, dataDir, heapMiB } = o;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 'NaN');
  const descriptors = descriptorsOf(pid);
  return {
    round,
    seconds: Math.round((Date.now() - began) / 1000),
    descriptors: descriptors.length,
    sockets: descriptors.filter((to) => to.startsWith('socket:')).length,
    threads: of('Threads'),
    children: childrenOf(pid),
    rssMiB: Math.round(of('VmRSS') / 1024),
    heapMiB: Math.round(heapMiB),
    databaseMiB: databaseBytes(dataDir) / MIB,
  };
};

// -- the hosts ---------------------------------------------------------------------------------------------------------------

type HostLook = { jobs: string; temporary: string; units: string; processes: string };

const lookAtHost = async (host: LabHost): Promise<HostLook> => {
  const words = async (command: string) => (await host.exec(command)).stdout.trim();
  return {
    jobs: await words('ls -A /var/lib/frostline/jobs 2>/dev/null | sort'),
    // systemd's own folders have chance in their names and are gone with their services.
    temporary: await words("ls -A /tmp /var/tmp | grep -v '^systemd-private' | sort"),
    units:
      host.flavour === 'systemd'
        ? await words("systemctl list-units --all --no-legend --plain 'frostline*' 2>/dev/null")
        : '',
    // Services and their workers come and go with restarts; what is ours, or an SSH session, bears such a name.
    processes: await words(
      "ps -eo args= | grep -E '/var/lib/frostline/|frostline-|sshd: (admin|root)' | grep -v grep | sort",
    ),
  };
};

/** Of the console alone: it gets a folder for such files that nothing else on this machine uses. */
const temporary = mkdtempSync(join(tmpdir(), 'frostline-soak-'));
process.env.TMPDIR = temporary;
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
const temporaryOfConsole = (): string[] =>
  readdirSync(temporary).filter((name) => !name.startsWith('frostline-lab-console-'));

// -- rounds ------------------------------------------------------------------------------------------------------------------

const problems: string[] = [];
/** Interrupted, it ends with the round that is under way, and looks at what there is. */
let enough = false;
process.on('SIGINT', () => {
  enough = true;
});

const round = async (number: number, admin: LabConsole): Promise<void> => {
  const applied = await admin.run(
    'soak',
    'all',
    '--concurrency',
    String(hostCount),
    '--max-failures',
    '100%',
  );
  const bad = applied.run.tasks.filter((task) => task.state !== 'succeeded');
  if (applied.code !== 0 || bad.length > 0)
    problems.push(`round ${number}: run: ${bad.map((task) => `${task.host} ${task.state}`).join(', ')}`);
  const undone = await admin.runs('rollback', applied.id);
  const kept = undone.run.tasks.filter((task) => task.state !== 'rolled-back');
  if (kept.length > 0)
    problems.push(
      `round ${number}: rollback: ${kept.map((task) => `${task.host} ${task.state}`).join(', ')}`,
    );
  await admin.ok('runs', 'accept', applied.id);
};

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

type Finding = { what: string; before: string; after: string; limit: string; leak: boolean };

const compare = (samples: Sample[]): Finding[] => {
  const warm = samples.filter((one) => one.round > WARM_UP);
  const third = Math.max(1, Math.floor(warm.length / 3));
  const [first, last] = [warm.slice(0, third), warm.slice(-third)];
  const finding = (what: string, key: keyof Sample, most: number): Finding => {
    const [before, after] = [median(first.map((one) => one[key])), median(last.map((one) => one[key]))];
    return {
      what,
      before: String(before),
      after: String(after),
      limit: `+${most}`,
      leak: !(after - before <= most),
    };
  };
  return [
    finding('open descriptors (median of a third)', 'descriptors', 2),
    finding('of them sockets', 'sockets', 2),
    finding('threads', 'threads', 0),
    finding('child processes', 'children', 0),
    finding('live memory after a collection, MiB', 'heapMiB', MOST_HEAP_GROWTH_MIB),
    finding('resident memory, MiB', 'rssMiB', MOST_RSS_GROWTH_MIB),
  ];
};

const growth = (samples: Sample[]): Finding => {
  const warm = samples.filter((one) => one.round > WARM_UP);
  const [first, last] = [warm[0], warm.at(-1)];
  const passed = (last?.round ?? 0) - (first?.round ?? 0);
  const bytes =
    (((last?.databaseMiB ?? 0) - (first?.databaseMiB ?? 0)) * MIB) / Math.max(1, passed) / hostCount;
  return {
    what: 'database growth per round and host, KiB',
    before: `${first?.databaseMiB.toFixed(1)} MiB`,
    after: `${last?.databaseMiB.toFixed(1)} MiB: ${(bytes / 1024).toFixed(1)}`,
    limit: String(MOST_BYTES_PER_RUN_AND_HOST / 1024),
    leak: !(bytes <= MOST_BYTES_PER_RUN_AND_HOST),
  };
};

const same = (what: string, before: string, after: string): Finding => ({
  what,
  before: before.split('\n').filter(Boolean).length.toString(),
  after: after === before ? 'the same' : `now: ${after.replaceAll('\n', ' | ').slice(0, 200)}`,
  limit: 'the same',
  leak: after !== before,
});

const soak = async (): Promise<number> => {
  const fleet = await startFleet({ hosts: hostCount, systemd: SYSTEMD });
  const admin = new LabConsole(fleet);
  const samples: Sample[] = [];
  const findings: Finding[] = [];
  try {
    await admin.takeIn();
    await admin.snapshotOf('soak', ...PACKAGES);
    const pid = pidOf(admin.dataDir);
    const hostsBefore = await Promise.all(fleet.hosts.map(lookAtHost));
    const temporaryBefore = temporaryOfConsole();
    const filesBefore = readdirSync(admin.dataDir).sort().join('\n');
    const inspector = await inspect(pid);
    say('round      s   fds  sockets  threads  children  heap MiB  RSS MiB  database MiB');
    for (let number = 1; number <= rounds && !enough; number += 1) {
      const began = Date.now();
      await round(number, admin);
      if (pidOf(admin.dataDir) !== pid) problems.push(`round ${number}: the host process is another one`);
      const heapMiB = await inspector.heapMiB();
      const now = look({ round: number, began, pid, dataDir: admin.dataDir, heapMiB });
      samples.push(now);
      say(
        [
          String(number).padStart(5),
          String(now.seconds).padStart(6),
          String(now.descriptors).padStart(5),
          String(now.sockets).padStart(8),
          String(now.threads).padStart(8),
          String(now.children).padStart(9),
          String(now.heapMiB).padStart(9),
          String(now.rssMiB).padStart(8),
          now.databaseMiB.toFixed(2).padStart(13),
        ].join(' '),
      );
    }
    inspector.close();
    const disagreements = await admin.disagreements();
    problems.push(...disagreements);
    findings.push(...compare(samples), growth(samples));
    findings.push(
      same('files of the data folder', filesBefore, readdirSync(admin.dataDir).sort().join('\n')),
    );
    // Without a command the console lets go of its hosts and ends; what is on hosts then is left behind.
    for (let waited = 0; existsSync(`/proc/${pid}`) && waited < SETTLE_MS; waited += 500) await delay(500);
    findings.push({
      what: 'the host process ends when nothing needs it',
      before: String(pid),
      after: existsSync(`/proc/${pid}`) ? 'still there' : 'ended',
      limit: 'ended',
      leak: existsSync(`/proc/${pid}`),
    });
    const hostsAfter = await Promise.all(fleet.hosts.map(lookAtHost));
    for (const [index, host] of fleet.hosts.entries()) {
      const [before, after] = [hostsBefore[index], hostsAfter[index]];
      if (before === undefined || after === undefined) continue;
      // A connection from before is not there any more; nothing else of ours may be.
      const here: Finding[] = [
        same(`${host.name}: job folders`, '', after.jobs),
        same(`${host.name}: temporary files`, before.temporary, after.temporary),
        same(`${host.name}: units`, '', after.units),
        same(`${host.name}: processes and sessions`, '', after.processes),
      ];
      findings.push(...here.filter((one) => one.leak));
    }
    findings.push({
      what: 'job folders, units, processes, sessions and temporary files of hosts',
      before: `${fleet.hosts.length} hosts`,
      after: `${findings.filter((one) => one.what.startsWith('h') && one.what.includes(': ')).length} leftovers`,
      limit: '0 leftovers',
      leak: false,
    });
    const left = temporaryOfConsole().filter((name) => !temporaryBefore.includes(name));
    findings.push(same('temporary files of the console', '', left.join('\n')));
  } finally {
    await admin.close();
    await fleet.stop();
  }
  say('');
  for (const one of findings)
    say(
      `${one.leak ? 'LEAK' : 'ok  '}  ${one.what.padEnd(66)}  ${one.before} → ${one.after}  (limit ${one.limit})`,
    );
  for (const problem of problems) say(`FAIL  ${problem}`);
  const leaks = findings.filter((one) => one.leak).length;
  say(`\n${samples.length} rounds on ${hostCount} hosts: ${leaks} leaks, ${problems.length} failures`);
  return leaks + problems.length === 0 ? 0 : 1;
};

process.exitCode = await soak();

/**
 * A console under test: the real command line on a data folder of its own, and what it prints. Nothing of the core is called
 * directly, so that what is proven here is what an admin gets.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { FrostError } from '../../../shared/errors.ts';
import { HostTrust } from '../../../shared/model/host.ts';
import { Plan } from '../../../shared/model/plan.ts';
import { Run } from '../../../shared/model/run.ts';
import { Facts, Update } from '../../../shared/model/scan.ts';
import { SnapshotView } from '../../../shared/model/snapshot.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { LabHost } from '../fleet/host.ts';
import { ErrorDocument, Live, type ToldError } from './live.ts';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const OWN_NODE = join(ROOT, 'node_modules/node/bin/node');
const NODE = existsSync(OWN_NODE) ? OWN_NODE : process.execPath;
/** Another build can be put to the same tests. */
const CLI = process.env.FROSTLINE_CLI ?? join(ROOT, 'dist', 'main', 'cli.js');

/** One command's end. `json` is the one document it printed, or null. */
export type Answer = { code: number; json: unknown; stdout: string; stderr: string };

const Told = z.object({ host: z.string(), error: FrostError.optional() });
const ScanDocument = z.object({
  host: z.string(),
  ok: z.boolean(),
  state: z.enum(['ok', 'partial', 'failed']),
  error: FrostError.optional(),
  facts: Facts.optional(),
  packages: z.int(),
  /** Without a `from`: not installed, comes in because an update needs it. */
  updates: z.array(Update.extend({ from: z.string().nullish() })),
  removals: z.array(z.unknown()),
});
export type ScanDocument = z.infer<typeof ScanDocument>;

/** What is always there in a document, as null where there is none, is left out in the model. */
const withoutNulls = (key: string, value: unknown): unknown =>
  value === null && ['environment', 'arch', 'from'].includes(key) ? undefined : value;

export type Login = {
  name?: string;
  user?: 'root' | 'admin' | 'asker' | 'plain';
  /** Private key file; without it and without `password` the fleet's client key. */
  key?: string;
  keyPassphrase?: string;
  password?: string;
  sudo?: 'none' | 'nopasswd' | 'password';
  sudoPassword?: string;
  environment?: string;
  tags?: readonly string[];
  jump?: string;
  /** Where it is reached, if not at its own address. */
  at?: { address: string; port: number };
};

export type RunDone = { code: number; live: Live; id: string; run: Run };

const alive = (pid: number): boolean => {
  try {
    // A zombie waits for its parent only; it holds nothing any more.
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Commands that change what is stored of runs. */
const changesRuns = ([group, verb]: readonly string[]): boolean =>
  group === 'run' || (group === 'runs' && verb !== 'list' && verb !== 'show' && verb !== 'check');

export class LabConsole {
  static readonly #standing = new Set<LabConsole>();
  #unchecked = false;
  readonly dataDir: string;
  readonly #work: string;
  readonly #fleet: Fleet;
  readonly #passphraseFile: string | null;
  readonly #children = new Set<ChildProcess>();
  #files = 0;

  /** `passphrase`: given with every command, it opens (and at first makes) the vault. */
  constructor(fleet: Fleet, options: { passphrase?: string } = {}) {
    this.#fleet = fleet;
    LabConsole.#standing.add(this);
    this.#work = mkdtempSync(join(tmpdir(), 'frostline-lab-console-'));
    this.dataDir = join(this.#work, 'data');
    // The admin's own known_hosts and agent have no part in this.
    mkdirSync(join(this.#work, 'home'));
    this.#passphraseFile = options.passphrase === undefined ? null : this.secretFile(options.passphrase);
  }

  // -- commands ------------------------------------------------------------------------------------------------------------

  #spawn(args: readonly string[]): ChildProcess {
    const { SSH_AUTH_SOCK: _agent, ...env } = process.env;
    if (changesRuns(args)) this.#unchecked = true;
    const global = ['--data-dir', this.dataDir, '--json'];
    if (this.#passphraseFile !== null) global.push('--passphrase-file', this.#passphraseFile);
    const child = spawn(NODE, [CLI, ...global, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, HOME: join(this.#work, 'home') },
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** A command to its end, whatever that is. */
  async cli(...args: string[]): Promise<Answer> {
    const child = this.#spawn(args);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number>((done, fail) => {
      child.once('error', fail);
      child.once('close', (exit) => done(exit ?? -1));
    });
    let json: unknown = null;
    try {
      json = JSON.parse(stdout, withoutNulls);
    } catch {
      // More than one document, or none: the caller looks at the text.
    }
    return { code, json, stdout, stderr };
  }

  /** A command that must succeed; its document. */
  async ok(...args: string[]): Promise<unknown> {
    const answer = await this.cli(...args);
    if (answer.code !== 0)
      throw new Error(`${args.join(' ')}: exit ${answer.code}\n${answer.stdout}${answer.stderr}`);
    return answer.json;
  }

  /** A command that must fail; its error and exit code. */
  async refusal(...args: string[]): Promise<ToldError & { exit: number }> {
    const answer = await this.cli(...args);
    const told = ErrorDocument.safeParse(answer.json);
    if (!told.success)
      throw new Error(`${args.join(' ')}: no error, exit ${answer.code}\n${answer.stdout}${answer.stderr}`);
    return { ...told.data.error, exit: answer.code };
  }

  /** A command that prints events, followed while it runs. */
  live(...args: string[]): Live {
    return new Live(this.#spawn(args), args.join(' '));
  }

  // -- hosts ---------------------------------------------------------------------------------------------------------------

  /** A file that only holds a secret, for the options that want one. */
  secretFile(secret: string): string {
    this.#files += 1;
    const file = join(this.#work, `secret-${this.#files}`);
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    return file;
  }

  #loginArgs(login: Login): string[] {
    const { password, keyPassphrase, sudoPassword } = login;
    const user = login.user ?? 'admin';
    const sudo = login.sudo ?? (user === 'admin' ? 'nopasswd' : undefined);
    return [
      ...['--user', user],
      ...(password === undefined
        ? ['--key', login.key ?? this.#fleet.keys.client]
        : ['--password-file', this.secretFile(password)]),
      ...(keyPassphrase === undefined ? [] : ['--key-passphrase-file', this.secretFile(keyPassphrase)]),
      ...(sudo === undefined ? [] : ['--sudo', sudo]),
      ...(sudoPassword === undefined ? [] : ['--sudo-password-file', this.secretFile(sudoPassword)]),
      ...(login.environment === undefined ? [] : ['--environment', login.environment]),
      ...(login.tags ?? []).flatMap((tag) => ['--tag', tag]),
      ...(login.jump === undefined ? [] : ['--jump', login.jump]),
    ];
  }

  async add(host: LabHost, login: Login = {}): Promise<void> {
    const { address, port } = login.at ?? host;
    const at = ['--address', address, '--port', String(port)];
    await this.ok('hosts', 'add', login.name ?? host.name, ...at, ...this.#loginArgs(login));
  }

  /** What is not given stays. */
  async edit(name: string, ...options: string[]): Promise<void> {
    await this.ok('hosts', 'edit', name, ...options);
  }

  async trust(...words: string[]): Promise<{ code: number; hosts: HostTrust[] }> {
    const answer = await this.cli('hosts', 'trust', ...words);
    return { code: answer.code, hosts: z.object({ hosts: z.array(HostTrust) }).parse(answer.json).hosts };
  }

  /** The fleet's hosts, taken in as admin's by one command, trusted and scanned. */
  async takeIn(hosts: readonly LabHost[] = this.#fleet.hosts): Promise<void> {
    const rows = hosts.map(({ name, address, port }) =>
      [name, address, port, 'admin', this.#fleet.keys.client, 'nopasswd'].join(','),
    );
    const table = join(this.#work, 'hosts.csv');
    writeFileSync(table, `${['name,address,port,user,key,sudo', ...rows].join('\n')}\n`);
    await this.ok('hosts', 'import', table, '--format', 'csv');
    const names = hosts.map((host) => host.name);
    const trusted = await this.trust(...names, '--accept-new');
    if (trusted.code !== 0) throw new Error(JSON.stringify(trusted.hosts));
    await this.ok('scan', ...names);
  }

  async scan(...words: string[]): Promise<{ code: number; scans: ScanDocument[] }> {
    const answer = await this.cli('scan', ...words);
    const { scans } = z.object({ scans: z.array(ScanDocument) }).parse(answer.json);
    return { code: answer.code, scans };
  }

  /** The error a host's scan ended with, and the command's exit code. */
  async scanError(name: string): Promise<{ exit: number; code: string | undefined; message: string }> {
    const answer = await this.cli('scan', name);
    const { scans } = z.object({ scans: z.array(Told) }).parse(answer.json);
    const error = scans[0]?.error;
    return { exit: answer.code, code: error?.code, message: error?.message ?? '' };
  }

  // -- snapshots, plans, runs ----------------------------------------------------------------------------------------------

  #view = (document: unknown): SnapshotView => z.object({ snapshot: SnapshotView }).parse(document).snapshot;

  async snapshot(...words: string[]): Promise<SnapshotView> {
    return this.#view(await this.ok('snapshot', ...words));
  }

  /** A snapshot of exactly these packages, `name=version`. */
  async snapshotOf(name: string, ...packages: string[]): Promise<SnapshotView> {
    await this.ok('snapshot', 'create', name, '--empty');
    return this.snapshot('edit', name, ...packages.flatMap((text) => ['--add', text]));
  }

  async plan(...words: string[]): Promise<{ code: number; plan: Plan }> {
    const answer = await this.cli('plan', ...words);
    const parsed = z.object({ plan: Plan }).safeParse(answer.json);
    if (!parsed.success) throw new Error(`plan: exit ${answer.code}\n${answer.stdout}${answer.stderr}`);
    return { code: answer.code, plan: parsed.data.plan };
  }

  /** Starts a run and follows it; ends with the command. */
  start(...words: string[]): Live {
    return this.live('run', ...words, '--yes');
  }

  /** A run from its start to its end. */
  async run(...words: string[]): Promise<RunDone> {
    return this.#ended(this.start(...words));
  }

  /** Follows what `runs rollback|retry|watch` does to its end. */
  async runs(verb: 'rollback' | 'retry' | 'watch', id: string, ...words: string[]): Promise<RunDone> {
    return this.#ended(this.live('runs', verb, id, ...words, ...(verb === 'rollback' ? ['--yes'] : [])));
  }

  async #ended(live: Live): Promise<RunDone> {
    const code = await live.ended;
    return { code, live, id: live.runId, run: await this.show(live.runId) };
  }

  async show(id: string): Promise<Run> {
    return z.object({ run: Run }).parse(await this.ok('runs', 'show', id)).run;
  }

  /** Every run's event log (or one run's), replayed, gives the state that is stored; else what differs. */
  async disagreements(...run: string[]): Promise<string[]> {
    const answer = await this.cli('runs', 'check', ...run);
    const checked = z
      .object({
        runs: z.array(z.object({ id: z.string(), agrees: z.boolean(), differences: z.array(z.string()) })),
      })
      .parse(answer.json);
    const differences = checked.runs.flatMap((run) => run.differences.map((text) => `${run.id}: ${text}`));
    if ((answer.code === 0) !== (differences.length === 0))
      throw new Error(`runs check: exit ${answer.code} with ${differences.length} differences`);
    return differences;
  }

  /** What disagrees in any console that has had to do with runs since it was asked last. */
  static async allDisagreements(): Promise<string[]> {
    const found: string[] = [];
    for (const console of LabConsole.#standing) {
      if (!console.#unchecked) continue;
      console.#unchecked = false;
      found.push(...(await console.disagreements()));
    }
    return found;
  }

  // -- the host process ----------------------------------------------------------------------------------------------------

  get #hostPid(): number | null {
    try {
      return z
        .object({ pid: z.int() })
        .parse(JSON.parse(readFileSync(join(this.dataDir, 'host.json'), 'utf8'))).pid;
    } catch {
      return null;
    }
  }

  /** Ends the host process at once, as a crash or an empty battery would; where it is just being started again, when it is up. */
  async killHost(): Promise<void> {
    for (let waited = 0; waited < 20_000; waited += 10) {
      const pid = this.#hostPid;
      if (pid !== null && alive(pid)) {
        process.kill(pid, 'SIGKILL');
        while (alive(pid)) await delay(5);
        return;
      }
      await delay(10);
    }
    throw new Error('there is no host process to kill');
  }

  /** Brings runs that a failed test left at work to an end, so that they hold no host of the next test. */
  async settle(): Promise<void> {
    const { runs } = z
      .object({ runs: z.array(z.object({ id: z.string(), state: z.string() })) })
      .parse(await this.ok('runs', 'list'));
    for (const run of runs.filter((one) => one.state !== 'finished')) {
      await this.cli('runs', 'abort', run.id, '--stop-running');
      await this.cli('runs', 'watch', run.id);
    }
  }

  async close(): Promise<void> {
    LabConsole.#standing.delete(this);
    for (const child of this.#children) child.kill('SIGKILL');
    const pid = this.#hostPid;
    if (pid !== null && alive(pid)) {
      process.kill(pid, 'SIGTERM');
      for (let waited = 0; alive(pid) && waited < 10_000; waited += 20) await delay(20);
      if (alive(pid)) process.kill(pid, 'SIGKILL');
    }
    rmSync(this.#work, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

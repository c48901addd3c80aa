import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cgroup } from './cgroup.ts';
import type { HostNetwork } from './network.ts';
import { LabError, run } from './process.ts';
import type { Flavour } from './seed.ts';

/**
 * How a host's PID 1 says that it wants to boot again: sh/init.sh by its exit code; systemd by reboot(2), which in a pid
 * namespace is a SIGHUP to PID 1 (and power-off a SIGINT), and which unshare(1) passes on by ending in the same way.
 */
const REBOOT: ReadonlySet<number | string | null> = new Set([81, 'SIGHUP', 128 + 1]);
const BOOT_DEADLINE_MS = 30_000;

export interface Machine {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** The host's directory: `rw/` (tmpfs), `root/` (mount point), `boot_id`, `console.log`. */
  readonly dir: string;
  readonly lower: string;
  readonly flavour: Flavour;
  readonly cgroup: Cgroup;
  /** Absent: it shares the machine's network. */
  readonly network?: HostNetwork;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<number | string | null>;
}

const banner = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, address);
    const end = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(2000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('data', (data) => end(data.toString('latin1').startsWith('SSH-2.0')));
  });

/** Is to one host what power and firmware are to a real one: boots it, cuts it, boots it again when it asked for that. */
export class Supervisor {
  readonly #machine: Machine;
  #running: Running | null = null;
  #bootId = '';
  #boots = 0;
  #changed: Array<() => void> = [];
  /** The error of the last boot after a reboot that nobody was waiting for. */
  #bootError: Error | null = null;
  #rebooting: Promise<void> = Promise.resolve();
  #reboot = new AbortController();
  /** What a host that reboots does: comes back after this many milliseconds, or (null) never. */
  rebootDelayMs: number | null = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get bootId(): string {
    return this.#bootId;
  }
  /** Completed boots since the fleet started. */
  get boots(): number {
    return this.#boots;
  }
  get isOn(): boolean {
    return this.#running !== null;
  }

  /** Starts the host and waits until its sshd greets. */
  async boot(): Promise<void> {
    if (this.#running !== null) throw new LabError(`${this.#machine.name} is already on`);
    const { dir, lower, flavour, name, address, port, cgroup, network } = this.#machine;
    await cgroup.freeze(false);
    this.#bootId = randomUUID();
    await writeFile(join(dir, 'boot_id'), `${this.#bootId}\n`, { mode: 0o444, flag: 'w' });
    const uptime = Math.floor(Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]));
    const log = await open(join(dir, 'console.log'), 'a');
    const child = spawn(
      'sh',
      [
        ...['-c', 'echo $$ > "$1" || exit 1; shift; exec "$@"', 'sh', join(cgroup.path, 'cgroup.procs')],
        // Should this process be killed, the kernel ends the host with it.
        ...['setpriv', '--pdeathsig', 'KILL'],
        ...(network === undefined ? [] : ['nsenter', `--net=${network.namespace}`]),
        ...['unshare', '--time', '--boottime', String(-uptime), '--pid', '--fork', '--kill-child=KILL'],
        ...['--mount', '--uts', '--ipc', '--cgroup'],
        ...['sh', join(import.meta.dirname, 'sh', 'enter.sh'), lower, dir, name, flavour],
      ],
      { stdio: ['ignore', log.fd, log.fd], detached: true },
    );
    const exited = new Promise<number | string | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? signal));
    });
    await log.close();
    const running: Running = { child, exited };
    this.#running = running;
    void exited.then((code) => this.#ended(running, code));
    const deadline = Date.now() + BOOT_DEADLINE_MS;
    while (!(await banner(address, port))) {
      if (this.#running !== running || Date.now() > deadline) {
        const text = await readFile(join(dir, 'console.log'), 'utf8');
        throw new LabError(`${name} does not boot:\n${text.split('\n').slice(-15).join('\n')}`);
      }
      await delay(15);
    }
    // systemd's sshd greets before ordinary users may log in (/run/nologin): wait until the boot is complete.
    const pid = flavour === 'systemd' ? await this.#initOf(running) : null;
    if (pid !== null) {
      const target = ['-t', String(pid), '-m', '-p', '-C', '-r', '-w'];
      await run('nsenter', [...target, '--', 'systemctl', 'is-system-running', '--wait']);
    }
    this.#boots += 1;
    this.#bootError = null;
    this.#notify();
  }

  /**
   * Power cut: every process of the host ends at once, nothing is written any more. The disk keeps its content. A reboot that is
   * under way does not bring the host back.
   */
  async cut(): Promise<void> {
    this.#reboot.abort();
    await this.#kill();
    await this.#rebooting;
    await this.#kill();
  }

  /** The machine's pid of the host's PID 1. */
  async initPid(): Promise<number> {
    const pid = this.#running === null ? null : await this.#initOf(this.#running);
    if (pid === null) throw new LabError(`${this.#machine.name} is off`);
    return pid;
  }

  /** Waits until `boots` is at least `count`. */
  async booted(count: number): Promise<void> {
    await this.#until(() => this.#boots >= count);
  }

  /** Waits until the host is off. */
  async off(): Promise<void> {
    await this.#until(() => this.#running === null);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#bootError !== null) throw this.#bootError;
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }

  #ended(running: Running, code: number | string | null): void {
    // After a power cut somebody else decides what comes next.
    if (this.#running !== running) return;
    this.#running = null;
    this.#notify();
    if (!REBOOT.has(code) || this.rebootDelayMs === null) return;
    this.#reboot = new AbortController();
    const { signal } = this.#reboot;
    this.#rebooting = delay(this.rebootDelayMs, undefined, { signal })
      .then(() => (this.#running === null ? this.boot() : undefined))
      .catch((error: unknown) => {
        if (signal.aborted) return;
        this.#bootError = error instanceof Error ? error : new LabError(String(error));
        this.#notify();
      });
  }

  async #kill(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    const pid = await this.#initOf(running);
    // A host that is just ending by itself may be gone before the signal: that is what was wanted.
    if (pid === null || (await run('kill', ['-KILL', String(pid)])).code !== 0) running.child.kill('SIGKILL');
    // The killed processes of a frozen host are gone, but its supervisor outside, frozen too, has to see that.
    await this.#machine.cgroup.freeze(false);
    await running.exited;
    this.#notify();
  }

  async #initOf(running: Running): Promise<number | null> {
    const pid = running.child.pid;
    if (pid === undefined) return null;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const first = Number(children.trim().split(' ')[0]);
    return first > 0 ? first : null;
  }
}

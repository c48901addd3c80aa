import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cgroup } from './cgroup.ts';
import { SSH_PORT } from './config.ts';
import { dnfConf } from './dnfImage.ts';
import type { Manager } from './image.ts';
import type { HostNetwork } from './network.ts';
import { LabError, must, type Ran, run } from './process.ts';
import type { Flavour } from './seed.ts';
import { BOOT_KERNEL_FILE } from './shapes.ts';
import { Supervisor } from './supervisor.ts';
import { zypperRepository } from './zypperImage.ts';

export interface HostKey {
  /** e.g. `ssh-ed25519`. */
  readonly type: string;
  /** The public key blob, base64. */
  readonly blob: string;
  /** `SHA256:…`, as ssh-keygen -lf shows it. */
  readonly fingerprint: string;
}

export interface HeldLock {
  /** As seen on the host. */
  readonly pid: number;
  readonly command: string;
  release(): Promise<void>;
}

export interface HostSetup {
  readonly name: string;
  readonly address: string;
  readonly repositoryAddress: string;
  readonly repositoryHost: string;
  readonly dir: string;
  readonly lower: string;
  readonly flavour: Flavour;
  readonly manager: Manager;
  readonly diskBytes: number;
  readonly cgroup: Cgroup;
  /** Absent: it shares the machine's network. */
  readonly network?: HostNetwork;
}

/** A host in the middle of a download is asked to hold still for a moment, which mostly works at the second try. */
const MOST_SHRINKS = 50;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

const createHostKey = async (file: string, type: 'ed25519' | 'ecdsa'): Promise<HostKey> => {
  await rm(file, { force: true });
  await rm(`${file}.pub`, { force: true });
  await must('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'lab', '-f', file]);
  const [name = '', blob = ''] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
  return { type: name, blob, fingerprint: `SHA256:${digest.replace(/=+$/, '')}` };
};

/** One real host, Debian or RPM: its own processes, file system, boot id and sshd. Made by `startFleet`. */
export class LabHost {
  readonly name: string;
  readonly address: string;
  readonly port = SSH_PORT;
  /** What its PID 1 is. */
  readonly flavour: Flavour;
  readonly manager: Manager;
  readonly #setup: HostSetup;
  readonly #supervisor: Supervisor;
  readonly #helpers = new Set<ChildProcess>();
  readonly #firstKey: HostKey;
  #key: HostKey;

  private constructor(setup: HostSetup, key: HostKey) {
    this.name = setup.name;
    this.address = setup.address;
    this.flavour = setup.flavour;
    this.manager = setup.manager;
    this.#setup = setup;
    this.#firstKey = key;
    this.#key = key;
    this.#supervisor = new Supervisor({ ...setup, port: SSH_PORT });
  }

  /** Makes the host's disk; `boot` switches it on. */
  static async create(setup: HostSetup): Promise<LabHost> {
    await mkdir(join(setup.dir, 'root'), { recursive: true });
    await mkdir(join(setup.dir, 'rw'));
    const key = await createHostKey(join(setup.dir, 'host_key'), 'ed25519');
    const host = new LabHost(setup, key);
    await host.#freshDisk();
    return host;
  }

  /** The host's own network; throws when it shares the machine's. */
  get network(): HostNetwork {
    const { network } = this.#setup;
    if (network === undefined) throw new LabError(`${this.name} has no network of its own`);
    return network;
  }
  get hostKey(): HostKey {
    return this.#key;
  }
  /** The boot id of the last boot started. */
  get bootId(): string {
    return this.#supervisor.bootId;
  }
  get isOn(): boolean {
    return this.#supervisor.isOn;
  }
  /** Completed boots since the fleet started; 1 when it stands. */
  get boots(): number {
    return this.#supervisor.boots;
  }

  // -- power ---------------------------------------------------------------------------------------------------------------

  boot(): Promise<void> {
    return this.#supervisor.boot();
  }
  /** As if the plug were pulled: nothing gets to end in order. `boot` brings the host back with the disk as it was. */
  powerCut(): Promise<void> {
    return this.#supervisor.cut();
  }
  /** Waits until the host has booted `count` times in all; after a reboot from inside that is `boots + 1` of before. */
  booted(count: number): Promise<void> {
    return this.#supervisor.booted(count);
  }
  /** Waits until the host is off (e.g. after `poweroff`, or a reboot with `onReboot('stay-off')`). */
  off(): Promise<void> {
    return this.#supervisor.off();
  }
  /** What happens when the host reboots itself: it comes back after some milliseconds (default 0), or never. */
  onReboot(what: number | 'stay-off'): void {
    this.#supervisor.rebootDelayMs = what === 'stay-off' ? null : what;
  }

  /** Back to the profile: a fresh disk, the first host key, everything running. Takes well under a second. */
  async reset(): Promise<void> {
    await this.#supervisor.cut();
    await this.#setup.network?.clear();
    await must('umount', [this.#rw]);
    await this.#freshDisk();
    this.#supervisor.rebootDelayMs = 0;
    await this.#supervisor.boot();
  }

  /** Ends the host for good and releases its disk. */
  async remove(): Promise<void> {
    await this.#supervisor.cut();
    for (const child of this.#helpers) child.kill('SIGKILL');
    await this.#setup.cgroup.remove();
    await must('umount', [this.#rw]);
  }

  // -- from outside --------------------------------------------------------------------------------------------------------

  /** Runs a shell command as root on the host, past sshd. Never throws for its exit code. */
  async exec(command: string, options: { input?: string; timeoutMs?: number } = {}): Promise<Ran> {
    const { program, args } = await this.#enter(['sh', '-c', command]);
    return run(program, args, options);
  }

  /** `exec` of a command that must succeed; returns its standard output without the last newline. */
  async output(command: string, options: { input?: string; timeoutMs?: number } = {}): Promise<string> {
    const ran = await this.exec(command, options);
    if (ran.code !== 0)
      throw new LabError(`${this.name}: ${command}: exit ${ran.code}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout.replace(/\n$/, '');
  }

  /**
   * The manager's view: package → version and state, of all packages or those matching a glob. dpkg's states are `ii`, `iF`, `hi` …;
   * rpm has only installed ones, so theirs is always `ii`, and versions of an install-only package stand oldest first, one space apart.
   */
  async packages(glob = '*'): Promise<Map<string, { version: string; state: string }>> {
    if (this.manager !== 'apt') return this.#rpms(glob);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own syntax
    const format = '${Package}\\t${Version}\\t${db:Status-Abbrev}\\n';
    const { stdout } = await this.exec(`dpkg-query -W -f=${quote(format)} ${quote(glob)}`);
    const rows = stdout.split('\n').flatMap((line) => {
      const [name, version, state] = line.split('\t');
      if (name === undefined || version === undefined || state === undefined) return [];
      return [[name, { version, state: state.trim() }] as const];
    });
    return new Map(rows);
  }

  async #rpms(glob: string): Promise<Map<string, { version: string; state: string }>> {
    const format = '%{INSTALLTIME}\\t%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n';
    const stdout = await this.output(`rpm -qa --qf ${quote(format)} ${quote(glob)} | sort -s -n`);
    const packages = new Map<string, { version: string; state: string }>();
    for (const line of stdout.split('\n')) {
      const [, name, version] = line.split('\t');
      if (name === undefined || version === undefined) continue;
      const before = packages.get(name);
      packages.set(name, {
        version: before === undefined ? version : `${before.version} ${version}`,
        state: 'ii',
      });
    }
    return packages;
  }

  // -- faults --------------------------------------------------------------------------------------------------------------

  /** Kills every SSH session (not the listener). What the sessions had started lives on as far as it can. */
  async dropSshConnections(): Promise<void> {
    await this.output(
      'for p in $(pgrep -x sshd); do [ "$p" = "$(cat /run/sshd.pid)" ] || kill -9 "$p"; done; true',
    );
  }

  /** No new connection is accepted (ECONNREFUSED) until the returned function has run; sessions stay. */
  async refuseSsh(): Promise<() => Promise<void>> {
    const systemd = this.flavour === 'systemd';
    const byHand = 'kill "$(cat /run/sshd.pid)" && while [ -e /run/sshd.pid ]; do sleep 0.02; done';
    await this.output(systemd ? 'systemctl stop ssh' : byHand);
    return async () => {
      if (systemd) await this.output('systemctl start ssh');
      else {
        // The starter is back before its daemon listens; the file of its pid comes after.
        await this.#startInside('/usr/sbin/sshd -E /var/log/sshd.log');
        await this.output('while [ ! -e /run/sshd.pid ]; do sleep 0.02; done', { timeoutMs: 60_000 });
      }
    };
  }

  /** The host gets a new key, of the same or of another type. In force when this returns; `reset` takes it back. */
  async changeHostKey(type: 'ed25519' | 'ecdsa' = 'ed25519'): Promise<HostKey> {
    const file = join(this.#setup.dir, 'changed_key');
    this.#key = await createHostKey(file, type);
    const restore = await this.refuseSsh();
    await this.output('umask 077; cat > /etc/ssh/ssh_host_key', { input: await readFile(file, 'utf8') });
    await restore();
    return this.#key;
  }

  /** A real apt-get on the host holds dpkg's frontend lock. It changes nothing, and ends (or is killed) with `release`. */
  holdDpkgLock(): Promise<HeldLock> {
    const gate = '/run/lab/hold-dpkg';
    const wait = `touch ${gate}; while [ -e ${gate} ]; do sleep 0.05; done; exit 1`;
    const command = `exec apt-get -qy -o DPkg::Pre-Invoke::=${quote(wait)} install --reinstall lab-plain=1.0`;
    return this.#hold(command, gate, `rm -f ${gate}`);
  }

  /** The manager's own lock is held: by a real apt-get, a zypper shell that waits, or dnf's own code in a python3. Nothing changes on the host. */
  holdManagerLock(): Promise<HeldLock> {
    if (this.manager === 'apt') return this.holdDpkgLock();
    if (this.manager === 'zypper') {
      const asks = '/run/lab/hold-zypper';
      const held = `while [ "$(cat /run/zypp.pid 2> /dev/null)" != $$ ]; do sleep 0.05; done; touch ${asks}`;
      const command = `mkfifo ${asks}.answer; (${held}) & exec zypper --no-refresh shell <> ${asks}.answer > /dev/null`;
      return this.#hold(command, asks, `rm -f ${asks} ${asks}.answer`);
    }
    const gate = '/run/lab/hold-dnf';
    const python = [
      'import dnf.lock, os, sys, time',
      'gate = sys.argv[1]',
      'with dnf.lock.build_rpmdb_lock("/var/lib/dnf", True), dnf.lock.build_metadata_lock("/var/cache/dnf", True):',
      '    open(gate, "w").close()',
      '    while os.path.exists(gate): time.sleep(0.05)',
    ].join('\n');
    return this.#hold(`exec python3 -c ${quote(python)} ${gate}`, gate, `rm -f ${gate}`);
  }

  /** The kernel release that boots from now on, like a boot loader's default; null: the newest installed one. `reset` undoes it. */
  async bootKernel(release: string | null): Promise<void> {
    await this.output(
      release === null ? `rm -f ${BOOT_KERNEL_FILE}` : `echo ${quote(release)} > ${BOOT_KERNEL_FILE}`,
    );
  }

  /** A process on the host holds an fcntl lock on `file`, e.g. `/var/lib/apt/lists/lock`. */
  holdFileLock(file: string): Promise<HeldLock> {
    const gate = '/run/lab/hold-file';
    const perl = [
      'use Fcntl; my ($file, $gate) = @ARGV;',
      'sysopen(my $fh, $file, O_RDWR | O_CREAT, 0640) or die;',
      // struct flock on 64-bit Linux: type, whence, start, length, pid.
      'my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); fcntl($fh, F_SETLKW, $lock) or die;',
      'open(my $g, ">", $gate) or die; close $g; sleep 3600;',
    ].join(' ');
    return this.#hold(`exec perl -e ${quote(perl)} ${quote(file)} ${gate}`, gate, `rm -f ${gate}`);
  }

  /** Leaves `leaveBytes` (rounded down to a page) free on the host's disk. The returned function gives the space back. */
  async fillDisk(leaveBytes = 0): Promise<() => Promise<void>> {
    const shrink = async () => {
      const fs = await statfs(this.#rw);
      const used = (fs.blocks - fs.bfree) * fs.bsize;
      // tmpfs takes a size of 0 for "no limit".
      return run('mount', ['-o', `remount,size=${Math.max(used + leaveBytes, 4096)}`, this.#rw]);
    };
    // A size below what stands on it is refused; whoever writes meanwhile makes that out of a size that was right.
    let shrunk = await shrink();
    for (let tries = 1; shrunk.code !== 0 && tries < MOST_SHRINKS; tries++) shrunk = await shrink();
    if (shrunk.code !== 0)
      throw new Error(`The disk of ${this.name} cannot be made smaller: ${shrunk.stderr}`);
    return async () => {
      await must('mount', ['-o', `remount,size=${this.#setup.diskBytes}`, this.#rw]);
    };
  }

  /** Nothing on the host runs any more, though its kernel still accepts TCP. */
  freeze(): Promise<void> {
    return this.#setup.cgroup.freeze(true);
  }
  thaw(): Promise<void> {
    return this.#setup.cgroup.freeze(false);
  }

  /** The machine's pids of everything that runs on the host. */
  async processes(): Promise<number[]> {
    const found = await must('find', [
      this.#setup.cgroup.path,
      '-name',
      'cgroup.procs',
      '-exec',
      'cat',
      '{}',
      '+',
    ]);
    return found.split('\n').filter(Boolean).map(Number);
  }

  // -- inside --------------------------------------------------------------------------------------------------------------

  get #rw(): string {
    return join(this.#setup.dir, 'rw');
  }

  async #enter(command: readonly string[]): Promise<{ program: string; args: string[] }> {
    const pid = String(await this.#supervisor.initPid());
    const env = [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/root',
      'LC_ALL=C.UTF-8',
    ];
    const spaces = ['-m', '-u', '-i', '-p', '-n', '-T', '-C', '-r', '-w'];
    return {
      program: 'nsenter',
      args: ['-t', pid, ...spaces, '--', 'env', '-i', 'DEBIAN_FRONTEND=noninteractive', ...env, ...command],
    };
  }

  /** Like `output`, but what it starts belongs to the host's cgroup, so that `freeze` reaches it as all else on the host. */
  async #startInside(command: string): Promise<void> {
    const { program, args } = await this.#enter(['sh', '-c', command]);
    const procs = join(this.#setup.cgroup.path, 'cgroup.procs');
    await must('sh', ['-c', 'echo $$ > "$0" && exec "$@"', procs, program, ...args]);
  }

  /** Starts `command` in the background and waits until it has made the file `gate`; `release` runs `end` and waits for its exit. */
  async #hold(command: string, gate: string, end: string): Promise<HeldLock> {
    const { program, args } = await this.#enter(['sh', '-c', `echo $$ > ${gate}.pid; ${command}`]);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#helpers.add(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (text += data.toString()));
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const ready = this.output(
      `for _ in $(seq 3000); do [ -e ${gate} ] && exec cat ${gate}.pid; sleep 0.02; done; exit 1`,
    );
    const died = exited.then(() => {
      throw new LabError(`${this.name}: the lock's holder ended at once:\n${text}`);
    });
    died.catch(() => {});
    const pid = Number(await Promise.race([ready, died]));
    const name = await this.output(`cat /proc/${pid}/comm`);
    return {
      pid,
      command: name,
      release: async () => {
        if (this.isOn) await this.exec(`${end}; [ ${quote(name)} = apt-get ] || kill ${pid}`);
        await exited;
        this.#helpers.delete(child);
      },
    };
  }

  async #freshDisk(): Promise<void> {
    const { dir, name, address, repositoryAddress, repositoryHost, diskBytes } = this.#setup;
    await must('mount', ['-t', 'tmpfs', '-o', `mode=755,size=${diskBytes}`, 'frostline-lab', this.#rw]);
    const upper = join(this.#rw, 'upper');
    await mkdir(join(this.#rw, 'work'), { recursive: true });
    const put = async (path: string, content: string | Buffer, mode: number): Promise<void> => {
      await mkdir(join(upper, path, '..'), { recursive: true, mode: 0o755 });
      await writeFile(join(upper, path), content, { mode });
    };
    await put('etc/ssh/ssh_host_key', await readFile(join(dir, 'host_key')), 0o600);
    this.#key = this.#firstKey;
    await put('etc/ssh/sshd_config.d/10-host.conf', `ListenAddress ${address}\nPort ${SSH_PORT}\n`, 0o644);
    await put('etc/hostname', `${name}\n`, 0o644);
    await put(
      'etc/hosts',
      `127.0.0.1 localhost\n${address} ${name}\n${repositoryAddress} ${repositoryHost}\n`,
      0o644,
    );
    await put('etc/machine-id', `${createHash('md5').update(name).digest('hex')}\n`, 0o444);
    const agent = `lab-host/${name}`;
    if (this.manager === 'dnf') await put('etc/dnf/dnf.conf', dnfConf(agent), 0o644);
    else if (this.manager === 'zypper') await put('etc/zypp/repos.d/lab.repo', zypperRepository(name), 0o644);
    else await put('etc/apt/apt.conf.d/90lab-host', `Acquire::http::User-Agent "apt ${agent}";\n`, 0o644);
  }
}

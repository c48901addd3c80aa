/** One row on one host: what its hooks get to work with. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet } from '../fleet/fleet.ts';
import type { HeldLock, LabHost } from '../fleet/host.ts';
import { must } from '../fleet/process.ts';
import { SLOW_SECONDS_FILE } from '../fleet/shapes.ts';
import type { LabConsole, Login } from '../support/console.ts';
import { holdSlow, letSlowGo, reachedGate } from '../support/gate.ts';
import type { Live } from '../support/live.ts';
import type { Side } from './sides.ts';

const snapshots = new WeakMap<LabConsole, Map<string, Promise<string>>>();

export class Case {
  readonly fleet: Fleet;
  readonly console: LabConsole;
  readonly host: LabHost;
  readonly side: Side;
  /** The name the console knows the host by; `knowAs` gives it another. */
  name: string;
  /** A lock that the row's fault holds. */
  lock: HeldLock | undefined;
  readonly #undo: (() => Promise<unknown>)[] = [];
  /** Requests that the repository had answered before this row: the same host may have fetched the same file in another. */
  readonly #earlier: number;

  constructor(o: { fleet: Fleet; console: LabConsole; host: LabHost; side: Side }) {
    this.fleet = o.fleet;
    this.console = o.console;
    this.host = o.host;
    this.side = o.side;
    this.name = o.host.name;
    this.#earlier = o.fleet.repository.requests.length;
  }

  /** Undone at the row's end, however it ends; the last first. */
  defer(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async undoAll(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }

  /** Another way to the same host, under a name of its own, for this row. `at`: reached there instead. */
  async knowAs(name: string, login: Login, at: { address: string; port: number } = this.host): Promise<void> {
    await this.console.add(this.host, { ...login, name, at });
    this.defer(() => this.console.cli('hosts', 'remove', name));
    this.name = name;
    if (at.address !== this.host.address || at.port !== this.host.port)
      await this.console.trust(name, '--accept-new');
    await this.console.scan(name);
  }

  /** The same name and version may be of several kinds of hosts in the fleet. */
  async #make(title: string, words: readonly string[]): Promise<string> {
    await this.console.ok('snapshot', 'create', title, '--empty');
    await this.console.ok('snapshot', 'edit', title, ...words, '--ecosystem', this.side.name);
    return title;
  }

  /** A snapshot of the newest versions of these packages; made once for all rows. */
  snapshot(names: readonly string[]): Promise<string> {
    const words = names.flatMap((name) => ['--add', `${name}=${this.side.newest(name)}`]);
    const title = `${this.side.name} ${names.join(' ')}`;
    const made = snapshots.get(this.console) ?? new Map<string, Promise<string>>();
    snapshots.set(this.console, made);
    const known = made.get(title) ?? this.#make(title, words);
    made.set(title, known);
    return known;
  }

  /** lab-slow takes this long on the host. */
  async slow(seconds: number): Promise<void> {
    await this.host.output(`echo ${seconds} > ${SLOW_SECONDS_FILE}`);
  }

  /** lab-slow stops at this step until it is let go. */
  hold(step = 1): Promise<void> {
    return holdSlow(this.host, step);
  }

  /** Waits until lab-slow stands at its first step, and is seen there. dnf shows what a script prints only when it has ended. */
  async held(live: Live): Promise<void> {
    if (this.side.name === 'apt') await live.slowOn(this.name);
    else await live.reaches(this.name, 'applying');
    await reachedGate(this.host, '1');
  }

  letGo(step = 1): Promise<void> {
    return letSlowGo(this.host, step);
  }

  /** Waits until the task shows that it waits for something. */
  async waiting(live: Live, words: string): Promise<void> {
    await live.event(
      `a wait for "${words}"`,
      (event) => event.type === 'task.progress' && event.waitingFor?.includes(words) === true,
    );
  }

  /** Waits until the manager's process is gone from the host. */
  async managerGone(): Promise<void> {
    await this.host.output(
      'while pgrep -x "apt-get|dpkg|dnf|yum|zypper|rpm" >/dev/null; do sleep 0.05; done',
      {
        timeoutMs: 60_000,
      },
    );
  }

  /** Waits until the host has begun, in this row, to fetch a file whose path matches. */
  async requested(path: RegExp): Promise<void> {
    const begun = () =>
      this.fleet.repository.requests
        .slice(this.#earlier)
        .some((one) => one.host === this.host.name && path.test(one.path));
    while (!begun()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** The old version of a package that no host has at first, from the repository. */
  async installOld(name: string): Promise<void> {
    await this.host.output(
      this.side.name === 'apt'
        ? `apt-get -q update >/dev/null && apt-get -qy install ${name}=1.0 && rm -rf /var/cache/apt/archives/*.deb /var/log/apt/* /var/log/dpkg.log`
        : this.side.name === 'dnf'
          ? `dnf -qy install ${name}-1.0-1`
          : `zypper -qn install --oldpackage ${name}=1.0-1 && rm -f /var/log/zypp/history`,
    );
    // A snapshot takes a package that it does not know from a scan for one of apt's.
    if (this.side.name !== 'apt') await this.console.scan(this.name);
  }

  /** The host knows no repository's content any more; it has to be asked. */
  async forgetLists(): Promise<void> {
    await this.host.output('rm -rf /var/lib/apt/lists/*repo* /var/cache/apt/*.bin');
  }

  /** Not one file more can be made on the host's disk. */
  async useUpInodes(): Promise<void> {
    const disk = join(this.fleet.dir, 'hosts', this.host.name, 'rw');
    const { files, ffree } = await statfs(disk);
    await must('mount', ['-o', `remount,nr_inodes=${files - ffree}`, disk]);
  }

  async freeInodes(): Promise<void> {
    const disk = join(this.fleet.dir, 'hosts', this.host.name, 'rw');
    await must('mount', ['-o', 'remount,nr_inodes=100000', disk]);
  }

  /** Space on the disk again. */
  async freeDisk(): Promise<void> {
    await this.#space?.();
    this.#space = undefined;
  }
  #space: (() => Promise<void>) | undefined;

  async fillDisk(leaveBytes: number): Promise<void> {
    this.#space = await this.host.fillDisk(leaveBytes);
  }

  /** A program of this name is at work on the host and holds an fcntl lock on a file, as the real one would. */
  async holdAs(name: string, file: string): Promise<HeldLock> {
    const gate = `/run/lab/hold-${name}`;
    const script = [
      '#!/usr/bin/perl',
      'use Fcntl;',
      `sysopen(my $fh, "${file}", O_RDWR | O_CREAT, 0640) or die;`,
      // struct flock on 64-bit Linux: type, whence, start, length, pid.
      'my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); fcntl($fh, F_SETLKW, $lock) or die;',
      `open(my $g, ">", "${gate}") or die; print $g $$; close $g;`,
      `select(undef, undef, undef, 0.05) while -e "${gate}";`,
    ].join('\n');
    await this.host.output(`cat > /usr/bin/${name}; chmod 755 /usr/bin/${name}`, { input: script });
    const ended = this.host.exec(`/usr/bin/${name}`);
    const pid = await this.host.output(`until [ -s ${gate} ]; do sleep 0.02; done; cat ${gate}`, {
      timeoutMs: 60_000,
    });
    return {
      pid: Number(pid),
      command: name,
      release: async () => {
        await this.host.output(`rm -f ${gate}`);
        await ended;
      },
    };
  }
}

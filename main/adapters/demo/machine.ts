/** One demo host's folder: what stands in for its file system, made once and then only changed by the host itself. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { compareDebianVersions } from '../../core/drivers/apt/version.ts';
import { ROOT_MARK } from '../../core/drivers/shell.ts';
import type { Log } from '../../core/ports.ts';
import { FRAGILE, installedOn, type Role } from './catalogue.ts';
import { controlOf, fileNameOf, LIST_FILES, writeWhole } from './repository.ts';
import { REBOOT, REBOOT_PROGRAM } from './standins/system.ts';

/** `forgetful`: its apt cache was emptied, so that versions it has installed are not to be had on it; one of them nowhere at all. */
export type Trouble = 'failing' | 'slow' | 'reboot' | 'unreachable' | 'forgetful';
export type Machine = {
  name: string;
  role: Role;
  environment: string;
  tags: Record<string, string>;
  trouble?: Trouble;
  /** It goes down when it is to restart, and stays down. */
  staysDown?: boolean;
};

const FOLDERS = [
  'boot',
  'etc/apt/apt.conf.d',
  'etc/frostline-demo',
  'home/demo',
  'proc/sys/kernel/random',
  'root',
  'run',
  'sbin',
  'tmp',
  'usr',
  'var/cache/apt/archives/partial',
  'var/lib/apt/lists/partial',
  'var/lib/dpkg/updates',
  'var/log',
];

/** When the host last came up, in milliseconds since 1970. */
const BOOTED = 'etc/frostline-demo/booted';
/** One line for each time it came up anew: when, and with which kernel. */
const BOOT_LOG = 'var/log/boot';
const FIRST_UPTIME_MS = 37 * 86_400_000;

const OS_RELEASE = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
`;

const link = (from: string, to: string): void => {
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch {
    // Another file system, or one without hard links.
    copyFileSync(from, to);
  }
};

const fill = (root: string, machine: Machine, dir: string): void => {
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  const installed = installedOn({
    role: machine.role,
    oldKernel: machine.trouble === 'reboot',
    agent: machine.trouble === 'forgetful',
  });
  write('etc/os-release', OS_RELEASE);
  write('etc/debian_version', '12.8\n');
  write('etc/hostname', `${machine.name}\n`);
  write('etc/frostline-demo/disks', '/ 20511312 6204512\n/boot 482922 96210\n');
  write('proc/locks', '');
  write('proc/mounts', '/dev/vda1 / ext4 rw,relatime 0 0\n/dev/vda2 /boot ext4 rw,relatime 0 0\n');
  write('proc/sys/kernel/random/boot_id', `${randomUUID()}\n`);
  write(
    'proc/sys/kernel/osrelease',
    `${machine.trouble === 'reboot' ? '6.1.0-26-amd64' : '6.1.0-27-amd64'}\n`,
  );
  write(BOOTED, `${Date.now() - FIRST_UPTIME_MS}\n`);
  for (const file of ['lock', 'lock-frontend']) write(`var/lib/dpkg/${file}`, '');
  write(
    'var/lib/dpkg/status',
    `${installed.map(({ entry, release }) => controlOf(entry, release, 'install ok installed')).join('\n\n')}\n\n`,
  );
  write(
    'var/lib/apt/extended_states',
    installed
      .filter(({ entry }) => entry.auto === true)
      .map(({ entry }) => `Package: ${entry.name}\nArchitecture: amd64\nAuto-Installed: 1\n\n`)
      .join(''),
  );
  if (machine.trouble === 'failing') {
    const fragile = installed.find(({ entry }) => entry.name === FRAGILE[machine.role])?.entry;
    write('etc/frostline-demo/broken', `${fragile?.name} ${fragile?.releases.at(-1)?.version}\n`);
  }
  // What the repositories no longer have, apt's cache may still hold.
  for (const { entry, release } of installed) {
    if (release.suite !== undefined || machine.trouble === 'forgetful') continue;
    const name = fileNameOf(entry, release);
    link(join(dir, 'pool', name), join(root, 'var/cache/apt/archives', name));
  }
};

const makeFolders = (root: string): void => {
  for (const folder of FOLDERS) mkdirSync(join(root, folder), { recursive: true });
};

/** Makes the host's folder if it is not there whole, and gives it the present package lists. Returns the folder. */
export const prepareMachine = (machine: Machine, dir: string): string => {
  const root = join(dir, 'hosts', machine.name);
  const done = join(root, 'etc/frostline-demo/ready');
  if (!existsSync(done)) {
    rmSync(root, { recursive: true, force: true });
    makeFolders(root);
    fill(root, machine, dir);
    writeWhole(done, `${Date.now()}\n`);
  }
  // A host of an earlier version may lack some.
  makeFolders(root);
  writeWhole(join(root, REBOOT_PROGRAM), REBOOT, 0o755);
  // The scripts take no other folder for a host's root.
  writeFileSync(join(root, ROOT_MARK), '', { mode: 0o600 });
  for (const file of Object.values(LIST_FILES))
    link(join(dir, 'lists', file), join(root, 'var/lib/apt/lists', file));
  return root;
};

/** The scripts read it where Linux has it. */
export const writeUptime = (root: string): void => {
  const booted = existsSync(join(root, BOOTED)) ? Number(readFileSync(join(root, BOOTED), 'utf8')) : 0;
  const seconds = ((Date.now() - (booted || Date.now() - FIRST_UPTIME_MS)) / 1000).toFixed(2);
  writeFileSync(join(root, 'proc/uptime'), `${seconds} ${seconds}\n`);
};

/** The newest kernel that is installed; undefined where none is. */
const installedKernel = (root: string): string | undefined =>
  readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8')
    .split('\n\n')
    .filter((stanza) => /^Status: \S+ ok installed$/m.test(stanza))
    .flatMap((stanza) => /^Package: linux-image-(\d\S*)$/m.exec(stanza)?.[1] ?? [])
    .sort(compareDebianVersions)
    .at(-1);

/** What coming up anew changes of a host: all else on its disk stays, the folders of its jobs among it. */
export const bootMachine = (root: string): void => {
  const kernel = installedKernel(root);
  if (kernel !== undefined) writeWhole(join(root, 'proc/sys/kernel/osrelease'), `${kernel}\n`);
  for (const name of readdirSync(join(root, 'run')))
    rmSync(join(root, 'run', name), { recursive: true, force: true });
  rmSync(join(root, 'var/lib/dpkg/demo-lock'), { recursive: true, force: true });
  const now = new Date();
  appendFileSync(join(root, BOOT_LOG), `${now.toISOString()} ${kernel ?? ''}\n`);
  writeWhole(join(root, BOOTED), `${now.getTime()}\n`);
  writeUptime(root);
  writeWhole(join(root, 'proc/sys/kernel/random/boot_id'), `${randomUUID()}\n`);
};

/**
 * Process groups of the jobs that run on the demo hosts under `dir`, or on one of them. A job is its own session, so its group is all of it; it is
 * known for certain by the file it runs.
 */
export const runningJobs = (dir: string, name?: string): number[] => {
  const jobs = `${name === undefined ? join(dir, 'hosts') : join(dir, 'hosts', name)}/`;
  const listed = execFileSync('ps', ['-A', '-ww', '-o', 'pgid=', '-o', 'args='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const groups = listed.split('\n').flatMap((line) => {
    const [, group = '', command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    const isJob =
      /^(\S*\/)?sh /.test(command) &&
      command.includes(jobs) &&
      /\/var\/lib\/frostline\/jobs\/[^/]+\/(run|script)( |$)/.test(command);
    return isJob && Number(group) > 1 ? [Number(group)] : [];
  });
  return [...new Set(groups)];
};

/** As if the power went: of all hosts under `dir`, or of one. */
export const endJobs = (dir: string, log: Log, name?: string): void => {
  for (const group of runningJobs(dir, name)) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      log.write('debug', 'a job of the demo fleet ended by itself', { group });
    }
  }
};

import { closeGate, openGate, reachedGate } from '../../support/gate.ts';
import type { Case } from '../case.ts';
import { CONTENT_FILE, EATEN_FILE, HUNGRY_GATE } from '../extras.ts';
import type { Row } from '../matrix.ts';
import { shortOfMemory } from '../memory.ts';

const group = 'Memory and disks';
const on = ['apt', 'dnf', 'zypper'] as const;
const MiB = 1024 * 1024;

/** A file system of its own for a folder of the host's, as big as its content and `room` bytes more. */
const mountOver = (c: Case, folder: string, room: number): Promise<string> =>
  c.host.output(
    `size=$(($(du -sk ${folder} | cut -f1) * 1024 + ${room}))
mkdir -p /mnt/over && mount -t tmpfs -o "size=$size,mode=755" tmpfs /mnt/over && cp -a ${folder}/. /mnt/over && mount --move /mnt/over ${folder}`,
  );

/** Slows the download of lab-big down for this host, so that something can happen in the middle of it. */
const slowDownload = async (c: Case): Promise<() => void> => {
  const heal = c.fleet.repository.fault({
    kind: 'slow',
    path: /lab-big[_-]1\.1/,
    host: c.host.name,
    bytesPerSecond: 256 * 1024,
  });
  c.defer(async () => heal());
  return heal;
};

export const diskRows: readonly Row[] = [
  {
    id: 'oom-script',
    group,
    fault: 'A package’s script takes all memory, and the kernel ends it',
    on,
    brings: ['lab-hungry'],
    inject: async (c) => {
      await c.installOld('lab-hungry');
      c.defer(await shortOfMemory(c.host, 200 * MiB));
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      message:
        'Packages could not be brought to the wanted state. lab-hungry: Killed / installed lab-hungry package post-installation script subprocess returned error exit status 1 · …',
      packages: 'old',
    },
    differs: {
      dnf: {
        code: 'host.script-failed',
        message:
          'The packages are in place, but a script of theirs failed, and rpm goes on after that. lab-hungry: Killed / …',
      },
      zypper: {
        code: 'host.script-failed',
        message:
          'The packages are in place, but a script of theirs failed, and rpm goes on after that. lab-hungry: … Killed / …',
      },
    },
    next: {
      by: 'run',
      after: 'the package content with less',
      mend: async (c) => void (await c.host.output(`touch ${CONTENT_FILE}`)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'oom-manager',
    group,
    fault: 'Memory runs out, and the kernel ends the package manager',
    on: ['apt'],
    brings: ['lab-hungry', 'lab-slow'],
    inject: async (c) => {
      await c.installOld('lab-hungry');
      await c.slow(0);
      await closeGate(c.host, HUNGRY_GATE);
    },
    during: async (c) => {
      await reachedGate(c.host, HUNGRY_GATE);
      c.defer(await shortOfMemory(c.host, 200 * MiB, 'apt-get'));
      await openGate(c.host, HUNGRY_GATE);
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      message:
        'Packages could not be brought to the wanted state. lab-hungry: Killed / installed lab-hungry package post-installation script subprocess returned error exit status 1 · …',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'the package content with less',
      mend: async (c) => void (await c.host.output(`touch ${CONTENT_FILE}`)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'disk-full-before',
    group,
    fault: 'The disk is too small for the update',
    on,
    brings: ['lab-big'],
    inject: (c) => c.fillDisk(8 * MiB),
    ends: {
      exit: 1,
      state: 'not started',
      code: 'host.disk-full',
      message: 'Refused on HOST: / on HOST has … MB free, … MB are needed.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'space made',
      mend: (c) => c.freeDisk(),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'disk-full-download',
    group,
    fault: 'The disk runs full while packages are being downloaded',
    on,
    brings: ['lab-big'],
    inject: async (c) => void (await slowDownload(c)),
    during: async (c, live) => {
      await live.reaches(c.name, 'staging');
      await c.requested(/lab-big[_-]1\.1/);
      await c.fillDisk(0);
      await c.undoAll();
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.disk-full',
      message:
        'The packages could not be downloaded: Failed to fetch http://repo.lab:18480/debian/pool/lab/lab-big_1.1….deb Error writing to file - write (28: No space left on device) …',
      packages: 'old',
    },
    differs: {
      dnf: {
        code: 'host.disk-full',
        message:
          'The packages could not be downloaded: lab-big-1.1-1…: Download failed: Curl error (23): Failed writing received data to disk/application for …',
      },
      zypper: {
        code: 'host.disk-full',
        message: 'The packages could not be downloaded: Download (curl) error for …lab-big-1.1-1.…',
      },
    },
    next: {
      by: 'retry',
      after: 'space made',
      mend: (c) => c.freeDisk(),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'disk-full-apply',
    group,
    fault: 'The disk runs full in the middle of the transaction',
    on: ['apt'],
    brings: ['lab-eater'],
    inject: (c) => c.installOld('lab-eater'),
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.disk-full',
      message:
        "The host ran out of disk space. lab-eater: cannot copy extracted data for './usr/lib/lab-eater/payload.bin' to '/usr/lib/lab-eater/payload.bin.dpkg-new': failed to write …",
      packages: 'old',
    },
    next: {
      by: 'retry',
      after: 'space made',
      mend: async (c) => void (await c.host.output(`rm ${EATEN_FILE}; touch ${CONTENT_FILE}`)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'inodes-gone',
    group,
    fault: 'No inode is left, though there is space',
    on: ['apt'],
    inject: (c) => c.useUpInodes(),
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.disk-full',
      message: "There is no room for the simulation in the host's temporary folder.",
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'inodes made',
      mend: (c) => c.freeInodes(),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'var-full',
    group,
    fault: 'A /var of its own is too small for the download',
    on,
    brings: ['lab-big'],
    inject: async (c) => void (await mountOver(c, '/var', 8 * MiB)),
    ends: {
      exit: 1,
      state: 'not started',
      code: 'host.disk-full',
      message: 'Refused on HOST: /var on HOST has … MB free, … MB are needed.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'space made',
      mend: async (c) => void (await c.host.output('mount -o remount,size=200m /var')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'boot-full',
    group,
    fault: 'A /boot of its own is too small for what the package puts there',
    on: ['apt'],
    brings: ['lab-boot'],
    inject: async (c) => {
      await c.installOld('lab-boot');
      await mountOver(c, '/boot', 2 * MiB);
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.disk-full',
      message:
        "The host ran out of disk space. lab-boot: cannot copy extracted data for './boot/lab-boot.img' to '/boot/lab-boot.img.dpkg-new': failed to write (No space left on …",
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'space made',
      mend: async (c) => void (await c.host.output('mount -o remount,size=100m /boot')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'read-only',
    group,
    fault: 'The file system is read-only, as the kernel leaves it after an error',
    on,
    inject: async (c) => {
      // Open files are in the way of it: sshd's log is one.
      await c.host.output(
        'kill "$(cat /run/sshd.pid)"; while [ -e /run/sshd.pid ]; do sleep 0.02; done; /usr/sbin/sshd -E /run/sshd.log; while [ ! -e /run/sshd.pid ]; do sleep 0.02; done',
      );
      // Sessions that the console keeps open hold it, too.
      await c.host.dropSshConnections();
      await c.host.output(
        'for _ in $(seq 1000); do mount -o remount,ro / 2>/dev/null && exit 0; sleep 0.05; done; mount -o remount,ro /',
      );
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.read-only',
      message: '/ is mounted read-only on this host.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'mounted for writing',
      mend: async (c) => void (await c.host.output('mount -o remount,rw /')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'usr-read-only',
    group,
    fault: '/usr becomes read-only between plan and job',
    on: ['apt'],
    brings: ['lab-big'],
    inject: async (c) => void (await slowDownload(c)),
    during: async (c, live) => {
      await live.reaches(c.name, 'staging');
      await c.requested(/lab-big[_-]1\.1/);
      await c.host.output('mount --bind /usr /usr && mount -o remount,bind,ro /usr');
      await c.undoAll();
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.read-only',
      message: 'A file system the packages need is read-only. /usr is not writable',
      packages: 'old',
    },
    next: {
      by: 'retry',
      after: 'mounted for writing',
      mend: async (c) => void (await c.host.output('mount -o remount,bind,rw /usr')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'tmp-noexec',
    group,
    fault: '/tmp may not execute anything (noexec)',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: async (c) => {
      await c.slow(0);
      await c.host.output('mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp');
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'rollback', state: 'rolled-back', packages: 'old' },
  },
  {
    id: 'var-noexec',
    group,
    fault: '/var may not execute anything: packages’ scripts cannot be started',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: async (c) => {
      await mountOver(c, '/var', 100 * MiB);
      await c.host.output('mount -o remount,noexec /var');
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      message:
        'Packages could not be brought to the wanted state. lab-slow: dpkg (subprocess): unable to execute installed lab-slow package post-installation script …',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'noexec taken off',
      mend: async (c) => void (await c.host.output('mount -o remount,exec /var')),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'tmp-full',
    group,
    fault: '/tmp is full',
    on: ['apt'],
    inject: async (c) =>
      void (await c.host.output('mount -t tmpfs -o size=4k,mode=1777 tmpfs /tmp; echo x > /tmp/x')),
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.disk-full',
      message: "There is no room for the simulation in the host's temporary folder.",
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'space made',
      // A session that the console keeps open may stand in it.
      mend: async (c) => void (await c.host.output('umount -l /tmp')),
      state: 'succeeded',
      packages: 'new',
    },
  },
];

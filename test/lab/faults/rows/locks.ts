import { BROKEN_OK_FILE } from '../../fleet/shapes.ts';
import type { Case } from '../case.ts';
import type { Row } from '../matrix.ts';

const group = 'Locks and what was broken before';
const on = ['apt', 'dnf', 'zypper'] as const;

/** Leaves lab-broken 1.1 half-configured on the host. */
const breakIt = (c: Case): Promise<string> =>
  c.host.output(
    'apt-get -qy install lab-broken >/dev/null 2>&1; dpkg -s lab-broken | grep -q half-configured',
  );

export const lockRows: readonly Row[] = [
  {
    id: 'lock-released',
    group,
    fault: 'A person’s package manager holds the lock, and gives it back',
    on,
    during: async (c, live) => {
      const { lock } = c;
      await c.waiting(live, String(lock?.pid));
      await lock?.release();
    },
    inject: async (c) => {
      c.lock = await c.host.holdManagerLock();
    },
    shows: '…pid … (…)…',
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'lock-kept',
    group,
    fault: 'A person’s package manager holds the lock, for longer than is waited',
    on,
    options: ['--lock-timeout', '2s'],
    inject: async (c) => {
      c.lock = await c.host.holdManagerLock();
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.lock-held',
      message:
        'The packages could not be downloaded: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process … (apt-get) · Unable to acquire the dpkg frontend lock …',
      packages: 'old',
    },
    differs: {
      dnf: {
        message: 'The packages could not be downloaded: metadata already locked by … (held by pid … (…))…',
      },
      zypper: {
        message:
          'The packages could not be downloaded: System management is locked by the application with pid … (zypper). …',
      },
    },
    next: {
      by: 'retry',
      after: 'lock given back',
      mend: async (c) => c.lock?.release(),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'lock-unattended',
    group,
    fault: 'unattended-upgrades is at work',
    on: ['apt'],
    inject: async (c) => {
      c.lock = await c.holdAs('unattended-upgr', '/var/lib/dpkg/lock-frontend');
    },
    during: async (c, live) => {
      await c.waiting(live, 'unattended-upgr');
      await c.lock?.release();
    },
    shows: '…unattended-upgr…',
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'lists-locked',
    group,
    fault: 'Something else reads the repositories’ lists (their lock is held) while they are needed',
    on: ['apt'],
    long: true,
    inject: async (c) => {
      await c.forgetLists();
      c.lock = await c.host.holdFileLock('/var/lib/apt/lists/lock');
    },
    ends: {
      exit: 1,
      state: 'not started',
      code: 'host.version-unavailable',
      message:
        "Refused on HOST: lab-plain 1.1 is in none of this host's repositories. E: Could not get lock /var/lib/apt/lists/lock. It is held by process … (perl) · E: Unable to lock …",
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'lock given back',
      mend: async (c) => c.lock?.release(),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'broken-before',
    group,
    fault: 'Another package is half-configured before the run',
    on: ['apt'],
    inject: async (c) => void (await breakIt(c)),
    ends: {
      exit: 1,
      state: 'not started',
      code: 'host.packages-broken',
      message:
        'Refused on HOST: Broken on this host: lab-broken: half-configured (iF). Mend it with dpkg --configure -a, or with a version that repairs it.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'dpkg --configure -a, its cause gone',
      mend: async (c) => void (await c.host.output(`touch ${BROKEN_OK_FILE}; dpkg --configure -a`)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'broken-before-own',
    group,
    fault: 'The very package is half-configured before the run',
    on: ['apt'],
    brings: ['lab-broken'],
    inject: async (c) => void (await breakIt(c)),
    ends: {
      exit: 1,
      state: 'not started',
      code: 'host.packages-broken',
      message: 'Refused on HOST: Nothing is left to install, but broken: lab-broken (half-configured (iF)).',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'dpkg --configure -a, its cause gone',
      mend: async (c) => void (await c.host.output(`touch ${BROKEN_OK_FILE}; dpkg --configure -a`)),
      state: 'compliant',
      packages: 'new',
    },
  },
  {
    id: 'dpkg-interrupted',
    group,
    fault: 'dpkg was interrupted before the run (its journal is not empty)',
    on: ['apt'],
    inject: async (c) =>
      void (await c.host.output(
        'dpkg -s lab-epoch > /var/lib/dpkg/updates/0001; test -s /var/lib/dpkg/updates/0001',
      )),
    ends: {
      exit: 1,
      state: 'not started',
      code: 'host.packages-broken',
      message:
        'Refused on HOST: Broken on this host: dpkg: was interrupted; dpkg --configure -a must finish it. Mend it with dpkg --configure -a, or with a version that repairs it.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'dpkg --configure -a',
      mend: async (c) => void (await c.host.output('dpkg --configure -a')),
      state: 'succeeded',
      packages: 'new',
    },
  },
];

import { BROKEN_OK_FILE } from '../../fleet/shapes.ts';
import type { Live } from '../../support/live.ts';
import type { Case } from '../case.ts';
import { CONTENT_FILE } from '../extras.ts';
import type { Row } from '../matrix.ts';

const group = 'Packages';
const on = ['apt', 'dnf', 'zypper'] as const;

/** apt takes seconds to foresee anything, as on a small host; dnf does so by itself. */
const slowToForesee = async (c: Case): Promise<void> => {
  if (c.side.name !== 'apt') return;
  const apt = '/usr/local/bin/apt-get';
  const text = '#!/bin/sh\ncase " $* " in *" -s "*) sleep 3 ;; esac\nexec /usr/bin/apt-get "$@"\n';
  await c.host.output(`cat >${apt} <<'END'\n${text}END\nchmod 755 ${apt}`);
};

/** Somebody at the host's keyboard, after the plan and before the task has foreseen what it would do. */
const byHand = async (c: Case, live: Live, name: string): Promise<void> => {
  await live.event('the start of the run', (event) => event.type === 'run.started');
  // What runs from outside is not frozen with the rest.
  await c.host.freeze();
  const words = {
    apt: `apt-get -qy install ${name}`,
    dnf: `dnf -qy upgrade ${name}`,
    zypper: `zypper -qn update ${name}`,
  };
  await c.host.output(words[c.side.name]);
  await c.host.thaw();
};

export const packageRows: readonly Row[] = [
  {
    id: 'script-fails',
    group,
    fault: 'A package’s script fails after unpacking',
    on,
    brings: ['lab-broken', 'lab-plain', 'lab-conf'],
    ends: {
      exit: 1,
      state: 'rolled-back',
      message:
        'Packages could not be brought to the wanted state. lab-broken: lab-broken: cannot migrate: /etc/lab-broken.ok is missing / installed lab-broken package post-installation …',
      packages: 'old',
    },
    differs: {
      dnf: {
        code: 'host.script-failed',
        message:
          'The packages are in place, but a script of theirs failed, and rpm goes on after that. lab-broken: lab-broken: cannot migrate: /etc/lab-broken.ok is missing / warning: …',
      },
      zypper: {
        code: 'host.script-failed',
        message:
          'The packages are in place, but a script of theirs failed, and rpm goes on after that. lab-broken: … lab-broken: cannot migrate: /etc/lab-broken.ok is missing / warning: …',
      },
    },
    next: {
      by: 'retry',
      after: 'cause gone',
      mend: async (c) => void (await c.host.output(`touch ${BROKEN_OK_FILE}`)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'script-fails-kept',
    group,
    fault: 'The same, with --on-failure keep',
    on: ['apt'],
    brings: ['lab-broken', 'lab-plain'],
    options: ['--on-failure', 'keep'],
    ends: {
      exit: 1,
      state: 'failed',
      message:
        'Packages could not be brought to the wanted state. lab-broken: lab-broken: cannot migrate: /etc/lab-broken.ok is missing / installed lab-broken package post-installation …',
      packages: 'half',
    },
    next: { by: 'rollback', state: 'rolled-back', packages: 'old' },
  },
  {
    id: 'script-refuses',
    group,
    fault: 'A package’s script refuses before unpacking',
    on: ['apt'],
    brings: ['lab-picky'],
    inject: (c) => c.installOld('lab-picky'),
    ends: {
      exit: 1,
      state: 'failed',
      message:
        'Packages could not be brought to the wanted state. lab-picky: lab-picky: not on this host / new lab-picky package pre-installation script subprocess returned error exit …',
      packages: 'old',
    },
    next: {
      by: 'retry',
      after: 'cause gone',
      mend: async (c) => void (await c.host.output(`touch ${CONTENT_FILE}`)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'script-clings',
    group,
    fault: 'The old version’s script does not let go',
    on: ['apt'],
    brings: ['lab-clingy'],
    inject: (c) => c.installOld('lab-clingy'),
    ends: {
      exit: 1,
      state: 'failed',
      message:
        'Packages could not be brought to the wanted state. lab-clingy: lab-clingy: still in use / dpkg: warning: old lab-clingy package pre-removal script subprocess returned …',
      packages: 'old',
    },
    next: {
      by: 'retry',
      after: 'cause gone',
      mend: async (c) => void (await c.host.output(`touch ${CONTENT_FILE}`)),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'script-asks',
    group,
    fault: 'A package’s script asks a question and waits for an answer',
    on: ['apt'],
    brings: ['lab-asks'],
    inject: (c) => c.installOld('lab-asks'),
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'script-leaves-daemon',
    group,
    fault: 'A package’s script leaves a process behind that keeps its output open',
    on: ['apt'],
    brings: ['lab-daemon'],
    inject: (c) => c.installOld('lab-daemon'),
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'script-hangs',
    group,
    fault: 'A package’s script never ends',
    on: ['apt'],
    brings: ['lab-stuck'],
    options: ['--timeout', '8s'],
    inject: (c) => c.installOld('lab-stuck'),
    ends: {
      exit: 1,
      state: 'needs-attention',
      code: 'host.timeout',
      message: 'The job on the host is still running after its time limit.',
      packages: 'half',
    },
    next: {
      by: 'retry',
      after: 'what it waited for has come',
      mend: async (c) => {
        await c.host.output(`touch ${CONTENT_FILE}`);
        await c.managerGone();
      },
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sshd-upgraded',
    group,
    fault:
      'openssh-server itself is upgraded; its script ends every session, and the listener for two seconds',
    on: ['apt'],
    brings: ['openssh-server', 'lab-slow'],
    inject: async (c) => {
      await c.slow(1);
      await c.host.output('apt-get -q update');
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'rollback', state: 'rolled-back', packages: 'old' },
  },
  {
    id: 'sshd-upgraded-systemd',
    group,
    fault: 'openssh-server itself is upgraded, on a host with systemd',
    on: ['apt'],
    flavour: 'systemd',
    brings: ['openssh-server', 'lab-slow'],
    inject: async (c) => {
      await c.slow(1);
      await c.host.output('apt-get -q update');
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'rollback', state: 'rolled-back', packages: 'old' },
  },
  {
    id: 'old-version-gone',
    group,
    fault: 'The old version is nowhere to be had: the update cannot be undone, and the plan says so',
    on,
    brings: ['lab-vanished'],
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: {
      by: 'rollback',
      exit: 1,
      state: 'rollback-failed',
      message: 'Not as before: lab-vanished is 1.1, was 1.0.',
      packages: 'new',
    },
    nextDiffers: {
      dnf: { message: 'Not as before: lab-vanished is 1.1-1, was 1.0-1.' },
      zypper: { message: 'Not as before: lab-vanished is 1.1-1, was 1.0-1.' },
    },
  },
  {
    id: 'changed-by-hand',
    group,
    fault: 'Somebody installs the same update by hand after it was planned',
    on,
    brings: ['lab-slow', 'lab-plain'],
    inject: async (c) => {
      await c.slow(0);
      await slowToForesee(c);
    },
    during: (c, live) => byHand(c, live, 'lab-plain'),
    ends: {
      exit: 1,
      state: 'failed',
      code: 'plan.drifted',
      message: 'The host changed since it was planned: no longer would upgrade lab-plain 1.0 → 1.1.',
      packages: 'mixed',
    },
    differs: {
      dnf: {
        message: 'The host changed since it was planned: no longer would upgrade lab-plain 1.0-1 → 1.1-1.',
      },
      zypper: {
        message: 'The host changed since it was planned: no longer would upgrade lab-plain 1.0-1 → 1.1-1.',
      },
    },
    next: { by: 'run', state: 'succeeded', packages: 'new' },
  },
];

import { KERNELS } from '../../fleet/shapes.ts';
import type { Row } from '../matrix.ts';

const group = 'Restarts';
const on = ['apt', 'dnf', 'zypper'] as const;

export const restartRows: readonly Row[] = [
  {
    id: 'restart',
    group,
    fault: 'None: a restart that an update wants, with --reboot if-required',
    on,
    brings: ['lab-reboot'],
    options: ['--reboot', 'if-required'],
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: async (c) => {
      if (c.host.boots < 2) throw new Error('the host was not restarted');
    },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'restart-away',
    group,
    fault: 'The host does not come back from its restart in time',
    on: ['apt'],
    brings: ['lab-reboot'],
    options: ['--reboot', 'always', '--reboot-timeout', '5s'],
    long: true,
    inject: async (c) => c.host.onReboot('stay-off'),
    offline: true,
    ends: {
      exit: 1,
      state: 'needs-attention',
      code: 'host.reboot-failed',
      message:
        'The host did not come back from its restart within 5 s. It last answered at … UTC: HOST cannot be reached at …: the connection was refused.',
      packages: 'new',
    },
    next: {
      by: 'retry',
      after: 'switched on',
      mend: async (c) => {
        c.host.onReboot(0);
        await c.host.boot();
      },
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'restart-kernel',
    group,
    fault: 'The host comes back with its old kernel',
    on: ['apt'],
    brings: ['linux-image-amd64'],
    options: ['--reboot', 'if-required', '--reboot-timeout', '30s'],
    inject: async (c) => {
      await c.host.output(
        'apt-get -q update >/dev/null && apt-get -qy install linux-image-amd64=6.1.90-1 >/dev/null',
      );
      await c.console.scan(c.name);
      await c.host.bootKernel(KERNELS.old);
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      code: 'host.reboot-failed',
      message: 'The host came back with kernel 6.1.0-90-amd64; 6.1.0-91-amd64 is installed.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'boot loader set right',
      mend: (c) => c.host.bootKernel(null),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'restart-unit',
    group,
    fault: 'A unit that ran before the restart does not come up again',
    on: ['apt'],
    flavour: 'systemd',
    options: ['--reboot', 'always', '--reboot-timeout', '60s'],
    inject: async (c) => {
      await c.host.output(
        "printf '[Unit]\\nConditionPathExists=/run/lab-lucky\\n[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/lab-moody.service; touch /run/lab-lucky; systemctl daemon-reload; systemctl enable --now lab-moody",
      );
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      code: 'host.reboot-failed',
      message: 'The host came back, but does not run again: lab-moody.service.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'the unit set right',
      mend: async (c) =>
        void (await c.host.output(
          'sed -i /Condition/d /etc/systemd/system/lab-moody.service; systemctl daemon-reload; systemctl start lab-moody',
        )),
      state: 'succeeded',
      packages: 'new',
    },
  },
];

import { expect } from 'vitest';
import { closeGate, reachedGate } from '../../support/gate.ts';
import type { Case } from '../case.ts';
import { LEAVE_GATE } from '../extras.ts';
import type { Row } from '../matrix.ts';
import { jobEnded } from './network.ts';

const group = 'The host and its power';
const on = ['apt', 'dnf', 'zypper'] as const;

/** The processes of a job: the one that runs it, and its script. */
const killRunner = (c: Case): Promise<string> =>
  c.host.output("awk '{ print $1 }' /var/lib/frostline/jobs/*/pid | xargs kill -9");

/** The plug is pulled and put in again. */
const cut = async (c: Case): Promise<void> => {
  await c.host.powerCut();
  await c.host.boot();
};

export const hostRows: readonly Row[] = [
  {
    id: 'frozen-mid',
    group,
    fault: 'The host freezes in mid-apply (it accepts TCP and answers nothing), and thaws',
    on: ['apt', 'dnf'],
    brings: ['lab-slow'],
    long: true,
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.freeze();
      await c.waiting(live, 'answer again');
      await c.host.thaw();
      await c.letGo();
    },
    shows: 'host to answer again (…)',
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'frozen-before',
    group,
    fault: 'The host is frozen before the run',
    on: ['apt'],
    long: true,
    inject: async (c) => {
      await c.host.dropSshConnections();
      await c.host.freeze();
    },
    ends: {
      exit: 4,
      state: 'unreachable',
      code: 'host.timeout',
      message: 'HOST (…) did not answer within 15 s; waited for its greeting.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'thawed',
      mend: (c) => c.host.thaw(),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'power-cut',
    group,
    fault: 'The power is cut in the middle of a package, and comes back',
    on,
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await cut(c);
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      code: 'host.job-lost',
      message: 'The job ended in the middle: the host was restarted while the job ran',
      packages: 'old',
    },
    next: { by: 'run', state: 'succeeded', packages: 'new' },
  },
  {
    id: 'power-cut-kept',
    group,
    fault: 'The power is cut in the middle of a package, with --on-failure keep',
    on,
    brings: ['lab-slow'],
    options: ['--on-failure', 'keep'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await cut(c);
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.job-lost',
      message: 'The job ended in the middle: the host was restarted while the job ran',
      packages: 'half',
    },
    next: { by: 'rollback', state: 'rolled-back', packages: 'old' },
  },
  {
    id: 'power-cut-retried',
    group,
    fault: 'The power is cut in the middle of a package, and the run is tried again as it stands',
    on: ['apt'],
    brings: ['lab-slow'],
    options: ['--on-failure', 'keep'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await cut(c);
    },
    ends: {
      exit: 1,
      state: 'failed',
      code: 'host.job-lost',
      message: 'The job ended in the middle: the host was restarted while the job ran',
      packages: 'half',
    },
    next: { by: 'retry', state: 'succeeded', packages: 'new' },
  },
  {
    id: 'power-stays-off',
    group,
    fault: 'The power is cut in mid-apply and stays off until the time for the host is up',
    on: ['apt'],
    brings: ['lab-slow'],
    long: true,
    // Its rollback has as long, and has to be through with it.
    options: ['--timeout', '20s'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.network.link(false);
      await c.host.powerCut();
    },
    ends: {
      exit: 1,
      state: 'interrupted',

      message:
        'HOST cannot be reached at …: there is no route to it. — or: HOST (…) did not answer within 15 s; waited for the connection.',
      packages: 'half',
    },
    offline: true,
    next: {
      by: 'retry',
      after: 'switched on',
      mend: async (c) => {
        await c.host.network.link(true);
        await c.host.boot();
      },
      exit: 1,
      state: 'rolled-back',
      message: 'The job ended in the middle: the host was restarted while the job ran',
      packages: 'old',
    },
  },
  {
    id: 'power-cut-download',
    group,
    fault: 'The power is cut while packages are being downloaded, and comes back: the download is begun anew',
    on: ['apt'],
    brings: ['lab-big'],
    inject: async (c) => {
      const { host, fleet } = c;
      const heal = fleet.repository.fault({
        kind: 'slow',
        path: /lab-big[_-]1\.1/,
        host: host.name,
        bytesPerSecond: 64 * 1024,
      });
      c.defer(async () => heal());
    },
    during: async (c, live) => {
      await live.reaches(c.name, 'staging');
      await c.requested(/lab-big[_-]1\.1/);
      await c.host.powerCut();
      await c.host.boot();
      await c.undoAll();
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'power-cut-rollback',
    group,
    fault: 'The power is cut while the host is being rolled back',
    on: ['apt'],
    brings: ['lab-leaver'],
    inject: (c) => c.installOld('lab-leaver'),
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: {
      by: 'rollback',
      after: 'a rollback in which the power is cut ends as rollback-failed, with the state of the packages',
      mend: async (c, run) => {
        await closeGate(c.host, LEAVE_GATE);
        const back = c.console.live('runs', 'rollback', run, '--yes');
        await back.reaches(c.name, 'rolling-back');
        await reachedGate(c.host, LEAVE_GATE);
        await cut(c);
        await back.ended;
        expect(back.finished.hosts[c.name], back.timeline().join('\n')).toBe('rollback-failed');
      },
      state: 'rolled-back',
      packages: 'old',
    },
  },
  {
    id: 'rebooted-by-hand',
    group,
    fault: 'Somebody reboots the host in mid-apply',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      const { boots } = c.host;
      await c.host.output('reboot');
      await c.host.booted(boots + 1);
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      code: 'host.job-lost',
      message: 'The job ended in the middle: the host was restarted while the job ran',
      packages: 'old',
    },
    next: { by: 'run', state: 'succeeded', packages: 'new' },
  },
  {
    id: 'runner-killed',
    group,
    fault: 'Somebody kills the job’s own processes; the package manager goes on without them',
    on,
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await killRunner(c);
      await live.reaches(c.name, 'rolling-back');
      await c.letGo();
    },
    ends: {
      exit: 1,
      state: 'rolled-back',
      code: 'host.job-lost',
      message: 'The job ended in the middle: its process is gone and left no exit code',
      packages: 'old',
    },
    next: { by: 'run', state: 'succeeded', packages: 'new' },
  },
  {
    id: 'manager-killed',
    group,
    fault: 'Somebody kills the package manager in the middle of a package',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.output("pkill -9 -x 'apt-get|dpkg'");
      await c.letGo();
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'job-folder-removed',
    group,
    fault: 'Somebody removes Frostline’s folder from the host in mid-apply',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.output('rm -rf /var/lib/frostline');
      await c.letGo();
      await c.managerGone();
    },
    ends: {
      exit: 1,
      state: 'needs-attention',
      code: 'host.job-lost',
      message: 'The job that was started is no longer on the host.',
      packages: 'new',
    },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'stopped-job',
    group,
    fault: 'The job is stopped (SIGSTOP) past the time for the host',
    on: ['apt'],
    brings: ['lab-slow'],
    options: ['--timeout', '10s'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.output("pkill -STOP -x 'apt-get|dpkg'");
    },
    ends: {
      exit: 1,
      state: 'needs-attention',
      code: 'host.timeout',
      message: 'The job on the host is still running after its time limit.',
      packages: 'half',
    },
    next: {
      by: 'retry',
      after: 'the job goes on',
      mend: async (c) => {
        await c.host.output("pkill -CONT -x 'apt-get|dpkg'");
        await c.letGo();
        await jobEnded(c);
      },
      state: 'succeeded',
      packages: 'new',
    },
  },
];

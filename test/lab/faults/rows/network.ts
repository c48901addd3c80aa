import { expect } from 'vitest';
import { reachedGate } from '../../support/gate.ts';
import type { Live } from '../../support/live.ts';
import { aptTransactions, jobsOn, timesUnpacked } from '../../support/outside.ts';
import type { Case } from '../case.ts';
import type { Row } from '../matrix.ts';
import { delayingProxy } from '../proxy.ts';

const group = 'The network between console and host';
const AGAIN = 'host to answer again (…)';

/** The job is at this step of lab-slow, as its own log on the host says. */
const stepOnHost = (c: Case, step: number): Promise<string> =>
  c.host.output(
    `until grep -qs 'lab-slow: step ${step} of' /var/lib/frostline/jobs/*/log; do sleep 0.05; done`,
    { timeoutMs: 60_000 },
  );

/** lab-slow's job has ended on the host. */
export const jobEnded = (c: Case): Promise<string> =>
  c.host.output('until ls /var/lib/frostline/jobs/*/exit >/dev/null 2>&1; do sleep 0.05; done', {
    timeoutMs: 120_000,
  });

/**
 * The job was started once, the package installed once and in one transaction, as the manager's own records say; and on apt
 * hosts, where scripts are heard while they run, every line was shown once and in order.
 */
const onceAndWhole = async (c: Case, live: Live): Promise<void> => {
  expect(await jobsOn(c.host)).toHaveLength(1);
  expect(await c.host.output('wc -l < /var/lib/lab-slow.configured')).toBe('1');
  if (c.side.name !== 'apt') return;
  expect(await timesUnpacked(c.host, 'lab-slow', '1.1')).toBe(1);
  expect(await aptTransactions(c.host)).toHaveLength(1);
  const steps = live
    .of('task.output')
    .flatMap((event) => (event.host === c.name ? (/lab-slow: step (\d)/.exec(event.line)?.[1] ?? []) : []));
  expect(steps.join('')).toBe('12345678');
};

const again = { by: 'run', state: 'compliant', packages: 'new' } as const;

export const networkRows: readonly Row[] = [
  {
    id: 'link-seconds',
    group,
    fault: 'The link goes down in mid-apply, for seconds',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.hold(6);
      await c.host.network.link(false);
      await c.letGo();
      await stepOnHost(c, 6);
      await c.host.network.link(true);
      await c.letGo(6);
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'link-given-up',
    group,
    long: true,
    fault: 'The link goes down in mid-apply, until the connection is given up; the job goes on meanwhile',
    on: ['apt', 'zypper'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.hold(6);
      await c.host.network.link(false);
      await c.letGo();
      await reachedGate(c.host, '6');
      await c.waiting(live, 'answer again');
      await c.host.network.link(true);
      await c.letGo(6);
    },
    shows: AGAIN,
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'link-longer-than-job',
    group,
    long: true,
    fault: 'The link goes down in mid-apply, for longer than the job lasts',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.network.link(false);
      await c.letGo();
      await jobEnded(c);
      await c.waiting(live, 'answer again');
      await c.host.network.link(true);
    },
    shows: AGAIN,
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'link-past-timeout',
    group,
    long: true,
    fault: 'The link goes down in mid-apply and stays down until the time for the host is up',
    on: ['apt'],
    brings: ['lab-slow'],
    options: ['--timeout', '10s'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.network.link(false);
      await c.letGo();
    },
    shows: AGAIN,
    ends: {
      exit: 1,
      state: 'interrupted',
      message:
        'HOST cannot be reached at …: there is no route to it. — or: HOST (…) did not answer within 15 s; waited for the connection.',
      packages: 'new',
    },
    next: {
      by: 'retry',
      after: 'link up',
      mend: (c) => c.host.network.link(true),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'link-before',
    group,
    long: true,
    fault: 'The link is down before the run',
    on: ['apt'],
    inject: (c) => c.host.network.link(false),
    ends: {
      exit: 4,
      state: 'unreachable',
      message:
        'HOST cannot be reached at …: there is no route to it. — or: HOST (…) did not answer within 15 s; waited for the connection.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'link up',
      mend: (c) => c.host.network.link(true),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'firewall-drops',
    group,
    long: true,
    fault: 'A firewall drops everything, before the run',
    on: ['apt'],
    inject: (c) => c.host.network.interfere({ kind: 'drop' }),
    ends: {
      exit: 4,
      state: 'unreachable',
      code: 'host.timeout',
      message: 'HOST (…) did not answer within 15 s; waited for the connection.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'firewall open',
      mend: (c) => c.host.network.clear(),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'tcp-reset',
    group,
    fault: 'Every packet is answered with a TCP reset, in mid-apply',
    on: ['apt', 'zypper'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.network.interfere({ kind: 'reset', port: c.host.port });
      await c.waiting(live, 'answer again');
      await c.host.network.clear();
      await c.letGo();
    },
    shows: AGAIN,
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'packet-loss',
    group,
    fault: '15 % of all packets are lost, both ways',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: async (c) => {
      await c.slow(0);
      await c.host.network.interfere({ kind: 'lose', percent: 15 });
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'latency',
    group,
    long: true,
    fault: 'Two seconds of latency',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: async (c) => {
      await c.slow(0);
      const proxy = await delayingProxy(c.host, 2000);
      c.defer(() => proxy.close());
      await c.knowAs(`${c.host.name}-far`, {}, proxy);
    },
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'console-dns',
    group,
    fault: 'The console cannot resolve the name of the host',
    on: ['apt'],
    inject: async (c) => {
      await c.console.edit(c.name, '--address', 'gone.invalid');
      c.defer(() => c.console.cli('hosts', 'edit', c.name, '--address', c.host.address));
    },
    ends: {
      exit: 4,
      state: 'unreachable',
      code: 'host.unreachable',
      message: 'HOST cannot be reached at gone.invalid:2222: the name is not known.',
      packages: 'old',
    },
    next: {
      by: 'run',
      after: 'name server back',
      mend: (c) => c.console.edit(c.name, '--address', c.host.address),
      state: 'succeeded',
      packages: 'new',
    },
  },
  {
    id: 'sshd-killed',
    group,
    fault: 'Every sshd process is killed in mid-apply, the listener too',
    on: ['apt', 'dnf'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      const restore = await c.host.refuseSsh();
      await c.host.dropSshConnections();
      await c.waiting(live, 'answer again');
      await restore();
      await c.letGo();
    },
    shows: AGAIN,
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'sshd-killed-systemd',
    group,
    fault: 'Every sshd process is killed in mid-apply, on a host with systemd',
    on: ['apt'],
    flavour: 'systemd',
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      const restore = await c.host.refuseSsh();
      await c.host.dropSshConnections();
      await c.waiting(live, 'answer again');
      await restore();
      await c.letGo();
    },
    shows: AGAIN,
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    also: onceAndWhole,
    next: again,
  },
  {
    id: 'host-key-changes',
    group,
    long: true,
    fault: 'The host has another key when the connection is opened anew, in mid-apply',
    on: ['apt'],
    brings: ['lab-slow'],
    inject: (c) => c.hold(),
    during: async (c, live) => {
      await c.held(live);
      await c.host.changeHostKey();
      await c.host.dropSshConnections();
      await c.letGo();
      await jobEnded(c);
    },
    ends: {
      exit: 1,
      state: 'needs-attention',
      code: 'host.key-changed',
      message: 'The key of HOST (…) has changed. It shows …; trusted is ….',
      packages: 'new',
    },
    next: {
      by: 'retry',
      after: 'the new key looked at and trusted',
      mend: async (c) => {
        await c.console.ok('hosts', 'forget-key', c.name);
        await c.console.trust(c.name, '--accept-new');
        c.defer(async () => {
          await c.console.cli('hosts', 'forget-key', c.name);
          await c.host.reset();
          await c.console.trust(c.name, '--accept-new');
        });
      },
      state: 'succeeded',
      packages: 'new',
    },
  },
];

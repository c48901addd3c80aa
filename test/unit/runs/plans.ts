/** Plans made up for engine tests: hosts `h1`, `h2`, … with one upgrade each. */
import type { HostPlan, Plan } from '../../../shared/model/plan.ts';

export const hostIdOf = (index: number): string =>
  `${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`;

export const planOf = (o: {
  hosts: number;
  concurrency: number;
  maxFailures: number;
  ignoreUnreachable: boolean;
  onFailure: 'keep' | 'rollback-host' | 'rollback-run';
  planned: HostPlan['state'][];
}): Plan => ({
  id: '99999999-0000-4000-8000-000000000000',
  hash: `sha256:${'a'.repeat(64)}`,
  createdAt: '2026-11-23T13:00:00.000Z',
  snapshot: { name: 'november', revision: 1, id: `sha256:${'b'.repeat(64)}` },
  selectors: ['all'],
  parameters: {
    targets: o.hosts,
    concurrency: o.concurrency,
    maxFailures: String(o.maxFailures),
    abortsAtFailure: o.maxFailures >= o.hosts ? null : o.maxFailures + 1,
    ignoreUnreachable: o.ignoreUnreachable,
    onFailure: o.onFailure,
    reboot: 'never',
    timeout: '2h',
    lockTimeout: '5m',
    requireProof: false,
    timeoutSeconds: 7200,
    lockTimeoutSeconds: 300,
  },
  hosts: Array.from({ length: o.hosts }, (_, index) => {
    const state = o.planned[index] ?? 'ready';
    return {
      hostId: hostIdOf(index + 1),
      host: `h${index + 1}`,
      state,
      actions:
        state === 'ready'
          ? [
              {
                action: 'upgrade',
                name: 'curl',
                arch: 'amd64',
                from: '1',
                to: '2',
                stage: 0,
                dependency: false,
              },
            ]
          : [],
      skipped: [],
      proof: 'proven',
      reasons: [],
      refusals: state === 'refused' ? [{ code: 'freeze.other-snapshot', message: 'frozen' }] : [],
      bytes: { download: 0, disk: 0, available: 0, short: [] },
      reboot: false,
    };
  }),
});

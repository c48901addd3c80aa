/** Plans made up for engine tests: hosts `h1`, `h2`, … with one upgrade each. */
import { inWaves } from '../../../main/core/runs/schedule.ts';
import { type HostPlan, type Plan, ResolvedParameters } from '../../../shared/model/plan.ts';

export const hostIdOf = (index: number): string =>
  `${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`;

export const planOf = (o: {
  hosts: number;
  concurrency: number;
  maxFailures: number;
  ignoreUnreachable: boolean;
  onFailure: 'keep' | 'rollback-host' | 'rollback-run';
  planned: HostPlan['state'][];
  /** Hosts that will be changed, per wave; the rest are in one of their own. */
  waves?: number[];
  /** Seconds per host; null: nothing is known. */
  predicted?: (number | null)[];
  /** Beyond these, by their names in the model. */
  parameters?: Partial<ResolvedParameters>;
}): Plan => {
  const hosts = hostsOf(o);
  const sizes = sizesOf(o.waves ?? [], hosts.filter((host) => host.state === 'ready').length);
  return {
    id: '99999999-0000-4000-8000-000000000000',
    hash: `sha256:${'a'.repeat(64)}`,
    createdAt: '2026-11-23T13:00:00.000Z',
    snapshot: { name: 'november', revision: 1, id: `sha256:${'b'.repeat(64)}` },
    selectors: ['all'],
    parameters: ResolvedParameters.parse({
      targets: o.hosts,
      concurrency: o.concurrency,
      maxFailures: String(o.maxFailures),
      abortsAtFailure: o.maxFailures >= o.hosts ? null : o.maxFailures + 1,
      ignoreUnreachable: o.ignoreUnreachable,
      onFailure: o.onFailure,
      timeoutSeconds: 7200,
      lockTimeoutSeconds: 300,
      waveSizes: sizes,
      ...o.parameters,
    }),
    hosts: inWaves(hosts, sizes, new Map()).map((host, index) => {
      const seconds = o.predicted?.[index] ?? null;
      return seconds === null ? host : { ...host, predictedSeconds: seconds };
    }),
  };
};

/** The given sizes as far as there are hosts; who is left over comes last. */
const sizesOf = (waves: readonly number[], ready: number): number[] => {
  const sizes: number[] = [];
  let left = ready;
  for (const size of [...waves, ready]) {
    if (left > 0) sizes.push(Math.min(size, left));
    left -= size;
  }
  return sizes;
};

const hostsOf = (o: { hosts: number; planned: HostPlan['state'][] }): HostPlan[] =>
  Array.from({ length: o.hosts }, (_, index) => {
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
  });

/** Plans for the command line's texts: the numbers by the engine's own rules, everything else as the test wants it. */
import { resolveParameters } from '../../../main/core/runs/parameters.ts';
import { inWaves } from '../../../main/core/runs/schedule.ts';
import { type HostPlan, type Plan, RunParameters } from '../../../shared/model/plan.ts';

export const CREATED = '2026-11-23T13:00:00.000Z';
const ID = '00000000-0000-4000-8000-000000000000';

export const hostPlan = (host: string, more: Partial<HostPlan> = {}): HostPlan => ({
  hostId: ID,
  host,
  state: 'ready',
  actions: [
    { action: 'upgrade', name: 'curl', arch: 'amd64', from: '1', to: '2', stage: 1, dependency: false },
  ],
  skipped: [],
  proof: 'proven',
  reasons: [],
  refusals: [],
  bytes: { download: 0, disk: 0, available: 0, short: [] },
  reboot: false,
  ...more,
});

export const planWith = (parameters: Partial<RunParameters>, hosts: HostPlan[]): Plan => {
  const changing = hosts.filter((host) => host.state === 'ready').length;
  const resolved = resolveParameters(
    RunParameters.parse(parameters),
    hosts.length,
    changing,
    Date.parse(CREATED),
  );
  if (!resolved.ok) throw new Error(resolved.error.message);
  return {
    id: ID,
    hash: `sha256:${'a'.repeat(64)}`,
    createdAt: CREATED,
    snapshot: { name: 'november', revision: 3, id: `sha256:${'b'.repeat(64)}` },
    selectors: ['all'],
    parameters: resolved.value,
    hosts: inWaves(hosts, resolved.value.waveSizes, new Map()).map((host, index) => ({
      ...host,
      ...(hosts[index]?.predictedSeconds !== undefined && {
        predictedSeconds: hosts[index].predictedSeconds,
      }),
    })),
  };
};

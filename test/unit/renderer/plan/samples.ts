/** Plans for the tests of the plan page. */
import type { HostPlan, Plan, PlanAction } from '../../../../shared/model/plan.ts';
import { hash, parameters } from '../run/samples.ts';

export const action = (name: string, more: Partial<PlanAction> = {}): PlanAction => ({
  action: 'upgrade',
  name,
  arch: 'amd64',
  from: '1',
  to: '2',
  stage: 1,
  dependency: false,
  ...more,
});

export const host = (name: string, state: HostPlan['state'], more: Partial<HostPlan> = {}): HostPlan => ({
  hostId: `00000000-0000-4000-8000-${[...name]
    .map((letter) => letter.charCodeAt(0))
    .join('')
    .slice(-12)
    .padStart(12, '0')}`,
  host: name,
  state,
  actions: [],
  skipped: [],
  proof: 'proven',
  reasons: [],
  refusals: [],
  bytes: { download: 0, disk: 0, available: 0, short: [] },
  reboot: false,
  ...more,
});

export const plan = (more: Partial<Plan>): Plan => ({
  id: '33333333-3333-4333-8333-333333333333',
  hash,
  createdAt: '2026-11-23T14:00:00.000Z',
  snapshot: { name: 'june', revision: 3, id: hash },
  selectors: ['all'],
  parameters: parameters(),
  hosts: [],
  ...more,
});

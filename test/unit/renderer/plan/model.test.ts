import { describe, expect, it } from 'vitest';
import {
  actionText,
  byPackage,
  countActions,
  refusals,
  runnable,
  sentences,
} from '../../../../renderer/features/plan/model.ts';
import type { HostPlan, Plan, PlanAction } from '../../../../shared/model/plan.ts';
import { hash, parameters } from '../run/samples.ts';

const action = (name: string, more: Partial<PlanAction> = {}): PlanAction => ({
  action: 'upgrade',
  name,
  arch: 'amd64',
  from: '1',
  to: '2',
  stage: 1,
  dependency: false,
  ...more,
});
const host = (name: string, state: HostPlan['state'], more: Partial<HostPlan> = {}): HostPlan => ({
  hostId: `00000000-0000-4000-8000-${String(name.charCodeAt(0)).padStart(12, '0')}`,
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
const plan = (...hosts: HostPlan[]): Plan => ({
  id: '33333333-3333-4333-8333-333333333333',
  hash,
  createdAt: '2026-11-23T14:00:00.000Z',
  snapshot: { name: 'june', revision: 3, id: hash },
  selectors: ['all'],
  parameters: parameters(),
  hosts,
});

describe('the parameters of a plan', () => {
  it('are said as what they come to', () => {
    const said = sentences(
      parameters({ targets: 12, concurrency: 6, maxFailures: '25%', abortsAtFailure: 4 }),
    );
    expect(said).toContain('At most 6 hosts at once.');
    expect(said).toContain('Aborts at the 4th failed host (max failures 25% of 12 hosts).');
    expect(said).toContain(
      'A host may take 2 hours, and waits 5 minutes for another package manager to finish.',
    );
  });

  it('say so when the run never aborts by itself', () => {
    expect(sentences(parameters({ abortsAtFailure: null }))[1]).toContain('Never aborts');
  });
});

describe('whether a plan can be run', () => {
  it('takes one host that is ready', () => {
    expect(runnable(plan(host('a', 'ready'), host('b', 'refused')))).toMatchObject({ ok: true });
  });

  it.each([
    [plan(), 'no hosts'],
    [plan(host('a', 'compliant')), 'nothing to do'],
    [plan(host('a', 'compliant'), host('b', 'refused')), 'refused'],
    [plan(host('a', 'unreachable'), host('b', 'refused')), 'No host can be patched'],
  ])('says why not (%#)', (given, reason) => {
    const can = runnable(given);
    expect(can).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });
});

describe('the actions of a plan', () => {
  it('are gathered over hosts, but never a dependency with a listed entry or a removal with an upgrade', () => {
    const rows = byPackage([
      host('a', 'ready', { actions: [action('curl'), action('libx', { dependency: true })] }),
      host('b', 'ready', {
        actions: [action('curl', { from: '0' }), action('libx'), action('old', { action: 'remove' })],
      }),
    ]);
    expect(rows.map((row) => `${row.name} ${row.action} ${row.dependency} ${row.hosts.join('+')}`)).toEqual([
      'curl upgrade false a+b',
      'libx upgrade true a',
      'libx upgrade false b',
      'old remove false b',
    ]);
    expect(rows[0]?.from).toEqual(['1', '0']);
  });

  it('are counted in words', () => {
    expect(actionText(countActions([]))).toBe('nothing to do');
    expect(actionText(countActions([action('a'), action('b'), action('c', { action: 'remove' })]))).toBe(
      '2 upgrades, 1 removal',
    );
  });
});

describe('refusals', () => {
  it('with the same words stand once, for all their hosts and packages', () => {
    const refusal = (name: string) =>
      ({ code: 'freeze.unlisted-package', message: 'not listed in june', package: name }) as const;
    const rows = refusals(
      plan(
        host('a', 'refused', { refusals: [refusal('curl'), refusal('tar')] }),
        host('b', 'refused', { refusals: [refusal('curl')] }),
      ),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ hosts: ['a', 'b'], packages: ['curl', 'tar'] });
  });

  it('of one freeze on many hosts stand once, whatever the host is called and whatever it has', () => {
    const refusal = (name: string, packages: string[]) => ({
      code: 'freeze.other-snapshot' as const,
      message: `${name} is under the freeze of 'june': snapshot 'other' may not be deployed. It would change ${packages.join(', ')}.`,
      packages,
    });
    const rows = refusals(
      plan(
        host('web-01', 'refused', { refusals: [refusal('web-01', ['curl', 'nginx'])] }),
        host('db-01', 'refused', { refusals: [refusal('db-01', ['curl', 'libpq5'])] }),
      ),
    );
    expect(rows).toEqual([
      expect.objectContaining({
        hosts: ['web-01', 'db-01'],
        packages: ['curl', 'nginx', 'libpq5'],
        message:
          "under the freeze of 'june': snapshot 'other' may not be deployed. It would change curl, nginx and libpq5.",
      }),
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  actionText,
  byPackage,
  countActions,
  rebootFate,
  refusals,
  runnable,
} from '../../../../renderer/features/plan/model.ts';
import type { HostPlan, Plan } from '../../../../shared/model/plan.ts';
import { action, host, plan as planWith } from './samples.ts';

const plan = (...hosts: HostPlan[]): Plan => planWith({ hosts });

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

describe('what becomes of a reboot', () => {
  it.each([
    ['never', true, 'wanted'],
    ['if-required', true, 'will'],
    ['if-required', false, 'none'],
    ['always', false, 'will'],
  ] as const)('with “%s”, wanted: %s', (policy, reboot, fate) => {
    expect(rebootFate(host('a', 'ready', { reboot }), policy)).toBe(fate);
  });

  it('is nothing on a host with nothing to do', () => {
    expect(rebootFate(host('a', 'compliant'), 'always')).toBe('none');
  });
});

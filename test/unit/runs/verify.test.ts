/** What a host has, held against what was wanted: the judgement that exit codes cannot give. */
import { describe, expect, it } from 'vitest';
import { driftOf, judgeApplied, judgeRestored, netActions } from '../../../main/core/runs/verify.ts';
import { frostError } from '../../../shared/errors.ts';
import type { PlanAction } from '../../../shared/model/plan.ts';
import type { Capture } from '../../../shared/model/run.ts';

type Package = Capture['packages'][number];
const pkg = (name: string, version: string, state = 'ii', arch = 'amd64'): Package => ({
  name,
  arch,
  version,
  auto: false,
  held: false,
  state,
});
const upgrade = (name: string, from: string, to: string, stage = 0): PlanAction => ({
  action: 'upgrade',
  name,
  arch: 'amd64',
  from,
  to,
  stage,
  dependency: false,
});
const remove = (name: string, from: string): PlanAction => ({
  action: 'remove',
  name,
  arch: 'amd64',
  from,
  stage: 0,
  dependency: false,
});
const capture = (...packages: Package[]): Capture => ({
  runId: '11111111-2222-4333-8444-555555555555',
  hostId: '11111111-2222-4333-8444-555555555555',
  takenAt: '2026-11-23T14:00:00.000Z',
  packages,
  secured: [],
  unsecured: [],
});
const judge = (
  actions: PlanAction[],
  before: Package[],
  now: Package[],
  complaint: ReturnType<typeof frostError> | null = null,
) => judgeApplied({ host: 'h1', actions, capture: capture(...before), now, complaint });

describe('after an apply job', () => {
  it('a script that failed is a failure, though every version is in place', () => {
    const complaint = frostError('host.script-failed', 'curl: %post failed: no such user', {
      packages: ['curl'],
      hint: 'Mend what the script needs.',
    });
    const judged = judge([upgrade('curl', '1', '2')], [pkg('curl', '1')], [pkg('curl', '2')], complaint);
    expect(judged).toMatchObject({
      complete: false,
      touched: true,
      error: { code: 'host.script-failed', packages: ['curl'], hint: 'Mend what the script needs.' },
    });
  });

  it('of a package that stands in several versions side by side, the one that was to come counts', () => {
    const kernel: PlanAction = {
      action: 'install',
      name: 'kernel-core',
      arch: 'x86_64',
      to: '6.2',
      stage: 0,
      dependency: false,
    };
    const old = pkg('kernel-core', '6.1', 'ii', 'x86_64');
    expect(judge([kernel], [old], [old, pkg('kernel-core', '6.2', 'ii', 'x86_64')]).complete).toBe(true);
    expect(judge([kernel], [old], [old])).toMatchObject({ complete: false, touched: false });
  });

  const actions = [upgrade('curl', '1', '2'), remove('old', '1')];
  const before = [pkg('curl', '1'), pkg('old', '1'), pkg('other', '5')];

  it('is complete when every action is true, whatever the job said of itself', () => {
    const now = [pkg('curl', '2'), pkg('old', '1', 'rc'), pkg('other', '5')];
    const complaint = frostError('host.command-failed', 'apt-get returned 100');
    expect(judge(actions, before, now, complaint)).toMatchObject({ complete: true, error: null });
  });

  it('is complete while a package only waits for triggers', () => {
    const now = [pkg('curl', '2', 'iW'), pkg('other', '5')];
    expect(judge(actions, before, now).complete).toBe(true);
  });

  it('is not, when the version is there but not configured', () => {
    const now = [pkg('curl', '2', 'iF'), pkg('other', '5')];
    expect(judge(actions, before, now)).toMatchObject({
      complete: false,
      touched: true,
      error: { code: 'host.packages-broken', packages: ['curl'] },
    });
  });

  it('is not, when a package nobody planned for was broken by it', () => {
    const now = [pkg('curl', '2'), pkg('other', '5', 'iF')];
    expect(judge(actions, before, now)).toMatchObject({
      complete: false,
      error: { code: 'host.packages-broken', packages: ['other'] },
    });
  });

  it('is complete beside a package that was broken before', () => {
    const broken = pkg('wreck', '1', 'iF');
    const now = [pkg('curl', '2'), pkg('other', '5'), broken];
    expect(judge(actions, [...before, broken], now).complete).toBe(true);
  });

  it('tells an untouched host from a half-done one, and says what it has', () => {
    expect(judge(actions, before, before)).toMatchObject({ complete: false, touched: false });
    const half = [pkg('curl', '2'), pkg('old', '1'), pkg('other', '5')];
    expect(judge(actions, before, half)).toMatchObject({
      complete: false,
      touched: true,
      outcome: {
        kind: 'seen',
        packages: [
          { name: 'curl', version: '2' },
          { name: 'old', version: '1' },
        ],
      },
    });
  });

  it('finds a package that changed its architecture', () => {
    expect(
      judge([upgrade('doc', '1', '2')], [pkg('doc', '1')], [pkg('doc', '2', 'ii', 'all')]).complete,
    ).toBe(true);
  });

  it('takes the word of a job that was stopped, unless it left something broken', () => {
    const stopped = frostError('cancelled', 'Stopped between stages, as asked.');
    const half = [pkg('curl', '1'), pkg('other', '5')];
    expect(judge(actions, before, half, stopped).error?.code).toBe('cancelled');
    const wreck = [pkg('curl', '2', 'iU'), pkg('other', '5')];
    expect(judge(actions, before, wreck, stopped).error?.code).toBe('host.packages-broken');
  });

  it('judges a package that two stages touch by where the last one leaves it', () => {
    const twice = [upgrade('curl', '1', '2'), upgrade('curl', '2', '3', 1)];
    expect(netActions(twice)).toEqual([upgrade('curl', '1', '3', 1)]);
    expect(judge(twice, [pkg('curl', '1')], [pkg('curl', '3')]).complete).toBe(true);
    expect(judge(twice, [pkg('curl', '1')], [pkg('curl', '2')]).complete).toBe(false);
  });
});

describe('after a rollback job', () => {
  const actions = [upgrade('curl', '1', '2')];
  const differing = (name: string) => ({
    equal: false,
    versions: [{ name, arch: 'amd64', captured: '1', now: '2' }],
    marks: [],
  });
  const judged = (name: string) =>
    judgeRestored({ host: 'h1', actions, difference: differing(name), now: [], complaint: null });

  it('is a failure when a package of the task is not as it was', () => {
    expect(judged('curl')).toMatchObject({
      restored: false,
      error: { code: 'host.not-restored', packages: ['curl'], message: 'Not as before: curl is 2, was 1.' },
    });
  });

  it('is none when only something else changed meanwhile', () => {
    expect(judged('other')).toMatchObject({ restored: true, error: null });
  });

  it('is a failure when a mark of the task’s packages is not as it was', () => {
    const difference = {
      equal: false,
      versions: [],
      marks: [{ name: 'curl', arch: 'amd64', field: 'held' as const, captured: 'true', now: 'false' }],
    };
    const result = judgeRestored({ host: 'h1', actions, difference, now: [], complaint: null });
    expect(result).toMatchObject({ restored: false, error: { code: 'host.not-restored' } });
  });
});

describe('drift', () => {
  const planned = [upgrade('curl', '1', '2'), upgrade('nginx', '1', '2')];
  it('is none in another order', () => {
    expect(driftOf(planned, planned.toReversed(), false).words).toEqual([]);
  });
  it('names what is new, and what is missing', () => {
    const drift = driftOf(planned, [upgrade('curl', '1', '2'), upgrade('libx', '1', '2')], false);
    expect(drift.names).toEqual(['libx', 'nginx']);
  });
  it('lets a host that the run has half-done do less, never more', () => {
    expect(driftOf(planned, [upgrade('nginx', '1', '2')], true).words).toEqual([]);
    expect(driftOf(planned, [upgrade('libx', '1', '2')], true).names).toEqual(['libx']);
  });
});

/** A run in words: what it waits for and how to go on, and why it ended early. */
import { describe, expect, test } from 'vitest';
import {
  failedHosts,
  gateText,
  rollbackStopped,
  runText,
  waitingWave,
} from '../../../main/shells/cli/runText.ts';
import { paint } from '../../../main/shells/cli/terminal.ts';
import { Run, RunEvent, type Task } from '../../../shared/model/run.ts';
import { CREATED, hostPlan, planWith } from './plans.ts';

const ID = '12345678-0000-4000-8000-000000000000';
const plan = planWith({ waves: ['1', '50%'], gate: 'manual', maxFailures: '1' }, [
  hostPlan('web1'),
  hostPlan('web2'),
  hostPlan('web3'),
  hostPlan('web4'),
]);

const task = (host: string, more: Partial<Task>): Task => ({
  hostId: ID,
  host,
  state: 'queued',
  actions: [],
  proof: 'proven',
  from: [],
  to: [],
  attempt: 0,
  ...more,
});

const shown = (more: Partial<Run>): string[] =>
  runText(
    Run.parse({
      id: ID,
      planId: plan.id,
      planHash: plan.hash,
      snapshot: plan.snapshot,
      parameters: plan.parameters,
      state: 'running',
      startedAt: CREATED,
      seq: 9,
      counts: {},
      tasks: [task('web1', { state: 'succeeded', wave: 1, rebooted: true }), task('web2', { wave: 2 })],
      ...more,
    }),
    paint(false),
  ).split('\n');

describe('waves', () => {
  test('a manual gate says how to go on', () => {
    const lines = shown({ wave: { number: 1, of: 3, waiting: { gate: 'manual' } } });
    expect(lines).toContain('wave 1 of 3 (hosts to be changed in each: 1, 1, 2)');
    expect(lines).toContain(`Wave 2 of 3 waits to be approved: frostline runs approve ${ID}`);
  });

  test('a soak says when it ends, and how to cut it short', () => {
    const event = { wave: 3, of: 3, gate: 'soak' as const, run: ID, until: '2026-11-23T14:00:00.000Z' };
    expect(gateText(event)).toMatch(
      /^Wave 3 of 3 starts by itself at 2026-11-2\d \d\d:00.*; sooner with: frostline runs approve 12345678/,
    );
  });

  test('which wave waits is known from the run as well', () => {
    expect(waitingWave({ id: ID, wave: { number: 2, of: 3, waiting: { gate: 'manual' } } })).toEqual({
      wave: 3,
      of: 3,
      gate: 'manual',
      run: ID,
    });
    expect(waitingWave({ id: ID, wave: { number: 2, of: 3 } })).toBeNull();
    expect(waitingWave({ id: ID })).toBeNull();
  });

  test('each host is shown with its wave, and whether it was restarted', () => {
    const lines = shown({ wave: { number: 1, of: 3 } });
    expect(lines.at(-3)).toMatch(/^HOST +WAVE +STATE +ACTIONS +PROOF +REBOOT +ERROR$/);
    expect(lines.at(-2)).toMatch(/^web1 +1 +succeeded +0 +proven +restarted$/);
    expect(lines.at(-1)).toMatch(/^web2 +2 +queued +0 +proven$/);
  });

  test('a run of one wave shows none', () => {
    expect(shown({}).join()).not.toMatch(/wave/i);
  });
});

test('a host that was not restarted though it wants to be says so', () => {
  expect(shown({ tasks: [task('web1', { state: 'succeeded', rebootRequired: true })] }).at(-1)).toContain(
    'wants a reboot',
  );
});

describe('an abort', () => {
  const reason = '2 of 4 hosts failed; the run aborts at 2';

  test('is shown with its arithmetic and the hosts that failed', () => {
    const lines = shown({
      abortReason: reason,
      abortCause: { kind: 'threshold', failed: ['web1', 'web3'], of: 4, limit: 2, share: false },
    });
    expect(lines).toContain(
      'at most 4 hosts at once; aborts at the 2nd failed host; unreachable hosts count',
    );
    expect(lines).toContain(`aborted: ${reason}`);
    expect(lines).toContain('failed: web1, web3');
  });

  test('names no hosts where none are to blame', () => {
    expect(failedHosts({ kind: 'operator' })).toEqual([]);
    expect(failedHosts(undefined)).toEqual([]);
  });
});

test('a rollback that stopped the others says who is left and what to do', () => {
  const event = RunEvent.parse({
    seq: 9,
    at: CREATED,
    run: ID,
    type: 'run.rollback-stopped',
    host: 'web1',
    left: ['web2'],
  });
  expect(event.type === 'run.rollback-stopped' && rollbackStopped(event)).toBe(
    `The rollback of web1 failed; these no longer wait for theirs and are left as they are: web2. Look at web1, then: frostline runs rollback ${ID}`,
  );
});

import { describe, expect, it } from 'vitest';
import { abortWords, adviceFor } from '../../../../renderer/features/run/causes.ts';
import { worthALook } from '../../../../renderer/features/run/model.ts';
import { frostError } from '../../../../shared/errors.ts';
import { type AbortCause, TaskState } from '../../../../shared/model/run.ts';
import { parameters, run, task } from './samples.ts';

const aborted = (abortCause: AbortCause | undefined, more: Parameters<typeof parameters>[0] = {}) =>
  run(['a', 'b', 'c', 'd'], {
    state: 'aborting',
    abortReason: 'by the operator',
    ...(abortCause === undefined ? {} : { abortCause }),
    parameters: parameters({ targets: 4, ...more }),
  });

describe('why a run ended early', () => {
  it('is told with the arithmetic of a count', () => {
    const cause: AbortCause = { kind: 'threshold', failed: ['a', 'b'], of: 4, limit: 2, share: false };
    expect(abortWords(aborted(cause, { maxFailures: '30%', abortsAtFailure: 2 }))).toEqual({
      what: 'the 2nd failed host was one too many',
      arithmetic: 'Max failures 30% of 4 hosts is 1; 2 of 4 hosts failed, and 2 > 1.',
      hosts: ['a', 'b'],
    });
    expect(abortWords(aborted(cause, { maxFailures: '1', abortsAtFailure: 2 }))?.arithmetic).toBe(
      'Max failures 1 allows 1; 2 of 4 hosts failed, and 2 > 1.',
    );
    expect(
      abortWords(aborted(cause, { maxFailures: '1', abortsAtFailure: 2, ignoreUnreachable: true }))
        ?.arithmetic,
    ).toContain('Unreachable hosts are not counted.');
  });

  it('is told with the arithmetic of a share', () => {
    const cause: AbortCause = { kind: 'threshold', failed: ['a', 'b', 'c'], of: 8, limit: 30, share: true };
    expect(abortWords(aborted(cause))?.arithmetic).toBe(
      '3 of 8 completed hosts failed: 3 ÷ 8 = 37.5 %, more than the 30 % allowed.',
    );
  });

  it('is told of probe, window, run-wide rollback and operator', () => {
    const probe = { abortIf: 'nagios' };
    const said = (cause: AbortCause | undefined, more = {}) => {
      const words = abortWords(aborted(cause, more));
      return `${words?.what} ${words?.arithmetic ?? ''}`;
    };
    expect(said({ kind: 'probe', unreadable: false, detail: '12 alerts' }, probe)).toContain(
      '“nagios” exited with 0: 12 alerts',
    );
    expect(said({ kind: 'probe', unreadable: true, detail: 'exit 127' }, probe)).toContain(
      'could not be read',
    );
    expect(said({ kind: 'window', until: '2026-11-24T04:00:00.000Z' })).toContain('window ended');
    expect(said({ kind: 'rollback-run', failed: ['a'] })).toContain(
      'a failed, and then this run undoes every host',
    );
    expect(said({ kind: 'operator' })).toContain('by the operator');
    expect(said(undefined)).toContain('by the operator');
    expect(abortWords(run(['a']))).toBeUndefined();
  });
});

describe('a host that needs a person', () => {
  it('is told what is known and the ways on, by what happened', () => {
    const reboot = frostError('host.reboot-failed', 'it did not come back');
    expect(adviceFor(task('a', { state: 'needs-attention', error: reboot }))?.what).toContain('restart');
    expect(adviceFor(task('a', { state: 'needs-attention' }))?.steps.join(' ')).toContain(
      'Retry looks first',
    );
    expect(adviceFor(task('a', { state: 'rollback-failed' }))?.steps.join(' ')).toContain('After rollback');
    const advised = TaskState.options.filter((state) => adviceFor(task('a', { state })) !== undefined);
    expect(advised).toEqual(['rollback-failed', 'interrupted', 'needs-attention']);
  });

  it('stands before what merely waits, and that before what wants a reboot', () => {
    const tasks = [
      task('fine', { state: 'succeeded' }),
      task('reboot', { state: 'succeeded', rebootRequired: true }),
      task('lock', { state: 'checking', waitingFor: 'lock held by pid 812' }),
      task('back', { state: 'rolled-back', error: frostError('host.not-applied', 'x') }),
      task('gone', { state: 'unreachable' }),
      task('person', { state: 'needs-attention' }),
    ];
    expect(worthALook(tasks).map((each) => each.host)).toEqual(['person', 'gone', 'lock', 'back', 'reboot']);
  });
});

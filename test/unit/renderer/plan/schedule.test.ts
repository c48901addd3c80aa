import { describe, expect, it } from 'vitest';
import { scheduleOf } from '../../../../renderer/features/plan/schedule.ts';
import type { HostPlan } from '../../../../shared/model/plan.ts';
import { parameters } from '../run/samples.ts';
import { host, plan } from './samples.ts';

const NOW = Date.UTC(2026, 10, 23, 22);
const hosts = (seconds: readonly number[], more: (index: number) => Partial<HostPlan> = () => ({})) =>
  seconds.map((predictedSeconds, index) =>
    host(`h${index}`, 'ready', { predictedSeconds, wave: 1, ...more(index) }),
  );

describe('how long a plan will take', () => {
  it('is what its hosts took before, so many at once', () => {
    const two = plan({ parameters: parameters({ concurrency: 2 }), hosts: hosts([60, 60, 60]) });
    expect(scheduleOf(two, NOW)).toEqual({ seconds: 120, late: [], approvals: 0 });
  });

  it('grows with a slow start, with soaks, and tells the approvals to wait for', () => {
    const slow = parameters({ concurrency: 4, slowStart: true });
    expect(scheduleOf(plan({ parameters: slow, hosts: hosts([60, 60, 60]) }), NOW)?.seconds).toBe(120);
    const inWaves = hosts([60, 60, 60], (index) => ({ wave: index + 1 }));
    const soak = parameters({ waveSizes: [1, 1, 1], resolvedGate: { kind: 'soak', seconds: 600 } });
    expect(scheduleOf(plan({ parameters: soak, hosts: inWaves }), NOW)?.seconds).toBe(3 * 60 + 2 * 600);
    const manual = parameters({ waveSizes: [1, 1, 1], resolvedGate: { kind: 'manual' } });
    expect(scheduleOf(plan({ parameters: manual, hosts: inWaves }), NOW)).toMatchObject({
      seconds: 180,
      approvals: 2,
    });
  });

  it('names who would not be done by the end of the window, and starts a shorter one instead', () => {
    const until = new Date(NOW + 100_000).toISOString();
    const given = plan({ parameters: parameters({ concurrency: 1, until }), hosts: hosts([60, 60, 30]) });
    const schedule = scheduleOf(given, NOW);
    expect(schedule?.late.map((each) => each.host)).toEqual(['h1']);
    expect(schedule?.seconds).toBe(90);
  });

  it('is not guessed where nothing is known of a host, or nothing is to be done', () => {
    const given = plan({ parameters: parameters(), hosts: [...hosts([60]), host('new', 'ready')] });
    expect(scheduleOf(given, NOW)).toBeUndefined();
    expect(scheduleOf(plan({ hosts: [host('a', 'compliant')] }), NOW)).toBeUndefined();
  });
});

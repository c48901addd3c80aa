/** A run in waves, by the clock and by the word of a probe, as the events tell it. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { LocalProbe } from '../../../main/core/ports.ts';
import { differences, emptyReplay, replayEvent } from '../../../main/core/runs/replay.ts';
import type { RunEvent } from '../../../shared/model/run.ts';
import { TestConsole, value } from './console.ts';

let admin: TestConsole;
beforeEach(() => {
  admin = new TestConsole();
});

const told = (id: string, ...types: RunEvent['type'][]) =>
  admin.events(id).filter((event) => types.includes(event.type));
const starts = (id: string): string[] =>
  admin.events(id).flatMap((e) => (e.type === 'task.state' && e.to === 'connecting' ? [e.host] : []));
const agrees = (id: string): void => {
  const run = admin.run(id);
  const replay = emptyReplay();
  for (const event of admin.events(id)) replayEvent(replay, event, run.parameters.concurrency);
  expect(differences(replay, run)).toEqual([]);
};
const instant = (secondsFromNow: number): string =>
  new Date(admin.clock.now() + secondsFromNow * 1000).toISOString();

/** Answers each time with the next word; the last one stays. Counts how often it was asked. */
const probeOf = (...words: ('met' | 'clear' | 'unreadable')[]): LocalProbe & { asked: number } => {
  const probe: LocalProbe & { asked: number } = {
    asked: 0,
    run: async (command) => {
      expect(command).toBe('is-red');
      const result = words[Math.min(probe.asked, words.length - 1)] ?? 'clear';
      probe.asked += 1;
      return { result, detail: result === 'met' ? 'error rate 7 %' : '' };
    },
  };
  return probe;
};

describe('waves', () => {
  it('open one after another, each when the one before is at rest', async () => {
    admin.fleetOf(5);
    const id = await admin.start({ waves: ['1', '3', '100%'] });
    const run = await admin.finish(id);
    expect(run.parameters.waveSizes).toEqual([1, 2, 2]);
    expect(told(id, 'wave.started')).toMatchObject([
      { wave: 1, of: 3, hosts: ['h1'] },
      { wave: 2, of: 3, hosts: ['h2', 'h3'] },
      { wave: 3, of: 3, hosts: ['h4', 'h5'] },
    ]);
    const wave2 = admin.events(id).find((event) => event.type === 'wave.started' && event.wave === 2);
    const first = admin
      .events(id)
      .find((e) => e.type === 'task.state' && e.host === 'h1' && e.to === 'succeeded');
    expect(wave2?.seq).toBeGreaterThan(first?.seq ?? Number.POSITIVE_INFINITY);
    expect(run).toMatchObject({ verdict: 'success', wave: { number: 3, of: 3 } });
    agrees(id);
  });

  it('are made of hosts that will be changed: a canary with nothing to do would prove nothing', async () => {
    admin.add('h0', { curl: '2', nginx: '3' });
    admin.fleetOf(3);
    const id = await admin.start({ waves: ['1', '100%'] });
    await admin.finish(id);
    expect(told(id, 'wave.started')).toMatchObject([{ hosts: ['h1'] }, { hosts: ['h0', 'h2', 'h3'] }]);
    expect(admin.states(id)).toMatchObject({ h0: 'compliant' });
  });

  it('behind a manual gate wait for a word, over a restart of the console', async () => {
    admin.fleetOf(3);
    const id = await admin.start({ waves: ['1', '100%'], gate: 'manual' });
    await admin.until(() => admin.run(id).wave?.waiting !== undefined);
    expect(told(id, 'wave.waiting')).toMatchObject([{ wave: 2, of: 2, gate: 'manual' }]);
    await admin.clock.advance(86_400_000);
    expect(admin.states(id)).toEqual({ h1: 'succeeded', h2: 'queued', h3: 'queued' });
    await admin.runs.close();
    await admin.restart();
    await admin.clock.advance(60_000);
    expect(starts(id)).toEqual(['h1']);
    value(await admin.runs.approve({ id }));
    expect((await admin.finish(id)).verdict).toBe('success');
    agrees(id);
  });

  it('have nothing to approve while none waits, and say so', async () => {
    admin.fleetOf(2);
    const id = await admin.start();
    expect(await admin.runs.approve({ id })).toMatchObject({ ok: false, error: { code: 'state.conflict' } });
    await admin.finish(id);
    expect(await admin.runs.approve({ id })).toMatchObject({ ok: false, error: { code: 'state.conflict' } });
  });

  it('soak for the time that was asked, and then go on by themselves', async () => {
    admin.fleetOf(2);
    const id = await admin.start({ waves: ['1', '100%'], gate: '2h' });
    await admin.until(() => admin.run(id).wave?.waiting !== undefined);
    const [waiting] = told(id, 'wave.waiting');
    const until = waiting?.type === 'wave.waiting' ? waiting.until : undefined;
    expect(Date.parse(until ?? '') - Date.parse(waiting?.at ?? '')).toBe(7_200_000);
    await admin.clock.advance(7_199_000);
    expect(starts(id)).toEqual(['h1']);
    await admin.clock.advance(2000);
    expect(starts(id)).toEqual(['h1', 'h2']);
    await admin.finish(id);
  });

  it('end with an abort at the gate: what never started is terminated', async () => {
    admin.fleetOf(3);
    const id = await admin.start({ waves: ['1', '100%'], gate: 'manual' });
    await admin.until(() => admin.run(id).wave?.waiting !== undefined);
    value(await admin.runs.abort({ id, reason: 'not today', stopRunning: false }));
    expect(admin.run(id)).toMatchObject({
      state: 'finished',
      verdict: 'aborted',
      abortCause: { kind: 'operator' },
    });
    expect(admin.states(id)).toEqual({ h1: 'succeeded', h2: 'terminated', h3: 'terminated' });
    expect(admin.run(id).wave?.waiting).toBeUndefined();
    // Asked for again, the gate that was never opened is asked for again.
    value(await admin.runs.retry({ id }));
    expect(told(id, 'wave.started').at(-1)).toMatchObject({ wave: 2 });
    await admin.finish(id);
    agrees(id);
  });

  it('are rolled back one alone, where that is asked', async () => {
    admin.fleetOf(4);
    const id = await admin.start({ waves: ['1', '100%'] });
    await admin.finish(id);
    value(await admin.runs.rollback({ id, wave: 2 }));
    await admin.finish(id);
    expect(admin.states(id)).toEqual({
      h1: 'succeeded',
      h2: 'rolled-back',
      h3: 'rolled-back',
      h4: 'rolled-back',
    });
    expect(await admin.runs.rollback({ id, wave: 3 })).toMatchObject({
      ok: false,
      error: { code: 'not-found' },
    });
  });
});

it('slow start doubles with the hosts that ended well: 1, 2, 4, up to the cap', async () => {
  admin.fleetOf(9);
  const id = await admin.start({ slowStart: true, concurrency: '4' });
  await admin.finish(id);
  let [active, well] = [0, 0];
  const most = new Map<number, number>();
  for (const event of admin.events(id)) {
    if (event.type !== 'task.state') continue;
    if (event.to === 'connecting') active += 1;
    if (event.to === 'succeeded') [active, well] = [active - 1, well + 1];
    most.set(well, Math.max(most.get(well) ?? 0, active));
  }
  expect(most.get(0)).toBe(1);
  expect(Math.max(most.get(1) ?? 0, most.get(2) ?? 0)).toBe(2);
  expect(Math.max(...most.values())).toBe(4);
});

describe('a share of the completed', () => {
  it('ends the run once enough have completed and more than that failed, and says the sum', async () => {
    admin.fleetOf(9);
    for (const host of ['h1', 'h4']) admin.fleet.host(host).faults.failing.add('curl');
    const id = await admin.start({
      maxFailures: '25%-of-completed',
      minCompleted: 4,
      concurrency: '1',
      onFailure: 'keep',
    });
    const run = await admin.finish(id);
    // One of one and one of three were not enough hosts; two of four is half.
    expect(run.abortCause).toEqual({
      kind: 'threshold',
      failed: ['h1', 'h4'],
      of: 4,
      limit: 25,
      share: true,
    });
    expect(run.abortReason).toBe('2 of 4 completed hosts failed (50 %); the run aborts above 25 %');
    expect(run.counts).toEqual({ failed: 2, succeeded: 2, terminated: 5 });
  });

  it('lets a run go on that stays below it', async () => {
    admin.fleetOf(8);
    admin.fleet.host('h1').faults.failing.add('curl');
    const id = await admin.start({
      maxFailures: '25%-of-completed',
      minCompleted: 4,
      concurrency: '1',
      onFailure: 'keep',
    });
    expect((await admin.finish(id)).verdict).toBe('partial');
  });
});

describe('the abort probe on this machine', () => {
  it('is asked before anything starts: a red light keeps every host as it is', async () => {
    admin.fleetOf(3);
    admin.probe = probeOf('met');
    const id = await admin.start({ abortIf: 'is-red' });
    const run = await admin.finish(id);
    expect(run).toMatchObject({
      verdict: 'aborted',
      counts: { terminated: 3 },
      abortCause: { kind: 'probe', unreadable: false, detail: 'error rate 7 %' },
    });
    expect(starts(id)).toEqual([]);
  });

  it('ends the run in the middle; what is at work is finished', async () => {
    admin.fleetOf(4);
    const probe = probeOf('clear', 'clear', 'met');
    admin.probe = probe;
    const id = await admin.start({ abortIf: 'is-red', abortIfInterval: '2s', concurrency: '1' });
    const run = await admin.finish(id);
    expect(run.verdict).toBe('aborted');
    expect(run.counts.succeeded).toBeGreaterThan(0);
    expect(run.counts.terminated).toBeGreaterThan(0);
    await admin.clock.advance(60_000);
    expect(probe.asked).toBe(3);
    agrees(id);
  });

  it('that cannot be read ends the run, unless told otherwise', async () => {
    admin.fleetOf(1);
    admin.probe = probeOf('unreadable');
    const strict = await admin.start({ abortIf: 'is-red' });
    expect((await admin.finish(strict)).abortCause).toMatchObject({ kind: 'probe', unreadable: true });
    const lenient = await admin.start({ abortIf: 'is-red', abortIfUnreadable: 'continue' });
    expect((await admin.finish(lenient)).verdict).toBe('success');
  });
});

describe('the end of the window', () => {
  it('ends the run: what is at work is finished, the rest is terminated', async () => {
    admin.fleetOf(4);
    const id = await admin.start({ until: instant(4), concurrency: '1' });
    const run = await admin.finish(id);
    expect(run).toMatchObject({ verdict: 'aborted', abortCause: { kind: 'window' } });
    expect(run.tasks.map((task) => task.state)).toContain('succeeded');
    expect(run.tasks.map((task) => task.state)).toContain('terminated');
    agrees(id);
  });

  it('holds for a retry too: what is left over needs a plan of its own', async () => {
    admin.fleetOf(4);
    const id = await admin.start({ until: instant(4), concurrency: '1' });
    await admin.finish(id);
    expect(await admin.runs.retry({ id })).toMatchObject({ ok: false, error: { code: 'state.conflict' } });
  });

  it('is thought of before: a host that took longer in past runs is not started', async () => {
    admin.fleetOf(2);
    const host = admin.fleet.host('h2');
    host.faults.awayUntil = 0;
    const first = await admin.start({}, ['h2']);
    await admin.until(() => host.commands.has('start'));
    host.faults.awayUntil = admin.clock.now() + 300_000;
    await admin.finish(first);
    value(await admin.runs.rollback({ id: first }));
    await admin.finish(first);
    const again = await admin.start({}, ['h2']);
    await admin.until(() => host.commands.get('start') === 3);
    host.faults.awayUntil = admin.clock.now() + 300_000;
    await admin.finish(again);
    admin.snapshot([{ name: 'curl', version: '4' }], 2);
    const id = await admin.start({ until: instant(120) });
    const run = await admin.finish(id);
    // What h1 will take is judged by what is usual in this fleet.
    expect(run.tasks).toMatchObject([
      { host: 'h1', state: 'terminated', error: { code: 'window.closed' } },
      { host: 'h2', state: 'terminated', error: { code: 'window.closed' } },
    ]);
    expect(run.verdict).toBe('aborted');
  });
});

it('a failed rollback stops the others that wait for theirs, and a person decides', async () => {
  admin.fleetOf(4);
  const id = await admin.start();
  await admin.finish(id);
  admin.fleet.host('h3').faults.rollbackFails = true;
  const order = admin.run(id).tasks.map((task) => task.host);
  expect(order).toHaveLength(4);
  const slow = await admin.runs.rollback({ id });
  value(slow);
  await admin.finish(id);
  // All four had a slot, so none waited.
  expect(told(id, 'run.rollback-stopped')).toEqual([]);
  admin.snapshot([{ name: 'curl', version: '6' }], 2);
  admin.fleet.host('h3').faults.rollbackFails = false;
  const narrow = await admin.start({ concurrency: '1' }, ['h1', 'h2', 'h4']);
  await admin.finish(narrow);
  admin.fleet.host('h4').faults.rollbackFails = true;
  value(await admin.runs.rollback({ id: narrow }));
  await admin.finish(narrow);
  expect(told(narrow, 'run.rollback-stopped')).toMatchObject([{ host: 'h4', left: ['h1', 'h2'] }]);
  expect(admin.states(narrow)).toEqual({ h1: 'succeeded', h2: 'succeeded', h4: 'rollback-failed' });
  agrees(narrow);
});

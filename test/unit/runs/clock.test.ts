/**
 * The laptop's own time in the middle of a run: an hour's sleep, from which it wakes with dead connections while its hosts
 * went on, and a wall clock that is put right by an hour. Wherever in the run that happens, nothing is done twice, and but
 * for jobs that a clock put forward makes late, the run ends as if nothing had been.
 */
import { describe, expect, it } from 'vitest';
import type { RunParameters } from '../../../shared/model/plan.ts';
import { TestConsole, value } from './console.ts';

const HOUR = 3_600_000;
const TICK = 250;

/** A console whose wall clock can be wrong. Waiting is not by the wall clock: that of the hosts, and of waits, goes on evenly. */
class Laptop extends TestConsole {
  #error = 0;

  constructor() {
    super();
    this.ports.clock = {
      now: () => this.clock.now() + this.#error,
      wait: (ms, signal) => this.clock.wait(ms, signal),
    };
    for (const name of ['h1', 'h2', 'h3']) this.add(name, { curl: '1', nginx: '1' });
    this.snapshot([
      { name: 'curl', version: '2' },
      { name: 'nginx', version: '3', stage: 1 },
    ]);
    this.fleet.host('h2').faults.failing.add('nginx');
  }

  putClock(by: number): void {
    this.#error += by;
  }

  /** Nothing here moves; the hosts do. On waking, what was followed is cut off. */
  async sleep(ms: number): Promise<void> {
    for (const host of this.fleet.hosts.values()) host.faults.dropFollows += 1;
    this.clock.set(this.clock.now() + ms);
    await this.clock.advance(0);
  }
}

/** A short limit: an hour's sleep is longer, and a job that has long ended in time must not count as late. */
const PARAMETERS: Partial<RunParameters> = { concurrency: '2', maxFailures: '100%', timeout: '20m' };
const done = ['curl 1→2', 'nginx 1→3'];

type Played = { laptop: Laptop; id: string; ticks: number; reached: boolean };

/** Plays the run, with something happening after so many ticks. `reached`: the run was not over by then. */
const play = async (
  after: number,
  happening: (laptop: Laptop) => void | Promise<void>,
  parameters: Partial<RunParameters> = PARAMETERS,
): Promise<Played> => {
  const laptop = new Laptop();
  // The services took the clock when they were made.
  await laptop.restart();
  const id = await laptop.start(parameters);
  let ticks = 0;
  let reached = false;
  for (; laptop.run(id).state !== 'finished'; ticks += 1) {
    if (ticks > 10_000) throw new Error('it never ends');
    if (ticks === after) {
      await happening(laptop);
      reached = true;
    }
    await laptop.clock.advance(TICK);
  }
  return { laptop, id, ticks, reached };
};

const judge = async ({ laptop, id }: Played, what: string): Promise<void> => {
  expect(laptop.states(id), what).toEqual({ h1: 'succeeded', h2: 'rolled-back', h3: 'succeeded' });
  for (const host of ['h1', 'h3']) expect(laptop.fleet.host(host).mutations, what).toEqual(done);
  expect(laptop.fleet.host('h2').mutations, what).toEqual([...done, 'nginx 3→1', 'curl 2→1']);
  expect(value(await laptop.runs.check({ id })).runs, what).toEqual([{ id, agrees: true, differences: [] }]);
};

/** At every tick of the run. */
const everywhere = async (
  happening: (laptop: Laptop) => void | Promise<void>,
  most: (undisturbed: number) => number,
): Promise<void> => {
  const undisturbed = await play(-1, () => undefined);
  await judge(undisturbed, 'undisturbed');
  let tried = 0;
  for (let tick = 0; ; tick += 1) {
    const played = await play(tick, happening);
    if (!played.reached) break;
    tried += 1;
    await judge(played, `at tick ${tick}`);
    expect(played.ticks, `at tick ${tick}`).toBeLessThanOrEqual(most(undisturbed.ticks));
  }
  expect(tried).toBeGreaterThan(10);
};

describe('a run on a laptop', () => {
  it('that sleeps for an hour, whenever, ends the same soon after it wakes', async () => {
    const soon = 120_000 / TICK;
    await everywhere(
      (laptop) => laptop.sleep(HOUR),
      (undisturbed) => undisturbed + soon,
    );
  });

  it('whose clock is put back by an hour, whenever, ends the same, and no later', async () => {
    const slack = 8;
    await everywhere(
      (laptop) => laptop.putClock(-HOUR),
      (undisturbed) => undisturbed + slack,
    );
  });

  it('whose clock is put forward by an hour takes a job at work for late: it is stopped, never repeated, and retried to its end', async () => {
    const end = await play(-1, () => undefined);
    const left = new Set<string>();
    for (let tick = 0; tick < end.ticks; tick += 1) {
      const { laptop, id } = await play(tick, (one) => one.putClock(HOUR));
      for (const state of Object.values(laptop.states(id))) left.add(state);
      // Once to find the job, which stopped between two packages, and once more to do the rest.
      for (let tries = 0; tries < 2; tries += 1) {
        const states = laptop.states(id);
        const hosts = ['h1', 'h3'].filter((host) => states[host] !== 'succeeded');
        if (hosts.length === 0) break;
        value(await laptop.runs.retry({ id, hosts }));
        await laptop.finish(id);
      }
      for (const host of ['h1', 'h3']) {
        expect(laptop.states(id)[host], `at tick ${tick}`).toBe('succeeded');
        expect(laptop.versions(host), `at tick ${tick}`).toEqual({ curl: '2', nginx: '3' });
        // What a stopped job had done is undone before it is done again.
        const { mutations } = laptop.fleet.host(host);
        expect(mutations.filter((one, index) => one === mutations[index - 1])).toEqual([]);
      }
      expect(value(await laptop.runs.check({ id })).runs[0]?.agrees, `at tick ${tick}`).toBe(true);
    }
    expect(left).toContain('needs-attention');
  });

  it('that sleeps through the end of its window starts nothing new when it wakes', async () => {
    const laptop = new Laptop();
    await laptop.restart();
    const until = new Date(laptop.clock.now() + HOUR / 2).toISOString();
    const id = await laptop.start({ ...PARAMETERS, concurrency: '1', until });
    await laptop.until(() => laptop.fleet.host('h1').mutations.length > 0);
    await laptop.sleep(HOUR);
    await laptop.finish(id);
    expect(laptop.states(id)).toEqual({ h1: 'succeeded', h2: 'terminated', h3: 'terminated' });
    expect(laptop.fleet.host('h1').mutations).toEqual(done);
    expect(laptop.fleet.host('h2').mutations).toEqual([]);
    expect(value(await laptop.runs.check({ id })).runs[0]?.agrees).toBe(true);
  });

  it('that sleeps through a soak goes on to the next wave when it wakes', async () => {
    const laptop = new Laptop();
    await laptop.restart();
    const id = await laptop.start({ ...PARAMETERS, waves: ['1', '100%'], gate: '30m' });
    await laptop.until(() => laptop.states(id).h1 === 'succeeded');
    expect(laptop.states(id)).toMatchObject({ h2: 'queued', h3: 'queued' });
    await laptop.sleep(HOUR);
    await laptop.finish(id);
    expect(laptop.states(id)).toEqual({ h1: 'succeeded', h2: 'rolled-back', h3: 'succeeded' });
  });

  it('a run that came later is undone first, even where its clock says that it came earlier', async () => {
    const laptop = new Laptop();
    await laptop.restart();
    const first = await laptop.start(PARAMETERS, ['h1']);
    await laptop.finish(first);
    laptop.putClock(-HOUR);
    laptop.snapshot([{ name: 'curl', version: '4' }], 2);
    const second = await laptop.start(PARAMETERS, ['h1']);
    await laptop.finish(second);
    expect(laptop.versions('h1')).toMatchObject({ curl: '4' });
    expect(await laptop.runs.rollback({ id: first })).toMatchObject({
      ok: false,
      error: { code: 'state.conflict' },
    });
    expect(laptop.versions('h1')).toMatchObject({ curl: '4' });
  });
});

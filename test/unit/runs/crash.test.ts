/**
 * The console dies, at every instruction that matters: after each commit (its effects are owed, and not done) and before each
 * commit (the effect is done, and nobody knows). A new process over the same store must bring the run to the same end, and
 * must not do anything to a host twice.
 */
import { describe, expect, it } from 'vitest';
import type { RunParameters } from '../../../shared/model/plan.ts';
import { type Death, TestConsole, value } from './console.ts';

type Scenario = {
  name: string;
  parameters: Partial<RunParameters>;
  prepare(admin: TestConsole): void;
  /** What the operator does once the run has ended. */
  afterwards?(admin: TestConsole, runId: string): Promise<void>;
  states: Record<string, string>;
  /** What was done to each host's packages, in order. */
  mutations: Record<string, string[]>;
};

const done = ['curl 1→2', 'nginx 1→3'];
const three = (admin: TestConsole): void => {
  for (const name of ['h1', 'h2', 'h3']) admin.add(name, { curl: '1', nginx: '1' });
  admin.snapshot([
    { name: 'curl', version: '2' },
    { name: 'nginx', version: '3', stage: 1 },
  ]);
};

const SCENARIOS: Scenario[] = [
  {
    name: 'a run that goes well',
    parameters: { concurrency: '2' },
    prepare: three,
    states: { h1: 'succeeded', h2: 'succeeded', h3: 'succeeded' },
    mutations: { h1: done, h2: done, h3: done },
  },
  {
    name: 'a failing package that is rolled back, and a host cut off for a while',
    parameters: { concurrency: '1', maxFailures: '100%' },
    prepare: (admin) => {
      three(admin);
      admin.fleet.host('h1').faults.failing.add('nginx');
      admin.fleet.host('h2').faults.dropFollows = 2;
    },
    states: { h1: 'rolled-back', h2: 'succeeded', h3: 'succeeded' },
    mutations: { h1: ['curl 1→2', 'nginx 1→3', 'nginx 3→1', 'curl 2→1'], h2: done, h3: done },
  },
  {
    name: 'a power cut on a host',
    parameters: { concurrency: '3', maxFailures: '100%' },
    prepare: (admin) => {
      three(admin);
      admin.fleet.host('h2').faults.dieAfter = 1;
    },
    states: { h1: 'succeeded', h2: 'rolled-back', h3: 'succeeded' },
    mutations: { h1: done, h2: ['curl 1→2', 'curl 2→1'], h3: done },
  },
  {
    name: 'a run that aborts at its first failure',
    parameters: { concurrency: '1', maxFailures: '0', onFailure: 'keep' },
    prepare: (admin) => {
      three(admin);
      admin.fleet.host('h2').faults.failing.add('curl');
    },
    states: { h1: 'succeeded', h2: 'failed', h3: 'terminated' },
    mutations: { h1: done, h2: ['curl 1→2'], h3: [] },
  },
  {
    name: 'a run that is rolled back as a whole afterwards',
    parameters: { concurrency: '2' },
    prepare: three,
    afterwards: async (admin, id) => {
      // Asked for until it is on record: the console may die while it is asked.
      while (!admin.events(id).some((event) => event.type === 'run.rolling-back')) {
        if (admin.dead()) await admin.restart();
        else value(await admin.runs.rollback({ id }));
      }
    },
    states: { h1: 'rolled-back', h2: 'rolled-back', h3: 'rolled-back' },
    mutations: Object.fromEntries(
      ['h1', 'h2', 'h3'].map((host) => [host, [...done, 'nginx 3→1', 'curl 2→1']]),
    ),
  },
];

/** Plays a scenario; with a death, the console dies there once and is started again a while later. */
const play = async (
  scenario: Scenario,
  death: Death | undefined,
): Promise<{ admin: TestConsole; id: string; died: boolean }> => {
  const admin = new TestConsole();
  scenario.prepare(admin);
  const plan = await admin.plan(scenario.parameters);
  if (death !== undefined) admin.doom(death);
  let died = false;
  const revive = async (): Promise<void> => {
    if (!admin.dead()) return;
    died = true;
    // Long enough for a job to end, or not, while nobody watches.
    await admin.clock.advance((death?.commit ?? 0) % 2 === 0 ? 700 : 30_000);
    await admin.restart();
  };
  await admin.runs.start({ planId: plan.id, hash: plan.hash });
  // Died before the run was on record: nothing happened, and nothing will.
  let [run] = admin.ports.store.runs(1);
  if (run === undefined) {
    await revive();
    expect([...admin.fleet.hosts.values()].every((host) => host.mutations.length === 0)).toBe(true);
    value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
    [run] = admin.ports.store.runs(1);
  }
  const id = run?.id ?? '';
  const atRest = async (): Promise<void> => {
    await admin.until(() => admin.dead() || admin.run(id).state === 'finished');
    await revive();
    await admin.until(() => admin.run(id).state === 'finished');
  };
  await atRest();
  await scenario.afterwards?.(admin, id);
  await atRest();
  return { admin, id, died };
};

const judge = async (scenario: Scenario, admin: TestConsole, id: string): Promise<void> => {
  expect(admin.states(id)).toEqual(scenario.states);
  for (const [host, mutations] of Object.entries(scenario.mutations))
    expect(admin.fleet.host(host).mutations, host).toEqual(mutations);
  expect(value(await admin.runs.check({ id })).runs).toEqual([{ id, agrees: true, differences: [] }]);
  const lines = admin
    .events(id)
    .flatMap((event) => (event.type === 'task.output' ? [`${event.host} ${event.line}`] : []));
  expect(new Set(lines).size, 'a line was shown twice').toBe(lines.length);
};

describe.each(SCENARIOS)('$name', (scenario) => {
  it('ends as it should when nobody dies', async () => {
    const { admin, id } = await play(scenario, undefined);
    await judge(scenario, admin, id);
  });

  it.each(['after', 'before'] as const)(
    'ends the same when the console is killed %s any commit',
    async (when) => {
      let deaths = 0;
      for (let commit = 1; ; commit += 1) {
        const { admin, id, died } = await play(scenario, { commit, when });
        if (!died) break;
        deaths += 1;
        await judge(scenario, admin, id);
      }
      expect(deaths).toBeGreaterThan(15);
    },
    240_000,
  );
});

it('a console that was dead while a freeze began honours it: what was not started is not started', {
  timeout: 120_000,
}, async () => {
  // Died after the commit that let the task apply, before the job was started.
  for (let commit = 1; ; commit += 1) {
    const admin = new TestConsole();
    three(admin);
    const plan = await admin.plan({ concurrency: '1' }, ['h1']);
    admin.doom({ commit, when: 'after' });
    await admin.runs.start({ planId: plan.id, hash: plan.hash });
    await admin.until(() => admin.dead() || admin.ports.store.runs(1)[0]?.state === 'finished');
    const [run] = admin.ports.store.runs(1);
    if (run?.state === 'finished') throw new Error('it never came to applying');
    const id = run?.id ?? '';
    if (admin.states(id).h1 !== 'applying' || admin.fleet.host('h1').jobs.size > 0) continue;
    admin.refusals = () => [{ code: 'freeze.other-snapshot', message: 'frozen since' }];
    await admin.restart();
    await admin.finish(id);
    expect(admin.states(id)).toEqual({ h1: 'refused' });
    expect(admin.fleet.host('h1').mutations).toEqual([]);
    return;
  }
});

/**
 * The power goes while a commit of a run is being written: its log ends somewhere in that commit. For every commit of a run,
 * the next start finds all commits before it and goes on from there; the run ends as if nothing had been.
 */
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Store } from '../../../main/core/ports.ts';
import { TestConsole, value } from '../runs/console.ts';
import { opened, temporaryFolder } from './make.ts';

const DATABASE = 'frostline.db';
const walBytes = (file: string): number => (existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0);

/** The store, and how long its log was before each commit of a run. */
const measured = (file: string): { store: Store; before: number[] } => {
  const store = opened(file);
  const before: number[] = [];
  const noted =
    <A>(commit: (what: A) => void) =>
    (what: A): void => {
      before.push(walBytes(file));
      commit(what);
    };
  return {
    store: { ...store, createRun: noted(store.createRun), commitRun: noted(store.commitRun) },
    before,
  };
};

const done = ['curl 1→2', 'nginx 1→3'];
const prepared = async (store: Store): Promise<TestConsole> => {
  const admin = new TestConsole();
  admin.ports.store = store;
  await admin.restart();
  for (const name of ['h1', 'h2']) admin.add(name, { curl: '1', nginx: '1' });
  admin.snapshot([
    { name: 'curl', version: '2' },
    { name: 'nginx', version: '3', stage: 1 },
  ]);
  admin.fleet.host('h2').faults.failing.add('nginx');
  return admin;
};

const parameters = { concurrency: '2', maxFailures: '100%' };

/** `share` of the nth commit had been written, from 0 (nothing of it) to 1 (all but its last byte). Whether there was such a commit. */
const play = async (commit: number, share: number): Promise<boolean> => {
  const file = join(temporaryFolder(), DATABASE);
  const { store, before } = measured(file);
  const admin = await prepared(store);
  const plan = await admin.plan(parameters);
  admin.doom({ commit, when: 'after' });
  await admin.runs.start({ planId: plan.id, hash: plan.hash });
  await admin.until(() => admin.dead() || store.runs(1)[0]?.state === 'finished');
  if (!admin.dead()) {
    store.close();
    return false;
  }
  const from = before.at(-1) ?? 0;
  const wal = readFileSync(`${file}-wal`);
  expect(wal.length).toBeGreaterThan(from);
  const left = join(dirname(file), 'left.db');
  copyFileSync(file, left);
  writeFileSync(`${left}-wal`, wal.subarray(0, from + Math.floor((wal.length - from - 1) * share)));
  store.close();

  const again = opened(left);
  admin.ports.store = again;
  await admin.restart();
  const what = `commit ${commit}, cut at ${share}`;
  if (commit === 1) {
    // The run was not on record yet: nothing of it may have happened.
    expect(again.runs(1), what).toEqual([]);
    expect(admin.fleet.host('h1').mutations, what).toEqual([]);
    value(await admin.runs.start({ planId: plan.id, hash: plan.hash }));
  }
  const id = again.runs(1)[0]?.id ?? '';
  await admin.finish(id);
  expect(admin.states(id), what).toEqual({ h1: 'succeeded', h2: 'rolled-back' });
  expect(admin.fleet.host('h1').mutations, what).toEqual(done);
  expect(admin.fleet.host('h2').mutations, what).toEqual([...done, 'nginx 3→1', 'curl 2→1']);
  expect(value(await admin.runs.check({ id })).runs, what).toEqual([{ id, agrees: true, differences: [] }]);
  again.close();
  return true;
};

it('a run resumes from its last whole commit, wherever in whichever commit the power went', async () => {
  const shares = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { numRuns: 400, seed: 20261123 });
  let commits = 0;
  for (let commit = 1; await play(commit, 1); commit += 1) {
    commits = commit;
    for (const share of [0, shares[commit * 2] ?? 0, shares[commit * 2 + 1] ?? 0]) await play(commit, share);
  }
  expect(commits).toBeGreaterThan(15);
}, 180_000);

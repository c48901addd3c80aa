/** The concurrency cap, read from the event log: never exceeded for an instant, rollbacks included, and really used. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fleet, startFleet } from './fleet/fleet.ts';
import { BROKEN_OK_FILE } from './fleet/shapes.ts';
import { LabConsole } from './support/console.ts';
import { gapsIn, mostActive } from './support/live.ts';
import { describeLab, labPackages, profilePackages } from './support/outside.ts';

describeLab('the concurrency cap on twelve hosts', () => {
  let fleet: Fleet;
  let console: LabConsole;

  beforeAll(async () => {
    fleet = await startFleet({ hosts: 12 });
    console = new LabConsole(fleet);
    await console.takeIn();
    // Every third host fails and is rolled back while others are being patched.
    await Promise.all(
      fleet.hosts.filter((_, index) => index % 3 !== 0).map((host) => host.output(`touch ${BROKEN_OK_FILE}`)),
    );
  });
  afterAll(async () => {
    await console?.close();
    await fleet?.stop();
  });

  // Each run brings something that the ones before it left.
  test.each([
    { cap: '1', most: 1, on: 'h01 or h02 or h03 or h04 or h05', brings: ['lab-plain=1.1'], fails: false },
    { cap: '3', most: 3, on: 'all', brings: ['lab-broken=1.1'], fails: true },
    { cap: '25%', most: 3, on: 'all', brings: ['lab-multi=1.1'], fails: false },
    { cap: '12', most: 12, on: 'all', brings: ['lab-broken=1.1', 'lab-multi=2.0'], fails: true },
  ])('--concurrency $cap: at most $most, and that is reached', async ({ cap, most, on, brings, fails }) => {
    const name = `cap ${cap.replace('%', ' percent')}`;
    await console.snapshotOf(name, ...brings);
    const done = await console.run(name, on, '--concurrency', cap, '--max-failures', '100%');
    expect(done.code, done.live.timeline().join('\n')).toBe(fails ? 1 : 0);
    expect(done.run.parameters.concurrency).toBe(most);
    expect(mostActive(done.live.events)).toBe(most);
    expect(gapsIn(done.live.events)).toEqual([]);
    const undone = done.live.of('task.state').filter((event) => event.to === 'rolled-back');
    expect(undone.map((event) => event.host).toSorted()).toEqual(fails ? ['h01', 'h04', 'h07', 'h10'] : []);

    if (!fails) return;
    const back = await console.runs('rollback', done.id);
    expect(back.code).toBe(0);
    expect(mostActive(back.live.events)).toBe(Math.min(most, 8));
  });

  test('afterwards every host has what was left standing', async () => {
    for (const [index, host] of fleet.hosts.entries()) {
      expect(await labPackages(host)).toEqual({
        ...profilePackages,
        'lab-plain': index < 5 ? '1.1' : '1.0',
        'lab-multi': '1.1',
      });
    }
  });
});

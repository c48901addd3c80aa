/** What windows are told of a long command: what is being done, how far it is, and that it is over. */
import { expect, test } from 'vitest';
import { createChangeHub } from '../../../main/adapters/changes.ts';
import type { Change } from '../../../shared/contract/system.ts';
import { fakeClock, seededRandom } from '../../support/ports.ts';

test('an import is told with its steps, each counted from its own beginning, and can be stopped', async () => {
  const clock = fakeClock();
  const hub = createChangeHub(clock, seededRandom(1));
  const told: Extract<Change, { type: 'activity' }>[] = [];
  hub.subscribe((change) => void (change.type === 'activity' && told.push(change)));
  const activity = hub.begin('import', 'Reading all.zip', 0);
  const began = told[0]?.activity.startedAt;
  await clock.advance(5000);
  for (let n = 1; n <= 1000; n += 1) activity.reached(n, 1000);
  // A bar needs no more than some updates a second; the last one is never left out.
  expect(told.length).toBeLessThan(10);
  expect(told.at(-1)?.activity).toMatchObject({
    label: 'Reading all.zip',
    done: 1000,
    total: 1000,
    startedAt: began,
  });
  activity.reached(0, 400, 'Taking in all.zip');
  expect(told.at(-1)?.activity).toMatchObject({ label: 'Taking in all.zip', done: 0, total: 400 });
  expect(told.at(-1)?.activity.startedAt).not.toBe(began);
  const [running] = hub.activities();
  expect(activity.signal.aborted).toBe(false);
  expect(hub.cancel(running?.id ?? '')).toBe(true);
  expect(activity.signal.aborted).toBe(true);
  activity.end();
  expect(told.at(-1)).toMatchObject({ over: true });
  expect(hub.activities()).toEqual([]);
});

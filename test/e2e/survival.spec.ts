/** What a run outlives: a reload, a crash of the host process, an abort; and that windows and command line see the same run. */
import type { Page } from '@playwright/test';
import { type Console, expect, test } from './support/console.ts';
import { CheckAnswer, RunAnswer, RunsAnswer } from './support/model.ts';
import {
  expectRunFinished,
  heading,
  idOfRun,
  place,
  plan,
  planDialog,
  RUN_TIMEOUT,
  run,
  shownState,
  statesShown,
} from './support/pages.ts';

// Slow enough that there is a middle of the run.
test.use({ pace: 110 });

/** Nothing more happens to a host in one of these. */
const AT_REST = ['succeeded', 'failed', 'rolled back', 'unreachable', 'terminated', 'compliant', 'cancelled'];

/** Eight hosts, one that fails and one that cannot be reached among them; the window shows the run that just began. */
const startRun = async (console: Console, concurrency: string): Promise<Page> => {
  const { page } = console;
  await console.startFleet(8);
  const created = await console.cli('snapshot', 'create', 'night', '--from', 'all and not db-02');
  expect(created.code).toBe(0);
  await place(page, 'Snapshots').click();
  await page.getByRole('link', { name: 'night', exact: true }).click();
  await page.getByRole('button', { name: 'Plan a run…' }).click();
  const dialog = planDialog(page);
  await dialog.hosts.fill('all');
  await dialog.concurrency.fill(concurrency);
  await dialog.maxFailures.fill('50%');
  await dialog.make.click();
  await expect(heading(page, /^Plan for night@1/)).toBeVisible({ timeout: 60_000 });
  await plan(page).run.click();
  await plan(page)
    .confirm.getByRole('button', { name: /^Change \d+ hosts now/ })
    .click();
  await expect(heading(page, /^Run of night/)).toBeVisible();
  await expect(run(page).cells).toHaveCount(8);
  return page;
};

const expectMiddleOfRun = async (page: Page) => {
  await expect(run(page).chip('applying')).toBeVisible({ timeout: RUN_TIMEOUT });
  await expect(run(page).chip('succeeded')).toBeVisible({ timeout: RUN_TIMEOUT });
};

/** What the window shows at the end is what is stored, and what is stored is what the events say. */
const expectShownAsStored = async (console: Console, page: Page) => {
  const id = idOfRun(page);
  const stored = (await console.read(RunAnswer, 'runs', 'show', id)).run;
  const states = Object.fromEntries(stored.tasks.map((task) => [task.host, shownState(task.state)]));
  await expect.poll(() => statesShown(page)).toEqual(states);
  expect((await console.read(CheckAnswer, 'runs', 'check', id)).runs).toEqual([
    { id, agrees: true, differences: [] },
  ]);
  return stored;
};

test('a reload in mid-run loses nothing on screen', async ({ console }) => {
  const page = await startRun(console, '3');
  await expectMiddleOfRun(page);
  const address = page.url();
  const output = run(page).output('app-01');
  await run(page).cell('app-01').click();
  await expect(output).toContainText('Setting up');
  const before = await statesShown(page);
  const line = /Setting up \S+ \(\S+\)/.exec(await output.innerText())?.[0] ?? 'nothing';

  await page.reload();

  expect(page.url()).toBe(address);
  await expect(run(page).cells).toHaveCount(8);
  const after = await statesShown(page);
  expect(Object.keys(after)).toEqual(Object.keys(before));
  // What had come to rest is at rest; nothing that had begun is queued again.
  for (const [host, state] of Object.entries(before)) {
    if (AT_REST.includes(state)) expect(after[host], host).toBe(state);
    else if (state !== 'queued') expect(after[host], host).not.toBe('queued');
  }
  const answer = await console.read(RunAnswer, 'runs', 'show', idOfRun(page));
  expect(answer.run.tasks.map((task) => task.host).sort()).toEqual(Object.keys(after).sort());
  // The host whose output was open is open again, with the lines from before.
  await expect(output).toContainText(line);

  await expectRunFinished(page);
  const stored = await expectShownAsStored(console, page);
  expect(stored.verdict).toBe('partial');
});

test('a killed host process comes back, goes on with the run, and does nothing twice', async ({
  console,
}) => {
  const page = await startRun(console, '3');
  await expectMiddleOfRun(page);
  const before = await statesShown(page);

  console.killHost();

  await expect(page.getByText('The host process was restarted and has taken up its runs again.')).toBeVisible(
    {
      timeout: 60_000,
    },
  );
  await expect(run(page).cells).toHaveCount(8);
  await expectRunFinished(page);
  const stored = await expectShownAsStored(console, page);
  expect(stored.verdict).toBe('partial');
  const states = Object.fromEntries(stored.tasks.map((task) => [task.host, shownState(task.state)]));
  for (const [host, state] of Object.entries(before))
    if (AT_REST.includes(state)) expect(states[host], host).toBe(state);
  // Six change well, one fails and is rolled back, one was never there: whoever was at work was found again, not started again.
  expect(Object.values(states).sort()).toEqual([
    'rolled back',
    ...Array.from({ length: 6 }, () => 'succeeded'),
    'unreachable',
  ]);
  expect(stored.tasks.map((task) => task.attempt)).toEqual(stored.tasks.map(() => 1));
});

test('an abort in mid-run: nothing new starts, who is at work finishes', async ({ console }) => {
  const page = await startRun(console, '1');
  await expect(run(page).chip('applying')).toBeVisible({ timeout: RUN_TIMEOUT });
  await run(page).abort.click();
  const dialog = page.getByRole('alertdialog', { name: 'Abort this run?' });
  await expect(dialog).toContainText('will not be started and end as “terminated”');
  await expect(dialog).toContainText('1 host at work');
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('the pager rang');
  await dialog.getByRole('button', { name: 'Abort the run' }).click();
  await expectRunFinished(page);
  await expect(heading(page, /aborted/)).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('the pager rang');
  const stored = await expectShownAsStored(console, page);
  const states = stored.tasks.map((task) => task.state);
  expect(states.filter((state) => state === 'terminated').length).toBeGreaterThanOrEqual(5);
  expect(states.filter((state) => state === 'succeeded').length).toBeGreaterThanOrEqual(1);
});

test('two windows and the command line see the same run at once', async ({ console }) => {
  // Two at once: the run must still be under way when the second window aborts it, on a slow machine too.
  const page = await startRun(console, '2');
  const other = await console.openWindow();
  await place(other, 'Runs').click();
  await other.getByRole('grid', { name: 'Runs' }).getByRole('link', { name: 'night@1' }).click();
  await expect(run(other).cells).toHaveCount(8);
  const { runs } = await console.read(RunsAnswer, 'runs', 'list');
  expect(runs).toEqual([expect.objectContaining({ id: idOfRun(page), state: 'running' })]);

  // What one window asks for, the other shows; the command line watches it to its end.
  await run(other).abort.click();
  await other.getByRole('alertdialog').getByRole('button', { name: 'Abort the run' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Abort' })).toBeVisible();
  const watched = await console.cli('runs', 'watch', idOfRun(page));
  expect(watched.json).toMatchObject({ type: 'run.finished', verdict: 'aborted' });
  await expectRunFinished(page);
  await expectRunFinished(other);
  await expectShownAsStored(console, page);
  const shown = await statesShown(page);
  await expect.poll(() => statesShown(other)).toEqual(shown);
});

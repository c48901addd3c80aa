/** A run one can walk away from: gates opened by mouse and keyboard, a restart seen live, proof before and result after, an abort explained. */
import type { Page } from '@playwright/test';
import { expectAccessible, expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { forbidPointer, keyboard } from './support/keyboard.ts';
import { RunAnswer } from './support/model.ts';
import {
  editor,
  expectRunFinished,
  fleet,
  heading,
  idOfRun,
  place,
  plan,
  planDialog,
  RUN_TIMEOUT,
  run,
} from './support/pages.ts';

test.use({ pace: 8 });

/** Among five demo hosts: this one's new nodejs fails, that one wants a restart. */
const FAILS = 'app-01';
const RESTARTS = 'cache-01';

const openPlanDialog = async (page: Page) => {
  await place(page, 'Snapshots').click();
  await page.getByRole('link', { name: 'night', exact: true }).click();
  await editor(page).plan.click();
  return planDialog(page);
};

const startPlan = async (page: Page) => {
  await plan(page).run.click();
  await plan(page)
    .confirm.getByRole('button', { name: /^Change \d+ hosts? now/ })
    .click();
  await expect(heading(page, /^Run of night/)).toBeVisible();
};

test('waves behind gates, a restart, a wave undone, and an abort with its arithmetic', async ({
  console,
}) => {
  const { page } = console;
  await expect(fleet(page).offer).toBeVisible();
  await console.startFleet(5);
  expect((await console.cli('snapshot', 'create', 'night', '--from', 'all and not web-02')).code).toBe(0);

  await test.step('the dialog tells what each parameter comes to while it is typed', async () => {
    const dialog = await openPlanDialog(page);
    await dialog.hosts.fill('cache-01 or db-01 or web-01');
    await dialog.maxFailures.fill('50%');
    await expect(dialog.dialog).toContainText('Aborts at the 2nd failed host.');
    await dialog.reboot.selectOption('if-required');
    await dialog.group('Waves, gates and slow start').click();
    await dialog.waves.fill('2, 1');
    await page.keyboard.press('Tab');
    await dialog.gate.selectOption('manual');
    await expect(dialog.dialog.getByRole('alert')).toContainText('they have to grow');
    await dialog.waves.fill('1, 2');
    await expect(dialog.dialog).toContainText(
      'Waves: 1 host, then 1, then 1; the next begins when you approve it.',
    );
    await expectSound(page, 'the dialog for a plan, with waves');
    await dialog.make.click();
    await expect(heading(page, /^Plan for night@1/)).toBeVisible({ timeout: 60_000 });
  });

  await test.step('the plan shows waves by name, the reboot, and what is not proven', async () => {
    await expect(plan(page).howItRuns).toContainText(
      'Waves: 1 host (cache-01), then 1 (db-01), then 1 (web-01); the next begins when you approve it.',
    );
    await expect(plan(page).comesTo).toContainText('1 host is rebooted');
    await expect(plan(page).comesTo).toContainText('best effort on 2');
    const restarts = plan(page).group('To change').getByRole('group').filter({ hasText: RESTARTS });
    await expect(restarts).toContainText('is rebooted');
    await expect(restarts).toContainText('rollback best effort');
    await page.getByRole('button', { name: 'Show what is not proven' }).click();
    const [weakest] = await plan(page).proofs.getByRole('row').filter({ hasText: 'postgresql' }).all();
    await expect(weakest ?? page.getByText('no such row')).toContainText('best effort');
    await expect(weakest ?? page.getByText('no such row')).toContainText('db-01');
    await expectSound(page, 'the rollback proof of a plan');
    await startPlan(page);
  });

  await test.step('the restart is seen live, with what is waited for', async () => {
    await expect(run(page).waves).toHaveCount(3);
    await run(page).cell(RESTARTS).click();
    const panel = run(page).panel(RESTARTS);
    await expect(panel).toContainText('Restarting.', { timeout: RUN_TIMEOUT });
    await expect(panel).toContainText('the host to come back from its restart');
    await expect(run(page).cell(RESTARTS)).toHaveAccessibleName(/succeeded/, { timeout: RUN_TIMEOUT });
    await expect(panel).toContainText('It was restarted and came back');
  });

  await test.step('a gate is opened by mouse, after seeing who starts', async () => {
    await expect(heading(page, /wave 2 waits/)).toBeVisible();
    await expect(run(page).waves.nth(1)).toContainText('waiting for its gate');
    await expect(run(page).cell('db-01')).toHaveAccessibleName(/queued/);
    await expectSound(page, 'a run at a gate');
    await run(page).approve.click();
    await expect(run(page).approveDialog).toContainText('These hosts start: db-01.');
    await expectAccessible(page, 'the question before a gate');
    await run(page).approveDialog.getByRole('button', { name: 'Start 1 host' }).click();
    await expect(run(page).cell('db-01')).toHaveAccessibleName(/succeeded/, { timeout: RUN_TIMEOUT });
  });

  await test.step('and by keyboard alone', async () => {
    await expect(heading(page, /wave 3 waits/)).toBeVisible();
    const pointerUses = await forbidPointer(page);
    const keys = keyboard(page);
    await keys.press('a');
    await expect(run(page).approveDialog).toBeVisible();
    await keys.to(run(page).approveDialog.getByRole('button', { name: 'Start 1 host' }));
    await keys.press('Enter');
    await expectRunFinished(page);
    expect(await pointerUses()).toBe(0);
    await expect(heading(page, /success/)).toBeVisible();
  });

  await test.step('one wave is rolled back, and its host is as captured', async () => {
    await run(page).rollbackAll.click();
    const dialog = run(page).rollbackDialog;
    await dialog.getByRole('combobox', { name: 'What to roll back' }).selectOption('3');
    await expect(dialog).toContainText('web-01');
    await expect(dialog).not.toContainText('db-01');
    await dialog.getByRole('button', { name: 'Roll back 1 host' }).click();
    await expect(run(page).cell('web-01')).toHaveAccessibleName(/rolled back/, { timeout: RUN_TIMEOUT });
    await run(page).cell('web-01').click();
    await expect(run(page).panel('web-01')).toContainText('equal to its capture');
    await expect(run(page).cell('db-01')).toHaveAccessibleName(/succeeded/);
  });

  await test.step('an abort says what reached the threshold, with the arithmetic and the host', async () => {
    const dialog = await openPlanDialog(page);
    await dialog.hosts.fill('app-01 or web-01');
    await dialog.concurrency.fill('1');
    await dialog.maxFailures.fill('0');
    await dialog.make.click();
    await expect(plan(page).howItRuns).toContainText('Aborts at the 1st failed host', { timeout: 60_000 });
    await startPlan(page);
    await expectRunFinished(page);
    await expect(heading(page, /aborted/)).toBeVisible();
    const alert = page.getByRole('alert').filter({ hasText: 'Aborted:' });
    await expect(alert).toContainText('the 1st failed host was one too many');
    await expect(alert).toContainText('Max failures 0 allows 0; 1 of 2 hosts failed, and 1 > 0.');
    await expectSound(page, 'an aborted run');
    await alert.getByRole('button', { name: FAILS }).click();
    await expect(run(page).panel(FAILS)).toContainText('nodejs');
    await expect(run(page).cell('web-01')).toHaveAccessibleName(/terminated/);
    const stored = await console.read(RunAnswer, 'runs', 'show', idOfRun(page));
    expect(stored.run.verdict).toBe('aborted');
  });
});

/** The whole job again, by keyboard alone: every control is reached with Tab, used with keys, and shows that it has the focus. */
import { expect, test } from './support/console.ts';
import { forbidPointer, keyboard } from './support/keyboard.ts';
import { SnapshotAnswer } from './support/model.ts';
import {
  createDialog,
  editor,
  expectRunFinished,
  fleet,
  freezeDialog,
  heading,
  plan,
  planDialog,
  RUN_TIMEOUT,
  run,
} from './support/pages.ts';

test('an admin does the whole job without a mouse', async ({ console }) => {
  const { page } = console;
  const hands = keyboard(page);
  await expect(fleet(page).offer).toBeVisible();
  const pointerUses = await forbidPointer(page);

  await test.step('start the demo fleet and scan it', async () => {
    await hands.to(fleet(page).offer);
    await hands.press('Enter');
    await expect(page.getByText(/^24 hosts$/)).toBeVisible({ timeout: 60_000 });
    await hands.to(fleet(page).scanAll);
    await hands.press('Space');
    await expect(fleet(page).progress).toBeVisible();
    await expect(fleet(page).progress).toBeHidden({ timeout: 120_000 });
  });

  await test.step('filter the fleet, go through its rows with arrows, and open one', async () => {
    await hands.press('/');
    await expect(fleet(page).filter).toBeFocused();
    await hands.type('tag=role:web');
    await expect(page.getByText('of 24 hosts')).toBeVisible();
    await hands.to(fleet(page).row('web-01'));
    await hands.press('ArrowDown');
    await expect(fleet(page).row('web-02')).toBeFocused();
    await hands.press('Space');
    await expect(fleet(page).row('web-02')).toHaveAttribute('aria-selected', 'true');
    await hands.press('Space', 'Home');
    await expect(fleet(page).row('web-01')).toBeFocused();
    await hands.press('Enter');
    await expect(heading(page, 'web-01')).toBeFocused();
    await hands.to(page.getByRole('tab', { name: 'Overview' }));
    await hands.press('ArrowRight');
    await expect(page.getByRole('grid', { name: 'Updates' })).toContainText('1.22.1-9+deb12u1');
  });

  await test.step('make a snapshot of two hosts', async () => {
    await hands.press('g', 's');
    await expect(heading(page, 'Snapshots')).toBeFocused();
    await hands.to(page.getByRole('button', { name: 'New snapshot…' }).first());
    await hands.press('Enter');
    const create = createDialog(page);
    await expect(create.name).toBeFocused();
    await hands.type('keys');
    await hands.to(create.selector);
    await hands.fill('web-01 or web-02');
    await hands.press('Enter');
    await expect(heading(page, 'keys')).toBeVisible();
  });

  const edit = editor(page);
  await test.step('order it: one row by Alt and arrows, one by its handle', async () => {
    await hands.to(edit.entry('base-files'));
    await hands.press('Alt+ArrowDown', 'Alt+ArrowDown');
    await expect.poll(() => edit.position('base-files')).toMatch(/^3 of /);
    await expect(edit.entry('base-files')).toBeFocused();
    await hands.press('Home');
    await expect(edit.entry('bind9-host')).toBeFocused();
    await hands.to(edit.handle('bind9-host'));
    await hands.press('Space');
    await expect(
      page.getByRole('status').filter({ hasText: /^(Picked up|Over) bind9-host,/ }),
    ).toBeAttached();
    await hands.press('ArrowDown');
    await expect(page.getByRole('status').filter({ hasText: /^Over bind9-libs,/ })).toBeAttached();
    await hands.press('Space');
    await expect.poll(() => edit.position('bind9-host')).toMatch(/^2 of /);
  });

  await test.step('reject, remove and stage with keys; undo and redo', async () => {
    await hands.to(edit.search, 'Shift+Tab');
    await hands.type('tzdata');
    await hands.to(edit.entry('tzdata'));
    await hands.press('r');
    await expect(edit.decision('tzdata')).toContainText('rejected');
    await hands.to(edit.search, 'Shift+Tab');
    await hands.fill('less');
    await hands.to(edit.entry('less'));
    await hands.press('Delete');
    await expect(edit.entry('less')).toHaveCount(0);
    await hands.to(edit.search, 'Shift+Tab');
    await hands.fill('curl');
    await hands.to(edit.stage('curl'));
    await hands.press('ArrowDown');
    await expect(edit.handle('curl')).toHaveAccessibleName(/in stage 2$/);
    await hands.to(edit.entry('curl'), 'Shift+Tab');
    await hands.press('Control+z');
    await expect(edit.handle('curl')).toHaveAccessibleName(/in stage 1$/);
    await hands.press('Control+Shift+Z');
    await expect(edit.handle('curl')).toHaveAccessibleName(/in stage 2$/);
    await hands.press('Control+s');
    await expect(page.getByText('Revision 2 by')).toBeVisible();
    const { snapshot } = await console.read(SnapshotAnswer, 'snapshot', 'show', 'keys');
    expect(snapshot.entries.find((each) => each.name === 'curl')?.stage).toBe(2);
    expect(snapshot.entries.find((each) => each.name === 'tzdata')?.decision).toBe('reject');
    expect(snapshot.entries.some((each) => each.name === 'less')).toBe(false);
  });

  await test.step('freeze it from the calendar', async () => {
    await hands.to(edit.freeze, 'Shift+Tab');
    await hands.press('Enter');
    const freeze = freezeDialog(page);
    await expect(freeze.hosts).toBeFocused();
    await hands.fill('web-01 or web-02');
    await hands.to(freeze.begins.date);
    await hands.fill('2020-01-01');
    await hands.to(freeze.begins.time);
    await hands.fill('00:00');
    const chosen = freeze.ends.calendar.getByRole('gridcell', { selected: true });
    const first = await chosen.getAttribute('aria-label');
    await hands.to(chosen);
    await hands.press('PageDown', 'ArrowDown', 'Enter');
    await expect(chosen).not.toHaveAccessibleName(first ?? '');
    await expect(freeze.words).toContainText('it holds at once');
    await hands.to(freeze.dialog.getByRole('radio', { name: /^Nothing: listed entries only/ }));
    await hands.press('ArrowDown');
    await expect(freeze.withDependencies).toBeChecked();
    await hands.to(freeze.freeze);
    await hands.press('Enter');
    await expect(heading(page, /keys.*frozen/)).toBeVisible();
  });

  await test.step('plan another: refused; then the frozen one', async () => {
    await hands.press('g', 's');
    await expect(heading(page, 'Snapshots')).toBeFocused();
    await hands.press('n');
    await expect(createDialog(page).name).toBeFocused();
    await hands.type('other');
    await hands.to(createDialog(page).selector);
    await hands.fill('web-01');
    await hands.press('Enter');
    await expect(heading(page, 'other')).toBeVisible();
    await hands.press('p');
    await hands.to(planDialog(page).hosts);
    await hands.type('web-01');
    await hands.press('Enter');
    await expect(heading(page, /^Plan for other@1/)).toBeFocused({ timeout: 60_000 });
    await expect(plan(page).refusals).toContainText("the freeze of 'keys'");

    await hands.press('g', 's');
    await expect(heading(page, 'Snapshots')).toBeFocused();
    const listed = page.getByRole('grid', { name: 'Snapshots' }).getByRole('row').filter({ hasText: 'keys' });
    await hands.to(
      page.getByRole('grid', { name: 'Snapshots' }).getByRole('row').and(page.locator('[tabindex="0"]')),
    );
    await hands.press('End');
    await expect(listed).toBeFocused();
    await hands.press('Enter');
    await expect(heading(page, /^keys/)).toBeFocused();
    await hands.press('p');
    await hands.to(planDialog(page).hosts);
    await hands.type('web-01 or web-02');
    await hands.to(planDialog(page).concurrency);
    await hands.fill('1');
    await hands.press('Enter');
    await expect(heading(page, /^Plan for keys@/)).toBeFocused({ timeout: 60_000 });
    await expect(plan(page).howItRuns).toContainText('At most 1 host at once.');
  });

  await test.step('look into the plan, and run it', async () => {
    await hands.to(plan(page).byHost);
    await hands.press('ArrowRight');
    await expect(plan(page).packages).toContainText('nginx');
    await hands.press('ArrowLeft');
    await hands.to(plan(page).group('To change').locator('summary').filter({ hasText: 'web-01' }));
    await hands.press('Enter');
    await expect(page.getByRole('region', { name: 'Actions on web-01' })).toContainText('nginx');
    await hands.to(plan(page).run, 'Shift+Tab');
    await hands.press('Enter');
    await hands.to(plan(page).confirm.getByRole('button', { name: 'Change 2 hosts now' }));
    await hands.press('Space');
    await expect(heading(page, /^Run of keys/)).toBeFocused();
  });

  await test.step('watch it: through the cells with arrows, into a host’s output and back', async () => {
    await hands.to(run(page).cell('web-01'));
    await hands.press('ArrowRight');
    await expect(run(page).cell('web-02')).toBeFocused();
    await hands.press('Enter');
    await expect(run(page).panel('web-02').getByRole('heading', { level: 2 })).toBeFocused();
    await hands.to(run(page).output('web-02'));
    await expect(run(page).output('web-02')).toContainText('Setting up nginx', { timeout: RUN_TIMEOUT });
    await hands.press('Escape');
    await expect(run(page).cell('web-02')).toBeFocused();
    await expectRunFinished(page);
    await expect(run(page).chip('succeeded')).toHaveAccessibleName('succeeded 2');
  });

  await test.step('roll the run back, and find it in the history', async () => {
    await hands.to(run(page).rollbackAll, 'Shift+Tab');
    await hands.press('Enter');
    await hands.to(run(page).rollbackDialog.getByRole('button', { name: 'Roll back 2 hosts' }));
    await hands.press('Enter');
    await expect(run(page).chip('rolled back')).toHaveAccessibleName('rolled back 2', {
      timeout: RUN_TIMEOUT,
    });
    await expectRunFinished(page);
    await hands.press('g', 'r');
    await expect(heading(page, 'Runs')).toBeFocused();
    const listed = page.getByRole('grid', { name: 'Runs' }).getByRole('row').filter({ hasText: 'keys@' });
    await hands.to(listed);
    await expect(listed).toContainText('rolled back');
    await hands.press('Enter');
    await expect(heading(page, /^Run of keys/)).toBeFocused();
  });

  expect(await pointerUses()).toBe(0);
});

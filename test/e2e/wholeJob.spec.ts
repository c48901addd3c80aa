/** The whole job with the mouse, as an admin does it on the first evening: from nothing to a fleet patched and undone. */
import { expect, test } from './support/console.ts';
import { RunAnswer, SnapshotAnswer } from './support/model.ts';
import {
  createDialog,
  editor,
  expectRunFinished,
  fleet,
  freezeDialog,
  heading,
  idOfRun,
  place,
  plan,
  planDialog,
  RUN_TIMEOUT,
  run,
} from './support/pages.ts';

/** The demo's troubled hosts among 24. */
const FAILS = 'web-03';
const UNREACHABLE = 'cache-02';

test('an admin scans, snapshots, freezes, patches, watches and undoes by mouse', async ({ console }) => {
  const { page } = console;

  await test.step('the first start offers the demo fleet, one click away', async () => {
    await expect(heading(page, 'Fleet')).toBeVisible();
    await expect(page.getByText('No hosts yet')).toBeVisible();
    await fleet(page).offer.click();
    await expect(page.getByText(/^24 hosts$/)).toBeVisible({ timeout: 60_000 });
    await expect(fleet(page).row('web-01')).toContainText('not scanned');
  });

  await test.step('scanning shows its progress, and a host that cannot be reached as a failed scan with its cause', async () => {
    await fleet(page).scanAll.click();
    await expect(fleet(page).progress).toBeVisible();
    await expect(fleet(page).progress).toBeHidden({ timeout: 120_000 });
    await expect(fleet(page).summary).toContainText('24 hosts');
    await expect(fleet(page).summary).toContainText('1 in trouble');
    await expect(fleet(page).row('web-01')).toContainText('reachable');
    await expect(fleet(page).row(UNREACHABLE)).toContainText('unreachable');
    await fleet(page).row(UNREACHABLE).getByRole('link', { name: UNREACHABLE }).click();
    await expect(heading(page, UNREACHABLE)).toBeVisible();
    await expect(page.getByRole('alert')).toContainText('The latest scan failed');
    await expect(page.getByRole('alert')).toContainText('host.unreachable');
    await expect(page.getByText('There is no earlier scan to show.')).toBeVisible();
  });

  await test.step('a host page tells what the host is, what it would take and what it has', async () => {
    await place(page, 'Fleet').click();
    await fleet(page).row('web-01').getByRole('link', { name: 'web-01' }).click();
    await expect(heading(page, 'web-01')).toBeVisible();
    await expect(page.getByRole('region', { name: 'What it is' })).toContainText('Debian GNU/Linux 12');
    await page.getByRole('tab', { name: /^Updates/ }).click();
    await expect(page.getByRole('grid', { name: 'Updates' })).toContainText('1.22.1-9+deb12u1');
    await page.getByRole('tab', { name: /^Packages/ }).click();
    await page.getByRole('searchbox', { name: 'Search packages' }).fill('nginx');
    await expect(page.getByRole('grid', { name: 'Installed packages' })).toContainText('nginx-common');
  });

  await test.step('a snapshot is made from the scans; a host without one is left out only on request', async () => {
    await place(page, 'Snapshots').click();
    await expect(heading(page, 'Snapshots')).toBeVisible();
    await page.getByRole('button', { name: 'New snapshot…' }).first().click();
    const create = createDialog(page);
    await create.name.fill('november');
    await expect(create.dialog).toContainText(`${UNREACHABLE} had no good scan yet`);
    await create.leaveOut.click();
    await expect(create.selector).toHaveValue(`all and not ${UNREACHABLE}`);
    await create.create.click();
    await expect(heading(page, 'november')).toBeVisible();
    // The list holds only what is in sight; the search brings it there.
    await editor(page).search.fill('nginx');
    await expect(editor(page).entry('nginx')).toContainText('1.22.1-9+deb12u1');
  });

  await test.step('it is edited: searched, rejected, removed, dragged to another place, staged', async () => {
    const edit = editor(page);
    await edit.search.fill('tzdata');
    await expect(edit.entry('nginx')).toBeHidden();
    await edit.decision('tzdata').click();
    await expect(edit.entry('tzdata')).toContainText('rejected');
    await edit.search.clear();

    // The agent's old version can be had nowhere, as the plan would say: without it everything can be undone.
    for (const name of ['less', 'acme-agent']) {
      await edit.more(name).click();
      await page.getByRole('menuitem', { name: /^Remove/ }).click();
      await expect(edit.entry(name)).toHaveCount(0);
    }

    await expect.poll(() => edit.position('base-files')).toMatch(/^1 of /);
    const said = (text: RegExp) => page.getByRole('status').filter({ hasText: text });
    await edit.handle('base-files').hover();
    await page.mouse.down();
    // The first move picks it up, the second carries it.
    await edit.handle('curl').hover();
    await expect(said(/^(Picked up|Over) base-files,/)).toBeAttached();
    await edit.handle('curl').hover();
    await expect(said(/^Over (?!base-files,)/)).toBeAttached();
    await page.mouse.up();
    await expect.poll(() => edit.position('base-files')).not.toMatch(/^1 of /);

    await edit.search.fill('curl');
    await edit.stage('curl').selectOption('2');
    await expect(edit.handle('curl')).toHaveAccessibleName(/in stage 2$/);
    await expect(edit.unsaved).toContainText('unsaved changes');
  });

  await test.step('undo takes the last change back, redo does it again, and saving makes the next revision', async () => {
    const edit = editor(page);
    await edit.undo.click();
    await expect(edit.handle('curl')).toHaveAccessibleName(/in stage 1$/);
    await edit.redo.click();
    await expect(edit.handle('curl')).toHaveAccessibleName(/in stage 2$/);
    await edit.message.fill('without tzdata');
    await edit.save.click();
    await expect(page.getByText('Revision 2 by')).toBeVisible();
    await expect(edit.unsaved).toBeHidden();

    const { snapshot } = await console.read(SnapshotAnswer, 'snapshot', 'show', 'november');
    expect(snapshot.revision).toBe(2);
    const of = (name: string) => snapshot.entries.find((each) => each.name === name);
    expect(of('tzdata')?.decision).toBe('reject');
    expect(of('less')).toBeUndefined();
    expect(of('curl')?.stage).toBe(2);
    expect(snapshot.entries[0]?.name).not.toBe('base-files');
  });

  await test.step('it is frozen with calendar and zone, and the dialog says in words what that means', async () => {
    await editor(page).freeze.click();
    const freeze = freezeDialog(page);
    await freeze.hosts.fill('tag=demo');
    await freeze.zone.selectOption('Europe/Berlin');
    await freeze.begins.today.click();
    await freeze.begins.time.fill('00:00');
    await freeze.ends.nextMonth.click();
    await freeze.ends.day(15).click();
    await freeze.ends.time.fill('18:30');
    await expect(freeze.words).toContainText('already begun: it holds at once');
    await expect(freeze.words).toContainText('18:30');
    await expect(freeze.words).toContainText('Europe/Berlin');
    await freeze.withDependencies.click();
    await freeze.freeze.click();
    await expect(freeze.dialog).toBeHidden();
    await expect(heading(page, /november.*frozen/)).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: 'is frozen until' })).toContainText(
      'on 24 hosts',
      {
        ignoreCase: true,
      },
    );
  });

  await test.step('another snapshot is refused on the frozen hosts, naming freeze and packages', async () => {
    await place(page, 'Snapshots').click();
    await page.getByRole('button', { name: 'New snapshot…' }).click();
    const create = createDialog(page);
    await create.name.fill('other');
    await create.selector.fill('web-01');
    await create.create.click();
    await expect(heading(page, 'other')).toBeVisible();
    await editor(page).plan.click();
    await planDialog(page).hosts.fill('web-01 or web-02');
    await planDialog(page).make.click();
    await expect(heading(page, /^Plan for other@1/)).toBeVisible({ timeout: 60_000 });
    await expect(plan(page).refusals).toContainText('Refused on 2 hosts');
    await expect(plan(page).refusals).toContainText('november');
    await expect(plan(page).refusals).toContainText('nginx');
    await expect(plan(page).comesTo).toContainText('2 refused');
    await expect(plan(page).run).toBeDisabled();
  });

  await test.step('the frozen one is planned: by host, by package, with limits as numbers', async () => {
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'november', exact: true }).click();
    await editor(page).plan.click();
    const dialog = planDialog(page);
    await dialog.hosts.fill('web-*');
    await dialog.concurrency.fill('40%');
    await dialog.maxFailures.fill('30%');
    await dialog.make.click();
    await expect(heading(page, /^Plan for november@/)).toBeVisible({ timeout: 90_000 });
    await expect(plan(page).howItRuns).toContainText('At most 4 hosts at once.');
    await expect(plan(page).howItRuns).toContainText(
      'Aborts at the 4th failed host (max failures 30% of 10 hosts).',
    );
    await expect(plan(page).comesTo).toContainText('10 to change');

    const host = plan(page).group('To change').getByRole('group').filter({ hasText: 'web-01' });
    await host.getByText('web-01').click();
    const actions = page.getByRole('region', { name: 'Actions on web-01' });
    await expect(actions.getByRole('row').filter({ hasText: 'nginx:' })).toContainText('1.22.1-9+deb12u1');
    await expect(actions).not.toContainText('tzdata');
    await expect(actions.getByRole('row').filter({ hasText: 'iproute2' })).toContainText('install');

    await plan(page).byPackage.click();
    const nginx = plan(page)
      .packages.getByRole('row')
      .filter({ hasText: /^nginx:/ });
    await expect(nginx).toContainText('10');
  });

  await test.step('the run asks before it changes anything, saying what it will do', async () => {
    await plan(page).run.click();
    await expect(plan(page).confirm).toContainText('Run november@');
    await expect(plan(page).confirm).toContainText('upgrades');
    await expect(plan(page).confirm).toContainText('At most 4 hosts at once.');
    await plan(page).confirm.getByRole('button', { name: 'Change 10 hosts now' }).click();
    await expect(heading(page, /^Run of november/)).toBeVisible();
  });

  await test.step('the run is watched live: cells, counts, and one host’s output', async () => {
    await expect(run(page).cells).toHaveCount(10);
    await expect(run(page).summary).toContainText('of at most 4');
    await run(page).cell('web-01').click();
    await expect(run(page).output('web-01')).toContainText('Setting up nginx', { timeout: RUN_TIMEOUT });
    await expect(run(page).cell('web-01')).toHaveAccessibleName(/succeeded/, { timeout: RUN_TIMEOUT });
    await expect(run(page).chip('succeeded')).toBeVisible();
  });

  await test.step('the failing host is rolled back by itself, and says why', async () => {
    await expect(run(page).cell(FAILS)).toHaveAccessibleName(/rolled back/, { timeout: RUN_TIMEOUT });
    await run(page).cell(FAILS).click();
    const panel = run(page).panel(FAILS);
    await expect(panel.getByRole('alert')).toContainText('nginx');
    await panel.getByRole('tab', { name: /^After rollback/ }).click();
    await expect(panel).toContainText('equal to its capture');
    await expectRunFinished(page);
    await expect(heading(page, /partial/)).toBeVisible();
    await expect(run(page).chip('succeeded')).toHaveAccessibleName('succeeded 9');
    await expect(run(page).chip('rolled back')).toHaveAccessibleName('rolled back 1');
  });

  await test.step('one host is rolled back after a question that says what will be done', async () => {
    await run(page).cell('web-01').click();
    await run(page).panel('web-01').getByRole('button', { name: 'Roll back…' }).click();
    await expect(run(page).rollbackDialog).toContainText('1.22.1-9+deb12u1 → 1.22.1-9');
    await expect(run(page).rollbackDialog).toContainText('is removed again');
    await run(page).rollbackDialog.getByRole('button', { name: 'Roll back 1 host' }).click();
    await expect(run(page).cell('web-01')).toHaveAccessibleName(/rolled back/, { timeout: RUN_TIMEOUT });
    const panel = run(page).panel('web-01');
    await panel.getByRole('tab', { name: /^After rollback/ }).click();
    await expect(panel).toContainText('The host is equal to its capture');
    await expect(run(page).chip('succeeded')).toHaveAccessibleName('succeeded 8');
  });

  await test.step('the whole run is rolled back', async () => {
    await run(page).rollbackAll.click();
    await expect(run(page).rollbackDialog).toContainText('web-10');
    await run(page)
      .rollbackDialog.getByRole('button', { name: /^Roll back 8 hosts/ })
      .click();
    await expect(run(page).chip('rolled back')).toHaveAccessibleName('rolled back 10', {
      timeout: RUN_TIMEOUT,
    });
    await expectRunFinished(page);
    const shown = await console.read(RunAnswer, 'runs', 'show', idOfRun(page));
    expect(new Set(shown.run.tasks.map((task) => task.state))).toEqual(new Set(['rolled-back']));
  });

  await test.step('the history lists it with its verdict', async () => {
    await place(page, 'Runs').click();
    const listed = page.getByRole('grid', { name: 'Runs' }).getByRole('row').filter({ hasText: 'november@' });
    await expect(listed).toHaveCount(1);
    await expect(listed).toContainText('rolled back');
    await expect(listed).toContainText('10');
  });
});

/** Every page and every important dialog in its states: empty, loading, full, failed; accessible in light and dark, and whole at 200 %. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expectAccessible, expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import {
  createDialog,
  editor,
  expectRunFinished,
  fleet,
  heading,
  place,
  plan,
  planDialog,
  run,
} from './support/pages.ts';

// The demo host that wants a restart, among seven.
test.use({ staysDown: 'web-03' });

/** Goes to an address of the window as a bookmark does. */
const visit = (page: Page, path: string) =>
  page.evaluate((hash) => {
    location.hash = hash;
  }, path);

test('empty pages, first steps, and addresses of nothing', async ({ console }) => {
  const { page } = console;
  await expect(fleet(page).offer).toBeVisible();
  await expectSound(page, 'the first start');

  await page.getByRole('button', { name: 'Add a host' }).click();
  const host = page.getByRole('dialog', { name: 'Add a host' });
  await expectSound(page, 'the dialog for a host');
  await host.getByRole('button', { name: 'Add host' }).click();
  await expect(host.getByRole('alert').first()).toBeVisible();
  await expectSound(page, 'the dialog for a host, filled in wrongly');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: /^Import from/ }).click();
  await expectSound(page, 'the import of hosts');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'No vault yet' }).click();
  await expectSound(page, 'the new vault');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Find…' }).click();
  await expect(page.getByRole('dialog', { name: 'Find a command, host or snapshot' })).toBeVisible();
  await expectSound(page, 'the palette');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectSound(page, 'the shortcuts');
  await page.keyboard.press('Escape');

  await place(page, 'Snapshots').click();
  await expect(page.getByText('No snapshots yet')).toBeVisible();
  await expectSound(page, 'no snapshots');
  await place(page, 'Runs').click();
  await expect(page.getByText('Nothing was run yet')).toBeVisible();
  await expectSound(page, 'no runs');

  const nobody = '00000000-0000-4000-8000-000000000000';
  for (const path of ['/fleet/nobody', '/snapshots/nothing', `/plan/${nobody}`, `/runs/${nobody}`]) {
    await visit(page, path);
    await expect(page.getByRole('main').getByRole('alert')).toBeVisible();
    await expectSound(page, `an error at ${path}`);
  }
  await visit(page, '/nowhere');
  await expect(heading(page, 'No such page')).toBeVisible();
  await expectSound(page, 'no such page');
});

test('full pages and their dialogs', async ({ console }) => {
  const { page } = console;
  await console.startFleet(7);
  await expect(fleet(page).row('web-01')).toContainText('reachable');
  await expectSound(page, 'the fleet');
  await page.getByRole('button', { name: 'More for these hosts' }).click();
  await expectAccessible(page, 'the menu of the fleet');
  await page.keyboard.press('Escape');
  await fleet(page).filter.fill('((');
  await expect(fleet(page).filter).toHaveAttribute('aria-invalid', 'true');
  await expectAccessible(page, 'a filter that cannot be read');
  await fleet(page).filter.fill('nobody-at-all');
  await expect(page.getByText('No host is meant by this filter')).toBeVisible();
  await expectAccessible(page, 'a filter that finds nothing');
  await fleet(page).filter.clear();

  await visit(page, '/fleet/web-01');
  for (const tab of ['Overview', /^Updates/, /^Packages/, /^Scans/, 'Runs']) {
    await page.getByRole('tab', { name: tab }).click();
    await expectSound(page, `a host, ${tab}`);
  }
  await visit(page, '/fleet/app-02');
  await expect(page.getByRole('alert')).toContainText('The latest scan failed');
  await expectSound(page, 'a host that cannot be reached');

  await visit(page, '/snapshots');
  await page.getByRole('button', { name: 'New snapshot…' }).first().click();
  await createDialog(page).name.fill('winter');
  await expect(createDialog(page).leaveOut).toBeVisible();
  await expectSound(page, 'the dialog for a snapshot');
  await createDialog(page).leaveOut.click();
  await createDialog(page).create.click();
  await expect(heading(page, 'winter')).toBeVisible();
  await editor(page).decision('base-files').click();
  await expect(editor(page).unsaved).toBeVisible();
  await expectSound(page, 'the editor with a change');
  await page.getByRole('button', { name: 'Add a package…' }).first().click();
  await expectSound(page, 'the dialog for a package');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await editor(page).save.click();
  await expect(page.getByText('Revision 2 by')).toBeVisible();
  for (const tab of ['Compare', /^History/]) {
    await page.getByRole('tab', { name: tab }).click();
    await expectSound(page, `a snapshot, ${tab}`);
  }
  await editor(page).freeze.click();
  await expectSound(page, 'the freeze');
  await page.keyboard.press('Escape');
  const later = new Date(Date.now() + 86_400_000).toISOString();
  const now = new Date(Date.now() - 60_000).toISOString();
  const frozen = await console.cli(
    'snapshot',
    'freeze',
    'winter',
    '--hosts',
    'web-01',
    '--from',
    now,
    '--to',
    later,
  );
  expect(frozen.code).toBe(0);
  await expect(heading(page, /winter.*frozen/)).toBeVisible();
  await expectSound(page, 'a frozen snapshot');
  await page.getByRole('button', { name: 'Thaw…' }).click();
  await expectSound(page, 'the thawing');
  await page.keyboard.press('Escape');
  await visit(page, '/snapshots');
  await expect(page.getByRole('grid', { name: 'Snapshots' })).toContainText('winter');
  await expectSound(page, 'the snapshots');
  await page.getByRole('button', { name: 'Import…' }).click();
  await expectSound(page, 'the import of a snapshot');
  await page.keyboard.press('Escape');

  await visit(page, '/snapshots/winter');
  await editor(page).plan.click();
  await planDialog(page).hosts.fill('all');
  await expectSound(page, 'the dialog for a plan');
  await planDialog(page).concurrency.fill('3');
  await planDialog(page).maxFailures.fill('100%');
  await planDialog(page).reboot.selectOption('if-required');
  for (const group of ['Waves,', 'Window', 'Hooks', 'Time limits', 'Proof'])
    await planDialog(page).group(group).click();
  await planDialog(page).rebootTimeout.fill('20s');
  await expectSound(page, 'the dialog for a plan, all of it');
  await planDialog(page).make.click();
  await expect(heading(page, /^Plan for winter/)).toBeVisible({ timeout: 60_000 });
  await plan(page).group('To change').locator('summary').first().click();
  await expectSound(page, 'a plan by host');
  await plan(page).byPackage.click();
  await expectSound(page, 'a plan by package');
  await plan(page).run.click();
  await expectSound(page, 'the question before a run');
  await plan(page)
    .confirm.getByRole('button', { name: /^Change/ })
    .click();

  await expect(run(page).chip('applying')).toBeVisible({ timeout: 60_000 });
  await run(page).cell('app-01').click();
  await expectSound(page, 'a run under way');
  await run(page).cell('web-03').click();
  await expect(run(page).panel('web-03')).toContainText('Restarting.', { timeout: 60_000 });
  await expectAccessible(page, 'a host that restarts');
  await expectRunFinished(page);
  await expect(run(page).panel('web-03')).toContainText('its restart did not end as it should');
  await expectSound(page, 'a host that needs attention');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary', { name: 'Worth a look' })).toContainText('web-03');
  await expectSound(page, 'a finished run');
  await run(page).cell('app-01').click();
  for (const tab of ['Timeline', /^Packages/]) {
    await run(page).panel('app-01').getByRole('tab', { name: tab }).click();
    await expectAccessible(page, `a host of a run, ${tab}`);
  }
  await run(page).rollbackAll.click();
  await expect(run(page).rollbackDialog).toContainText('web-01');
  await expectSound(page, 'the question before a rollback');
  await page.keyboard.press('Escape');
  await run(page).accept.click();
  await expectSound(page, 'the question before a run is accepted');
  await page.keyboard.press('Escape');
  await place(page, 'Runs').click();
  await expect(page.getByRole('grid', { name: 'Runs' })).toContainText('winter@');
  await expectSound(page, 'the runs');
});

test('pages while they are read, from a host process that takes its time', async ({ console }) => {
  const { page } = console;
  await expect(fleet(page).offer).toBeVisible();
  const goOn = console.freezeHost();
  await page.reload();
  for (const [name, path] of [
    ['the fleet', '/fleet'],
    ['a host', '/fleet/web-01'],
    ['the snapshots', '/snapshots'],
    ['a snapshot', '/snapshots/winter'],
    ['the runs', '/runs'],
    ['a run', '/runs/1'],
    ['a plan', '/plan/1'],
  ] as const) {
    await visit(page, path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expectAccessible(page, `${name} while it loads`);
  }
  await visit(page, '/fleet');
  goOn();
  await expect(fleet(page).offer).toBeVisible({ timeout: 60_000 });
});

test('what a hostile host says is text', async ({ console }) => {
  const { page } = console;
  const markup =
    '<img src="http://203.0.113.9/x" onerror="document.title=1"><script>document.title=2</script>';
  const demo = join(console.dataDir, 'demo');
  expect((await console.cli('demo', '--hosts', '1')).code).toBe(0);
  const release = join(demo, 'hosts', 'web-01', 'etc', 'os-release');
  writeFileSync(
    release,
    readFileSync(release, 'utf8').replace('GNU/Linux 12 (bookworm)', markup.replaceAll('"', "'")),
  );
  const dpkg = join(demo, 'lib', 'dpkg.sh');
  const says = `printf '%s\\n' '${markup}'; printf '\\033]0;owned\\007\\033[2J\\303\\050 end of it\\n'`;
  writeFileSync(dpkg, readFileSync(dpkg, 'utf8').replace('echo "Setting up', `${says}; echo "Setting up`));
  expect((await console.cli('scan', 'web-01')).code).toBe(0);
  await visit(page, '/fleet/web-01');
  await expect(page.getByRole('region', { name: 'What it is' })).toContainText(
    "<img src='http://203.0.113.9/x'",
  );

  expect((await console.cli('snapshot', 'create', 'one', '--from', 'web-01')).code).toBe(0);
  expect((await console.cli('run', 'one', 'web-01', '--yes', '--detach')).code).toBe(0);
  await place(page, 'Runs').click();
  await page.getByRole('link', { name: 'one@1' }).click();
  await run(page).cell('web-01').click();
  await expect(run(page).output('web-01')).toContainText(markup, { timeout: 60_000 });
  await expect(run(page).output('web-01')).toContainText('end of it');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(await run(page).output('web-01').innerText()).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  await expect(page.locator('img, script:not([src])')).toHaveCount(0);
  await expect(page).toHaveTitle(/^Run of one/);
});

test('nothing in the page is inline', async ({ console }) => {
  const { page } = console;
  await expect(fleet(page).offer).toBeVisible();
  await page.getByRole('button', { name: 'Find…' }).click();
  await expect(page.locator('style, script:not([src])')).toHaveCount(0);
  const handlers = await page.evaluate(() =>
    [...document.querySelectorAll('*')].flatMap((element) =>
      element.getAttributeNames().filter((name) => name.startsWith('on')),
    ),
  );
  expect(handlers).toEqual([]);
});

/** Reports and the audit log in the window: chosen, looked at, filtered, saved as files, verified. */
import { readFileSync } from 'node:fs';
import { expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { heading, place } from './support/pages.ts';

test.setTimeout(240_000);

test('compliance, history and the audit log, from nothing to files', async ({ console: frostline }) => {
  const { page } = frostline;
  const totals = page.getByLabel('Totals');
  const rows = page.getByRole('grid', { name: 'Entries' }).getByRole('row');

  await place(page, 'Reports').click();
  await expect(heading(page, 'Reports')).toBeVisible();
  await expect(page.getByText('There is no snapshot yet')).toBeVisible();
  await expectSound(page, 'no report');
  await page.getByRole('radio', { name: 'History' }).check();
  await expect(page.getByText('Nothing was run yet')).toBeVisible();

  await frostline.startFleet(7);
  await frostline.cli('snapshot', 'create', 'winter', '--from', 'all');
  await frostline.cli('hosts', 'add', 'never-scanned', '--address', '192.0.2.1', '--agent');

  await page.getByRole('radio', { name: 'Compliance' }).check();
  await expect(totals).toContainText('unknown');
  await expect(
    page.getByRole('grid', { name: 'Hosts' }).getByRole('row', { name: /never-scanned/ }),
  ).toContainText('never scanned with success');
  await expectSound(page, 'compliance, hosts');
  await page.getByRole('combobox', { name: 'State' }).selectOption('unknown');
  await expect(page.getByRole('grid', { name: 'Hosts' })).not.toContainText('web-01');
  await page.getByRole('tab', { name: /^What is not/ }).click();
  await page.getByRole('searchbox', { name: 'Find' }).fill('web-01');
  await expect(rows.filter({ hasText: 'missing' }).first()).toBeVisible();
  await expectSound(page, 'compliance, entries');

  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  expect(saved.suggestedFilename()).toMatch(/^compliance-winter-.*\.csv$/);
  expect(readFileSync(await saved.path(), 'utf8')).toContain('winter,1,');

  await page.getByRole('textbox', { name: 'Hosts' }).fill('((');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByRole('alert')).toContainText('The report cannot be made');
  await expectSound(page, 'a report that cannot be made');

  await place(page, 'Audit log').click();
  await expect(heading(page, 'Audit log')).toBeVisible();
  const log = page.getByRole('grid', { name: 'Audit log' });
  await expect(log.getByRole('row', { name: /snapshots\.create.*done/ })).toHaveCount(1);
  await expect(log.getByRole('row', { name: /snapshots\.create.*begun/ })).toHaveCount(1);
  await expectSound(page, 'the audit log');
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText(/^The chain holds: \d+ lines/)).toBeVisible();
  await page.getByRole('searchbox', { name: 'Find' }).fill('never-scanned');
  await expect(log.getByRole('row')).toHaveCount(3);
  const [exported] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  const { code, json } = await frostline.cli('audit', 'verify', await exported.path());
  expect({ code, json }).toMatchObject({ code: 0, json: { ok: true } });
});

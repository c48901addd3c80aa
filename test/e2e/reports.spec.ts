/** Reports and the audit log in the window: chosen, looked at, filtered, saved as files, verified. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { fleet, heading, place } from './support/pages.ts';

/** Advisory data that knows more of curl than the hosts' own repositories do. */
const TRACKER = JSON.stringify({
  curl: {
    'CVE-2026-0002': {
      description: 'Reads too far.',
      releases: { bookworm: { status: 'resolved', fixed_version: '7.88.1-10+deb12u8', urgency: 'high' } },
    },
  },
});
const RULES = `name: levels
rules:
  - { id: web, match: { name: curl }, complianceLevel: critical }
`;

test('compliance, history and the audit log, from nothing to files', async ({ console: frostline }, info) => {
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
  writeFileSync(info.outputPath('rules.yaml'), RULES);
  await frostline.cli('snapshot', 'create', 'winter', '--rules', info.outputPath('rules.yaml'));
  writeFileSync(info.outputPath('tracker.json'), TRACKER);
  await frostline.cli('advisories', 'import', info.outputPath('tracker.json'), '--as-of', '2026-01-02');
  await frostline.cli('hosts', 'add', 'never-scanned', '--address', '192.0.2.1', '--agent');

  await page.getByRole('radio', { name: 'Compliance' }).check();
  await expect(totals).toContainText('unknown');
  await expect(
    page.getByRole('grid', { name: 'Hosts' }).getByRole('row', { name: /never-scanned/ }),
  ).toContainText('never scanned with success');
  // The level of the rule that made the entry, over the fleet and at each host.
  await expect(page.getByLabel('By compliance level')).toContainText(/level critical.* lacking/);
  await expect(page.getByRole('grid', { name: 'Hosts' }).getByRole('row', { name: /web-01/ })).toContainText(
    'critical',
  );
  await expectSound(page, 'compliance, hosts');
  await page.getByRole('combobox', { name: 'State' }).selectOption('unknown');
  await expect(page.getByRole('grid', { name: 'Hosts' })).not.toContainText('web-01');
  await page.getByRole('tab', { name: /^What is not/ }).click();
  await page.getByRole('searchbox', { name: 'Find' }).fill('web-01');
  const missing = rows.filter({ hasText: 'missing' }).first();
  await expect(missing).toContainText('curl');
  // Which data says so, and how old it is.
  await expect(missing).toContainText('2026-01-02, Debian tracker');
  await expectSound(page, 'compliance, entries');

  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  expect(saved.suggestedFilename()).toMatch(/^compliance-winter-.*\.csv$/);
  const csv = readFileSync(await saved.path(), 'utf8');
  expect(csv).toContain('winter,1,');
  expect(csv).toContain('2026-01-02T00:00:00.000Z');

  await page.getByRole('textbox', { name: 'Hosts' }).fill('((');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByRole('alert')).toContainText('The report cannot be made');
  await expectSound(page, 'a report that cannot be made');

  // A host's updates are judged by the same data.
  await place(page, 'Fleet').click();
  await fleet(page).row('web-01').getByRole('link', { name: 'web-01' }).click();
  await page.getByRole('tab', { name: /^Updates/ }).click();
  const updates = page.getByRole('grid', { name: 'Updates' });
  await expect(updates.getByRole('row', { name: /^curl/ })).toContainText('2026-01-02, Debian tracker');
  await expect(updates.getByRole('row', { name: /^curl/ })).toContainText('CVE-2026-0002');
  await expect(updates.getByRole('row', { name: /^nginx/ }).first()).toContainText(
    'Not installable: needs packages that are not installed',
  );
  await expectSound(page, 'the updates of a host');

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

/**
 * With FROSTLINE_SCREENSHOT=1: the README's picture, docs/screenshot.png, and pictures of every page in test-results/screens for
 * people to look at; with FROSTLINE_SCREENSHOT=readme the README's alone. Without it the same way is gone, so that it is still there
 * when a picture is wanted.
 */
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './support/console.ts';
import { editor, expectRunFinished, fleet, heading, place, plan, planDialog, run } from './support/pages.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
const SCREENS = join(ROOT, 'test-results', 'screens');
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

test.use({ pace: 220 });

const WANTED = process.env.FROSTLINE_SCREENSHOT === '1';
const README = WANTED || process.env.FROSTLINE_SCREENSHOT === 'readme';
/** Fewer hosts tell as much where nobody looks. */
const HOSTS = README ? 'all' : 'web-*';

const picture = async (page: Page, name: string) => {
  if (!WANTED) return;
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: join(SCREENS, `${name}-${size.width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
};

test('every page has its picture, and the README a run under way', async ({ console }) => {
  const { page } = console;
  await expect(fleet(page).offer).toBeVisible();
  await picture(page, '01-first-start');
  await console.startFleet(24);
  await expect(fleet(page).row('web-01')).toContainText('reachable');
  await picture(page, '02-fleet');
  await fleet(page).row('web-01').getByRole('link', { name: 'web-01' }).click();
  await expect(page.getByRole('region', { name: 'What it is' })).toBeVisible();
  await picture(page, '03-host');
  await page.getByRole('tab', { name: /^Updates/ }).click();
  await picture(page, '04-host-updates');

  const created = await console.cli('snapshot', 'create', 'november', '--from', 'all and not cache-02');
  expect(created.code).toBe(0);
  const edits = ['--reject', 'tzdata', '--stage', 'nginx=2', '--stage', 'nginx-common=2'];
  expect((await console.cli('snapshot', 'edit', 'november', ...edits)).code).toBe(0);
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const to = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const frozen = [
    '--hosts',
    'env=production',
    '--from',
    from,
    '--to',
    to,
    '--policy',
    'listed-or-dependency',
  ];
  expect((await console.cli('snapshot', 'freeze', 'november', ...frozen)).code).toBe(0);
  await place(page, 'Snapshots').click();
  await expect(page.getByRole('grid', { name: 'Snapshots' })).toContainText('november');
  await picture(page, '05-snapshots');
  await page.getByRole('link', { name: 'november', exact: true }).click();
  await expect(heading(page, /november.*frozen/)).toBeVisible();
  await picture(page, '06-snapshot');
  await editor(page).freeze.click();
  await expect(page.getByRole('dialog').getByText('hosts match now')).toBeVisible();
  await picture(page, '07-freeze');
  await page.keyboard.press('Escape');

  await editor(page).plan.click();
  const dialog = planDialog(page);
  await dialog.hosts.fill(HOSTS);
  await dialog.concurrency.fill('6');
  await dialog.maxFailures.fill('25%');
  await picture(page, '08-plan-dialog');
  await dialog.make.click();
  await expect(heading(page, /^Plan for november@/)).toBeVisible({ timeout: 90_000 });
  await picture(page, '09-plan');
  await plan(page).byPackage.click();
  await picture(page, '10-plan-packages');
  await plan(page).run.click();
  await picture(page, '11-run-question');
  await plan(page)
    .confirm.getByRole('button', { name: /^Change/ })
    .click();

  // The moment worth showing: some done, one that failed goes back, others at work, and one host's output.
  await expect(run(page).cell('web-03')).toHaveAccessibleName(/rolling back/, { timeout: 120_000 });
  await run(page)
    .cells.filter({ hasText: /applying|staging|capturing/ })
    .first()
    .click();
  await expect(page.getByRole('log')).toContainText('Unpacking', { timeout: 60_000 });
  await run(page).cell('web-06').scrollIntoViewIfNeeded();
  if (README) await page.screenshot({ path: join(ROOT, 'docs', 'screenshot.png') });
  await picture(page, '12-run');
  await place(page, 'Fleet').click();
  await picture(page, '13-fleet-in-run');
  await page.goBack();
  await expectRunFinished(page);
  await picture(page, '14-run-finished');
  await place(page, 'Runs').click();
  await expect(page.getByRole('grid', { name: 'Runs' })).toContainText('november@');
  await picture(page, '15-runs');
});

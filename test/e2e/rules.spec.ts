/** Rules are written, mended at the line that is wrong, previewed, and make a snapshot; the catalogue and advisory data they judge by. */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { chooseFile, editor, fleet, heading, place } from './support/pages.ts';

const Entries = z.object({
  snapshot: z.object({
    entries: z.array(z.object({ name: z.string(), decision: z.string(), source: z.string() })),
    rules: z.array(z.object({ name: z.string(), version: z.number().optional() })),
  }),
});
const Versions = z.object({ versions: z.array(z.object({ version: z.number() })) });

const Offered = z.object({ updates: z.array(z.object({ name: z.string(), to: z.string() })) });
const Judged = z.object({
  snapshot: z.object({ entries: z.array(z.object({ name: z.string(), severity: z.string().optional() })) }),
  verdicts: z.array(
    z.object({
      name: z.string(),
      severity: z.string(),
      cves: z.array(z.string()),
      grounds: z.array(z.object({ source: z.string(), asOf: z.string().nullable() })),
    }),
  ),
});

const RULES = `name: production
rules:
  - id: security
    match: { classification: security }
  - id: rest
    approve: { afterDays: 7 }
reject:
  - name: curl
`;

test('rules show what they would take before they are saved, and make a snapshot that names the rule of each entry', async ({
  console,
}, info) => {
  const { page } = console;
  await console.startFleet(6);
  await place(page, 'Rules').click();
  await expect(heading(page, 'Rules')).toBeVisible();
  await page.getByRole('button', { name: 'New rules', exact: true }).click();
  const text = page.getByRole('textbox', { name: 'Rules (YAML)' });
  const preview = page.getByRole('region', { name: 'Preview' });
  const grid = preview.getByRole('grid', { name: 'What the rules would take' });

  await test.step('a fault is shown at its line, and nothing can be made of the rules', async () => {
    await text.fill(RULES.replace('classification: security', 'clasification: security'));
    const fault = page.getByRole('list', { name: 'Faults' }).getByRole('button');
    await expect(fault).toContainText('Line 4 rules.0.match.clasification');
    await fault.click();
    await expect(text).toBeFocused();
    const selected = () =>
      text.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd));
    await expect.poll(selected).toBe('    match: { clasification: security }');
    await expect(page.getByRole('button', { name: 'Save', exact: true })).toHaveAttribute(
      'aria-disabled',
      'true',
    );
  });

  await test.step('mended, they show version by version what they would take, and why', async () => {
    await text.fill(RULES);
    await expect(page.getByRole('list', { name: 'Faults' })).toHaveCount(0);
    const row = (name: string) => grid.getByRole('row').filter({ hasText: name });
    await expect(row('by rule security').first()).toBeVisible();
    await expect(row('by rule security').first()).toContainText('severity according to');
    // All of it is in sight beside the rules, without scrolling sideways; one pixel is rounding.
    const beside = () =>
      grid.evaluate((table) => table.scrollWidth - (table.parentElement?.clientWidth ?? 0));
    await expect.poll(beside).toBeLessThanOrEqual(1);
    await preview.getByRole('radio', { name: /^Waiting/ }).check();
    await expect(row('by rule rest').first()).toContainText('Waiting');
    await preview.getByRole('radio', { name: /^Taken/ }).check();
    await row('by rule security').first().press('End');
    await expect(row('by the list reject').first()).toContainText('curl');
    await expectSound(page, 'the editor of rules');
  });

  await test.step('saved, they are a version', async () => {
    await page.getByRole('textbox', { name: 'Why this change' }).fill('first');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(heading(page, /^production/)).toContainText('version 1');
    expect((await console.read(Versions, 'rules', 'history', 'production')).versions).toHaveLength(1);
  });

  await test.step('and make a snapshot', async () => {
    await page.getByRole('button', { name: 'Create snapshot…' }).click();
    const dialog = page.getByRole('dialog', { name: 'New snapshot from rules' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('by rules');
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await expect(heading(page, /^by rules/)).toBeVisible();
    await expect(
      editor(page).grid.getByRole('row').filter({ hasText: 'rule:security' }).first(),
    ).toBeVisible();
    const { snapshot } = await console.read(Entries, 'snapshot', 'show', 'by rules');
    expect(snapshot.rules).toMatchObject([{ name: 'production', version: 1 }]);
    const sources = new Map(snapshot.entries.map((entry) => [entry.source, entry.decision]));
    expect(Object.fromEntries(sources)).toEqual({
      'rule:security': 'approve',
      'rule:explicit-reject': 'reject',
    });
  });

  await test.step('applied again, they show what would change, and keep what was decided by hand', async () => {
    const decided = (await console.read(Entries, 'snapshot', 'show', 'by rules')).snapshot.entries.find(
      (entry) => entry.source === 'rule:security',
    )?.name;
    await console.cli('snapshot', 'edit', 'by rules', '--reject', decided ?? '');
    const file = info.outputPath('rules.yaml');
    writeFileSync(file, RULES.split('reject:')[0] ?? '');
    await console.cli('rules', 'save', file);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: /^Apply the rules again/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Apply the rules again' });
    const changes = dialog.getByRole('region', { name: 'What would change' });
    await expect(changes).toContainText('No difference between revision 2 and what the rules take now.');
    await dialog
      .getByRole('combobox', { name: 'Rules' })
      .selectOption({ label: 'production, saved version 2' });
    // It is a security patch: without the list that rejected it, the first rule takes it.
    await expect(changes.getByRole('listitem').filter({ hasText: 'curl' })).toContainText(
      'decision reject → approve',
    );
    await expectSound(page, 'rules applied again');
    await dialog.getByRole('button', { name: 'Save as revision 3' }).click();
    await expect(page.getByText('Revision 3 by')).toBeVisible();
    const { entries } = (await console.read(Entries, 'snapshot', 'show', 'by rules')).snapshot;
    expect(entries.filter((entry) => entry.decision === 'reject').map((entry) => entry.name)).toEqual([
      decided,
    ]);
  });

  await test.step('frozen with a guard, its hosts show it in the fleet', async () => {
    const frozen = ['--hosts', 'web-01', '--to', '+1d', '--guard'];
    expect((await console.cli('snapshot', 'freeze', 'by rules', ...frozen)).code).toBe(0);
    await place(page, 'Fleet').click();
    await expect(fleet(page).row('web-01')).toContainText(/guard/);
    await expect(fleet(page).row('web-01')).toContainText('guarded', { timeout: 60_000 });
    await expectSound(page, 'a fleet with a guarded host');
  });
});

test('the catalogue knows who has what, and advisory data says what is wrong with it', async ({
  console,
}, info) => {
  const { page } = console;
  await console.startFleet(6);
  const { updates } = await console.read(Offered, 'updates', 'list', 'all');
  const mended = updates.find((one) => one.name === 'openssl')?.to ?? '';
  expect((await console.cli('snapshot', 'create', 'before', '--from', 'all')).code).toBe(0);
  await place(page, 'Catalogue').click();
  await page.getByRole('searchbox', { name: 'Search packages' }).fill('openssl');
  const packages = page.getByRole('grid', { name: 'Packages' });
  await expect(packages.getByRole('link', { name: 'openssl', exact: true })).toBeVisible();
  await expectSound(page, 'the catalogue');

  await test.step('a hostile file is refused and changes nothing; a good one is taken in with its age', async () => {
    const bad = info.outputPath('bad.json');
    const good = info.outputPath('tracker.json');
    writeFileSync(bad, '[{"id": 7}]');
    writeFileSync(
      good,
      JSON.stringify({
        openssl: {
          'CVE-2026-0001': {
            description: 'Reads too far.',
            releases: { bookworm: { status: 'open', urgency: 'high' } },
          },
          'CVE-2026-0002': {
            description: 'Writes too far.',
            releases: { bookworm: { status: 'resolved', fixed_version: mended, urgency: 'high' } },
          },
        },
      }),
    );
    await page.getByRole('tab', { name: 'Advisories' }).click();
    const choose = (file: string) => chooseFile(page.getByRole('button', { name: 'Import data…' }), file);
    await choose(bad);
    await expect(page.getByRole('alert').first()).toContainText('This file is refused; nothing was changed');
    await choose(good);
    const imports = page.getByRole('grid', { name: 'Imported advisory data' });
    await expect(imports.getByRole('row').filter({ hasText: 'tracker.json' })).toContainText(
      'debian-tracker',
    );
    await page.getByRole('searchbox', { name: /^Look up/ }).fill('CVE-2026-0001');
    await expect(page.getByRole('region', { name: 'CVE-2026-0001' })).toContainText('Reads too far.');
    await expectSound(page, 'the advisory data');
  });

  await test.step('the package shows its versions, its faults with the age of the data, and the hosts below a version', async () => {
    await page.getByRole('tab', { name: 'Packages' }).click();
    await page.getByRole('searchbox', { name: 'Search packages' }).fill('openssl');
    await packages.getByRole('link', { name: 'openssl', exact: true }).click();
    await expect(heading(page, 'openssl')).toBeVisible();
    const versions = page.getByRole('grid', { name: 'Versions of openssl' });
    const faulty = versions.getByRole('row').filter({ hasText: 'CVE-2026-0001' }).first();
    await expect(faulty).toContainText(/Debian tracker/);
    await page.getByRole('radio', { name: 'Offers to hosts' }).check();
    const offers = page.getByRole('grid', { name: 'Offers of openssl' });
    await expect(offers.getByRole('row').filter({ hasText: mended }).first()).toContainText('hosts’ lists');
    await expectSound(page, 'the offers of a package');
    const hosts = page.getByRole('grid', { name: 'Hosts with openssl' });
    await expect(hosts.getByRole('link').first()).toBeVisible();
    await page.getByRole('radio', { name: 'Below' }).check();
    await page.getByRole('textbox', { name: 'Version' }).fill('0');
    await expect(page.getByText('No scanned host has it so.')).toBeVisible();
    await page.getByRole('textbox', { name: 'Version' }).fill('99');
    await expect(hosts.getByRole('link').first()).toBeVisible();
    await expectSound(page, 'a package');
  });

  await test.step('a snapshot made before keeps its word, with what is known today and since when beside it', async () => {
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'before', exact: true }).click();
    const entry = editor(page).entry('openssl');
    await expect(entry).toContainText('As of revision 1: security, severity unknown. Today: important, ');
    await expect(entry).toContainText(/Today: important, .*, Debian tracker/);
    await page.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Judged otherwise today' });
    const shown = editor(page)
      .grid.getByRole('row')
      .filter({ has: page.getByRole('checkbox') });
    await expect(shown.filter({ hasNotText: 'As of revision 1' })).toHaveCount(0);
    await expect(shown.first()).toBeVisible();
    await expectSound(page, 'an entry that is judged otherwise today');
    const { snapshot, verdicts } = await console.read(Judged, 'snapshot', 'show', 'before');
    expect(snapshot.entries.find((one) => one.name === 'openssl')?.severity).toBe('unknown');
    expect(verdicts.find((one) => one.name === 'openssl')).toMatchObject({
      severity: 'important',
      cves: ['CVE-2026-0002'],
      grounds: [{ source: 'debian-tracker' }],
    });
  });
});

/** Freezes over time: one that recurs, the calendar of all of them, what comes out meanwhile, and the one patch that is let through. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { chooseFile, freezeDialog, heading, place } from './support/pages.ts';

const Shown = z.object({
  snapshot: z.object({
    state: z.string(),
    freeze: z.object({ hosts: z.string(), recurrence: z.object({ rule: z.string() }).optional() }).optional(),
    outside: z
      .object({
        critical: z.number(),
        packages: z.array(z.object({ name: z.string(), version: z.string() })),
      })
      .optional(),
    exceptions: z
      .array(
        z.object({
          name: z.string(),
          version: z.string(),
          reason: z.string(),
          active: z.boolean(),
          withdrawn: z.object({ reason: z.string() }).optional(),
        }),
      )
      .optional(),
  }),
});

const Sources = z.object({ versions: z.array(z.object({ source: z.string().optional() })) });

const CALENDAR = [
  'BEGIN:VCALENDAR',
  'BEGIN:VEVENT',
  'UID:closing',
  'SUMMARY:Closing of the books',
  'DTSTART;TZID=Europe/Berlin:20270301T180000',
  'DTEND;TZID=Europe/Berlin:20270303T060000',
  'RRULE:FREQ=MONTHLY;COUNT=3',
  'END:VEVENT',
  'BEGIN:VEVENT',
  'UID:fair',
  'SUMMARY:Fair',
  'DTSTART:20270301T180000Z',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

test('a freeze recurs, stands in the calendar, shows what is outside, and lets one patch through', async ({
  console,
}, info) => {
  const { page } = console;
  await console.startFleet(6);
  for (const name of ['weekend', 'books', 'long'])
    expect((await console.cli('snapshot', 'create', name, '--empty')).code).toBe(0);

  await test.step('it is made to recur in the dialog, which says when', async () => {
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'weekend', exact: true }).click();
    await page.getByRole('button', { name: 'Freeze…' }).click();
    const dialog = page.getByRole('dialog', { name: /^Freeze / });
    await dialog.getByRole('textbox', { name: 'Hosts' }).fill('web-01');
    const begins = dialog.getByRole('group', { name: 'Begins', exact: true });
    const ends = dialog.getByRole('group', { name: 'Ends', exact: true });
    await dialog.getByRole('combobox', { name: 'Time zone' }).selectOption('Europe/Berlin');
    await begins.getByRole('textbox', { name: 'Day' }).fill('2027-01-15');
    await begins.getByRole('textbox', { name: 'Time' }).fill('18:00');
    await ends.getByRole('textbox', { name: 'Day' }).fill('2027-01-18');
    await ends.getByRole('textbox', { name: 'Time' }).fill('06:00');
    await dialog.getByRole('combobox', { name: 'Repeats' }).selectOption('weekly');
    await dialog.getByRole('textbox', { name: 'Not on' }).fill('2027-01-22');
    const next = dialog.getByRole('status', { name: 'Next windows' });
    await expect(next).toContainText('Every week on Friday');
    await expect(next).toContainText('Fri 15 Jan 2027, 18:00 to Mon 18 Jan 2027, 06:00');
    await expect(next).not.toContainText('22 Jan 2027');
    await expect(next).toContainText('Fri 29 Jan 2027, 18:00');
    await expectSound(page, 'the dialog of a recurring freeze');
    await freezeDialog(page).freeze.click();
    await expect(dialog).toBeHidden();
    const { snapshot } = await console.read(Shown, 'snapshot', 'show', 'weekend');
    expect(snapshot.freeze?.recurrence?.rule).toBe('FREQ=WEEKLY;BYDAY=FR');
  });

  await test.step('another takes its times from a calendar file, and its hosts from an environment', async () => {
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'books', exact: true }).click();
    await page.getByRole('button', { name: 'Freeze…' }).click();
    const dialog = page.getByRole('dialog', { name: /^Freeze / });
    const button = dialog.getByRole('button', { name: 'Times from a calendar file…' });
    // What is found out about the hosts later moves nothing that one may be about to press.
    const before = await button.boundingBox();
    await expect(dialog.getByText('hosts match now')).toBeVisible();
    await expect(dialog.getByRole('combobox', { name: 'Environment' })).toBeEnabled();
    expect(await button.boundingBox()).toEqual(before);
    const choose = async (name: string, content: string) => {
      writeFileSync(info.outputPath(name), content);
      await chooseFile(button, info.outputPath(name));
    };
    await choose('broken.ics', 'BEGIN:VCALENDAR');
    await expect(dialog.getByRole('alert')).toContainText('This file is refused');
    await choose('books.ics', CALENDAR);
    await expect(dialog.getByRole('alert')).toBeHidden();
    const events = dialog.getByRole('list', { name: 'Events of the file' });
    await expect(events.getByRole('button', { name: 'Take Fair' })).toBeDisabled();
    await expect(events).toContainText('no end');
    await events.getByRole('button', { name: 'Take Closing of the books' }).click();
    await expect(dialog.getByText('Taken from the file: Closing of the books.')).toBeVisible();
    await expect(dialog.getByRole('combobox', { name: 'Time zone' })).toHaveValue('Europe/Berlin');
    await expect(dialog.getByRole('status', { name: 'Next windows' })).toContainText(
      'Mon 1 Mar 2027, 18:00 to Wed 3 Mar 2027, 06:00',
    );
    await dialog.getByRole('combobox', { name: 'Environment' }).selectOption('production');
    await expect(dialog.getByRole('textbox', { name: 'Hosts' })).toHaveValue('env=production');
    await expectSound(page, 'a freeze out of a calendar file');
    await freezeDialog(page).freeze.click();
    await expect(dialog).toBeHidden();
    const { snapshot } = await console.read(Shown, 'snapshot', 'show', 'books');
    expect(snapshot.freeze).toMatchObject({
      hosts: 'env=production',
      recurrence: { rule: 'FREQ=MONTHLY;COUNT=3' },
    });
  });

  await test.step('the calendar shows every freeze by day, to the keyboard and to a screen reader too', async () => {
    const past = [
      '--from',
      '2026-01-01',
      '--to',
      '2036-01-01',
      '--hosts',
      'web-02',
      '--zone',
      'Europe/Berlin',
    ];
    expect((await console.cli('snapshot', 'freeze', 'long', ...past)).code).toBe(0);
    await place(page, 'Freezes').click();
    await expect(heading(page, 'Freezes')).toBeVisible();
    await page.getByRole('combobox', { name: 'Time zone' }).selectOption('Europe/Berlin');
    const grid = page.getByRole('grid', { name: /^Freezes, / });
    const today = grid.locator('[aria-current="date"]');
    await expect(today).toHaveAccessibleName(/frozen: long all day, holds now/);
    await today.focus();
    const month = page.getByRole('heading', { level: 2, name: 'January 2027' });
    for (let pages = 0; pages < 60 && !(await month.isVisible()); pages += 1) {
      const shown = await page.locator('.frz-month').textContent();
      const year = Number(/\d{4}/.exec(shown ?? '')?.[0]);
      const back = year > 2027 || (year === 2027 && shown !== 'January 2027');
      await page.keyboard.press(back ? 'PageUp' : 'PageDown');
    }
    const friday = grid.getByRole('gridcell', { name: /^Fri 15 Jan 2027/ });
    await expect(friday).toHaveAccessibleName(/weekend from 18:00, to come/);
    await expect(grid.getByRole('gridcell', { name: /^Mon 18 Jan 2027/ })).toHaveAccessibleName(
      /weekend until 06:00/,
    );
    await expect(grid.getByRole('gridcell', { name: /^Fri 22 Jan 2027/ })).not.toHaveAccessibleName(
      /weekend/,
    );
    await friday.click();
    await page.keyboard.press('ArrowRight');
    await expect(grid.getByRole('gridcell', { name: /^Sat 16 Jan 2027/ })).toBeFocused();
    await expect(page.getByRole('region', { name: 'On Sat 16 Jan 2027' })).toContainText('weekend@2');
    await expectSound(page, 'the calendar of freezes');
    if (process.env.FROSTLINE_SHOTS !== undefined)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(process.env.FROSTLINE_SHOTS, `calendar-${colorScheme}.png`) });
      }
  });

  await test.step('what came out meanwhile is counted, and the critical is named', async () => {
    await page.getByRole('link', { name: 'long@2' }).first().click();
    const { snapshot } = await console.read(Shown, 'snapshot', 'show', 'long');
    expect(snapshot.outside?.packages.length).toBeGreaterThan(0);
    await expect(page.getByText(/^Outside the freeze: /)).toBeVisible();
    const critical = page.getByText(/came out during the freeze, and the freeze keeps it out/);
    await expect(critical).toBeHidden();
    // Somebody tells how grave one of them is; the open page hears of it.
    const [first] = snapshot.outside?.packages ?? [];
    const { versions } = await console.read(Sources, 'catalog', 'show', first?.name ?? '');
    const source = versions.find((one) => one.source !== undefined)?.source ?? first?.name;
    const advisory = {
      id: 'DSA-9999-1',
      modified: '2026-11-01T00:00:00Z',
      severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
      affected: [
        {
          package: { ecosystem: 'Debian:12', name: source },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: first?.version }] }],
        },
      ],
    };
    const file = info.outputPath('critical.json');
    writeFileSync(file, JSON.stringify([advisory]));
    expect((await console.cli('advisories', 'import', file, '--format', 'osv')).code).toBe(0);
    await expect(critical).toBeVisible();
    await expect(critical).toContainText(`${first?.name} ${first?.version} (1 host, DSA-9999-1)`);
    await expect(page.getByText(/^Outside the freeze: 1 critical/)).toBeVisible();
    await expectSound(page, 'a critical patch outside a freeze');
  });

  await test.step('one patch is let through, with its reason', async () => {
    const before = (await console.read(Shown, 'snapshot', 'show', 'long')).snapshot.outside?.packages[0];
    await page.getByText('Which they are').click();
    await expectSound(page, 'a frozen snapshot with patches outside');
    await page
      .getByRole('button', { name: `Exception for ${before?.name} ${before?.version}…` })
      .first()
      .click();
    const dialog = page.getByRole('dialog', { name: 'Let one patch through the freeze of long' });
    await dialog.getByRole('button', { name: 'Make the exception' }).click();
    await expect(dialog.getByText('Say why it is let through.')).toBeVisible();
    await expectSound(page, 'the dialog of an exception, filled in wrongly');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('it is being exploited');
    await dialog.getByRole('textbox', { name: 'Architecture' }).fill('no arch');
    await expect(dialog.getByText('Give one architecture, as amd64 or x86_64.')).toBeVisible();
    await dialog.getByRole('textbox', { name: 'Architecture' }).fill('amd64');
    await dialog.getByRole('button', { name: 'Make the exception' }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole('list', { name: 'Exceptions' })).toContainText('it is being exploited');
    const { snapshot } = await console.read(Shown, 'snapshot', 'show', 'long');
    expect(snapshot.exceptions).toMatchObject([
      { name: before?.name, reason: 'it is being exploited', active: true },
    ]);
    expect(snapshot.outside?.packages.map(({ name }) => name)).not.toContain(before?.name);
    if (process.env.FROSTLINE_SHOTS !== undefined)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(process.env.FROSTLINE_SHOTS, `exception-${colorScheme}.png`) });
      }
  });
  await test.step('and kept out again, with the reason', async () => {
    const list = page.getByRole('list', { name: 'Exceptions' });
    await list.getByRole('button', { name: /^Withdraw the exception for .*:amd64 / }).click();
    const dialog = page.getByRole('dialog', { name: /^Withdraw the exception for / });
    await dialog.getByRole('button', { name: 'Withdraw', exact: true }).click();
    await expect(dialog.getByText('Say why it is withdrawn.')).toBeVisible();
    await expectSound(page, 'the dialog of a withdrawal');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('it breaks the VPN');
    await dialog.getByRole('button', { name: 'Withdraw', exact: true }).click();
    await expect(dialog).toBeHidden();
    await expect(list).toContainText('Exception (withdrawn)');
    await expect(list).toContainText('it breaks the VPN');
    await expect(list.getByRole('button')).toHaveCount(0);
    const { snapshot } = await console.read(Shown, 'snapshot', 'show', 'long');
    expect(snapshot).toMatchObject({
      state: 'frozen',
      exceptions: [{ active: false, withdrawn: { reason: 'it breaks the VPN' } }],
    });
    expect(snapshot.outside?.critical).toBe(1);
    if (process.env.FROSTLINE_SHOTS !== undefined)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(process.env.FROSTLINE_SHOTS, `withdrawn-${colorScheme}.png`) });
      }
  });
});

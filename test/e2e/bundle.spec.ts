/** A bundle is made in one admin's window and taken in by its path in another's, who has no fleet and no network. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from './support/console.ts';
import { SnapshotAnswer, SnapshotsAnswer } from './support/model.ts';
import { editor, heading, place } from './support/pages.ts';

test('a bundle goes to another console; a changed one is refused and changes nothing', async ({
  console,
  openConsole,
}, info) => {
  for (const words of [
    ['demo', '--hosts', '3'],
    ['scan', 'web-01'],
  ])
    expect((await console.cli(...words)).code).toBe(0);
  expect((await console.cli('snapshot', 'create', 'stick', '--from', 'web-01')).code).toBe(0);
  const ours = (await console.read(SnapshotAnswer, 'snapshot', 'show', 'stick')).snapshot;
  const file = info.outputPath('stick.frost.tar');

  await test.step('the first admin makes it', async () => {
    const { page } = console;
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'stick', exact: true }).click();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: /^Make a bundle/ }).click();
    const dialog = page.getByRole('dialog', { name: /^Make a bundle of stick/ });
    await dialog.getByLabel('Made through, and for').fill('web-01');
    await expect(dialog).toContainText('1 host matches');
    await dialog.getByRole('textbox', { name: 'File' }).fill('stick.tar');
    await dialog.getByRole('button', { name: 'Make the bundle' }).click();
    await expect(dialog.getByRole('alert')).toContainText('is not an absolute path');
    await dialog.getByRole('textbox', { name: 'File' }).fill(file);
    await dialog.getByRole('button', { name: 'Make the bundle' }).click();
    const made = dialog.getByRole('region', { name: 'The bundle' });
    await expect(made).toContainText(file);
    await expect(made).toContainText(/\d+ new, \d+ to go back to/);
    await dialog.getByRole('button', { name: 'Done' }).click();
    expect(existsSync(file)).toBe(true);
  });

  const theirs = await openConsole();
  const { page } = theirs;
  await place(page, 'Snapshots').click();
  await page.getByRole('button', { name: 'Import…' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Import a snapshot' });
  const check = async (path: string) => {
    await dialog.getByLabel('Or a bundle').fill(path);
    await dialog.getByRole('button', { name: 'Check the bundle' }).click();
  };

  await test.step('a changed one is refused with the reason', async () => {
    const bytes = readFileSync(file);
    const at = bytes.length - 20_000;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const changed = info.outputPath('changed.frost.tar');
    writeFileSync(changed, bytes);
    await check(changed);
    await expect(dialog.getByRole('alert')).toContainText('This bundle is refused; nothing was changed');
    await expect(dialog.getByRole('alert')).toContainText(/exchange\.\S+/);
    expect((await theirs.read(SnapshotsAnswer, 'snapshot', 'list')).snapshots).toEqual([]);
  });

  await test.step('the true one is shown, then taken in', async () => {
    await check(file);
    await expect(dialog.getByRole('region', { name: 'A bundle' })).toContainText(
      'each has the hash that is announced',
    );
    // The demo fleet's lists have no Release file beside them.
    await expect(dialog.getByRole('region', { name: 'A bundle' })).toContainText(/0 of \d+ packages listed/);
    await dialog.getByRole('button', { name: 'Import the bundle' }).click();
    await expect(heading(page, /^stick/)).toBeVisible();
    const [first] = ours.entries;
    await expect(editor(page).entry(first?.name ?? '')).toContainText(first?.version ?? '');
    const got = (await theirs.read(SnapshotAnswer, 'snapshot', 'show', 'stick')).snapshot;
    expect(got.id).toBe(ours.id);
  });
});

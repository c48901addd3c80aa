/** Two admins: one exports a snapshot to a file, the other imports it; a file somebody tampered with changes nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './support/console.ts';
import { SnapshotAnswer, SnapshotsAnswer } from './support/model.ts';
import { chooseFile, editor, heading, place } from './support/pages.ts';

const importDialog = (page: Page) => {
  const dialog = page.getByRole('dialog', { name: 'Import a snapshot' });
  return {
    dialog,
    choose: (file: string) => chooseFile(dialog.getByRole('button', { name: /^Choose/ }), file),
    import: dialog.getByRole('button', { name: /^Import/ }),
    refusal: dialog.getByRole('alert'),
  };
};

test('a snapshot goes to another console as a file; a tampered file is refused and changes nothing', async ({
  console,
  openConsole,
}, info) => {
  expect((await console.cli('snapshot', 'create', 'shared', '--empty')).code).toBe(0);
  const added = ['--add', 'curl=7.88.1-10+deb12u8', '--add', 'nginx=1.22.1-9+deb12u1:amd64'];
  const edited = await console.cli('snapshot', 'edit', 'shared', ...added, '--note', 'for the stick');
  expect(edited.code).toBe(0);
  const ours = (await console.read(SnapshotAnswer, 'snapshot', 'show', 'shared')).snapshot;

  const file = info.outputPath('shared.frost.json');
  await test.step('the first admin exports it', async () => {
    const { page } = console;
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'shared', exact: true }).click();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: /^Export to a file/ }).click();
    const saved = await download;
    expect(saved.suggestedFilename()).toMatch(/^shared.*\.frost\.json$/);
    await saved.saveAs(file);
  });

  const theirs = await openConsole();
  const { page } = theirs;
  const dialog = importDialog(page);
  await place(page, 'Snapshots').click();

  await test.step('a tampered, a cut and a foreign file are refused with the reason, and change nothing', async () => {
    const text = readFileSync(file, 'utf8');
    const broken = {
      'tampered.frost.json': text.replace('7.88.1-10+deb12u8', '7.88.1-10+deb12u6'),
      'cut.frost.json': text.slice(0, text.length / 2),
      'newer.frost.json': text.replace('frostline.exchange/1', 'frostline.exchange/9'),
    };
    await page.getByRole('button', { name: 'Import…' }).first().click();
    for (const [name, content] of Object.entries(broken)) {
      const path = join(info.outputDir, name);
      writeFileSync(path, content);
      await dialog.choose(path);
      await expect(dialog.dialog).toContainText(name);
      await expect(dialog.refusal).toContainText('This file is refused; nothing was changed');
      await expect(dialog.refusal).toContainText(/exchange\.\S+/);
      await expect(dialog.import).toBeDisabled();
    }
    expect((await theirs.read(SnapshotsAnswer, 'snapshot', 'list')).snapshots).toEqual([]);
  });

  await test.step('the file as it was is shown first, then imported with the same content hash', async () => {
    await dialog.choose(file);
    await expect(dialog.dialog.getByRole('region', { name: 'Content of the file' })).toContainText(ours.id);
    await expect(dialog.dialog).toContainText('A new snapshot');
    expect((await theirs.read(SnapshotsAnswer, 'snapshot', 'list')).snapshots).toEqual([]);
    await dialog.import.click();
    await expect(heading(page, /^shared/)).toBeVisible();
    await expect(editor(page).entry('nginx')).toContainText('1.22.1-9+deb12u1');
    const got = (await theirs.read(SnapshotAnswer, 'snapshot', 'show', 'shared')).snapshot;
    expect(got).toEqual(ours);
  });
});

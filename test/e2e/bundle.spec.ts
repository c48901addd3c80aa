/** A bundle is made in one admin's window and taken in by its path in another's, who has no fleet and no network. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { SnapshotAnswer, SnapshotsAnswer } from './support/model.ts';
import { editor, heading, place } from './support/pages.ts';

const VerifiedBundle = z.looseObject({
  bundle: z.looseObject({ metadata: z.looseObject({ repositories: z.array(z.unknown()) }) }),
});

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
  const anna = { file: info.outputPath('anna') };
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'anna', '-f', anna.file]);
  expect((await console.cli('snapshot', 'sign', 'stick', '--key', anna.file)).code).toBe(0);

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
    const direct = dialog.getByRole('checkbox', {
      name: /^Download from this computer's own connection first/,
    });
    await expect(direct).not.toBeChecked();
    await direct.check();
    await expectSound(page, 'the dialog of a bundle');
    await dialog.getByRole('button', { name: 'Make the bundle' }).click();
    const made = page.getByRole('dialog', { name: 'The bundle is made' });
    const bundle = made.getByRole('region', { name: 'The bundle' });
    await expect(bundle).toContainText(file, { timeout: 60_000 });
    await expect(bundle).toContainText(/\d+ new, \d+ to go back to/);
    // The demo's repository is nowhere: this computer asked, and the host did it after all.
    await expect(bundle).toContainText('asked: http://deb.debian.demo');
    await expect(bundle).toContainText('Not fetched from here, but through the hosts');
    await expect(bundle).toContainText(/packages? of http:\/\/deb\.debian\.demo: the repository/);
    expect(existsSync(file)).toBe(true);
  });

  await test.step('and signs it, so that it counts where only signed files are taken', async () => {
    const { page } = console;
    const made = page.getByRole('dialog', { name: 'The bundle is made' });
    await made.getByRole('button', { name: 'Sign the bundle…' }).click();
    const sign = made.getByRole('button', { name: 'Sign', exact: true });
    await made.getByRole('textbox', { name: 'Private key' }).fill(info.outputPath('none'));
    await sign.click();
    await expect(made.getByRole('alert')).toContainText('does not exist');
    await made.getByRole('textbox', { name: 'Private key' }).fill(anna.file);
    await expectSound(page, 'a bundle that is being signed');
    if (process.env.FROSTLINE_SHOTS !== undefined)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(process.env.FROSTLINE_SHOTS, `bundle-${colorScheme}.png`) });
      }
    await sign.click();
    await expect(made.getByRole('list', { name: 'Signatures' }).getByRole('listitem')).toHaveCount(1);
    await made.getByRole('button', { name: 'Done' }).click();
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

  await test.step('of one with old lists that is told, and to programs too', async () => {
    const old = resolve('test/fixtures/bundles/outdated.frost.tar');
    await check(old);
    const lists = dialog.getByRole('list', { name: 'Repositories' });
    await expect(lists).toContainText(/out of date.*valid until.*2026/s);
    await expectSound(page, 'a bundle with old lists');
    if (process.env.FROSTLINE_SHOTS !== undefined)
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(process.env.FROSTLINE_SHOTS, `outdated-${colorScheme}.png`) });
      }
    const told = await theirs.read(VerifiedBundle, 'snapshot', 'verify', old);
    expect(told.bundle.metadata.repositories).toMatchObject([
      { validUntil: '2026-11-23T18:00:00.000Z', outdated: true },
    ]);
  });

  // There, what Anna did not sign is not taken in.
  expect((await theirs.cli('signers', 'add', 'anna', `${anna.file}.pub`)).code).toBe(0);

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
    for (const name of ['Signatures of the bundle', 'Signatures of the snapshot'])
      await expect(dialog.getByRole('list', { name, exact: true })).toContainText(
        /anna.*trusted|trusted.*anna/s,
      );
    await dialog.getByRole('button', { name: 'Import the bundle' }).click();
    await expect(heading(page, /^stick/)).toBeVisible();
    const [first] = ours.entries;
    await expect(editor(page).entry(first?.name ?? '')).toContainText(first?.version ?? '');
    const got = (await theirs.read(SnapshotAnswer, 'snapshot', 'show', 'stick')).snapshot;
    expect(got.id).toBe(ours.id);
  });
});

/** Files that are signed: a good one is shown with its signer and taken in; tampered, cut, wrongly signed and revoked ones are refused. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { SnapshotAnswer, SnapshotsAnswer } from './support/model.ts';
import { chooseFile, heading, place } from './support/pages.ts';

const importDialog = (page: Page) => {
  const dialog = page.getByRole('dialog', { name: 'Import a snapshot' });
  return {
    dialog,
    choose: (file: string) => chooseFile(dialog.getByRole('button', { name: /^Choose/ }), file),
    import: dialog.getByRole('button', { name: /^Import/ }),
    signatures: dialog.getByRole('region', { name: 'Signatures of the file' }),
    refusal: dialog.getByRole('alert'),
  };
};

test('a signed file is shown with its signer; hostile ones are refused and change nothing', async ({
  console,
  openConsole,
}, info) => {
  const out = (name: string) => info.outputPath(name);
  const makeKey = (name: string) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', out(name)]);
    return { file: out(name), publicLine: readFileSync(out(`${name}.pub`), 'utf8').trim() };
  };
  const [anna, eve] = [makeKey('anna'), makeKey('eve')];
  const cli = async (...args: string[]) => expect((await console.cli(...args)).code).toBe(0);
  await cli('snapshot', 'create', 'shared', '--empty');
  await cli('snapshot', 'edit', 'shared', '--add', 'curl=7.88.1-10+deb12u8');
  const file = out('shared.frost.json');
  const wrong = out('wrong.frost.json');
  await cli('snapshot', 'export', 'shared', wrong, '--sign', eve.file);

  await test.step('the author signs it in the window, with the key file', async () => {
    const { page } = console;
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'shared', exact: true }).click();
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: /^Signatures/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Signatures of shared@2' });
    await expect(dialog).toContainText('nobody here vouches for this key');
    await dialog.getByRole('textbox', { name: 'Private key' }).fill(out('none'));
    await dialog.getByRole('button', { name: 'Sign', exact: true }).click();
    await expect(dialog.getByRole('alert')).toContainText('does not exist');
    await dialog.getByRole('textbox', { name: 'Private key' }).fill(anna.file);
    await dialog.getByRole('button', { name: 'Sign', exact: true }).click();
    await expect(dialog.getByRole('list', { name: 'Signatures' }).getByRole('listitem')).toHaveCount(2);
    await expectSound(page, 'the signatures');
    await dialog.getByRole('button', { name: 'Close' }).first().click();
  });
  await cli('snapshot', 'export', 'shared', file);
  const id = (await console.read(SnapshotAnswer, 'snapshot', 'show', 'shared')).snapshot.id;
  const encrypted = out('shared.age');
  writeFileSync(out('passphrase'), 'correct horse\n');
  await cli('snapshot', 'export', 'shared', encrypted, '--passphrase-file', out('passphrase'));

  const theirs = await openConsole();
  const { page } = theirs;
  await test.step('the other one trusts the author, and wants two signatures in production', async () => {
    await place(page, 'Signing').click();
    await expect(heading(page, 'Signing')).toBeVisible();
    await page.getByRole('button', { name: 'Add a signer…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a signer' });
    await dialog.getByLabel('Name').fill('anna@example.org');
    await dialog.getByLabel('Public key').fill(anna.publicLine);
    await dialog.getByRole('button', { name: 'Trust this key' }).click();
    await expect(page.getByRole('region', { name: 'Signers' })).toContainText('anna@example.org');
    await page.getByRole('button', { name: 'Add a policy…' }).click();
    const policy = page.getByRole('dialog', { name: 'Add a policy' });
    await policy.getByLabel('Environment').fill('production');
    await policy.getByLabel('To freeze').fill('2');
    await policy.getByRole('button', { name: 'Save the policy' }).click();
    await expect(page.getByRole('region', { name: 'Policies' })).toContainText(
      'production wants 2 to freeze',
    );
    await expectSound(page, 'the signing page');
  });

  const dialog = importDialog(page);
  await place(page, 'Snapshots').click();
  await page.getByRole('button', { name: 'Import…' }).first().click();
  await test.step('a tampered, a cut, an unsigned and a wrongly signed file are refused', async () => {
    const text = readFileSync(file, 'utf8');
    const wrongly = readFileSync(wrong, 'utf8');
    const broken = {
      'tampered.frost.json': [text.replace('7.88.1-10+deb12u8', '7.88.1-10+deb12u6'), 'exchange.tampered'],
      'cut.frost.json': [text.slice(0, text.length / 2), 'truncated'],
      'unsigned.frost.json': [text.replace(/"signatures":\[.*\]/s, '"signatures":[]'), 'not signed'],
      'wrong.frost.json': [wrongly, 'by nobody who is trusted here'],
    };
    for (const [name, [content = '', reason = '']] of Object.entries(broken)) {
      const path = out(name);
      writeFileSync(path, content);
      await dialog.choose(path);
      await expect(dialog.dialog).toContainText(name);
      await expect(dialog.refusal).toContainText(reason);
    }
    await expect(dialog.signatures).toContainText('unknown');
    await expect(dialog.import).toHaveCount(0);
    expect((await theirs.read(SnapshotsAnswer, 'snapshot', 'list')).snapshots).toEqual([]);
    await expectSound(page, 'a refused file');
  });

  await test.step('the good one comes encrypted: its signer is shown, and it is taken in', async () => {
    await dialog.choose(encrypted);
    await dialog.dialog.getByLabel('Passphrase of the file').fill('wrong');
    await dialog.dialog.getByRole('button', { name: 'Open the file' }).click();
    await expect(dialog.refusal).toContainText('not for this key', { timeout: 60_000 });
    await dialog.dialog.getByLabel('Passphrase of the file').fill('correct horse');
    await dialog.dialog.getByRole('button', { name: 'Open the file' }).click();
    await expect(dialog.signatures).toContainText('anna@example.org', { timeout: 60_000 });
    await expect(dialog.signatures).toContainText('trusted');
    await dialog.import.click();
    await expect(heading(page, /^shared/)).toBeVisible();
    expect((await theirs.read(SnapshotAnswer, 'snapshot', 'show', 'shared')).snapshot.id).toBe(id);
  });
});

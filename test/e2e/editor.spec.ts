/** The editor checks what is being edited: findings come up on an unsaved draft, and are mended by keyboard. */
import { expectAccessible } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { keyboard } from './support/keyboard.ts';
import { SnapshotAnswer } from './support/model.ts';
import { editor, place } from './support/pages.ts';

test('findings on an unsaved draft, mended by keyboard; many entries at once; undo and redo', async ({
  console,
}) => {
  const { page } = console;
  const hands = keyboard(page);
  expect((await console.cli('demo', '--hosts', '2')).code).toBe(0);
  expect((await console.cli('scan', 'web-01')).code).toBe(0);
  expect((await console.cli('snapshot', 'create', 'draft', '--from', 'web-01')).code).toBe(0);
  await place(page, 'Snapshots').click();
  await page.getByRole('link', { name: 'draft', exact: true }).click();
  const edit = editor(page);
  const found = page.getByRole('region', { name: 'Findings' });
  const errors = found.getByRole('status');
  const entry = (name: string) => edit.entry(name);
  await expect(entry('libcurl4')).toBeVisible();
  await expect(errors).toHaveText('Nothing found against it');

  await test.step('rejecting what another entry needs is found at once, and said at that entry', async () => {
    await entry('libcurl4').focus();
    await hands.press('r');
    await expect(errors).toHaveText('1 error');
    await expect(entry('curl')).toContainText('Error: ');
    await expect(entry('curl')).toContainText(/needs libcurl4 \(= .*\); libcurl4:amd64 .* is rejected here/);
    await expect(edit.unsaved).toBeVisible();
    await expectAccessible(page, 'the editor with an error');
  });

  await test.step('one key goes there, one mends it, and undo brings it back', async () => {
    await hands.press('e');
    await expect(entry('curl')).toBeFocused();
    await hands.press('f');
    await expect(errors).toHaveText('Nothing found against it');
    await expect(edit.decision('libcurl4')).toContainText('approved');
    await hands.press('Control+z');
    await expect(errors).toHaveText('1 error');
    await hands.press('Control+Shift+Z');
    await expect(errors).toHaveText('Nothing found against it');
  });

  await test.step('a key pressed right after an arrow is for the row the arrow went to', async () => {
    const all = edit.grid.getByRole('row').filter({ has: page.getByRole('checkbox') });
    const rejected = all.filter({ has: page.getByRole('button', { name: / is rejected/ }) });
    await all.first().focus();
    await hands.burst('ArrowDown', 'r');
    await expect(all.nth(1)).toContainText('rejected');
    await expect(rejected).toHaveCount(1);
    await expect(all.nth(1)).toBeFocused();
    await hands.press('Control+z');
    await expect(errors).toHaveText('Nothing found against it');
    const shift = (key: string) => ({ key, shiftKey: true });
    await all.first().focus();
    await hands.burst(shift('ArrowDown'), shift('ArrowDown'), shift('ArrowUp'));
    await expect(page.getByRole('group', { name: '2 selected entries' })).toBeVisible();
    await expect(all.nth(1)).toBeFocused();
    await hands.press('Escape');
  });

  await test.step('several entries are selected with Shift and the arrows, and go to a stage together', async () => {
    await entry('curl').focus();
    await hands.press('Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowUp');
    const bulk = page.getByRole('group', { name: '2 selected entries' });
    await expect(bulk).toBeVisible();
    await hands.press('p');
    await expect(page.getByRole('row').filter({ hasText: 'pinned' })).toHaveCount(2);
    await bulk.getByRole('combobox', { name: 'Stage of the selected entries' }).selectOption('2');
    await expect.poll(() => edit.position('curl')).toMatch(/^1 of 2 in stage 2$/);
    await hands.press('Control+z');
    await expect.poll(() => edit.position('curl')).toMatch(/in stage 1$/);
  });

  await test.step('what comes too late is moved, all errors with one button', async () => {
    await edit.stage('libcurl4').selectOption('2');
    await expect(errors).toHaveText('1 error');
    await expect(entry('curl')).toContainText('which comes later, in stage 2');
    await page.getByRole('combobox', { name: 'Show' }).selectOption('error');
    await expect(edit.grid.getByRole('row').filter({ has: page.getByRole('checkbox') })).toHaveCount(1);
    await page.getByRole('combobox', { name: 'Show' }).selectOption('all');
    await found.getByRole('button', { name: 'Fix all errors' }).click();
    await expect(errors).toHaveText('Nothing found against it');
    await expect(edit.stage('curl')).toHaveValue('2');
  });

  await test.step('and is saved as it stands', async () => {
    await edit.save.click();
    await expect(edit.unsaved).toBeHidden();
    const { snapshot } = await console.read(SnapshotAnswer, 'snapshot', 'show', 'draft');
    const of = (name: string) => snapshot.entries.find((each) => each.name === name);
    expect(of('curl')).toMatchObject({ stage: 2, pinned: true });
    expect(of('libcurl4')).toMatchObject({ stage: 2, decision: 'approve' });
    expect(await console.cli('snapshot', 'check', 'draft')).toEqual({ code: 0, json: { findings: [] } });
  });

  await test.step('the command line finds and fixes the same', async () => {
    await console.cli('snapshot', 'edit', 'draft', '--reject', 'libcurl4');
    const found = [expect.objectContaining({ name: 'curl', code: 'rejected-dependency', level: 'error' })];
    expect(await console.cli('snapshot', 'check', 'draft')).toEqual({ code: 1, json: { findings: found } });
    expect(await console.cli('snapshot', 'check', 'draft', '--fix')).toMatchObject({
      code: 0,
      json: { findings: [], fixes: [{ kind: 'decide', name: 'libcurl4' }], snapshot: { revision: 4 } },
    });
  });

  await test.step('findings are renewed without an edit when the fleet they rest on is another one', async () => {
    await entry('libcurl4').focus();
    await hands.press('r');
    await expect(errors).toHaveText('1 error');
    expect((await console.cli('hosts', 'remove', 'web-01')).code).toBe(0);
    await expect(errors).not.toHaveText('1 error');
  });
});

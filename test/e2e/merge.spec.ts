/** A file that diverged is merged in the window, conflict by conflict, with the keyboard; a revision is promoted on the run that tried it. */
import { z } from 'zod';
import { expectSound } from './support/audit.ts';
import { expect, test } from './support/console.ts';
import { SnapshotAnswer } from './support/model.ts';
import { chooseFile, editor, heading, place } from './support/pages.ts';

test.use({ pace: 4 });

const Merged = z.object({
  snapshot: z.object({
    id: z.string(),
    parents: z.array(z.string()),
    promotions: z.array(z.object({ to: z.string(), from: z.string().nullable() })),
  }),
});

const Planned = z.object({
  plan: z.object({
    hosts: z.array(z.object({ refusals: z.array(z.object({ code: z.string() })) })),
  }),
});

test('a diverged file leads to the merge, whose conflicts are decided side by side', async ({
  console,
}, info) => {
  const { page } = console;
  const cli = async (...args: string[]) => expect((await console.cli(...args)).code).toBe(0);
  const [before, theirs] = [info.outputPath('before.frost.json'), info.outputPath('theirs.frost.json')];
  await cli('snapshot', 'create', 'shared', '--empty');
  await cli(
    'snapshot',
    'edit',
    'shared',
    '--add',
    'curl=7.0-1',
    '--add',
    'nginx=1.0-1',
    '--add',
    'vim=9.0-1',
  );
  await cli('snapshot', 'export', 'shared', before);
  await cli('snapshot', 'edit', 'shared', '--add', 'curl=8.0-1', '--stage', 'nginx=2');
  await cli('snapshot', 'export', 'shared', theirs);
  await cli('snapshot', 'remove', 'shared', '--yes');
  await cli('snapshot', 'import', before);
  await cli('snapshot', 'edit', 'shared', '--add', 'curl=9.0-1', '--remove', 'nginx');

  await test.step('the import says that both sides changed, and goes on to the merge', async () => {
    await place(page, 'Snapshots').click();
    await page.getByRole('button', { name: 'Import…' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Import a snapshot' });
    await chooseFile(dialog.getByRole('button', { name: /^Choose/ }), theirs);
    await expect(dialog).toContainText('Both were changed since they were the same');
    await dialog.getByRole('button', { name: /^Import/ }).click();
    await expect(heading(page, 'Merge into shared')).toBeVisible();
  });

  const save = page.getByRole('button', { name: 'Save the merge' });
  await test.step('conflicts stand side by side; nothing is saved before all are decided', async () => {
    await expect(page.getByText('0 of 2 conflicts decided.')).toBeVisible();
    await expect(save).toHaveAttribute('aria-disabled', 'true');
    const curl = page.getByRole('group', { name: /^curl Version/ });
    await expect(curl.getByRole('radio', { name: /Base 7\.0-1/ })).toBeVisible();
    await expectSound(page, 'merge with conflicts');
    await page.screenshot({ path: info.outputPath('merge-light.png'), fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.screenshot({ path: info.outputPath('merge-dark.png'), fullPage: true });
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await curl.getByRole('radio', { name: /^Ours/ }).focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowRight');
    await expect(curl.getByRole('radio', { name: /^Theirs 8\.0-1/ })).toBeChecked();
    await expect(page.getByText('1 of 2 conflicts decided.')).toBeVisible();
    const nginx = page.getByRole('group', { name: /^nginx Removed/ });
    await nginx.getByRole('radio', { name: /^Theirs/ }).check();
    await expect(page.getByText('2 of 2 conflicts decided.')).toBeVisible();
    await expect(page.getByRole('region', { name: 'Preview' })).toContainText('8.0-1');
  });

  await test.step('saved, it has two parents, and the graph shows both branches', async () => {
    await page.getByRole('textbox', { name: 'Message' }).fill('both of us');
    await save.click();
    await expect(editor(page).entry('nginx')).toContainText('1.0-1');
    const { snapshot } = await console.read(Merged, 'snapshot', 'show', 'shared');
    expect(snapshot.parents).toHaveLength(2);
    await page.getByRole('tab', { name: /^History/ }).click();
    const graph = page.getByRole('list', { name: 'Revisions, newest first' });
    await expect(graph.getByRole('listitem', { name: /^Revision 3,/ })).toHaveCount(2);
    await expect(graph).toContainText('both of us');
    await expectSound(page, 'history with branches');
    await page.screenshot({ path: info.outputPath('history-light.png'), fullPage: true });
  });
});

test('a revision is promoted on the run that tried it, and not without', async ({ console }, info) => {
  const { page } = console;
  await console.startFleet(5);
  expect((await console.cli('snapshot', 'create', 'night', '--from', 'db-01')).code).toBe(0);
  const { snapshot } = await console.read(SnapshotAnswer, 'snapshot', 'show', 'night');

  const open = async () => {
    await place(page, 'Snapshots').click();
    await page.getByRole('link', { name: 'night', exact: true }).click();
    await page.getByRole('tab', { name: /^History/ }).click();
    await page.getByRole('button', { name: 'Promote…' }).first().click();
    return page.getByRole('dialog', { name: /^Promote revision/ });
  };
  await test.step('what no run has tried is refused, with the way out', async () => {
    const dialog = await open();
    await expect(dialog.getByRole('alert')).toContainText('No finished run');
    await expect(dialog.getByRole('button', { name: 'Promote to production' })).toHaveAttribute(
      'aria-disabled',
      'true',
    );
    await expectSound(page, 'promotion without a run');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
  });

  await test.step('after a run in test, it rests on that run', async () => {
    expect((await console.cli('run', 'night', 'db-01', '--yes')).code).toBe(0);
    const dialog = await open();
    const evidence = dialog.getByRole('region', { name: 'The run that tried it' });
    await expect(evidence).toContainText('test');
    await expectSound(page, 'promotion with a run');
    await page.screenshot({ path: info.outputPath('promote-light.png') });
    await dialog.getByRole('button', { name: 'Promote to production' }).click();
    await expect(page.getByText('promoted to production', { exact: true })).toBeVisible();
    const shown = (await console.read(Merged, 'snapshot', 'show', 'night')).snapshot;
    expect(shown.id).toBe(snapshot.id);
    expect(shown.promotions).toMatchObject([{ to: 'production', from: 'test' }]);
  });

  await test.step('an environment that takes only what was promoted refuses all else in the plan', async () => {
    const planned = async () => {
      const { plan } = await console.read(Planned, 'plan', 'night', 'db-01');
      return plan.hosts.flatMap((host) => host.refusals.map((refusal) => refusal.code));
    };
    expect(await planned()).toEqual([]);
    expect((await console.cli('policy', 'set', 'test', '--require-promotion')).code).toBe(0);
    expect(await planned()).toEqual(['policy.promotion']);
    expect((await console.cli('run', 'night', 'db-01', '--yes')).code).not.toBe(0);
    const anyway = ['--without-evidence', '--reason', 'it is where we try things'];
    expect((await console.cli('snapshot', 'promote', 'night', '--to', 'test', ...anyway)).code).toBe(0);
    expect(await planned()).toEqual([]);
  });
});

/** `snapshot apply-rules`: what docs/cli.md promises to scripts, over a demo fleet. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Frostline } from './support.ts';

// Each step starts a process, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const Entries = z.array(z.object({ name: z.string(), decision: z.string(), stage: z.int() }));
const Snapshot = z.object({ revision: z.int(), entries: Entries });
const Shown = z.object({ snapshot: Snapshot });
const Diff = z.object({
  added: z.array(z.object({ name: z.string() })),
  removed: z.array(z.object({ name: z.string() })),
  changed: z.array(z.unknown()),
});
const Preview = z.object({
  diff: Diff,
  remarks: z.array(z.string()),
  rules: z.object({ name: z.string() }),
  same: z.boolean(),
});

describe.skipIf(process.platform === 'win32')('snapshot apply-rules', () => {
  const frostline = new Frostline();
  afterAll(async () => {
    await frostline.run(['demo', '--stop']);
    frostline.close();
  });

  const file = frostline.path('rules.yaml');
  const rules = (...lists: string[]) =>
    writeFileSync(file, ['name: weekly', 'rules:', '  - id: all', ...lists].join('\n'));
  const shown = async (): Promise<z.infer<typeof Snapshot>> =>
    Shown.parse((await frostline.json('snapshot', 'show', 'weekly')).document).snapshot;
  const preview = async (...words: string[]): Promise<z.infer<typeof Preview>> =>
    Preview.parse(
      (await frostline.json('snapshot', 'apply-rules', 'weekly', '--dry-run', ...words)).document,
    );

  let taken = '';
  let moved = '';
  beforeAll(async () => {
    expect((await frostline.run(['demo', '--hosts', '1'])).code).toBe(0);
    expect((await frostline.run(['scan', 'all'])).code).toBe(0);
    rules();
    expect((await frostline.run(['snapshot', 'create', 'weekly', '--rules', file])).code).toBe(0);
    const [first, second] = (await shown()).entries;
    taken = first?.name ?? '';
    moved = second?.name ?? '';
  });

  test('changes nothing where nothing is new', async () => {
    expect(await preview()).toMatchObject({ same: true, rules: { name: 'weekly' } });
  });

  test('keeps what was taken out and what was moved by hand', async () => {
    const edit = ['snapshot', 'edit', 'weekly', '--remove', taken, '--stage', `${moved}=7`];
    expect((await frostline.run(edit)).code).toBe(0);
    expect(await preview()).toMatchObject({ same: true });
  });

  test('with other rules shows the difference first, and then makes one revision of it', async () => {
    const before = await shown();
    const rejected = before.entries.find(({ name }) => name !== moved)?.name ?? '';
    rules('reject:', `  - name: ${rejected}`);
    const foreseen = await preview('--rules', file);
    expect(foreseen.same).toBe(false);
    expect(foreseen.diff.changed).toHaveLength(1);
    expect(await shown()).toEqual(before);

    const made = await frostline.json('snapshot', 'apply-rules', 'weekly', '--rules', file);
    expect(made.code).toBe(0);
    const { snapshot, diff } = Shown.extend({ diff: Diff }).parse(made.document);
    expect(diff).toEqual(foreseen.diff);
    expect(snapshot.revision).toBe(before.revision + 1);
    expect(snapshot.entries.find(({ name }) => name === rejected)?.decision).toBe('reject');
    expect(snapshot.entries.find(({ name }) => name === moved)?.stage).toBe(7);
    expect(snapshot.entries.map(({ name }) => name)).not.toContain(taken);
  });

  test('a snapshot that holds no rules is told so', async () => {
    await frostline.run(['snapshot', 'create', 'bare', '--empty']);
    const { code, document } = await frostline.json('snapshot', 'apply-rules', 'bare');
    expect(code).toBe(2);
    expect(document).toMatchObject({ error: { message: expect.stringContaining('rules') } });
  });
});

import { describe, expect, it } from 'vitest';
import { type Editor, edit, openEditor, redo, undo } from '../../../../renderer/features/snapshots/editor.ts';
import { decide, keyOf, removeEntries } from '../../../../renderer/features/snapshots/entries.ts';
import type { Entry, SnapshotView } from '../../../../shared/model/snapshot.ts';

const entry = (name: string, stage = 1): Entry => ({
  ecosystem: 'apt',
  name,
  version: '1',
  decision: 'approve',
  stage,
  source: 'scan',
});
const view = (entries: Entry[]): SnapshotView => ({
  name: 'june',
  lineId: '00000000-0000-4000-8000-000000000001',
  revision: 1,
  id: `sha256:${'0'.repeat(64)}`,
  parents: [],
  state: 'draft',
  head: true,
  author: { name: 'anna' },
  createdAt: '2026-11-23T14:00:00.000Z',
  scope: {},
  entries,
});
const open = () => openEditor(view([entry('a'), entry('b'), entry('c')]));
const drop = (name: string) => (entries: readonly Entry[]) =>
  removeEntries(entries, new Set([keyOf(entry(name))]));
const names = (editor: Editor) => editor.entries.map((each) => each.name).join('');

describe('undo and redo', () => {
  it('go back and forth over every step, with the name of what they take back', () => {
    let editor = edit(edit(open(), 'remove a', drop('a')), 'remove b', drop('b'));
    expect(names(editor)).toBe('c');
    expect(editor.past.at(-1)?.label).toBe('remove b');
    editor = undo(editor);
    expect(names(editor)).toBe('bc');
    expect(editor.future.at(-1)?.label).toBe('remove b');
    editor = undo(undo(editor));
    expect(names(editor)).toBe('abc');
    expect(names(redo(redo(redo(editor))))).toBe('c');
  });

  it('forget what was undone once something new is done', () => {
    const editor = edit(undo(edit(open(), 'remove a', drop('a'))), 'remove b', drop('b'));
    expect(names(redo(editor))).toBe('ac');
  });

  it('leave no step for an edit that changes nothing', () => {
    const approveAll = (entries: readonly Entry[]) => decide(entries, new Set(entries.map(keyOf)), 'approve');
    expect(edit(open(), 'approve all', approveAll).past).toEqual([]);
  });

  it('show the entries in the order of their stages', () => {
    expect(names(openEditor(view([entry('x', 3), entry('y', 1)])))).toBe('yx');
  });
});

import { describe, expect, it } from 'vitest';
import {
  type Draft,
  doneThere,
  isDirty,
  meet,
  openDraft,
  reapply,
  saved,
} from '../../../../renderer/features/snapshots/drafts.ts';
import { edit, undo } from '../../../../renderer/features/snapshots/editor.ts';
import { decide, keyOf, moveBy, removeEntries } from '../../../../renderer/features/snapshots/entries.ts';
import type { Entry, SnapshotView } from '../../../../shared/model/snapshot.ts';

const entry = (name: string): Entry => ({
  ecosystem: 'apt',
  name,
  version: '1',
  decision: 'approve',
  stage: 1,
  source: 'scan',
});
const BASE = [entry('a'), entry('b'), entry('c')];
const keys = (...names: string[]) => new Set(names.map((name) => keyOf(entry(name))));
const view = (
  revision: number,
  entries: readonly Entry[],
  more: Partial<SnapshotView> = {},
): SnapshotView => ({
  name: 'june',
  lineId: '00000000-0000-4000-8000-000000000001',
  revision,
  id: `sha256:${String(revision).repeat(64)}`,
  parents: [],
  state: 'draft',
  head: true,
  author: { name: 'anna' },
  createdAt: '2026-11-23T14:00:00.000Z',
  scope: {},
  entries: [...entries],
  ...more,
});
const rejecting = (draft: Draft, name: string): Draft => ({
  ...draft,
  editor: edit(draft.editor, `reject ${name}`, (entries) => decide(entries, keys(name), 'reject')),
});
const shown = (draft: Draft) =>
  draft.editor.entries.map((each) => (each.decision === 'reject' ? `-${each.name}` : each.name)).join(' ');

describe('unsaved edits', () => {
  it('are there from the first change until it is undone', () => {
    const open = openDraft(view(1, BASE));
    expect(isDirty(open)).toBe(false);
    const changed = rejecting(open, 'a');
    expect(isDirty(changed)).toBe(true);
    expect(isDirty({ ...changed, editor: undo(changed.editor) })).toBe(false);
    const moved = { ...open, editor: edit(open.editor, 'move', (list) => moveBy(list, keys('a'), 1)) };
    expect(isDirty(moved)).toBe(true);
  });

  it('give way to nothing: a newer revision waits beside them', () => {
    const mine = rejecting(openDraft(view(1, BASE)), 'a');
    const met = meet(mine, view(2, removeEntries(BASE, keys('c'))));
    expect(shown(met)).toBe('-a b c');
    expect(met.newer?.revision).toBe(2);
    expect(doneThere(met).map((change) => `${change.name} ${change.what}`)).toEqual(['c removed 1']);
  });

  it('are made again on the newer revision when asked, and one undo takes that back', () => {
    const mine = rejecting(openDraft(view(1, BASE)), 'a');
    const again = reapply(meet(mine, view(2, removeEntries(BASE, keys('c')))));
    expect(shown(again)).toBe('-a b');
    expect(again.editor.base.revision).toBe(2);
    expect(again.newer).toBeUndefined();
    expect(shown({ ...again, editor: undo(again.editor) })).toBe('-a b c');
  });

  it('are gone after a save, and can be undone as new edits', () => {
    const mine = rejecting(openDraft(view(1, BASE)), 'a');
    const done = saved(mine, view(2, mine.editor.entries));
    expect(isDirty(done)).toBe(false);
    const back = { ...done, editor: undo(done.editor) };
    expect(shown(back)).toBe('a b c');
    expect(isDirty(back)).toBe(true);
  });
});

describe('without unsaved edits', () => {
  it('the newest revision is simply shown', () => {
    const met = meet(openDraft(view(1, BASE)), view(2, removeEntries(BASE, keys('c'))));
    expect(shown(met)).toBe('a b');
    expect(met.newer).toBeUndefined();
  });

  it('the same revision read again brings its freeze, and keeps what undo knows', () => {
    const mine = rejecting(openDraft(view(1, BASE)), 'a');
    const met = meet(mine, view(1, BASE, { state: 'frozen' }));
    expect(met.editor.base.state).toBe('frozen');
    expect(met.editor.past).toHaveLength(1);
  });
});

/** Unsaved edits per snapshot: how they begin, meet a newer revision, and end. Pure; the store does the calls. */
import type { Edit } from '../../../shared/contract/snapshots.ts';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { type Change, listChanges, rebase, sameEntries, toEdits } from './changes.ts';
import { type Editor, edit, openEditor } from './editor.ts';

export type Draft = {
  editor: Editor;
  /** Made by somebody else while there are unsaved edits on an older revision. */
  newer: SnapshotView | undefined;
  /** Where the two sides differed when edits were re-applied; told until the next save. */
  clashes: readonly Change[];
};

export const openDraft = (view: SnapshotView): Draft => ({
  editor: openEditor(view),
  newer: undefined,
  clashes: [],
});

export const unsaved = (draft: Draft): Edit[] => toEdits(draft.editor.base.entries, draft.editor.entries);

/** Asked at every change of the store, so without working the edits out. */
export const isDirty = (draft: Draft | undefined): boolean =>
  draft !== undefined && !sameEntries(draft.editor.base.entries, draft.editor.entries);

/** The newest revision, read again. Without unsaved edits it is simply shown; with them it waits until it is asked for. */
export const meet = (draft: Draft | undefined, head: SnapshotView): Draft => {
  if (draft === undefined) return openDraft(head);
  // The same revision may have come into or out of a freeze.
  if (draft.editor.base.id === head.id)
    return { ...draft, newer: undefined, editor: { ...draft.editor, base: head } };
  return isDirty(draft) ? { ...draft, newer: head } : openDraft(head);
};

/** What was done there since the revision the edits were made on. */
export const doneThere = (draft: Draft): Change[] =>
  draft.newer === undefined ? [] : listChanges(draft.editor.base.entries, draft.newer.entries);

/** Makes the unsaved edits on the newer revision instead. One undo goes back to the list as it was. */
export const reapply = (draft: Draft): Draft => {
  const { editor, newer } = draft;
  if (newer === undefined) return draft;
  const { entries, clashes } = rebase(editor.base.entries, editor.entries, newer.entries);
  const moved = edit(editor, `re-apply on revision ${newer.revision}`, () => entries);
  return { editor: { ...moved, base: newer }, newer: undefined, clashes };
};

/** After a save: the edits are in the new revision. Undo still knows the way back, as new edits. */
export const saved = (draft: Draft, view: SnapshotView): Draft => {
  const fresh = openEditor(view);
  return { editor: { ...fresh, past: draft.editor.past }, newer: undefined, clashes: [] };
};

/** Unsaved edits of one snapshot: the list as it is now, and what was before for undo and redo. Pure. */
import type { Entry, SnapshotView } from '../../../shared/model/snapshot.ts';
import { byStage } from './entries.ts';

const MAX_UNDO = 500;

type Step = { label: string; entries: readonly Entry[] };

export type Editor = {
  /** The revision the edits are made on. */
  base: SnapshotView;
  entries: readonly Entry[];
  /** What undo goes back to; `label` says what it takes back. */
  past: readonly Step[];
  future: readonly Step[];
};

export const openEditor = (base: SnapshotView): Editor => ({
  base,
  entries: byStage(base.entries),
  past: [],
  future: [],
});

/** `label`: what was done, for the undo button: `reject 3 entries`. A change that changes nothing leaves no trace. */
export const edit = (
  editor: Editor,
  label: string,
  how: (entries: readonly Entry[]) => readonly Entry[],
): Editor => {
  const entries = how(editor.entries);
  if (same(entries, editor.entries)) return editor;
  return {
    base: editor.base,
    entries,
    past: [...editor.past, { label, entries: editor.entries }].slice(-MAX_UNDO),
    future: [],
  };
};

const same = (a: readonly Entry[], b: readonly Entry[]): boolean =>
  a.length === b.length && a.every((entry, index) => entry === b[index]);

export const undo = (editor: Editor): Editor => {
  const step = editor.past.at(-1);
  if (step === undefined) return editor;
  return {
    ...editor,
    entries: step.entries,
    past: editor.past.slice(0, -1),
    future: [...editor.future, { label: step.label, entries: editor.entries }],
  };
};

export const redo = (editor: Editor): Editor => {
  const step = editor.future.at(-1);
  if (step === undefined) return editor;
  return {
    ...editor,
    entries: step.entries,
    past: [...editor.past, { label: step.label, entries: editor.entries }],
    future: editor.future.slice(0, -1),
  };
};

/** The editor: tools above the list, the list, and below it what is not saved yet. */
import { useEffect, useMemo, useState } from 'react';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { useCommand } from '../../app/commands.ts';
import { isTyping } from '../../app/keys.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { plural } from '../../ui/format.ts';
import { toastError } from '../../ui/Toast.tsx';
import { AddDialog } from './AddDialog.tsx';
import { unsaved } from './drafts.ts';
import { EntryGrid } from './EntryGrid.tsx';
import { AddButton, BulkTools, FindBox, FindingSummary, HistoryButtons } from './EntryTools.tsx';
import {
  addEntry,
  decide,
  type EntryKey,
  keyOf,
  MAX_STAGE,
  moveBy,
  placeBefore,
  removeEntries,
  setNote,
  setPinned,
  setStage,
  stagesOf,
} from './entries.ts';
import type { EntryActions } from './entryActions.ts';
import { applyFix, byEntry, nextWith, tally } from './findings.ts';
import { NoteDialog } from './NoteDialog.tsx';
import { rowsOf, type Show } from './rows.ts';
import { SaveBar } from './SaveBar.tsx';
import { useSnapshots, type Warning } from './store.ts';
import { useFindings } from './useFindings.ts';
import { useJudgements } from './useJudgements.ts';
import { otherwiseCount } from './verdicts.ts';

export const EntriesTab = ({ name, warnings }: { name: string; warnings: readonly Warning[] }) => {
  const { draft, change, undo, redo, fixes } = useSnapshots((s) => ({
    draft: s.drafts[name],
    change: s.change,
    undo: s.undo,
    redo: s.redo,
    fixes: s.fixes,
  }));
  const check = useFindings(name, warnings);
  const { judgements, error: unknown } = useJudgements(name);
  const [query, setQuery] = useState('');
  const [show, setShow] = useState<Show>('all');
  const [focus, setFocus] = useState<{ key: EntryKey }>();
  const [fixing, setFixing] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<EntryKey>>(new Set());
  const [adding, setAdding] = useState(false);
  const [noting, setNoting] = useState<Entry>();
  const [said, setSaid] = useState('');
  const editor = draft?.editor;
  const entries = editor?.entries ?? [];
  const lastDone = editor?.past.at(-1)?.label;
  const lastUndone = editor?.future.at(-1)?.label;

  const findings = useMemo(() => byEntry(check.findings), [check.findings]);
  const rows = useMemo(
    () => rowsOf(entries, query, show, findings, judgements),
    [entries, query, show, findings, judgements],
  );
  const otherwise = useMemo(() => otherwiseCount(judgements), [judgements]);
  const whole = query.trim() === '' && show === 'all';
  const here = useMemo(() => new Set(entries.map(keyOf)), [entries]);
  const selected = useMemo(() => new Set([...chosen].filter((key) => here.has(key))), [chosen, here]);
  const stages = useMemo(() => stageChoices(entries), [entries]);
  const count = useMemo(
    () => tally(check.findings.filter((finding) => here.has(keyOf(finding)))),
    [check.findings, here],
  );

  const named = (keys: ReadonlySet<EntryKey>): string => {
    const [only] = keys;
    return keys.size === 1
      ? (entries.find((entry) => keyOf(entry) === only)?.name ?? 'an entry')
      : plural(keys.size, 'entry', 'entries');
  };
  const act = (label: string, how: (entries: readonly Entry[]) => readonly Entry[]) => {
    change(name, label, how);
    setSaid(`Done: ${label}.`);
  };
  const actions: EntryActions = {
    move: (keys, step) => {
      act(`move ${named(keys)} ${step === -1 ? 'up' : 'down'}`, (list) => moveBy(list, keys, step));
      const [first] = keys;
      const row = rowsOf(moveBy(entries, keys, step), '').find((each) => each.id === first);
      if (row?.kind === 'entry')
        setSaid(`${row.entry.name}: position ${row.position} of ${row.of} in stage ${row.entry.stage}.`);
    },
    place: (keys, place) =>
      act(`move ${named(keys)}`, (list) => placeBefore(list, keys, place.before, place.stage)),
    decide: (keys, decision) => act(`${decision} ${named(keys)}`, (list) => decide(list, keys, decision)),
    stage: (keys, stage) =>
      act(`put ${named(keys)} into stage ${stage}`, (list) => setStage(list, keys, stage)),
    remove: (keys) => act(`remove ${named(keys)}`, (list) => removeEntries(list, keys)),
    pin: (keys, pinned) =>
      act(`${pinned ? 'pin' : 'unpin'} ${named(keys)}`, (list) => setPinned(list, keys, pinned)),
    fix: ({ fix, fixLabel }) => {
      if (fix !== undefined) act(lowerFirst(fixLabel ?? 'fix'), (list) => applyFix(list, fix));
    },
    note: setNoting,
  };
  /** Goes on from the row that has, or last had, the focus. */
  const goToNext = () => {
    const shown = rows.flatMap((row) => (row.kind === 'entry' ? [row.entry] : []));
    const from = document.activeElement?.closest('[data-key]')?.getAttribute('data-key') ?? focus?.key;
    const next = nextWith(shown, findings, from);
    if (next === undefined) return setSaid('There is no finding in what is shown.');
    setFocus({ key: next });
    const said = findings.get(next)?.[0];
    if (said !== undefined) setSaid(said.message);
  };
  const fixAll = async () => {
    if (draft === undefined) return;
    setFixing(true);
    const result = await fixes(draft.editor.base.id, unsaved(draft));
    setFixing(false);
    if (!result.ok) return toastError('Nothing was fixed', result.error);
    const made = result.value.fixes;
    act(`fix errors with ${plural(made.length, 'edit')}`, (list) => applyFix(list, made));
  };
  const undoIt = () => {
    if (lastDone === undefined) return;
    undo(name);
    setSaid(`Undone: ${lastDone}.`);
  };
  const redoIt = () => {
    if (lastUndone === undefined) return;
    redo(name);
    setSaid(`Done again: ${lastUndone}.`);
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
      const key = event.key.toLowerCase();
      const back = key === 'z' && !event.shiftKey;
      const forth = (key === 'z' && event.shiftKey) || (key === 'y' && !event.shiftKey);
      if (!(back || forth) || isTyping(event.target) || document.querySelector('[role="dialog"]') !== null)
        return;
      event.preventDefault();
      if (back) undoIt();
      else redoIt();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
  useCommand({
    id: 'entry.add',
    label: 'Add a package…',
    group: 'Snapshot',
    keys: 'i',
    run: () => setAdding(true),
  });
  useCommand({
    id: 'entry.next-finding',
    label: 'Next finding',
    group: 'Snapshot',
    keys: 'e',
    disabled: check.findings.length === 0,
    run: goToNext,
  });
  useCommand({
    id: 'entry.undo',
    label: lastDone === undefined ? 'Undo' : `Undo: ${lastDone}`,
    group: 'Snapshot',
    disabled: lastDone === undefined,
    run: undoIt,
  });
  useCommand({
    id: 'entry.redo',
    label: lastUndone === undefined ? 'Redo' : `Redo: ${lastUndone}`,
    group: 'Snapshot',
    disabled: lastUndone === undefined,
    run: redoIt,
  });

  if (editor === undefined) return null;
  return (
    <div className="snap-editor">
      <div className="row spread snap-tools">
        <div className="row">
          <FindBox entries={entries} query={query} onQuery={setQuery} show={show} onShow={setShow} />
          <HistoryButtons done={lastDone} undone={lastUndone} onUndo={undoIt} onRedo={redoIt} />
          <AddButton onAdd={() => setAdding(true)} />
        </div>
        {selected.size > 0 ? (
          <BulkTools
            selected={selected}
            stages={stages}
            actions={actions}
            onClear={() => setChosen(new Set())}
          />
        ) : (
          <span className="small muted">
            {plural(entries.length, 'entry', 'entries')} in {plural(stagesOf(entries).length, 'stage')}
            {!whole && ` · ${shownCount(rows)} shown, ordering is off meanwhile`}
          </span>
        )}
      </div>
      {entries.length > 0 && (
        <FindingSummary
          check={check}
          count={count}
          otherwise={otherwise}
          unknown={unknown}
          fixing={fixing}
          onNext={goToNext}
          onFixAll={() => void fixAll()}
        />
      )}
      {entries.length === 0 ? (
        <EmptyState
          title="This snapshot has no entries"
          actions={<AddButton primary onAdd={() => setAdding(true)} />}
        >
          <p>Add packages with their exact versions; what the last scans found is suggested.</p>
        </EmptyState>
      ) : rows.length === 0 ? (
        <EmptyState title="No entry matches">
          <p>Search for another name, version, note, rule or advisory, or show all entries.</p>
        </EmptyState>
      ) : (
        <EntryGrid
          rows={rows}
          stages={stages}
          findings={findings}
          judgements={judgements}
          revision={editor.base.revision}
          focus={focus}
          selected={selected}
          onSelect={setChosen}
          sortable={whole}
          actions={actions}
        />
      )}
      <SaveBar name={name} />
      <div className="visually-hidden" aria-live="polite">
        {said}
      </div>
      {adding && (
        <AddDialog
          entries={entries}
          stages={stages}
          onAdd={(entry) => act(`add ${entry.name}`, (list) => addEntry(list, entry))}
          onClose={() => setAdding(false)}
        />
      )}
      {noting !== undefined && (
        <NoteDialog
          entry={noting}
          onNote={(note) => act(`note on ${noting.name}`, (list) => setNote(list, keyOf(noting), note))}
          onClose={() => setNoting(undefined)}
        />
      )}
    </div>
  );
};

const shownCount = (rows: ReturnType<typeof rowsOf>): number =>
  rows.filter((row) => row.kind === 'entry').length;

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

/** Every stage in use, 0, and one beyond the last. */
const stageChoices = (entries: readonly Entry[]): number[] => {
  const last = Math.max(1, ...entries.map((entry) => entry.stage));
  return Array.from({ length: Math.min(MAX_STAGE, last + 1) + 1 }, (_, stage) => stage);
};

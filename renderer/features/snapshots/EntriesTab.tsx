/** The editor: tools above the list, the list, and below it what is not saved yet. */
import { Check, PackagePlus, Redo2, Search, Trash2, Undo2, X } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { useCommand } from '../../app/commands.ts';
import { isTyping } from '../../app/keys.ts';
import { Button, IconButton } from '../../ui/Button.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Input } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { AddDialog } from './AddDialog.tsx';
import { EntryGrid } from './EntryGrid.tsx';
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
  setStage,
  stagesOf,
} from './entries.ts';
import type { EntryActions } from './entryActions.ts';
import { NoteDialog } from './NoteDialog.tsx';
import { rowsOf } from './rows.ts';
import { SaveBar } from './SaveBar.tsx';
import { useSnapshots, type Warning } from './store.ts';

export const EntriesTab = ({ name, warnings }: { name: string; warnings: readonly Warning[] }) => {
  const { draft, change, undo, redo } = useSnapshots((s) => ({
    draft: s.drafts[name],
    change: s.change,
    undo: s.undo,
    redo: s.redo,
  }));
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<EntryKey>>(new Set());
  const [adding, setAdding] = useState(false);
  const [noting, setNoting] = useState<Entry>();
  const [said, setSaid] = useState('');
  const editor = draft?.editor;
  const entries = editor?.entries ?? [];
  const lastDone = editor?.past.at(-1)?.label;
  const lastUndone = editor?.future.at(-1)?.label;

  const rows = useMemo(() => rowsOf(entries, query), [entries, query]);
  const here = useMemo(() => new Set(entries.map(keyOf)), [entries]);
  const selected = useMemo(() => new Set([...chosen].filter((key) => here.has(key))), [chosen, here]);
  const stages = useMemo(() => stageChoices(entries), [entries]);
  const byName = useMemo(() => Map.groupBy(warnings, (warning) => warning.name), [warnings]);

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
    note: setNoting,
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
          <div className="snap-search">
            <Search size={14} aria-hidden />
            <Input
              type="search"
              aria-label="Find an entry"
              placeholder="Find an entry"
              value={query}
              onChange={(event) => setQuery(event.target.value)}
            />
          </div>
          <IconButton
            label={lastDone === undefined ? 'Undo' : `Undo: ${lastDone} (Ctrl+Z)`}
            icon={<Undo2 size={16} aria-hidden />}
            disabled={lastDone === undefined}
            reason="nothing to undo"
            onClick={undoIt}
          />
          <IconButton
            label={lastUndone === undefined ? 'Redo' : `Redo: ${lastUndone} (Ctrl+Shift+Z)`}
            icon={<Redo2 size={16} aria-hidden />}
            disabled={lastUndone === undefined}
            reason="nothing to redo"
            onClick={redoIt}
          />
          <Button icon={<PackagePlus size={15} aria-hidden />} onClick={() => setAdding(true)}>
            Add a package…
          </Button>
        </div>
        {selected.size > 0 ? (
          <fieldset className="snap-bulk">
            <legend className="visually-hidden">
              {plural(selected.size, 'selected entry', 'selected entries')}
            </legend>
            <span className="num">{selected.size} selected</span>
            <Button
              size="sm"
              icon={<Check size={14} aria-hidden />}
              onClick={() => actions.decide(selected, 'approve')}
            >
              Approve
            </Button>
            <Button
              size="sm"
              icon={<X size={14} aria-hidden />}
              onClick={() => actions.decide(selected, 'reject')}
            >
              Reject
            </Button>
            <select
              className="input snap-bulk-stage"
              aria-label="Stage of the selected entries"
              value=""
              onChange={(event) => actions.stage(selected, Number(event.target.value))}
            >
              <option value="" disabled>
                Stage…
              </option>
              {stages.map((stage) => (
                <option key={stage} value={stage}>
                  Stage {stage}
                </option>
              ))}
            </select>
            <Button
              size="sm"
              icon={<Trash2 size={14} aria-hidden />}
              onClick={() => actions.remove(selected)}
            >
              Remove
            </Button>
            <Button size="sm" variant="ghost" onClick={() => setChosen(new Set())}>
              Clear
            </Button>
          </fieldset>
        ) : (
          <span className="small muted">
            {plural(entries.length, 'entry', 'entries')} in {plural(stagesOf(entries).length, 'stage')}
            {query !== '' && ` · ordering is off while searching`}
          </span>
        )}
      </div>
      {entries.length === 0 ? (
        <EmptyState
          title="This snapshot has no entries"
          actions={
            <Button
              variant="primary"
              icon={<PackagePlus size={15} aria-hidden />}
              onClick={() => setAdding(true)}
            >
              Add a package…
            </Button>
          }
        >
          <p>Add packages with their exact versions; what the last scans found is suggested.</p>
        </EmptyState>
      ) : rows.length === 0 ? (
        <EmptyState title="No entry matches">
          <p>Search for another name, version, note or advisory.</p>
        </EmptyState>
      ) : (
        <EntryGrid
          rows={rows}
          stages={stages}
          warnings={byName}
          selected={selected}
          onSelect={setChosen}
          sortable={query.trim() === ''}
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

/** Every stage in use, 0, and one beyond the last. */
const stageChoices = (entries: readonly Entry[]): number[] => {
  const last = Math.max(1, ...entries.map((entry) => entry.stage));
  return Array.from({ length: Math.min(MAX_STAGE, last + 1) + 1 }, (_, stage) => stage);
};
